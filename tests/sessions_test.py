#!/usr/bin/env python3
"""Every file of sessions/ replays to the hashes it states, and one whose hash was changed is found out: sessions_test.py PROGRAM."""
import pathlib
import subprocess
import sys
import tempfile

program, root = sys.argv[1], pathlib.Path(__file__).resolve().parent.parent
sessions = sorted(root.glob("sessions/*.statelab.json"))
assert sessions, "no session was found"
with tempfile.TemporaryDirectory() as folder:
    replay = lambda path: subprocess.run([program, "run", path, "-o", folder, "--expect"], capture_output=True, text=True)
    for session in sessions:
        run = replay(session)
        assert run.returncode == 0, f"{session.name}: exit {run.returncode}: {run.stderr}"
        text = session.read_text(encoding="utf-8")
        figures = text.count('"export_figure"')
        assert figures and '"hash"' in text, f"{session.name} proves nothing"
    at = text.index('"hash": "') + len('"hash": "')
    broken = pathlib.Path(folder) / "broken.statelab.json"
    broken.write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1:], encoding="utf-8")
    run = replay(broken)
    assert run.returncode == 1, f"a wrong hash went unnoticed: exit {run.returncode}"
print(f"{len(sessions)} sessions replayed")
