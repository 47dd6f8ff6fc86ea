import numpy as np
import pytest

from maliang_video.errors import InputError
from maliang_video.models.faces.poisson import poisson_paste

pytest.importorskip("cv2")


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A ramp, a brighter crop of it with a dot, its square of whole pixels."""
    ramp = np.broadcast_to(np.linspace(60, 160, 64), (48, 64))
    frame = np.repeat(ramp[..., None], 3, 2).astype(np.uint8)
    crop = frame[8:40, 16:48].copy() + 40
    crop[14:18, 14:18] = 255
    return frame, crop, np.array([[15.5, 7.5], [15.5, 39.5], [47.5, 39.5], [47.5, 7.5]])


def test_colours_meet_the_frame_and_detail_stays() -> None:
    frame, crop, quad = scene()
    mask = np.zeros((32, 32), np.uint8)
    mask[4:28, 4:28] = 255
    result = poisson_paste(frame, crop, quad, mask)
    outside = np.ones((48, 64), bool)
    outside[12:36, 20:44] = False
    np.testing.assert_array_equal(result[outside], frame[outside])
    assert np.abs(result[13, 21:43].astype(int) - frame[13, 21:43]).max() <= 4  # 40 brighter before
    assert result[23, 31, 0] > frame[23, 31, 0] + 50


def test_a_mask_at_the_frames_border() -> None:
    frame, crop, quad = scene()
    quad = quad - np.array([16.0, 8.0])
    result = poisson_paste(frame, crop, quad, np.full((32, 32), 255, np.uint8))
    np.testing.assert_array_equal(result[33:], frame[33:])
    assert np.abs(result[0, :30].astype(int) - frame[0, :30]).max() <= 12
    assert result[15, 15, 0] > frame[15, 15, 0] + 50


def test_nothing_to_blend() -> None:
    frame, crop, quad = scene()
    with pytest.raises(InputError, match="nothing to blend"):
        poisson_paste(frame, crop, quad, np.zeros((32, 32), np.uint8))
    with pytest.raises(InputError, match="nothing to blend"):
        poisson_paste(frame, crop, quad + 900, np.full((32, 32), 255, np.uint8))
