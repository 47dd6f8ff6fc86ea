from itertools import chain

import numpy as np
import pytest

from maliang_video.models.faces.shots import difference, glance, shot_numbers


def wall(seed: int) -> np.ndarray:
    """A coarse picture, larger than any frame."""
    wide = np.random.default_rng(seed).integers(0, 256, (4, 24, 3)).astype(np.uint8)
    return np.kron(wide, np.ones((24, 24, 1), np.uint8))


def pan(seed: int, step: int, frames: int) -> list[np.ndarray]:
    return [wall(seed)[:, step * t : step * t + 160] for t in range(frames)]


def test_cuts_are_found_and_motion_is_none() -> None:
    assert list(shot_numbers(chain(pan(0, 2, 4), pan(1, 3, 5), pan(2, 2, 3)))) == [0] * 4 + [1] * 5 + [2] * 3


def test_a_fast_pan_is_no_cut() -> None:
    assert set(shot_numbers(pan(0, 18, 20))) == {0}


def test_a_flash_is_no_cut() -> None:
    still = pan(0, 0, 8)
    still[4] = 255 - still[4]
    assert set(shot_numbers(still)) == {0}


def test_it_reads_one_frame_ahead() -> None:
    frames = iter(pan(0, 1, 9))
    shots = shot_numbers(frames)
    next(shots)
    assert len(list(frames)) == 7


def test_differences() -> None:
    black, white = (np.full((9, 7, 3), value, np.uint8) for value in (0, 255))
    assert difference(glance(black), glance(black)) == 0
    assert difference(glance(black), glance(white)) == pytest.approx(0.5)
    assert list(shot_numbers([black, black, white])) == [0, 0, 1]
    assert list(shot_numbers([])) == []
