"""A face cut out of its frame, upright and of one size, and put back: differentiable, in float.

Both are one operation, sampling through a similarity. Two ways to sample:

* smooth (ours): bicubic where the result is finer than the source; where it is coarser, the mean over the area of every
  pixel, so nothing aliases; beyond the frame its border goes on; the border of a pasted square is anti-aliased.
* exact: as Pillow's QUAD and PERSPECTIVE transforms with BILINEAR, which the published pipeline uses; black beyond the
  frame. Pillow rounds (premultiplied) pixels to 8 bits, which is all that differs.

Colours are blended as they are stored (gamma-encoded), as everywhere in the published pipeline.
Source: rotemtzaban/STIT at fac087f, `utils/alignment.py`, `utils/edit_utils.py`.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import InputError
from .landmarks import Points

Affine = Points
"""`[2 3]`: from places of a result to places of a source, (x, y, 1); pixel (0, 0) covers 0..1."""


_MOST_PLACES = 2**22
"""Of a source that are sampled at once."""


class Window(NamedTuple):
    """A part of a picture in whole pixels; right and bottom are outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.bottom - self.top, self.right - self.left


class Patch(NamedTuple):
    """A crop as it lies in its frame."""

    window: Window
    """The pixels of the frame that it may touch."""
    colors: Tensor
    """`[b c h w]` of the window, times `alpha`."""
    alpha: Tensor
    """`[b 1 h w]`, 0..1."""


def crop_map(quad: Points, size: int) -> Affine:
    """From the pixels of a crop of `size` to those of its frame; quad: corners as `alignment.quad_of` gives them."""
    origin, x, y = quad[0] + 0.5, (quad[3] - quad[0]) / size, (quad[1] - quad[0]) / size
    return np.stack([x, y, origin], axis=1)


def paste_map(quad: Points, size: int) -> Affine:
    """The inverse of `crop_map`: from the pixels of the frame to those of the crop."""
    there = crop_map(quad, size)
    linear = np.linalg.inv(there[:, :2])
    return np.concatenate([linear, -linear @ there[:, 2:]], axis=1)


def crop_face(frame: Tensor, quad: Points, size: int, *, exact: bool = False) -> Tensor:
    """The square `quad` `[4 2]` of a frame `[b c h w]` (-1..1), upright, `[b c size size]`."""
    there, whole = crop_map(quad, size), Window(0, 0, size, size)
    if exact:
        places = _places(there, whole).to(frame.device)
        return torch.where(_inside(places, frame), _sampled(frame, places, "bilinear"), -1.0)
    finer = _finer(there)
    return _averaged(there, whole, finer, frame, lambda places: _sampled(frame, places, _mode(finer)))


def visible_share(quad: Points, height: int, width: int) -> float:
    """How much of a square lies inside a frame: 0..1, by 32 x 32 places."""
    places = _places(crop_map(quad, 32), Window(0, 0, 32, 32))
    return float(_inside(places, torch.empty(1, 1, height, width)).double().mean())


def visible_mask(quad: Points, size: int, height: int, width: int) -> Tensor:
    """Where a crop shows its frame and not what lies beyond: 1.0 or 0.0, `[1 1 size size]`."""
    places = _places(crop_map(quad, size), Window(0, 0, size, size))
    return _inside(places, torch.empty(1, 1, height, width)).float()[None, None]


def paste_face(
    frame: Tensor, crop: Tensor, quad: Points, alpha: Tensor | None = None, *, exact: bool = False
) -> Tensor:
    """A crop `[b c s s]` put back into its frame `[b c h w]`, blended by `alpha` `[b 1 s s]` (0..1; None: opaque).

    Pixels where the blended alpha is 0 are the frame's, bit for bit.
    """
    patch = place_crop(crop, quad, frame.shape[-2:], alpha, exact=exact)
    return _blended(frame, patch, lambda under: patch.colors + under * (1 - patch.alpha))


def paste_change(
    frame: Tensor, edited: Tensor, source: Tensor, quad: Points, alpha: Tensor | None = None
) -> Tensor:
    """What an edit changed, `edited` - `source` (`[b c s s]` both), added to the frame: the frame keeps its detail.

    Where both crops are equal nothing changes. Detail finer than a crop's pixel stays where it was, even where the edit
    moves what it belongs to.
    """
    change = place_crop(edited - source, quad, frame.shape[-2:], alpha)
    return _blended(frame, change, lambda under: under + change.colors)


