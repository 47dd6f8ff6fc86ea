"""Flow from two pictures: known motion is found, its sign is backward, hidden pixels are marked."""

import builtins

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError, MissingExtraError
from maliang_video.models.flow.estimators import estimate_flow, estimate_flows, occlusion
from maliang_video.models.flow.warp import warp


def scene(height: int = 96, width: int = 128) -> np.ndarray:
    """Smooth random texture, uint8 `[h w 3]`."""
    coarse = torch.rand(1, 3, height // 8, width // 8, generator=torch.Generator().manual_seed(3))
    fine = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)
    return (fine[0].permute(1, 2, 0) * 255).to(torch.uint8).numpy()


def moved(picture: np.ndarray, right: int, down: int) -> np.ndarray:
    return np.roll(picture, (down, right), (0, 1))


@pytest.mark.parametrize("quality", ["ultrafast", "fast", "medium"])
def test_flow_points_back_to_where_the_pixel_was(quality):
    before = scene()
    flow = estimate_flow(moved(before, right=4, down=-3), before, quality)
    inside = flow.displacement[0, :, 16:-16, 16:-16]
    assert inside[0].median().item() == pytest.approx(-4, abs=0.25)
    assert inside[1].median().item() == pytest.approx(3, abs=0.25)
    assert flow.occlusion[..., 16:-16, 16:-16].mean() < 0.02


def test_warping_with_the_flow_rebuilds_the_frame():
    before = scene()
    after = moved(before, right=5, down=2)
    flow = estimate_flow(after, before)
    as_float = [torch.from_numpy(p).permute(2, 0, 1)[None].float() for p in (before, after)]
    error = (warp(as_float[0], flow.displacement) - as_float[1]).abs() * (1 - flow.occlusion)
    still = (as_float[0] - as_float[1]).abs().mean()
    assert error[..., 8:-8, 8:-8].mean() < 0.05 * still


def test_what_a_moving_square_uncovers_is_occluded():
    background = scene(192, 256)
    before, after = background.copy(), background.copy()
    square = 255 - scene(64, 64)
    before[64:128, 80:144] = square
    after[64:128, 92:156] = square
    hidden = estimate_flow(after, before).occlusion[0, 0]
    uncovered, covered, far = hidden[66:126, 80:92], hidden[66:126, 100:150], hidden[140:180, 20:240]
    assert uncovered.mean() > 0.5
    assert covered.mean() < 0.1
    assert far.mean() < 0.02


def test_occlusion_of_consistent_flow_is_only_the_border():
    backward = torch.zeros(1, 2, 6, 8)
    backward[:, 0] = 2
    hidden = occlusion(backward, -backward)
    assert hidden[0, 0, 0].tolist() == [0, 0, 0, 0, 0, 0, 1, 1]


def test_occlusion_tolerance_is_the_papers():
    backward = torch.zeros(1, 2, 1, 4)
    forward = torch.zeros(1, 2, 1, 4)
    forward[:, 1] = 0.70  # 0.49 < 0.01 * 0.49 + 0.5
    assert occlusion(backward, forward).sum() == 0
    forward[:, 1] = 0.72  # 0.5184 > 0.01 * 0.5184 + 0.5
    assert occlusion(backward, forward).sum() == 4


def test_a_stream_gives_one_flow_a_frame_and_starts_unknown():
    pictures = [moved(scene(), 2 * t, 0) for t in range(4)]
    flows = list(estimate_flows(iter(pictures), "fast"))
    assert len(flows) == 4
    assert flows[0].displacement.abs().max() == 0
    assert flows[0].occlusion.min() == 1
    for t in (1, 2, 3):
        alone = estimate_flow(pictures[t], pictures[t - 1], "fast")
        assert torch.equal(flows[t].displacement, alone.displacement)
        assert torch.equal(flows[t].occlusion, alone.occlusion)


def test_a_frame_too_small_is_refused():
    with pytest.raises(InputError, match="at least 32x32 pixels, not 64x24"):
        estimate_flow(scene(96, 128)[:24, :64], scene(96, 128)[:24, :64])


def test_frames_of_two_sizes_are_refused():
    with pytest.raises(InputError, match="64x64 follows 128x96"):
        list(estimate_flows([scene(), scene(64, 64)]))


def test_without_opencv_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without_cv2(name, *args, **kwargs):
        if name == "cv2":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_cv2)
    with pytest.raises(MissingExtraError, match=r"maliang-video\[flow\]"):
        estimate_flow(scene(), scene())
