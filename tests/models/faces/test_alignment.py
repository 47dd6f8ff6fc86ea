import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.models.faces.alignment import (
    NO_SMOOTHING,
    Smoothing,
    place_face,
    quad_of,
    smooth_placements,
)
from maliang_video.models.faces.landmarks import checked_face, five_points
from maliang_video.models.faces.over_time import gaussian_weights, reach_of, smooth_over_time

UPRIGHT = np.array([[40.0, 50.0], [60.0, 50.0], [50.0, 62.0], [43.0, 75.0], [57.0, 75.0]])


def test_an_upright_face_by_hand() -> None:
    place = place_face(UPRIGHT)
    # eyes 20 apart, mouth 25 below: half a side is max(2 * 20, 1.8 * 25) = 45; a tenth of 25 below the eyes
    np.testing.assert_allclose(place.center, [50, 52.5])
    np.testing.assert_allclose(place.x, [45, 0], atol=1e-12)
    np.testing.assert_allclose(place.y, [0, 45], atol=1e-12)
    np.testing.assert_allclose(quad_of(place), [[5, 7.5], [5, 97.5], [95, 97.5], [95, 7.5]])


def test_scale_widens_around_the_middle() -> None:
    wide, usual = place_face(UPRIGHT, 1.5), place_face(UPRIGHT)
    np.testing.assert_allclose(wide.x, 1.5 * usual.x)
    np.testing.assert_array_equal(wide.center, usual.center)


@settings(max_examples=25, deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(0.2, 5.0), st.floats(-300, 300))
def test_the_square_turns_grows_and_moves_with_the_face(angle: float, size: float, shift: float) -> None:
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = quad_of(place_face(UPRIGHT @ turn.T + shift))
    np.testing.assert_allclose(moved, quad_of(place_face(UPRIGHT)) @ turn.T + shift, atol=1e-8)


def test_five_of_sixty_eight() -> None:
    landmarks = np.arange(136.0).reshape(68, 2)
    expected = [
        landmarks[36:42].mean(0),
        landmarks[42:48].mean(0),
        landmarks[30],
        landmarks[48],
        landmarks[54],
    ]
    np.testing.assert_array_equal(five_points(landmarks), expected)


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (np.zeros((6, 2)), "5 or 68 points"),
        (np.full((5, 2), np.nan), "not a number"),
        (np.full((5, 2), 1e9), "100,000 pixels away"),
    ],
)
def test_landmarks_that_are_no_face(points: np.ndarray, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        checked_face(points)


def test_a_face_in_one_point() -> None:
    with pytest.raises(InputError, match="no face to align"):
        place_face(np.ones((5, 2)))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30), st.floats(0.3, 4.0), st.integers(0, 2**32 - 1))
def test_smoothing_is_scipys(count: int, sigma: float, seed: int) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    values = np.random.default_rng(seed).normal(size=(count, 2))
    ours = np.stack(list(smooth_over_time(iter(values), sigma)))
    np.testing.assert_allclose(ours, ndimage.gaussian_filter1d(values, sigma, axis=0), atol=1e-12)


def test_smoothing_reads_no_further_ahead_than_it_says() -> None:
    read = 0

    def values():
        nonlocal read
        for read in range(1, 100):
            yield np.array([float(read)])

    smoothed = smooth_over_time(values(), 1.5)
    next(smoothed)
    assert read == reach_of(1.5) + 1 == 7
    next(smoothed)
    assert read == 8


def test_smoothing_switched_off_changes_nothing() -> None:
    places = [place_face(UPRIGHT + shift) for shift in (0, 9, -4)]
    for place, same in zip(places, smooth_placements(iter(places), NO_SMOOTHING), strict=True):
        np.testing.assert_array_equal(quad_of(place), quad_of(same))


def test_smoothing_holds_a_trembling_face_still() -> None:
    places = [place_face(UPRIGHT + (-1) ** k) for k in range(40)]
    moved = [place.center[0] for place in smooth_placements(iter(places), Smoothing())]
    assert np.ptp(moved[5:-5]) < 0.05 < 2 == np.ptp([place.center[0] for place in places])


def test_weights_sum_to_one_and_no_width_is_negative() -> None:
    assert gaussian_weights(2.0).sum() == pytest.approx(1)
    with pytest.raises(InputError, match="0 \\(off\\) or more"):
        next(smooth_over_time(iter([np.zeros(1)]), -1.0))
