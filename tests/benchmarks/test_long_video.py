"""The benchmark of long videos runs, and its figures are those of the pictures."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

from long_video import statistics  # noqa: E402


def test_a_few_frames():
    command = [sys.executable, str(ROOT / "benchmarks" / "long_video.py"), "--size", "64x32"]
    done = subprocess.run(
        [*command, "--frames", "3", "--threads", "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (row,) = re.findall(r"^ +0-   2 (.*) MiB$", done.stdout, re.M)
    assert all(0 < float(figure) < 1 for figure in row.split()[:10])
    (drift,) = re.findall(r"^ +drift (.*)$", done.stdout, re.M)
    assert [float(figure) for figure in drift.split()] == [0] * 5  # the first hundred are the last


def test_statistics_of_a_known_picture():
    picture = torch.zeros(3, 4, 6)
    picture[0, :, ::2] = 0.6  # red stripes
    red, green, blue, contrast, detail = statistics(picture)
    assert (red, green, blue) == pytest.approx((0.3, 0, 0))
    assert contrast == pytest.approx(0.1 * (24 / 23) ** 0.5)
    assert detail == pytest.approx(0.2)
