"""Weights written as other programs write them: in one safetensors file, in shards, as PyTorch does; in every number type."""
import array
import collections
import io
import json
import pickle
import struct
import zipfile

TYPES = {"F32": ("FloatStorage", 4), "F16": ("HalfStorage", 2), "BF16": ("BFloat16Storage", 2), "F64": ("DoubleStorage", 8)}


def _bits(values):
    return array.array("I", array.array("f", values).tobytes())


def encoded(values, dtype):
    """The bytes of float32 values in a type; what does not fit is rounded to nearest, BF16 by cutting."""
    if dtype == "BF16":
        return array.array("H", (bits >> 16 for bits in _bits(values))).tobytes()
    if dtype == "F16":
        return struct.pack(f"<{len(values)}e", *values)
    return array.array({"F32": "f", "F64": "d"}[dtype], values).tobytes()


def rounded(values, dtype):
    """Float32 values that the type holds without loss."""
    if dtype == "BF16":
        return array.array("f", array.array("I", (bits & 0xFFFF0000 for bits in _bits(values))).tobytes())
    if dtype == "F16":
        return array.array("f", struct.unpack(f"<{len(values)}e", encoded(values, dtype)))
    return array.array("f", values)


def _write(path, tensors, dtype):
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        part = encoded(values, dtype)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def safetensors(folder, tensors, dtype):
    _write(folder / "model.safetensors", tensors, dtype)


def shards(folder, tensors, dtype, count=3):
    names, places = list(tensors), {}
    for i in range(count):
        file = f"model-{i + 1:05}-of-{count:05}.safetensors"
        part = names[i::count]
        _write(folder / file, {name: tensors[name] for name in part}, dtype)
        places |= dict.fromkeys(part, file)
    total = sum(len(values) * TYPES[dtype][1] for _, values in tensors.values())
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": places}))


class _Global:
    """Stands for a class or function of another program in a pickle: only its name is written."""

    def __init__(self, name):
        self.name = name


class _Storage:
    def __init__(self, kind, key, elements):
        self.kind, self.key, self.elements = _Global(kind), key, elements


class _Tensor:
    def __init__(self, storage, shape):
        self.storage, self.shape = storage, shape


class _Pickler(pickle._Pickler):  # the one in Python can write names without importing them
    def persistent_id(self, item):
        return ("storage", item.kind, item.key, "cpu", item.elements) if isinstance(item, _Storage) else None

    def save(self, item, save_persistent_id=True):
        if isinstance(item, _Global):
            module, name = item.name.rsplit(".", 1)
            self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
        elif isinstance(item, _Tensor):
            strides, step = [], 1
            for extent in reversed(item.shape):
                strides.insert(0, step)
                step *= extent
            self.save(_Global("torch._utils._rebuild_tensor_v2"))
            self.save((item.storage, 0, tuple(item.shape), tuple(strides), False, collections.OrderedDict()))
            self.write(pickle.REDUCE)
        else:
            super().save(item, save_persistent_id)


def torch(folder, tensors, dtype):
    state, storages = {}, {}
    for i, (name, (shape, values)) in enumerate(tensors.items()):
        state[name] = _Tensor(_Storage(f"torch.{TYPES[dtype][0]}", str(i), len(values)), shape)
        storages[str(i)] = encoded(values, dtype)
    text = io.BytesIO()
    _Pickler(text, protocol=2).dump(state)
    with zipfile.ZipFile(folder / "pytorch_model.bin", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", text.getvalue())
        archive.writestr("archive/byteorder", "little")
        for key, data in storages.items():
            archive.writestr(f"archive/data/{key}", data)
        archive.writestr("archive/version", "3\n")
