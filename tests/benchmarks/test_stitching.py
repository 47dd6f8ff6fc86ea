"""The benchmark of stitching: its figures say what they claim to."""

from dataclasses import replace

import pytest

from maliang_video.benchmarks.stitching import figures_of, measured, random_frames, random_generator
from maliang_video.training.stitching_tuning import USUAL


def test_figures_are_those_of_the_pictures() -> None:
    generator = random_generator(8, 8, 0)
    frames = random_frames(generator, 4, 0.5, 0)
    edited = figures_of([frames(k).edited for k in range(4)], frames, 0, 0.0)
    source = figures_of([frames(k).source for k in range(4)], frames, 0, 0.0)
    assert edited.content == 0
    assert source.border == 0
    assert 0 < edited.border < edited.worst
    assert edited.flicker > 0
    stitched = measured(generator, frames, 4, replace(USUAL, updates=5, window=4))
    assert stitched.updates == 20
    assert stitched.border < edited.border
    assert stitched.worst == pytest.approx(stitched.border, rel=5)
