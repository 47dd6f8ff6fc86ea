"""Windows: points there and back, pictures cut out and pasted back."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maliang_video.media.pixels import to_file, to_model
from maliang_video.models.fewshot.windows import Window, cut, paste, scaled, window_of

sides = st.floats(5, 300)


def picture(height: int = 90, width: int = 120) -> np.ndarray:
    """Smooth, and different everywhere."""
    y, x = np.mgrid[:height, :width]
    waves = [128 + 100 * np.sin(x / 17), 128 + 100 * np.cos(y / 13), (x + y) % 256]
    return np.stack(waves, -1).astype(np.uint8)


@settings(max_examples=30, deadline=None)
@given(st.floats(-200, 200), st.floats(-200, 200), sides, sides)
def test_points_come_back(left, top, width, height):
    window, box = Window(left, top, width, height), (7, -3, 263, 253)
    corners = np.array([[left, top], [left + width, top + height]])
    assert window.onto(corners, box) == pytest.approx(np.array([[7, -3], [263, 253]]), abs=1e-9)
    points = np.array([[3.25, -8.5], [100.0, 40.0]])
    assert window.back(window.onto(points, box), box) == pytest.approx(points, abs=1e-9)


def test_a_window_of_whole_pixels_leaves_points_as_they_are():
    points = np.array([[0.1, 0.7], [3e-17, 5.0]])
    assert window_of((3, 4, 13, 24)) == Window(3, 4, 10, 20)
    assert window_of((3, 4, 13, 24)).onto(points, (3, 4, 13, 24)) is points
    assert scaled(Window(1, 2, 3, 4), 0.5) == Window(0.5, 1, 1.5, 2)


def test_whole_windows_are_cut_as_pillow_crops():
    pixels = picture()
    for box in ((10, 20, 60, 70), (-8, 50, 42, 100), (90, -20, 140, 30)):
        theirs = Image.fromarray(pixels).crop(box).resize((32, 48), Image.Resampling.BICUBIC)
        assert np.array_equal(cut(pixels, window_of(box), (48, 32)), np.array(theirs))


def test_a_window_moves_by_parts_of_a_pixel():
    pixels = np.repeat(np.arange(120, dtype=np.uint8)[None, :, None] * 2, 40, 0).repeat(3, 2)
    shown = [cut(pixels, Window(20 + part, 5, 64, 20), (20, 64))[10, 30, 0] for part in (0, 0.5, 1)]
    assert shown == [100, 101, 102]


@pytest.mark.parametrize("size", [(50, 60), (128, 128), (20, 20)])
def test_what_was_cut_is_pasted_back(size):
    pixels = picture()
    window = Window(20.4, 15.7, 60, 50)
    model = to_model(pixels)
    patch = to_model(cut(pixels, window, size, Image.Resampling.BILINEAR))
    pasted = paste(model, patch, window)
    assert torch.equal(pasted[:, :15], model[:, :15])
    assert torch.equal(pasted[:, :, 82:], model[:, :, 82:])
    inner = np.s_[:2, 22:60, 26:74]
    assert (pasted[inner] - model[inner]).abs().mean() < (0.03 if size == (20, 20) else 0.01)


def test_a_patch_of_the_windows_size_comes_back_bit_for_bit():
    model = to_model(picture())
    patch = torch.rand(3, 40, 30) * 2 - 1
    pasted = paste(model, patch, Window(-5, 20, 30, 40))
    assert pasted[:, 20:60, :25] == pytest.approx(patch[:, :, 5:], abs=1e-5)
    pixels = to_file(patch)
    again = to_file(paste(model, to_model(pixels), Window(50, 20, 30, 40)))
    assert np.array_equal(again[20:60, 50:80], pixels)
    assert torch.equal(paste(model, patch, Window(500, 20, 30, 40)), model)


def test_a_soft_border_fades():
    model, patch = torch.zeros(3, 60, 60), torch.ones(3, 40, 40)
    pasted = paste(model, patch, Window(10, 10, 40, 40), soft=0.1)
    assert pasted[0, 30, 10:15].tolist() == pytest.approx([0.125, 0.375, 0.625, 0.875, 1.0])
    assert pasted[0, 30, 9] == 0
    assert pasted.max() == 1
