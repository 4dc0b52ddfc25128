#!/usr/bin/env python3
"""Measures everything once and writes it beside the goals: docs/performance.md.

    report.py [--program build/release/statelab] [--rounds 5] [--json F]
              [--peer-python PYTHON MODEL.gguf ...]        also beside llama.cpp, see beside_llamacpp.py
              [--prompts 64] [--cases 'open/*' ...]        less than everything
              [--note TEXT ...]                            what else a reader must know of this run

Takes about two minutes a GGUF file beside ten for everything else. Everything is a ratio of things measured in turns, so other work on the machine
widens the ranges more than it moves the medians; the load is written down all the same.
"""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
from pathlib import Path

import beside_llamacpp

HERE = Path(__file__).resolve().parent
PATTERNS = ("decode/*", "prefill/*/T=64/*", "prefill/*/f32/T=512/*", "replay/*", "seek/*", "state-copy/*", "fork/*", "forks/*",
            "undo/*", "open/*", "memory/*", "content/*", "pca/*", "compare/*", "lanes/*", "frame/*", "export/*", "kernel/*")
FEATURES = ("avx2", "fma", "f16c", "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512_bf16", "avx512_vnni", "amx_bf16")

# What is compared with a goal: cases, field, whether more is better, the goal, what it is called.
GOALS = (
    (r"decode/.*/capture=off", "share_of_roofline", True, 0.92, "share of the roofline"),
    (r"decode/.*/capture=on", "overhead_percent", False, 1.5, "cost of capture, %"),
    (r"prefill/.*/capture=on", "overhead_percent", False, 5, "cost of capture, %"),
    (r"seek/.*", "value", False, 5, "99th percentile, ms"),
    (r"fork/.*", "beyond_copy_ms", False, 1, "beyond a copy of the state, ms"),
    (r"undo/.*/edit", "value", False, 5, "taken back and one layer seen, ms"),
    (r"undo/.*/token", "value", False, 50, "taken back with the state of every layer, a frame, ms"),
    (r"forks/.*", "value", False, 1024, "history, MiB"),
    (r"forks/.*", "resident_mib", False, 1024, "resident, MiB"),
    (r"content/.*", "value", False, 10, "a channel over 10,000 tokens, ms"),
    (r"pca/.*", "value", False, 2, "a token, ms"),
    (r"compare/.*", "value", False, 2000, "two runs of 10,000 tokens, ms"),
    (r"frame/(inspect|monitor|series.*|heatmap.*)", "value", False, 50, "a frame, ms"),
    (r"frame/at-rest", "value", False, 1, "% of a core"),
)
# Of a ratio to llama.cpp: models, case, goal. Of the shapes without a row in the goals' table there is none.
RATIO_GOALS = (
    (r".*-Q4_K_M", r"decode", 1.0),
    (r"mamba-130m-F32", r"decode", 1.4), (r"mamba-130m-BF16", r"decode", 1.7), (r"mamba-130m-F16", r"decode", 1.6),
    (r"mamba-130m-Q8_0", r"decode", 2.0), (r"mamba2-130m", r"decode", 1.3),
    (r"granite-h-350m-F32", r"decode", 1.15), (r"granite-h-350m-B?F16", r"decode", 1.05), (r"granite-h-350m-Q8_0", r"decode", 1.2),
    (r"llama-100m-Q8_0", r"decode", 0.9),
    (r".*", r"prefill/.*threads=1", 2.0), (r".*", r"prefill/.*threads=2", 2.2), (r".*", r"open", 0.5),
)
# Replay as a multiple of decoding F32 with one thread.
REPLAY_GOALS = {"replay/mamba-130m/one/threads=1": 3000, "replay/mamba-130m/all/threads=1": 130, "replay/mamba-130m/all/threads=2": 250}
REPLAY_RATES = {"replay/mamba2-130m/one/threads=1": 80000, "replay/mamba2-130m/all/threads=1": 3500}

