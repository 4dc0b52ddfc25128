#!/usr/bin/env python3
"""Writes the kept corpora of the fuzz targets: valid files, and one for each refusal.

    make_corpus.py [FOLDER]

Files that a fuzzer found stay: this script only writes its own names.
"""
import io
import json
import pathlib
import struct
import sys
import zipfile


def count_of(shape):
    count = 1
    for extent in shape:
        count *= extent
    return count


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(name, dtype, shape, begin, end):
    return f'"{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}'


A, B = entry("a", "F32", [2], 0, 8), entry("b", "BF16", [2], 8, 12)
SAFETENSORS = {
    "valid": safetensors(f'{{"__metadata__":{{"format":"pt"}},{A},{B}}}', bytes(12)),
    "valid-empty": safetensors("{}"),
    "valid-padded": safetensors(f"{{{A}}}   ", bytes(8)),
    "valid-unsorted": safetensors(f"{{{B},{A}}}", bytes(12)),
    "valid-scalar": safetensors("{" + entry("a", "F64", [], 0, 8) + "}", bytes(8)),
    "valid-no-elements": safetensors("{" + entry("a", "F32", [0, 7], 0, 0) + "}"),
    "valid-null-metadata": safetensors(f'{{"__metadata__":null,{A}}}', bytes(8)),
    "valid-odd-address": safetensors("{" + entry("a", "U8", [1], 0, 1) + "," + entry("b", "F32", [1], 1, 5) + "}", bytes(5)),
    "valid-unknown-field": safetensors('{"a":{"dtype":"U8","note":[{}],"shape":[1],"data_offsets":[0,1]}}', bytes(1)),
    "valid-640-bytes": safetensors(f"{{{A}}}".ljust(640), bytes(8)),
    "empty": b"",
    "seven-bytes": bytes(7),
    "length-zero": safetensors("", length=0),
    "length-beyond-file": safetensors("{}", length=3),
    "length-wraps": safetensors("{}", length=2**64 - 8),
    "length-over-limit": safetensors("{}", length=10**8 + 1),
    "web-page": b"<!DOCTYPE html><html></html>",
    "zip": b"PK\x03\x04\x14\x00\x08\x00\x00\x00",
    "gguf": b"GGUF\x03\x00\x00\x00\x00\x00\x00\x00",
    "not-utf8": safetensors(b'{"\xff":1}'),
    "array": safetensors("[]"),
    "trailing-comma": safetensors(f"{{{A},}}", bytes(8)),
    "zero-byte": safetensors("{}\0\0\0\0\0\0"),
    "nested": safetensors('{"a":' + "[" * 1000),
    "object-in-shape": safetensors('{"a":{"dtype":"U8","shape":[{}],"data_offsets":[0,1]}}', bytes(1)),
    "name-twice": safetensors(f"{{{A},{A}}}", bytes(8)),
    "field-twice": safetensors('{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', bytes(1)),
    "field-missing": safetensors('{"a":{"dtype":"U8","shape":[1]}}', bytes(1)),
    "name-empty": safetensors('{"":7}'),
    "number-for-tensor": safetensors(f'{{{A},"b":7}}', bytes(8)),
    "range-backwards": safetensors("{" + entry("a", "U8", [8], 8, 0) + "}", bytes(8)),
    "range-beyond-end": safetensors("{" + entry("a", "U8", [9], 0, 9) + "}", bytes(8)),
    "range-huge": safetensors("{" + entry("a", "U8", [2**60], 0, 2**60) + "}", bytes(8)),
    "range-of-three": safetensors('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}', bytes(1)),
    "hole": safetensors("{" + entry("a", "U8", [1], 1, 2) + "}", bytes(2)),
    "overlap": safetensors("{" + entry("a", "U8", [2], 0, 2) + "," + entry("b", "U8", [2], 1, 3) + "}", bytes(3)),
    "left-over": safetensors(f"{{{A}}}", bytes(9)),
    "shape-overflows": safetensors("{" + entry("a", "F32", [2**32, 2**32], 0, 4) + "}", bytes(4)),
    "shape-overflows-to-zero": safetensors("{" + entry("a", "U8", [2**33, 2**30, 0], 0, 0) + "}"),
    "size-off-by-one": safetensors("{" + entry("a", "F32", [3], 0, 8) + "}", bytes(8)),
    "type-unknown": safetensors("{" + entry("a", "F8_E4M3", [8], 0, 8) + "}", bytes(8)),
    "metadata-number": safetensors('{"__metadata__":{"k":1}}'),
    "control-characters": safetensors('{"a\\u0000\\u001b":7}'),
}


def state(metadata, tensors=("layers.0.conv_state", [2, 3]), more=(("layers.0.ssm_state", [3, 2]),), dtype="F32", size=4, values=None):
    header, at, data = {"__metadata__": metadata}, 0, b""
    for name, shape in (tensors, *more):
        count = 1
        for extent in shape:
            count *= extent
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + count * size]}
        at += count * size
    return safetensors(json.dumps(header), (values or bytes(at)))


