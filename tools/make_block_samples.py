#!/usr/bin/env python3
"""Writes tests/golden/quant/blocks.safetensors: raw blocks of every quantised type and what they are worth.

    pip install gguf==0.19.0 safetensors
    tools/make_block_samples.py FOLDER_OF_GGUF_FILES tests/golden/quant/blocks.safetensors

Of each type: `TYPE.rows.blocks` (the first rows of a tensor of a file) and `TYPE.random.blocks` (random bytes with finite
scales, so that every bit of a block counts), each with `.values` beside it: float32 by gguf.quants. Before a tensor is used,
the hash of all its values is compared with the file's .dequant.json.
"""
import hashlib
import json
import pathlib
import sys

import numpy as np
from gguf import GGUFReader, GGMLQuantizationType, quants
from gguf.constants import GGML_QUANT_SIZES
from safetensors.numpy import save_file

TYPES = ("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K")
# Where a block keeps its 16-bit scales and minima.
HALVES = {"Q8_0": (0,), "Q4_0": (0,), "Q4_1": (0, 2), "Q5_0": (0,), "Q5_1": (0, 2), "Q4_K": (0, 2), "Q5_K": (0, 2),
          "Q6_K": (208,)}
MOST_ROWS = 12
RANDOM_VALUES = 4096


def values_of(blocks, kind):
    """float32 of blocks [rows, bytes]."""
    return np.ascontiguousarray(quants.dequantize(blocks, kind), dtype=np.float32)


def check_hash(path, tensor):
    """Stops when the values of a tensor are not those that the file's list of hashes names."""
    entry = json.loads(path.with_suffix(".dequant.json").read_text())[tensor.name]
    found = hashlib.sha256(values_of(tensor.data, tensor.tensor_type).tobytes()).hexdigest()
    if (entry["type"], entry["sha256_f32"]) != (tensor.tensor_type.name, found):
        sys.exit(f"{path.name}: {tensor.name} is not what its hash says")


def sample_rows(folder, name):
    """Rows of the first tensor of a type in the files of a folder, by the names of the files."""
    for path in sorted(folder.glob("*.gguf")):
        for tensor in GGUFReader(path).tensors:
            if tensor.tensor_type.name == name:
                check_hash(path, tensor)
                return np.ascontiguousarray(tensor.data[:MOST_ROWS])
    sys.exit(f"{folder}: no tensor of type {name}")


def random_blocks(kind, random):
    """Random bytes as rows of 256 values; scales and minima of any finite value, the smallest included."""
    length, size = GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (RANDOM_VALUES // length, size), dtype=np.uint8)
    for at in HALVES[kind.name]:
        upper = blocks[:, at + 1]
        upper[upper & 0x7C == 0x7C] ^= 0x40  # an exponent of all ones is infinity or NaN
    blocks[0, :2] = (1, 0)  # the smallest half there is; of Q6_K these are quants
    return blocks.reshape(RANDOM_VALUES // 256, -1)


def main(folder, out):
    random = np.random.default_rng(4)
    tensors = {}
    for name in TYPES:
        kind = GGMLQuantizationType[name]
        for part, blocks in (("rows", sample_rows(folder, name)), ("random", random_blocks(kind, random))):
            tensors[f"{name}.{part}.blocks"] = blocks
            tensors[f"{name}.{part}.values"] = values_of(blocks, kind)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out, metadata={"format": "statelab-blocks/1", "note": "values by gguf.quants 0.19.0"})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
