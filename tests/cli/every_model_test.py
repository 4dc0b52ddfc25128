#!/usr/bin/env python3
"""Every family, container and number type that is kept here: checked, described, traced and continued by the program."""
import json
import shutil

import stored
from program import GOLDEN, Case, Tensors, ids_text, main, relative_error

FOLDERS = sorted({path.parent for ending in ("safetensors", "bin") for path in GOLDEN.glob(f"*/*.{ending}")
                  if (path.parent / "config.json").exists()})
GGUFS = sorted((GOLDEN / "gguf").glob("*.gguf"))
IDS = "1,5,2,7"


def rows(tensors, name):
    values, width = tensors.values(name), tensors.shape(name)[-1]
    return [values[at:at + width] for at in range(0, len(values), width)]


def best(row):
    return max(range(len(row)), key=row.__getitem__)


class EveryModel(Case):
    def each(self):
        self.assertGreater(len(FOLDERS), 12)
        self.assertGreater(len(GGUFS), 18)
        for model in FOLDERS + GGUFS:
            with self.subTest(model=model.name):
                yield model

    def test_check_finds_nothing_wrong_and_info_counts_its_layers(self):
        for model in self.each():
            [checked] = self.json_of("check", model)
            self.assertTrue(checked["ok"], checked)
            info = self.json_of("info", model)
            self.assertGreater(info["parameters"], 0)
            self.assertGreater(len(info["layers"]), 0)
            self.assertTrue(all(layer["kind"] for layer in info["layers"]))

    def test_trace_writes_every_point_and_generate_takes_the_best_of_its_logits(self):
        for model in self.each():
            trace = self.trace(model, "--ids", IDS, "--points", "*")
            self.assertIn("L0.resid_out", trace.names())
            made = self.json_of("generate", model, "--ids", IDS, "-n", 1, "--greedy")
            self.assertEqual(made["ids"], [best(rows(trace, "logits")[-1])])


class Gguf(Case):
    def test_logits_and_the_best_token_are_those_of_exact_arithmetic_on_the_weights(self):
        for model in GGUFS:
            with self.subTest(model=model.name):
                exact = Tensors(model.with_suffix(".exact.safetensors"))
                ids = ids_text(exact.values("tok.ids"))
                ours = self.trace(model, "--ids", ids, "--points", "logits")
                for row, expected in zip(rows(ours, "logits"), rows(exact, "logits"), strict=True):
                    self.assertLess(relative_error(row, expected), 1e-5)
                    self.assertEqual(best(row), best(expected))


class Containers(Case):
    """Every family in every number type and container of a folder: the same bits from each container, and what float32 gives."""
    FAMILIES = ("mamba1", "falcon_mamba", "mamba2-groups", "granite-dense", "granite-moe", "llama", "rwkv4")

    def test_every_family_runs_from_every_container_and_type(self):
        for family in self.FAMILIES:
            source = Tensors(GOLDEN / family / "model.safetensors")
            for dtype in stored.TYPES:
                tensors = {name: (source.shape(name), stored.rounded(source.values(name), dtype)) for name in sorted(source.names())}
                write = {"one": stored.safetensors, "shards": stored.shards, "torch": stored.torch}
                traces = []
                for container, kind in [("one", "F32"), *((name, dtype) for name in write)]:
                    with self.subTest(family=family, dtype=dtype, container=container, kind=kind):
                        folder = self.folder / f"{family}-{dtype}-{container}-{kind}"
                        folder.mkdir(exist_ok=True)
                        shutil.copy(GOLDEN / family / "config.json", folder)
                        write[container](folder, tensors, kind)
                        traces.append(self.trace(folder, "--ids", IDS, "--points", "logits"))
                        self.assertEqual(traces[-1].bytes("logits"), traces[min(1, len(traces) - 1)].bytes("logits"))
                        self.assertLess(relative_error(traces[-1].values("logits"), traces[0].values("logits")), 1e-5)


class Folders(Case):
    def test_other_layouts_of_a_model_give_its_bits(self):
        copies = [folder for folder in FOLDERS if (folder / "same_as.json").exists()]
        self.assertGreater(len(copies), 1)
        for folder in copies:
            with self.subTest(model=folder.name):
                same = folder / json.loads((folder / "same_as.json").read_text())["reference"]
                ours = self.trace(folder, "--ids", IDS, "--points", "logits")
                theirs = self.trace(same, "--ids", IDS, "--points", "logits")
                self.assertEqual(ours.bytes("logits"), theirs.bytes("logits"))


if __name__ == "__main__":
    main()
