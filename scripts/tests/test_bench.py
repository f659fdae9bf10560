"""scripts/bench.py measures its own runs, and refuses what cannot be."""
import importlib.util
import os
import unittest
from pathlib import Path
from unittest import mock

SCRIPT = Path(__file__).resolve().parent.parent / "bench.py"
spec = importlib.util.spec_from_file_location("bench", SCRIPT)
bench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bench)


class Bench(unittest.TestCase):
    def test_the_runs_are_its_own_whatever_the_environment_says(self):
        with mock.patch.dict(os.environ, {"ODIN_RUNS": "/elsewhere", "ODIN_HOME": "/elsewhere"}):
            environment = bench.own(Path("scratch"))
        self.assertEqual((environment["ODIN_HOME"], environment["ODIN_RUNS"]), ("scratch", str(Path("scratch/runs"))))

    def test_figures_above_the_limit_are_refused(self):
        flop = 6 * bench.multiplications(bench.tensors_of("densenet-bc", 100, 12))
        # Two cores of 200 GFLOP/s: 116 images/s a core at most.
        self.assertIsNone(bench.impossible(1 / 134, 2 / 134, flop, 200e9, 2))
        self.assertIn("%", bench.impossible(1 / 58_459, 1 / 58_459, flop, 200e9, 2))
        self.assertIn("%", bench.impossible(1 / 58_459, 1 / 58_459, flop, bench.NO_CORE, 2))
        self.assertIn("starting", bench.impossible(-0.001, 0.001, flop, 200e9, 2))


if __name__ == "__main__":
    unittest.main()
