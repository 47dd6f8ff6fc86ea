import numpy as np
import pytest
import torch
from torch import Tensor

from maliang_video.errors import InputError
from maliang_video.models.faces.alignment import place_face, quad_of
from maliang_video.models.faces.crop import (
    crop_face,
    crop_map,
    paste_change,
    paste_face,
    paste_map,
    place_crop,
    visible_mask,
    visible_share,
)

SQUARE = np.array([[9.5, 5.5], [9.5, 21.5], [25.5, 21.5], [25.5, 5.5]])
"""Whole pixels: columns 10 to 25, rows 6 to 21."""


def picture(height: int = 40, width: int = 48, seed: int = 0) -> Tensor:
    """Smooth, so that resampling has little to lose; float64 `[1 3 h w]` in -1..1."""
    rough = torch.rand(1, 3, 6, 7, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1
    return torch.nn.functional.interpolate(rough, (height, width), mode="bicubic", align_corners=True).clamp(
        -1, 1
    )


def tilted(size: float = 4.0, middle: tuple[float, float] = (24.0, 20.0)) -> np.ndarray:
    face = np.array([[-1.0, -1.2], [1.1, -1.0], [0.1, 0.1], [-0.8, 1.0], [0.7, 1.2]])
    return quad_of(place_face(face * size + middle))


@pytest.mark.parametrize("exact", [True, False])
def test_a_square_of_whole_pixels_is_the_frame_itself(exact: bool) -> None:
    frame = picture()
    crop = crop_face(frame, SQUARE, 16, exact=exact)
    torch.testing.assert_close(crop, frame[..., 6:22, 10:26], atol=1e-9, rtol=0)
    torch.testing.assert_close(paste_face(frame, crop, SQUARE, exact=exact), frame, atol=1e-9, rtol=0)


def test_maps_undo_each_other() -> None:
    there, back = crop_map(tilted(), 32), paste_map(tilted(), 32)
    both = there[:, :2] @ back + np.array([[0, 0, 1], [0, 0, 1]]) * there[:, 2:]
    np.testing.assert_allclose(both, [[1, 0, 0], [0, 1, 0]], atol=1e-12)


@pytest.mark.parametrize(("size", "error"), [(24, 1e-4), (64, 2e-5), (200, 1e-5)])
def test_cut_and_put_back_is_the_frame(size: int, error: float) -> None:
    frame, quad = picture(), tilted()
    back = paste_face(frame, crop_face(frame, quad, size), quad)
    assert (back - frame).square().mean() < error
    patch = place_crop(torch.ones(1, 3, size, size), quad, (40, 48), None)
    outside = torch.ones(40, 48, dtype=torch.bool)
    left, top, right, bottom = patch.window
    outside[top:bottom, left:right] = patch.alpha[0, 0] == 0
    assert 0.3 < outside.double().mean() < 0.9
    assert torch.equal(back[..., outside], frame[..., outside])


def test_a_change_of_nothing_changes_nothing() -> None:
    frame, quad = picture(), tilted()
    crop = crop_face(frame, quad, 20)
    assert torch.equal(paste_change(frame, crop, crop, quad), frame)
    brighter = paste_change(frame, crop + 0.1, crop, quad)
    assert (brighter - frame).max() == pytest.approx(0.1, abs=1e-9)
    assert (brighter - frame).min() == 0


def test_small_faces_do_not_alias() -> None:
    stripes = (torch.arange(64) % 2 * 2.0 - 1).expand(1, 3, 64, 64)
    quad = np.array([[-0.5, -0.5], [-0.5, 63.5], [63.5, 63.5], [63.5, -0.5]])
    assert crop_face(stripes, quad, 16).abs().max() < 1e-6
    assert paste_face(torch.zeros(1, 3, 20, 20), stripes, quad / 4, None)[..., 2:14, 2:14].abs().max() < 1e-6
    assert crop_face(stripes, quad + 0.4, 16, exact=True).abs().max() > 0.15


def test_beyond_the_frame_its_border_goes_on_or_it_is_black() -> None:
    frame = torch.full((1, 3, 20, 20), 0.5)
    quad = SQUARE + np.array([10.0, 0.0])
    torch.testing.assert_close(crop_face(frame, quad, 16), torch.full((1, 3, 16, 16), 0.5))
    exact = crop_face(frame, quad, 16, exact=True)
    assert (exact == -1).all()
    assert visible_share(quad, 20, 20) == 0
    half = SQUARE - np.array([18.0, 0.0])
    assert visible_share(half, 40, 48) == pytest.approx(0.5)
    assert visible_mask(half, 16, 40, 48)[0, 0, 0].tolist() == [0.0] * 8 + [1.0] * 8


def test_alpha_blends_premultiplied() -> None:
    frame, crop = torch.zeros(1, 3, 40, 48), torch.ones(1, 3, 16, 16)
    alpha = torch.full((1, 1, 16, 16), 0.25)
    for exact in (True, False):
        blended = paste_face(frame, crop, SQUARE, alpha, exact=exact)
        torch.testing.assert_close(blended[..., 6:22, 10:26], torch.full((1, 3, 16, 16), 0.25))
        assert blended.sum() == pytest.approx(0.25 * 3 * 256, rel=1e-6)


def test_what_alpha_hides_does_not_shine_through() -> None:
    crop, alpha = torch.ones(1, 3, 16, 16), torch.zeros(1, 1, 16, 16)
    alpha[..., 4:12, 4:12] = 1
    crop[..., :4, :] = -1
    blended = paste_face(torch.ones(1, 3, 40, 48), crop, SQUARE + 0.3, alpha, exact=True)
    assert blended.min() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("exact", [True, False])
def test_gradients(exact: bool) -> None:
    frame = picture(6, 7).requires_grad_()
    crop = picture(4, 4, seed=1).requires_grad_()
    alpha = torch.rand(1, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    quad = tilted(0.6, (3.4, 3.1))
    assert torch.autograd.gradcheck(lambda x: crop_face(x, quad, 3, exact=exact), frame)
    assert torch.autograd.gradcheck(
        lambda x, a: paste_face(frame.detach(), x, quad, a, exact=exact), (crop, alpha)
    )


def test_large_windows_are_sampled_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, quad = picture(), tilted(8.0)
    whole = crop_face(frame, quad, 12)
    monkeypatch.setattr("maliang_video.models.faces.crop._MOST_PLACES", 500)
    torch.testing.assert_close(crop_face(frame, quad, 12), whole, atol=1e-12, rtol=0)


def test_a_square_outside_of_the_frame_leaves_it_alone() -> None:
    frame = picture()
    assert torch.equal(paste_face(frame, torch.ones(1, 3, 8, 8, dtype=torch.float64), SQUARE + 500), frame)


@pytest.mark.parametrize(
    ("alpha", "sentence"),
    [(torch.zeros(1, 1, 16, 16), "empty"), (torch.ones(1, 1, 8, 8), "of the crop's size")],
)
def test_masks_that_can_not_be_used(alpha: Tensor, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        paste_face(picture(), torch.ones(1, 3, 16, 16), SQUARE, alpha)
