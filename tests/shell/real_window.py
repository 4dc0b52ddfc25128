"""The real window on a virtual display: what the tests share that drive it by key presses and clicks of the X server.

What came of each step is read from the log, from the journal, from the places of the controls that the program tells, and from files; nothing is
waited for blindly.
"""
import fnmatch
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

SKIPPED = 77
PATIENCE = 60  # seconds: software rendering on a busy machine
STILL = 1  # seconds after which a picture that has not changed is one of everything asked for


def wait_for(what, found):
    """What `found` returns, once that is something; fails with the name of what did not come."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = found()
        if result:
            return result
        time.sleep(0.02)
    sys.exit(f"FAILED: {what} did not come")


def png_of(width, height, rows):
    """A PNG file of rows of red, green and blue bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


class Display:
    """A virtual display, whose picture lies in a file: an X window dump that the server keeps."""

    def __init__(self, folder, width, height):
        self.dump = folder / "Xvfb_screen0"
        self.server = subprocess.Popen(["Xvfb", "-displayfd", "1", "-noreset", "-screen", "0", f"{width}x{height}x24", "-fbdir", str(folder)],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.name = ":" + self.server.stdout.readline().strip()

    def picture(self):
        """What is seen, as a PNG file, once it has not changed for a while."""
        seen, since = self.dump.read_bytes(), time.monotonic()
        while time.monotonic() - since < STILL:
            time.sleep(0.1)
            now = self.dump.read_bytes()
            if now != seen:
                seen, since = now, time.monotonic()
        header_size, _, _, _, width, height, _, least_first, _, _, _, bits, row_size = struct.unpack_from(">13I", seen)
        colours = struct.unpack_from(">I", seen, 19 * 4)[0]
        if least_first != 0 or bits != 32:
            sys.exit(f"FAILED: the display keeps its picture in another order: {least_first}, {bits} bits")
        begin = header_size + 12 * colours
        rows = []
        for y in range(height):
            line = seen[begin + y * row_size:begin + y * row_size + 4 * width]  # blue, green, red, nothing
            row = bytearray(3 * width)
            row[0::3], row[1::3], row[2::3] = line[2::4], line[1::4], line[0::4]
            rows.append(bytes(row))
        return png_of(width, height, rows)

    def end(self):
        self.server.terminate()
        self.server.wait()


class Window:
    """The program, its log and its journal."""

    def __init__(self, program, folder, display):
        self.display = display
        self.log = folder / "state" / "statelab" / "log.txt"
        self.journals = folder / "state" / "statelab" / "journals"
        self.places = folder / "controls.json"
        self.env = {**os.environ, "DISPLAY": display.name, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"),
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

    def place_of(self, name):
        """Where the first control is whose name matches, as "alert-table/alert *": [x, y, width, height], or None."""
        return next((place for each, place in self.controls().items() if fnmatch.fnmatchcase(each, name)), None)

    def control(self, name):
        """Waits for a control whose name matches: its place."""
        return wait_for(f"the control {name}", lambda: self.place_of(name))

    def without(self, name):
        """Waits until a control is gone, as those of a dialog that closes."""
        wait_for(f"the end of the control {name}", lambda: name not in self.controls())

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

    def journal(self):
        """What the newest journal holds: a dictionary a line, the header first."""
        files = sorted(self.journals.glob("*.journal"), key=lambda file: file.stat().st_mtime_ns)
        lines = files[-1].read_text(encoding="utf-8").splitlines() if files else []
        entries = []
        for line in lines:
            try:
                entries.append(json.loads(line[line.index("{"):]))
            except ValueError:  # half a line is being written
                break
        return entries

    def journaled(self, **fields):
        """Waits until the last line of the journal that has these fields also has these values: journaled(command="seek", token=7)."""
        def found():
            entry = next((each for each in reversed(self.journal()) if each.keys() >= fields.keys()), {})
            return all(entry.get(name) == value for name, value in fields.items())
        wait_for(f"a line of the journal with {fields}", found)

    def file_named(self, dialog, file):
        """Types the name of a file into a dialog that asks for one, and returns before Enter."""
        self.control(f"{dialog}/file")
        self.key("ctrl+a")
        self.type(str(file))


def exported(figure):
    """Waits for a whole PDF."""
    wait_for(f"the figure {figure.name}", lambda: figure.exists() and figure.stat().st_size > 0)
    if not figure.read_bytes().startswith(b"%PDF"):
        sys.exit("FAILED: the figure is no PDF")


def run(walk, width, height):
    """One walk through a window that fills a display of this size, with a home of its own."""
    with tempfile.TemporaryDirectory(prefix="statelab-window-") as name:
        folder = pathlib.Path(name)
        (folder / "display").mkdir()
        display = Display(folder / "display", width, height)
        window = None
        try:
            window = Window(pathlib.Path(sys.argv[1]).resolve(), folder, display)
            walk(window, folder)
        except SystemExit:
            if window and window.log.exists():
                print(window.log.read_text(encoding="utf-8"), file=sys.stderr)
            raise
        finally:
            if window:
                window.stop()
            display.end()


def need_tools():
    """Ends a test that cannot be made here."""
    for tool in ("Xvfb", "xdotool"):
        if not shutil.which(tool):
            print(f"SKIP_NO_{tool.upper()}: {tool} is not installed")
            sys.exit(SKIPPED)
