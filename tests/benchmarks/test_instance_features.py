"""The benchmark of instance features runs, and its figures are those of the colours."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from maliang_video import weights
from maliang_video.models.vid2vid.config import FeatureConfig
from maliang_video.models.vid2vid.features import Instances
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.training.worlds.looks import LOOKS

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

from instance_features import explained, next_of_class  # noqa: E402


def test_a_street(tiny_generator, tmp_path):
    features = FeatureConfig(channels=2, filters=2, downsamplings=1)
    config = replace(tiny_generator.config, style_names=LOOKS, instance_features=features)
    path = tmp_path / "told.safetensors"
    weights.save(path, Vid2VidGenerator(config), licence="CC0-1.0", source="random numbers")
    command = [sys.executable, str(ROOT / "benchmarks" / "instance_features.py"), "--weights", str(path)]
    given = ["--clips", "1", "--frames", "2", "--size", "64x32", "--threads", "1"]
    done = subprocess.run([*command, *given], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^ *(\w+) +(\d+) ", done.stdout, re.M)[-1] == ("road", "1")


def test_what_is_explained():
    wanted = torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    assert explained(wanted, wanted) == 1
    assert explained(wanted.flip(0), wanted) == pytest.approx(-3)
    assert explained(torch.full((2, 3), 0.5), wanted) == pytest.approx(0)


def test_things_are_exchanged_within_their_class():
    classes = torch.tensor([7, 26, 26, 26])
    found = Instances(torch.zeros(1, 1, 1), torch.zeros(4), classes, torch.arange(4))
    large = torch.tensor([True, True, False, True])
    assert next_of_class(found, large).tolist() == [0, 3, 2, 1]
