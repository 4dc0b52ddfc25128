#!/usr/bin/env python3
"""statelab trace: what it writes, and that neither threads nor captures nor splits change a bit."""
import ast
import os
import pty
import select
import signal
import subprocess
import time
import zipfile

from program import GOLDEN, MODELS, PROGRAM, Case, Tensors, environment, ids_text, limit_file_size, main, relative_error

IDS = "1,5,2,7,3,9,11,4"


class Points(Case):
    def test_every_point_of_every_reference_is_written_with_its_shape_and_value(self):
        self.assertGreater(len(MODELS), 4)
        for model in MODELS:
            reference = Tensors(GOLDEN / model / "reference.safetensors")
            ours = self.trace(GOLDEN / model, "--ids", ids_text(reference.values("tok.ids")), "--points", "*")
            self.assertEqual(reference.names() - ours.names(), set(), model)
            for name in reference.names():
                self.assertEqual(ours.shape(name), reference.shape(name), f"{model} {name}")
                # Both in single precision, summed in another order: 1e-5 is the tolerance of the reference set.
                self.assertLess(relative_error(ours.values(name), reference.values(name)), 1e-5, f"{model} {name}")

    def test_double_precision_is_written_as_such_and_is_closer(self):
        for model in ("mamba1", "mamba2"):
            reference = Tensors(GOLDEN / model / "reference64.safetensors")
            ours = self.trace(GOLDEN / model, "--ids", ids_text(reference.values("tok.ids")), "--points", "*", "--dtype", "f64")
            self.assertEqual(ours.metadata["dtype"], "float64")
            for name in reference.names() - {"tok.ids"}:
                self.assertEqual(ours.dtype(name), "F64")
                self.assertLess(relative_error(ours.values(name), reference.values(name)), 1e-12, f"{model} {name}")

    def test_sixteen_bit_states_differ_a_little(self):
        exact = self.trace(GOLDEN / "mamba1", "--ids", IDS)
        for dtype, name, low, high in (("bf16", "bfloat16", 1e-4, 0.1), ("f16", "float16", 1e-5, 0.02)):
            rounded = self.trace(GOLDEN / "mamba1", "--ids", IDS, "--dtype", dtype)
            self.assertEqual(rounded.metadata["dtype"], name)
            error = relative_error(rounded.values("logits"), exact.values("logits"))
            self.assertTrue(low < error < high, error)

    def test_trials_change_what_they_say_and_are_refused_where_they_would_change_nothing(self):
        llama = GOLDEN / "llama"
        plain = self.trace(llama, "--ids", IDS, "--points", "*")
        for trial in (["--rotary", "none"], ["--at-position", 3], ["--no-cache"], ["--only-layer", 0]):
            tried = self.trace(llama, "--ids", IDS, "--points", "*", *trial)
            self.assertNotEqual(tried.bytes("logits"), plain.bytes("logits"), trial)
            self.assertEqual(tried.bytes("L0.norm1"), plain.bytes("L0.norm1"), trial)
        out = ["-o", "t.safetensors"]
        error = self.refusal("trace", llama, "--ids", IDS, "--only-layer", 2, *out)
        self.assertEqual((error["code"], error["field"], error["expected"]), ("out_of_range", "only_layer", "-1 to 1"))
        error = self.refusal("trace", GOLDEN / "mamba1", "--ids", IDS, "--no-cache", *out)
        self.assertEqual((error["code"], error["field"]), ("unsupported", "no_cache"))
        self.run_program("trace", GOLDEN / "mamba1", "--ids", IDS, "--rotary", "spiral", *out, expect=2)

    def test_the_default_is_norms_logits_and_states(self):
        names = self.trace(GOLDEN / "mamba1", "--ids", IDS).names()
        layers = {f"L{i}.{point}" for i in (0, 1) for point in ("norm1", "mix.conv_state", "mix.h")}
        self.assertEqual(names, layers | {"tok.ids", "final_norm", "logits"})

    def test_every_third_token_is_the_same_row_as_in_the_whole(self):
        whole = self.trace(GOLDEN / "mamba2", "--ids", IDS)
        some = self.trace(GOLDEN / "mamba2", "--ids", IDS, "--every", 3)
        self.assertEqual(list(some.values("tok.ids")), [1, 7, 11])
        self.assertEqual(some.metadata["all_ids"], IDS)
        for name in some.names():
            self.assertEqual(some.bytes(name), b"".join(whole.row_bytes(name, t, t + 1) for t in (0, 3, 6)), name)

    def test_metadata_says_what_was_run(self):
        trace = self.trace(GOLDEN / "mamba1", "--text", "The state")
        info = self.json_of("info", GOLDEN / "mamba1")
        self.assertEqual(trace.metadata["format"], "statelab-reference/1")
        self.assertEqual(trace.metadata["model_type"], "mamba")
        self.assertEqual(trace.metadata["tokens_text"], "The state")
        self.assertEqual(trace.metadata["model_hash"], info["hash"])