PLAIN = {"format": "statelab-state/1", "model_type": "tiny", "position": "3"}
STATES = {
    "valid": state(PLAIN),
    "valid-f64": state(PLAIN, dtype="F64", size=8),
    "valid-f16": state(PLAIN, dtype="F16", size=2),
    "valid-bf16": state(PLAIN, dtype="BF16", size=2),
    "valid-nothing-said": state({"format": "statelab-state/1"}),
    "valid-hash": state(PLAIN | {"model_hash": "0123456789abcdef", "dtype": "float32", "layout": "rows"}),
    "valid-one-lane": state(PLAIN | {"lanes": "1"}, ("layers.0.conv_state", [1, 2, 3]), (("layers.0.ssm_state", [1, 3, 2]),)),
    "valid-one-lane-no-axis": state(PLAIN | {"lanes": "1"}),
    "valid-not-finite": state(PLAIN, values=struct.pack("<12f", *[float("nan"), float("inf")] * 6)),
    "format-absent": state({}),
    "format-other": state(PLAIN | {"format": "statelab-reference/1"}),
    "format-newer": state(PLAIN | {"format": "statelab-state/2"}),
    "position-negative": state(PLAIN | {"position": "-1"}),
    "position-word": state(PLAIN | {"position": "three"}),
    "position-huge": state(PLAIN | {"position": "9" * 40}),
    "position-empty": state(PLAIN | {"position": ""}),
    "lanes-two": state(PLAIN | {"lanes": "2"}),
    "lanes-word": state(PLAIN | {"lanes": "many"}),
    "checksum-wrong": state(PLAIN | {"checksum": "0" * 16}),
    "other-model": state(PLAIN | {"model_type": "mamba"}),
    "other-hash": state(PLAIN | {"model_hash": "f" * 16}),
    "no-tensors": safetensors(json.dumps({"__metadata__": PLAIN})),
    "tensor-missing": state(PLAIN, more=()),
    "tensor-foreign": state(PLAIN, more=(("weights", [1]),)),
    "tensor-of-more-layers": state(PLAIN, more=(("layers.0.ssm_state", [3, 2]), ("layers.7.ssm_state", [1]))),
    "tensor-layer-too-long": state(PLAIN, more=(("layers.99999999999.ssm_state", [1]),)),
    "tensor-name-open": state(PLAIN, more=(("layers.0.", [1]),)),
    "tensor-leading-zero": state(PLAIN, more=(("layers.0.ssm_state", [3, 2]), ("layers.00.ssm_state", [1]))),
    "tensor-name-empty": state(PLAIN, more=(("", [1]),)),
    "shape-transposed": state(PLAIN, ("layers.0.conv_state", [3, 2])),
    "type-integers": state(PLAIN, dtype="I32"),
    "truncated": state(PLAIN)[:-1],
}

CONFIG = {"model_type": "mamba", "hidden_size": 16, "num_hidden_layers": 1, "vocab_size": 8, "state_size": 16, "conv_kernel": 4, "expand": 2}
CONFIG2 = CONFIG | {"model_type": "mamba2", "num_heads": 4, "head_dim": 8, "n_groups": 1, "tie_word_embeddings": True}


def with_text(name, text, config=None):
    fields = {k: json.dumps(v) for k, v in (config or CONFIG).items()} | {name: text}
    return ("{" + ", ".join(f'"{k}": {v}' for k, v in fields.items()) + "}").encode()


CONFIGS = {
    "valid-mamba": json.dumps(CONFIG).encode(),
    "valid-mamba2": json.dumps(CONFIG2).encode(),
    "valid-infinity": with_text("time_step_limit", "[0.0, Infinity]", CONFIG2),
    "valid-tagged-infinity": with_text("time_step_limit", '[0.0, {"__float__": "Infinity"}]', CONFIG2),
    "valid-ignored-nan": with_text("other", "[NaN, -Infinity]"),
    "valid-auto-rank": with_text("time_step_rank", '"auto"'),
    "valid-nulls": with_text("use_bias", "null"),
    "valid-padded": with_text("vocab_size", "5"),
    "valid-left-over": json.dumps(CONFIG | {"d_model": 3, "ssm_cfg": {}, "auto_map": {"AutoModel": "x.py--Y"}}).encode(),
    "valid-escapes": with_text("note", '"\\u00e9\\ud83d\\ude42\\\\\\"Infinity"'),
    "valid-array": b"[1, 2.5, null, true, {}]",
    "empty": b"",
    "cut": b'{"hidden_size": 1',
    "byte-order-mark": b"\xef\xbb\xbf{}",
    "zero-byte": b"{}\x00{}",
    "not-utf8": b'{"\xff": 1}',
    "lone-surrogate": b'{"a": "\\ud800"}',
    "trailing-comma": b'{"a": 1,}',
    "two-values": b"{} {}",
    "comment": b'{"a": 1} // c',
    "key-twice": b'{"a": 1, "a": 2}',
    "nested-arrays": b"[" * 1000,
    "nested-objects": b'{"a":' * 500,
    "many-values": b"[" + b"0," * 1500 + b"0]",
    "number-overflows": with_text("hidden_size", "1e400"),
    "number-2-64": with_text("hidden_size", "18446744073709551616"),
    "number-narrows": with_text("hidden_size", "4294967312"),
    "number-fraction": with_text("hidden_size", "16.5"),
    "number-negative": with_text("conv_kernel", "-1"),
    "number-zero": with_text("state_size", "0"),
    "number-word": with_text("expand", '"2"'),
    "number-object": with_text("expand", "{}"),
    "limit-reversed": with_text("time_step_limit", "[1, 0]", CONFIG2),
    "limit-nan": with_text("time_step_limit", "[NaN, NaN]", CONFIG2),
    "heads-disagree": with_text("num_heads", "3", CONFIG2),
    "groups-do-not-divide": with_text("n_groups", "3", CONFIG2),
    "shape-disagrees": with_text("state_size", "8"),
    "layers-disagree": with_text("num_hidden_layers", "2"),
    "bare-word": b"{a: Infinity}",
    "almost-infinity": b"[--Infinity, 1Infinity, InfinityNaN]",
}

VOCABULARY = {"a": 0, "b": 1, "ab": 2, "\u0120": 3, "\u00c3": 4, "\u00a9": 5}


def tokenizer(text=b" ab\xc3\xa9 e\xcc\x81 <e>", **changes):
    model = {"type": "BPE", "vocab": VOCABULARY, "merges": ["a b"]} | changes.pop("model", {})
    root = {"added_tokens": [{"id": 9, "content": "<e>", "special": True}], "normalizer": {"type": "NFC"},
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False}, "post_processor": None,
            "decoder": {"type": "ByteLevel"}, "model": model} | changes
    return json.dumps(root).encode() + b"\0" + text


def template(single, ids):
    return {"type": "TemplateProcessing", "single": single, "special_tokens": {"<e>": {"ids": ids}}}


LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
          r"\s+(?!\S)|\s+")
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}


def split(pattern=LLAMA3, *behind, **changes):
    return {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"} | changes,
                                                  *(behind or [BYTES])]}


def replace(pattern, content):
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def characters(text=" ab \u00e9\u65e5<e>a  ".encode(), **changes):
    """Llama 2 in small: some of the byte tokens, so that there are unknown characters too."""
    model = {"vocab": {"<unk>": 0, "<0xC3>": 1, "<0xA9>": 2, "\u2581": 3, "a": 4, "b": 5, "\u2581a": 6}, "merges": ["\u2581 a"],
             "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True} | changes.pop("model", {})
    parts = {"normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"}, replace(" ", "\u2581")]},
             "pre_tokenizer": None, "decoder": {"type": "Sequence", "decoders": DECODERS}}
    return tokenizer(text, **parts | changes, model=model)


