"""The detectors beside pytorch-ood's, on the same evidence, with as many threads and in turn: fit and score, in seconds.

    python3 scripts/bench_detectors.py [ROUNDS]

Needs cargo, and pytorch-ood 0.4.0 in this Python, best one of its own (`python3 -m venv VENV`,
`VENV/bin/pip install pytorch-ood==0.4.0`); without it the detectors are measured alone. 10,000 test and 20,000 fit images, D = 512, C = 100; three
rounds, of which the median counts, and a third side: what NumPy takes for one product of that size in f32, which is most of
what detectors by neighbours do. Beside the time that a clock shows, the CPU time of all threads is taken: on a machine with other
work it is the steadier of the two. Prints Markdown.
"""
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

try:
    import numpy as np
    import torch
    from pytorch_ood import detector as theirs
except ImportError as error:
    theirs, missing = None, error.name

HERE = Path(__file__).resolve().parent
N, M, D, C = 10_000, 20_000, 512, 100


def made():
    """Noise about a centre for each class, which is its weights too."""
    rng = np.random.default_rng(7)
    centres = rng.uniform(-1, 1, (C, D)).astype(np.float32)
    labels = np.arange(M) % C
    features = lambda which: np.maximum(centres[which] + 2 * rng.uniform(-1, 1, (len(which), D)), 0).astype(np.float32)
    return dict(weight=0.2 * centres, fit_features=features(labels), fit_labels=labels, features=features(np.arange(N) % C))


def ways(arrays):
    """By key, what fits and scores by pytorch-ood."""
    W, H, y, h = (torch.from_numpy(arrays[name]) for name in ("weight", "fit_features", "fit_labels", "features"))
    b = torch.zeros(C)
    head = torch.nn.Linear(D, C)
    head.weight.data, head.bias.data = W, b
    z, Z = h @ W.T, H @ W.T

    def way(make, kind, fits):
        fit_on, score_on = (Z, z) if kind == "logits" else (H, h)

        def run():
            detector = make()
            if fits:
                getattr(detector, f"fit_{kind}")(fit_on, y)
            with torch.no_grad():
                getattr(detector, f"predict_{kind}")(score_on)
        return run

    logits = lambda make, fits=False: way(make, "logits", fits)
    features = lambda make, fits=True: way(make, "features", fits)
    return {
        "max-logit": logits(lambda: theirs.MaxLogit(None)),
        "baseline": logits(lambda: theirs.MaxSoftmax(None)),
        "energy": logits(lambda: theirs.EnergyBased(None)),
        "entropy": logits(lambda: theirs.Entropy(None)),
        "gen": logits(lambda: theirs.GEN(None)),
        "kl-matching": logits(lambda: theirs.KLMatching(None), True),
        "openmax": logits(lambda: theirs.OpenMax(None, tailsize=20), True),
        "temp-scaling": logits(lambda: theirs.TemperatureScaling(None), True),
        "knn": features(lambda: theirs.KNN(None, k=50)),
        "nnguide": features(lambda: theirs.NNGuide(None, head, k=100)),
        "mahalanobis": features(lambda: theirs.Mahalanobis(None)),
        "rmd": features(lambda: theirs.RMD(None)),
        "she": features(lambda: theirs.SHE(None, head)),
        "vim": features(lambda: theirs.ViM(None, 256, W, b)),
        "dice": features(lambda: theirs.DICE(None, W, b, 0.9)),
        "fdbd": features(lambda: theirs.fDBD(None, head)),
        "nci": features(lambda: theirs.NCI(None, head)),
        "lts": features(lambda: theirs.LTS(None, head), False),
        "pnml": features(lambda: theirs.PNML(None, head)),
    }


def cpu_time():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(run):
    start, before = time.perf_counter(), cpu_time()
    run()
    return time.perf_counter() - start, cpu_time() - before


def our_round(program, folder):
    """By key, seconds by the clock and of CPU time; and the most memory in MB."""
    out = subprocess.run([program, folder, "--bench"], check=True, capture_output=True, text=True).stdout
    rows = re.findall(r"^(\S+) +([\d.]+) ms +([\d.]+) ms +([\d.]+) ms$", out, re.M)
    memory = int(re.search(r"VmHWM:\s*(\d+) kB", out).group(1)) / 1024 if "VmHWM" in out else float("nan")
    return {key: ((float(fit) + float(score)) / 1e3, float(cpu) / 1e3) for key, fit, score, cpu in rows}, memory


def program():
    """The benchmark, built."""
    build = ["cargo", "bench", "--locked", "-p", "odin-detectors", "--bench", "detectors", "--no-run"]
    built = subprocess.run(build, capture_output=True, text=True, cwd=HERE.parent)
    if built.returncode:
        sys.exit(built.stderr)
    return HERE.parent / re.search(r"Executable .*\((.+)\)", built.stderr).group(1)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    if theirs is None:
        print(f"Without {missing} in {sys.executable} the detectors are measured alone.", flush=True)
        return subprocess.run([program(), "--bench"], check=True)
    threads = int(os.environ.get("RAYON_NUM_THREADS", os.cpu_count()))
    torch.set_num_threads(threads)
    warnings.filterwarnings("ignore")
    arrays, built = made(), program()
    h, H = arrays["features"], arrays["fit_features"]
    ours, others, memory, product = {}, {}, 0.0, []
    with tempfile.TemporaryDirectory() as folder:
        for name, array in arrays.items():
            array.astype("<f4").tofile(Path(folder) / name)
        runs = ways(arrays)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            times, most = our_round(built, folder)
            memory = max(memory, most)
            for key, seconds in times.items():
                ours.setdefault(key, []).append(seconds)
            for key, run in runs.items():
                others.setdefault(key, []).append(timed(run))
            product.append(timed(lambda: h @ H.T))
    middle = lambda rounds: tuple(statistics.median(column) for column in zip(*rounds))
    ours, others = ({key: middle(rounds) for key, rounds in side.items()} for side in (ours, others))
    print(f"{N:,} images, {M:,} fit images, D = {D}, C = {C}, {threads} threads, median of {rounds} rounds in turn; seconds\n")
    print("| detector | odin | its CPU time | pytorch-ood | its CPU time |\n|---|--:|--:|--:|--:|")
    line = lambda name, *values: print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    both = [key for key in ours if key in others]
    for key in both:
        line(key, *ours[key], *others[key])
    total = lambda side, keys: tuple(map(sum, zip(*(side[key] for key in keys))))
    mine, other = total(ours, both), total(others, both)
    line(f"**these {len(both)}**", *mine, *other)
    print("| " + " | ".join([f"all {len(ours)} of odin", *(f"{value:.3f}" for value in total(ours, ours)), "", ""]) + " |")
    print("| " + " | ".join(["one product h Hᵀ in f32, NumPy", "", "", *(f"{value:.3f}" for value in middle(product))]) + " |")
    print(f"\n{other[0] / mine[0]:.1f} times as fast, {other[1] / mine[1]:.1f} times by CPU time; at most {memory:.0f} MB")


if __name__ == "__main__":
    main()
