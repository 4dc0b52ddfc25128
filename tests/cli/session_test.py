#!/usr/bin/env python3
"""statelab run, figure, screenshot and demo."""
import json
import pathlib
import struct

from program import GOLDEN, ROOT, Case, main

KINDS = ["state-heatmap", "state-at", "norms", "gates", "drivers", "channel", "expected", "pca2d", "pca3d", "scree", "next-token", "logit-lens", "content", "half-life", "attention-map", "half-life-map", "discretisation"]
COMPARED = ["compare-heatmap", "compare-norms", "compare-pca"]  # need two runs
OTHERS = ["weight-heatmap", "weight-histogram", "alerts", "alert-evidence", "alert-limits"]  # need a tensor, or alerts
MAGIC = {".pdf": b"%PDF-", ".svg": b"<?xml", ".png": b"\x89PNG\r\n\x1a\n"}


class Sessions(Case):
    def write(self, commands, **fields):
        session = {"format": "statelab-session/1", "model": "builtin:prose", "commands": commands} | fields
        (self.folder / "a.statelab.json").write_text(json.dumps(session))
        return "a.statelab.json"

    def test_a_replay_is_the_run_it_describes(self):
        path = self.write([{"step": 0, "command": "feed_text", "text": "In the beginning "}, {"step": 0, "command": "read_waiting"},
                           {"step": 17, "command": "set_sampling",
                            "sampling": {"greedy": False, "temperature": 0.8, "top_k": 0, "top_p": 1.0, "seed": 5}},
                           {"step": 17, "command": "step", "count": 20}])
        said = self.json_of("run", path)
        self.assertEqual(said["tokens"], 37)
        generated = self.json_of("generate", "builtin:prose", "--text", "In the beginning ", "-n", 20, "--seed", 5, "--temperature", 0.8)
        ids = [*b"In the beginning ", *generated["ids"]]
        again = self.write([{"step": 0, "command": "feed_tokens", "ids": ids}, {"step": 0, "command": "read_waiting"}])
        self.assertEqual(self.json_of("run", again)["state_hash"], said["state_hash"])

    def test_a_command_in_the_middle_of_a_run_is_applied_at_its_position(self):
        def hash_with(*middle):
            return self.json_of("run", self.write([{"step": 0, "command": "feed_text", "text": "In the beginning was the word"},
                                                   {"step": 0, "command": "run", "rate": 0, "until": 40}, *middle]))["state_hash"]
        at_7 = hash_with({"step": 7, "command": "zero_state", "layer": -1})
        self.assertEqual(at_7, hash_with({"step": 7, "command": "zero_state", "layer": -1}))
        self.assertEqual(len({at_7, hash_with({"step": 8, "command": "zero_state", "layer": -1}), hash_with()}), 3)
        self.assertEqual(hash_with({"step": 9, "command": "seek", "token": 3, "cursor": "a"}), hash_with())

    def test_expected_states_are_compared(self):
        commands = [{"step": 0, "command": "feed_text", "text": "and it was so"}, {"step": 0, "command": "read_waiting"},
                    {"step": 13, "command": "scale_state", "layer": 1, "factor": 0.5}]
        found = self.json_of("run", self.write(commands))["state_hash"]
        self.assertTrue(self.json_of("run", self.write(commands, expected=[{"step": 13, "hash": found}]), "--expect")["equal"])
        wrong = self.write(commands, expected=[{"step": 5, "hash": found}, {"step": 13, "hash": found}])
        said = self.json_of("run", wrong, "--expect", expect=1)
        self.assertEqual([(c["step"], c["equal"]) for c in said["expected"]], [(5, False), (13, True)])
        self.assertIn("state at 5: differs", self.run_program("run", wrong, "--expect", expect=1).stdout)
        self.run_program("run", wrong)  # nobody asked
        other = self.write(commands, expected=[{"step": 13, "hash": found}], model_hash="0" * 16)
        self.assertIn("the model differs", self.run_program("run", other, "--expect", expect=1).stdout)

    def test_a_small_budget_for_the_history_changes_no_state(self):
        commands = [{"step": 0, "command": "feed_text", "text": "and it was so " * 100}, {"step": 0, "command": "read_waiting"},
                    {"step": 1400, "command": "take_back", "count": 600, "keep": False}]
        path = self.write(commands)
        kept = self.json_of("run", path)["state_hash"]
        (self.folder / "history").mkdir()
        self.assertEqual(self.json_of("run", path, "--budget", 0.005, "--spill", "history")["state_hash"], kept)
        self.run_program("run", path, "--budget", 0.005, expect=2)  # without the disk the way back is gone
        self.run_program("run", path, "--spill", "nowhere", expect=2)

    def test_rules_find_act_and_dump(self):
        text = [{"step": 0, "command": "feed_text", "text": "In the beginning was the word, and the word was long"},
                {"step": 0, "command": "read_waiting"}]
        quiet = [{"step": 0, "command": "set_rule", "index": i, "rule": {"kind": "track", "on": False}} for i in range(20)]

        def rule(**fields):
            return {"step": 0, "command": "set_rule", "index": 0,
                    "rule": {"kind": "track", "statistic": "h_norm", "layer": 1, "limit": 1, "origin": "yours"} | fields}
        path = self.write([*quiet, rule(), *text])
        said = self.json_of("run", path)
        self.assertEqual(said["tokens"], 52)
        first = said["alerts"][0]
        self.assertEqual((first["rule"], first["layer"], first["limit"]), ("track", 1, 1))
        self.assertGreater(first["value"], 1)
        shown = self.run_program("run", path, "--fail-on-alert", expect=1).stdout
        self.assertIn(f"alert: track at t = {first['token']}, layer 1", shown)
        self.assertEqual(self.json_of("run", self.write([*quiet, rule(limit=1e9), *text]), "--fail-on-alert")["alerts"], [])
        paused = self.json_of("run", self.write([*quiet, rule(on_alert="pause"), *text]))
        self.assertEqual(paused["tokens"], first["token"] + 1)
        self.json_of("run", self.write([*quiet, rule(on_alert="dump"), *text]), "-o", "dumps")
        self.assertIn("states that rules ask for are not written", self.run_program("run", self.write([*quiet, rule(on_alert="dump"), *text])).stderr)
        state = self.folder / f"dumps/alert-track-t{first['token']}.safetensors"
        self.assertEqual(self.json_of("check", state)[0]["kind"], "state")
        reset = self.json_of("run", self.write([*quiet, rule(on_alert="reset"), *text]))
        self.assertEqual(reset["tokens"], 52)
        self.assertNotEqual(reset["state_hash"], said["state_hash"])
        error = self.refusal("run", self.write([rule(on_alert="shout")]))
        self.assertEqual(error["field"], "commands[0] set_rule.on_alert")

    def test_ranges_are_named_and_playing_changes_nothing(self):
        text = [{"step": 0, "command": "feed_text", "text": "In the beginning was the word"}, {"step": 0, "command": "read_waiting"}]
        plain = self.json_of("run", self.write(text))
        named = self.json_of("run", self.write([*text, {"step": 29, "command": "set_range", "index": 0, "name": "the beginning", "first": 0, "last": 16},
                                                {"step": 29, "command": "set_range", "index": 1, "name": "the word", "first": 21, "last": 29},
                                                {"step": 29, "command": "set_range", "index": 2, "name": "gone", "first": 0, "last": 1},
                                                {"step": 29, "command": "remove_range", "index": 2},
                                                {"step": 29, "command": "seek", "token": 0, "cursor": "a"},
                                                {"step": 29, "command": "play", "rate": 8, "by": "token"}]))
        self.assertEqual(plain["ranges"], [])
        self.assertEqual(named["ranges"], [{"name": "the beginning", "first": 0, "last": 16}, {"name": "the word", "first": 21, "last": 29}])
        self.assertEqual(named["state_hash"], plain["state_hash"])
        error = self.refusal("run", self.write([*text, {"step": 29, "command": "set_range", "index": 0, "name": "x", "first": 20, "last": 30}]))
        self.assertEqual((error["code"], error["field"]), ("out_of_range", "commands[2] set_range.last"))

    def test_a_breakpoint_pauses_the_replay_and_notes_are_listed(self):
        text = [{"step": 0, "command": "feed_text", "text": "In the beginning was the word"}, {"step": 0, "command": "read_waiting"}]
        stop = {"step": 0, "command": "set_breakpoint", "index": 0, "when": "t = 9", "on": True}
        plain = self.json_of("run", self.write(text))
        noted = self.json_of("run", self.write([stop, *text, {"step": 10, "command": "set_note", "index": 0, "token": 9, "text": "paused here"},
                                                {"step": 10, "command": "read_waiting"}]))
        self.assertEqual((plain["notes"], noted["notes"]), ([], [{"token": 9, "text": "paused here"}]))
        self.assertEqual((noted["tokens"], noted["state_hash"]), (29, plain["state_hash"]))
        error = self.refusal("run", self.write([stop | {"when": "norm(L2 > 3"}, *text]))
        self.assertEqual((error["code"], error["field"], error["expected"]), ("bad_argument", "commands[0] set_breakpoint.when", ")"))

    def test_a_forgotten_token_leaves_the_state_and_comes_back(self):
        text = [{"step": 0, "command": "feed_text", "text": "In the beginning"}, {"step": 0, "command": "read_waiting"}]
        forget = {"step": 16, "command": "edit_state", "edit": {"operation": "forget", "layer": 1, "position": 14}}
        plain = self.json_of("run", self.write(text))
        forgot = self.json_of("run", self.write([*text, forget]))
        self.assertNotEqual(forgot["state_hash"], plain["state_hash"])
        back = self.json_of("run", self.write([*text, forget, {"step": 16, "command": "undo"}]))
        self.assertEqual(back["state_hash"], plain["state_hash"])
        error = self.refusal("run", self.write([*text, forget | {"edit": {"operation": "forget", "position": 16}}]))
        self.assertEqual((error["code"], error["field"]), ("out_of_range", "commands[2] edit_state.edit.position"))

    def test_a_state_is_kept_by_one_session_and_taken_by_another(self):
        text = "In the beginning was the word"
        reading = [{"step": 0, "command": "feed_text", "text": text}, {"step": 0, "command": "read_waiting"}]
        keep = {"step": 29, "command": "export_figure", "kind": "state-at", "file": "kept.safetensors", "width_in": 4, "height_in": 3}
        whole = self.json_of("run", self.write([*reading, {"step": 29, "command": "seek", "token": 15, "cursor": "a"}, keep]), "-o", "states")
        self.assertEqual([pathlib.Path(file).name for file in whole["files"]], ["kept.safetensors"])
        self.run_program("trace", "builtin:prose", "--text", text[:16], "--points", "logits", "-o", "t.safetensors", "--save-state", "s.safetensors", "--quiet")
        self.assertTrue(self.json_of("state", "compare", "states/kept.safetensors", "s.safetensors")["equal"])  # after the token at the cursor
        start = {"step": 0, "command": "reset", "state": "states/kept.safetensors"}
        rest = [start, {"step": 0, "command": "feed_text", "text": text[16:]}, {"step": 0, "command": "read_waiting"}]
        self.assertEqual(self.json_of("run", self.write(rest))["state_hash"], whole["state_hash"])
        take = {"step": 29, "command": "edit_state", "edit": {"operation": "transplant", "tensor": "*", "from_file": "states/kept.safetensors"}}
        back = {"step": 29, "command": "restore_state", "layer": -1, "position": 16}
        hashes = [self.json_of("run", self.write([*reading, edit]))["state_hash"] for edit in (take, back)]
        self.assertEqual(*hashes)
        error = self.refusal("run", self.write([*reading, take | {"edit": {"operation": "mix", "value": 0.5, "from_file": "states/none.safetensors"}}]))
        self.assertEqual((error["code"], pathlib.Path(error["file"]).name), ("not_found", "none.safetensors"))
        error = self.refusal("run", self.write([start | {"state": "a.statelab.json"}]))
        self.assertEqual(pathlib.Path(error["file"]).name, "a.statelab.json")

    def test_figures_go_into_the_folder_under_plain_names_only(self):
        export = {"step": 3, "command": "export_figure", "kind": "norms", "file": "n.svg", "width_in": 4, "height_in": 3}
        start = [{"step": 0, "command": "feed_text", "text": "abc"}, {"step": 0, "command": "read_waiting"}]
        self.run_program("run", self.write([*start, export]), "-o", "deep/er")
        self.assertTrue((self.folder / "deep/er/n.svg").read_bytes().startswith(MAGIC[".svg"]))
        for name in ("../n.svg", "/tmp/n.svg", ".n.svg", ""):
            error = self.refusal("run", self.write([*start, export | {"file": name}]))
            self.assertEqual((error["field"], error["found"]), ("commands[2] export_figure.file", name))

    def test_figures_are_left_out_and_told_without_a_folder_and_never_written_through_a_link(self):
        path = self.write([{"step": 0, "command": "feed_text", "text": "abc"}, {"step": 0, "command": "read_waiting"},
                           {"step": 3, "command": "export_figure", "kind": "norms", "file": "n.svg", "width_in": 4, "height_in": 3}])
        self.assertIn("1 figure is not written, for want of a folder (-o): n.svg", self.run_program("run", path).stderr)
        said = self.json_of("run", path)
        self.assertEqual((said["files"], said["left_out"]), ([], ["n.svg"]))
        self.assertEqual([file.name for file in self.folder.iterdir()], ["a.statelab.json"])
        (self.folder / "mine.svg").write_text("mine")
        (self.folder / "out").mkdir()
        (self.folder / "out/n.svg").symlink_to(self.folder / "mine.svg")
        error = self.refusal("run", path, "-o", "out")
        self.assertEqual((error["field"], error["found"]), ("commands[2] export_figure.file", "a link to another place"))
        self.assertEqual((self.folder / "mine.svg").read_text(), "mine")
        (self.folder / "out/n.svg").unlink()
        self.assertEqual(self.json_of("run", path, "-o", "out")["left_out"], [])
        self.assertTrue((self.folder / "out/n.svg").exists())

    def test_refusals_name_the_command(self):
        start = [{"step": 0, "command": "feed_text", "text": "abc"}, {"step": 0, "command": "read_waiting"}]
        for command, code, field in (
            ({"step": 9, "command": "zero_state", "layer": 0}, "mismatch", "commands[2] zero_state.step"),
            ({"step": 3, "command": "zero_state", "layer": 9}, "out_of_range", "commands[2] zero_state.layer"),
            ({"step": 3, "command": "zero_state", "layre": 0}, "bad_argument", "commands[2].layre"),
            ({"step": 3, "command": "zero_state"}, "missing", "commands[2].layer"),
            ({"step": 3, "command": "zero_sate", "layer": 0}, "unsupported", "commands[2].command"),
        ):
            error = self.refusal("run", self.write([*start, command]))
            self.assertEqual((error["code"], error["field"], error["file"]), (code, field, "a.statelab.json"))
        self.assertEqual(self.refusal("run", self.write(start), "--expect")["field"], "expected")
        self.assertEqual(self.refusal("run", self.write(start, model="absent"))["code"], "not_found")

    def test_a_model_that_is_not_found_is_named(self):
        start = [{"step": 0, "command": "feed_tokens", "ids": [1, 2, 3]}, {"step": 0, "command": "read_waiting"}]
        known = self.json_of("run", self.write(start, model="builtin:flipflop"))
        self.refusal("run", self.write(start, model="absent"))
        for place in ("builtin:flipflop", ROOT / "assets/models/flipflop"):
            named = self.json_of("run", self.write(start, model="absent", model_hash=known["model_hash"]), "--model", place)
            self.assertEqual((named["state_hash"], named["model_hash"]), (known["state_hash"], known["model_hash"]))
        other = self.run_program("run", self.write(start, model="absent", model_hash=known["model_hash"]), "--model", "builtin:copy")
        self.assertIn("the session was made with model", other.stderr)
        self.assertEqual(self.refusal("run", self.write(start, model="absent"), "--model", "nowhere")["code"], "not_found")


