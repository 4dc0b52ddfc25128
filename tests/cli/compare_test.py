#!/usr/bin/env python3
"""statelab compare: traces, sessions and models beside each other; exit codes, the first difference, refusals, figures."""
import json
import math
import struct

from program import GOLDEN, ROOT, Case, Tensors, ids_text, main

IDS = [1, 5, 2, 7, 3, 9, 11, 4]


def write_trace(path, tensors, metadata):
    """A safetensors file of {name: (dtype, shape, bytes)}."""
    header, data = {"__metadata__": metadata}, b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


class CompareCase(Case):
    def record(self, name, ids, *args, model=GOLDEN / "mamba2"):
        self.run_program("trace", model, "--ids", ids_text(ids), "-o", name, "--quiet", *args)
        return self.folder / name

    def session(self, layer=1):
        """copy-fork.statelab.json with another layer zeroed."""
        session = json.loads((ROOT / "sessions" / "copy-fork.statelab.json").read_text())
        session.pop("expected")
        session["commands"] = [c for c in session["commands"] if c["command"] != "export_figure"]
        next(c for c in session["commands"] if c["command"] == "zero_state")["layer"] = layer
        path = self.folder / "fork.statelab.json"
        path.write_text(json.dumps(session))
        return path


class Traces(CompareCase):
    def test_equal_traces_are_equal(self):
        a, b = self.record("a.safetensors", IDS), self.record("b.npz", IDS)
        for other in (a, b):
            found = self.json_of("compare", a, other)
            self.assertEqual((found["equal"], found["first_difference"]), (True, None))
            self.assertTrue(all(point["status"] == "equal" and point["differing"] == 0 for point in found["points"]))
            self.assertTrue(found["tolerance"]["exact"])

    def test_one_changed_token_is_the_first_difference_and_states_below_it_are_those_of_the_files(self):
        other = IDS[:5] + [8] + IDS[6:]
        a, b = self.record("a.safetensors", IDS), self.record("b.safetensors", other)
        found = self.json_of("compare", a, b, expect=1)
        self.assertEqual(found["first_difference"], {"point": "tok.ids", "token": 5})
        self.assertEqual(found["alignment"]["first_difference"], {"a": 5, "b": 5})
        ours, theirs = Tensors(a), Tensors(b)
        for point in found["points"]:
            name = point["point"]
            first = next((t for t in range(len(IDS)) if ours.row_bytes(name, t, t + 1) != theirs.row_bytes(name, t, t + 1)), None)
            self.assertEqual(point["first"], first, name)
            if name == "tok.ids":
                continue
            width = len(ours.values(name)) // len(IDS)
            worst, worst_at, largest = 0, None, 0
            for t in range(len(IDS)):
                x, y = (values.values(name)[t * width:(t + 1) * width] for values in (ours, theirs))
                relative = math.sqrt(sum((p - q) ** 2 for p, q in zip(x, y)) / sum(p * p for p in x))
                largest = max(largest, *(abs(p - q) for p, q in zip(x, y)))
                if relative > worst:
                    worst, worst_at = relative, t
            self.assertEqual(point["worst"], worst_at, name)
            self.assertAlmostEqual(point["rel_l2"] / worst, 1, places=5, msg=name)
            self.assertAlmostEqual(point["max_abs"] / largest, 1, places=5, msg=name)

    def test_a_tolerance_decides_what_counts(self):
        a = self.record("a.safetensors", IDS)
        b = self.record("b.safetensors", IDS, "--dtype", "f64")
        default = self.json_of("compare", a, b)
        self.assertEqual(default["tolerance"]["point"], 1e-4)
        self.assertTrue(default["equal"])
        exact = self.json_of("compare", a, b, "--tolerance", "exact", expect=1)
        self.assertFalse(exact["equal"])
        self.assertTrue(self.json_of("compare", a, b, "--tolerance", 1e-3)["equal"])
        self.json_of("compare", a, b, "--tolerance", 1e-12, expect=1)

    def test_a_reference_of_another_program_is_compared_with_what_the_model_makes_of_its_tokens(self):
        reference = GOLDEN / "mamba2" / "reference.safetensors"
        found = self.json_of("compare", reference, GOLDEN / "mamba2")
        self.assertFalse(found["tolerance"]["exact"])
        self.assertTrue(found["equal"])
        self.assertEqual(found["b"]["tokens"], len(Tensors(reference).values("tok.ids")))
        self.assertIn("L0.mix.h", {point["point"] for point in found["points"]})

    def test_alignments(self):
        a, b = self.record("a.safetensors", IDS), self.record("b.safetensors", [12] + IDS)
        self.assertEqual(self.json_of("compare", a, b, expect=1)["first_difference"]["token"], 0)
        shifted = self.json_of("compare", a, b, "--align", "offset=1", expect=1)
        self.assertEqual(shifted["alignment"]["equal_tokens"], len(IDS))
        self.assertNotEqual(shifted["first_difference"]["point"], "tok.ids")
        token = self.json_of("compare", a, b, "--align", "token", expect=1)
        self.assertEqual((token["alignment"]["pairs"], token["alignment"]["columns"]), (len(IDS), len(IDS) + 1))
        first = self.json_of("compare", a, self.record("c.safetensors", IDS[:3] + [6] + IDS[4:]), "--align", "first-difference", expect=1)
        self.assertEqual((first["alignment"]["columns"], first["first_difference"]["token"]), (len(IDS) - 3, 3))
        self.assertEqual(self.refusal("compare", a, b, "--align", "sideways")["field"], "--align")
        self.assertEqual(self.refusal("compare", a, b, "--align", "offset=400")["field"], "offset")

    def test_points_are_chosen_and_sorted(self):
        a, b = self.record("a.safetensors", IDS), self.record("b.safetensors", IDS[:4] + [1, 1, 1, 1])
        chosen = self.json_of("compare", a, b, "--points", "L*.mix.h,logits", "--sort", "relative", expect=1)["points"]
        self.assertEqual({point["point"] for point in chosen}, {"L0.mix.h", "L1.mix.h", "logits"})
        self.assertEqual([p["rel_l2"] for p in chosen], sorted((p["rel_l2"] for p in chosen), reverse=True))
        self.assertEqual(self.refusal("compare", a, b, "--points", "L7.*")["field"], "--points")
        table = self.run_program("compare", a, b, "--sort", "max-abs", expect=1).stdout
        self.assertIn("first difference: tok.ids at t = 4", table)

    def test_what_is_no_trace_is_refused_with_its_field(self):
        a = self.record("a.safetensors", IDS)
        ids = ("I64", [2], struct.pack("<2q", 1, 2))
        for name, tensors, metadata, field in (
                ("version", {"tok.ids": ids}, {"format": "statelab-reference/9"}, "__metadata__.format"),
                ("rows", {"tok.ids": ids, "L0.mix.h": ("F32", [3, 1], bytes(12))}, {"format": "statelab-reference/1"}, "L0.mix.h"),
                ("ids", {"tok.ids": ("F32", [2], bytes(8))}, {"format": "statelab-reference/1"}, "tok.ids"),
                ("thinned", {"tok.ids": ids}, {"format": "statelab-reference/1", "every": "4"}, "__metadata__.every")):
            path = self.folder / f"{name}.safetensors"
            write_trace(path, tensors, metadata)
            for pair in ((a, path), (path, a)):
                error = self.refusal("compare", *pair)
                self.assertEqual(error["field"], field, name)
                self.assertIn(name, error["file"])
        cut = self.folder / "cut.safetensors"
        cut.write_bytes(a.read_bytes()[:-100])
        self.assertIn("cut", self.refusal("compare", a, cut)["file"])
        self.refusal("compare", a, self.folder / "nowhere.safetensors")
        self.assertEqual(self.refusal("compare", a)["field"], "B")


