"""scripts/demo_table.py sets in bold what the paired interval supports."""
import importlib.util
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "demo_table.py"
spec = importlib.util.spec_from_file_location("demo_table", SCRIPT)
demo_table = importlib.util.module_from_spec(spec)
spec.loader.exec_module(demo_table)


def run(baseline, odin, low, high):
    return {"baseline": {"m": baseline}, "odin": {"m": odin}, "difference_ci": {"m": {"low": low, "high": high}}}


class Bold(unittest.TestCase):
    def test_the_better_number_is_bold_where_the_interval_excludes_0(self):
        self.assertEqual(demo_table.cell(run(0.9, 0.5, -0.5, -0.3), "m", False), "90.0 / **50.0**")
        self.assertEqual(demo_table.cell(run(0.9, 0.5, -0.5, -0.3), "m", True), "**90.0** / 50.0")
        self.assertEqual(demo_table.cell(run(0.5, 0.9, 0.3, 0.5), "m", True), "50.0 / **90.0**")

    def test_neither_is_bold_where_chance_may_have_ordered_them_or_both_print_alike(self):
        self.assertEqual(demo_table.cell(run(0.9, 0.5, -0.9, 0.1), "m", False), "90.0 / 50.0")
        self.assertEqual(demo_table.cell(run(0.99962, 0.99964, 0.00001, 0.00003), "m", True), "100.0 / 100.0")

    def test_every_set_is_swept(self):
        jobs = demo_table.session()["queues"][0]["jobs"]
        self.assertEqual([job["dataset"] for job in jobs], demo_table.SETS)


if __name__ == "__main__":
    unittest.main()
