"""The benchmark of the few-shot generator runs, and puts another implementation beside ours."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

OTHER = """
import torch
from maliang_video.models.fewshot.convert import convert
from maliang_video.models.fewshot.generator import FewShotGenerator, encode_exemplars, step as paint
from dataclasses import replace

def start(state, manifest, labels, images):
    assert manifest["options"]["n_shot"] == 3 and labels.shape == (2, 1, 32, 64) and images.shape == (2, 3, 32, 64)
    config, ours = convert({"file": state})
    generator = FewShotGenerator(replace(config, summary_pixels=None)).eval()
    generator.load_state_dict(ours)
    exemplars, past = encode_exemplars(generator, labels, images), None

    @torch.inference_mode()
    def step(driving):
        nonlocal past
        made = paint(generator, exemplars, driving, past)
        past = made.past
        return made.frame.image

    return step
"""


def test_two_implementations_side_by_side(tmp_path):
    (tmp_path / "other.py").write_text(OTHER)
    command = [sys.executable, str(ROOT / "benchmarks" / "fewshot_generator.py"), "--frames", "2"]
    options = [
        "--layout",
        "fsv2v_face_small",
        "--size",
        "64x32",
        "--exemplars",
        "2",
        "--against",
        "other:start",
    ]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ours = r"fsv2v_face_k3_small 64x32 float32 on cpu, 1 threads, 2 exemplars: [\d.]+ frames/s.* of which attention"
    assert re.search(ours, done.stdout)
    beside = re.search(r"ours takes ([\d.]+) of its CPU time, largest difference ([^,]+)", done.stdout)
    assert beside is not None
    assert float(beside[1]) > 0
    assert float(beside[2]) < 1e-3
