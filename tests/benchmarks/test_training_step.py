"""The benchmark of a training step runs, and puts another implementation beside ours."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

OTHER = """
def start(clip, stage, recipe, vgg):
    assert clip["pictures"].shape == (1, 10, 3, 32, 64)
    assert clip["ids"].shape == clip["instances"].shape == (1, 10, 32, 64)
    assert (stage.chunk, stage.discriminator_scales, stage.losses.temporal) == (4, 2, True)
    assert (recipe.generator.filters, recipe.generator.foreground_filters, recipe.generator.scales) == (4, 2, 1)
    assert vgg["features.28.weight"].shape == (512, 512, 3, 3)

    def train(updated):
        updated()
        sum(range(100000))
        updated()

    return train
"""


def test_two_implementations_side_by_side(tmp_path):
    (tmp_path / "other.py").write_text(OTHER)
    command = [sys.executable, str(ROOT / "benchmarks" / "training_step.py"), "--size", "64x32"]
    options = ["--filters", "4", "--chunk", "4", "--clips", "1", "--against", "other:start"]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "label2city 64x32 on cpu, 4 frames a step, 1 threads" in done.stdout
    busy = re.findall(r"  (\S+): [\d.]+ s by the clock and ([\d.]+) s of CPU time a step", done.stdout)
    assert [name for name, _ in busy] == ["ours", "other:start"]
    assert float(busy[0][1]) > float(busy[1][1])
    ratio = re.search(r"ours takes ([\d.]+) of its CPU time", done.stdout)
    assert ratio is not None
    assert float(ratio[1]) > 1
