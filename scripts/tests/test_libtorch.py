"""scripts/libtorch.py with a pip that breaks off, and with more than one Python."""
import contextlib
import importlib.util
import io
import os
import stat
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

SCRIPT = Path(__file__).resolve().parent.parent / "libtorch.py"

# Writes down how it was called, and fails as often as the file `failures` says.
PIP = '''
import os, pathlib, sys, zipfile
here = pathlib.Path(os.environ["FAKE_PIP"])
if "--help" in sys.argv:
    print((here / "help").read_text())
    sys.exit(0)
with open(here / "calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + chr(10))
folder, (name, version) = pathlib.Path(sys.argv[sys.argv.index("-d") + 1]), sys.argv[-1].split("==")
wheel = folder / f"{name.replace('-', '_')}-{version}-cp312-cp312-some.whl"
left = int((here / "failures").read_text())
if left:
    (here / "failures").write_text(str(left - 1))
    wheel.write_bytes(b"PK the connection broke off here")
    sys.exit(1)
with zipfile.ZipFile(wheel, "w") as archive:
    archive.writestr("torch/include/torch.h", "")
    archive.writestr("torch/lib/libtorch_cpu.so", "")
    archive.writestr("torch/lib/libtorch_cuda.so", "")
'''

TORCH = '''
__version__ = "2.11.0+cu130"
class version: cuda = "13.0"
class _C: _GLIBCXX_USE_CXX11_ABI = True
'''


