"""Brush strokes along curves, pixel for pixel as the published networks saw them.

Source: NVIDIA/vid2vid at 2e6d137, `data/keypoint2img.py` (drawEdge, setColor).
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .curves import Curve

Canvas = NDArray[np.uint8]
Color = tuple[int, int, int]


def stroke(
    canvas: Canvas, curve: Curve, color: Color | None = None, width: int = 1, *, ends: bool = True
) -> None:
    """Draw a curve with a square brush of `2 width` pixels; what lies outside moves to the border.

    canvas: contiguous, `[h w]`, where a stroke is 255, or `[h w 3]`, where each of the brush's pixels paints the whole
    curve at once: in its colour where all of that is black, else each pixel becomes the mean of what was there and the
    colour. A coloured stroke gets a disc of radius `2 width` at either end, unless `ends` is off.
    """
    if not curve.x.size:
        return
    if color is None:
        flat = canvas.reshape(-1)
        for place in _places(canvas, curve, _square(width)):
            flat[place] = 255
        return
    pixels, paint = canvas.reshape(-1, 3), np.array(color, np.uint16)
    lines = [(curve, _square(width))]
    if ends:
        lines.append((Curve(curve.x[[0, -1]], curve.y[[0, -1]]), _disc(2 * width)))
    for line, brush in lines:
        for place in _places(canvas, line, brush):
            there = pixels[place]
            pixels[place] = (there + paint) >> 1 if there.any() else paint


@cache
def _square(width: int) -> tuple[tuple[int, int], ...]:
    """Steps (down, right) of a brush."""
    return tuple((down, right) for down in range(-width, width) for right in range(-width, width))


@cache
def _disc(radius: int) -> tuple[tuple[int, int], ...]:
    """Steps (down, right) of the brush at the ends of a stroke."""
    return tuple((down, right) for down, right in _square(radius) if down**2 + right**2 < radius**2)


def _places(canvas: Canvas, curve: Curve, brush: tuple[tuple[int, int], ...]) -> Iterator[NDArray[np.intp]]:
    """The curve's pixels, as positions in the flat canvas, moved by every step of the brush."""
    height, width = canvas.shape[:2]
    reach = -min(down for down, _ in brush)
    x, y = curve
    if min(x.min(), y.min()) >= reach and x.max() < width - reach and y.max() < height - reach:
        start = y * width + x
        for down, right in brush:
            yield start + (down * width + right)
        return
    for down, right in brush:
        yield (y + down).clip(0, height - 1) * width + (x + right).clip(0, width - 1)
