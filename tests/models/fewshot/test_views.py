"""Pictures of what goes on inside: colours, heat, sheets, by their pixels."""

import pytest
import torch

from maliang_video.models.fewshot.frame import AttentionMaps, Warped
from maliang_video.models.fewshot.views import (
    DIMMED,
    GAP,
    attention_pictures,
    exemplar_color,
    framed,
    heat,
    regions,
    sheet,
    sheet_size,
    warp_pictures,
)


def test_heat_is_dim_where_nothing_looks_and_white_where_most_does() -> None:
    used = torch.zeros(2, 2)
    used[0, 0] = 7.0
    shown = heat(torch.full((3, 8, 8), 1.0), used)
    assert shown[:, 0, 0].tolist() == [1.0, 1.0, 1.0]
    assert shown[:, 7, 7].tolist() == pytest.approx([DIMMED * 2 - 1] * 3)
    assert torch.equal(heat(torch.zeros(3, 8, 8), torch.zeros(2, 2)), torch.full((3, 8, 8), DIMMED - 1))


def test_regions_have_the_colours_of_their_exemplars() -> None:
    share = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
    shown = (regions(share, (2, 4)) + 1) / 2
    assert shown[:, 0, 0].tolist() == pytest.approx(exemplar_color(0), abs=1e-6)
    assert shown[:, 1, 3].tolist() == pytest.approx(exemplar_color(1), abs=1e-6)
    assert len({exemplar_color(k) for k in range(16)}) == 16


def test_the_exemplar_that_most_is_taken_of_has_the_wide_frame() -> None:
    share = torch.tensor([0.25, 0.75])[:, None, None].expand(2, 2, 2)[None]
    used = torch.ones(1, 2, 2, 2)
    _, first, second = attention_pictures(torch.full((2, 3, 16, 16), -1.0), AttentionMaps(share, used))
    inner = heat(torch.full((3, 16, 16), -1.0), used[0, 0])
    assert first[:, 3, 3].equal(inner[:, 3, 3])
    assert (second[:, 3, 3] + 1).div(2).tolist() == pytest.approx(exemplar_color(1), abs=1e-6)
    assert second[:, 4, 4].equal(inner[:, 4, 4])


def test_a_frame_covers_the_border_alone() -> None:
    picture = torch.zeros(3, 8, 8)
    shown = framed(picture, (1.0, 0.0, 0.0))
    assert shown[:, 0, 0].tolist() == [1.0, -1.0, -1.0]
    assert shown[:, 2:-2, 2:-2].eq(0).all()
    assert picture.eq(0).all()


def test_warps_are_shown_as_picture_flow_warped_and_mask() -> None:
    picture = torch.zeros(3, 4, 4)
    moved = Warped(torch.zeros(1, 2, 4, 4), torch.full((1, 1, 4, 4), 0.25), torch.full((1, 3, 4, 4), 0.5))
    shown = warp_pictures(picture, moved)
    assert [float(each.mean()) for each in shown] == [0.0, 1.0, 0.5, -0.5]  # no motion is white
    assert all(each.eq(-1).all() for each in warp_pictures(picture, None))


def test_sheets_are_rows_of_pictures() -> None:
    pictures = [torch.full((3, 4, 6), value) for value in (0.1, 0.2, 0.3)]
    whole = sheet(pictures, 2)
    assert whole.shape[1:] == sheet_size(3, 2, (4, 6)) == (2 * 4 + GAP, 2 * 6 + GAP)
    assert whole[0, 0, 0] == pytest.approx(0.1)
    assert whole[0, 0, 6 + GAP] == pytest.approx(0.2)
    assert whole[0, 4 + GAP, 0] == pytest.approx(0.3)
    assert whole[0, 4 + GAP, 6 + GAP] == -1
