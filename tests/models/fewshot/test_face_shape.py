"""Faces with other proportions, and landmarks without outliers."""

import numpy as np
import pytest

from maliang_video.models.fewshot.face_shape import (
    CHIN,
    GROUPS,
    SKULL_GROUPS,
    MeanShape,
    mean_shape,
    ratios,
    reshape,
    reshape_causally,
    shape_of,
    steady,
    steady_late,
)
from maliang_video.models.labels.faces import with_skull
from maliang_video.models.layers.around import around


def face(seed: int = 0, width: float = 100.0) -> np.ndarray:
    """68 points of somebody, mirrored left and right, around (200, 150)."""
    generator = np.random.default_rng(seed)
    points = np.zeros((68, 2))
    for group in GROUPS:
        y, x = generator.uniform(-60, 40), generator.uniform(5, 35)
        sides = {1: [0.0], 2: [-x, x], 3: [-x, x, 0.0]}[len(group)]
        points[list(group)] = [[side, y] for side in sides]
    points[[0, 16], 0] = -width / 2, width / 2
    points[CHIN] = 0, 60
    return points + np.array([200, 150])


def test_every_point_is_in_one_group():
    assert sorted(n for group in GROUPS for n in group) == list(range(68))
    assert sorted(n for group in SKULL_GROUPS for n in group) == list(range(68, 83))


def test_a_face_keeps_its_own_shape():
    points = face()
    same = ratios(shape_of(points), shape_of(points))
    assert reshape(points, same) == pytest.approx(points)
    assert (
        with_skull(points).shape
        == reshape(with_skull(points), ratios(*[shape_of(with_skull(points))] * 2)).shape
    )


def test_the_driver_takes_on_the_subjects_proportions_and_keeps_its_size_and_place():
    subject, driver = face(1, 120), face(2, 80)
    moved = reshape(driver, ratios(shape_of(subject), shape_of(driver)))
    wanted, got = shape_of(subject), shape_of(moved)
    scale = 80 / 120
    assert got.spread[:7] == pytest.approx(wanted.spread[:7] * scale, rel=1e-3)
    middles = np.array([moved[list(group)].mean(0) for group in GROUPS])
    assert np.linalg.norm(middles - driver[CHIN], axis=1) == pytest.approx(wanted.offset * scale, rel=1e-2)
    assert np.ptp(moved[[0, 16], 0]) == pytest.approx(80, rel=1e-3)


def test_what_the_driver_does_stays_what_it_does():
    driver = [face(2) for _ in range(6)]
    for t, points in enumerate(driver):
        points[[61, 62, 63, 65, 66, 67], 1] += 3.0 * t
        points += (2.0 * t, -1.0 * t)
    by = ratios(shape_of(face(1)), mean_shape(driver))
    first, last = reshape(driver[0], by), reshape(driver[5], by)
    assert last[0] - first[0] == pytest.approx((10, -5))
    assert np.abs((last - first)[62] - (10, -5)).max() > 5


def test_a_mean_shape_has_the_first_frames_width():
    mean = MeanShape()
    with pytest.raises(ValueError, match="add the points of a frame first"):
        mean.shape()
    for points in (face(0, 100), face(0, 200)):
        mean.add(points)
    shape = mean.shape()
    assert shape.width == shape_of(face(0, 100)).width
    assert shape.spread[0] == pytest.approx(75)


def test_frame_by_frame_nothing_changes_for_a_face_that_stands_still():
    driver = [face(2)] * 4
    subject = shape_of(face(1))
    causal = list(reshape_causally(driver, subject))
    by = ratios(subject, shape_of(driver[0]))
    for points in causal:
        assert points == pytest.approx(reshape(driver[0], by))


def test_momentum_holds_ratios_back():
    opening = [face(2) for _ in range(3)]
    for points in opening[1:]:
        points[[48, 54], 0] += (-20, 20)
    subject = shape_of(face(1))
    slow = list(reshape_causally(opening, subject, momentum=0.9))
    quick = list(reshape_causally(opening, subject, momentum=0.0))
    assert np.ptp(quick[1][[48, 54], 0]) == pytest.approx(np.ptp(quick[0][[48, 54], 0]), rel=1e-2)
    assert np.ptp(slow[1][[48, 54], 0]) > 1.2 * np.ptp(slow[0][[48, 54], 0])


def test_items_come_with_those_around_them():
    for count in range(8):
        for reach in range(4):
            found = list(around(range(count), reach))
            assert found == [
                (list(range(max(0, n - reach), min(count, n + reach + 1))), min(n, reach))
                for n in range(count)
            ]


def steps(count: int = 9) -> list[np.ndarray]:
    return [face() + np.array([t, 0]) for t in range(count)]


def test_an_outlier_goes_and_a_steady_motion_stays():
    frames = steps()
    shaken = [points.copy() for points in frames]
    shaken[4][30] += (50, 50)
    for ours, theirs in zip(steady(iter(shaken)), frames, strict=True):
        assert np.abs(ours - theirs).max() <= 1
    for ours, theirs in zip(steady(iter(frames)), frames, strict=True):
        assert ours == pytest.approx(theirs)


def test_the_published_median_jumps_once_and_is_late():
    late = list(steady_late(iter(steps())))
    assert [round(points[CHIN, 0] - 200) for points in late] == [0, 1, 2, 3, 2, 3, 4, 5, 6]
