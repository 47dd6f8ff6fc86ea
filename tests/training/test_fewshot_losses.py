"""Losses of few-shot training against numbers that can be worked out by hand."""

import pytest
import torch

from maliang_video.models.fewshot.frame import Warped
from maliang_video.training.fewshot_losses import (
    confidence,
    face_copy_loss,
    known_flow_loss,
    mask_loss,
    parts_loss,
    uncovered_loss,
)


def flat(value: float, channels: int = 1) -> torch.Tensor:
    return torch.full((1, channels, 4, 4), value)


def moved(picture: float, mask: float) -> Warped:
    return Warped(torch.zeros(1, 2, 4, 4), flat(mask), flat(picture, 3))


def test_a_warped_picture_is_trusted_by_the_sum_of_its_differences():
    assert confidence(flat(0.2, 3), flat(0.0, 3)).unique().tolist() == pytest.approx([0.4])
    assert confidence(flat(0.5, 3), flat(0.0, 3)).unique().tolist() == [0.0]
    picture = flat(0.2, 3).requires_grad_()
    assert not confidence(picture, flat(0.0, 3)).requires_grad


@pytest.mark.parametrize(("picture", "mask", "loss"), [(0.0, 0.3, 0.3), (0.5, 0.3, 0.7), (0.2, 0.25, 0.55)])
def test_masks_follow_what_can_be_trusted(picture, mask, loss):
    # 0.2 differs by 0.6: 0.25 * 0.4 + 0.75 * 0.6
    assert mask_loss(moved(picture, mask), flat(0.0, 3)).item() == pytest.approx(loss)


def test_flow_counts_where_it_is_known():
    visible = torch.zeros(1, 1, 4, 4)
    visible[..., :2] = 1
    target = torch.zeros(1, 2, 4, 4)
    target[:, 0] = 3
    assert known_flow_loss(torch.zeros(1, 2, 4, 4), target, visible).item() == pytest.approx(0.75)


def test_parts_that_moved_elsewhere_cost_their_area():
    parts = torch.zeros(1, 2, 4, 4, dtype=torch.bool)
    parts[:, 0, :2] = True
    assert parts_loss(parts.float(), parts).item() == 0
    assert parts_loss(parts.flip(1).float(), parts).item() == pytest.approx(0.5)


def test_a_face_is_taken_from_the_exemplar():
    face = torch.zeros(1, 1, 4, 4)
    face[..., 0, :] = 1
    # a quarter of the pixels: mask 0.4 there, and the picture 0.6 away
    assert face_copy_loss(flat(0.1, 3), moved(0.7, 0.4), face).item() == pytest.approx(0.1 + 0.15)


def test_nothing_is_taken_where_nothing_can_be_right():
    uncovered = torch.zeros(1, 1, 4, 4)
    uncovered[..., :2] = 1
    assert uncovered_loss(flat(0.2), uncovered).item() == pytest.approx(0.4)
    assert uncovered_loss(flat(1.0), uncovered).item() == 0
