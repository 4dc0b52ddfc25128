#!/usr/bin/env python3
"""statelab weights: the tensors of a model in numbers, one in full, figures, and the checks of head and orientation."""
import array
import math

from program import GOLDEN, Case, Tensors, main

IN_PROJ = "backbone.layers.0.mixer.in_proj.weight"


class Numbers(Case):
    def test_every_tensor_is_listed_with_the_statistics_of_its_elements(self):
        stored = Tensors(GOLDEN / "mamba1/model.safetensors")
        listed = {tensor["name"]: tensor for tensor in self.json_of("weights", GOLDEN / "mamba1")["tensors"]}
        self.assertEqual(set(listed), stored.names())
        for name, tensor in listed.items():
            values = stored.values(name)
            mean = math.fsum(values) / len(values)
            deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values))
            numbers = tensor["statistics"]
            self.assertEqual((tensor["shape"], tensor["count"]), (stored.shape(name), len(values)))
            self.assertEqual((numbers["min"], numbers["max"], numbers["zeros"]), (min(values), max(values), sum(v == 0 for v in values)))
            self.assertAlmostEqual(numbers["mean"], mean, delta=1e-12 * (1 + abs(mean)))
            self.assertAlmostEqual(numbers["std"], deviation, delta=1e-12 * (1 + deviation))
        self.assertEqual(len(self.run_program("weights", GOLDEN / "mamba1").stdout.splitlines()), len(listed) + 1)

    def test_one_tensor_is_told_in_full_by_either_name(self):
        model = GOLDEN / "gguf/mamba1-small-Q8_0.gguf"
        tensor = self.json_of("weights", model, "--tensor", IN_PROJ)
        self.assertEqual(tensor, self.json_of("weights", model, "--tensor", "blk.0.ssm_in.weight"))
        self.assertEqual((tensor["type"], tensor["stored_shape"]), ("Q8_0", tensor["shape"][::-1]))
        self.assertEqual(sum(tensor["histogram"]["counts"]), tensor["count"])
        text = self.run_program("weights", model, "--tensor", IN_PROJ).stdout
        for part in ("blk.0.ssm_in.weight", "fastest axis first", "rows are outputs", "Q8_0"):
            self.assertIn(part, text)

    def test_a_rounded_model_is_compared_with_the_one_it_was_made_from(self):
        ours, theirs = (self.json_of("weights", GOLDEN / model, "--tensor", IN_PROJ, "--against", GOLDEN / "mamba1")["against"]
                        for model in ("mamba1-bf16", "mamba1"))
        self.assertEqual((theirs["largest"], theirs["rms"]), (0, 0))
        self.assertTrue(0 < ours["relative"] < 2 ** -8, ours)  # half a unit in the last of 8 bits
        self.assertIn("relative", self.run_program("weights", GOLDEN / "mamba1-bf16", "--tensor", IN_PROJ, "--against",
                                                   GOLDEN / "mamba1").stdout)

    def test_figures_are_written_in_every_format(self):
        for kind in ("weight-heatmap", "weight-histogram"):
            self.run_program("weights", GOLDEN / "mamba1", "--tensor", IN_PROJ, "--figure", kind,
                             *(part for ending in ("pdf", "svg", "png", "csv") for part in ("-o", f"{kind}.{ending}")))
            for ending, begin in (("pdf", b"%PDF"), ("svg", b"<"), ("png", b"\x89PNG"), ("csv", b"tensor,")):
                self.assertTrue((self.folder / f"{kind}.{ending}").read_bytes().startswith(begin))
        rows = (self.folder / "weight-heatmap.csv").read_text().splitlines()[1:]
        cells = array.array("f", (float(row.split(",")[5]) for row in rows))
        self.assertEqual(cells, Tensors(GOLDEN / "mamba1/model.safetensors").values(IN_PROJ))  # small enough for a cell each
        self.run_program("figure", "weight-histogram", GOLDEN / "mamba1", "--tensor", IN_PROJ, "-o", "same.csv")
        self.assertEqual((self.folder / "same.csv").read_bytes(), (self.folder / "weight-histogram.csv").read_bytes())

    def test_the_error_of_every_element_is_a_figure(self):
        self.run_program("weights", GOLDEN / "mamba1-bf16", "--tensor", IN_PROJ, "--against", GOLDEN / "mamba1", "--figure", "weight-error",
                         "-o", "error.pdf", "-o", "error.csv")
        cells = [float(row.split(",")[5]) for row in (self.folder / "error.csv").read_text().splitlines()[1:]]
        told = self.json_of("weights", GOLDEN / "mamba1-bf16", "--tensor", IN_PROJ, "--against", GOLDEN / "mamba1")["against"]
        self.assertAlmostEqual(max(map(abs, cells)), told["largest"], delta=told["largest"] * 1e-6)  # written as floats
        self.assertEqual(len(cells), told["compared"])