class Runs(CompareCase):
    def test_a_model_beside_itself(self):
        same = self.json_of("compare", "builtin:copy", "builtin:copy", "--text", "· A · B")
        self.assertTrue(same["equal"])
        self.assertEqual(same["expectations"]["largest_kl"], 0)
        other = self.json_of("compare", "builtin:copy", "builtin:copy", "--text", "· A · B", "--text-b", "· A · C", expect=1)
        self.assertEqual(other["first_difference"], {"point": "tok.ids", "token": 3})
        self.assertGreater(other["expectations"]["largest_kl"], 0)
        self.assertEqual(self.refusal("compare", "builtin:copy", "builtin:copy")["field"], "INPUT")

    def test_different_models_are_compared_where_points_match(self):
        found = self.json_of("compare", "builtin:topics", "builtin:noforget", "--ids", "1,2,3,4,5", expect=1)
        self.assertIn("L0.mix.h", {point["point"] for point in found["points"]})
        self.assertFalse(found["tolerance"]["exact"])
        error = self.refusal("compare", GOLDEN / "mamba1", GOLDEN / "mamba2", "--ids", ids_text(IDS))
        self.assertEqual((error["field"], error["code"]), ("points", "mismatch"))

    def test_a_fork_of_a_session_differs_from_the_edited_layer_on(self):
        for layer in (0, 1):
            found = self.json_of("compare", self.session(layer), "--run-a", "0", "--run-b", "forgets", expect=1)
            self.assertEqual(found["b"]["name"], "forgets")
            first = {row["layer"]: row["first"] for row in found["layers"]}
            self.assertEqual(first[layer], 32)
            for below in range(layer):
                self.assertIsNone(first[below])  # bit-equal as long as the text is
            self.assertEqual(found["first_difference"]["token"], 32)
            self.assertTrue(found["first_difference"]["point"].startswith(f"L{layer}."))
        unnamed = self.json_of("compare", self.session(), expect=1)
        self.assertEqual(unnamed["b"]["name"], "forgets")
        error = self.refusal("compare", self.session(), "--run-b", "nobody")
        self.assertEqual(error["field"], "--run-b")
        self.assertIn("forgets", error["expected"])

    def test_a_session_beside_a_trace_of_the_same_tokens(self):
        self.run_program("trace", "builtin:copy", "--text", "· · A · · · C · · B · · · · N", "-o", "copy.safetensors", "--quiet")
        self.run_program("compare", "copy.safetensors", "builtin:copy")

    def test_shapes_and_figures(self):
        session = self.session()
        shaped = self.json_of("compare", session, "--shapes", expect=1)
        by_layer = {row["layer"]: row for row in shaped["layers"]}
        self.assertAlmostEqual(by_layer[0]["cka"], 1, places=6)
        self.assertLess(by_layer[1]["cka"], 1)
        self.assertGreater(by_layer[1]["procrustes"], by_layer[0]["procrustes"])
        for kind in ("compare-heatmap", "compare-norms", "compare-pca"):
            found = self.json_of("compare", session, "--figure", f"{kind}.pdf", "--figure", f"{kind}.svg", "--kind", kind, "--data", expect=1)
            self.assertEqual(found["files"], [f"{kind}.pdf", f"{kind}.svg", f"{kind}.csv"])
            self.assertTrue((self.folder / f"{kind}.pdf").read_bytes().startswith(b"%PDF"))
            rows = (self.folder / f"{kind}.csv").read_text().splitlines()
            self.assertGreater(len(rows), 30, kind)
        a, b = (self.run_program("trace", "builtin:copy", "--text", text, "-o", name, "--quiet") and name for text, name in
                (("· A · B", "x.safetensors"), ("· A · C", "y.safetensors")))
        self.run_program("compare", a, b, "--figure", "traces.png", expect=1)
        self.assertEqual(self.refusal("compare", a, b, "--figure", "traces.jpg")["field"], "--figure")

    def test_several_are_compared_with_the_first_and_drawn_below_each_other(self):
        texts = {"a.safetensors": "· A · B", "b.safetensors": "· A · C", "c.safetensors": "· A · B"}
        for name, text in texts.items():
            self.run_program("trace", "builtin:copy", "--text", text, "-o", name, "--quiet")
        found = self.json_of("compare", *texts, "builtin:copy", "--figure", "all.pdf", "--figure", "all.svg", "--data", expect=1)
        self.assertEqual([run["equal"] for run in found["runs"]], [False, True, True])
        self.assertEqual(found["runs"][0]["first_difference"], {"point": "tok.ids", "token": 3})
        self.assertEqual(found["files"], ["all.pdf", "all.svg", "all.csv"])
        drawn = (self.folder / "all.svg").read_text()
        for name in ("b.safetensors", "c.safetensors", "builtin:copy"):
            self.assertIn(name, drawn)
        rows = [row.split(",") for row in (self.folder / "all.csv").read_text().splitlines()[1:]]
        differing = {(row[0], int(row[3])) for row in rows if float(row[7]) != 0}
        self.assertEqual(differing, {("b.safetensors", 3)})
        said = self.run_program("compare", *texts, expect=1).stdout
        self.assertIn("c.safetensors", said)
        self.assertTrue(self.json_of("compare", "a.safetensors", "c.safetensors", "builtin:copy")["equal"])
        self.assertEqual(self.refusal("compare", *["a.safetensors"] * 7)["field"], "MORE")
        self.assertEqual(self.refusal("compare", *texts, "--run-a", "0")["field"], "--run-a")
        self.assertEqual(self.refusal("compare", *texts, "--kind", "compare-pca")["field"], "--kind")
        self.assertEqual(self.refusal("compare", "a.safetensors", "--kind", "compare-multiples")["field"], "B")
        self.run_program("figure", "compare-multiples", self.session(), "--layer", 1, "-o", "runs.svg")

    def test_figures_of_sessions_go_by_the_names_of_all_figures(self):
        self.run_program("figure", "compare-norms", self.session(), "-o", "norms.svg")
        self.run_program("figure", "compare-heatmap", self.session(), "--layer", 1, "-o", "maps.svg")
        self.assertIn("B − A", (self.folder / "maps.svg").read_text())
        self.refusal("figure", "compare-pca", "builtin:copy", "--text", "· A", "-o", "one.svg")

    def test_the_help_shows_an_example(self):
        self.assertIn("statelab compare builtin:prose builtin:prose", self.run_program("compare", "--help").stdout)


main()
