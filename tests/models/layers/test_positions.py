"""Waves that say where a pixel is."""

import math

import pytest
import torch

from maliang_video.models.layers.positions import position_waves

CPU = torch.device("cpu")


def test_waves_are_sines_and_cosines_of_the_place():
    waves = position_waves(2, (4, 8), CPU)[0]
    assert waves.shape == (8, 4, 8)
    x, y = 5.5 / 8, 2.5 / 4
    expected = [
        wave(math.pi * octave * place)
        for place in (x, y)
        for wave in (math.sin, math.cos)
        for octave in (1, 2)
    ]
    assert waves[:, 2, 5].tolist() == pytest.approx(expected, abs=1e-6)


def test_the_first_octave_tells_every_place_from_every_other():
    across = position_waves(1, (1, 64), CPU)[0, 1, 0]
    assert (across.diff() < 0).all()


def test_the_same_place_of_a_larger_picture_has_the_same_values():
    small, large = position_waves(3, (4, 8), CPU), position_waves(3, (12, 24), CPU)
    assert torch.allclose(small, large[..., 1::3, 1::3], atol=1e-6)
