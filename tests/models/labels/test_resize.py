import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.models.labels.frames import LabelFrames
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.models.labels.resize import (
    FittedLabels,
    ResizedLabels,
    middle,
    nearest_positions,
    network_size,
    resize_nearest,
    to_multiple,
)

LENGTH = st.integers(1, 3000)


def by_pillow(source, target):
    row = Image.fromarray(np.arange(source, dtype=np.int32)[None].repeat(2, 0))
    return np.array(row.resize((target, 2), Image.Resampling.NEAREST))[0].tolist()


@settings(max_examples=60, deadline=None)
@given(LENGTH, LENGTH)
def test_the_pixels_that_pillow_picks(source, target):
    assert nearest_positions(source, target).tolist() == by_pillow(source, target)


def test_positions_by_hand():
    assert nearest_positions(4, 2).tolist() == [1, 3]
    assert nearest_positions(2, 4).tolist() == [0, 0, 1, 1]
    assert nearest_positions(5, 1).tolist() == [2]


def test_rounding_of_the_sum_counts():
    source, target = 100, 2201
    exact = [int((i + 0.5) * source / target) for i in range(target)]
    assert by_pillow(source, target) != exact
    assert nearest_positions(source, target).tolist() == by_pillow(source, target)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40))
def test_the_same_size_is_the_identity(height, width):
    values = torch.randint(0, 35, (height, width), dtype=torch.uint8)
    assert torch.equal(resize_nearest(values, height, width), values)


def test_resize_by_hand():
    values = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]], dtype=torch.int16)
    assert resize_nearest(values, 1, 2).tolist() == [[6, 8]]
    assert resize_nearest(values[None], 4, 4).tolist() == [[[1, 2, 3, 4]] * 2 + [[5, 6, 7, 8]] * 2]


def test_halfway_goes_to_the_even_multiple():
    assert [to_multiple(n, 32) for n in (1, 16, 48, 80, 81, 49)] == [32, 32, 64, 64, 96, 64]


def test_rules():
    assert network_size(720, 1280, "scale_width", 512) == (288, 512)
    assert network_size(720, 1280, "scale_height", 512) == (512, 896)
    assert network_size(720, 1280, "resize", 512) == (512, 512)
    assert network_size(720, 1280, "none", 512) == (704, 1280)


def test_wrong_rules_and_sizes():
    with pytest.raises(InputError, match="no rule 'crop' for sizes; there are: scale_width, scale_height"):
        network_size(10, 10, "crop", 512)
    with pytest.raises(InputError, match="at least 1 pixel, got 10x0"):
        network_size(0, 10, "none", 512)


def test_resized_labels():
    ids = torch.tensor([[[7, 7, 26, 26], [8, 8, 24, 24]]], dtype=torch.uint8)
    instances = torch.tensor([[[0, 0, 1, 1], [0, 0, 9, 9]]], dtype=torch.int32)
    clip = LabelFrames(ids, builtin_palette("cityscapes"), instances)
    small = ResizedLabels(clip, 2, 2)
    (frame,) = small.frames()
    assert (small.height, small.width) == (2, 2)
    assert frame.ids.tolist() == [[7, 26], [8, 24]]
    assert frame.instances.tolist() == [[0, 1], [0, 9]]
    assert frame.ids.dtype == torch.uint8
    assert frame.instances.dtype == torch.int32
    assert len({clip.fingerprint, small.fingerprint, ResizedLabels(clip, 2, 3).fingerprint}) == 3
    (frame,) = ResizedLabels(LabelFrames(ids, clip.palette), 1, 4).frames()
    assert frame.instances is None
    with pytest.raises(InputError, match="can't be resized to 0x4"):
        ResizedLabels(clip, 4, 0)


def test_the_middle_of_another_aspect_is_the_largest():
    assert middle(60, 160, 2.0) == (20, 0, 140, 60)
    assert middle(160, 60, 0.5) == (0, 20, 60, 140)
    assert middle(100, 200, 2.0) == (0, 0, 200, 100)


def test_fitted_labels_lose_their_borders_and_are_not_stretched():
    ids = torch.arange(160, dtype=torch.uint8).expand(1, 60, 160)
    fitted = FittedLabels(LabelFrames(ids, builtin_palette("coco_stuff")), 30, 60)
    row = next(fitted.frames()).ids[0].tolist()
    assert row == list(range(21, 141, 2))
