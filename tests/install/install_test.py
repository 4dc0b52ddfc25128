#!/usr/bin/env python3
"""The installed library: found by find_package from wherever it was moved to, its headers whole, the examples built against it
and right: install_test.py CMAKE BUILD_FOLDER COMPILER [PROGRAM]."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
cmake, build, compiler = sys.argv[1:4]
program = sys.argv[4] if len(sys.argv) > 4 and sys.argv[4] else None

HEADERS = """cmake_minimum_required(VERSION 3.22)
project(Headers LANGUAGES CXX)
find_package(StateLab REQUIRED)
file(GLOB_RECURSE headers RELATIVE ${FOLDER} ${FOLDER}/*.h)
string(REGEX REPLACE "([^;]+)" "#include \\"\\\\1\\"" includes "${headers}")
string(REPLACE ";" "\\n" includes "${includes}")
file(WRITE ${CMAKE_BINARY_DIR}/all.cpp "${includes}\\n")
add_library(headers OBJECT ${CMAKE_BINARY_DIR}/all.cpp)
target_link_libraries(headers PRIVATE StateLab::model StateLab::tracer StateLab::state)
"""


def run(*command, **options):
    environment = {k: v for k, v in os.environ.items() if k not in ("STATELAB_ASSETS", "DISPLAY")}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, errors="replace", env=environment, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary)

    # What is installed: the program where it always was, the library beside it.
    run(cmake, "--install", build, "--prefix", folder / "first", "--component", "library")
    installed = files(folder / "first")
    assert not any(name.startswith("bin/") for name in installed), "the library brings a program along"
    for name in ("include/statelab/model/state_api.h", "include/statelab/tracer/trace/trace.h", "share/statelab/assets/models/prose/config.json"):
        assert name in installed, f"{name} is missing"
    assert any(name.endswith("cmake/StateLab/StateLabConfig.cmake") for name in installed), "there is no configuration to be found"
    if program:
        run(cmake, "--install", build, "--prefix", folder / "program", "--component", "program")
        expected = {"bin/statelab", "share/applications/statelab.desktop", "share/man/man1/statelab.1", "share/doc/statelab/copyright"}
        assert expected <= files(folder / "program"), expected - files(folder / "program")
        assert not any(name.endswith((".h", ".a", ".cmake")) for name in files(folder / "program")), "the program brings the library along"

    # A fresh project, and the package somewhere else than where it was installed.
    package = folder / "moved" / "elsewhere"
    package.parent.mkdir()
    (folder / "first").rename(package)
    configure = ["-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_PREFIX_PATH={package}", f"-DCMAKE_CXX_COMPILER={compiler}"]
    run(cmake, "-S", ROOT / "docs/examples", "-B", folder / "examples", *configure)
    run(cmake, "--build", folder / "examples")
    (folder / "headers").mkdir()
    (folder / "headers/CMakeLists.txt").write_text(HEADERS)
    run(cmake, "-S", folder / "headers", "-B", folder / "headers/build", *configure, f"-DFOLDER={package}/include/statelab")
    run(cmake, "--build", folder / "headers/build")

    # The forty lines: not one more, and what they print is what the program says.
    source = (ROOT / "docs/examples/forty_lines.cpp").read_text()
    assert source.count("\n") <= 40, source.count("\n")
    said = run(folder / "examples/forty_lines", "builtin:prose", "In the beginning ", cwd=folder)
    as_it_is, forgets = said.rstrip("\n").removeprefix("as it is: ").split("\none layer forgets: ")
    assert as_it_is and forgets and as_it_is != forgets, said
    if program:
        generated = run(program, "generate", package / "share/statelab/assets/models/prose", "--text", "In the beginning ", "-n", 40, "--greedy")
        assert generated.rstrip("\n") == as_it_is, (generated, as_it_is)
    refused = subprocess.run([folder / "examples/forty_lines", "builtin:none"], capture_output=True, text=True)
    assert refused.returncode == 2 and "there is no such built-in model" in refused.stderr, refused.stderr

    # Every environment has the episodes that it has alone.
    together = run(folder / "examples/environment_loop", "builtin:prose", 3, 120).splitlines()
    alone = run(folder / "examples/environment_loop", "builtin:prose", 1, 120).splitlines()
    assert len(alone) > 1 and alone == [line for line in together if "environment 0 " in line], (alone, together)
    assert any("environment 2 " in line for line in together), together
print("the library was installed, moved, found and used")
