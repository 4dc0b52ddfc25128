#!/usr/bin/env python3
"""statelab check, info and models: what they say of good files and of bad ones."""
import json
import shutil
import struct
import zipfile

from program import GOLDEN, MODELS, Case, main

# What configurations call a layer, and what the program does.
KINDS = {"mamba": "mamba1", "falcon_mamba": "mamba1", "mamba2": "mamba2", "llama": "attention", "rwkv": "rwkv4", "attention": "attention",
         "linear_attention": "mamba2", "full_attention": "attention"}


def safetensors(header, data=b""):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class Good(Case):
    def test_each_kind_is_told(self):
        self.run_program("trace", GOLDEN / "mamba1", "--ids", "1,2", "-o", "trace.safetensors", "--save-state", "state.safetensors")
        self.run_program("trace", GOLDEN / "mamba1", "--ids", "1,2", "-o", "values.npz")
        (self.folder / "a.statelab.json").write_text('{"format": "statelab-session/1", "model": "builtin:prose", "commands": []}')
        paths = {GOLDEN / "mamba1": "model", "builtin:prose": "model", GOLDEN / "mamba1/config.json": "model",
                 GOLDEN / "mamba1/model.safetensors": "safetensors", GOLDEN / "mamba1/reference.safetensors": "trace",
                 "trace.safetensors": "trace", "state.safetensors": "state", GOLDEN / "states/mamba1/state.safetensors": "state",
                 GOLDEN / "gguf/mamba1-small-F16.gguf": "gguf", GOLDEN / "mamba1-sharded": "model", GOLDEN / "mamba1-original-layout": "model",
                 GOLDEN / "mamba1-original-layout/pytorch_model.bin": "bin", GOLDEN / "mamba1-sharded/model.safetensors.index.json": "index",
                 "values.npz": "trace", GOLDEN / "mamba1/tokenizer.json": "tokenizer", GOLDEN / "tokenizers/neox": "tokenizer", "a.statelab.json": "session"}
        answers = self.json_of("check", *paths)
        self.assertEqual([a["kind"] for a in answers], list(paths.values()))
        self.assertEqual([a["path"] for a in answers], [str(path) for path in paths])
        self.assertTrue(all(a["ok"] and a["error"] is None for a in answers))
        self.assertEqual(len(self.run_program("check", *paths).stdout.splitlines()), len(paths))

    def test_info_knows_the_sizes(self):
        for model in MODELS:
            info = self.json_of("info", GOLDEN / model)
            config = json.loads((GOLDEN / model / "config.json").read_text())
            kinds = config.get("layer_types") or [config["model_type"]] * config["num_hidden_layers"]
            self.assertEqual(info["hidden"], config["hidden_size"])
            self.assertEqual(info["vocab"], config["vocab_size"])
            self.assertEqual([layer["kind"] for layer in info["layers"]], [KINDS["mamba2" if "layer_types" in config and kind == "mamba" else kind] for kind in kinds])
            self.assertGreaterEqual(info["memory_bytes"], info["state_bytes"] + (GOLDEN / model / "model.safetensors").stat().st_size * 0.9)
        self.assertEqual(len({self.json_of("info", GOLDEN / model)["hash"] for model in ("mamba1", "mamba1-f16", "mamba1-bf16")}), 3)

    def test_info_tells_what_the_open_dialog_shows(self):
        info = self.json_of("info", GOLDEN / "mamba1-bf16")
        with open(GOLDEN / "mamba1-bf16/model.safetensors", "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        header.pop("__metadata__", None)
        types = [tensor["dtype"] for tensor in header.values()]
        self.assertEqual(info["tensors"], {name: types.count(name) for name in set(types)})
        self.assertEqual(info["state_bytes_per_token"], 0)
        self.assertGreater(self.json_of("info", GOLDEN / "llama")["state_bytes_per_token"], 0)
        lines = self.run_program("info", GOLDEN / "mamba1-bf16").stdout
        for name in set(types):
            self.assertIn(f"{name} ({types.count(name)} tensor", lines)

    def test_other_layouts_are_the_same_model(self):
        plain = self.json_of("info", GOLDEN / "mamba1")
        for path in ("mamba1-sharded", "mamba1-original-layout", "mamba1-original-layout/pytorch_model.bin"):
            info = self.json_of("info", GOLDEN / path)
            for fact in ("family", "parameters", "layers", "hidden", "vocab", "dtypes", "state_bytes", "memory_bytes", "warnings"):
                self.assertEqual(info[fact], plain[fact], (path, fact))
            ours, theirs = (self.trace(GOLDEN / model, "--ids", "1,2,3", "--points", "logits").bytes("logits") for model in (path, "mamba1"))
            self.assertEqual(ours, theirs)

    def test_the_built_in_models_are_listed(self):
        listed = {model["name"]: model for model in self.json_of("models")["models"]}
        self.assertLessEqual({f"builtin:{name}" for name in ("prose", "copy", "topics", "noforget", "flipflop")}, set(listed))
        self.assertEqual(listed["builtin:prose"]["family"], "mamba2")
        self.assertTrue(all(model["sentence"] for model in listed.values()))


class Bad(Case):
    def refused(self, name, content=None):
        if content is not None:
            (self.folder / name).write_bytes(content)
        answer, = self.json_of("check", name, expect=2)
        self.assertFalse(answer["ok"])
        line, = self.run_program("check", name, expect=2).stdout.splitlines()
        self.assertTrue(line.startswith(f"{name}: {answer['error']['code']}: "), line)
        return answer

    def copy_of(self, model):
        shutil.copytree(GOLDEN / model, self.folder / "copy")
        return self.folder / "copy"

    def test_kinds_that_cannot_be_opened_are_named(self):
        for name, content, found in (("a.onnx", b"", "an ONNX model"), ("a.h5", b"\x89HDF", "an HDF5 file")):
            error = self.refused(name, content)["error"]
            self.assertEqual((error["code"], error["found"]), ("unsupported", found))

    def test_a_pickle_that_would_run_something_is_refused_by_what_and_where(self):
        for name in ("pytorch_model.bin", "model.pt", "model.pth", "without-ending"):
            with zipfile.ZipFile(self.folder / name, "w") as archive:
                archive.writestr("m/data.pkl", b"\x80\2cos\nsystem\n(U\5touch\x85R.")
            answer = self.refused(name)
            error = answer["error"]
            self.assertEqual(answer["kind"], "bin")
            self.assertEqual((error["code"], error["field"], error["found"], error["offset"]), ("unsupported", "m/data.pkl", "os.system", 2))
            self.assertIn("safetensors", error["next"])

    def test_weights_that_disagree_with_their_checksum_are_found(self):
        copy = self.copy_of("mamba1-original-layout")
        weights = bytearray((copy / "pytorch_model.bin").read_bytes())
        with zipfile.ZipFile(copy / "pytorch_model.bin") as archive:
            damaged = archive.getinfo(next(name for name in archive.namelist() if "/data/" in name))
        weights[damaged.header_offset + 30 + len(damaged.filename) + 200] ^= 1  # behind the header and its padding
        (copy / "pytorch_model.bin").write_bytes(weights)
        for path in ("copy", "copy/pytorch_model.bin"):
            answer, = self.json_of("check", path, expect=2)
            self.assertEqual([(p["code"], p["field"]) for p in answer["problems"]], [("mismatch", damaged.filename)])
            self.assertTrue(answer["error"]["file"].endswith("copy/pytorch_model.bin"))

    def test_archives_of_other_programs_are_refused_by_what_they_lack(self):
        with zipfile.ZipFile(self.folder / "a.npz", "w") as archive:
            archive.writestr("x.npy", b"")
        self.assertEqual(self.refused("a.npz")["error"]["field"], "x")
        shutil.copy(self.folder / "a.npz", self.folder / "a.bin")
        self.assertEqual(self.refused("a.bin")["error"]["expected"], "a member NAME/data.pkl")
        shutil.copy(GOLDEN / "mamba1-original-layout/pytorch_model.bin", self.folder / "renamed.safetensors")
        self.assertEqual(self.refused("renamed.safetensors")["error"]["code"], "wrong_kind")

    def test_all_problems_of_shards_and_of_an_original_configuration_are_listed(self):
        copy = self.copy_of("mamba1-sharded")
        for number in (1, 3):
            (copy / f"model-0000{number}-of-00003.safetensors").unlink()
        answer, = self.json_of("check", "copy", expect=2)
        self.assertEqual([p["code"] for p in answer["problems"]], ["not_found"] * 2)
        self.assertTrue(all("-of-00003" in p["file"] for p in answer["problems"]))
        shutil.rmtree(copy)
        config = self.copy_of("mamba1-original-layout") / "config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"attn_layer_idx": [1], "rms_norm": False, "d_intermediate": 64}))
        answer, = self.json_of("check", "copy", expect=2)
        self.assertEqual([p["field"] for p in answer["problems"]], ["attn_layer_idx", "d_intermediate", "rms_norm"])
        self.assertIn("2 more", self.refusal("info", "copy")["next"])

    def test_a_gguf_file_is_known_by_its_content(self):
        for name in ("a.gguf", "renamed"):
            answer = self.refused(name, b"GGUF\3\0\0\0")
            self.assertEqual((answer["kind"], answer["error"]["code"], answer["error"]["field"]), ("gguf", "truncated", "tensor_count"))

    def test_all_problems_of_a_gguf_model_are_listed_in_its_own_words(self):
        model = (GOLDEN / "gguf/mamba1-small-F16.gguf").read_bytes()
        for key in (b"mamba.ssm.state_size", b"mamba.ssm.inner_size"):
            model = model.replace(key, key[:-4] + b"gone")
        (self.folder / "a.gguf").write_bytes(model)
        answer, = self.json_of("check", "a.gguf", expect=2)
        self.assertEqual([p["field"] for p in answer["problems"]], ["mamba.ssm.inner_size", "mamba.ssm.state_size"])
        self.assertEqual({(p["code"], p["file"]) for p in answer["problems"]}, {("missing", "a.gguf")})

    def test_unknown_families_are_refused_by_name(self):
        config = self.copy_of("mamba1") / "config.json"
        config.write_text(config.read_text().replace('"mamba"', '"jamba"'))
        error = self.refused("copy")["error"]
        self.assertEqual((error["code"], error["field"], error["found"]), ("unsupported", "model_type", "jamba"))
        (self.folder / "copy/model.safetensors").rename(self.folder / "copy/pytorch_model.bin")  # named all the same
        answer, = self.json_of("check", "copy", expect=2)
        self.assertEqual([p["field"] for p in answer["problems"]], ["model_type", ""])

    def test_all_problems_of_a_model_are_listed(self):
        config = self.copy_of("mamba2") / "config.json"
        changed = json.loads(config.read_text()) | {"vocab_size": 999}
        config.write_text(json.dumps(changed))
        answer, = self.json_of("check", "copy", expect=2)
        self.assertGreater(len(answer["problems"]), 1)
        self.assertEqual(answer["error"], answer["problems"][0])
        self.assertTrue(all("[999, " in problem["expected"] for problem in answer["problems"]))
        self.assertEqual(len(self.run_program("check", "copy", expect=2).stdout.splitlines()), len(answer["problems"]))
        self.assertIn("statelab check", self.refusal("info", "copy")["next"])

    def test_broken_files_are_refused_by_place(self):
        entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
        for name, content, code, field in (
            ("a.safetensors", b"\1\2", "truncated", "header"),
            ("a.safetensors", safetensors({"x": entry}, b"1234"), "truncated", "x"),
            ("a.safetensors", safetensors({"x": entry | {"shape": [3]}}, b"12345678"), "mismatch", "x"),
            ("a.safetensors", safetensors({"__metadata__": {"format": "statelab-reference/2"}}), "unsupported", "__metadata__.format"),
            ("a.safetensors", safetensors({"__metadata__": {"format": "statelab-reference/1"}, "odd": entry}, b"12345678"), "mismatch", "odd"),
            ("a.safetensors", safetensors({"__metadata__": {"format": "statelab-state/1", "checksum": "0"}, "layers.0.ssm_state": entry}, b"12345678"),
             "mismatch", "__metadata__.checksum"),
            ("a.json", b'{"a": 1, "a": 2}', "duplicate", None),
            ("a.json", b"{}", "wrong_kind", ""),
            ("a.txt", b"words", "wrong_kind", ""),
            ("a.statelab.json", b'{"format": "statelab-session/1", "model": "builtin:prose", "commands": [{"step": 0, "command": "jump"}]}',
             "unsupported", "commands[0].command"),
            ("a.statelab.json", b'{"format": "statelab-session/2", "model": "builtin:prose", "commands": []}', "unsupported", "format"),
            ("tokenizer.json", b'{"model": {"type": "Unigram"}}', "unsupported", None),
        ):
            error = self.refused(name, content)["error"]
            self.assertEqual(error["code"], code, (name, content, error))
            self.assertTrue(error["file"].endswith(name) and error["message"], error)
            if field is not None:
                self.assertEqual(error["field"], field, (name, content))

    def test_a_trace_whose_tensors_disagree_is_refused(self):
        header = {"__metadata__": {"format": "statelab-reference/1"}, "tok.ids": {"dtype": "I64", "shape": [2], "data_offsets": [0, 16]},
                  "logits": {"dtype": "F32", "shape": [1, 4], "data_offsets": [16, 32]}}
        error = self.refused("t.safetensors", safetensors(header, bytes(32)))["error"]
        self.assertEqual((error["code"], error["field"], error["found"]), ("mismatch", "logits", "[1, 4]"))

    def test_places_without_a_file(self):
        self.assertEqual(self.refused("nothing")["error"]["code"], "not_found")
        (self.folder / "empty").mkdir()
        self.assertEqual(self.refused("empty")["error"]["field"], "config.json")
        answer, = self.json_of("check", "/dev/null", expect=2)
        self.assertEqual(answer["error"]["code"], "not_readable")

    def test_one_bad_file_among_good_ones_decides_the_exit_code(self):
        answers = self.json_of("check", GOLDEN / "mamba1", "nothing", GOLDEN / "mamba2", expect=2)
        self.assertEqual([a["ok"] for a in answers], [True, False, True])

    def test_a_weights_file_in_another_container_does_not_stand_for_its_folder(self):
        copy = self.copy_of("mamba1")
        (copy / "model.gguf").write_bytes(b"GGUF")
        error = self.refusal("info", copy / "model.gguf")
        self.assertEqual((error["code"], error["field"]), ("truncated", "version"))


main()
