"""The detectors beside pytorch-ood's, on the same evidence and with as many threads: fit and score, in seconds.

    python3 scripts/bench_detectors.py

Needs numpy, torch and pytorch-ood 0.4.0 in this Python, and cargo. 10,000 test and 20,000 fit images, D = 512, C = 100.
"""
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from pytorch_ood import detector as theirs

N, M, D, C = 10_000, 20_000, 512, 100


def made():
    rng = np.random.default_rng(7)
    centres = rng.uniform(-1, 1, (C, D)).astype(np.float32)
    labels = np.arange(M) % C
    features = lambda which: np.maximum(centres[which] + 2 * rng.uniform(-1, 1, (len(which), D)), 0).astype(np.float32)
    return dict(weight=0.2 * centres, fit_features=features(labels), fit_labels=labels, features=features(np.arange(N) % C))


def main():
    torch.set_num_threads(int(os.environ.get("RAYON_NUM_THREADS", os.cpu_count())))
    arrays = made()
    with tempfile.TemporaryDirectory() as folder:
        for name, array in arrays.items():
            array.astype("<f4").tofile(Path(folder) / name)
        ours = ["cargo", "bench", "-q", "-p", "odin-detectors", "--bench", "detectors"]
        profile = os.environ.get("PROFILE")
        subprocess.run(ours + (["--profile", profile] if profile else []) + ["--", folder], check=True)
    W, H, y, h = (torch.from_numpy(arrays[name]) for name in ("weight", "fit_features", "fit_labels", "features"))
    b = torch.zeros(C)
    head = torch.nn.Linear(D, C)
    head.weight.data, head.bias.data = W, b
    z, Z = h @ W.T, H @ W.T
    logits = lambda make, fits=False: (make, "logits", fits)
    features = lambda make, fits=True: (make, "features", fits)
    ways = {
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
        "pnml": features(lambda: theirs.PNML(None, head)),
    }
    total = 0.0
    print("pytorch-ood")
    for name, (make, kind, fits) in ways.items():
        fit_on, score_on = (Z, z) if kind == "logits" else (H, h)
        try:
            start = time.perf_counter()
            detector = make()
            if fits:
                getattr(detector, f"fit_{kind}")(fit_on, y)
            with torch.no_grad():
                getattr(detector, f"predict_{kind}")(score_on)
            seconds = time.perf_counter() - start
        except Exception as error:
            print(f"{name:15} {type(error).__name__}: {error}")
            continue
        total += seconds
        print(f"{name:15} {seconds * 1e3:9.1f} ms")
    print(f"all: {total:.2f} s")


if __name__ == "__main__":
    main()
