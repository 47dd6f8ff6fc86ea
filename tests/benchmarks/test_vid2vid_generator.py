"""The benchmark of the generator runs, and puts another implementation beside ours."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

OTHER = """
import torch
from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.vid2vid.convert import convert
from maliang_video.models.vid2vid.generator import Vid2VidGenerator

def start(states, manifests, first):
    assert list(states) == list(manifests) == ["G0", "G1", "G2"]
    assert manifests["G0"]["args"]["label_nc"] == 35
    config, state = convert(states)
    generator = Vid2VidGenerator(config)
    generator.load_state_dict(state)
    past = generator.past_from(first[None])

    @torch.inference_mode()
    def step(window):
        nonlocal past
        made = generator.step([generator.encode(LabelFrame(*frame)) for frame in window], past)
        past = made.past
        return made.frame

    return step
"""


def test_two_implementations_side_by_side(tmp_path):
    (tmp_path / "other.py").write_text(OTHER)
    command = [sys.executable, str(ROOT / "benchmarks" / "vid2vid_generator.py"), "--frames", "2"]
    options = ["--layout", "label2city_1024_g1_small", "--size", "64x32", "--against", "other:start"]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"label2city_1024_g1_small 64x32 float32 on cpu, 1 threads: [\d.]+ frames/s", done.stdout
    )
    beside = re.search(
        r"ours takes ([\d.]+) of its CPU time, largest difference ([^,]+), mean of the worst frame (\S+)",
        done.stdout,
    )
    assert beside is not None
    assert float(beside[1]) > 0
    assert float(beside[3]) <= float(beside[2]) < 1e-3
