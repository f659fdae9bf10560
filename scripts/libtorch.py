#!/usr/bin/env python3
"""Finds or makes the libtorch that odin is built against, and leaves `.libtorch/current` pointing at it.

In this order: $LIBTORCH; a Python here that has torch 2.11.x (its CUDA is then used), the one that runs this script
before python3 and python; else a CPU tree under `.libtorch/cpu`, made from the published wheels. A second call finds what
the first one left and needs no network; wheels that have arrived are kept until the tree is made.

    python3 scripts/libtorch.py            find or make it; print its folder
    python3 scripts/libtorch.py --where    print what a build would use, change nothing

Needs Python 3.8 with pip, and a C compiler on Linux x86-64. Uses nothing outside the standard library.
"""
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

TORCH = "2.11.0"
SERIES = "2.11."
ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".libtorch"
CURRENT = HOME / "current"
CPU_TREE = HOME / "cpu"
WHEELS = HOME / "wheels"
PAUSES = (5, 20, 60)  # seconds between the tries to fetch a wheel
tried = []


class Unusable(Exception):
    """A libtorch that was named by the person, and cannot be used: not to be passed over in silence."""


def library(folder, name):
    suffix = "dylib" if sys.platform == "darwin" else "so"
    return folder / "lib" / f"lib{name}.{suffix}"


def is_libtorch(folder):
    return library(folder, "torch_cpu").exists() and (folder / "include").is_dir()


def from_environment():
    named = os.environ.get("LIBTORCH")
    if not named:
        tried.append("LIBTORCH: not set")
        return None
    folder = Path(named).expanduser().resolve()
    if folder == CURRENT.resolve() and is_libtorch(folder):
        return folder
    if not is_libtorch(folder):
        raise Unusable(f"LIBTORCH={named}: no {library(folder, 'torch_cpu').name} under lib/, or no include/ beside it")
    for version in (folder / "build-version", folder / "version.py"):
        if version.exists():
            if SERIES not in version.read_text(errors="replace"):
                raise Unusable(f"LIBTORCH={named}: {version.name} there does not say {SERIES}x, which tch 0.24 needs")
            break
    return folder


def pythons():
    """The one that runs this script (make's PYTHON) first."""
    return list(dict.fromkeys(filter(None, (sys.executable, shutil.which("python3"), shutil.which("python")))))


