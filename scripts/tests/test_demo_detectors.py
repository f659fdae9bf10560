"""scripts/demo_detectors.py shows the first ten, ODIN and the baseline."""
import importlib.util
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "demo_detectors.py"
spec = importlib.util.spec_from_file_location("demo_detectors", SCRIPT)
demo_detectors = importlib.util.module_from_spec(spec)
spec.loader.exec_module(demo_detectors)


def row(detector, may_be_best=False):
    estimate = {"value": 0.25, "interval": {"low": 0.2, "high": 0.3}}
    sets = [{"dataset": name, **estimate} for name in demo_detectors.SETS]
    return {"detector": detector, "may_be_best": may_be_best, "averages": {"all": estimate}, "sets": sets}


class Table(unittest.TestCase):
    def test_the_first_ten_and_those_that_are_always_shown(self):
        names = [f"d{n}" for n in range(11)] + ["odin", "d12", "baseline"]
        table = {"detectors": [row(name, name == "d0") for name in names], "missing": [{"missing": "x needs y"}]}
        lines = list(demo_detectors.lines(table))
        self.assertEqual(len(lines), 2 + 10 + 2 + 1)
        self.assertTrue(lines[2].startswith("| 1 | ≈ d0 | 25.0 (20.0–30.0) |"))
        self.assertTrue(lines[12].startswith("| 12 | odin |"))
        self.assertTrue(lines[13].startswith("| 14 | baseline |"))
        self.assertEqual(lines[14], "missing: x needs y")
        self.assertEqual(demo_detectors.cell(None), "—")


if __name__ == "__main__":
    unittest.main()