class Bits(Case):
    def test_threads_and_captures_change_nothing(self):
        for model in (GOLDEN / "mamba1", "builtin:prose"):
            seen = {self.trace(model, "--ids", IDS, "--points", points, "--threads", threads).bytes("logits")
                    for points in ("logits", "*") for threads in (1, 2)}
            self.assertEqual(len(seen), 1, model)

    def test_runs_joined_by_a_state_file_are_one_run(self):
        for model in ("mamba1", "mamba2-groups"):
            for dtype in ("f32", "f64"):
                whole = self.trace(GOLDEN / model, "--ids", IDS, "--points", "*", "--dtype", dtype)
                self.trace(GOLDEN / model, "--ids", "1,5,2", "--save-state", "state.safetensors", "--dtype", dtype)
                rest = self.trace(GOLDEN / model, "--ids", "7,3,9,11,4", "--points", "*,L0.mix.h0", "--state", "state.safetensors", "--dtype", dtype)
                self.assertEqual(rest.metadata["position"], "3")
                for name in whole.names():
                    self.assertEqual(rest.bytes(name), whole.row_bytes(name, 3), name)
                self.assertEqual(rest.bytes("L0.mix.h0"), whole.row_bytes("L0.mix.h", 2, 3))
                self.assertEqual(rest.shape("L0.mix.h0"), whole.shape("L0.mix.h")[1:])

    def test_position_goes_on(self):
        self.trace(GOLDEN / "mamba1", "--ids", "1,2,3", "--save-state", "a.safetensors")
        said = self.json_of("trace", GOLDEN / "mamba1", "--ids", "4,5", "--state", "a.safetensors", "--save-state", "b.safetensors", "-o", "t.safetensors")
        self.assertEqual(said["position"], 5)
        self.assertEqual(Tensors(self.folder / "b.safetensors").metadata["position"], "5")

    def test_a_state_of_another_model_is_refused(self):
        self.trace(GOLDEN / "mamba1", "--ids", "1,2", "--save-state", "state.safetensors")
        error = self.refusal("trace", GOLDEN / "mamba2", "--ids", "1", "--state", "state.safetensors", "-o", "t.safetensors")
        self.assertEqual((error["code"], error["expected"], error["found"]), ("mismatch", "mamba2", "mamba"))


class Vectors(Case):
    def test_vectors_stand_in_for_embeddings(self):
        trace = self.trace(GOLDEN / "mamba1", "--input", "pulse:amp=2,at=3", "-T", 6, "--points", "emb,logits")
        rows = [set(trace.values("emb")[t * 40:(t + 1) * 40]) for t in range(6)]
        self.assertEqual(rows, [{0}, {0}, {0}, {2}, {0}, {0}])
        self.assertNotIn("tok.ids", trace.names())

    def test_a_layer_alone_has_only_its_own_points(self):
        for model in ("mamba1", "mamba2"):
            trace = self.trace(GOLDEN / model, "--input", "pulse", "-T", 5, "--layer", 1, "--points", "*")
            self.assertTrue(all(name.startswith("L1.mix") for name in trace.names()), trace.names())
            self.assertGreater(max(map(abs, trace.values("L1.mixer_out"))), 0)

    def test_a_layer_alone_is_fed_with_vectors(self):
        error = self.refusal("trace", GOLDEN / "mamba1", "--ids", "1", "--layer", 0, "-o", "t.safetensors")
        self.assertEqual((error["field"], error["expected"]), ("--layer", "--input"))
        error = self.refusal("trace", GOLDEN / "mamba1", "--input", "zero", "-T", 3, "--layer", 2, "-o", "t.safetensors")
        self.assertEqual((error["code"], error["expected"], error["found"]), ("out_of_range", "0 to 1", "2"))


