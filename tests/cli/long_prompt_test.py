#!/usr/bin/env python3
"""Prompts of 100,000 tokens: read to their end, with progress, within the budget; and given up when that is wished."""
import json
import os
import pty
import random
import re
import select
import signal
import subprocess
import time

from program import GOLDEN, PROGRAM, Case, Tensors, environment, main

LENGTH = 100_000
MIB = 1 << 20
BUDGET = 32 * MIB
MODEL = GOLDEN / "mamba1"


class LongPrompts(Case):
    def setUp(self):
        super().setUp()
        chosen = random.Random(9)
        self.ids = [chosen.randrange(1000) for _ in range(LENGTH)]
        (self.folder / "ids.txt").write_text(" ".join(map(str, self.ids)))

    def run_session(self, count):
        """Replays a session that reads so many tokens; its report, and the most memory that it took, in bytes."""
        commands = [{"step": 0, "command": "feed_tokens", "ids": self.ids[:count]}, {"step": 0, "command": "read_waiting"}]
        (self.folder / "s.statelab.json").write_text(json.dumps({"format": "statelab-session/1", "model": MODEL.name, "commands": commands}))
        arguments = [PROGRAM, "run", "s.statelab.json", "--budget", str(BUDGET / (1 << 30)), "--json"]
        process = subprocess.Popen(arguments, cwd=self.folder, env=environment() | {"STATELAB_MODELS": str(MODEL.parent)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        report = process.stdout.read()
        _, status, use = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        self.assertEqual(process.returncode, 0, report)
        return json.loads(report), use.ru_maxrss * 1024

    def begin(self, *arguments):
        """Starts the program on a terminal of its own, to which it tells its progress."""
        terminal, inside = pty.openpty()
        self.addCleanup(os.close, terminal)
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=self.folder, env=environment(), stderr=inside, stdout=subprocess.DEVNULL)
        os.close(inside)
        return process, terminal

    def said(self, terminal, enough):
        """What is told on a terminal until `enough` says so, or nothing more comes."""
        text, until = "", time.monotonic() + 100
        while not enough(text) and time.monotonic() < until and select.select([terminal], [], [], 100)[0]:
            try:
                text += os.read(terminal, 4096).decode()
            except OSError:  # the other side is closed
                break
        return text

    def test_they_are_read_to_the_end_with_progress(self):
        process, terminal = self.begin("generate", MODEL, "--ids-file", "ids.txt", "-n", 1, "--save-state", "state.safetensors")
        text = self.said(terminal, lambda _: False)
        self.assertEqual(process.wait(100), 0, text)
        read = [int(number) for number in re.findall(r"reading (\d+)/100000", text)]
        self.assertEqual(read, sorted(read))
        self.assertGreater(len(set(read)), 10, text)
        self.assertEqual(Tensors(self.folder / "state.safetensors").metadata["position"], str(LENGTH + 1))

    def test_an_interruption_says_how_far_they_were_read(self):
        process, terminal = self.begin("generate", MODEL, "--ids-file", "ids.txt", "-n", 1)
        text = self.said(terminal, lambda text: "reading" in text)
        process.send_signal(signal.SIGINT)
        text += self.said(terminal, lambda _: False)
        self.assertEqual(process.wait(10), 130, text)
        read = re.search(r"(\d+) done", text)
        self.assertTrue(read and 0 < int(read[1]) < LENGTH, text)

    def test_their_history_stays_within_its_budget(self):
        short, little = self.run_session(2_000)
        long, much = self.run_session(LENGTH)
        self.assertEqual((short["tokens"], long["tokens"]), (2_000, LENGTH))
        # Beside the history: the ids in the session, the run and undo, the times, and what rules measured. The tiles of so small a model are
        # small blocks, among which the allocator leaves holes; without the budget the history would take 240 MB.
        self.assertLess(much - little, 2 * BUDGET + LENGTH * 128)


if __name__ == "__main__":
    main()
