#!/usr/bin/env python3
"""The real window on a virtual display, driven by key presses and clicks of the X server.

    xdotool_test.py STATELAB

Opens a built-in model, types a prompt, steps, clicks a token, zeroes a layer, takes that back, exports a figure, quits. What
came of each is read from the log and from the exported file; nothing is waited for blindly. Skipped without Xvfb or xdotool.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

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
        self.env = {**os.environ, "DISPLAY": display, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"),
                    "XDG_CONFIG_HOME": str(folder / "config"),
                    "GALLIUM_DRIVER": "llvmpipe", "LIBGL_ALWAYS_SOFTWARE": "1"}
        self.env.pop("WAYLAND_DISPLAY", None)
        self.program = subprocess.Popen([program, "builtin:prose"], env=self.env)
        self.id = wait_for("the window", lambda: self.xdotool("search", "--onlyvisible", "--name", "prose").split()[:1])[0]
        self.xdotool("windowfocus", self.id)

    def xdotool(self, *words):
        return subprocess.run(["xdotool", *words], env=self.env, capture_output=True, text=True, check=False).stdout

    def key(self, *keys):
        self.xdotool("key", *keys)

    def type(self, text):
        self.xdotool("type", "--delay", "5", text)

    def click(self, x, y):
        self.xdotool("mousemove", "--window", self.id, str(x), str(y), "click", "1")

    def logged(self, pattern, times=1):
        """Waits until the log has `times` lines that match, and returns the groups of the last one."""
        def found():
            text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
            matches = re.findall(pattern, text)
            return matches[times - 1:times]
        return wait_for(f"a line of the log with {pattern}", found)[0]


def work(window, folder):
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
    wait_for("the figure", figure.exists)
    if not figure.read_bytes().startswith(b"%PDF"):
        sys.exit("FAILED: the figure is no PDF")
    window.logged(r"Wrote .*figure\.pdf")

    window.key("ctrl+t")
    settings = folder / "config" / "statelab" / "settings.json"
    wait_for("the theme among the settings", lambda: settings.exists() and '"light"' in settings.read_text(encoding="utf-8"))

    window.key("ctrl+q")
    wait_for("the end of the program", lambda: window.program.poll() is not None)
    if window.program.returncode != 0:
        sys.exit(f"FAILED: the program ended with {window.program.returncode}")


def main():
    for tool in ("Xvfb", "xdotool"):
        if not shutil.which(tool):
            print(f"SKIP_NO_{tool.upper()}: {tool} is not installed")
            sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="statelab-window-") as name:
        folder = pathlib.Path(name)
        server = subprocess.Popen(["Xvfb", "-displayfd", "1", "-noreset", "-screen", "0", f"{WIDTH}x{HEIGHT}x24"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        window = None
        try:
            display = ":" + server.stdout.readline().strip()
            window = Window(sys.argv[1], folder, display)
            work(window, folder)
            print("the window does what the keyboard and the mouse say")
        except SystemExit:
            if window and window.log.exists():
                print(window.log.read_text(encoding="utf-8"), file=sys.stderr)
            raise
        finally:
            if window and window.program.poll() is None:
                window.program.kill()
            server.terminate()
            server.wait()


main()
