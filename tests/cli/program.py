"""What the tests of the command line share: the program, its files, and readers of what it writes."""
import array
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
PROGRAM = os.environ["STATELAB"]
MODELS = sorted(path.parent.name for path in GOLDEN.glob("*/reference.safetensors"))


def environment():
    """Without a display, with the assets of this tree."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return kept | {"STATELAB_ASSETS": str(ROOT / "assets")}


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self, *args, expect=0, **options):
        """Runs the program and checks its exit code."""
        done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, errors="replace", env=environment(),
                              stdin=subprocess.DEVNULL, cwd=self.folder, timeout=120, **options)
        self.assertEqual(done.returncode, expect, f"{args}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done

    def json_of(self, *args, expect=0):
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.run_program(*args, "--json", expect=expect).stdout)

    def refusal(self, *args, expect=2):
        """The error of a refused command line; its text on standard error must say the same."""
        error = self.json_of(*args, expect=expect)["error"]
        text = self.run_program(*args, expect=expect).stderr
        self.assertEqual(len(text.strip().splitlines()), 1, text)
        for part in ("file", "field", "expected", "found"):
            self.assertIn(error[part], text)
        return error

    def trace(self, model, *args):
        self.run_program("trace", model, *args, "-o", "trace.safetensors", "--quiet")
        return Tensors(self.folder / "trace.safetensors")


class Tensors:
    """A safetensors file: name -> bytes, with types and shapes."""
    FORMATS = {"F32": "f", "F64": "d", "I64": "q"}

    def __init__(self, path):
        raw = pathlib.Path(path).read_bytes()
        size = int.from_bytes(raw[:8], "little")
        self.header = json.loads(raw[8:8 + size])
        self.metadata = self.header.pop("__metadata__", {})
        self.data = raw[8 + size:]

    def names(self):
        return set(self.header)

    def shape(self, name):
        return self.header[name]["shape"]

    def dtype(self, name):
        return self.header[name]["dtype"]

    def bytes(self, name):
        begin, end = self.header[name]["data_offsets"]
        return self.data[begin:end]

    def row_bytes(self, name, first, last=None):
        """The rows [first, last) of a tensor."""
        size = len(self.bytes(name)) // self.shape(name)[0]
        return self.bytes(name)[first * size:None if last is None else last * size]

    def values(self, name):
        values = array.array(self.FORMATS[self.dtype(name)])
        values.frombytes(self.bytes(name))
        return values


def ids_text(ids):
    return ",".join(map(str, ids))


def relative_error(ours, reference):
    """||ours - reference|| / ||reference||."""
    difference = sum((a - b) ** 2 for a, b in zip(ours, reference, strict=True))
    return (difference / max(sum(b * b for b in reference), 1e-60)) ** 0.5


def limit_file_size(size):
    """For preexec_fn: writing beyond `size` bytes fails."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def main():
    unittest.main(module="__main__", argv=sys.argv, verbosity=1)
