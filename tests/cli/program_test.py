#!/usr/bin/env python3
"""What all subcommands share: help, version, refusals, output that cannot be written, the window without a display."""
import json
import subprocess

from program import GOLDEN, PROGRAM, Case, environment, main

SUBCOMMANDS = ["models", "info", "check", "tokenize", "trace", "generate", "run", "figure", "screenshot", "demo", "bench"]


class Program(Case):
    def test_help_of_each_subcommand_shows_an_example(self):
        listed = self.run_program("--help").stdout
        for name in SUBCOMMANDS:
            self.assertIn(f"  {name} ", listed)
            self.assertIn(f"Example:\n  statelab {name}", self.run_program(name, "--help").stdout)

    def test_examples_that_need_no_file_work(self):
        for name in SUBCOMMANDS:
            example = self.run_program(name, "--help").stdout.split("Example:\n")[1].strip()
            if "builtin:prose" in example:
                subprocess.run(example.replace("statelab", PROGRAM, 1), shell=True, check=True, cwd=self.folder, env=environment(), capture_output=True)

    def test_version_tells_what_was_built(self):
        said = self.run_program("--version").stdout
        for part in ("statelab ", "revision ", "compiler ", "instruction set ", "CUDA ", "fmt ", "cairo "):
            self.assertIn(part, said)

    def test_without_a_display_there_is_no_window(self):
        for args in ([], ["builtin:prose"]):
            done = self.run_program(*args, expect=3)
            self.assertEqual(len(done.stderr.splitlines()), 1)
            self.assertIn("statelab run", done.stderr)

    def test_two_targets_open_one_window_and_what_cannot_stand_beside_each_other_is_refused(self):
        trace = GOLDEN / "mamba2" / "reference.safetensors"
        for args in (["builtin:prose", "builtin:prose"], [GOLDEN / "mamba2", trace], [trace, GOLDEN / "mamba2"]):
            self.assertIn("there is no display", self.run_program(*args, expect=3).stderr)
        self.assertIn("`statelab compare A B` compares two traces", self.run_program(trace, trace, expect=2).stderr)
        self.assertIn("two files at most", self.run_program(trace, trace, trace, expect=2).stderr)

    def test_a_wrong_command_line_is_refused(self):
        for args in (["frobnicate"], ["frobnicate", "--json"], ["trace"], ["trace", "builtin:prose", "--ids", "1", "--text", "a", "-o", "t.npz"],
                     ["info", "builtin:prose", "--colour"], ["bench", "nothing-like-this"], ["info", "builtin:nobody"]):
            done = self.run_program(*args, expect=2)
            self.assertTrue(done.stderr.strip() or done.stdout.strip())
        self.assertEqual(self.json_of("frobnicate", expect=2)["error"]["found"], "frobnicate")

    def test_every_refusal_is_one_json_document(self):
        for args in (["info", "nowhere"], ["tokenize", "builtin:prose"], ["run", "nowhere"], ["screenshot"], ["check"]):
            error = self.json_of(*args, expect=2)["error"]
            self.assertLessEqual({"code", "field", "offset", "expected", "found", "message"}, set(error))

    def test_output_that_cannot_be_written_is_told(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "models"], stdout=full, stderr=subprocess.PIPE, text=True, env=environment())
        self.assertEqual(done.returncode, 3)
        self.assertIn("No space left", done.stderr)

    def test_a_reader_that_leaves_is_no_failure(self):
        (self.folder / "many.jsonl").write_text('{"text": "a long line of words"}\n' * 20000)
        process = subprocess.Popen([PROGRAM, "tokenize", "builtin:prose", "--jsonl", "many.jsonl"], cwd=self.folder, env=environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertIn("ids", json.loads(process.stdout.readline()))
        process.stdout.close()
        self.assertEqual((process.wait(60), process.stderr.read()), (0, b""))
        process.stderr.close()

    def test_benchmarks_have_names(self):
        names = self.json_of("bench", "--list")
        self.assertIn("decode/mamba-130m/f32/threads=1/capture=on", names)
        self.assertEqual(len(names), len(set(names)))
        chosen = self.json_of("bench", "decode/*", "--list", "--model", "builtin:prose")
        self.assertTrue(all(name.startswith("decode/") for name in chosen))

    def test_a_benchmark_of_a_small_model_measures_something(self):
        name = next(n for n in self.json_of("bench", "--list", "decode/model", "--model", "builtin:flipflop") if "threads=1/capture=on" in n)
        measured, = self.json_of("bench", name, "--model", "builtin:flipflop", "--rounds", 1)
        self.assertEqual((measured["name"], measured["median_of"]), (name, 1))
        self.assertGreater(measured["value"], 0)


main()
