"""Which part of a crop is the face, which the band around it that must match the source, and how both are blended.

    inner = foreground grown by `inner`;  outer = inner grown by `outer`
    band    = outer - inner, or all that is not inner
    border  = the band, and what of inner lies within `edge` pixels of the crop's border
    content = the foreground without the border;  full = outer

Growing is a maximum over a square, taken over lines of rows and of columns, each in steps that double: the same values
as a convolution with every offset in a channel of its own, in a thousandth of the time and hardly any memory.
Source: Tzaban et al. 2022, 4.4; rotemtzaban/STIT at fac087f, `utils/edit_utils.py`, `edit_video_stitching_tuning.py`.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import InputError
from ..labels.palette import Palette
from .over_time import smooth_over_time

NOT_FACE = ("background", "hat", "cloth", "unlabeled")
"""Classes of CelebAMask-HQ, by name, that stay as they are in the source; hair, ears, glasses and neck are edited."""

BISENET_NAMES = (
    *("background", "skin", "l_brow", "r_brow", "l_eye", "r_eye", "eye_g", "l_ear", "r_ear", "ear_r"),
    *("nose", "mouth", "u_lip", "l_lip", "neck", "neck_l", "cloth", "hair", "hat"),
)
"""What the ids of the published BiSeNet (79999_iter.pth) mean; other networks number their classes otherwise."""


_SMALL_BLURS = {
    1: (0.25, 0.5, 0.25),
    2: (0.0625, 0.25, 0.375, 0.25, 0.0625),
    3: (0.03125, 0.109375, 0.21875, 0.28125, 0.21875, 0.109375, 0.03125),
    4: (0.015625, 0.05078125, 0.1171875, 0.19921875, 0.234375, 0.19921875, 0.1171875, 0.05078125, 0.015625),
}


class FaceMasks(NamedTuple):
    """`[b 1 h w]` each, 0..1."""

    content: Tensor
    """Where the edit must stay as it is."""
    border: Tensor
    """Where the result must match the source."""
    full: Tensor
    """What is pasted."""


@dataclass(frozen=True)
class MaskOptions:
    """Widths in pixels of a crop of 1024; they are scaled with the crop."""

    inner: int = 0
    """By how much the face is grown first."""
    outer: int = 50
    """Width of the band around it, and of the strip at the crop's border that belongs to the band."""
    whole_border: bool = False
    """Everything that is not the face must match the source, not the band alone."""

    def radii(self, size: int) -> tuple[int, int, int]:
        """(inner, outer, edge) in pixels of a mask of half the crop's size, which it is given."""
        inner, outer = (int(width * size / 1024) for width in (self.inner, self.outer))
        return inner, outer, outer


def foreground_of(labels: Tensor, palette: Palette, left_out: Collection[str] = NOT_FACE) -> Tensor:
    """Label ids `[h w]` -> 1.0 on the face, else 0.0: `[1 1 h w]`. Classes are told by name, ids mean nothing."""
    lookup = torch.zeros(palette.channels + 1)
    for known in palette.classes:
        lookup[known.id] = float(known.name not in left_out)
    ids = labels.long().clamp(-1, palette.channels)
    return lookup[torch.where(ids < 0, palette.channels, ids)][None, None]


def grow(mask: Tensor, radius: int) -> Tensor:
    """`[b 1 h w]`: the maximum over the square of 2 radius + 1 pixels around every pixel."""
    return _line_max(_line_max(mask, radius, -1), radius, -2)


def shrink(mask: Tensor, radius: int) -> Tensor:
    """The minimum over that square; beyond the mask's border lies 0."""
    inside = slice(radius, -radius or None)
    return -grow(-F.pad(mask, (radius,) * 4), radius)[..., inside, inside]


def _line_max(mask: Tensor, radius: int, axis: int) -> Tensor:
    """The maximum over 2 radius + 1 neighbours along an axis; beyond the border lies nothing."""
    width, span = 2 * radius + 1, 1
    margin = (radius, radius) if axis == -1 else (0, 0, radius, radius)
    mask = F.pad(mask, margin, value=-torch.inf)
    while span < width:
        step = min(span, width - span)
        count = mask.shape[axis] - step
        mask = torch.maximum(mask.narrow(axis, 0, count), mask.narrow(axis, step, count))
        span += step
    return mask


