#!/usr/bin/env python3
"""Writes the Mamba-1 or Mamba-2 model of a GGUF file as a checkpoint folder, so that two programs can run the same weights.

    gguf_folder.py MODEL.gguf FOLDER        needs the Python packages gguf and numpy
"""
import json
import struct
import sys
from pathlib import Path

import gguf
import numpy as np

LAYER_NAMES = {
    "attn_norm.weight": "norm.weight",
    "ssm_in.weight": "mixer.in_proj.weight",
    "ssm_conv1d.weight": "mixer.conv1d.weight",
    "ssm_conv1d.bias": "mixer.conv1d.bias",
    "ssm_x.weight": "mixer.x_proj.weight",
    "ssm_dt.weight": "mixer.dt_proj.weight",
    "ssm_a": "mixer.A_log",
    "ssm_d": "mixer.D",
    "ssm_norm.weight": "mixer.norm.weight",
    "ssm_out.weight": "mixer.out_proj.weight",
}
NAMES = {"token_embd.weight": "backbone.embeddings.weight", "output_norm.weight": "backbone.norm_f.weight"}
DTYPES = {"F32": "F32", "F16": "F16", "BF16": "BF16"}


def new_name(name, is_first):
    """What the official code calls a tensor."""
    if not name.startswith("blk."):
        return NAMES[name]
    _, layer, rest = name.split(".", 2)
    own = {"ssm_dt.bias": "mixer.dt_proj.bias" if is_first else "mixer.dt_bias"}
    return f"backbone.layers.{layer}.{own.get(rest) or LAYER_NAMES[rest]}"


def shape_of(name, tensor, is_first):
    """GGUF counts dimensions from the fastest one, and keeps some vectors as [n, 1]."""
    shape = [int(n) for n in reversed(tensor.shape)]
    if name.endswith("conv1d.weight"):
        return [shape[0], 1, shape[1]]
    is_vector = name.endswith((".D", ".mixer.norm.weight")) or (name.endswith("A_log") and not is_first)
    return [int(np.prod(shape))] if is_vector else shape


def config_of(reader):
    arch = reader.get_field("general.architecture").contents()
    field = lambda name: reader.get_field(f"{arch}.{name}").contents()
    width, inner = field("embedding_length"), field("ssm.inner_size")
    config = {
        "model_type": arch,
        "hidden_size": width,
        "num_hidden_layers": field("block_count"),
        "vocab_size": field("vocab_size"),
        "expand": inner // width,
        "state_size": field("ssm.state_size"),
        "conv_kernel": field("ssm.conv_kernel"),
        "layer_norm_epsilon": field("attention.layer_norm_rms_epsilon"),
        "tie_word_embeddings": True,
    }
    if arch == "mamba":
        config["time_step_rank"] = field("ssm.time_step_rank")
    else:
        heads = field("ssm.time_step_rank")
        config |= {"num_heads": heads, "head_dim": inner // heads, "n_groups": field("ssm.group_count")}
    return config


def convert(source, folder):
    """Writes config.json and model.safetensors."""
    reader = gguf.GGUFReader(source)
    config = config_of(reader)
    is_first = config["model_type"] == "mamba"
    header, parts, offset = {}, [], 0
    for tensor in sorted(reader.tensors, key=lambda t: t.name):
        name = new_name(tensor.name, is_first)
        data = np.log(-tensor.data).astype(np.float32) if name.endswith("A_log") else tensor.data
        header[name] = {
            "dtype": DTYPES[tensor.tensor_type.name],
            "shape": shape_of(name, tensor, is_first),
            "data_offsets": [offset, offset + data.nbytes],
        }
        parts.append(data)
        offset += data.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 64 + 56)  # data begins on a cache line
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    with open(folder / "model.safetensors", "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for part in parts:
            out.write(np.ascontiguousarray(part).tobytes())


if __name__ == "__main__":
    convert(sys.argv[1], sys.argv[2])