# Why a figure can fall short, told only where one does.
REASONS = (
    (r"decode/mamba2.*roofline", "Mamba-2 reads and writes its state once a token, 38 MB beside the 259 or 516 MB of its matrices: counted in "
     "(`share_with_state`), the memory is as busy as with Mamba-1."),
    (r"decode/mamba-.*roofline", "Beside the matrices a token costs some 0.2 ms for convolution, scan, norms and the meetings of the threads, "
     "which weighs more the fewer bytes a matrix has."),
    (r" open", "By a profile of mamba-130m in BF16, about half of opening is the kernel's mapping of the file's pages, which either program needs, and a quarter are the "
     "products of the first token. What is left is too little for a ratio of a half."),
    (r"-(F32|B?F16) decode", "By a profile, products of a matrix with one vector are nearly all of a token. They read every weight of 16 or 32 bits once, as llama.cpp's "
     "do, and what tells the two apart is how much of the memory's speed each reaches."),
    (r"-(Q8_0|Q4_K_M) decode", "By counting instructions, not by a profile: each quantised weight is widened to the float32 it stands for before it is multiplied: three to five operations for sixteen weights on top "
     "of the product, where llama.cpp multiplies bytes by activations rounded to bytes."),
    (r"(granite|llama|mamba).*-(Q8_0|Q4_K_M) prefill", "By counting instructions, not by a profile: prompts are multiplied in float32 near the processor's float32 peak; llama.cpp multiplies quantised weights as bytes, four to an operation."),
    (r"llama-100m.* prefill|granite.* prefill", "By a profile, 70 to 88 % of the time are products in float32, near the processor's peak. Where weights are BF16, llama.cpp rounds activations to BF16 as well and "
     "multiplies twice as many to an instruction. The goal was set by Mamba-1, whose scan it leaves unvectorised."),
    (r"fork/.*/past", "A fork in the past begins with a state that is replayed from its keyframe over all layers, and with what the model expected there, "
     "for which one token is computed anew."),
    (r"decode/.*capture", "Drivers are written once, 0.4 to 0.5 MB a token, and statistics take five operations a state element. Both are "
     "the same for every weight type, so they weigh most beside the fastest token."),
    (r"prefill/.*capture", "Captured prefill runs in spans of one keyframe (64 or 128 tokens). In Mamba-2 the statistics of 12,288 vectors of state a "
     "layer and token take two multiply-adds each beside the three of the scan itself."),
    (r"(mamba2.*prefill|prefill/mamba2)", "llama.cpp multiplies BF16 and F16 weights with activations rounded to 16 bits, twice as many to an instruction; "
     "the lab keeps activations in float32 and the bits of stepping. Its scan of Mamba-2 is vectorised as well, that of "
     "Mamba-1 is not. The products run at 80 to 90 % of the processor's float32 peak, so no more than 1.2 times is left."),
)


def machine():
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    name = re.search(r"model name\s*: (.*)", info)
    flags = set(re.search(r"flags\s*: (.*)", info).group(1).split())
    memory = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(encoding="utf-8")).group(1)) / 2**20
    features = " ".join(feature for feature in FEATURES if feature in flags)
    return f"{name.group(1) if name else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, {features}; {platform.system()} {platform.release()}"


