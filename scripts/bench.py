#!/usr/bin/env python3
"""Images/s of an ODIN pass (T = 1000, epsilon = 0.0014) on the CPU: this program beside PyTorch, interleaved in one run.

    python3 scripts/bench.py PROGRAM [--weights FILE] [--images CIFAR.bin] [--rounds N] [--architecture KIND,SIZE,SIZE]

Prints Markdown. Without --weights the network has random weights, without --images it sees noise; the work is the same.
PyTorch's side runs where Python has torch; else only ours is measured. Beside the time that a clock shows, the CPU time
of all threads is taken: on a machine with other work it is the steadier of the two.
"""
import argparse
import importlib.util
import json
import math
import os
import platform
import random
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
WAYS = {
    "scripts": "**PyTorch as the authors' scripts**: batch 1, gradients of parameters too",
    "batched": "**PyTorch as OOD libraries**: batch 32, gradients of parameters too",
    "no_parameter_gradients": "that, without gradients of parameters",
    "channels_last": "that, channels last",
    "folded": "that, second batch norm folded",
    "pooled_first": "that, pooled before the transition's convolution",
    "by_hand": "that, gradient by hand, one buffer a block",
    "both": "that, without gradients of parameters, channels last",
    "both_folded": "that, and folded",
    "all": "all of these",
    "compiled": "**torch.compile**, without gradients of parameters",
    "compiled_channels_last": "that, channels last",
    "odin": "**odin**: kernels of its own",
}
# FLOP/s that no core reaches: two multiply-adds of 16 floats a cycle, at 6 GHz. The limit where none is measured.
NO_CORE = 2 * 2 * 16 * 6e9


# Blocks of the stages of ResNets of basic blocks, by depth.
BASIC = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