def from_python():
    ask = (
        "import torch, pathlib; print(torch.__version__); print(torch.version.cuda or ''); "
        "print(pathlib.Path(torch.__file__).resolve().parent); print(int(torch._C._GLIBCXX_USE_CXX11_ABI))"
    )
    for python in pythons():
        done = subprocess.run([python, "-c", ask], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = done.stdout.splitlines()
        if done.returncode != 0 or len(lines) != 4:
            tried.append(f"{python}: has no torch")
            continue
        version, cuda, folder, new_abi = lines[0], lines[1], Path(lines[2]), lines[3] == "1"
        if not version.startswith(SERIES):
            tried.append(f"{python}: torch {version}, and {SERIES}x is needed")
        elif not new_abi or not is_libtorch(folder):
            tried.append(f"{python}: torch {version}, without the C++11 libraries and headers")
        else:
            say(f"libtorch {version} of {python}" + (f", CUDA {cuda}" if cuda else ", CPU only"))
            return folder
    return None


def wheel_platform():
    machine = platform.machine().lower()
    if sys.platform.startswith("linux") and machine in ("x86_64", "amd64"):
        return ["manylinux_2_28_x86_64", "manylinux_2_25_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"]
    if sys.platform.startswith("linux") and machine in ("aarch64", "arm64"):
        return ["manylinux_2_28_aarch64"]
    if sys.platform == "darwin" and machine == "arm64":
        return ["macosx_14_0_arm64", "macosx_11_0_arm64"]
    return None


def from_wheels():
    if is_libtorch(CPU_TREE) and (CPU_TREE / "build-version").exists():
        return CPU_TREE
    platforms = wheel_platform()
    if platforms is None:
        tried.append(f"wheels: none for {sys.platform} {platform.machine()}")
        return None
    wanted = [f"torch=={TORCH}"]
    cuda_parts = platforms[0].endswith("x86_64")
    if cuda_parts:  # libtorch_cpu of this wheel links two small CUDA libraries
        wanted += ["nvidia-cuda-cupti==13.0.85", "nvidia-cuda-runtime==13.0.96"]
    WHEELS.mkdir(parents=True, exist_ok=True)
    say(f"fetching libtorch {TORCH} (CPU{', 540 MB' if cuda_parts else ''}) once, into {HOME}")
    wheels = []
    for one in wanted:
        wheel = fetch(one, platforms)
        if wheel is None:
            return None
        wheels.append(wheel)
    with tempfile.TemporaryDirectory(dir=HOME, prefix="part-") as part:
        part = Path(part)
        tree = part / "tree"
        (tree / "lib").mkdir(parents=True)
        for wheel in wheels:
            unpack(wheel, tree, cuda_parts)
        if cuda_parts and not write_stub(tree / "lib"):
            return None
        (tree / "build-version").write_text(TORCH + "\n")
        if not is_libtorch(tree):
            tried.append("wheels: they hold no libtorch_cpu where it is expected")
            return None
        if CPU_TREE.exists():
            shutil.rmtree(CPU_TREE)
        tree.rename(CPU_TREE)
    shutil.rmtree(WHEELS, ignore_errors=True)
    return CPU_TREE


def fetch(wanted, platforms):
    """The wheel of `NAME==VERSION`: what an earlier try or call has brought, else by pip, which is asked several times."""
    wheel = fetched(wanted)
    if wheel:
        say(f"{wheel.name} is here already")
        return wheel
    options = patience()
    if options is None:
        tried.append(f"wheels: {sys.executable} has no working pip (`{sys.executable} -m pip --version` tells more)")
        return None
    # One fixed Python version: only the libraries are taken, so any wheel of this platform serves.
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--python-version", "3.12"]
    command += ["--implementation", "cp", "--disable-pip-version-check", *options]
    for one in platforms:
        command += ["--platform", one]
    tries = len(PAUSES) + 1
    for attempt in range(1, tries + 1):
        say(f"fetching {wanted}, try {attempt} of {tries}")
        # A wheel counts once it is complete: a try that breaks off leaves nothing that could be taken for one.
        with tempfile.TemporaryDirectory(dir=WHEELS, prefix="part-") as part:
            if subprocess.run(command + ["-d", part, wanted], stdout=sys.stderr).returncode == 0:
                for wheel in Path(part).glob("*.whl"):
                    wheel.replace(WHEELS / wheel.name)
        wheel = fetched(wanted)
        if wheel:
            return wheel
        if attempt < tries:
            say(f"that failed (pip's message is above); trying again in {PAUSES[attempt - 1]} s")
            time.sleep(PAUSES[attempt - 1])
    tried.append(f"wheels: pip could not download {wanted} in {tries} tries (its messages are above); what has arrived is kept in {WHEELS}")
    return None


def fetched(wanted):
    """The wheel of `NAME==VERSION` in WHEELS, if it is there and whole."""
    name, version = wanted.split("==")
    for wheel in sorted(WHEELS.glob(f"{name.replace('-', '_')}-{version}-*.whl")):
        if zipfile.is_zipfile(wheel):  # the list of contents stands at a wheel's end, so a cut one has none
            return wheel
    return None


def patience():
    """What makes the installed pip patient with a bad line, or None where there is no pip that works."""
    asked = subprocess.run([sys.executable, "-m", "pip", "download", "--help"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if asked.returncode != 0:
        return None
    known = (("--retries", "8"), ("--timeout", "120"), ("--resume-retries", "20"))
    return [word for option, value in known if f"{option} " in asked.stdout for word in (option, value)]


def unpack(wheel, tree, cuda_parts):
    """Takes headers and the CPU libraries out of one wheel, flat, and leaves the gigabyte of CUDA behind."""
    if cuda_parts:
        keep = {"libc10.so", "libtorch_cpu.so", "libgomp.so.1", "libcudart.so.13", "libcupti.so.13"}
    else:
        keep = None
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            parts = entry.filename.split("/")
            if entry.is_dir() or ".." in parts:
                continue
            if parts[:2] == ["torch", "include"]:
                target = tree.joinpath(*parts[1:])
            elif "lib" in parts[:-1] and (parts[-1] in keep if keep else parts[:2] == ["torch", "lib"]):
                target = tree / "lib" / parts[-1]
            else:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, open(target, "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)


def write_stub(lib):
    """The wheel's libtorch.so needs libtorch_cuda; ours needs only libtorch_cpu."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        tried.append("wheels: no C compiler (cc) to make the libtorch.so that needs no CUDA")
        return False
    command = [compiler, "-shared", "-x", "c", os.devnull, "-o", str(lib / "libtorch.so"), "-Wl,-soname,libtorch.so"]
    command += [f"-L{lib}", "-Wl,--no-as-needed", "-ltorch_cpu", "-Wl,-rpath,$ORIGIN", "-Wl,--allow-shlib-undefined"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        tried.append(f"wheels: {compiler} could not link libtorch.so: {done.stderr.strip().splitlines()[-1:]}")
    return done.returncode == 0


def already_there():
    """What an earlier call chose, unless LIBTORCH now says otherwise."""
    if os.environ.get("LIBTORCH") or not CURRENT.exists():
        return None
    folder = CURRENT.resolve()
    return folder if is_libtorch(folder) else None


def better_than(folder):
    """The torch with CUDA of a Python here, where `folder` has none: named, not taken, for a rebuild takes minutes."""
    if os.environ.get("LIBTORCH") or library(folder, "torch_cuda").exists():
        return None
    # Finds the package without loading it, which would take seconds at each call of make.
    ask = "import importlib.util as u; s = u.find_spec('torch'); print(next(iter(s.submodule_search_locations)) if s else '')"
    for python in pythons():
        done = subprocess.run([python, "-c", ask], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        other = Path(done.stdout.strip() or os.devnull)
        version = other / "version.py"
        if is_libtorch(other) and library(other, "torch_cuda").exists() and version.exists() and f"'{SERIES}" in version.read_text(errors="replace"):
            return python, other
    return None


def point_at(folder):
    HOME.mkdir(exist_ok=True)
    if CURRENT.is_symlink() and CURRENT.resolve() == folder.resolve():
        return
    if CURRENT.is_symlink():  # what was compiled against the other libtorch must not be linked to this one
        subprocess.run([os.environ.get("CARGO", "cargo"), "clean", "-q", "-p", "torch-sys"], cwd=ROOT, check=False)
    fresh = HOME / f"current.{os.getpid()}"
    fresh.symlink_to(folder.resolve())
    fresh.replace(CURRENT)


def say(text):
    print(text, file=sys.stderr)


def main():
    if "--where" in sys.argv[1:]:
        found = already_there() or from_environment() or from_python() or (CPU_TREE if is_libtorch(CPU_TREE) else None)
        print(found or "none yet: `make setup` makes one")
        return 0
    try:
        folder = already_there() or from_environment() or from_python() or from_wheels()
    except Unusable as why:
        say(f"error: {why}.\n  Unset LIBTORCH to let this script find one, or point it at a libtorch {SERIES}x folder.")
        return 2
    except OSError as why:
        say(f"error: {why}")
        return 2
    if folder is None:
        say(f"error: no libtorch {TORCH} could be had. Tried:")
        for line in tried:
            say(f"  - {line}")
        say("Supply one in any of these ways, then run make again:")
        say("  - LIBTORCH=/path/to/libtorch (the unpacked C++ distribution of PyTorch 2.11)")
        say(f"  - a Python environment with torch: python3 -m pip install torch=={TORCH}")
        say("  - a network that reaches the Python package index, so that the wheels can be fetched")
        return 2
    point_at(folder)
    better = better_than(folder)
    if better:
        say(f"note: building for the CPU; {better[0]} has a torch with CUDA, which this takes: LIBTORCH={shlex.quote(str(better[1]))} make build")
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
