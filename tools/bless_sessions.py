#!/usr/bin/env python3
"""Replays the example sessions and writes what came out into them: the model's hash and the state's hash at the end.

    bless_sessions.py PROGRAM [SESSION ...]     all of sessions/ unless named

Only for sessions or built-in models that were changed on purpose: `./test sessions` compares against these hashes.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def main():
    program, root = sys.argv[1], pathlib.Path(__file__).resolve().parent.parent
    for path in map(pathlib.Path, sys.argv[2:] or sorted(root.glob("sessions/*.statelab.json"))):
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run([program, "run", path, "-o", folder, "--json"], capture_output=True, text=True, check=True)
        result, text = json.loads(run.stdout), path.read_text(encoding="utf-8")
        text = re.sub(r'\n  "(model_hash|expected)": .*', "", text)
        text = text.replace('"notes"', f'"model_hash": "{result["model_hash"]}",\n  "notes"', 1)
        end = f'"expected": [{{"step": {result["tokens"]}, "hash": "{result["state_hash"]}"}}]'
        text = text.replace('"commands"', end + ',\n  "commands"', 1)
        path.write_text(text, encoding="utf-8")


main()
