#!/usr/bin/env python3
"""Prints the README's table of detectors on the demo as Markdown: `odin run --detectors all` scores the sets, `odin report --detectors` ranks.

    python3 scripts/demo_detectors.py [PROGRAM]
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETS = ["mnist-digits", "photo-crops", "Uniform", "Gaussian"]
FIRST = 10
# Shown wherever they stand.
ALWAYS = {"odin", "baseline"}
# 1,000 of the 3,000 images of each set are set aside for the detectors that need labels.
LIMIT, VALIDATION = 3000, 1000


def session():
    """Every knob at its default; JSON is YAML too."""
    jobs = [{"network": "fashion-densenet", "dataset": name} for name in SETS]
    return {"version": 2, "name": "demo-detectors", "defaults": {"limit": LIMIT}, "queues": [{"name": "demo", "jobs": jobs}]}


def cell(estimate):
    """A fraction with its interval, in %."""
    if estimate is None or estimate["value"] is None:
        return "—"
    low, high = estimate["interval"]["low"], estimate["interval"]["high"]
    return f"{100 * estimate['value']:.1f} ({100 * low:.1f}–{100 * high:.1f})"


def lines(table):
    """The table's rows: the first, and those that are always shown."""
    yield "| rank | detector | average | " + " | ".join(SETS) + " |"
    yield "|---:|---|---:|" + "---:|" * len(SETS)
    for rank, row in enumerate(table["detectors"], 1):
        if rank > FIRST and row["detector"] not in ALWAYS:
            continue
        sets = {entry["dataset"]: entry for entry in row["sets"]}
        cells = [cell(row["averages"]["all"])] + [cell(sets[name]) for name in SETS]
        mark = "≈ " if row["may_be_best"] else ""
        yield f"| {rank} | {mark}{row['detector']} | " + " | ".join(cells) + " |"
    for missing in table["missing"]:
        yield f"missing: {missing['missing']}"


def main():
    program = str(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target" / "release" / "odin").resolve())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "demo-detectors.yaml")
        file.write_text(json.dumps(session()))
        # Runs of its own, so that everything is measured anew.
        settings = {"cwd": ROOT, "env": {**os.environ, "ODIN_RUNS": str(Path(folder, "runs"))}, "check": True}
        command = [program, "run", str(file), "--detectors", "all", "--validation", str(VALIDATION)]
        subprocess.run(command, stdout=subprocess.DEVNULL, **settings)
        report = [program, "report", "--session", "demo-detectors", "--detectors", "--format", "json"]
        done = subprocess.run(report, stdout=subprocess.PIPE, universal_newlines=True, **settings)
    for table in json.loads(done.stdout):
        print("\n".join(lines(table)))
        print(f"\n{table['n_in']:,} ID images; fitted on: {table['fit']}")


if __name__ == "__main__":
    main()
