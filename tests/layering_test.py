#!/usr/bin/env python3
"""Reads every #include of the project and fails on one that the layers forbid (docs/architecture.md), and on types of one name.

    layering_test.py [ROOT]
"""
import pathlib
import re
import sys

# What a model says of itself without computing anything: the seams that the tracer and the panels may know.
MODEL_SEAMS = ("model/rows.h", "model/row_tiles.h", "model/stage.h", "model/state.h", "model/state_slice.h", "model/probe.h", "model/layer_info.h",
               "model/recurrence.h")
CORE_SEAMS = ("app/core/snapshot.h", "app/core/command.h", "app/core/options.h", "app/core/state_edit.h")

# Folder -> own headers it may include, beside its own: folders or single headers. The longest matching folder counts.
OWN = {
    "model/base": (),
    "model": ("model",),
    "model/files": ("model/base", "model/checkpoint.h"),
    "model/layouts": ("model/base", "model/files", "model/checkpoint.h"),
    "model/text": ("model/base", "model/files"),
    "model/math": ("model/base", "model/trials.h", *MODEL_SEAMS),
    "model/families": ("model",),
    "tracer": ("model/base", *MODEL_SEAMS),
    "views": ("model/base", *MODEL_SEAMS, "tracer", "views", *CORE_SEAMS),
    "views/plot": ("model/base",),
    "views/paint": ("model/base", "views/plot"),
    "app/core": ("model", "tracer"),
    "app/shell": ("model", "tracer", "views", "app"),
    "app/cli": ("model", "tracer", "views", "app", "bench"),
    "tests": ("",),
    "bench": ("",),
}

# Libraries by how their headers begin -> the folders that may see them. Any other header with a "/" or a ".h" in angle
# brackets is judged by this table too; the rest is the standard library and the system.
LIBRARIES = {
    "Eigen/": ("model", "tracer", "app/core", "tests"),
    "nlohmann/": ("model/files", "model/layouts", "model/text", "app", "tests"),
    "fmt/": ("",),
    "xxhash.h": ("model/base",),
    "zstd.h": ("tracer",),
    "zlib.h": ("model/files", "tests"),
    "unicode/": ("model/text", "tests"),
    "CLI/": ("app/cli",),
    "doctest/": ("tests",),
    "cuda": ("model/math/cuda",),
    "backends/imgui": ("app/shell",),
    "imgui": ("views/paint", "views/panels", "app/shell", "tests"),
    "cairo": ("views/paint", "tests"),
    "png.h": ("views/paint", "app/shell", "tests"),
    "ft2build.h": ("views/paint", "app/shell"),
    "fontconfig/": ("views/paint", "app/shell"),
    "GLFW/": ("app/shell", "tests"),
    "GL/": ("views/paint", "app/shell", "tests"),
    "EGL/": ("app/shell", "tests"),
    "thread": ("model/math", "app", "tests", "bench"),
    "condition_variable": ("model/math/cpu", "app", "tests", "bench"),
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(["<])([^">]+)[">]', re.MULTILINE)
SOURCES = ("*.h", "*.cpp", "*.inl", "*.cu")


def within(path, places):
    """Whether `path` is one of `places` or lies in one; "" is everywhere."""
    return any(place == "" or path == place or path.startswith(place + "/") for place in places)


def forbidden(folder, quote, header, own_folders):
    """Why a file in `folder` may not include `header`, or None."""
    if quote == '"' and header.split("/")[0] in own_folders:
        layer = max((name for name in OWN if within(folder, (name,))), key=len)
        return None if within(header, (layer, *OWN[layer])) else f"{layer} must not know it"
    library = next((name for name in LIBRARIES if header == name or (header.startswith(name) and name not in
                    ("thread", "condition_variable"))), None)
    if library and not within(folder, LIBRARIES[library]):
        return f"only {', '.join(LIBRARIES[library])} may"
    if not library and ("/" in header and not header.startswith(("sys/", "bits/"))):
        return "a library that tests/layering_test.py does not list"
    return None


def violations(root):
    own_folders = {name.split("/")[0] for name in OWN}
    for folder in sorted(own_folders):
        for file in sorted(path for pattern in SOURCES for path in (root / folder).rglob(pattern)):
            name = file.relative_to(root).as_posix()
            for quote, header in INCLUDE.findall(file.read_text(encoding="utf-8")):
                why = forbidden(file.relative_to(root).parent.as_posix(), quote, header, own_folders)
                if why:
                    yield f"{name}: includes {header}: {why}"


def check_the_rules():
    """The table itself: a few includes that must pass or fail, so that a rule that catches nothing is noticed."""
    own_folders = {name.split("/")[0] for name in OWN}
    for folder, quote, header, allowed in (
        ("tracer/trace", '"', "model/state.h", True),
        ("tracer/trace", '"', "model/model.h", False),
        ("tracer/trace", '"', "model/math/context.h", False),
        ("views/panels", '"', "app/core/snapshot.h", True),
        ("views/panels", '"', "app/core/engine.h", False),
        ("views/plot", '"', "tracer/trace/trace.h", False),
        ("views/plot", "<", "imgui.h", False),
        ("model/files", "<", "Eigen/Core", True),
        ("model/base", '"', "model/stage.h", False),
        ("model/layouts", '"', "model/files/gguf.h", True),
        ("model/layouts", '"', "model/families/reading.h", False),
        ("model/files", '"', "model/layouts/gguf.h", False),
        ("app/core", "<", "GLFW/glfw3.h", False),
        ("tracer/trace", "<", "thread", False),
        ("model/files", "<", "boost/any.hpp", False),
        ("app/cli", "<", "CLI/CLI.hpp", True),
    ):
        if (forbidden(folder, quote, header, own_folders) is None) != allowed:
            sys.exit(f"the rules are wrong about {header} in {folder}")


TYPE = re.compile(r"(?:template.*>\s*)?(?:struct|class|enum class)\s+(\w+)\b(?!::|\s*;)")
NAMESPACE = re.compile(r"\s*namespace(\s+[\w:]+)?\s*\{")


def types_of(text):
    """The types that a file defines for the whole program, by namespace and name. Those of unnamed namespaces are its own."""
    namespaces = []
    for line in text.splitlines():
        opened, defined = NAMESPACE.match(line), TYPE.match(line)
        if opened:
            namespaces.append((opened.group(1) or "").strip())
        elif re.match(r"\}\s*// namespace", line) and namespaces:
            namespaces.pop()
        elif defined and namespaces and "" not in namespaces:
            yield "::".join(namespaces) + "::" + defined.group(1)


def names_used_twice(root):
    """Two types of one name are one to the linker: either may be destroyed as the other. Headers only: a .cpp defines what one declares."""
    places = {}
    for folder in ("model", "tracer", "views", "app", "bench"):
        for file in sorted((root / folder).rglob("*.h")):
            for name in set(types_of(file.read_text(encoding="utf-8"))):
                places.setdefault(name, []).append(file.relative_to(root).as_posix())
    for name, files in sorted(places.items()):
        if len(files) > 1:
            yield f"{name}: defined in {' and '.join(files)}"


def main():
    check_the_rules()
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
    found = [*violations(root), *names_used_twice(root)]
    print("\n".join(found) or "every include is allowed, every type has a name of its own")
    sys.exit(bool(found))


main()
