#!/usr/bin/env python3
"""statelab intervene and discretise: what they say of effects and of rules, and what they refuse."""
import csv
import json

from program import GOLDEN, Case, main

LETTERS = "· · A · · · C · · B · · · · N · · · · · · · · · · · · · · · · · ? ? ? ?"
ASSETS = GOLDEN.parents[1] / "assets" / "models"


def rule(**fields):
    return json.dumps(fields)


class Intervene(Case):
    def effects(self, *args):
        return self.json_of("intervene", ASSETS / "copy", "--text", LETTERS, *args)["interventions"]

    def test_an_effect_stands_beside_its_matched_controls_and_a_sentence_reads_them(self):
        [one] = self.effects("--rule", rule(operation="zero", layers="1", first=31, last=32), "--controls", "--after", 1)
        self.assertEqual(one["at"], 32)
        rows = {row["name"]: row for row in one["rows"]}
        self.assertEqual(list(rows), ["intervention", "noise", "next layer", "random channels", "residual"])
        self.assertEqual(rows["random channels"], {"name": "random channels", "refusal": "all used"})
        self.assertGreater(rows["intervention"]["effect"], 1)
        self.assertEqual(len(rows["intervention"]["by_token"]), 2)
        self.assertLess(rows["next layer"]["effect"], rows["intervention"]["effect"])  # the letters are in layer 1
        self.assertTrue(one["reading"].startswith("zero h L1: effect "), one["reading"])
        text = self.run_program("intervene", ASSETS / "copy", "--text", LETTERS, "--rule", rule(operation="zero", layers="1", first=31, last=32), "--controls").stdout
        for word in ("matters", "noise", "next layer", "all used", "zero h L1"):
            self.assertIn(word, text)

    def test_several_rules_hold_together_and_threads_change_nothing(self):
        rules = ["--rule", rule(operation="scale", target="residual", layers="0", value=0.9), "--rule", rule(operation="block_write", layers="1", first=2, last=6)]
        both = self.effects(*rules, "--threads", 1)
        self.assertEqual(len(both), 2)
        self.assertEqual([len(one["rows"]) for one in both], [1, 1])
        self.assertEqual(self.effects(*rules, "--threads", 4), both)
        [alone] = self.effects(*rules[2:])
        self.assertNotEqual(alone["rows"][0]["effect"], both[1]["rows"][0]["effect"])
        path = self.folder / "rules.json"
        path.write_text('{"interventions": [%s, %s]}' % (rules[1], rules[3]))
        self.assertEqual(self.effects("--rules", path), both)
        path.write_text('{"format": "statelab-rules/1", "title": "two", "interventions": [%s, %s], "reviewed_by": "N. N."}' % (rules[1], rules[3]))
        self.assertEqual(self.effects("--rules", path), both)

    def test_what_does_not_fit_is_refused_by_name(self):
        def refused(*args):
            return self.refusal("intervene", ASSETS / "copy", "--text", LETTERS, *args)
        self.assertEqual(refused()["field"], "--rule")
        path = self.folder / "newer.rules.json"
        path.write_text('{"format": "statelab-rules/9", "interventions": []}')
        self.assertEqual((refused("--rules", path)["field"], refused("--rules", path)["file"]), ("format", str(path)))
        self.assertEqual(refused("--rule", rule(operation="zero", layers="7"))["field"], "intervention.layers")
        self.assertEqual(refused("--rule", rule(operation="zero", layer=1))["field"], "--rule.layer")
        self.assertEqual(refused("--rule", rule(operation="zero", first=40))["field"], "intervention.first")
        self.assertEqual(self.refusal("intervene", GOLDEN / "llama", "--ids", "1,2,3", "--rule", rule(operation="block_write"))["field"], "intervention.operation")
        self.assertEqual(self.refusal("intervene", ASSETS / "copy", "--input", "zero", "-T", 8, "--rule", rule(operation="zero"))["field"], "--input")

    def test_a_session_that_asks_for_controls_gets_them(self):
        commands = [{"step": 0, "command": "feed_text", "text": LETTERS}, {"step": 0, "command": "set_intervention", "index": 0, "intervention": {"operation": "zero", "layers": "1", "first": 31, "last": 32}},
                    {"step": 0, "command": "read_waiting"}, {"step": 36, "command": "run_controls", "index": 0, "after": 1}]
        path = self.folder / "asks.statelab.json"
        path.write_text(json.dumps({"format": "statelab-session/1", "model": "builtin:copy", "commands": commands}))
        told = self.json_of("run", path)
        [one] = self.effects("--rule", rule(operation="zero", layers="1", first=31, last=32), "--controls", "--after", 1)
        self.assertEqual(told["controls"], one)
        commands[3] = {"step": 36, "command": "remove_intervention", "index": 0}
        path.write_text(json.dumps({"format": "statelab-session/1", "model": "builtin:copy", "commands": commands}))
        self.assertIsNone(self.json_of("run", path)["controls"])


