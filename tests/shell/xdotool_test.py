#!/usr/bin/env python3
"""The real window on a virtual display, driven by key presses and clicks of the X server.

    xdotool_test.py STATELAB

Four walks: one that mixes both, one by the keyboard alone, one by the mouse alone, and one through a kill -9. What came of each step is read from the log, from
the places of the controls that the program tells, and from the exported files; nothing is waited for blindly. Skipped without Xvfb or
xdotool.
"""
import fnmatch
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77
WIDTH, HEIGHT = 1600, 1000
PATIENCE = 60  # seconds: software rendering on a busy machine


def wait_for(what, found):
    """What `found` returns, once that is something; fails with the name of what did not come."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = found()
        if result:
            return result
        time.sleep(0.02)
    sys.exit(f"FAILED: {what} did not come")


class Window:
    """The program and its log."""

    def __init__(self, program, folder, display):
        self.log = folder / "state" / "statelab" / "log.txt"
        self.places = folder / "controls.json"
        self.env = {**os.environ, "DISPLAY": display, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"),
                    "XDG_CONFIG_HOME": str(folder / "config"), "STATELAB_CONTROLS": str(self.places),
                    "GALLIUM_DRIVER": "llvmpipe", "LIBGL_ALWAYS_SOFTWARE": "1"}
        self.env.pop("WAYLAND_DISPLAY", None)
        self.program = subprocess.Popen([program], env=self.env, cwd=folder)
        self.id = wait_for("the window", lambda: self.xdotool("search", "--onlyvisible", "--name", "State Lab").split()[:1])[0]
        self.xdotool("windowfocus", self.id)
        self.control("start/builtin:prose")  # everything is drawn

    def xdotool(self, *words):
        return subprocess.run(["xdotool", *words], env=self.env, capture_output=True, text=True, check=False).stdout

    def key(self, *keys):
        self.xdotool("key", *keys)

    def type(self, text):
        self.xdotool("type", "--delay", "5", text)

    def click(self, x, y, button=1):
        self.xdotool("mousemove", "--window", self.id, str(round(x)), str(round(y)), "click", str(button))

    def controls(self):
        """Where each control is, as far as the program has told."""
        try:
            return json.loads(self.places.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def control(self, name):
        """Waits for a control whose name matches, as "alert-table/alert *": [x, y, width, height]."""
        return wait_for(f"the control {name}", lambda: next((place for each, place in self.controls().items() if fnmatch.fnmatchcase(each, name)), None))

    def press(self, name):
        """Clicks into the middle of a control."""
        x, y, width, height = self.control(name)
        self.click(x + width / 2, y + height / 2)

    def end(self):
        wait_for("the end of the program", lambda: self.program.poll() is not None)
        if self.program.returncode != 0:
            sys.exit(f"FAILED: the program ended with {self.program.returncode}")

    def stop(self):
        if self.program.poll() is None:
            self.program.kill()
            self.program.wait()

    def logged(self, pattern, times=1):
        """Waits until the log has `times` lines that match, and returns the groups of the last one."""
        def found():
            text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
            matches = re.findall(pattern, text)
            return matches[times - 1:times]
        return wait_for(f"a line of the log with {pattern}", found)[0]


def exported(figure):
    """Waits for a whole PDF."""
    wait_for(f"the figure {figure.name}", lambda: figure.exists() and figure.stat().st_size > 0)
    if not figure.read_bytes().startswith(b"%PDF"):
        sys.exit("FAILED: the figure is no PDF")


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
    window.key("ctrl+a")
    window.type(str(figure))
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
    window.logged(r'at 0: .*"read_waiting"')
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
    window.control("export/file")
    window.key("ctrl+a")
    window.type(str(figure))
    window.key("Return")
    exported(figure)
    window.key("ctrl+q")
    window.end()


def by_mouse(window, folder):
    """The same without a key: a study of the start page is what reads the text."""
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
    journals = folder / "state" / "statelab" / "journals"
    window.press("start/builtin:prose")
    window.logged(r"opened +builtin:prose")
    window.key("ctrl+l")
    window.type("The state of the river ")
    window.key("Return")
    window.logged(r'at 0: .*"read_waiting"')
    window.click(WIDTH // 2, 20)
    window.key("z")
    window.logged(r'at 23: .*"zero_state"')
    wait_for("the edit in the journal", lambda: any("zero_state" in each.read_text() for each in journals.glob("*.journal")))
    window.stop()

    again = Window(window.program.args[0], folder, window.env["DISPLAY"])
    try:
        again.press("start/recover 0")
        again.logged(r'at 23: .*"zero_state"', 2)
        session = folder / "river.statelab.json"
        again.key("ctrl+s")
        again.control("save/file")
        again.key("ctrl+a")
        again.type(str(session))
        again.key("Return")
        again.logged(r"Saved .*river\.statelab\.json")
        replayed = subprocess.run([again.program.args[0], "run", session, "--expect", "--json"], env=again.env, capture_output=True, text=True, check=False)
        said = json.loads(replayed.stdout)
        if replayed.returncode != 0 or said["tokens"] != 23 or not said["equal"]:
            sys.exit(f"FAILED: the recovered session is replayed otherwise: {replayed.stdout}{replayed.stderr}")
        again.key("ctrl+q")
        again.end()
        if any(journals.iterdir()):
            sys.exit("FAILED: a journal is left of what was saved")
    finally:
        again.stop()


WALKS = (by_both, by_keyboard, by_mouse, through_a_kill)


def main():
    for tool in ("Xvfb", "xdotool"):
        if not shutil.which(tool):
            print(f"SKIP_NO_{tool.upper()}: {tool} is not installed")
            sys.exit(SKIPPED)
    for walk in WALKS:
        run(walk)
    print("the window does what the keyboard and the mouse say")


def run(walk):
    """One walk on a display and with a home of its own."""
    with tempfile.TemporaryDirectory(prefix="statelab-window-") as name:
        folder = pathlib.Path(name)
        server = subprocess.Popen(["Xvfb", "-displayfd", "1", "-noreset", "-screen", "0", f"{WIDTH}x{HEIGHT}x24"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        window = None
        try:
            display = ":" + server.stdout.readline().strip()
            window = Window(pathlib.Path(sys.argv[1]).resolve(), folder, display)
            walk(window, folder)
        except SystemExit:
            if window and window.log.exists():
                print(window.log.read_text(encoding="utf-8"), file=sys.stderr)
            raise
        finally:
            if window:
                window.stop()
            server.terminate()
            server.wait()


main()
