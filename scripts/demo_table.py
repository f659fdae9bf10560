#!/usr/bin/env python3
"""Prints the README's table of the demo as Markdown: sweeps the grid for each set with `odin sweep --json`.

    python3 scripts/demo_table.py [PROGRAM]
"""
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETS = ["mnist-digits", "photo-crops", "Uniform", "Gaussian"]
METRICS = ["fpr95", "detection_error", "auroc", "aupr_in", "aupr_out"]


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else ROOT / "target" / "release" / "odin"
    print("| OOD set | T, ε | FPR@95TPR ↓ | detection error ↓ | AUROC ↑ | AUPR-in ↑ | AUPR-out ↑ |")
    print("|---|---|---|---|---|---|---|")
    for name in SETS:
        command = [str(program), "sweep", "--nn", "fashion-densenet", "--dataset", name, "--json", "--validation", "1000", "--limit", "3000"]
        command += ["--temperatures", "1,1000", "--magnitudes", "0:0.004:5"]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        test = json.loads(done.stdout)["test"]
        cells = [f"{100 * test['baseline'][m]:.1f} / **{100 * test['odin'][m]:.1f}**" for m in METRICS]
        print(f"| {name} | {test['temperature']:g}, {test['magnitude']:g} | " + " | ".join(cells) + " |", flush=True)
    print("\nBaseline / **ODIN**, %.")


if __name__ == "__main__":
    main()
