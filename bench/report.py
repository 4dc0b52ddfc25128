#!/usr/bin/env python3
"""Runs the benchmark and writes docs/performance.md: each figure beside its goal. report.py [PROGRAM] [--beside FILE.json] [--rounds N]

FILE.json is what bench/beside_llamacpp.py wrote. Every figure is a ratio of two things measured in turns in one run.
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess

import beside_llamacpp

ROOT = pathlib.Path(__file__).resolve().parent.parent
CASES = "decode/ replay/ seek/ open/ memory/"


def measure(program, rounds):
    results = []
    for part in CASES.split():
        run = subprocess.run([program, "bench", part, "--rounds", str(rounds), "--json", "--quiet"], capture_output=True, text=True, check=True)
        results += json.loads(run.stdout)
    return results


def machine(program):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [f"* {cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before", *(f"* {line}" for line in version[:4])]


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def row(result):
    more = ", ".join(f"{key.replace('_', ' ')} {number(value)}" for key, value in result.get("more", {}).items())
    return f"| `{result['name']}` | {number(result['value'])} {result['unit']} | {result['median_of']} | {more} |"


def goals(results):
    """(what, goal, measured) of the goals that these figures decide."""
    for r in results:
        more, name = r.get("more", {}), r["name"]
        if name.startswith("decode/") and name.endswith("capture=off") and "share_of_roofline" in more:
            yield f"{name}: share of roofline", "≥ 0.92", f"{more['share_of_roofline']:.2f}"
        if name.startswith("decode/") and name.endswith("capture=on") and "overhead_percent" in more:
            yield f"{name}: cost of recording", "≤ +1.5 %", f"{more['overhead_percent']:+.1f} %"
        if name.startswith("seek/"):
            yield f"{name}: any token of 10,000, one layer", "≤ 5 ms", f"{number(r['value'])} {r['unit']}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", default=str(ROOT / "build/release/statelab"))
    parser.add_argument("--beside", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    lines = ["# Performance", "", "Made by `bench/report.py`. Rates depend on the machine and the minute; ratios are what counts.", ""]
    lines += machine(arguments.program)
    results = measure(arguments.program, arguments.rounds)
    lines += ["", "## Goals", "", "| what | goal | measured |", "|---|---|---|"]
    lines += [f"| {what} | {goal} | {measured} |" for what, goal, measured in goals(results)]
    if arguments.beside:
        lines += beside_llamacpp.report(json.loads(arguments.beside.read_text()))
    lines += ["", "## All figures", "", "| case | median | rounds | more |", "|---|---|---|---|", *map(row, results), ""]
    (ROOT / "docs/performance.md").write_text("\n".join(lines), encoding="utf-8")


main()
