"""The benchmark of faces' geometry runs, and compares with what it says it compares with."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

from face_geometry import grow_by_channels, landmarks, main  # noqa: E402

from maliang_video.models.faces.alignment import place_face  # noqa: E402


def test_masks_and_crops(monkeypatch, capsys):
    for arguments in ("masks --size 24 --outer 3", "crops --frame 64x48 --face 30 --sizes 16"):
        monkeypatch.setattr(sys, "argv", ["face_geometry.py", *arguments.split(), "--threads", "1"])
        assert main() == 0
    said = capsys.readouterr().out
    assert "the same in every pixel" in said
    assert re.search(r"^\| 16 \| \d+ \| \d+ \| \d+ \| \d+ \|$", said, re.M)


def test_memory_of_a_few_frames():
    command = [sys.executable, str(ROOT / "benchmarks" / "face_geometry.py"), "memory", "--frame", "96x64"]
    options = ["--seconds", "1", "--face", "30", "--crop", "32", "--threads", "1"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"1 s of 96x64: peak +\d+\.\d MiB", done.stdout)
    assert "ratio 1.000: constant" in done.stdout


def test_the_naive_way_is_a_maximum():
    mask = torch.zeros(1, 1, 7, 7)
    mask[..., 3, 2] = 1
    grown = grow_by_channels(mask, 1)[0, 0]
    assert grown.sum() == 9
    assert grown[2:5, 1:4].min() == 1


def test_the_face_has_the_size_that_was_asked_for():
    place = place_face(landmarks(100, 80, 60, 0.3))
    assert 2 * np.linalg.norm(place.x) == pytest.approx(60, rel=0.15)
    assert np.arctan2(place.x[1], place.x[0]) == pytest.approx(0.3, abs=0.01)
