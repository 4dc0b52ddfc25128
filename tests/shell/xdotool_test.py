#!/usr/bin/env python3
"""The real window on a virtual display, driven by key presses and clicks of the X server.

    xdotool_test.py STATELAB

Four walks: one that mixes both, one by the keyboard alone, one by the mouse alone, and one through a kill -9. `real_window.py` tells how what came of each
step is read. Skipped without Xvfb or xdotool.
"""
import json
import pathlib
import subprocess
import sys

from real_window import Window, exported, need_tools, run, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 1600, 1000


def by_both(window, folder):
    window.press("start/builtin:prose")
    window.logged(r"opened +builtin:prose")
    window.key("ctrl+l")
    window.type("The state of the river ")
    window.key("Return")
    window.logged(r'"feed_text", *"text": *"The state of the river "')
    window.logged(r'at 0: .*"read_waiting"')

    window.click(WIDTH // 2, 20)  # the bar: the keyboard leaves the prompt
    window.key("Right")
    count = int(window.logged(r'at (\d+): .*"step"'))

    # The first token, then one to the right: a step of the cursor, not of the model, so Z comes at the same position.
    window.click(20, 77)
    window.key("Right")
    window.key("z")
    position = int(window.logged(r'at (\d+): .*"zero_state"'))
    if position != count + 1:
        sys.exit(f"FAILED: the click on a token was lost: the layer was zeroed at {position}, not at {count + 1}")
    window.key("ctrl+z")
    window.logged(r'"undo"')

    figure = folder / "figure.pdf"
    window.key("ctrl+e")
    window.file_named("export", figure)
    window.key("Return")
    exported(figure)
    window.logged(r"Wrote .*figure\.pdf")

    window.key("ctrl+t")
    settings = folder / "config" / "statelab" / "settings.json"
    wait_for("the theme among the settings", lambda: settings.exists() and '"light"' in settings.read_text(encoding="utf-8"))

    window.key("ctrl+q")
    window.end()


# Symbols of one topic, then of another, as the model `topics` was trained on: see tests/phenomena.
SWITCH = (ROOT / "tests" / "data" / "topic-switch.txt").read_text(encoding="utf-8").strip()


def by_keyboard(window, folder):
    """Load, step, find a shift, read its evidence, export: no mouse."""
    window.key("ctrl+o")
    window.control("open/path")
    window.type("builtin:topics")
    window.key("Return")
    window.logged(r"opened +builtin:topics")
    window.key("ctrl+l")
    window.type(SWITCH)
    window.key("Return")
    window.journaled(reached=len(SWITCH.split()), goes_on=False)  # before that Escape would stop the reading
    window.key("Escape")
    window.key("Right")
    window.logged(r'"step"')
    window.key("ctrl+3")
    window.control("alert-table/alert 0")
    window.key("Home")
    window.key("n")  # the first alert: the cursor goes there
    window.control("evidence/turned *")  # what only the evidence of a shift has
    window.key("ctrl+k")
    window.type("export evidence")
    window.key("Return")
    figure = folder / "evidence.pdf"
    window.file_named("export", figure)
    window.key("Return")
    exported(figure)
    window.key("ctrl+q")
    window.end()


def by_mouse(window, folder):
    """The same without a key: a study of the start page is what reads the text."""
    while not window.place_of("start/*topics-shift*"):
        above = window.controls()
        window.press("start/studies below")
        wait_for("the studies below", lambda: window.controls() != above)
    window.press("start/*topics-shift*")
    window.logged(r"opened +builtin:topics")
    window.press("transport/to-end")
    window.control("tokens/token 499")
    window.press("transport/step")
    window.logged(r'"step", *"count": *1\b')
    window.press("top/Monitor")
    window.press("alert-table/alert *")
    window.control("evidence/turned *")
    window.press("evidence/export")
    window.press("export/Export")
    exported(wait_for("the exported figure", lambda: next(iter(folder.glob("*.pdf")), None)))
    window.stop()


def through_a_kill(window, folder):
    """What a killed window did is offered by the next one, done again, saved and replayed headless to the same hash."""
    window.press("start/builtin:prose")
    window.logged(r"opened +builtin:prose")
    window.key("ctrl+l")
    window.type("The state of the river ")
    window.key("Return")
    window.logged(r'at 0: .*"read_waiting"')
    window.click(WIDTH // 2, 20)
    window.key("z")
    window.logged(r'at 23: .*"zero_state"')
    window.journaled(command="zero_state")
    window.stop()

    again = Window(window.program.args[0], folder, window.display)
    try:
        again.press("start/recover 0")
        again.logged(r'at 23: .*"zero_state"', 2)
        session = folder / "river.statelab.json"
        again.key("ctrl+s")
        again.file_named("save", session)
        again.key("Return")
        again.logged(r"Saved .*river\.statelab\.json")
        replayed = subprocess.run([again.program.args[0], "run", session, "--expect", "--json"], env=again.env, capture_output=True, text=True, check=False)
        said = json.loads(replayed.stdout)
        if replayed.returncode != 0 or said["tokens"] != 23 or not said["equal"]:
            sys.exit(f"FAILED: the recovered session is replayed otherwise: {replayed.stdout}{replayed.stderr}")
        again.key("ctrl+q")
        again.end()
        if any(again.journals.iterdir()):
            sys.exit("FAILED: a journal is left of what was saved")
    finally:
        again.stop()


WALKS = (by_both, by_keyboard, by_mouse, through_a_kill)


def main():
    need_tools()
    for walk in WALKS:
        run(walk, WIDTH, HEIGHT)
    print("the window does what the keyboard and the mouse say")


main()
