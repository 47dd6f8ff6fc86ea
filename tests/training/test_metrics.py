"""Measures of quality against errors that are known."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.training.metrics import (
    flicker,
    psnr,
    temporal_difference_error,
    unasked_flicker,
    warping_error,
)


def moving(frames: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pictures `[t 3 8 10]` that move two pixels to the right and one up, their flow, and what was visible before."""
    world = torch.rand(3, 12, 16, generator=torch.Generator().manual_seed(3)) * 2 - 1
    pictures = torch.stack([world[:, t : t + 8, 4 - 2 * t : 14 - 2 * t] for t in range(frames)])
    flow = torch.zeros(1, 2, 8, 10)
    flow[:, 0], flow[:, 1] = -2, 1
    visible = torch.zeros(1, 1, 8, 10)
    visible[..., :7, 2:] = 1
    return pictures, flow, visible


@pytest.mark.parametrize(("error", "decibels"), [(0.2, 20.0), (2.0, 0.0), (0.02, 40.0)])
def test_psnr_of_a_known_error(error, decibels):
    a = torch.zeros(2, 3, 4, 4)
    b = a.clone()
    b[1] = error
    assert psnr(a, b).tolist() == pytest.approx([100.0, decibels], abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 1.0), st.floats(0.05, 1.0))
def test_psnr_of_a_share_of_wrong_pixels(error, share):
    wrong = round(100 * share)
    a, b = torch.zeros(1, 1, 10, 10), torch.zeros(1, 1, 10, 10)
    b.flatten()[:wrong] = error
    assert psnr(a, b).item() == pytest.approx(10 * math.log10(4 / (error**2 * wrong / 100)), abs=1e-3)


def test_a_picture_that_moves_with_its_flow_has_no_warping_error():
    pictures, flow, visible = moving()
    now, before = pictures[1:], pictures[:1]
    assert warping_error(now, before, flow, visible).item() == pytest.approx(0, abs=1e-10)
    assert warping_error(now, before, -flow, visible).item() > 0.1


def test_warping_error_of_a_known_flicker():
    pictures, flow, visible = moving()
    now, before = pictures[1:] + 0.2, pictures[:1]
    assert warping_error(now, before, flow, visible).item() == pytest.approx(0.1**2, abs=1e-6)
    now[..., 7:, :] = 50  # not visible before: no error
    assert warping_error(now, before, flow, visible).item() == pytest.approx(0.1**2, abs=1e-6)


def test_nothing_visible_is_no_error():
    pictures, flow, _ = moving()
    assert warping_error(pictures[1:], pictures[:1], flow, torch.zeros(1, 1, 8, 10)).tolist() == [0.0]


def test_errors_are_per_picture():
    pictures, flow, visible = moving()
    now = torch.cat([pictures[1:], pictures[1:] + 0.4])
    twice = (x.repeat(2, 1, 1, 1) for x in (pictures[:1], flow, visible))
    assert warping_error(now, *twice).tolist() == pytest.approx([0.0, 0.04], abs=1e-6)


def test_truth_has_no_temporal_difference_error_even_where_it_flickers():
    pictures, flow, visible = moving()
    truth, truth_before = pictures[1:] + 0.3, pictures[:1]  # the light changes
    error = temporal_difference_error(truth, truth_before, truth, truth_before, flow, visible)
    assert error.tolist() == [0.0]
    assert warping_error(truth, truth_before, flow, visible).item() > 0.02


def test_temporal_difference_error_of_a_missing_change():
    pictures, flow, visible = moving()
    now, before = pictures[1:], pictures[:1]
    error = temporal_difference_error(now, before, now + 0.3, before, flow, visible)
    assert error.item() == pytest.approx(0.15**2, abs=1e-6)
    same_offset = temporal_difference_error(now - 0.1, before - 0.1, now, before, flow, visible)
    assert same_offset.item() == pytest.approx(0, abs=1e-10)


def swinging(*offsets: float) -> float:
    """Flicker of three frames that move, each lighter by so much."""
    pictures, flow, visible = moving(3)
    shown = pictures + torch.tensor(offsets).view(3, 1, 1, 1)
    return flicker(shown[None], torch.stack([flow, flow], 1), torch.stack([visible, visible], 1)).item()


def test_what_moves_or_changes_steadily_does_not_flicker():
    assert swinging(0, 0, 0) == pytest.approx(0, abs=1e-6)
    assert swinging(0, 0.2, 0.4) == pytest.approx(0, abs=1e-6)


def test_flicker_of_a_known_swing():
    """To and fro by 0.2 of a range of 2: the second difference is 0.4, which is 0.2 of the range."""
    assert swinging(0, 0.2, 0) == pytest.approx(0.2, abs=1e-5)
    assert swinging(0, 0, 0.2) == pytest.approx(0.1, abs=1e-5)


def test_flicker_looks_only_where_all_three_frames_show():
    pictures, flow, visible = moving(3)
    flows, seen = torch.stack([flow, flow], 1), torch.stack([visible, visible], 1)
    hidden = torch.zeros_like(visible)
    wild = pictures.clone()
    wild[0] = 5
    assert flicker(wild[None], flows, seen).item() > 1
    assert flicker(wild[None], flows, torch.stack([hidden, visible], 1)).item() == 0
    assert flicker(wild[None], flows, torch.stack([visible, hidden], 1)).item() == 0
    wild[0] = pictures[0]
    wild[0, ..., 6:] = 50  # has left the picture when the last frame is shown
    assert flicker(wild[None], flows, seen).item() == pytest.approx(0, abs=1e-6)


def test_only_what_was_not_asked_for_flickers():
    wanted = torch.arange(3.0).view(1, 3, 1, 1, 1).square().expand(1, 3, 3, 4, 4)
    steady = wanted + torch.arange(3.0).view(1, 3, 1, 1, 1)
    there_and_back = wanted + torch.tensor([0.0, 0.5, 0.0]).view(1, 3, 1, 1, 1)
    masks = torch.zeros(1, 3, 1, 4, 4)
    masks[..., :2] = 1
    assert unasked_flicker(wanted, wanted, masks) == 0
    assert unasked_flicker(steady, wanted, masks) == 0
    assert unasked_flicker(there_and_back, wanted, masks) == pytest.approx(0.5)
    outside = torch.where(masks.bool(), wanted, there_and_back)
    assert unasked_flicker(outside, wanted, masks) == 0
