"""The file that `odin export-script` prints is Python, and does what it says where PyTorch is."""
import importlib.util
import py_compile
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "src" / "cli" / "export_script" / "export.py"
NETWORK = """
class Net(nn.Module):
    def __init__(self, temperature):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.fc = nn.Linear(6, 4)
        self.temperature = temperature

    def forward(self, x):
        return {output}


def network():
    return Net({temperature})
"""


@unittest.skipUnless(importlib.util.find_spec("torch"), "no PyTorch here")
class Export(unittest.TestCase):
    def run_with(self, folder, output, temperature=1.0):
        text = SCRIPT.read_text().replace("INPUT = (3, 224, 224)", "INPUT = (3, 12, 10)")
        network = NETWORK.format(output=output, temperature=temperature)
        text = text.replace('if __name__ == "__main__":', network + '\n\nif __name__ == "__main__":')
        Path(folder, "export.py").write_text(text)
        return subprocess.run([sys.executable, "-B", "export.py"], cwd=folder, capture_output=True, text=True)

    def test_the_program_gives_logits_and_features(self):
        import torch

        pooled = "self.conv(x).relu().mean((2, 3))"
        outputs = [f"self.fc({pooled})", f"(self.fc({pooled}), x)", f"dict(logits=self.fc({pooled}))"]
        for output in outputs:
            with tempfile.TemporaryDirectory() as folder:
                done = self.run_with(folder, output)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("architecture: {kind: torchscript, input: [3, 12, 10]}\nclasses: 4\n", done.stdout)
                program = torch.jit.load(str(Path(folder, "mine.pt")))
                logits, features = program(torch.rand(5, 3, 12, 10))
                self.assertEqual((tuple(logits.shape), tuple(features.shape)), ((5, 4), (5, 6)))
                layer = dict(program.named_parameters())
                weight, bias = layer["net.fc.weight"], layer["net.fc.bias"]
                torch.testing.assert_close(features @ weight.T + bias, logits)

    def test_what_is_behind_the_last_layer_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.run_with(folder, "self.fc(self.conv(x).mean((2, 3))) / self.temperature", 2.0)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("a softmax or a scale", done.stderr)
            self.assertFalse(Path(folder, "mine.pt").exists())


class Source(unittest.TestCase):
    def test_it_is_python(self):
        with tempfile.TemporaryDirectory() as folder:
            py_compile.compile(str(SCRIPT), cfile=str(Path(folder, "c")), doraise=True)


if __name__ == "__main__":
    unittest.main()