class Checks(Case):
    def test_the_head_makes_the_logit_of_a_token(self):
        check = self.json_of("weights", GOLDEN / "mamba2", "--check-head", 7, "--ids", "1,2,3")["head_check"]
        logits = self.trace(GOLDEN / "mamba2", "--ids", "1,2,3", "--points", "logits")
        self.assertTrue(check["agrees"])
        self.assertEqual(check["logit"], logits.values("logits")[2 * logits.shape("logits")[1] + 7])
        self.assertAlmostEqual(check["product"], check["logit"], delta=check["tolerance"])
        self.assertIn("the row makes the logit", self.run_program("weights", GOLDEN / "mamba2", "--check-head", 7).stdout)

    def test_a_matrix_is_the_right_way_around(self):
        check = self.json_of("weights", GOLDEN / "mamba2", "--check-transpose", IN_PROJ)["transpose_check"]
        self.assertEqual((check["found"], check["input"], check["output"]), ("as stored", "L0.norm1", "L0.mix.in_proj"))
        self.assertIn("only one orientation", check["text"])
        check = self.json_of("weights", GOLDEN / "rwkv4", "--check-transpose", "rwkv.blocks.0.attention.key.weight",
                             "--trace", GOLDEN / "rwkv4/reference.safetensors")["transpose_check"]
        self.assertEqual((check["rows"], check["found"]), (check["columns"], "as stored"))
        self.assertGreater(check["error_transposed"], 0.1)

    def test_traces_of_other_programs_may_be_archives(self):
        self.run_program("trace", GOLDEN / "mamba2", "--ids", "1,2", "--points", "L0.norm1,L0.mix.in_proj", "-o", "a.npz")
        check = self.json_of("weights", GOLDEN / "mamba2", "--check-transpose", IN_PROJ, "--trace", "a.npz")["transpose_check"]
        self.assertEqual(check["found"], "as stored")

    def test_values_of_another_model_are_told_apart(self):
        self.json_of("weights", GOLDEN / "mamba1-f16", "--check-head", 7, "--trace", GOLDEN / "mamba1/reference.safetensors", expect=1)
        check = self.json_of("weights", GOLDEN / "mamba1-f16", "--check-transpose", IN_PROJ, "--trace",
                             GOLDEN / "mamba1/reference.safetensors", expect=1)["transpose_check"]
        self.assertEqual(check["found"], "neither way")


class Refusals(Case):
    def test_what_cannot_be_shown_is_refused_by_field(self):
        model = GOLDEN / "mamba1"
        for arguments, field in ((("--tensor", "nothing"), "nothing"), (("-o", "a.png"), "-o"), (("--tensor", IN_PROJ, "-o", "a.txt"), "-o"),
                                 (("--against", model), "--against"), (("--check-head", 1, "--tensor", IN_PROJ), "--tensor"),
                                 (("--check-head", 100000), "id"), (("--check-head", -1), "id"),
                                 (("--check-transpose", "backbone.norm_f.weight"), "backbone.norm_f.weight"),
                                 (("--check-head", 1, "--trace", model / "model.safetensors"), "final_norm"),
                                 (("--check-head", 1, "--dtype", "bf16"), "--dtype"),
                                 (("--tensor", IN_PROJ, "--against", GOLDEN / "mamba2"), "--against")):
            self.assertEqual(self.refusal("weights", model, *arguments)["field"], field, arguments)
        self.assertEqual(self.refusal("figure", "weight-heatmap", model, "-o", "a.png")["field"], "tensor")
        self.assertEqual(self.refusal("figure", "weight-error", model, "--tensor", IN_PROJ, "-o", "a.png")["field"], "against")


main()
