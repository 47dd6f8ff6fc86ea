"""Canny edges and distances."""

import numpy as np
import pytest
from PIL import Image

from maliang_video.models.labels.edges import canny, gray, line_distance


def scene(seed: int = 0, height: int = 60, width: int = 80) -> np.ndarray:
    """Blurred noise: edges of every direction and strength."""
    noise = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))


def test_grey_is_pillows():
    assert np.array_equal(gray(scene()), np.asarray(Image.fromarray(scene()).convert("L")))


@pytest.mark.parametrize("seed", range(3))
def test_edges_are_scikit_images(seed):
    feature = pytest.importorskip("skimage.feature")
    picture = gray(scene(seed))
    ours = canny(picture)
    assert np.array_equal(ours, feature.canny(picture))
    assert 50 < ours.sum() < ours.size / 2


def test_a_line_runs_where_the_slope_is_steepest():
    picture = np.zeros((20, 20), np.uint8)
    picture[:, 9], picture[:, 10:] = 128, 255
    assert {tuple(row) for row in np.argwhere(canny(picture))} == {(row, 9) for row in range(1, 19)}


def test_weak_edges_count_only_beside_strong_ones():
    weak = np.zeros((24, 24), np.uint8)
    weak[:, 12:] = 12  # slope between the two thresholds
    assert not canny(weak).any()
    weak[:12, 12:] = 22
    assert canny(weak)[18].any()


def test_flat_and_tiny_pictures_have_no_edges():
    assert not canny(np.full((9, 9), 77, np.uint8)).any()
    assert not canny(np.zeros((1, 2), np.uint8)).any()


def test_distance_is_counted_in_steps_along_rows_and_columns():
    lines = np.zeros((10, 10), np.uint8)
    lines[2, 3] = 255
    far = line_distance(lines)
    assert far[2, 3] == 0
    assert far[5, 6] == 2
    assert far[9, 9] == 13 // 3
    assert line_distance(np.zeros((4, 4), np.uint8)).min() == 255
