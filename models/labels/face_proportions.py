"""Another face out of the same landmarks: narrower, eyes and brows closer together and larger, a smaller mouth.

Who is painted depends on the proportions that the landmarks have; this changes them by fixed amounts.
Source: NVIDIA/vid2vid at 2e6d137, `data/face_dataset.py` (--random_scale_points, whose factors are constants).
"""

import numpy as np
from numpy.typing import NDArray

from .faces import CURVES, PART_CURVES

Points = NDArray[np.float64]

_PAIRS: tuple[tuple[tuple[int, ...], tuple[float, float]], ...] = (
    ((1, 2), (0.9, 1.0)),
    ((6, 7, 8, 9), (0.9, 1.0)),
)
"""Curves of the brows and of the eyes, and how much of their distance from the common middle (x, y) remains."""
_SIZES = ((0.9, 1.0), (1.0, 1.0), (1.0, 1.0), (0.9, 1.0), (1.0, 1.1), (1.0, 1.1), (0.9, 0.9), (0.9, 0.9))
"""New width and height of every part of `faces.PART_CURVES`, as shares of the old ones."""


def with_other_proportions(points: Points) -> Points:
    """`[83 2]` points of a face with its skull -> the same points of another face."""
    points = points.astype(np.float64, copy=True)
    for curves, (share_x, share_y) in _PAIRS:
        everything = [n for curve in curves for n in CURVES[curve]]
        center = points[everything].mean(0)
        for curve in curves:
            numbers = list(CURVES[curve])
            middle = points[numbers].mean(0)
            target = (middle - center) * (share_x, share_y) + center
            points[numbers] = (points[numbers] - middle) + target
    for curves, size in zip(PART_CURVES, _SIZES, strict=True):
        numbers = [n for curve in curves for n in CURVES[curve]]
        center = points[numbers].mean(0)
        points[numbers] = (points[numbers] - center) * size + center
    return points