class Journals(Case):
    KEPT = pathlib.Path(__file__).resolve().parents[1] / "data/formats/journal-1.journal"

    def test_a_journal_is_checked_and_replayed(self):
        said, = self.json_of("check", self.KEPT)
        self.assertEqual((said["kind"], said["ok"]), ("journal", True))
        run = self.json_of("run", self.KEPT, "--quiet")
        self.assertEqual(run["tokens"], 5)  # it was still running then
        commands = [{"step": 0, "command": "feed_tokens", "ids": [1, 2, 3]}, {"step": 0, "command": "run", "rate": 0, "until": 5}]
        (self.folder / "a.statelab.json").write_text(json.dumps({"format": "statelab-session/1", "model": "builtin:copy", "commands": commands}))
        self.assertEqual(run["state_hash"], self.json_of("run", "a.statelab.json")["state_hash"])

    def test_a_torn_journal_is_replayed_as_far_as_it_goes(self):
        lines = self.KEPT.read_bytes().splitlines(keepends=True)
        torn = self.folder / "torn.journal"
        torn.write_bytes(b"".join(lines[:3]) + lines[3][:-7])
        said, = self.json_of("check", torn)
        self.assertTrue(said["ok"])
        self.assertIn("the last line is torn: at least 1 command is lost", said["warnings"])
        done = self.run_program("run", torn)
        self.assertIn("at least 1 command is lost", done.stderr)
        torn.write_bytes(lines[0][:-7])
        self.assertEqual(self.refusal("run", torn)["code"], "wrong_kind")
        self.assertEqual(self.refusal("run", "absent.journal")["code"], "not_found")