DECODERS = [replace("\u2581", " "), {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]
METASPACE = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first"}

TOKENIZERS = {
    "valid": tokenizer(),
    "valid-granite": tokenizer("IT'\u017f 12345 a.\r\n \n ab  ".encode(), normalizer=None, pre_tokenizer=split(), model={"ignore_merges": True}),
    "valid-two-splits": tokenizer(b"a12 b", pre_tokenizer=split(r"\p{N}", BYTES | {"use_regex": True})),
    "valid-llama": characters(),
    "valid-metaspace": characters(normalizer=None, pre_tokenizer=METASPACE),
    "valid-metaspace-whole": characters(normalizer=None, pre_tokenizer=METASPACE | {"split": False, "prepend_scheme": "always"}),
    "valid-unknown-apart": characters(model={"fuse_unk": False}),
    "valid-unknown-dropped": characters(model={"unk_token": None}),
    "valid-prepended-added": characters(added_tokens=[{"id": 9, "content": "<e>", "normalized": True}], text=b"<e>a <e>"),
    "valid-empty-prefix": characters(normalizer={"type": "Prepend", "prepend": ""}),
    "valid-growing": characters(normalizer=replace("a", "aaaa"), text=b"a" * 99),
    "growing-twice": characters(normalizer={"type": "Sequence", "normalizers": [replace("a", "aaa")] * 2}),
    "decoder-growing": characters(decoder={"type": "Sequence", "decoders": [replace("a", "aaa")] * 2}),
    "prefix-long": characters(normalizer={"type": "Prepend", "prepend": "x" * 257}),
    "valid-vanishing": characters(normalizer=replace("a", ""), text=b"aba"),
    "split-after-bytes": tokenizer(pre_tokenizer={"type": "Sequence", "pretokenizers": [BYTES, BYTES]}),
    "split-alone": tokenizer(pre_tokenizer={"type": "Split", "pattern": {"Regex": LLAMA3}, "behavior": "Isolated"}),
    "split-behavior": tokenizer(pre_tokenizer=split(behavior="Removed")),
    "split-invert": tokenizer(pre_tokenizer=split(invert=True)),
    "split-string": tokenizer(pre_tokenizer={"type": "Split", "pattern": {"String": " "}}),
    "metaspace-scheme": characters(pre_tokenizer=METASPACE | {"prepend_scheme": "last"}),
    "metaspace-empty": characters(pre_tokenizer=METASPACE | {"replacement": ""}),
    "replace-empty": characters(normalizer=replace("", "x")),
    "replace-regex": characters(normalizer={"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": ""}),
    "decoder-order": characters(decoder={"type": "Sequence", "decoders": DECODERS[::-1]}),
    "decoder-absent": characters(decoder=None),
    "decoder-strip-huge": characters(decoder={"type": "Sequence", "decoders": [*DECODERS[:3], DECODERS[3] | {"start": 2**40}]}),
    "unknown-absent": characters(model={"unk_token": "<none>"}),
    "dropout": characters(model={"dropout": 0.5}),
    "template-beyond": tokenizer(post_processor=template([{"SpecialToken": {"id": "<e>"}}, {"Sequence": {"id": "A"}}], [77])),
    "template-twice": tokenizer(post_processor=template([{"Sequence": {"id": "A"}}] * 2, [9])),
    "added-id-taken": tokenizer(added_tokens=[{"id": 0, "content": "<e>"}]),
    "valid-pairs": tokenizer(model={"merges": [["a", "b"]]}),
    "valid-sequences": tokenizer(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}]}),
    "valid-template": tokenizer(post_processor=template([{"SpecialToken": {"id": "<e>"}}, {"Sequence": {"id": "A"}}], [9])),
    "valid-ignore-merges": tokenizer(model={"ignore_merges": True}),
    "valid-sparse": tokenizer(model={"vocab": {"a": 7, "b": 90000}, "merges": []}),
    "valid-empty-token": tokenizer(model={"vocab": {"": 0, "a": 1}, "merges": []}),
    "valid-strips": tokenizer(added_tokens=[{"id": 9, "content": "b", "lstrip": True, "rstrip": True}], text=b"a  b  a \xe3\x80\x80b"),
    "valid-single-word": tokenizer(added_tokens=[{"id": 9, "content": "b", "single_word": True}], text=b"b ab b_ \xc3\xa9b b"),
    "valid-normalized-added": tokenizer(added_tokens=[{"id": 9, "content": "\u00e9", "normalized": True}], text=b"e\xcc\x81"),
    "valid-overlapping-added": tokenizer(added_tokens=[{"id": i + 9, "content": "<e>" * (i + 1)} for i in range(4)], text=b"<e>" * 9),
    "valid-same-added": tokenizer(added_tokens=[{"id": 9, "content": "x"}, {"id": 10, "content": "x"}, {"id": 11, "content": ""}]),
    "text-empty": tokenizer(b""),
    "text-spaces": tokenizer(b" " * 99 + b"\n \t \r\n"),
    "text-invalid": tokenizer(b"\xff\xc0\xaf\xed\xa0\x80\xf0\x9f\x99 \xe2\x82"),
    "text-marks": tokenizer(b"a" + b"\xcc\x81\xcc\x96" * 300),
    "text-hangul": tokenizer("\u1100\u1161\u11a8\u1161".encode() * 20),
    "text-contractions": tokenizer(b"I'll don't WE'LL ''s 's's"),
    "text-emoji": tokenizer("\U0001F468\u200D\U0001F4BB\uFE0F 日本語 ½".encode()),
    "text-control": tokenizer(bytes(range(256))),
    "not-json": b"{\0text",
    "array": b"[]\0a",
    "model-absent": b'{"added_tokens": []}\0a',
    "model-type": tokenizer(model={"type": "Unigram"}),
    "model-byte-fallback": tokenizer(model={"byte_fallback": True}),
    "model-suffix": tokenizer(model={"end_of_word_suffix": "</w>"}),
    "id-negative": tokenizer(model={"vocab": {"a": -1}, "merges": []}),
    "id-huge": tokenizer(model={"vocab": {"a": 2**31}, "merges": []}),
    "id-fraction": tokenizer(model={"vocab": {"a": 0.5}, "merges": []}),
    "id-twice": tokenizer(model={"vocab": {"a": 0, "b": 0}, "merges": []}),
    "merge-unknown": tokenizer(model={"merges": ["a c"]}),
    "merge-single": tokenizer(model={"merges": ["ab"]}),
    "merge-number": tokenizer(model={"merges": [5]}),
    "normalizer-unknown": tokenizer(normalizer={"type": "NFKC"}),
    "normalizer-without-type": tokenizer(normalizer={}),
    "pre-tokenizer-absent": tokenizer(pre_tokenizer=None),
    "pre-tokenizer-split": tokenizer(pre_tokenizer={"type": "Split", "pattern": {"Regex": "(a+)+$"}}),
    "pre-tokenizer-prefix": tokenizer(pre_tokenizer={"type": "ByteLevel"}),
    "decoder-unknown": tokenizer(decoder={"type": "WordPiece"}),
    "template-unknown": tokenizer(post_processor=template([{"SpecialToken": {"id": "<x>"}}], [9])),
    "template-id": tokenizer(post_processor=template([{"SpecialToken": {"id": "<e>"}}], [-1])),
    "template-long": tokenizer(post_processor=template([{"Sequence": {}}] * 65, [9])),
    "added-without-id": tokenizer(added_tokens=[{"content": "x"}]),
    "added-flag": tokenizer(added_tokens=[{"id": 9, "content": "x", "special": 1}]),
}


