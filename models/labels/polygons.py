"""Filled polygons on whole pixels, as OpenCV's `fillPoly` fills them: parts of drawn faces are learned from those.

A polygon covers what lies between its edges on every row (even-odd), and its outline, drawn with Bresenham's lines.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.int64]

_FRACTION = 16
"""Bits behind the point of an edge's place on a row."""


def fill_polygon(picture: NDArray[np.uint8], points: Points, value: int) -> None:
    """Set the pixels of a closed polygon, corners `[n 2]` (x, y), to `value`; parts outside of `[h w]` are cut off."""
    height, width = picture.shape
    ends = np.roll(points, -1, axis=0)
    _fill_inside(picture, points, ends, value)
    for start, end in zip(points, ends, strict=True):
        x, y = line_pixels(start, end)
        seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        picture[y[seen], x[seen]] = value


def line_pixels(start: Points, end: Points) -> tuple[Points, Points]:
    """(x, y) of the pixels between two points `[2]`, both included, from left to right."""
    if end[0] < start[0]:
        start, end = end, start
    step = end - start
    down = 1 if step[1] >= 0 else -1
    across, along = sorted(np.abs(step).tolist())
    k = np.arange(along + 1)
    aside = (2 * across * k + max(0, along - 1)) // max(1, 2 * along)
    if abs(step[1]) > abs(step[0]):
        return start[0] + aside, start[1] + down * k
    return start[0] + k, start[1] + down * aside


def _fill_inside(picture: NDArray[np.uint8], starts: Points, ends: Points, value: int) -> None:
    height, width = picture.shape
    sloped = starts[:, 1] != ends[:, 1]
    starts, ends = starts[sloped], ends[sloped]
    turned = (starts[:, 1] > ends[:, 1])[:, None]
    top, bottom = np.where(turned, ends, starts), np.where(turned, starts, ends)
    rise = (bottom[:, 0] - top[:, 0]) << _FRACTION
    slope = np.sign(rise) * (np.abs(rise) // (bottom[:, 1] - top[:, 1]))
    first, last = max(0, int(top[:, 1].min(initial=height))), min(height, int(bottom[:, 1].max(initial=0)))
    for row in range(first, last):
        here = (top[:, 1] <= row) & (row < bottom[:, 1])
        places = np.sort((top[here, 0] << _FRACTION) + slope[here] * (row - top[here, 1]))
        for left, right in places.reshape(-1, 2).tolist():
            begin, end = -(-left >> _FRACTION), right >> _FRACTION
            picture[row, max(0, begin) : max(0, min(width, end + 1))] = value
