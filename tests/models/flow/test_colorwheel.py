"""The colour code of flow pictures: six corners, fair spacing, saturation, darkening."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.models.flow.colorwheel import flow_picture, wheel, wheel_picture


def field(dx: float, dy: float) -> torch.Tensor:
    return torch.tensor([dx, dy]).reshape(2, 1, 1)


@pytest.mark.parametrize(
    ("position", "color"),
    [(0, "ff0000"), (15, "ffff00"), (21, "00ff00"), (25, "00ffff"), (36, "0000ff"), (49, "ff00ff")],
)
def test_the_six_corners(position, color):
    angle = 2 * math.pi * position / 55
    picture = flow_picture(field(3 * math.cos(angle), 3 * math.sin(angle)))
    assert np.abs(picture[0, 0].astype(int) - list(bytes.fromhex(color))).max() <= 1


def test_between_corners_one_channel_moves():
    angle = torch.tensor(2 * math.pi * 7.5 / 55)  # half way from red to yellow
    assert wheel(angle).tolist() == pytest.approx([1, 0.5, 0], abs=1e-5)


def test_the_wheel_closes():
    around = wheel(torch.tensor([1e-4, 2 * math.pi - 1e-4]))
    assert (around[:, 0] - around[:, 1]).abs().max() < 1e-3


def test_rest_is_white_and_half_speed_half_saturated():
    picture = flow_picture(torch.tensor([[[0.0, 2.0, 4.0]], [[0.0, 0.0, 0.0]]]))
    assert picture[0].tolist() == [[255, 255, 255], [255, 128, 128], [255, 0, 0]]


def test_longer_than_the_longest_is_darkened():
    assert flow_picture(field(9, 0), longest=3)[0, 0].tolist() == [191, 0, 0]


def test_a_given_length_makes_frames_comparable():
    assert flow_picture(field(1, 0), longest=4)[0, 0].tolist() == [255, 191, 191]


def test_a_field_at_rest_is_white():
    assert (flow_picture(torch.zeros(2, 3, 4)) == 255).all()


def test_the_key_shows_right_in_red_and_nothing_in_white():
    key = wheel_picture(65)
    assert key.shape == (65, 65, 3)
    assert key[32, 64].tolist() == [255, 0, 0]
    assert key[32, 32].tolist() == [255, 255, 255]
    assert key[0, 0].tolist() == [255, 255, 255]


@given(st.floats(-10, 10))
@settings(max_examples=40, deadline=None)
def test_pure_colours_are_fully_saturated(angle):
    color = wheel(torch.tensor(angle))
    assert color.max().item() == pytest.approx(1, abs=1e-5)
    assert color.min().item() == pytest.approx(0, abs=1e-5)