def counted(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(raw)) + raw


TYPES = {"u8": (0, "<B"), "u32": (4, "<I"), "i32": (5, "<i"), "f32": (6, "<f"), "bool": (7, "<B"), "u64": (10, "<Q"), "f64": (12, "<d")}


def value(kind, x):
    if kind == "string":
        return struct.pack("<I", 8) + counted(x)
    if kind == "strings":
        return struct.pack("<IIQ", 9, 8, len(x)) + b"".join(counted(text) for text in x)
    if kind == "raw":
        return x
    number, form = TYPES[kind.rstrip("[]")]
    if kind.endswith("[]"):
        return struct.pack("<IIQ", 9, number, len(x)) + b"".join(struct.pack(form, item) for item in x)
    return struct.pack("<I", number) + struct.pack(form, x)


def gguf(keys=(), tensors=(), version=3, magic=b"GGUF", counts=None, alignment=32, cut=None):
    """tensors: (name, extents, type, bytes) or, with an offset of its own, (name, extents, type, bytes, offset)."""
    infos, data = b"", b""
    for name, extents, kind, size, *offset in tensors:
        data += bytes(-len(data) % alignment)
        infos += counted(name) + struct.pack(f"<I{len(extents)}Q", len(extents), *extents)
        infos += struct.pack("<IQ", kind, *(offset or [len(data)]))
        data += b"\x3c" * size
    head = magic + struct.pack("<I", version) + struct.pack("<QQ", *(counts or (len(tensors), len(keys))))
    head += b"".join(counted(key) + value(kind, x) for key, kind, x in keys) + infos
    return (head + bytes(-len(head) % alignment) + data)[:cut]


def f32(name, *extents):
    return name, extents, 0, 4 * count_of(extents)


SSM = [("embedding_length", "u32", 2), ("block_count", "u32", 1), ("ssm.inner_size", "u32", 4), ("ssm.state_size", "u32", 1),
       ("ssm.conv_kernel", "u32", 2), ("attention.layer_norm_rms_epsilon", "f32", 1e-5)]


def named(architecture, *more):
    return [("general.architecture", "string", architecture)] + [(f"{architecture}.{key}", kind, x) for key, kind, x in [*SSM, *more]]


MAMBA = named("mamba", ("ssm.time_step_rank", "u32", 1))
MAMBA_TENSORS = [f32("token_embd.weight", 2, 3), f32("output_norm.weight", 2), f32("blk.0.attn_norm.weight", 2), f32("blk.0.ssm_in.weight", 2, 8),
                 f32("blk.0.ssm_conv1d.weight", 2, 4), f32("blk.0.ssm_conv1d.bias", 4), f32("blk.0.ssm_x.weight", 4, 3),
                 f32("blk.0.ssm_dt.weight", 1, 4), f32("blk.0.ssm_dt.bias", 4), f32("blk.0.ssm_a", 1, 4), f32("blk.0.ssm_d", 4),
                 f32("blk.0.ssm_out.weight", 4, 2)]
HEADS = (("ssm.time_step_rank", "u32", 2), ("ssm.group_count", "u32", 1))
MAMBA2 = named("mamba2", *HEADS)
MAMBA2_TENSORS = [f32("token_embd.weight", 2, 3), f32("output_norm.weight", 2), f32("output.weight", 2, 3), f32("blk.0.attn_norm.weight", 2),
                  f32("blk.0.ssm_in.weight", 2, 12), f32("blk.0.ssm_conv1d.weight", 2, 6), f32("blk.0.ssm_conv1d.bias", 6),
                  f32("blk.0.ssm_dt.bias", 2), f32("blk.0.ssm_a", 1, 2), f32("blk.0.ssm_d", 1, 2), f32("blk.0.ssm_norm.weight", 4, 1),
                  f32("blk.0.ssm_out.weight", 4, 2)]
ATTENTION = (("attention.head_count", "u32", 1), ("feed_forward_length", "u32", 3))
GRANITE = named("granitehybrid", *HEADS, *ATTENTION, ("attention.head_count_kv", "i32[]", [0]), ("rope.scaling.finetuned", "bool", 0),
                ("attention.scale", "f32", 0), ("logit_scale", "f32", 3), ("expert_count", "u32", 2), ("expert_used_count", "u32", 1),
                ("expert_shared_feed_forward_length", "u32", 3))
LLAMA = named("llama", *ATTENTION, ("rope.scaling.type", "string", "linear"), ("rope.scaling.factor", "f32", 2))

LLAMA_BLOCK = [f32("token_embd.weight", 2, 3), f32("output_norm.weight", 2), f32("blk.0.attn_norm.weight", 2), f32("blk.0.attn_q.weight", 2, 2),
               f32("blk.0.attn_k.weight", 2, 2), f32("blk.0.attn_v.weight", 2, 2), f32("blk.0.attn_output.weight", 2, 2), f32("blk.0.ffn_norm.weight", 2),
               f32("blk.0.ffn_gate.weight", 2, 3), f32("blk.0.ffn_up.weight", 2, 3), f32("blk.0.ffn_down.weight", 3, 2)]
LLAMA_KEYS = named("llama", *ATTENTION, ("attention.head_count_kv", "u32", 1))


