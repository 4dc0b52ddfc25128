#!/usr/bin/env python3
"""Measures State Lab beside llama.cpp on the same weights: ours, theirs, ours again, in every round.

    beside_llamacpp.py --peer-python PYTHON MODEL.gguf ... [--program build/release/statelab] [--rounds 5] [--json F]

PYTHON is a Python with llama-cpp-python. Both programs read the same GGUF file; ours records drivers, residual and statistics
of every layer at every token meanwhile. A ratio is ours over theirs within one round; the table tells the median over the
rounds, the smallest and the largest. Above 1 we are faster; of opening, times are compared, and below 1 we are.
"""
import argparse
import json
import math
import os
import statistics
import struct
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROMPTS = (64, 512)
IDS = [11, 245, 17, 3006, 77, 1024, 9, 20000, 512, 31, 2, 700, 8, 12345, 31000, 6, 99, 4096, 23, 1]


class Worker:
    """llama.cpp in a process of its own."""

    def __init__(self, python):
        self.process = subprocess.Popen(
            [python, HERE / "llamacpp_worker.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the process of llama.cpp has ended")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def ours(program, model, *patterns):
    """One round of our benchmark on a model: {name: value}."""
    values = {}
    for pattern in patterns:
        command = [program, "bench", pattern, "--model", model, "--rounds", "1", "--json", "--quiet"]
        for each in json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout):
            values[each["name"].replace("/model", "", 1).removesuffix("/capture=on")] = each["value"]
    return values


def our_logits(program, model):
    """Logits after the last of IDS."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "logits.safetensors"
        ids = ",".join(map(str, IDS))
        subprocess.run([program, "trace", model, "--ids", ids, "--points", "logits", "-o", path, "--quiet"], check=True, stdout=subprocess.DEVNULL)
        return last_row(path)


def last_row(path):
    """The last of the rows of logits in a safetensors file."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    begin, end = json.loads(data[8 : 8 + size])["logits"]["data_offsets"]
    row = (end - begin) // len(IDS)
    return struct.unpack(f"<{row // 4}f", data[8 + size + end - row : 8 + size + end])


def distance(a, b):
    """Root mean square of the differences, as a share of the spread of `a`."""
    return math.sqrt(statistics.fmean((x - y) ** 2 for x, y in zip(a, b))) / statistics.pstdev(a)


def theirs(worker, threads, prompts):
    rates = {f"decode/threads={threads}": worker.ask(decode=24, threads=threads)}
    return rates | {f"prefill/T={count}/threads={threads}": worker.ask(prefill=count, threads=threads) for count in prompts}


def compare(path, args, worker):
    """All ratios of one model, by case: a list over the rounds; and how far the logits are apart."""
    worker.ask(open=str(path))
    result = {"model": path.stem, "logits_apart": distance(our_logits(args.program, path), worker.ask(logits=IDS))}
    ratios, rates = {}, {}
    for _ in range(args.rounds):
        opening = [ours(args.program, path, "open/model"), worker.ask(open=str(path)), ours(args.program, path, "open/model")]
        ratios.setdefault("open", []).append(math.sqrt(opening[0]["open"] * opening[2]["open"]) / opening[1])
        rates.setdefault("open", []).append((opening[0]["open"], opening[1]))
        for threads in (1, 2):
            case = f"threads={threads}/capture=on"
            patterns = [f"decode/model/{case}", *(f"prefill/model/T={count}/{case}" for count in args.prompts)]
            before = ours(args.program, path, *patterns)
            peer = theirs(worker, threads, args.prompts)
            after = ours(args.program, path, *patterns)
            for name, rate in peer.items():
                own = math.sqrt(before[name] * after[name])
                ratios.setdefault(name, []).append(own / rate)
                rates.setdefault(name, []).append((own, rate))
    result["ratios"] = ratios
    result["rates"] = {name: [statistics.median(side) for side in zip(*pairs)] for name, pairs in rates.items()}
    return result


def table(results):
    """A Markdown table of all ratios."""
    lines = ["| case | ratio | smallest | largest | ours | llama.cpp |", "|---|---|---|---|---|---|"]
    for result in results:
        for name, values in result["ratios"].items():
            own, peer = result["rates"][name]
            unit = "ms" if name == "open" else "tokens/s"
            lines.append(
                f"| {result['model']} {name} | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} | {own:.0f} {unit} | {peer:.0f} {unit} |"
            )
        lines.append(f"| {result['model']} logits apart after {len(IDS)} tokens | {result['logits_apart']:.1e} of their spread | | | | |")
    return "\n".join(lines)


def report(measured):
    """Lines of the section about llama.cpp in docs/performance.md."""
    loads = f"load {measured['load_before'][0]:.1f} before, {measured['load_after'][0]:.1f} after"
    head = "Ours over theirs on the same weights, in turns; medians of the rounds, the smallest and the largest. Opening: below 1 we are faster."
    return ["", "## Beside llama.cpp", "", f"{head} {measured['peer']}; {loads}.", "", table(measured["results"])]


def measure(args):
    """Everything: version of the peer, load before and after, results. With --keep each model's is written as soon as it is there, and
    what is there already is not measured again."""
    worker = Worker(args.peer_python)
    report = {"peer": worker.ask(version=True), "load_before": os.getloadavg(), "results": []}
    if args.keep and args.keep.exists():
        report = json.loads(args.keep.read_text(encoding="utf-8"))
    known = {result["model"] for result in report["results"]}
    for path in args.models:
        if path.stem in known:
            continue
        report["results"].append(compare(path, args, worker))
        report["load_after"] = os.getloadavg()
        if args.keep:
            args.keep.write_text(json.dumps(report, indent=1), encoding="utf-8")
    worker.close()
    report["load_after"] = os.getloadavg()
    return report


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL.gguf")
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--program", type=Path, default=HERE.parent / "build/release/statelab")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompts", type=int, nargs="+", choices=PROMPTS, default=PROMPTS, help="tokens read at once")
    parser.add_argument("--json", type=Path, help="also write everything measured to this file")
    parser.add_argument("--keep", type=Path, help="a file that results are kept in: the next run goes on where this one was stopped")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    measured = measure(given)
    if given.json:
        given.json.write_text(json.dumps(measured, indent=1), encoding="utf-8")
    print("\n".join(report(measured)))
