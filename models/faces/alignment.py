"""Where the aligned crop of a face lies in its frame: FFHQ's rotated square, steady over time.

Only the eyes and the corners of the mouth count, so five landmarks say as much as 68. Smoothing takes place and axes
apart: a face moves faster than it grows or turns. Both axes are smoothed alike, so the square stays one, and crop and
paste are similarities.
Source: Karras et al. 2019 (FFHQ); Tzaban et al. 2022, 4.1; rotemtzaban/STIT at fac087f, `utils/alignment.py`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import tee
from typing import NamedTuple

import numpy as np

from ...errors import InputError
from .landmarks import Points, five_points
from .over_time import reach_of, smooth_over_time


class Placement(NamedTuple):
    """A square around a face, in pixels of the frame (float64, all `[2]`, (x, y))."""

    center: Points
    x: Points
    """From the centre to the middle of the right side, as the viewer sees the upright face."""
    y: Points
    """From the centre to the middle of the lower side."""


@dataclass(frozen=True)
class Smoothing:
    """Standard deviations of the Gaussians over time, in frames, whatever the frame rate; 0: off."""

    center: float = 1.0
    axes: float = 3.0

    @property
    def reach(self) -> int:
        """Frames that smoothing looks ahead."""
        return max(reach_of(self.center), reach_of(self.axes))


NO_SMOOTHING = Smoothing(0.0, 0.0)


def place_face(landmarks: Points, scale: float = 1.0) -> Placement:
    """The square around a face of 5 or 68 landmarks; scale: its size in units of FFHQ's.

    InputError for landmarks that all lie in one point.
    """
    left, right, _, mouth_left, mouth_right = five_points(landmarks)
    eyes, across = (left + right) / 2, right - left
    down = (mouth_left + mouth_right) / 2 - eyes
    x = across + _turned_left(down)
    length = float(np.hypot(*x))
    if not length > 0:
        raise InputError("landmarks: eyes and mouth lie in one point; there is no face to align")
    size = max(float(np.hypot(*across)) * 2.0, float(np.hypot(*down)) * 1.8)
    x = x / length * size * scale
    return Placement(eyes + 0.1 * down, x, _turned_right(x))


def quad_of(placement: Placement) -> Points:
    """The corners `[4 2]`: upper left, lower left, lower right, upper right."""
    center, x, y = placement
    return np.stack([center - x - y, center - x + y, center + x + y, center + x - y])


def smooth_placements(placements: Iterable[Placement], smoothing: Smoothing) -> Iterator[Placement]:
    """The squares of one face in one shot, steadied. A stream: `smoothing.reach` frames ahead, twice that in memory."""
    one, other = tee(placements)
    centers = smooth_over_time((placement.center for placement in one), smoothing.center)
    axes = smooth_over_time((np.stack([placement.x, placement.y]) for placement in other), smoothing.axes)
    for center, (x, y) in zip(centers, axes, strict=True):
        yield Placement(center, x, y)


def _turned_left(vector: Points) -> Points:
    """By 90 degrees, against the clock as the viewer sees it (y points down)."""
    return np.array([vector[1], -vector[0]])


def _turned_right(vector: Points) -> Points:
    return np.array([-vector[1], vector[0]])