class Archives(Case):
    def test_an_archive_holds_what_the_safetensors_file_holds(self):
        expected = self.trace(GOLDEN / "mamba2", "--ids", IDS, "--points", "*,L*.mix.h0")
        self.run_program("trace", GOLDEN / "mamba2", "--ids", IDS, "--points", "*,L*.mix.h0", "-o", "trace.npz")
        with zipfile.ZipFile(self.folder / "trace.npz") as archive:
            self.assertIsNone(archive.testzip())
            names = {name.removesuffix(".npy") for name in archive.namelist()} - {"metadata.json"}
            self.assertEqual(names, expected.names())
            for name in names:
                raw = archive.read(name + ".npy")
                self.assertEqual(raw[:8], b"\x93NUMPY\x01\x00")
                size = int.from_bytes(raw[8:10], "little")
                self.assertEqual((10 + size) % 64, 0)
                head = ast.literal_eval(raw[10:10 + size].decode())
                self.assertEqual(head, {"descr": "<i8" if name == "tok.ids" else "<f4", "fortran_order": False, "shape": tuple(expected.shape(name))})
                self.assertEqual(raw[10 + size:], expected.bytes(name))
        self.assertEqual([p.name for p in self.folder.glob(".*")], [])


class Endings(Case):
    def test_a_limit_on_files_is_an_error_and_the_old_file_stays(self):
        old = self.folder / "trace.safetensors"
        old.write_text("old")
        done = self.run_program("trace", GOLDEN / "mamba1", "--ids", IDS, "--points", "*", "-o", old, expect=3, preexec_fn=limit_file_size(10_000))
        self.assertIn("trace.safetensors", done.stderr)
        self.assertEqual(old.read_text(), "old")
        self.assertEqual([p.name for p in self.folder.iterdir()], ["trace.safetensors"])

    def test_an_interruption_keeps_what_was_finished(self):
        def arguments(name, tokens):
            return ["trace", "builtin:prose", "--input", "random:seed=5", "-T", str(tokens), "--points", "final_norm,logits",
                    "--save-state", f"{name}_state.safetensors", "-o", f"{name}.safetensors"]
        terminal, inside = pty.openpty()  # progress is told to terminals only
        process = subprocess.Popen([PROGRAM, *arguments("part", 200000)], cwd=self.folder, env=environment(), stderr=inside, stdout=subprocess.PIPE)
        os.close(inside)
        said, until = b"", time.monotonic() + 60
        while b"trace " not in said and time.monotonic() < until and select.select([terminal], [], [], 60)[0]:
            said += os.read(terminal, 4096)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 130, said)
        process.stdout.close()
        os.close(terminal)
        part, state = Tensors(self.folder / "part.safetensors"), Tensors(self.folder / "part_state.safetensors")
        tokens = part.shape("logits")[0]
        self.assertTrue(0 < tokens < 200000, tokens)
        self.assertEqual(state.metadata["position"], str(tokens))
        self.run_program("check", "part.safetensors", "part_state.safetensors")
        self.run_program(*arguments("whole", tokens))
        whole, whole_state = Tensors(self.folder / "whole.safetensors"), Tensors(self.folder / "whole_state.safetensors")
        self.assertTrue(whole.header == part.header and whole.data == part.data)
        self.assertTrue(whole_state.metadata == state.metadata and whole_state.data == state.data)

    def test_refusals_name_the_place(self):
        model = GOLDEN / "mamba1"
        for args, code, field, found in (
            (["--ids", "1,2", "-o", "t.txt"], "bad_argument", "-o", ".txt"),
            (["--ids", "1,x", "-o", "t.npz"], "bad_argument", "--ids", "x"),
            (["--ids", "1,1008", "-o", "t.npz"], "out_of_range", "id 1", "1008"),
            (["--ids", "", "-o", "t.npz"], "bad_argument", "INPUT", "none"),
            (["--ids", "1", "--points", "L7.*", "-o", "t.npz"], "bad_argument", "--points", "L7.*"),
            (["--input", "zero", "-o", "t.npz"], "bad_argument", "-T", "0"),
            (["--input", "zero", "-T", "10000000000", "-o", "t.npz"], "bad_argument", "-T", "10000000000"),
        ):
            error = self.refusal("trace", model, *args)
            self.assertEqual((error["code"], error["field"], error["found"]), (code, field, found), args)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_what_the_machine_lacks_is_another_exit_code(self):
        self.assertEqual(self.refusal("trace", GOLDEN / "mamba1", "--ids", "1", "--device", "cuda", "-o", "t.npz", expect=3)["code"], "environment")


main()
