"""The 68 landmarks of iBUG 300-W (Sagonas et al., 2013) as points of the face's skin."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .face_model import FaceModel
from .face_person import Subject
from .face_shape import EYE_INNER, EYE_OUTER, MOUTH_HALF, MOUTH_Y, Array, face_grid, step
from .face_skin import brow_line, lip_edges
from .mesh import Float

_CONTOUR = (0.4, -1.2, -2.8, -4.4, -6.1, -7.7, -9.2, -10.4)
"""Heights of the outline's points from the ear down to beside the chin."""


def landmarks_of(face: FaceModel, points: Float) -> Float:
    """Landmarks in space, `[68 3]`, exact: points of the model that were chosen once."""
    skin = points[face.model.starts["face"]]
    return skin[landmark_points(face.subject)]


@lru_cache(maxsize=64)
def landmark_points(subject: Subject) -> NDArray[np.intp]:
    """Which points of the face's grid the landmarks are, `[68]`: outline 0-16, brows 17-26, nose 27-35, eyes 36-47,
    lips outside 48-59, inside 60-67, from the viewer's left to the right and clockwise.
    """
    grid = face_grid()
    out = (
        [_on_outline(-1, y) for y in _CONTOUR]
        + [_nearest(0, -11.55)]
        + [_on_outline(1, y) for y in _CONTOUR[::-1]]
    )
    for side in (-1, 1):
        t = np.linspace(0.02, 0.97, 5)
        away, height = brow_line(t[::-1] if side < 0 else t, subject)
        out += [_nearest(side * x, y) for x, y in zip(away, height, strict=True)]
    low = 1 + 0.08 * subject.nose_length
    out += [_nearest(0, y * low) for y in (-0.25, -1.5, -2.75, -4.05)]
    wide = 1 + 0.22 * subject.nose_width + 0.1 * subject.masculine
    out += [
        _nearest(x * wide, y * low)
        for x, y in ((-1.45, -4.95), (-0.75, -5.15), (0, -5.3), (0.75, -5.15), (1.45, -4.95))
    ]
    upper, lower = grid.lid_rows[0], grid.lid_rows[3]
    ends = (-EYE_OUTER, -EYE_INNER), (EYE_INNER, EYE_OUTER)
    for left, right in ends:
        third = (right - left) / 3
        out += [_on_row(upper, x) for x in (left, left + third, right - third, right)]
        out += [_on_row(lower, x) for x in (right - third, left + third)]
    out += [_on_lip(x, True, subject) for x in (-1.0, -0.56, -0.25, 0.0, 0.25, 0.56, 1.0)]
    out += [_on_lip(x, False, subject) for x in (0.6, 0.3, 0.0, -0.3, -0.6)]
    upper, lower = grid.lip_rows[0], grid.lip_rows[3]
    out += [_on_row(upper, x * MOUTH_HALF) for x in (-0.84, -0.32, 0.0, 0.32, 0.84)]
    out += [_on_row(lower, x * MOUTH_HALF) for x in (0.32, 0.0, -0.32)]
    return np.array(out, np.intp)


def _front() -> NDArray[np.bool_]:
    return np.asarray(np.cos(face_grid().angle) > 0)


def _nearest(x: float, y: float) -> int:
    grid = face_grid()
    far = (grid.x - x) ** 2 + (grid.y - y) ** 2 + 1e3 * ~_front()
    return int(far.argmin())


def _on_row(row: int, x: float) -> int:
    grid = face_grid()
    far = np.abs(grid.x[row] - x) + 1e3 * ~_front()
    return int(row * grid.columns + far.argmin())


def _on_outline(side: int, y: float) -> int:
    """Where the jaw turns from the face to the neck."""
    grid = face_grid()
    angle = side * (1.45 - 0.25 * float(step(-2.0, -9.0, np.array(y))))
    far = ((grid.angle[None] - angle) * 4) ** 2 + (grid.y - y) ** 2
    return int(far.argmin())


def _on_lip(share: float, above: bool, subject: Subject) -> int:
    x: Array = np.array(share * MOUTH_HALF)
    if abs(share) == 1:
        return _on_row(face_grid().lip_rows[0], float(x))
    edges = lip_edges(x, subject)
    return _nearest(
        float(x), float(edges[0] if above else edges[1]) - (0.03 if above else -0.03) * (MOUTH_Y < 0)
    )