def vocabulary(model, more):
    tokens = ["a", "b", "ab", "\u0120", "\u2581", "\u2581a", "<e>", "[PAD7]"]
    return gguf([("tokenizer.ggml." + key, kind, x) for key, kind, x in
                 [("model", "string", model), ("tokens", "strings", tokens), *more]])


LLAMA_TOKENS = [("unknown_token_id", "u32", 6), ("scores", "f32[]", [0, 0, -1, 0, 0, -2, 0, 0]), ("token_type", "i32[]", [1, 1, 1, 4, 1, 1, 2, 5]),
                ("bos_token_id", "u32", 6)]

GGUFS = {
    "valid-mamba": gguf(MAMBA, MAMBA_TENSORS),
    "valid-falcon": gguf([*MAMBA, ("mamba.ssm.dt_b_c_rms", "bool", 1)], MAMBA_TENSORS),
    "valid-mamba2": gguf(MAMBA2, MAMBA2_TENSORS),
    "valid-granite": gguf(GRANITE, [f32("token_embd.weight", 2, 3), f32("blk.0.ffn_gate_exps.weight", 2, 3, 2)]),
    "valid-llama": gguf(LLAMA, [f32("token_embd.weight", 2, 3), f32("rope_freqs.weight", 1)]),
    "valid-llama-whole": gguf(LLAMA_KEYS, LLAMA_BLOCK),
    "valid-version-2": gguf(MAMBA, MAMBA_TENSORS, version=2),
    "valid-empty": gguf(),
    "valid-tokenizer-gpt2": vocabulary("gpt2", [("merges", "strings", ["a b"]), ("pre", "string", "llama-bpe"), ("token_type", "i32[]", [1] * 6 + [3, 5]), ("bos_token_id", "u32", 6)]),
    "valid-tokenizer-default-split": vocabulary("gpt2", [("merges", "strings", [])]),
    "valid-tokenizer-llama": vocabulary("llama", LLAMA_TOKENS),
    "valid-tokenizer-ends": vocabulary("llama", [*LLAMA_TOKENS, ("eos_token_id", "u32", 6), ("add_eos_token", "bool", 1), ("add_space_prefix", "bool", 0)]),
    "valid-tokenizer-none": gguf([("tokenizer.ggml.model", "string", "no_vocab")]),
    "tokenizer-unknown": vocabulary("bert", []),
    "tokenizer-split-unknown": vocabulary("gpt2", [("pre", "string", "superbpe")]),
    "tokenizer-merge-unknown": vocabulary("gpt2", [("merges", "strings", ["a c"])]),
    "tokenizer-merge-single": vocabulary("gpt2", [("merges", "strings", ["ab"])]),
    "tokenizer-scores-absent": vocabulary("llama", [("unknown_token_id", "u32", 0)]),
    "tokenizer-score-nan": vocabulary("llama", [("unknown_token_id", "u32", 0), ("scores", "f32[]", [float("nan")] * 8)]),
    "tokenizer-bytes-absent": vocabulary("llama", [("scores", "f32[]", [0] * 8)]),
    "tokenizer-types-short": vocabulary("gpt2", [("token_type", "i32[]", [1])]),
    "tokenizer-type-nine": vocabulary("gpt2", [("token_type", "i32[]", [9] * 8)]),
    "tokenizer-byte-broken": vocabulary("gpt2", [("token_type", "i32[]", [6] * 8)]),
    "tokenizer-bos-beyond": vocabulary("gpt2", [("bos_token_id", "u32", 8)]),
    "tokenizer-bos-absent": vocabulary("llama", LLAMA_TOKENS[:-1]),
    "tokenizer-token-twice": gguf([("tokenizer.ggml.model", "string", "gpt2"), ("tokenizer.ggml.tokens", "strings", ["a", "a"])]),
    "tokenizer-tokens-number": gguf([("tokenizer.ggml.model", "string", "gpt2"), ("tokenizer.ggml.tokens", "u32", 1)]),
    "valid-alignment": gguf([("general.alignment", "u32", 64)], [f32("a", 3), f32("b", 3)], alignment=64),
    "valid-values": gguf([("a", "u8", 7), ("b", "f64", 0.5), ("c", "strings", ["", "ab"]), ("d", "u64", 2**63), ("e", "f32[]", [])]),
    "valid-blocks": gguf((), [("a", (64,), 8, 68), ("b", (256, 2), 12, 288), ("c", (256,), 14, 210)]),
    "valid-no-elements": gguf((), [("a", (0, 7), 0, 0)]),
    "bool-seven": gguf([*MAMBA, ("mamba.ssm.dt_b_c_rms", "bool", 7)], MAMBA_TENSORS),
    "text-not-utf8": gguf([("a", "string", b"\xff")]),
    "empty": b"",
    "web-page": b"<!DOCTYPE html>",
    "version-1": gguf(version=1),
    "big-endian": gguf(version=0x03000000),
    "tensors-huge": gguf(counts=(2**64 - 1, 0)),
    "keys-huge": gguf(counts=(0, 2**63)),
    "key-empty": gguf([("", "u8", 1)]),
    "key-zero": gguf([("a\0", "u8", 1)]),
    "key-twice": gguf([("a", "u8", 1), ("a", "u8", 1)]),
    "key-long": gguf([("k", "raw", b"")], counts=(0, 1), cut=24) + struct.pack("<Q", 2**16) + bytes(64),
    "string-beyond": gguf([("a", "raw", struct.pack("<IQ", 8, 100))]),
    "string-huge": gguf([("a", "raw", struct.pack("<IQ", 8, 2**64 - 8))]),
    "type-unknown": gguf([("a", "raw", struct.pack("<IQ", 13, 0))]),
    "array-of-arrays": gguf([("a", "raw", struct.pack("<IIQ", 9, 9, 1))]),
    "array-huge": gguf([("a", "raw", struct.pack("<IIQ", 9, 10, 2**61))]),
    "strings-huge": gguf([("a", "raw", struct.pack("<IIQ", 9, 8, 2**62))]),
    "alignment-zero": gguf([("general.alignment", "u32", 0)]),
    "alignment-text": gguf([("general.alignment", "string", "32")]),
    "dimensions-none": gguf((), [("a", (), 0, 4)]),
    "dimensions-five": gguf((), [("a", (1,) * 5, 0, 4)]),
    "extents-overflow": gguf((), [("a", (2**33, 2**33), 0, 4)]),
    "extents-overflow-to-zero": gguf((), [("a", (0, 2**33, 2**33), 0, 0)]),
    "block-broken": gguf((), [("a", (33,), 8, 68)]),
    "weights-unknown": gguf((), [("a", (256,), 10, 84)]),
    "offset-odd": gguf((), [("a", (1,), 0, 4, 4)]),
    "offset-wraps": gguf((), [("a", (1,), 0, 4, 2**64 - 32)]),
    "overlap": gguf((), [f32("a", 9), ("b", (1,), 0, 4, 32)]),
    "data-cut": gguf((), [f32("a", 9)], cut=-1),
    "tensor-twice": gguf((), [f32("a", 1), f32("a", 1)]),
    "tensor-long-name": gguf((), [f32("n" * 64, 1)]),
    "architecture-unknown": gguf([("general.architecture", "string", "jamba")]),
    "architecture-absent": gguf([("general.name", "string", "x")]),
    "tensor-unknown": gguf(MAMBA, [*MAMBA_TENSORS, f32("blk.0.ssm_dt_norm.weight", 1)]),
    "block-beyond": gguf(MAMBA, [*MAMBA_TENSORS, f32("blk.7.ssm_d", 4)]),
    "blocks-huge": gguf(MAMBA[:2] + [("mamba.block_count", "u32", 2**32 - 1)] + MAMBA[3:], MAMBA_TENSORS),
    "width-zero": gguf([MAMBA2[0], ("mamba2.embedding_length", "u32", 0), *MAMBA2[2:]], MAMBA2_TENSORS),
    "heads-zero": gguf(MAMBA2[:-2] + [("mamba2.ssm.time_step_rank", "u32", 0), MAMBA2[-1]], MAMBA2_TENSORS),
    "embedding-scalar": gguf(MAMBA, [f32("token_embd.weight", 1), *MAMBA_TENSORS[1:]]),
    "split-alone": gguf([("split.count", "u32", 3)]),
    "scaling-foreign": gguf([*LLAMA[:-2], ("llama.rope.scaling.type", "string", '"}')], [f32("token_embd.weight", 2, 3)]),
}