def place_crop(
    crop: Tensor,
    quad: Points,
    size: torch.Size | tuple[int, int],
    alpha: Tensor | None,
    *,
    exact: bool = False,
) -> Patch:
    """A crop as it lies in a frame of `size` = (height, width)."""
    check_alpha(crop, alpha)
    there = paste_map(quad, crop.shape[-1])
    window = window_around(quad, size[0], size[1])
    shown = torch.ones_like(crop[:, :1]) if alpha is None else alpha.to(crop)
    if window.size == (0, 0):
        both = torch.cat([crop, shown], 1)[..., :0, :0]
    elif exact:
        places = _places(there, window).to(crop.device)
        both = _sampled(torch.cat([crop * shown, shown], 1), places, "bilinear")
        both = torch.where(_inside(places, crop), both, 0.0)
    else:
        finer = _finer(there)

        def premultiplied(places: Tensor) -> Tensor:
            here = _coverage(places, there, crop).expand(crop.shape[0], 1, -1, -1)
            if alpha is not None:
                here = here * _sampled(shown, places, "bilinear")
            return torch.cat([_sampled(crop, places, _mode(finer)) * here, here], 1)

        both = _averaged(there, window, finer, crop, premultiplied)
    return Patch(window, both[:, :-1], both[:, -1:])


def check_alpha(crop: Tensor, alpha: Tensor | None) -> None:
    """InputError for a mask of another size than its crop, or one that covers nothing."""
    if alpha is None:
        return
    if alpha.shape[-2:] != crop.shape[-2:] or alpha.shape[1] != 1:
        raise InputError(
            f"mask: {list(alpha.shape)}, but the crop is {list(crop.shape)}; give one channel of the crop's size"
        )
    if not bool((alpha > 0).any()):
        raise InputError("mask: empty; nothing of the face would be seen")


def window_around(quad: Points, height: int, width: int) -> Window:
    """The pixels of a frame that a square can touch, none where it lies outside."""
    left, top = np.floor(quad.min(0)).astype(int).tolist()
    right, bottom = np.ceil(quad.max(0)).astype(int).tolist()
    window = Window(max(0, left), max(0, top), min(width, right + 2), min(height, bottom + 2))
    return window if window.left < window.right and window.top < window.bottom else Window(0, 0, 0, 0)


def _finer(there: Affine) -> int:
    """Places to look at along a side of a result's pixel, so that none of the source's pixels is missed."""
    return max(1, math.ceil(np.linalg.norm(there[:, 0]) - 1e-6))


def _mode(finer: int) -> str:
    return "bicubic" if finer <= 3 else "bilinear"  # a mean over more places needs no better ones


def _averaged(
    there: Affine, window: Window, finer: int, source: Tensor, sample: Callable[[Tensor], Tensor]
) -> Tensor:
    """The mean of `sample` over the `finer` x `finer` places in every pixel of a window."""
    width = window.right - window.left
    strip = max(1, _MOST_PLACES // (width * finer * finer))
    strips = []
    for top in range(window.top, window.bottom, strip):
        part = window._replace(top=top, bottom=min(top + strip, window.bottom))
        across, down = (axis.to(source) for axis in _axes(there, part, finer))
        strips.append(F.avg_pool2d(sample(across + down), finer))
    return torch.cat(strips, 2)


def _places(there: Affine, window: Window, finer: int = 1) -> Tensor:
    """Where the pixels of a window are in the source, `finer` x `finer` in each: `[h w 2]`, float64."""
    across, down = _axes(there, window, finer)
    return across + down


def _axes(there: Affine, window: Window, finer: int) -> tuple[Tensor, Tensor]:
    """The two parts of `_places` that come of columns `[1 w 2]` and of rows `[h 1 2]`."""
    steps = (torch.arange(count * finer, dtype=torch.float64) + 0.5 for count in window.size[::-1])
    x, y = (step / finer + start for step, start in zip(steps, window[:2], strict=True))
    a = torch.from_numpy(there)
    return x[None, :, None] * a[:, 0], y[:, None, None] * a[:, 1] + a[:, 2]


def _inside(places: Tensor, source: Tensor) -> Tensor:
    """Whether places lie in a picture `[b c h w]`: `[h w]`."""
    x, y = places.unbind(-1)
    return (x >= 0) & (x < source.shape[-1]) & (y >= 0) & (y < source.shape[-2])


def _coverage(places: Tensor, there: Affine, crop: Tensor) -> Tensor:
    """How much of a pixel of the frame lies in the square: 0..1, `[h w]`."""
    near: Tensor = torch.minimum(places, crop.shape[-1] - places) / float(np.linalg.norm(there[:, 0]))
    return (near + 0.5).clamp(0, 1).prod(-1).to(crop.dtype)


def _sampled(picture: Tensor, places: Tensor, mode: str) -> Tensor:
    """`[b c h w]` at places `[y x 2]`, `[b c y x]`; beyond its border, the border goes on."""
    height, width = picture.shape[-2:]
    grid = places * torch.tensor([2 / width, 2 / height], dtype=places.dtype, device=places.device) - 1
    grid = grid.to(picture.dtype).expand(picture.shape[0], -1, -1, -1)
    return F.grid_sample(picture, grid, mode=mode, padding_mode="border", align_corners=False)


def _blended(frame: Tensor, patch: Patch, blend: Callable[[Tensor], Tensor]) -> Tensor:
    """The frame with what `blend` makes of the patch's window of it; where alpha is 0, exactly the frame."""
    left, top, right, bottom = patch.window
    result = frame.clone()
    under = frame[..., top:bottom, left:right]
    result[..., top:bottom, left:right] = torch.where(patch.alpha > 0, blend(under), under)
    return result