class Figures(Case):
    def test_every_kind_is_written_in_every_format(self):
        for kind in KINDS:
            self.run_program("figure", kind, "builtin:prose", "--text", "In the beginning God", "--layer", 1, *(x for e in MAGIC for x in ("-o", f"f{e}")))
            for ending, magic in MAGIC.items():
                self.assertTrue((self.folder / f"f{ending}").read_bytes().startswith(magic), (kind, ending))

    def test_a_figure_can_be_repeated_byte_by_byte(self):
        for name in ("a.pdf", "b.pdf"):
            self.run_program("figure", "state-heatmap", GOLDEN / "mamba1", "--ids", "1,2,3,4", "-o", name, "--quiet")
        self.assertEqual((self.folder / "a.pdf").read_bytes(), (self.folder / "b.pdf").read_bytes())

    def test_options_change_the_figure(self):
        def svg(*options):
            self.run_program("figure", "state-at", "builtin:prose", "--text", "In the beginning", "-o", "f.svg", *options)
            return (self.folder / "f.svg").read_bytes()
        seen = [svg(), svg("--layer", 3), svg("--cursor", 4), svg("--map", "PuOr"), svg("--scale", "linear"), svg("--order", "index"), svg("--size", "4x4"),
                svg("--across", "head"), svg("--scale", "sign"), svg("--range", -2, 2), svg("--show-rows", 0, 8)]
        self.assertEqual(len(set(seen)), len(seen))

    def csv_of(self, kind, *options):
        self.run_program("figure", kind, "builtin:prose", "--text", "In the beginning", "--layer", 2, "--channel", 40, "--state-index", 5, "-o", "f.csv", *options)
        return [row.split(",") for row in (self.folder / "f.csv").read_text().splitlines()[1:]]

    def test_the_axes_of_the_state_are_chosen_by_name(self):  # 12 heads of 32 channels with 32 state indexes; 16 tokens
        for axis, count in (("channels", 12 * 32), ("head", 12), ("p", 32), ("n", 32)):
            self.assertEqual(len(self.csv_of("state-heatmap", "--rows", axis)), 16 * count, axis)
            self.assertEqual({row[4] for row in self.csv_of("state-heatmap", "--rows", axis) if row[1:4] == ["9", "40", "5"]},
                             {row[4] for row in self.csv_of("state-heatmap") if row[1:4] == ["9", "40", "5"]})
        self.assertEqual({int(row[2]) // 32 for row in self.csv_of("state-at", "--across", "head")}, {1})
        self.assertEqual({int(row[3]) for row in self.csv_of("state-at", "--across", "n")}, {5})
        refused = self.refusal("figure", "state-heatmap", "builtin:prose", "--text", "In", "--rows", "token", "-o", "f.csv")
        self.assertEqual((refused["field"], refused["expected"]), ("--rows", "channels, head, p, n"))

    def test_watched_tokens_have_a_probability_after_each_token(self):
        rows = self.csv_of("expected", "--watch", "e", "--watch", "32")
        for column in ("p_101", "p_32"):
            values = [float(row[3]) for row in rows if row[2] == column]
            self.assertEqual(len(values), 16)
            self.assertTrue(all(0 <= value <= 1 for value in values))
        came = [2 ** -float(row[3]) for row in rows if row[2] == "surprise_bits" and row[1] == "4"]  # "In th" is followed by e
        self.assertAlmostEqual(came[0], [float(row[3]) for row in rows if row[2] == "p_101" and row[1] == "4"][0], delta=1e-6)
        refused = self.refusal("figure", "expected", "builtin:prose", "--text", "In", "--watch", "the cat", "-o", "f.csv")
        self.assertEqual(refused["field"], "--watch")

    def test_data_lies_beside_the_figure(self):
        said = self.json_of("figure", "norms", "builtin:prose", "--text", "In the beginning", "-o", "n.pdf", "--data")
        self.assertEqual(said["files"], ["n.pdf", "n.csv"])
        self.assertGreater(len((self.folder / "n.csv").read_text().splitlines()), 16)

    def test_attention_is_a_figure_of_layers_that_have_it(self):
        said = self.json_of("figure", "attention", GOLDEN / "granite-dense", "--ids", "3,14,15,92", "--layer", 1, "-o", "a.pdf", "--data")
        self.assertEqual(said["files"], ["a.pdf", "a.csv"])
        rows = [row.split(",") for row in (self.folder / "a.csv").read_text().splitlines()[1:]]
        heads = {row[2] for row in rows}
        self.assertEqual(len(rows), 4 * len(heads))
        for head in heads:
            self.assertAlmostEqual(sum(float(row[5]) for row in rows if row[2] == head), 1, delta=1e-6)
        refused = self.refusal("figure", "attention", GOLDEN / "granite-dense", "--ids", "3", "--layer", 0, "-o", "b.pdf")
        self.assertEqual((refused["field"], refused["found"]), ("layer", "layer 0, mamba2"))

    def test_who_wrote_a_cell_sums_to_it(self):
        said = self.json_of("figure", "content", "builtin:prose", "--text", "In the beginning God", "--layer", 2, "--cell", "7,3", "--cursor", 12, "-o", "c.svg", "--data")
        content = said["content"]
        self.assertEqual((content["part"], content["layer"], content["channel"], content["state"], content["token"]), ("cell", 2, 7, 3, 12))
        self.assertEqual(len(content["tokens"]), 13)
        self.assertAlmostEqual(sum(one["value"] for one in content["tokens"]), content["value"], delta=content["bound"])
        rows = [row.split(",") for row in (self.folder / "c.csv").read_text().splitlines()[1:]]
        self.assertEqual([float(row[4]) for row in rows if row[0] == "token"], [one["value"] for one in content["tokens"]])
        parts = {part: self.json_of("figure", "content", "builtin:prose", "--text", "In the beginning God", "--of", part, "-o", "p.pdf")["content"] for part in ("channel", "head", "layer", "read-out")}
        self.assertLess(parts["channel"]["value"], parts["head"]["value"])
        self.assertLess(parts["head"]["value"], parts["layer"]["value"])
        refused = self.refusal("figure", "content", GOLDEN / "llama", "--ids", "3", "-o", "b.pdf")
        self.assertEqual(refused["field"], "layer")
        self.assertEqual(self.refusal("figure", "content", "builtin:prose", "--text", "a", "--cell", "7,99", "-o", "b.pdf")["field"], "state")

    def test_a_state_file_is_where_a_figure_starts(self):
        self.run_program("trace", "builtin:prose", "--text", "In the beginning", "-o", "t.npz", "--save-state", "s.safetensors", "--points", "logits")
        for name, more in (("a.svg", ["--state", "s.safetensors"]), ("b.svg", [])):
            self.run_program("figure", "norms", "builtin:prose", "--text", " God", "-o", name, *more)
        self.assertNotEqual((self.folder / "a.svg").read_bytes(), (self.folder / "b.svg").read_bytes())

    def test_refusals(self):
        model = ("builtin:prose", "--text", "a")
        for args, field in ((("figure", "nrms", *model, "-o", "f.pdf"), "KIND"), (("figure", "norms", *model, "-o", "f.doc"), "-o"),
                            (("figure", "norms", *model, "-o", "f.pdf", "--size", "4by4"), "--size"),
                            (("figure", "norms", *model, "-o", "f.pdf", "--layer", 4), "layer"),
                            (("figure", "norms", *model, "-o", "f.pdf", "--cursor", 1), "token"),
                            (("figure", "norms", *model, "-o", "f.pdf", "--dtype", "f64"), "--dtype"),
                            (("screenshot", *model, "-o", "f.jpg"), "-o")):
            self.assertEqual(self.refusal(*args)["field"], field, args)
        self.assertEqual(list(self.folder.iterdir()), [])


class Whole(Case):
    def test_a_screenshot_has_the_size_that_was_asked_for(self):
        self.run_program("screenshot", "builtin:prose", "--text", "In the beginning", "-o", "w.png", "--size", "1000x700")
        picture = (self.folder / "w.png").read_bytes()
        self.assertTrue(picture.startswith(MAGIC[".png"]))
        self.assertEqual(struct.unpack(">II", picture[16:24]), (1000, 700))

    def test_a_screenshot_presses_keys_and_has_a_look_and_a_scale(self):
        pictures = set()
        for options in ((), ("--light",), ("--contrast",), ("--scale", "1.25"), ("--press", "Ctrl+,"), ("--press", "Shift+F1"), ("--press", "Shift+F1", "--press", "Enter")):
            self.run_program("screenshot", "builtin:flipflop", "-o", "w.png", "--size", "1000x700", *options)
            pictures.add((self.folder / "w.png").read_bytes())
        self.assertEqual(len(pictures), 7)
        self.run_program("screenshot", "--workspace", "start", "-o", "w.png", "--size", "1000x700")
        self.assertNotIn((self.folder / "w.png").read_bytes(), pictures)
        self.assertEqual(self.refusal("screenshot", "builtin:flipflop", "-o", "w.png", "--press", "Ctrl+Y")["field"], "--press")
        self.assertEqual(self.refusal("screenshot", "-o", "w.png")["field"], "SOURCE")

    def test_the_demo_can_be_repeated(self):
        said = self.json_of("demo", "-o", "out")
        files = {path.split("/")[1] for path in said["files"]}
        self.assertEqual(files, {k + e for k in (*KINDS, *OTHERS, *COMPARED) for e in MAGIC} | {"window.png", "summary.md", "demo.statelab.json"})
        self.assertEqual({path.name for path in (self.folder / "out").iterdir()}, files)
        again = self.json_of("run", "out/demo.statelab.json", "-o", "again", "--expect")
        self.assertEqual(len(again["expected"]), 5)
        for name in ("state-heatmap.pdf", "pca3d.svg", "next-token.png", "compare-heatmap.pdf", "compare-norms.svg", "compare-pca.png"):
            self.assertEqual((self.folder / "out" / name).read_bytes(), (self.folder / "again" / name).read_bytes(), name)
        summary = (self.folder / "out/summary.md").read_text()
        self.assertIn("zero state of layer 2", summary)
        parting, forked = said["first_difference"], again["expected"][0]["step"] + 32
        self.assertEqual((parting["token"], parting["point"].split(".")[0]), (forked, "L2"))
        self.assertIn(f"it went back to token {forked}, forked there", summary)
        self.assertIn(f"The first difference is at token {forked}, in `{parting['point']}`.", summary)
        compared = self.json_of("compare", "out/demo.statelab.json", expect=1)
        self.assertEqual(compared["first_difference"], parting)
        for check in again["expected"]:
            self.assertIn(check["found"], summary)


main()
