"""Masks out of the DensePose channels of poses."""

import numpy as np
import torch

from maliang_video.models.labels.body_parts import (
    GROUPS,
    foreground,
    group_masks,
    head_mask,
    head_square,
    without_head,
)
from maliang_video.models.labels.people import Person, tallest
from maliang_video.models.labels.poses import pose_input


def pose(parts: list[tuple[tuple[slice, slice], int]], height: int = 64, width: int = 48) -> torch.Tensor:
    densepose = torch.zeros(3, height, width, dtype=torch.uint8)
    for place, part in parts:
        densepose[0][place] = 200
        densepose[2][place] = part
    return pose_input(densepose, torch.zeros(3, height, width, dtype=torch.uint8))[None]


def test_every_part_is_in_one_group():
    assert sorted(part for group in GROUPS for part in group) == list(range(25))
    made = pose([(np.s_[n : n + 1, :], n) for n in range(25)])
    masks = group_masks(made)
    assert masks.shape == (1, 9, 64, 48)
    assert (masks.sum(1) == 1).all()
    assert masks[0, 8].any(1).nonzero().flatten().tolist() == [23, 24]


def test_heads_are_wiped_from_densepose_alone():
    made = pose([(np.s_[0:4, 0:4], 23), (np.s_[8:12, 0:4], 2)])
    wiped = without_head(made)
    assert (wiped[:, :3, :4] == -1).all()
    assert torch.equal(wiped[:, :, 8:], made[:, :, 8:])
    assert torch.equal(wiped[:, 3:], made[:, 3:])
    assert head_mask(made).sum() == 16


def test_the_foreground_is_seven_pixels_wider():
    mask = foreground(pose([(np.s_[20:21, 20:21], 7)]))
    assert mask.sum() == 15 * 15
    assert mask[0, 0, 13, 13]
    assert not mask[0, 0, 12, 13]


def test_a_square_around_the_head():
    made = pose([(np.s_[20:30, 10:30], 24)], 128, 96)
    assert head_square(made) == (3, 8, 35, 40)
    assert head_square(pose([], 128, 96)) == (32, 16, 64, 48)
    made[:, 3:, 40:44, 20:60] = 1.0
    assert head_square(made, by_lines=True) == (0, 0, 96, 96)


def test_the_tallest_is_who_shows_most():
    small, large, hidden = (torch.zeros(25, 3) for _ in range(3))
    small[:2] = torch.tensor([[5.0, 200.0, 1.0], [5.0, 240.0, 1.0]])
    large[:2] = torch.tensor([[5.0, 10.0, 1.0], [5.0, 90.0, 1.0]])
    hidden[:2] = torch.tensor([[5.0, 10.0, 0.0], [5.0, 390.0, 0.001]])
    people = [Person(points) for points in (small, hidden, large)]
    assert tallest(people) is people[2]
    assert tallest([Person(hidden)]) is None
    assert tallest([]) is None
