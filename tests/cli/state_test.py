#!/usr/bin/env python3
"""statelab state and lanes, and check of states: what they say of good files and scripts, and what they refuse."""
import json
import math
import resource
import struct
import zipfile

from program import GOLDEN, Case, Tensors, ids_text, main

IDS = [3, 14, 15, 92, 65, 35, 89, 79, 32, 38]


def read(path):
    """A safetensors file as (header, data)."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    return json.loads(raw[8:8 + size]), raw[8 + size:]


def write(path, header, data):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class StateCase(Case):
    def state(self, name, ids=IDS, model="mamba1", *args):
        self.run_program("trace", GOLDEN / model, "--ids", ids_text(ids), "--points", "logits", "-o", "t.safetensors", "--save-state", name, "--quiet", *args)
        return self.folder / name


class Info(StateCase):
    def test_a_state_is_told_tensor_by_tensor(self):
        path = self.state("s.safetensors")
        said = self.json_of("state", "info", path)
        file = Tensors(path)
        self.assertEqual((said["model_type"], said["position"], said["layers"], said["warnings"]), ("mamba", 10, 2, []))
        self.assertEqual(said["model_hash"], self.json_of("info", GOLDEN / "mamba1")["hash"])
        self.assertEqual({f"layers.{t['layer']}.{t['tensor']}" for t in said["tensors"]}, file.names())
        for t in said["tensors"]:
            name = f"layers.{t['layer']}.{t['tensor']}"
            values = file.values(name)
            self.assertEqual((t["shape"], t["dtype"], t["nonfinite"]), (file.shape(name), "F32", 0))
            self.assertAlmostEqual(t["norm"] / math.sqrt(math.fsum(v * v for v in values)), 1, places=12)
            self.assertEqual(t["largest"], max(map(abs, values)))
        lines = self.run_program("state", "info", path).stdout
        for word in ("after 10 tokens", "layers.1.ssm_state", "F32"):
            self.assertIn(word, lines)

    def test_what_is_no_state_is_refused(self):
        for path, code in ((GOLDEN / "mamba1/model.safetensors", "wrong_kind"), (GOLDEN / "mamba1/reference.safetensors", "wrong_kind"),
                           ("nothing.safetensors", "not_found")):
            self.assertEqual(self.refusal("state", "info", path)["code"], code)


class Compare(StateCase):
    def test_equal_states_exit_with_0_and_others_with_1(self):
        self.state("a.safetensors"), self.state("b.safetensors"), self.state("c.safetensors", IDS[:9] + [39])
        same = self.json_of("state", "compare", "a.safetensors", "b.safetensors")
        self.assertTrue(same["equal"] and all(t["equal"] and t["rel_l2"] == 0 and t["differing"] == 0 for t in same["tensors"]))
        self.assertIn("equal, bit for bit", self.run_program("state", "compare", "a.safetensors", "b.safetensors").stdout)
        other = self.json_of("state", "compare", "a.safetensors", "c.safetensors", expect=1)
        self.assertFalse(other["equal"])
        files = [Tensors(self.folder / name) for name in ("a.safetensors", "c.safetensors")]
        for t in other["tensors"]:
            a, b = (file.values(f"layers.{t['layer']}.{t['tensor']}") for file in files)
            norm = math.sqrt(math.fsum(y * y for y in b))
            self.assertAlmostEqual(t["rel_l2"], math.sqrt(math.fsum((x - y) ** 2 for x, y in zip(a, b))) / norm, places=12)
            self.assertAlmostEqual(t["cosine"], math.fsum(x * y for x, y in zip(a, b)) / norm / math.sqrt(math.fsum(x * x for x in a)), places=12)
            self.assertEqual(t["max_abs"], max(abs(x - y) for x, y in zip(a, b)))
            self.assertEqual(t["differing"], sum(struct.pack("f", x) != struct.pack("f", y) for x, y in zip(a, b)))

    def test_a_state_of_another_precision_differs_by_its_rounding(self):
        self.state("a.safetensors"), self.state("b.safetensors", IDS, "mamba1", "--dtype", "f64")
        said = self.json_of("state", "compare", "a.safetensors", "b.safetensors", expect=1)
        self.assertTrue(all(0 < t["rel_l2"] < 1e-5 for t in said["tensors"]), said["tensors"])

    def test_states_of_other_models(self):
        self.state("a.safetensors"), self.state("b.safetensors", model="mamba1-bf16"), self.state("c.safetensors", model="mamba2")
        self.assertTrue(any("different models" in w for w in self.json_of("state", "compare", "a.safetensors", "b.safetensors", expect=1)["warnings"]))
        error = self.refusal("state", "compare", "a.safetensors", "c.safetensors")
        self.assertEqual((error["field"], error["expected"], error["found"]), ("model_type", "mamba", "mamba2"))


class Check(StateCase):
    """The rows SF1 to SF3 of the faults that must be survived."""

    def refused(self, path, model="mamba1"):
        answer, = self.json_of("check", path, "--model", GOLDEN / model, expect=2)
        self.assertEqual(answer["kind"], "state")
        return answer["error"]

    def test_sf1_another_model_is_refused_with_both_fingerprints(self):
        path = self.state("s.safetensors")
        self.assertTrue(self.json_of("check", path, "--model", GOLDEN / "mamba1")[0]["ok"])
        hashes = [self.json_of("info", GOLDEN / model)["hash"] for model in ("mamba1-bf16", "mamba1")]
        error = self.refused(path, "mamba1-bf16")
        self.assertEqual((error["field"], error["expected"], error["found"]), ("__metadata__.model_hash", *hashes))
        error = self.refused(path, "mamba2")
        self.assertEqual((error["field"], error["expected"], error["found"]), ("__metadata__.model_type", "mamba2", "mamba"))

    def test_sf1_transposed_shapes_and_other_layers_are_refused_by_tensor(self):
        header, data = read(GOLDEN / "states/mamba1/state.safetensors")
        turned = json.loads(json.dumps(header))
        shape = turned["layers.0.ssm_state"]["shape"]
        shape.reverse()
        write(self.folder / "turned.safetensors", turned, data)
        error = self.refused("turned.safetensors")
        self.assertEqual((error["field"], error["found"]), ("layers.0.ssm_state", str(shape)))
        self.assertEqual(error["expected"], str(shape[::-1]))
        fewer = {name: entry for name, entry in header.items() if not name.startswith("layers.1.")}
        end = max(entry["data_offsets"][1] for name, entry in fewer.items() if name != "__metadata__")
        self.assertEqual(min(entry["data_offsets"][0] for name, entry in header.items() if name.startswith("layers.1.")), end)
        write(self.folder / "fewer.safetensors", fewer, data[:end])
        self.assertEqual(self.refused("fewer.safetensors")["code"], "missing")
        more = {name.replace("layers.1.", "layers.2."): entry for name, entry in header.items()}
        write(self.folder / "more.safetensors", more, data)
        self.assertEqual(self.refused("more.safetensors")["field"], "layers.1.conv_state")

    def test_sf1_the_other_byte_order_is_refused(self):
        header, data = read(GOLDEN / "states/mamba1/state.safetensors")
        write(self.folder / "big.safetensors", header, struct.pack(f">{len(data) // 4}f", *struct.unpack(f"<{len(data) // 4}f", data)))
        error = self.refused("big.safetensors")
        self.assertEqual((error["code"], error["field"], error["found"]), ("mismatch", "byte order", "big-endian ones"))

    def test_sf1_another_type_is_taken_and_said(self):
        header, data = read(GOLDEN / "states/mamba1/state.safetensors")
        for entry in header.values():
            if "dtype" in entry and "shape" in entry:
                entry["dtype"], entry["data_offsets"] = "F64", [2 * at for at in entry["data_offsets"]]
        write(self.folder / "wide.safetensors", header, struct.pack(f"<{len(data) // 4}d", *struct.unpack(f"<{len(data) // 4}f", data)))
        self.assertTrue(self.json_of("check", "wide.safetensors", "--model", GOLDEN / "mamba1")[0]["ok"])
        self.run_program("trace", GOLDEN / "mamba1", "--ids", "1", "-o", "t.safetensors", "--state", "wide.safetensors")
        self.assertIn("stored as float64", self.run_program("trace", GOLDEN / "mamba1", "--ids", "1", "-o", "t.safetensors", "--state", "wide.safetensors").stderr)

    def test_sf2_values_that_are_no_numbers_are_counted_and_highlighted(self):
        header, data = read(GOLDEN / "states/mamba1/state.safetensors")
        begin = header["layers.1.ssm_state"]["data_offsets"][0]
        odd = struct.pack("<4f", math.nan, math.inf, -math.inf, 1e-40)
        write(self.folder / "odd.safetensors", header, data[:begin] + odd + data[begin + len(odd):])
        answer, = self.json_of("check", "odd.safetensors")
        self.assertTrue(answer["ok"])
        for words in ("3 values are not finite, the first in layers.1.ssm_state", "1 value is subnormal, the first in layers.1.ssm_state"):
            self.assertIn(words, answer["warnings"])
        told = {(t["layer"], t["tensor"]): t for t in self.json_of("state", "info", "odd.safetensors")["tensors"]}
        self.assertEqual([t["nonfinite"] for t in told.values() if t["nonfinite"]], [3])
        line, = (line for line in self.run_program("state", "info", "odd.safetensors").stdout.splitlines() if line.startswith("layers.1.ssm_state"))
        self.assertTrue(line.rstrip().endswith("!"), line)
        self.run_program("trace", GOLDEN / "mamba1", "--ids", "1", "-o", "t.safetensors", "--state", "odd.safetensors")  # it loads

    def test_sf3_sizes_that_lie_are_refused_before_anything_is_inflated(self):
        with zipfile.ZipFile(self.folder / "small.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("layers.0.ssm_state.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + b"{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }".ljust(117) + b"\n" + bytes(16))
        raw = bytearray((self.folder / "small.npz").read_bytes())
        for signature, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):  # where the headers say how large it will be
            place = raw.find(signature) + at
            raw[place:place + 4] = struct.pack("<I", 0xFFFFFF00)
        (self.folder / "lying.npz").write_bytes(raw)
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))  # nothing of the size that is claimed fits
        done = self.run_program("check", "lying.npz", "--json", expect=2, preexec_fn=limit)
        self.assertIn(json.loads(done.stdout)[0]["error"]["code"], ("too_large", "mismatch", "malformed", "truncated"))
        header, data = read(GOLDEN / "states/mamba1/state.safetensors")
        header["layers.1.ssm_state"]["shape"] = [1 << 40, 1 << 20]
        write(self.folder / "huge.safetensors", header, data)
        error = self.json_of("check", "huge.safetensors", expect=2)[0]["error"]
        self.assertEqual(error["field"], "layers.1.ssm_state")
        self.assertIn(error["code"], ("mismatch", "too_large"))


class Lanes(StateCase):
    def lanes(self, events, lanes=3, model=GOLDEN / "mamba2", *options):
        (self.folder / "lanes.json").write_text(json.dumps({"format": "statelab-lanes/1", "lanes": lanes, "events": events}))
        return self.json_of("lanes", model, "--script", "lanes.json", *options)

    def hash_after(self, *inputs):
        """The hash of one lane alone that read these inputs one after the other."""
        return self.lanes([{"feed": [ids]} for ids in inputs], 1)["events"][-1]["lanes"][0]["state_hash"]

    def test_each_lane_is_what_it_is_alone(self):
        events = [{"feed": [IDS, IDS[:3], []]}, {"reset": [0]}, {"feed": [[7], [8, 9], [1]]}]
        said = self.lanes(events)
        self.assertEqual([event["event"] for event in said["events"]], ["feed", "reset", "feed"])
        self.assertEqual([[lane["position"] for lane in event["lanes"]] for event in said["events"]], [[10, 3, 0], [0, 3, 0], [1, 5, 1]])
        hashes = [[lane["state_hash"] for lane in event["lanes"]] for event in said["events"]]
        self.assertEqual(hashes[1][1:], hashes[0][1:])
        self.assertEqual(hashes[2], [self.hash_after([7]), self.hash_after(IDS[:3], [8, 9]), self.hash_after([1])])
        self.assertEqual(hashes[1][0], hashes[0][2])
        self.assertEqual([lane["next"] is None for lane in said["events"][1]["lanes"]], [True, False, True])
        self.assertEqual([lane["chosen"] for lane in said["events"][1]["lanes"]], [True, False, False])
        for threads in (1, 2, 4):
            self.assertEqual(self.lanes(events, 3, GOLDEN / "mamba2", "--threads", threads), said)
        lines = self.run_program("lanes", GOLDEN / "mamba2", "--script", "lanes.json").stdout
        self.assertIn(f"lane 1  read 2  at 5  {hashes[2][1]}", lines)

    def test_generation_is_that_of_the_program(self):
        said = self.lanes([{"feed": ["In the beginning ", "And it was "]}, {"generate": 12}], 2, "builtin:prose")
        for lane, text in zip(said["events"][1]["lanes"], ("In the beginning ", "And it was ")):
            alone = self.json_of("generate", "builtin:prose", "--text", text, "-n", 12, "--greedy")
            self.assertEqual(lane["read"], alone["ids"])

    def test_a_soft_reset_forgets_a_share(self):
        soft = lambda factor: [lane["state_hash"] for lane in self.lanes([{"feed": [IDS, IDS, IDS]}, {"soft_reset": [1], "factor": factor}])["events"][1]["lanes"]]
        whole, half = soft(1), soft(0.5)
        self.assertEqual(len(set(whole)), 1)
        self.assertEqual((half[0], half[2]), (whole[0], whole[0]))
        self.assertNotEqual(half[1], whole[1])

    def test_scripts_that_mean_nothing_are_refused_by_field(self):
        good = {"format": "statelab-lanes/1", "lanes": 2, "events": []}
        event = lambda value: good | {"events": [value]}
        for script, code, field in (
            ([], "mismatch", ""), ({}, "missing", "format"), (good | {"format": "statelab-lanes/2"}, "unsupported", "format"),
            (good | {"lane": 1}, "unsupported", "lane"), (good | {"lanes": 0}, "out_of_range", "lanes"),
            ({"format": "statelab-lanes/1", "events": []}, "missing", "lanes"), ({"format": "statelab-lanes/1", "lanes": 2}, "missing", "events"),
            (event({"jump": 1}), "mismatch", "events[0]"), (event({"feed": [[1]]}), "mismatch", "events[0].feed"),
            (event({"feed": [[1], 2]}), "mismatch", "events[0].feed[1]"), (event({"feed": [[1], [-2]]}), "out_of_range", "events[0].feed[1][0]"),
            (event({"feed": [[1], [1 << 20]]}), "out_of_range", "events[0].lanes[1]"), (event({"reset": [2]}), "out_of_range", "events[0].reset"),
            (event({"reset": 1}), "mismatch", "events[0].reset"), (event({"reset": [0], "factor": 1}), "unsupported", "events[0].factor"),
            (event({"soft_reset": [0]}), "missing", "events[0].factor"), (event({"soft_reset": [0], "factor": 2}), "out_of_range", "events[0].factor"),
            (event({"generate": -1}), "out_of_range", "events[0].generate"), (event({"feed": ["a", "b"]}), "missing", "events[0].feed[0]"),
        ):
            (self.folder / "bad.json").write_text(json.dumps(script))
            error = self.refusal("lanes", GOLDEN / "mamba2-groups", "--script", "bad.json")
            self.assertEqual((error["code"], error["field"]), (code, field), (script, error))
            self.assertTrue(error["file"].endswith("bad.json"), error)


main()
