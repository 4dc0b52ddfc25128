#!/usr/bin/env python3
"""The tour of docs/tour.md, walked through the real window by key presses.

    tour_test.py STATELAB [--pictures FOLDER]

Load, run 200 tokens, seek, fork, zero a layer, run both in lockstep, compare, read where they part, save, go on, kill -9, recover, replay without a
window, export. What came of each step is read from outside: from the log and the journal, from the saved sessions, from what `statelab run` and
`statelab compare` say of them, and from the exported files. With --pictures each step leaves a picture of the window there, as docs/tour.md shows them.
Skipped without Xvfb or xdotool.
"""
import csv
import json
import pathlib
import signal
import subprocess
import sys

from real_window import Window, exported, need_tools, run

WIDTH, HEIGHT = 1280, 800
PROMPT = "And the LORD said unto the people, "  # a byte is a token
STEPS, CURSOR, LAYER, TOGETHER, UNSAVED = 200, 100, 1, 100, 5
END = len(PROMPT) + STEPS
FORKED = CURSOR + 1  # the first position of the fork that is its own
FORK_END = FORKED + TOGETHER


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"FAILED: {what} is {found}, not {expected}")


class Tour:
    def __init__(self, window, folder, pictures):
        self.window, self.folder, self.pictures = window, folder, pictures
        self.saved, self.recovered = folder / "two-futures.statelab.json", folder / "recovered.statelab.json"

    def picture(self, name):
        if self.pictures:
            self.window.xdotool("mousemove", "--window", self.window.id, str(WIDTH - 1), str(HEIGHT - 1))  # nothing there is pointed at
            (self.pictures / f"tour-{name}.png").write_bytes(self.window.display.picture())

    def enter(self, key, text):
        """Types into the field that a key opens."""
        self.window.key(key)
        self.window.type(text)

    def program(self, *words, code=0):
        """What the program says without a window, as JSON."""
        done = subprocess.run([self.window.program.args[0], *map(str, words), "--json"], env=self.window.env, cwd=self.folder, capture_output=True, text=True,
                              check=False)
        expect(f"the exit code of {words}", done.returncode, code)
        return json.loads(done.stdout)

    def walk(self):
        try:
            for step in (self.load, self.run, self.seek, self.fork, self.step_together, self.compare, self.find_difference, self.save, self.kill, self.recover,
                         self.replay, self.export):
                step()
        finally:
            self.window.stop()

    def load(self):
        self.window.key("ctrl+o")
        self.window.control("open/path")
        self.window.type("builtin:prose")
        self.picture("load")
        self.window.key("Return")
        self.window.logged(r"opened +builtin:prose")

    def run(self):
        self.enter("ctrl+l", PROMPT)
        self.window.key("Return")
        self.window.journaled(reached=len(PROMPT), goes_on=False)
        self.window.key("Escape")
        self.window.key(*["shift+Right"] * (STEPS // 10))
        self.window.journaled(reached=END, goes_on=False)
        self.picture("run")

    def seek(self):
        self.enter("ctrl+k", str(CURSOR))
        self.window.key("Return")
        self.window.journaled(command="seek", token=CURSOR)
        self.picture("seek")

    def fork(self):
        self.window.key(*["bracketright"] * LAYER)
        self.window.journaled(command="select", layer=LAYER)
        self.window.key("p")
        self.window.logged(rf'at {END}: .*"fork", *"position": *{FORKED}\b')
        self.window.key("z")
        self.window.logged(rf'at {FORKED}: .*"zero_state", *"layer": *{LAYER}\b')
        self.picture("fork")

    def step_together(self):
        self.enter("ctrl+k", f"step all 2 runs by {TOGETHER}")
        self.window.key("Return")
        self.window.logged(rf'at {FORKED}: .*"step_all", *"count": *{TOGETHER}\b')
        self.window.journaled(reached=FORK_END, goes_on=False)
        self.picture("lockstep")

    def compare(self):
        self.window.key("ctrl+4")
        self.window.control("compare-differences/difference 0")
        self.picture("compare")

    def find_difference(self):
        self.window.key("Home")
        self.window.journaled(command="seek", token=0)
        self.window.key("n")
        self.window.journaled(command="seek", token=FORKED)
        self.picture("difference")

    def save(self):
        self.window.key("ctrl+s")
        self.window.file_named("save", self.saved.name)
        self.picture("save")
        self.window.key("Return")
        self.window.logged(r"Saved .*two-futures\.statelab\.json")
        session = json.loads(self.saved.read_text(encoding="utf-8"))
        commands = session["commands"]
        of = {name: [each for each in commands if each["command"] == name] for name in ("step", "fork", "zero_state", "step_all", "seek")}
        expect("what was sampled", sum(each["count"] for each in of["step"]), STEPS)
        expect("the forks", [(each["step"], each["position"], each["keep"]) for each in of["fork"]], [(END, FORKED, True)])
        expect("the edits", [(each["step"], each["layer"]) for each in of["zero_state"]], [(FORKED, LAYER)])
        expect("what was read together", [(each["step"], each["count"]) for each in of["step_all"]], [(FORKED, TOGETHER)])
        expect("where the first difference was found", of["seek"][-1]["token"], FORKED)
        expect("where the hash is of", [each["step"] for each in session["expected"]], [FORK_END])
        told = self.program("compare", self.saved, code=1)
        expect("how far both went", [told[side]["tokens"] for side in "ab"], [END + TOGETHER, FORK_END])
        expect("the first difference as the command tells it", told["first_difference"]["token"], FORKED)
        first = {row["layer"]: row["first"] for row in told["layers"]}
        expect("the first difference of the edited layer and of those below", [first[layer] for layer in range(LAYER + 1)], [None] * LAYER + [FORKED])

    def kill(self):
        self.window.key(*["a"] * UNSAVED)
        self.window.journaled(reached=FORK_END + UNSAVED, goes_on=False)
        self.window.stop()
        expect("how the window ended", self.window.program.returncode, -signal.SIGKILL)

    def recover(self):
        self.window = Window(self.window.program.args[0], self.folder, self.window.display)
        self.window.control("start/recover 0")
        self.picture("recover")
        self.window.press("start/recover 0")
        self.window.logged(r'"step_all", *"count": *1\b', 2 * UNSAVED)
        self.window.journaled(reached=FORK_END + UNSAVED, goes_on=False)
        self.window.key("ctrl+s")
        self.window.file_named("save", self.recovered.name)
        self.window.key("Return")
        self.window.logged(r"Saved .*recovered\.statelab\.json")

    def replay(self):
        """Both sessions come to their hashes, and the recovered one to that of the saved one gone on with by hand."""
        ends = {}
        for session, tokens in ((self.saved, FORK_END), (self.recovered, FORK_END + UNSAVED)):
            told = self.program("run", session, "--expect")
            expect(f"whether {session.name} has the hash it had", told["equal"], True)
            expect(f"the end of {session.name}", told["tokens"], tokens)
            ends[session] = told["state_hash"]
        continued = json.loads(self.saved.read_text(encoding="utf-8"))
        continued["commands"] += [{"step": FORK_END + i, "command": "step_all", "count": 1} for i in range(UNSAVED)]
        continued["expected"] = []
        file = self.folder / "continued.statelab.json"
        file.write_text(json.dumps(continued), encoding="utf-8")
        expect("the state that was recovered", ends[self.recovered], self.program("run", file)["state_hash"])

    def export(self):
        self.window.key("ctrl+4")
        self.window.control("compare-differences/difference 0")
        files = [self.folder / "comparison.csv", self.folder / "comparison.pdf"]
        for file in files:
            self.enter("ctrl+k", "export states compared")
            self.window.key("Return")
            self.window.file_named("export", file.name)
            if file == files[-1]:
                self.picture("export")
            self.window.key("Return")
            self.window.logged(rf"Wrote .*{file.name}")
            self.window.without("export/file")
        exported(files[1])
        with files[0].open(encoding="utf-8", newline="") as table:
            rows = [(int(row["layer"]), int(row["token_a"]), float(row["difference"])) for row in csv.DictReader(table) if row["token_a"] == row["token_b"]]
        expect("the layer exported", {layer for layer, _, _ in rows}, {LAYER})
        expect("the tokens exported", {token for _, token, _ in rows}, set(range(FORK_END + UNSAVED)))
        expect("the first token at which the exported states differ", min(token for _, token, difference in rows if difference != 0), FORKED)
        told = self.program("compare", self.recovered, "--layer", LAYER, "--figure", "told.csv", "--quiet", code=1)
        expect("how far both went in the end", [told[side]["tokens"] for side in "ab"], [END + TOGETHER + UNSAVED, FORK_END + UNSAVED])
        expect("the comparison as the command exports it", (self.folder / "told.csv").read_bytes() == files[0].read_bytes(), True)
        self.window.key("ctrl+q")
        self.window.end()
        expect("journals of what was saved", list(self.window.journals.iterdir()), [])


def main():
    need_tools()
    pictures = pathlib.Path(sys.argv[3]).resolve() if sys.argv[2:3] == ["--pictures"] else None
    run(lambda window, folder: Tour(window, folder, pictures).walk(), WIDTH, HEIGHT)
    print("the tour goes as docs/tour.md tells it")


main()