class Discretise(Case):
    SOURCE = (ASSETS / "prose", "--text", "In the beginning God created the heaven and the earth.", "--layer", 1)

    def test_every_rule_has_its_error_over_time_and_the_exact_one_has_none(self):
        told = self.json_of("discretise", *self.SOURCE, "--clamp", 0.001, 0.1)
        self.assertEqual((told["layer"], told["first"], told["last"]), (1, 0, 54))
        rules = {(one["rule"], one["clamped"]): one for one in told["rules"]}
        self.assertEqual({name for name, _ in rules}, {"exact", "Euler", "zero-order hold", "bilinear"})
        self.assertEqual(len(rules), 8)
        self.assertEqual(rules["exact", False]["error"], [0] * 54)
        for one in rules.values():
            self.assertEqual(len(one["error"]), 54)
            if one["rule"] != "Euler" or one["clamped"]:
                self.assertIsNone(one["first_overflow"])
                self.assertLessEqual(one["largest_factor"], 1)
        self.assertGreater(rules["Euler", False]["largest_error"], rules["zero-order hold", False]["largest_error"])

    def test_the_figure_and_its_data_are_written(self):
        self.run_program("discretise", *self.SOURCE, "-o", "rules.svg", "-o", "rules.csv")
        self.assertIn("Euler", (self.folder / "rules.svg").read_text())
        rows = list(csv.DictReader((self.folder / "rules.csv").read_text().splitlines()))
        self.assertEqual(len(rows), 4 * 54)
        told = self.json_of("discretise", *self.SOURCE)
        for row in rows:
            [curve] = [one for one in told["rules"] if one["rule"] == row["rule"]]
            self.assertEqual(float(row["error"]), curve["error"][int(row["token"])])

    def test_a_window_begins_at_the_last_edit_or_where_it_is_told_to(self):
        told = self.json_of("discretise", *self.SOURCE, "--tokens", 10, 20)
        self.assertEqual((told["first"], told["last"]), (10, 20))
        commands = [{"step": 0, "command": "feed_text", "text": "In the beginning"}, {"step": 0, "command": "step", "count": 6}, {"step": 6, "command": "zero_state", "layer": 1},
                    {"step": 6, "command": "read_waiting"}]
        path = self.folder / "edited.statelab.json"
        path.write_text(json.dumps({"format": "statelab-session/1", "model": "builtin:prose", "commands": commands}))
        self.assertEqual(self.json_of("discretise", path, "--layer", 1)["first"], 6)
        self.assertEqual(self.json_of("discretise", path, "--layer", 0)["first"], 0)

    def test_what_is_no_scan_and_what_is_no_clamp_is_refused(self):
        error = self.refusal("discretise", GOLDEN / "llama", "--ids", "1,2,3")
        self.assertEqual((error["code"], error["field"]), ("unsupported", "layer"))
        error = self.refusal("discretise", *self.SOURCE, "--clamp", 0.1, 0.01)
        self.assertEqual(error["field"], "clamp")


main()