def bench(program, rounds, patterns):
    measured = {}
    for pattern in patterns:
        command = [program, "bench", pattern, "--rounds", str(rounds), "--json", "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:  # a build without a window has no frames
            measured |= {each["name"]: each for each in json.loads(done.stdout)}
    return measured


class Report:
    def __init__(self):
        self.lines, self.short = [], []

    def table(self, title, header, rows):
        if rows:
            self.lines += [f"\n## {title}\n", "| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
            self.lines += ["| " + " | ".join(row) + " |" for row in rows]

    def judged(self, name, value, more_is_better, goal):
        """The goal, with a mark where it was missed."""
        if (value >= goal) == more_is_better or value == goal:
            return f"{'≥' if more_is_better else '≤'} {goal:g}"
        self.short.append(name)
        return f"**{'≥' if more_is_better else '≤'} {goal:g}**"


def number(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def own_rows(report, measured):
    rows = []
    for name, each in measured.items():
        facts, goals = [], []
        for pattern, field, more, goal, label in GOALS:
            if re.fullmatch(pattern, name) and field in each:
                goals.append(f"{label} {report.judged(name + ' ' + label, each[field], more, goal)}")
        for field, value in each.items():
            if field not in ("name", "value", "unit", "median_of", "low", "high"):
                facts.append(f"{field.replace('_', ' ')} {number(value)}")
        rows.append([f"`{name}`", f"{number(each['value'])} {each['unit']}", f"{number(each['low'])} – {number(each['high'])}",
                     "; ".join(facts), "; ".join(goals)])
    return rows


def replay_rows(report, measured):
    decode = measured.get("decode/mamba-130m/f32/threads=1/capture=off")
    rows = []
    for name, goal in REPLAY_GOALS.items():
        if name not in measured or not decode:
            continue
        times = measured[name]["value"] / decode["value"]
        rows.append([f"`{name}`", f"{times:.0f} × decode", report.judged(name, times, True, goal)])
    for name, goal in REPLAY_RATES.items():
        if name not in measured:
            continue
        rows.append([f"`{name}`", f"{measured[name]['value']:.0f} tokens/s", report.judged(name, measured[name]["value"], True, goal)])
    return rows


def ratio_rows(report, results):
    rows = []
    for result in results:
        for name, values in result["ratios"].items():
            middle = statistics.median(values)
            goals = [goal for model, case, goal in RATIO_GOALS if re.match(model, result["model"]) and re.match(case, name)]
            own, peer = result["rates"][name]
            unit = "ms" if name == "open" else "tokens/s"
            rows.append([f"{result['model']} {name}", f"{middle:.2f}", f"{min(values):.2f} – {max(values):.2f}", f"{own:.0f} {unit}",
                         f"{peer:.0f} {unit}", report.judged(f"{result['model']} {name}", middle, name != "open", goals[0]) if goals else "–"])
    return rows


def write(report_path, given, measured, peers, version, load):
    report = Report()
    header = (
        "# Performance\n\nMade by `bench/report.py`; do not edit. Ratios are of things measured in turns in one run; absolute rates move with the "
        "minute on shared memory. A goal in bold was missed.\n\n"
        f"* machine: {machine()}\n* program: {version}\n* rounds: {given.rounds}; load before {load[0]:.2f}, after {load[1]:.2f}\n"
        "* roofline: every matrix read once, plainly, between the same tokens; opening compares times, less is better\n"
        + "".join(f"* {note}\n" for note in given.note)
    )
    if peers:
        rows = ratio_rows(report, peers["results"])
        report.table(f"Beside {peers['peer']}", ["same weights, ours with capture", "ratio", "range", "ours", "llama.cpp", "goal"], rows)
        apart = "; ".join(f"{r['model']} {r['logits_apart']:.1e}" for r in peers["results"])
        report.lines.append(f"\nLogits after {len(beside_llamacpp.IDS)} tokens differ by this share of their spread (its activations are rounded to the "
                            f"weights' type, ours are not): {apart}.")
    report.table("Replay", ["case", "measured", "goal"], replay_rows(report, measured))
    report.table("All cases", ["case", "median", "range", "beside", "goal"], own_rows(report, measured))
    if report.short:
        report.lines.append("\n## Where the time goes\n\nShort of the goal: " + ", ".join(f"`{name}`" for name in report.short) + ".\n")
        report.lines += [f"* {text}" for pattern, text in REASONS if any(re.search(pattern, name) for name in report.short)]
    report_path.write_text(header + "\n".join(report.lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="*", metavar="MODEL.gguf")
    parser.add_argument("--peer-python")
    parser.add_argument("--program", type=Path, default=HERE.parent / "build/release/statelab")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompts", type=int, nargs="+", choices=beside_llamacpp.PROMPTS, default=beside_llamacpp.PROMPTS)
    parser.add_argument("--cases", nargs="*", default=PATTERNS, metavar="PATTERN", help="of our own benchmark")
    parser.add_argument("--json", type=Path, help="also write everything measured to this file")
    parser.add_argument("--keep", type=Path, help="a file that the ratios to llama.cpp are kept in: the next run goes on where this one was stopped")
    parser.add_argument("--note", nargs="*", default=[], metavar="TEXT")
    parser.add_argument("-o", "--output", type=Path, default=HERE.parent / "docs/performance.md")
    given = parser.parse_args()
    version = subprocess.run([given.program, "--version"], capture_output=True, text=True, check=True).stdout.strip().replace("\n", "; ")
    before = os.getloadavg()[0]
    peers = beside_llamacpp.measure(given) if given.peer_python and given.models else None
    measured = bench(given.program, given.rounds, given.cases)
    load = (before, os.getloadavg()[0])
    if given.json:
        given.json.write_text(json.dumps({"machine": machine(), "version": version, "load": load, "cases": measured, "peers": peers}, indent=1),
                              encoding="utf-8")
    write(given.output, given, measured, peers, version, load)


if __name__ == "__main__":
    main()