def face_masks(foreground: Tensor, inner: int, outer: int, edge: int, whole_border: bool) -> FaceMasks:
    """The three masks out of a foreground `[b 1 h w]`; all widths in its pixels.

    InputError where there is no foreground at all.
    """
    if not bool((foreground > 0).any()):
        raise InputError(
            "mask: empty, no face was found in the crop; give a mask of your own, or leave this frame out"
        )
    grown = grow(foreground, inner)
    full = grow(grown, outer)
    band = (1 - grown) if whole_border else full - grown
    near_edge = torch.ones_like(foreground)
    height, width = foreground.shape[-2:]
    near_edge[..., edge : max(edge, height - edge), edge : max(edge, width - edge)] = 0
    border = torch.maximum(band, torch.minimum(grown, near_edge)).clamp(0, 1)
    return FaceMasks((foreground - border).clamp(0, 1), border, full)


def masks_for(foreground: Tensor, size: int, options: MaskOptions) -> FaceMasks:
    """The masks of a crop of `size`, made at half of that as published: `[1 1 size size]`, soft at their edges.

    foreground: `[1 1 h w]` of any size; its nearest pixels count.
    """
    half = max(1, size // 2)
    small = F.interpolate(foreground, (half, half), mode="nearest-exact")
    masks = face_masks(small, *options.radii(half), options.whole_border)
    return FaceMasks(*(enlarged(mask, size) for mask in masks))


def enlarged(mask: Tensor, size: int) -> Tensor:
    """A mask `[b 1 h w]` as soft as the published pipeline makes it: bilinear, corners on corners."""
    return F.interpolate(mask, (size, size), mode="bilinear", align_corners=True)


def feathered(mask: Tensor, radius: int) -> Tensor:
    """A mask that fades out inside of itself: made smaller by `radius`, then blurred over as much.

    The blur is OpenCV's for a kernel of 2 radius + 1, mirrored at the borders.
    """
    if radius == 0:
        return mask
    if radius >= min(mask.shape[-2:]):
        raise InputError(f"feathering: {radius} pixels are more than the mask has ({min(mask.shape[-2:])})")
    kernel = _blur(radius).to(mask)[None, None, None]
    padded = F.pad(shrink(mask, radius), (radius,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, kernel), kernel.mT)


def _blur(radius: int) -> Tensor:
    """OpenCV's kernel where no sigma is given: fixed ones up to 9 pixels, then Gaussians of 0.3 (radius - 1) + 0.8."""
    if radius in _SMALL_BLURS:
        return torch.tensor(_SMALL_BLURS[radius])
    steps = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (steps / (0.3 * (radius - 1) + 0.8)) ** 2)
    return kernel / kernel.sum()


def steady_foregrounds(foregrounds: Iterable[Tensor], sigma: float) -> Iterator[Tensor]:
    """Foregrounds of one face in one shot without their flicker: what most frames around a frame say, as 0 or 1.

    A pixel is the face where the Gaussian mean over time exceeds a half, so an outline that moves is followed without
    getting soft, and what flashes up for a frame is dropped. Stream: see `smooth_over_time`.
    """
    for mean in smooth_over_time(foregrounds, sigma):
        yield (mean > 0.5).to(mean.dtype) if sigma > 0 else mean


def outline_foreground(landmarks: Tensor, size: int) -> Tensor:
    """A face out of its 68 landmarks in the crop's pixels, `[68 2]`, where no network is at hand: `[1 1 size size]`.

    The hull of the landmarks, and above the brows a forehead as high as the brows are above the mouth. Hair and ears
    are not in it.
    """
    brows, mouth = landmarks[17:27].mean(0), landmarks[48:60].mean(0)
    forehead = landmarks[17:27] + (brows - mouth) * 0.55
    inside = torch.ones(size, size, dtype=torch.bool)
    steps = torch.arange(size, dtype=landmarks.dtype)
    for (ax, ay), (bx, by) in _hull(torch.cat([landmarks, forehead])):
        inside &= (bx - ax) * (steps[:, None] - ay) - (by - ay) * (steps[None, :] - ax) >= 0
    return inside.float()[None, None]


def _hull(points: Tensor) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """The sides of the convex hull of `[n 2]`, with the inside on the right hand as the viewer sees it."""
    ordered = sorted({(x, y) for x, y in points.tolist()})
    corners: list[tuple[float, float]] = []
    for way in (ordered, ordered[::-1]):
        chain: list[tuple[float, float]] = []
        for point in way:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        corners += chain[:-1]
    return zip(corners, [*corners[1:], *corners[:1]], strict=True)


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