def archive(members, method=zipfile.ZIP_STORED, force_zip64=False):
    """A zip of equal bytes at every run."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            with out.open(info, "w", force_zip64=force_zip64) as member:
                member.write(content)
    return file.getvalue()


def npy(header, data=b"", version=1):
    text = header.encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + data


def npy_of(descr="'<f4'", shape="(3,)", order="False", data=bytes(12), version=1):
    return npy(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n", data, version)


NPY = {
    "valid": npy_of(),
    "valid-version-2": npy_of(version=2),
    "valid-version-3": npy_of(version=3),
    "valid-fortran": npy_of(shape="(1, 3)", order="True"),
    "valid-fortran-cube": npy_of("'|u1'", "(2, 3, 2)", "True"),
    "valid-scalar": npy_of(shape="()", data=bytes(4)),
    "valid-no-elements": npy_of(shape="(0, 7)", data=b""),
    "valid-bool": npy_of("'|b1'", data=b"\0\1\0"),
    "empty": b"",
    "zip": b"PK\3\4",
    "object": npy_of("'|O'"),
    "record": npy_of("[('a', '<f4')]"),
    "big-endian": npy_of("'>f4'"),
    "version-4": npy_of(version=4),
    "shape-negative": npy_of(shape="(-3,)"),
    "shape-overflows": npy_of(shape=f"({2**62}, {2**62})"),
    "shape-beyond": npy_of(shape="(4,)"),
    "header-beyond": b"\x93NUMPY\1\0\xff\xff{}{}",
    "header-huge": b"\x93NUMPY\2\0\xff\xff\xff\xff{}{}",
    "evaluates": npy_of(shape="(__import__('os').getpid(),)"),
}
NPZ = {
    "valid-archive": archive({"a.npy": npy_of(), "metadata.json": b'{"format": "x"}'}),
    "valid-compressed": archive({"a.npy": npy_of(data=bytes(12)), "b.npy": npy_of()}, zipfile.ZIP_DEFLATED),
    "valid-zip64": archive({"a.npy": npy_of()}, force_zip64=True),
    "valid-other-member": archive({"notes.txt": b"x"}),
    "bzip2": archive({"a.npy": npy_of()}, zipfile.ZIP_BZIP2),
    "cut": archive({"a.npy": npy_of()})[:-1],
    "empty": b"",
    "parent-folder": archive({"../a.npy": npy_of()}),
    "metadata-broken": archive({"metadata.json": b"{"}),
    "array-broken": archive({"a.npy": npy_of(shape="(4,)")}),
}


def index(weight_map, **more):
    return json.dumps({"metadata": {"total_size": 12}, "weight_map": weight_map} | more).encode()


WHOLE = {"a": "1", "b": "1", "c": "2"}
INDICES = {
    "valid": index(WHOLE),
    "valid-no-metadata": json.dumps({"weight_map": WHOLE}).encode(),
    "valid-no-total": index(WHOLE, metadata={}),
    "valid-other-total": index(WHOLE, metadata={"total_size": 2**64}),
    "valid-unknown-fields": index(WHOLE, note=[1, {"x": None}]),
    "valid-not-listed": index({"a": "1"}),
    "valid-one-file": index({"c": "2"}),
    "empty": b"",
    "cut": index(WHOLE)[:-1],
    "array": b"[]",
    "map-absent": b"{}",
    "map-empty": index({}),
    "map-array": index([["a", "1"]]),
    "map-nested": index({"a": {"b": "1"}}),
    "map-twice": b'{"weight_map": {"a": "1"}, "weight_map": {"a": "2"}}',
    "tensor-twice": b'{"weight_map": {"a": "1", "a": "1"}}',
    "tensor-absent": index({"a": "1", "x": "1", "y": "1"}),
    "tensor-in-two": index({"a": "1", "d": "3"}),
    "file-absent": index({"a": "4", "b": "5"}),
    "file-number": index({"a": 1}),
    "file-empty": index({"a": ""}),
    "file-above": index({"a": "../1"}),
    "file-dots": index({"a": "..", "b": "."}),
    "file-absolute": index({"a": "/etc/passwd"}),
    "file-backslash": index({"a": "x\\1"}),
    "file-zero-byte": index({"a": "1\0"}),
    "file-url": index({"a": "http://host/1"}),
    "file-long": index({"a": "1" * 256}),
    "nested": b'{"metadata": ' + b"[" * 1000,
    "infinity": b'{"metadata": {"total_size": Infinity}, "weight_map": {"a": "1"}}',
}


def word(text):
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def tensor(storage="FloatStorage", key="0", count=6, offset=0, shape=(2, 3), strides=(3, 1)):
    def numbers(values):
        return b"(" + b"".join(b"J" + struct.pack("<i", value) for value in values) + b"t"
    identity = b"(" + word("storage") + b"ctorch\n" + storage.encode() + b"\n" + word(key) + word("cpu") + b"J" + struct.pack("<i", count) + b"tQ"
    return (b"ctorch._utils\n_rebuild_tensor_v2\n(" + identity + b"J" + struct.pack("<i", offset) + numbers(shape) + numbers(strides)
            + b"\x89ccollections\nOrderedDict\n)RtR")


def strides_of(shape):
    return [count_of(shape[i + 1:]) for i in range(len(shape))]


def pickled(opcodes):
    return b"\x80\x02" + opcodes + b"."


def torch(opcodes, members=(), **options):
    return archive({"m/data.pkl": pickled(opcodes), "m/byteorder": b"little", "m/data/0": bytes(24)} | dict(members), **options)


def one(**parts):
    return torch(b"}" + word("x") + tensor(**parts) + b"s")


TORCH = {
    "valid": one(),
    "valid-transposed": one(shape=(3, 2), strides=(1, 3)),
    "valid-expanded": one(shape=(2, 6), strides=(0, 1)),
    "valid-empty-tensor": one(shape=(0, 3), strides=(3, 1)),
    "valid-half": one(storage="HalfStorage", count=12),
    "valid-shared": torch(b"}(" + word("a") + tensor() + b"q\1" + word("b") + b"h\1u"),
    "valid-nested": torch(b"}" + word("state_dict") + b"}" + word("x") + tensor() + b"ss"),
    "valid-metadata": torch(b"ccollections\nOrderedDict\n)R" + word("x") + tensor() + b"s}" + word("_metadata") + b"}sb"),
    "valid-zip64": torch(b"}" + word("x") + tensor() + b"s", force_zip64=True),
    "compressed": torch(b"}" + word("x") + tensor() + b"s", method=zipfile.ZIP_DEFLATED),
    "big-endian": torch(b"}", {"m/byteorder": b"big"}),
    "script": torch(b"}", {"m/code/x.py": b"x"}),
    "legacy": b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
    "no-pickle": archive({"m/data/0": bytes(24)}),
    "cut": one()[:-1],
    "empty": b"",
    "os-system": torch(b"cos\nsystem\n" + word("x") + b"\x85R"),
    "opcode-inst": torch(b"(ios\nsystem\n"),
    "opcode-frame": torch(b"\x95" + bytes(8)),
    "reduce-storage": torch(b"ctorch\nFloatStorage\n)R"),
    "reduce-size": torch(b"ctorch\nSize\n(K\1K\2t\x85R"),
    "build-state": torch(b"}}" + word("x") + b"Nsb"),
    "memo-huge": torch(b"Nr\0\0\0\x80"),
    "memo-empty": torch(b"h\1"),
    "text-huge": torch(b"X\xff\xff\xff\x7f"),
    "long-long": torch(b"\x8a\x09" + bytes(9)),
    "marks": torch(b"(" * 1000),
    "nested": torch(b"]" * 1000 + b"a" * 999),
    "holds-itself": torch(b"}q\1" + word("x") + b"h\1s"),
    "view-beyond": one(offset=1),
    "view-negative": one(offset=-1),
    "view-huge": one(shape=(2**31 - 1, 2**31 - 1), strides=(2**31 - 1, 2**31 - 1)),
    "view-spread": one(shape=(2**30, 2**20), strides=(0, 0)),
    "ranks-differ": one(shape=(2,)),
    "storage-missing": one(key="9"),
    "storage-count": one(count=7),
    "pickle-valid": pickled(b"}" + word("x") + tensor() + b"s"),
    "pickle-transposed": pickled(b"}" + word("x") + tensor(shape=(3, 2), strides=(1, 3)) + b"s"),
    "pickle-shared": pickled(b"}(" + word("a") + tensor() + b"q\1" + word("b") + b"h\1u"),
    "pickle-nested": pickled(b"}" + word("model") + b"ccollections\nOrderedDict\n)R" + word("x") + tensor() + b"s}" + word("_metadata") + b"}sbs"),
    "pickle-parameter": pickled(b"}" + word("x") + b"ctorch._utils\n_rebuild_parameter\n(" + tensor() + b"\x88)tRs"),
    "pickle-size": pickled(b"}" + word("x") + b"ctorch\nSize\n(K\1K\2t\x85Rs"),
    "pickle-values": pickled(b"](N\x88\x89G" + bytes(8) + b"\x8f)ctorch\nfloat32\nU\1aM\1\2\x8a\1\xffea"),
}


def session(*commands, **more):
    """A session whose commands are written with the step 0, on one line."""
    return json.dumps({"format": "statelab-session/1", "model": "tiny", "commands": [{"step": 0, **each} for each in commands], **more}).encode()


def command(kind, /, **fields):
    return {"command": kind, **fields}


FED = command("feed_tokens", ids=[1, 2, 3, 4, 5]), command("read_waiting")
SESSIONS = {
    "empty": session(),
    "unknown-field": session(later={"deep": [1.50, None, True, "x"]}, notes="n", expected=[{"step": 0, "hash": "00"}]),
    "steps": session(*FED, command("step", count=9), command("run", rate=0, until=20), command("take_back", count=4, keep=True), command("undo"), command("redo")),
    "edits": session(*FED, command("edit_state", edit={"operation": "noise", "layer": 1, "at": "0:3, 2", "value": 0.5, "seed": 7}),
                     command("edit_state", edit={"operation": "transplant", "position": 2, "from_layer": 0}), command("edit_state", edit={"operation": "mix", "tensor": "*", "value": 0.5}),
                     command("zero_state", layer=1), command("scale_state", layer=-1, factor=-2), command("restore_state", layer=0, position=3), command("undo")),
    "sources": session(*FED, command("fork", position=2, name="a", keep=True), command("read_waiting"),
                       command("edit_state", edit={"operation": "transplant", "layer": 1, "position": 4, "from_run": 0}),
                       command("apply_patch", title="t", edits=[{"operation": "mix", "value": 0.5, "position": 1, "from_layer": 0, "from_run": 0}, {"operation": "zero", "at": "3"}]),
                       command("delete_run", run=0), command("take_back", count=3, keep=False), command("undo")),
    "source-file": session(*FED, command("edit_state", edit={"operation": "mix", "value": 0.5, "from_file": "kept.safetensors"}), command("reset", state="kept.safetensors")),
    "patch-command": session(*FED, command("apply_patch", title="t", edits=[{"operation": "clamp", "value": 1}, {"operation": "set", "at": "3", "value": 2}])),
    "forks": session(*FED, command("fork", position=2, name="a", keep=True), command("step_all", count=3), command("fork", position=-1, name="", keep=False),
                     command("switch_run", run=0), command("promote_run", run=2), command("rename_run", run=1, name="b"), command("delete_run", run=0), command("undo"), command("undo")),
    "lanes": session(command("open_lanes", texts=["", ""]), command("feed_tokens", ids=[1, 2, 3]), command("step_lanes", count=2), command("reset_lanes", runs=[2, 1], kept=0.5),
                     command("switch_run", run=1), command("feed_tokens", ids=[4]), command("step_lanes", count=0), command("reset_lanes", runs=[1], kept=0), command("undo"), command("undo"), command("redo")),
    "rules": session(*FED, command("set_rule", index=0, rule={"kind": "norm-jump", "limit": 1, "on_alert": "roll_back", "roll_back": 2}), command("use_rules", preset="document 2"),
                     command("step", count=20), command("remove_rule", index=0)),
    "trials": session(*FED, command("set_trials", rotary="stored", at_position=-1, no_cache=False, only_layer=1), command("step", count=2)),
    "interventions": session(command("set_intervention", index=0, intervention={"operation": "block_write", "layers": "0:2", "channels": "1, 3:5", "first": 1, "last": 4}), *FED,
                             command("set_intervention", index=1, intervention={"operation": "noise", "target": "residual", "value": 0.5, "seed": 3}), command("step", count=3),
                             command("run_controls", index=0, after=2), command("fork", position=2, name="a", keep=True), command("remove_intervention", index=0),
                             command("use_interventions", interventions=[{"operation": "mean", "target": "z", "on": False}]), command("undo")),
    "looks": session(*FED, command("seek", token=3, cursor="a"), command("select", layer=1, channel=2, state=1), command("show_range", first=1, last=3)),
    "sampling": session(*FED, command("set_sampling", sampling={"greedy": False, "temperature": 0.5, "top_k": 3, "top_p": 0.9, "seed": 1}), command("step", count=5)),
    "patch": json.dumps({"format": "statelab-patch/1", "title": "t", "note": "n", "edits": [{"operation": "zero", "layer": 1, "at": ":, 0"}], "later": [1e400, 0.10]}).encode(),
    "patch-empty": b'{"format": "statelab-patch/1", "edits": []}',
    "patch-misspelt": b'{"format": "statelab-patch/1", "edits": [{"layers": 1}]}',
    "rule-file": json.dumps({"format": "statelab-rules/1", "title": "t", "note": "n", "interventions": [{"operation": "scale", "target": "B", "layers": "0:2", "value": 0.5, "first": 1}], "later": [0.10]}).encode(),
    "rule-file-plain": b'[{"operation": "noise", "value": 0.5, "seed": 3}, {"target": "residual", "on": false}]',
    "rule-file-misspelt": b'{"format": "statelab-rules/1", "interventions": [{"layer": 1}]}',
    "breakpoints": session(command("set_breakpoint", index=0, when="t = 2", on=True), *FED, command("set_breakpoint", index=0, when="norm(L1) > 0", on=True), command("undo"), command("read_waiting"),
                           command("remove_breakpoint", index=0), command("play", rate=0, by="layer", back=True), command("undo"), command("redo"), command("step", count=3)),
    "no-command": b'{"format": "statelab-session/1", "model": "tiny", "commands": [{"step": 0}]}',
    "path": b'{"format": "statelab-session/1", "model": "../etc", "commands": []}',
    "newer": b'{"format": "statelab-session/9", "model": "tiny", "commands": []}',
}


def journal(*entries, **header):
    """What the lines of a journal hold, without their numbers and checksums: the target writes those."""
    first = {"format": "statelab-journal/1", "program": "statelab 1", "arithmetic": "f32", "began": "2026-11-29 08:29", "model": "tiny", **header}
    return "\n".join(json.dumps(each) for each in (first, *entries)).encode()


DONE = {"step": 0, **command("feed_tokens", ids=[1, 2, 3])}, {"step": 0, **command("read_waiting")}, {"reached": 3, "goes_on": False}
JOURNALS = {
    "empty": journal(),
    "commands": journal(*DONE, {"step": 3, **command("zero_state", layer=1)}, {"step": 3, **command("run", rate=0, until=0)}, {"reached": 9, "goes_on": True}),
    "saved": journal(*DONE, {"saved": "/a.statelab.json", "changed_since": False}, {"step": 3, **command("undo")}, {"closed": True}),
    "kept": journal(*DONE, recovers="/b.journal", place="/models/tiny", session={"notes": "n", "model_hash": "00", "zoom": 1.50, "deep": [{}, None]}),
    "newer": journal(*DONE, {"camera": [1, 2]}, {}, later=True),
    "unknown-command": journal(*DONE, {"step": 3, "command": "leap"}, {"step": 3, **command("undo")}),
    "negative": journal(*DONE, {"step": -1, **command("undo")}),
    "other-format": journal(format="statelab-journal/9"),
    "path": journal(model="../etc"),
    "no-object": journal(3, [], "x"),
    "raw": b'0 2 0123456789abcdef {}\n1 999999999999999999999 0123456789abcdef {}\n\0\0\0\0',
}


def write(corpora, most=4096):
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent / "corpus")
    for folder, files in corpora.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            assert len(content) < most, name
            (root / folder / name).write_bytes(content)


if __name__ == "__main__":
    write({"gguf": GGUFS, "index": INDICES, "journal": JOURNALS, "json": CONFIGS, "npy": NPY, "npz": NPZ, "safetensors": SAFETENSORS, "session": SESSIONS, "state": STATES,
           "tokenizer": TOKENIZERS, "torch": TORCH})
