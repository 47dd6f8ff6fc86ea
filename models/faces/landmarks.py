"""The landmarks that say where a face is: 68 of iBUG 300-W (dlib, FAN, OpenPose), or five (YuNet, SCRFD).

The five are, as the viewer sees them: left eye, right eye, tip of the nose, left and right corner of the mouth.
(x, y) in pixels; pixel (0, 0) has its centre at (0, 0), as landmark detectors count.
"""

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

Points = NDArray[np.float64]

FEW, MANY = 5, 68
_EYES = (slice(36, 42), slice(42, 48))
_NOSE, _MOUTH = 30, (48, 54)
FARTHEST = 100_000
"""Pixels that a landmark may lie outside of the picture."""


def five_points(landmarks: Points) -> Points:
    """`[68 2]` or `[5 2]` -> the five points `[5 2]`: an eye is the mean of the six points around it."""
    if len(landmarks) == FEW:
        return landmarks
    eyes = [landmarks[eye].mean(0) for eye in _EYES]
    return np.stack([*eyes, landmarks[_NOSE], *landmarks[list(_MOUTH)]])


def checked_face(landmarks: NDArray[np.generic], where: str = "landmarks") -> Points:
    """Landmarks as float64 `[5 2]` or `[68 2]`; InputError for another shape, nan, or points far outside."""
    if landmarks.shape not in ((FEW, 2), (MANY, 2)):
        raise InputError(f"{where}: {list(landmarks.shape)} numbers are no face; give 5 or 68 points (x, y)")
    points = landmarks.astype(np.float64)
    if not (np.abs(points) <= FARTHEST).all():
        raise InputError(f"{where}: a coordinate is not a number, or more than {FARTHEST:,} pixels away")
    return points
