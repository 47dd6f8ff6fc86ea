"""Curves through landmarks: the pixels that scipy's fit gives, to the last digit; strokes and polygons."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.models.labels.curves import Curve, curve_through, fit
from maliang_video.models.labels.polygons import fill_polygon, line_pixels
from maliang_video.models.labels.strokes import stroke


def pixels(*points: tuple[float, float]) -> list[tuple[int, int]]:
    curve = curve_through(np.array(points, float))
    return list(zip(curve.x.tolist(), curve.y.tolist(), strict=True))


def test_a_flat_line_has_one_sample_for_each_pixel_of_its_length():
    assert pixels((2, 5.5), (6, 5.5)) == [(2, 5), (3, 5), (4, 5), (6, 5)]


def test_direction_makes_no_difference():
    assert pixels((6, 5.5), (2, 8.5)) == pixels((2, 8.5), (6, 5.5))


def test_a_steep_line_runs_along_y():
    assert [y for _, y in pixels((3, 10), (4, 14))] == [10, 11, 12, 14]


def test_a_parabola_runs_through_its_three_points():
    a, b, c = fit([10.0, 20.0, 30.0], [5.0, 15.0, 5.0])
    assert [a, b, c] == pytest.approx([-0.1, 4.0, -25.0])


def test_a_point_is_nothing():
    assert pixels((3, 3), (3, 3)) == []


def test_a_parabola_that_overshoots_is_not_drawn():
    assert pixels((0, 0), (1, 6), (7, 0)) == []


def test_two_heights_at_one_place_are_not_drawn():
    assert pixels((10, 0), (10, 5), (30, 7)) == []


coordinates = st.integers(min_value=-12, max_value=12)


@pytest.mark.filterwarnings("ignore:Covariance of the parameters")
@given(st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=2))
@settings(max_examples=25, deadline=None)
def test_the_same_pixels_as_scipy(steps):
    optimize = pytest.importorskip("scipy.optimize")
    points = np.cumsum([(230, 140), *steps], axis=0).astype(float)
    x, y = points.T
    if np.abs(np.diff(x)).max() < np.abs(np.diff(y)).max():
        x, y = y, x
    if len(set(x.tolist())) < len(x):
        return

    def parabola(t, a, b, c):
        return a * t**2 + b * t + c

    def line(t, a, b):
        return a * t + b

    theirs, _ = optimize.curve_fit(line if len(x) == 2 else parabola, x, y)
    ours = fit(x.tolist(), y.tolist())
    assert list(ours[3 - len(x) :]) == theirs.tolist()


def test_a_grey_stroke_is_two_pixels_wide_and_stays_inside():
    canvas = np.zeros((4, 6), np.uint8)
    stroke(canvas, Curve(np.array([0, 1, 2]), np.array([0, 0, 0])))
    assert canvas.tolist() == [[255, 255, 255, 0, 0, 0]] + [[0] * 6] * 3


def test_a_colour_over_another_is_their_mean():
    canvas = np.zeros((5, 9, 3), np.uint8)
    canvas[2, 4] = (100, 0, 51)
    place = np.array([4]), np.array([2])
    stroke(canvas, Curve(*place), (153, 0, 0), width=1)
    assert canvas[1, 3].tolist() == [153, 0, 0]  # the brush's first pixel finds black
    assert canvas[2, 4, 2] < 51


def test_a_polygon_is_filled_with_its_outline():
    picture = np.zeros((5, 5), np.uint8)
    fill_polygon(picture, np.array([[1, 1], [3, 1], [3, 3], [1, 3]]), 7)
    assert picture[1:4, 1:4].min() == 7
    assert picture.sum() == 9 * 7


def test_a_polygon_may_leave_the_picture():
    picture = np.zeros((4, 4), np.uint8)
    fill_polygon(picture, np.array([[-10, -10], [20, -10], [20, 20], [-10, 20]]), 1)
    assert picture.min() == 1


@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), min_size=3, max_size=9))
@settings(max_examples=25, deadline=None)
def test_the_same_polygon_as_opencv(corners):
    cv2 = pytest.importorskip("cv2")
    points = np.array(corners)
    theirs, ours = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    cv2.fillPoly(theirs, [points.astype(np.int32)], 3)
    fill_polygon(ours, points, 3)
    assert np.array_equal(ours, theirs)


def test_a_line_of_one_point_is_that_point():
    x, y = line_pixels(np.array([3, 4]), np.array([3, 4]))
    assert (x.tolist(), y.tolist()) == ([3], [4])


def test_lengths_are_truncated_or_rounded():
    ends = np.array([(2.0, 5.5), (5.7, 5.5)])
    assert len(curve_through(ends).x) == 3
    assert len(curve_through(ends, rounded=True).x) == 4


def test_a_coloured_stroke_has_discs_at_its_ends_unless_told_not_to():
    plain, round_ends = (np.zeros((11, 21, 3), np.uint8) for _ in range(2))
    line = Curve(np.arange(5, 16), np.full(11, 5))
    stroke(round_ends, line, (90, 0, 0), width=2)
    stroke(plain, line, (90, 0, 0), width=2, ends=False)
    assert plain.any(-1).any(1).nonzero()[0].tolist() == [3, 4, 5, 6]
    assert round_ends[5, 2].any()
    assert not plain[5, 2].any()
    assert round_ends[2, 5].any()
