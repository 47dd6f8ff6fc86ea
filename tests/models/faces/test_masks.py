import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import max_pool2d

from maliang_video.errors import InputError
from maliang_video.models.faces.masks import (
    MaskOptions,
    face_masks,
    feathered,
    foreground_of,
    grow,
    masks_for,
    outline_foreground,
    shrink,
    steady_foregrounds,
)
from maliang_video.models.labels.palette import builtin_palette


def disc(size: int = 64, radius: float = 14.0, x: float = 32.0) -> Tensor:
    axis = torch.arange(size) - 32.0
    return ((axis[:, None] ** 2 + (axis[None] + 32 - x) ** 2) < radius**2).float()[None, None]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9), st.integers(0, 1000))
def test_growing_is_a_maximum_over_a_square(radius: int, seed: int) -> None:
    mask = torch.rand(1, 1, 13, 17, generator=torch.Generator().manual_seed(seed))
    padded = torch.nn.functional.pad(mask, (radius,) * 4)
    assert torch.equal(grow(mask, radius), max_pool2d(padded, 2 * radius + 1, 1))
    least = -max_pool2d(-padded, 2 * radius + 1, 1)
    assert torch.equal(shrink(mask, radius), least)


def test_the_three_masks_by_hand() -> None:
    masks = face_masks(disc(), inner=2, outer=5, edge=3, whole_border=False)
    row = {name: mask[0, 0, 32] for name, mask in masks._asdict().items()}
    face = torch.arange(64)[disc()[0, 0, 32] > 0]
    assert (face[0], face[-1]) == (19, 45)
    assert row["full"].nonzero().squeeze().tolist() == list(range(19 - 7, 45 + 8))
    assert row["content"].nonzero().squeeze().tolist() == list(range(19, 46))
    assert row["border"].nonzero().squeeze().tolist() == [*range(12, 17), *range(48, 53)]


def test_a_face_at_the_edge_of_the_crop_has_its_border_there() -> None:
    masks = face_masks(torch.ones(1, 1, 20, 20), 0, 4, 3, False)
    assert masks.border[0, 0, 10].tolist() == [1.0] * 3 + [0.0] * 14 + [1.0] * 3
    assert masks.content[0, 0, 10].tolist() == [0.0] * 3 + [1.0] * 14 + [0.0] * 3


def test_the_whole_border_is_all_that_is_not_face() -> None:
    masks = face_masks(disc(), 0, 5, 0, True)
    assert torch.equal(masks.border, 1 - disc())


def test_widths_are_scaled_with_the_crop() -> None:
    options = MaskOptions(inner=8, outer=64)
    large, small = (masks_for(disc(), size, options) for size in (1024, 128))
    for ours, same in zip(large, small, strict=True):
        assert ours.mean() == pytest.approx(float(same.mean()), rel=0.05)


def test_foregrounds_go_by_names() -> None:
    palette = builtin_palette("celebamask_hq")
    ids_of = {known.name: known.id for known in palette.classes}
    ids = torch.tensor([[ids_of[name] for name in ("background", "hair", "skin", "hat", "cloth", "neck")]])
    assert foreground_of(ids, palette).flatten().tolist() == [0, 1, 1, 0, 0, 1]
    assert foreground_of(ids, palette, {"hair"}).flatten().tolist() == [1, 0, 1, 1, 1, 1]
    assert foreground_of(torch.tensor([[-3, 250]]), palette).flatten().tolist() == [0, 0]


def test_nothing_that_is_face() -> None:
    with pytest.raises(InputError, match="empty, no face was found"):
        face_masks(torch.zeros(1, 1, 8, 8), 0, 2, 1, False)


@pytest.mark.parametrize("radius", [1, 2, 3, 4, 9])
def test_feathering_is_opencvs(radius: int) -> None:
    cv2 = pytest.importorskip("cv2")
    mask = (disc()[0, 0].numpy() * 255).astype(np.uint8)
    window = 2 * radius + 1
    smaller = cv2.erode(mask, np.ones((window, window)), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    theirs = cv2.GaussianBlur(smaller.astype(np.float32), (window, window), 0) / 255
    ours = feathered(disc(), radius)[0, 0].numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert (ours <= disc()[0, 0].numpy() + 1e-6).all()


def test_feathering_more_than_there_is() -> None:
    with pytest.raises(InputError, match="more than the mask has"):
        feathered(disc(), 64)


def test_flicker_is_voted_down_and_motion_followed() -> None:
    moving = [disc(x=20.0 + t) for t in range(24)]
    flickering = [torch.zeros_like(m) if t == 12 else m for t, m in enumerate(moving)]
    steady = list(steady_foregrounds(iter(flickering), 1.5))
    assert steady[12].mean() == pytest.approx(float(moving[12].mean()), rel=0.1)
    for ours, true in zip(steady[2:-2], moving[2:-2], strict=True):
        assert set(ours.unique().tolist()) == {0.0, 1.0}
        assert (ours != true).double().mean() < 0.02
    assert all(torch.equal(a, b) for a, b in zip(steady_foregrounds(iter(moving), 0), moving, strict=True))


def test_an_outline_holds_the_landmarks_and_a_forehead() -> None:
    angles = torch.linspace(0, 2 * torch.pi, 69, dtype=torch.float64)[:68]
    points = 30 + 12 * torch.stack([angles.cos(), angles.sin()], 1)
    points[17:27] = torch.tensor([30.0, 24.0], dtype=torch.float64)
    points[48:60] = torch.tensor([30.0, 40.0], dtype=torch.float64)
    mask = outline_foreground(points, 64)[0, 0]
    assert all(mask[round(y), round(x)] == 1 for x, y in (30 + (points - 30) * 0.9).tolist())
    assert mask[16, 30] == 1
    assert mask[12, 30] == mask[50, 50] == 0
    assert mask.mean() == pytest.approx(np.pi * 12**2 / 64**2, rel=0.1)
