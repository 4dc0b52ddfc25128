#!/usr/bin/env python3
"""Chooses, of the many inputs that a fuzzer kept, the few that reach most of what the kept corpus does not.

    keep_inputs.py PROGRAM INPUTS CORPUS [COUNT]

PROGRAM is a libFuzzer target. Merging, it runs CORPUS and then INPUTS from the smallest up, and notes the edges that each is the first
to take; the COUNT (24) inputs that note most are copied into CORPUS.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

LARGEST = 2048


def new_edges(program, inputs, corpus):
    """How many edges each input is the first to take."""
    with tempfile.TemporaryDirectory() as folder:
        known, control = pathlib.Path(folder) / "known", pathlib.Path(folder) / "control"
        shutil.copytree(corpus, known)
        subprocess.run([program, "-merge=1", f"-merge_control_file={control}", "-max_len=65536", known, inputs], check=True, capture_output=True)
        lines = control.read_text().splitlines()
    count, known_count = int(lines[0]), int(lines[1])
    names = lines[2:2 + count]
    fields = [line.split() for line in lines[2 + count:]]
    return {pathlib.Path(names[int(f[1])]): len(f) - 2 for f in fields if f[0] == "COV" and int(f[1]) >= known_count}


def main():
    program, inputs, corpus = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    most = int(sys.argv[4]) if len(sys.argv) > 4 else 24
    edges = {file: count for file, count in new_edges(program, inputs, corpus).items() if count and file.stat().st_size <= LARGEST}
    taken = sorted(edges, key=edges.get, reverse=True)[:most]
    for file in taken:
        shutil.copy(file, corpus / f"fuzz-{file.name[:12]}")
    print(f"{corpus.name}: {len(taken)} of {len(edges)} inputs with new edges taken, {sum(edges[file] for file in taken)} edges")


main()
