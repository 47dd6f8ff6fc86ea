"""The square around the heads."""

import pytest
import torch

from maliang_video.training.face_region import (
    Region,
    densepose_heads,
    face_region,
    face_side,
    openpose_heads,
)


def heads(*marks: tuple[int, int, int], frames: int = 2, height: int = 40, width: int = 60) -> torch.Tensor:
    """bool `[n h w]`, true at (frame, row, column)."""
    found = torch.zeros(frames, height, width, dtype=torch.bool)
    for mark in marks:
        found[mark] = True
    return found


def test_the_side_is_a_quarter_of_the_width():
    assert [face_side(width) for width in (256, 512, 100, 64)] == [64, 128, 24, 16]


def test_the_square_lies_around_the_middle_of_all_frames():
    region = face_region(heads((0, 10, 20), (0, 14, 30), (1, 21, 25)), 16)
    assert region == Region(7, 23, 17, 33)  # rows 10..21 have their middle at 15, columns 20..30 at 25
    assert region.cut(torch.zeros(2, 3, 40, 60)).shape == (2, 3, 16, 16)


@pytest.mark.parametrize(
    ("mark", "region"),
    [((0, 0, 0), Region(0, 16, 0, 16)), ((0, 39, 59), Region(23, 39, 43, 59))],
)
def test_it_is_moved_into_the_picture(mark, region):
    assert face_region(heads(mark), 16) == region


def test_without_a_head_there_is_none():
    assert face_region(heads(), 16) is None


def test_heads_of_densepose_are_the_last_parts():
    drawn = torch.full((1, 6, 2, 3), -1.0)
    drawn[0, 2, 0] = torch.tensor([22, 23, 24]) / 12 - 1
    assert densepose_heads(drawn).tolist() == [[[False, True, True], [False] * 3]]


def test_heads_of_openpose_are_where_the_neck_is_drawn():
    drawn = torch.full((1, 3, 1, 3), -1.0)
    drawn[0, :, 0, 0] = torch.tensor([153.0, 0, 51]) / 127.5 - 1
    drawn[0, :, 0, 1] = torch.tensor([153.0, 0, 102]) / 127.5 - 1
    assert openpose_heads(drawn).tolist() == [[[True, False, False]]]
