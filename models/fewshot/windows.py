"""The part of a picture that a network sees: cut out, scaled, and pasted back.

A window has fractions of pixels, so that it can follow a subject smoothly. What a picture has at (x, y) is at
`window.onto(...)` of the network's picture, and `window.back(...)` undoes that exactly.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..labels.drawn import crop
from ..labels.faces import Box

Points = NDArray[np.float64]
Size = tuple[int, int]
"""(height, width) in pixels."""


class Window(NamedTuple):
    """A part of a picture, in its pixels; it may leave the picture."""

    left: float
    top: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        """(x, y)."""
        return self.left + self.width / 2, self.top + self.height / 2

    def onto(self, points: Points, box: Box) -> Points:
        """Points `[n 2]` of the picture -> where they are when this window is scaled to fill `box`."""
        if self == window_of(box):
            return points
        scale, corner = self._map(box)
        return (points - (self.left, self.top)) * scale + corner

    def back(self, points: Points, box: Box) -> Points:
        """The inverse of `onto`."""
        if self == window_of(box):
            return points
        scale, corner = self._map(box)
        return (points - corner) / scale + (self.left, self.top)

    def _map(self, box: Box) -> tuple[Points, Points]:
        left, top, right, bottom = box
        scale = np.array([(right - left) / self.width, (bottom - top) / self.height])
        return scale, np.array([left, top], np.float64)


def window_of(box: Box) -> Window:
    """The window of whole pixels."""
    left, top, right, bottom = box
    return Window(float(left), float(top), float(right - left), float(bottom - top))


def scaled(window: Window, factor: float) -> Window:
    """The same window of a picture that is `factor` times as large."""
    return Window(*(value * factor for value in window))


def cut(
    pixels: NDArray[np.uint8], window: Window, size: Size, method: Image.Resampling = Image.Resampling.BICUBIC
) -> NDArray[np.uint8]:
    """A window of a picture uint8 `[h w 3]`, scaled to `size`; black where it leaves the picture."""
    left, top = math.floor(window.left), math.floor(window.top)
    right, bottom = math.ceil(window.left + window.width), math.ceil(window.top + window.height)
    inside = crop(pixels, (left, top, right, bottom))
    x, y = window.left - left, window.top - top
    box = (x, y, min(x + window.width, right - left), min(y + window.height, bottom - top))
    return np.array(Image.fromarray(inside).resize((size[1], size[0]), method, box=box))


def paste(picture: Tensor, patch: Tensor, window: Window, *, soft: float = 0.0) -> Tensor:
    """A network's picture put back where it was cut: `[3 H W]` and `[3 h w]` -> `[3 H W]`, -1..1 both.

    soft: share of the window's width over which its border fades into the picture (0: a hard border). A window of whole
    pixels as large as the patch brings back every pixel as it is.
    """
    height, width = picture.shape[-2:]
    left, top = max(0, math.floor(window.left)), max(0, math.floor(window.top))
    right = min(width, math.ceil(window.left + window.width))
    bottom = min(height, math.ceil(window.top + window.height))
    if left >= right or top >= bottom:
        return picture
    x = (torch.arange(left, right, device=patch.device) + 0.5 - window.left) / window.width
    y = (torch.arange(top, bottom, device=patch.device) + 0.5 - window.top) / window.height
    shown = _sampled(patch, x, y, (max(1, round(window.height)), max(1, round(window.width))))
    near_x, near_y = (torch.minimum(place, 1 - place) for place in (x, y))
    distance = torch.minimum(near_x[None, :] * window.width, near_y[:, None] * window.height)
    weight = (distance / (soft * window.width)).clamp(0, 1) if soft > 0 else (distance > 0).to(patch)
    result = picture.clone()
    there = result[:, top:bottom, left:right]
    there += (shown.to(there) - there) * weight.to(there)
    return result


def _sampled(patch: Tensor, x: Tensor, y: Tensor, near: Size) -> Tensor:
    """The patch at places 0..1 of its width and height, `[3 y x]`; scaled down without aliasing first."""
    if near[0] < patch.shape[1] or near[1] < patch.shape[2]:
        size = (min(near[0], patch.shape[1]), min(near[1], patch.shape[2]))
        patch = F.interpolate(patch[None], size, mode="bilinear", antialias=True, align_corners=False)[0]
    grid = torch.stack(torch.meshgrid(x * 2 - 1, y * 2 - 1, indexing="xy"), -1)
    return F.grid_sample(
        patch[None], grid[None].to(patch), mode="bilinear", padding_mode="border", align_corners=False
    )[0]
