"""Where one shot of a clip ends and the next begins: what is tracked and smoothed must not reach over a cut.

A frame is told apart from the one before by its colours (histogram) and by where they are (a coarse thumbnail). A cut
is a difference that is large, and much larger than those just before it and the one after it, so that fast motion,
hand-held cameras and flashes are none. Fades, and shots of a single frame, are not found.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SIDE = 96
"""Pixels of a frame that are looked at, along its longer side, at most twice as many."""
_CELLS = 12
"""Of the thumbnail, along either side."""
_LEVELS = 6
"""Of the histogram, in each colour."""
_FAR = 0.32
"""A difference that only a cut makes, if the frames around are alike: half by colours, half by places."""
_BEFORE, _TIMES = 6, 2.5
"""How much larger than the largest of so many differences before it, and than the one after it, a cut must be."""


class Glance(NamedTuple):
    """What is kept of a frame."""

    colors: NDArray[np.float64]
    """Shares of the pixels, `[levels^3]`, summing to 1."""
    places: NDArray[np.float64]
    """Mean colours of the cells, 0..1, `[cells cells 3]`, without what all have in common."""


def shot_numbers(frames: Iterable[NDArray[np.uint8]]) -> Iterator[int]:
    """For each frame (uint8 `[h w 3]`) the number of its shot, from 0 on. Reads one frame ahead; holds glances only."""
    shot = 0
    before: deque[float] = deque(maxlen=_BEFORE)
    for far, after in pairwise(chain(_differences(frames), [0.0])):
        if far > _FAR and far > _TIMES * max(*before, after, 0.0):
            shot += 1
            before.clear()
        else:
            before.append(far)
        yield shot


def _differences(frames: Iterable[NDArray[np.uint8]]) -> Iterator[float]:
    """Of every frame from the one before it; 0 for the first."""
    last: Glance | None = None
    for pixels in frames:
        now = glance(pixels)
        yield 0.0 if last is None else difference(last, now)
        last = now


def difference(a: Glance, b: Glance) -> float:
    """0 for equal frames, about 1 for frames that have nothing in common."""
    colors = 0.5 * float(np.abs(a.colors - b.colors).sum())
    contrast = 0.5 * (float(np.abs(a.places).mean()) + float(np.abs(b.places).mean()))
    places = float(np.abs(a.places - b.places).mean()) / max(contrast, 0.05)
    return 0.5 * colors + 0.5 * min(places, 1.0)


def glance(pixels: NDArray[np.uint8]) -> Glance:
    """What `difference` compares: of a grid of pixels, whatever the size of the frame."""
    step = max(1, max(pixels.shape[:2]) // _SIDE)
    seen = pixels[step // 2 :: step, step // 2 :: step]
    bins = seen.astype(np.intp) * _LEVELS // 256
    numbers = (bins[..., 0] * _LEVELS + bins[..., 1]) * _LEVELS + bins[..., 2]
    colors = np.bincount(numbers.ravel(), minlength=_LEVELS**3) / numbers.size
    rows = np.array_split(seen / 255, min(_CELLS, seen.shape[0]))
    cells = [
        [cell.mean((0, 1)) for cell in np.array_split(row, min(_CELLS, seen.shape[1]), 1)] for row in rows
    ]
    places = np.array(cells)
    return Glance(colors, places - places.mean((0, 1)))
