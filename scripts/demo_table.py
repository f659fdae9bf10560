#!/usr/bin/env python3
"""Prints the README's table of the demo as Markdown: `odin run` sweeps the grid for each set, `odin report` has the numbers.

    python3 scripts/demo_table.py [PROGRAM]
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETS = ["mnist-digits", "photo-crops", "Uniform", "Gaussian"]
# Each metric's key, and whether higher is better.
METRICS = {"fpr95": False, "detection_error": False, "auroc": True, "aupr_in": True, "aupr_out": True}
SWEEP = {"temperatures": [1, 1000], "magnitudes": "0:0.004:5", "validation": 1000}


def session():
    """A sweep for each set, as a session; JSON is YAML too."""
    jobs = [{"network": "fashion-densenet", "dataset": name, "sweep": SWEEP} for name in SETS]
    return {"version": 2, "name": "demo-table", "defaults": {"limit": 3000}, "queues": [{"name": "demo", "jobs": jobs}]}


def cell(run, metric, higher_is_better):
    """Baseline / ODIN in %; the better one is bold where the paired interval of the difference excludes 0."""
    texts = [f"{100 * run[side][metric]:.1f}" for side in ("baseline", "odin")]
    low, high = run["difference_ci"][metric]["low"], run["difference_ci"][metric]["high"]
    if texts[0] != texts[1] and (low > 0 or high < 0):
        better = int((low > 0) == higher_is_better)
        texts[better] = f"**{texts[better]}**"
    return " / ".join(texts)


def main():
    program = str(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target" / "release" / "odin").resolve())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "demo-table.yaml")
        file.write_text(json.dumps(session()))
        # Runs of its own, so that everything is measured anew.
        settings = {"cwd": ROOT, "env": {**os.environ, "ODIN_RUNS": str(Path(folder, "runs"))}, "check": True}
        subprocess.run([program, "run", str(file)], stdout=subprocess.DEVNULL, **settings)
        report = [program, "report", "--session", "demo-table", "--format", "json"]
        done = subprocess.run(report, stdout=subprocess.PIPE, universal_newlines=True, **settings)
    runs = {run["dataset"]: run for run in json.loads(done.stdout)}
    print("| OOD set | T, ε | images | FPR@95TPR ↓ | detection error ↓ | AUROC ↑ | AUPR-in ↑ | AUPR-out ↑ |")
    print("|---|---|---|---|---|---|---|---|")
    for name in SETS:
        run = runs[name]
        cells = [cell(run, metric, higher) for metric, higher in METRICS.items()]
        about = f"{name} | {run['temperature']:g}, {run['magnitude']:g} | {run['n_in']:,} + {run['n_out']:,}"
        print(f"| {about} | " + " | ".join(cells) + " |")
    print("\nThe paired 95 % intervals of the difference, ODIN minus baseline, in percentage points:")
    for name in SETS:
        ranges = (f"{metric} {100 * ci['low']:.1f} to {100 * ci['high']:.1f}" for metric, ci in runs[name]["difference_ci"].items())
        print(f"{name}: " + ", ".join(ranges))


if __name__ == "__main__":
    main()