class Setup(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)
        spec = importlib.util.spec_from_file_location("libtorch", SCRIPT)
        self.script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.script)
        self.script.HOME = self.root / ".libtorch"
        self.script.CURRENT = self.script.HOME / "current"
        self.script.CPU_TREE = self.script.HOME / "cpu"
        self.script.WHEELS = self.script.HOME / "wheels"
        self.script.WHEELS.mkdir(parents=True)
        packages = self.root / "packages"
        (packages / "pip").mkdir(parents=True)
        (packages / "pip/__init__.py").touch()
        (packages / "pip/__main__.py").write_text(PIP)
        self.pip = self.root / "pip"
        self.pip.mkdir()
        self.failures(0)
        (self.pip / "help").write_text("  --retries <retries>\n  --timeout <sec>\n")
        self.paused = []
        environment = {"FAKE_PIP": str(self.pip), "PYTHONPATH": str(packages), "LIBTORCH": "", "PATH": os.environ["PATH"]}
        for patch in (
            mock.patch.dict(os.environ, environment),
            mock.patch.object(self.script.time, "sleep", self.paused.append),
            mock.patch.object(self.script, "wheel_platform", lambda: ["manylinux_2_28_x86_64"]),
            mock.patch.object(self.script, "write_stub", lambda lib: True),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        self.packages = packages

    def failures(self, count):
        (self.pip / "failures").write_text(str(count))

    def calls(self):
        calls = self.pip / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def quietly(self, function, *arguments):
        """What the function gives, and what it says on standard error."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said), mock.patch.object(self.script, "say", lambda text: said.write(text + "\n")):
            with mock.patch.object(self.script.subprocess, "run", self.call):
                return function(*arguments), said.getvalue()

    def call(self, command, real=subprocess.run, **options):
        if options.get("stdout") is sys.stderr:  # a captured one is no file
            options["stdout"] = subprocess.DEVNULL
        return real(command, **options)

    def test_a_download_that_breaks_off_is_tried_again(self):
        self.failures(2)
        tree, said = self.quietly(self.script.from_wheels)
        self.assertEqual(tree, self.script.CPU_TREE)
        self.assertTrue(self.script.is_libtorch(tree))
        self.assertEqual([call.split()[-1].split("==")[0] for call in self.calls()],
                         ["torch", "torch", "torch", "nvidia-cuda-cupti", "nvidia-cuda-runtime"])
        self.assertEqual(self.paused, [5, 20])
        self.assertIn("fetching torch==2.11.0, try 3 of 4", said)
        self.assertFalse(self.script.WHEELS.exists(), "the wheels go once the tree is made")

    def test_four_tries_and_what_has_arrived_is_kept_for_the_next_call(self):
        self.assertEqual(self.quietly(self.script.fetch, "torch==2.11.0", [])[0].parent, self.script.WHEELS)
        self.failures(9)
        tree, _ = self.quietly(self.script.from_wheels)
        self.assertIsNone(tree)
        self.assertEqual(len(self.calls()), 1 + 4, "torch is there already; the next is tried four times, and then no more")
        self.assertEqual(self.paused, sorted(self.paused))
        self.assertIn("nvidia-cuda-cupti==13.0.85 in 4 tries", self.script.tried[-1])
        self.assertEqual([file.name for file in self.script.WHEELS.iterdir()], ["torch-2.11.0-cp312-cp312-some.whl"])
        self.failures(0)
        tree, said = self.quietly(self.script.from_wheels)
        self.assertEqual(tree, self.script.CPU_TREE)
        self.assertIn("torch-2.11.0-cp312-cp312-some.whl is here already", said)

    def test_a_wheel_that_was_cut_off_is_no_wheel(self):
        (self.script.WHEELS / "torch-2.11.0-cp312-cp312-some.whl").write_bytes(b"PK cut")
        self.assertTrue(zipfile.is_zipfile(self.quietly(self.script.fetch, "torch==2.11.0", [])[0]))
        self.assertEqual(len(self.calls()), 1)

    def test_pip_gets_the_options_that_it_knows(self):
        self.quietly(self.script.fetch, "torch==2.11.0", ["some"])
        self.assertIn("--retries 8 --timeout 120 --platform some", self.calls()[0])
        self.assertNotIn("--resume-retries", self.calls()[0])
        (self.pip / "help").write_text("--retries <n>\n--timeout <sec>\n--resume-retries <n>\n")
        self.quietly(self.script.fetch, "torch==2.11.1", ["some"])
        self.assertIn("--resume-retries 20", self.calls()[1])

    def test_without_pip_nothing_is_tried(self):
        (self.packages / "pip/__main__.py").write_text("raise SystemExit(1)")
        self.assertIsNone(self.quietly(self.script.from_wheels)[0])
        self.assertIn("no working pip", self.script.tried[-1])
        self.assertEqual(self.paused, [])

    def torch(self, folder, cuda=True):
        (folder / "torch/lib").mkdir(parents=True)
        (folder / "torch/include").mkdir()
        (folder / "torch/__init__.py").write_text(TORCH)
        (folder / "torch/version.py").write_text("__version__ = '2.11.0+cu130'\n")
        self.script.library(folder / "torch", "torch_cpu").touch()
        if cuda:
            self.script.library(folder / "torch", "torch_cuda").touch()
        return (folder / "torch").resolve()

    def python(self, packages):
        """A Python of its own that has these packages."""
        program = self.root / "venv/bin/python"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nPYTHONPATH="{packages}" exec "{sys.executable}" "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return str(program)

    def test_the_python_that_runs_the_script_is_asked_first(self):
        on_path = self.torch(self.packages)
        own = self.torch(self.root / "own")
        self.assertEqual(self.quietly(self.script.from_python)[0], on_path)
        with mock.patch.object(self.script.sys, "executable", self.python(self.root / "own")):
            self.assertEqual(self.quietly(self.script.from_python)[0], own)

    def test_a_torch_with_cuda_that_came_later_is_named_and_not_taken(self):
        cpu, _ = self.quietly(self.script.from_wheels)
        self.assertIsNone(self.script.better_than(cpu))
        python = self.python(self.root / "own")
        with mock.patch.object(self.script.sys, "executable", python):
            own = self.torch(self.root / "own")
            self.assertEqual(self.script.better_than(cpu), (python, own))
            self.script.point_at(cpu)
            with mock.patch.object(self.script.sys, "argv", ["libtorch.py"]), contextlib.redirect_stdout(io.StringIO()):
                code, said = self.quietly(self.script.main)
            self.assertEqual(code, 0)
            self.assertIn(f"LIBTORCH={own} make build", said)
            self.assertEqual(self.script.CURRENT.resolve(), cpu.resolve())
            self.script.library(own, "torch_cuda").unlink()
            self.assertIsNone(self.script.better_than(cpu), "one for CPUs is no better")


if __name__ == "__main__":
    unittest.main()