def tensors_of(kind, first, second, classes=10):
    """Names and shapes of a network's tensors, as in crates/odin-core/src/networks/."""
    layers = (first - 4) // 6
    shapes = {}

    def norm(name, width):
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{part}"] = [width]

    if kind == "resnet":
        # Of basic blocks with the CIFAR stem: ResNet-18 or -34.
        width = second
        shapes["conv1.weight"] = [width, 3, 3, 3]
        norm("bn1", width)
        for stage, blocks in enumerate(BASIC[first]):
            for i in range(blocks):
                to, name = second << stage, f"layer{stage + 1}.{i}"
                shapes[name + ".conv1.weight"] = [to, width, 3, 3]
                norm(name + ".bn1", to)
                shapes[name + ".conv2.weight"] = [to, to, 3, 3]
                norm(name + ".bn2", to)
                if width != to:
                    shapes[name + ".downsample.0.weight"] = [to, width, 1, 1]
                    norm(name + ".downsample.1", to)
                width = to
        shapes["fc.weight"], shapes["fc.bias"] = [classes, width], [classes]
        return shapes
    if kind == "densenet-bc":
        width = 2 * second
        shapes["conv1.weight"] = [width, 3, 3, 3]
        for block in (1, 2, 3):
            for i in range(layers):
                name = f"block{block}.layer.{i}"
                norm(name + ".bn1", width)
                shapes[name + ".conv1.weight"] = [4 * second, width, 1, 1]
                norm(name + ".bn2", 4 * second)
                shapes[name + ".conv2.weight"] = [second, 4 * second, 3, 3]
                width += second
            if block < 3:
                norm(f"trans{block}.bn1", width)
                shapes[f"trans{block}.conv1.weight"] = [width // 2, width, 1, 1]
                width //= 2
    else:
        width = 16
        shapes["conv1.weight"] = [width, 3, 3, 3]
        for block in (1, 2, 3):
            for i in range(layers):
                to, name = 16 * second * 2 ** (block - 1), f"block{block}.layer.{i}"
                norm(name + ".bn1", width)
                shapes[name + ".conv1.weight"] = [to, width, 3, 3]
                norm(name + ".bn2", to)
                shapes[name + ".conv2.weight"] = [to, to, 3, 3]
                if width != to:
                    shapes[name + ".convShortcut.weight"] = [to, width, 1, 1]
                width = to
    norm("bn1", width)
    shapes["fc.weight"], shapes["fc.bias"] = [classes, width], [classes]
    return shapes


def multiplications(shapes, side=32):
    """Multiply-adds of a forward pass as the network is written."""
    total = 0
    for name, shape in shapes.items():
        if len(shape) == 4:
            # A transition convolves before it pools; a Wide ResNet's block halves the map at its start.
            block = int(name[5]) if name[:5] in ("block", "trans", "layer") else 1
            at = side >> (block - 1)
            total += math.prod(shape) * at * at
    return total + math.prod(shapes["fc.weight"])


def write_random(path, shapes):
    rng = random.Random(1)
    header, parts, offset = {}, [], 0
    for name, shape in shapes.items():
        count = math.prod(shape)
        if len(shape) > 1:
            scale = math.sqrt(2 / math.prod(shape[1:]))
            values = [rng.gauss(0, scale) for _ in range(count)] if count < 2_000_000 else None
            if values is None:
                block = [rng.gauss(0, scale) for _ in range(100_003)]
                values = (block * (count // len(block) + 1))[:count]
        else:
            values = [1.0 if name.endswith(("bn1.weight", "bn2.weight", "downsample.1.weight", "running_var")) else 0.0] * count
        data = struct.pack(f"<{count}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


class Torch:
    """The PyTorch side, in a process of its own that stays warm."""

    def __init__(self, weights, images, threads):
        command = [sys.executable, str(HERE / "bench_torch.py"), str(weights)] + ([images] if images else [])
        environment = os.environ | ({"OMP_NUM_THREADS": str(threads)} if threads else {})
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.about = json.loads(self.ask("names"))

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("error: PyTorch's side ended early")
        return answer

    def time(self, name, count):
        wall, cpu = map(float, self.ask(f"{name} {count}").split())
        return wall / count, cpu / count


def own(home):
    """This environment, with the home and the runs of the measurement: evidence kept from before would be measured else."""
    return os.environ | {"ODIN_HOME": str(home), "ODIN_RUNS": str(home / "runs")}


def impossible(seconds, cpu_seconds, flop, peak, cores):
    """Why these times of one image cannot be true on `cores` cores that reach `peak` FLOP/s each; None if they can."""
    least = flop / peak
    if seconds <= 0 or cpu_seconds <= 0:
        return f"{1000 * seconds:.3f} ms by the clock and {1000 * cpu_seconds:.3f} ms of CPU time an image: the time of starting was longer than all of it"
    # Sums of many small products are a little quicker than one large product, and clocks are not exact.
    share = max(least / cpu_seconds, least / cores / seconds)
    if share > 1.05:
        return f"{1 / seconds:,.0f} images/s, {100 * share:.0f} % of what the arithmetic allows: something was not computed"
    return None


class Odin:
    """This program, a process a measurement, in a home of its own without anything known from before."""

    def __init__(self, program, home, images):
        self.program, self.home, self.images = program, home, images

    def run(self, *arguments):
        # What was scored is forgotten; the batch size that was found stays.
        for known in (self.home / "runs").glob("*"):
            shutil.rmtree(known) if known.is_dir() else known.name == "batch-sizes.json" or known.unlink()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        command = [self.program, *arguments, "--device", "cpu", "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=self.home, env=own(self.home))
        if done.returncode:
            sys.exit(f"error: {' '.join(command)} failed")
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return json.loads(done.stdout), wall, cpu

    def sets(self):
        return ["--nn", "bench", "--dataset", "noise"] + (["--in-dataset", self.images] if self.images else [])

    def time(self, count):
        # What starting, loading and the final statistics cost is measured with few images, and left out.
        least = 16
        _, wall0, cpu0 = self.run("score", *self.sets(), "--limit", str(least))
        _, wall, cpu = self.run("score", *self.sets(), "--limit", str(least + count // 2))
        return (wall - wall0) / count, (cpu - cpu0) / count

    def grid(self, count):
        """Wall and CPU seconds an image of the 10 x 21 grid, all told."""
        each = count // 2
        _, wall, cpu = self.run("sweep", *self.sets(), "--limit", str(each), "--validation", str(each), "--temperatures", "1,2,5,10,20,50,100,200,500,1000", "--magnitudes", "0:0.004:21")
        return wall / count, cpu / count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--images")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--architecture", default="densenet-bc,100,12", help="KIND,DEPTH,GROWTH (or WIDEN, or WIDTH) of --weights, or of the random network: densenet-bc, wide-resnet, or resnet with the CIFAR stem, as resnet,18,64")
    parser.add_argument("--torch-threads", type=int, help="1 tells what PyTorch needs of one core, where others want the machine too")
    parser.add_argument("--no-grid", action="store_true")
    parser.add_argument("--scale", type=float, default=1.0, help="images a measurement, as a multiple of the usual number")
    a = parser.parse_args()
    kind, first, second = a.architecture.split(",")
    first, second = int(first), int(second)
    shapes = tensors_of(kind, first, second)
    with tempfile.TemporaryDirectory() as folder:
        measure(a, Path(folder), kind, first, second, shapes)


def measure(a, home, kind, first, second, shapes):
    images = str(Path(a.images).resolve()) if a.images else None
    (home / "models").mkdir()
    (home / "data").mkdir()
    named = {"densenet-bc": "growth", "wide-resnet": "widen", "resnet": "stem: cifar, width"}[kind]
    size = f"depth: {first}, {named}: {second}"
    (home / "models/bench.yaml").write_text(
        f"title: bench\narchitecture: {{kind: {kind}, {size}}}\nclasses: 10\nweights: bench.safetensors\nin_dataset: other-noise\n"
        "normalisation: {mean: [0.49137255, 0.48235294, 0.44666667], std: [0.24705882, 0.24352941, 0.26156863]}\n"
    )
    # Two sets: of one alone, every image would be scored once for both sides.
    for name, seed in (("noise", 1), ("other-noise", 2)):
        (home / f"data/{name}.yaml").write_text(f"title: noise\nsource: {{format: uniform, count: 100000, size: [32, 32], seed: {seed}}}\n")
    program = str(Path(a.program).resolve())
    odin = Odin(program, home, images)
    if a.weights:
        command = [program, "import", "weights", str(a.weights.resolve()), "--network", "bench"]
        subprocess.run(command, check=True, cwd=home, env=own(home), stdout=subprocess.DEVNULL)
    else:
        write_random(home / "models/bench.safetensors", shapes)
    torch = Torch(home / "models/bench.safetensors", images, a.torch_threads) if importlib.util.find_spec("torch") else None
    names = torch.about["names"] if torch else []
    counts = {name: max(1, round(a.scale * (32 if name == "scripts" else 64))) for name in names}
    ours, in_grid = max(2, round(a.scale * 600)), max(2, round(a.scale * 24))
    times = {name: [] for name in [*names, "odin"]}
    peaks, grids = [], []
    for turn in range(a.rounds):
        for name in names:
            times[name].append(torch.time(name, counts[name]))
        times["odin"].append(odin.time(ours))
        if torch:
            wall, cpu = map(float, torch.ask("peak").split())
            peaks.append((wall, cpu))
        if not a.no_grid and turn < 3:
            grids.append(odin.grid(in_grid))
        print(f"round {turn + 1} of {a.rounds}", file=sys.stderr)
    report(a, torch, times, peaks, grids, shapes)


def report(a, torch, times, peaks, grids, shapes):
    median = statistics.median
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    macs = multiplications(shapes)
    flop = 3 * 2 * macs
    # Winograd's F(2x2, 3x3) does 4 products in place of 9, and nothing here does fewer.
    least_flop = flop / 2.25 if a.architecture.startswith("resnet") else flop
    peak = max(1 / cpu for _, cpu in peaks) if torch else NO_CORE
    wrong = impossible(median(r[0] for r in times["odin"]), median(r[1] for r in times["odin"]), least_flop, peak, cores)
    if wrong:
        sys.exit(f"error: {wrong}")
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    vectors = "AVX-512" if "avx512f" in cpu_flags() else "AVX2" if "avx2" in cpu_flags() else "no AVX2"
    print(f"{cores} cores of {model} ({vectors}); {a.architecture}; {'weights given' if a.weights else 'random weights'}, "
          f"{'images given' if a.images else 'noise'}; {a.rounds} interleaved rounds, medians"
          + (f"; PyTorch {torch.about['torch']}, {torch.about['threads']} threads." if torch else ". No PyTorch here: only ours."))
    print()
    base = times.get("scripts")

    def ratio(name, index):
        """Against the scripts' way, round by round."""
        return median(b[index] / t[index] for b, t in zip(base, times[name])) if base else math.nan

    print("| way | images/s | CPU ms an image | × the scripts' way, by the clock | by CPU time |")
    print("|---|---|---|---|---|")
    for name, rows in sorted(times.items(), key=lambda item: list(WAYS).index(item[0])):
        rates = f"{1 / median(r[0] for r in rows):.1f} | {1000 * median(r[1] for r in rows):.1f}"
        print(f"| {WAYS[name]} | {rates} | " + (f"{ratio(name, 0):.1f} | {ratio(name, 1):.1f} |" if base else "– | – |"))
    print()
    ours = median(r[1] for r in times["odin"])
    if torch:
        two = median(t[0] / o[0] for t, o in zip(times["batched"], times["odin"]))
        two_cpu = median(t[1] / o[1] for t, o in zip(times["batched"], times["odin"]))
        print(f"odin against PyTorch at batch 32 with gradients of parameters: {two:.1f}× by the clock, {two_cpu:.1f}× by CPU time.")
        for i, of in enumerate(("by the clock", "by CPU time")):
            others = [name for name in times if name != "odin"]
            best = min(others, key=lambda name: median(t[i] for t in times[name]))
            least = median(t[i] / o[i] for t, o in zip(times[best], times["odin"]))
            print(f"Against the best of PyTorch's ways {of} ({WAYS[best].replace('*', '')}): **{least:.2f}×**.")
        print(f"\nArithmetic: {macs / 1e9:.3f} G multiply-adds forward, so {flop / 1e9:.2f} GFLOP a pass (forward, back, forward). A core's "
              f"best: {peak / 1e9:.0f} GFLOP/s (a large sgemm), so {1000 * flop / peak:.1f} ms of one core an image at least; odin takes {1000 * ours:.1f} ms: "
              f"**{100 * flop / peak / ours:.0f} %** of the limit"
              + (", as nine products a position are counted; Winograd's way does 4 in place of 9." if least_flop < flop else "."))
    if grids:
        wall, cpu = median(g[0] for g in grids), median(g[1] for g in grids)
        print(f"\nThe 10 × 21 grid: {wall:.2f} s an image by the clock, {cpu:.2f} s of CPU time, start-up and statistics included.", end=" ")
        if base:
            by_scripts = [210 * median(r[i] for r in base) for i in (0, 1)]
            print(f"The scripts' way, 210 passes an image, would take {by_scripts[0]:.1f} s and {by_scripts[1]:.1f} s: "
                  f"**{by_scripts[0] / wall:.0f}×** by the clock, **{by_scripts[1] / cpu:.0f}×** by CPU time.")
        else:
            print()


def cpu_flags():
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.split(":")[1].split() for line in lines if line.startswith("flags")), [])


if __name__ == "__main__":
    main()
