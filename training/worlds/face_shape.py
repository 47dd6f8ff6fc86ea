"""The shape of a head: a closed surface of rows and columns with slits for the eyes and the mouth.

Centimetres; x to the viewer's right, y up from the line between the eyes, z towards the viewer from the axis of the
ears. Sizes are those of an average adult; a person's own proportions are smooth warps of that head (`warp_to_person`),
so every point keeps its place on the average head (`FaceGrid.x`, `.y`), where skin is painted and muscles pull.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .face_person import Subject
from .mesh import Ints

Real = NDArray[np.floating]
Array = NDArray[np.float64]

EYE_X, EYE_Y, EYE_RADIUS = 3.2, 0.0, 1.22
EYE_INNER, EYE_OUTER = 1.72, 4.72
MOUTH_Y, MOUTH_HALF = -7.0, 2.6

_ROWS = (
    (11.6, 6.0, 7), (6.0, 3.0, 5), (3.0, 1.0, 6), (1.0, -0.32, 8), (-0.32, -1.8, 7), (-1.8, -4.0, 8),
    (-4.0, -5.4, 9), (-5.4, MOUTH_Y, 9), (MOUTH_Y, -8.5, 9), (-8.5, -11.8, 13),
)  # fmt: skip
"""From one height to the next in so many steps. After the fourth the eyes' slit, after the eighth the mouth's."""
_SLITS = (4, 8)

_HEIGHT = (4.0, 2.2, 0.6, 0.0, -1.5, -3.0, -4.0, -5.0, -6.2, -7.0, -8.0, -8.9, -10.0, -11.0, -11.5, -11.8)
_WIDTH = (7.30, 7.22, 7.02, 6.95, 6.85, 6.6, 6.36, 6.12, 5.75, 5.48, 5.0, 4.45, 3.55, 2.35, 1.45, 0.3)
_FRONT = (9.35, 9.3, 8.95, 8.85, 8.8, 8.85, 8.95, 9.15, 9.3, 9.25, 9.1, 8.85, 9.1, 8.95, 8.3, 6.6)
_SIDE = (0.0, 0.0, 0.0, 0.0, 0.1, 0.35, 0.6, 0.9, 1.3, 1.7, 2.5, 3.4, 4.7, 5.7, 6.1, 6.3)
_BACK = (9.6, 9.6, 9.4, 9.3, 9.1, 8.8, 8.4, 7.8, 6.9, 6.2, 5.4, 4.8, 4.0, 3.0, 2.0, 0.4)
_CROWN = 11.6


@dataclass(frozen=True, eq=False)
class FaceGrid:
    """The average head. Points in rows, the last column in the place of the first."""

    rows: int
    columns: int
    angle: Array
    """Of every column round the head, radians, 0 in front, `[columns]`."""
    x: Array
    y: Array
    """Places on the average head with everything shut, `[rows columns]`."""
    points: Array
    """The same with depth, `[rows columns 3]`."""
    lid_rows: tuple[int, int, int, int]
    """Upper rim, its inner edge, lower inner edge, lower rim of the eyes."""
    lip_rows: tuple[int, int, int, int]
    triangles: Ints
    weld: Ints


def curve(at: Real, knots: tuple[float, ...], values: tuple[float, ...]) -> Array:
    """A smooth line through (knot, value); knots may run either way. Cubic Hermite, slopes of the neighbours."""
    order = np.argsort(knots)
    k, v = np.asarray(knots)[order], np.asarray(values)[order]
    slope = np.gradient(v, k)
    n = np.clip(np.searchsorted(k, at) - 1, 0, k.size - 2)
    h = k[n + 1] - k[n]
    t = np.clip((at - k[n]) / h, 0, 1)
    a, b = (1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2
    c, d = t * t * (3 - 2 * t), t * t * (t - 1)
    return np.asarray(a * v[n] + b * h * slope[n] + c * v[n + 1] + d * h * slope[n + 1])


def skull(angle: Real, y: Real) -> Array:
    """The egg under face and hair at that angle and height: points `[... 3]`; all heights from -11.8 to 11.6."""
    angle, y = np.broadcast_arrays(np.asarray(angle, np.float64), np.asarray(y, np.float64))
    low = np.minimum(y, 4.0)
    top = np.clip((y - 4.0) / (_CROWN - 4.0), 0, 1)
    close = np.sqrt(np.maximum(1 - top**2.2, 0))
    width, side = curve(low, _HEIGHT, _WIDTH) * close, curve(low, _HEIGHT, _SIDE)
    front, back = curve(low, _HEIGHT, _FRONT), curve(low, _HEIGHT, _BACK)
    s, c = np.sin(angle), np.cos(angle)
    power = 0.76 + 0.24 * np.clip((y - 2) / 6, 0, 1)
    forward = side * close + (front * close - side * close) * np.abs(c) ** power
    backward = side * close - back * close * np.abs(c) ** 0.9
    return np.stack([width * s, y, np.where(c >= 0, forward, backward)], -1)


def bump(x: Real, y: Real, at: tuple[float, float], size: tuple[float, float], *, both: bool = True) -> Array:
    """A smooth hill of height 1 at (x, y); both: mirrored too."""
    across = np.abs(x) - at[0] if both else x - at[0]
    return np.asarray(np.exp(-((across / size[0]) ** 2) - ((y - at[1]) / size[1]) ** 2))


def step(low: float, high: float, x: Real) -> Array:
    """0 up to `low`, 1 from `high` on, an S between; `low` may be the larger."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


@lru_cache(maxsize=1)
def face_grid() -> FaceGrid:
    """Rows, columns and triangles; the same for everyone."""
    heights: list[float] = []
    slit_rows: list[int] = []
    for n, (high, low, count) in enumerate(_ROWS):
        steps = np.linspace(high, low, count + 1)
        if n == 0:
            steps = 4 + (high - 4) * np.cos(np.linspace(0, np.arccos((low - 4) / (high - 4)), count + 1))
        heights += steps.tolist()[1 if n else 0 :]
        if n + 1 in _SLITS:
            slit_rows.append(len(heights) - 1)
            heights += [heights[-1]] * 3
    angle = _columns()
    y = np.repeat(np.array(heights)[:, None], angle.size, 1)
    x = skull(angle[None], y)[..., 0]
    lids, lips = (tuple(range(r, r + 4)) for r in slit_rows)
    y = y + _slit_bend(x, y)
    points = skull(angle[None], y)
    points[..., 0], points[..., 1] = x, y
    triangles, weld = _weave(len(heights), angle.size, (lids, lips), x)
    return FaceGrid(len(heights), angle.size, angle, x, y, points, lids, lips, triangles, weld)  # type: ignore[arg-type]


def _columns() -> Array:
    """Angles, dense in front: from -pi to pi, both ends included."""
    fine = np.linspace(0, 2 * np.pi, 2000) - np.pi
    size = np.abs(fine)
    density = 0.30 + 0.75 * step(1.75, 1.3, size) + 0.75 * step(1.0, 0.7, size)
    total = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return np.interp(np.linspace(0, total[-1], 83), total, fine)


def eye_line(x: Real) -> tuple[Array, Array, Array]:
    """Heights of upper rim (open), shut lids and lower rim (open) across an eye; x `[...]`, either eye."""
    t = np.clip((np.abs(x) - EYE_INNER) / (EYE_OUTER - EYE_INNER), 0, 1)
    line = -0.22 + 0.30 * t
    arch = np.sin(np.pi * t**0.92)
    upper = line + 0.80 * np.abs(arch) ** 0.8
    lower = line - 0.44 * np.sin(np.pi * t**1.1)
    return upper, line - 0.33 * arch, lower


def _slit_bend(x: Array, y: Array) -> Array:
    """How far rows move so that one of them runs along the shut lids."""
    shut = eye_line(x)[1] + 0.32
    inside = step(EYE_INNER - 1.2, EYE_INNER, np.abs(x)) * step(EYE_OUTER + 1.6, EYE_OUTER, np.abs(x))
    return shut * inside * np.exp(-(((y + 0.32) / 0.9) ** 2))


def _weave(rows: int, columns: int, slits: tuple[tuple[int, ...], ...], x: Array) -> tuple[Ints, Ints]:
    """Triangles without the openings, and which points are one: seams outside the openings, both ends of a row."""
    number = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    weld = number.copy()
    weld[:, -1] = weld[:, 0]
    weld[0] = weld[0, 0]
    weld[-1] = weld[-1, 0]
    open_ = np.zeros((rows - 1, columns - 1), np.bool_)
    for slit, (inner, outer) in zip(slits, ((EYE_INNER, EYE_OUTER), (0.0, MOUTH_HALF)), strict=True):
        here = np.abs(x[slit[0]])
        inside = (here > inner - 1e-9 if inner else here > -1) & (here < outer) & (np.cos(_columns()) > 0)
        for row in slit[1:]:
            weld[row, ~inside] = weld[slit[0], ~inside]
        open_[slit[1]] = True
        touch = inside[:-1] | inside[1:]
        open_[slit[0], ~touch] = True
        open_[slit[2], ~touch] = True
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    both = np.stack([np.stack([a, c, b], -1), np.stack([b, c, d], -1)], -2)
    return both[~open_].reshape(-1, 3), weld.ravel()


def sculpt(subject: Subject) -> Array:
    """The person's features on the average head: points with everything shut, `[rows columns 3]`."""
    grid = face_grid()
    x, y = grid.x, grid.y
    p = grid.points.copy()
    front = step(-2.0, 3.0, p[..., 2])
    m, age = subject.masculine, subject.age
    z = np.zeros_like(x)
    z += (0.18 + 0.4 * m) * bump(x, y, (2.5, 2.0), (1.9, 0.75)) + (0.1 + 0.2 * m) * bump(
        x, y, (0, 1.9), (1.3, 0.8)
    )
    z -= 1.0 * bump(x, y, (EYE_X, 0.1), (1.65, 1.15)) + 0.45 * bump(x, y, (1.75, 0.5), (0.6, 0.9))
    z += (0.5 + 0.25 * subject.cheeks) * bump(x, y, (4.5, -2.3), (1.7, 1.4))
    z += (0.25 * subject.cheeks - 0.28 - 0.25 * age) * bump(x, y, (4.3, -6.0), (1.3, 1.9))
    z -= 0.25 * age * bump(x, y, (2.6, -1.7), (1.0, 0.5))
    z += (0.3 + 0.25 * m + 0.2 * subject.chin) * bump(x, y, (0, -10.3), (1.5, 0.95))
    z -= 0.2 * bump(x, y, (0, -8.95), (1.6, 0.4))
    z += _lips(x, y, subject) + _nose(x, y, subject)
    p[..., 2] += z * front
    inner_lid, inner_lip = (-0.12, -0.5)
    for rows, back in ((grid.lid_rows, inner_lid), (grid.lip_rows, inner_lip)):
        for row in rows[1:3]:
            p[row, :, 2] += back * np.where(
                grid.weld.reshape(x.shape)[row] == grid.weld.reshape(x.shape)[rows[0]], 0, 1
            )
    p[..., 2] -= (0.25 + 0.3 * age) * front * _fold(x, y)
    return p


def _fold(x: Array, y: Array) -> Array:
    """The crease from the nose's wing to beside the mouth, 0..1."""
    t = np.clip((y + 4.7) / -2.9, 0, 1)
    middle = 1.75 + 1.75 * t**0.8
    return np.exp(-(((np.abs(x) - middle) / 0.32) ** 2)) * step(-4.2, -5.0, y) * step(-8.4, -6.8, y) * 0.55


def _lips(x: Array, y: Array, subject: Subject) -> Array:
    upper, lower = 0.42 * (1 + 0.4 * subject.upper_lip), 0.5 * (1 + 0.4 * subject.lower_lip)
    across = np.sqrt(np.clip(1 - (x / (MOUTH_HALF + 0.25)) ** 2, 0, 1))
    z = upper * across * bump(0 * x, y, (0, -6.68), (1, 0.42)) + lower * across * bump(
        0 * x, y, (0, -7.55), (1, 0.5)
    )
    z -= 0.26 * across * bump(0 * x, y, (0, MOUTH_Y), (1, 0.14))
    z -= 0.32 * bump(x, y, (MOUTH_HALF, MOUTH_Y), (0.5, 0.45)) + 0.16 * bump(x, y, (0, -5.8), (0.3, 0.45))
    return np.asarray(
        z + 0.10 * bump(x, y, (0.55, -5.9), (0.3, 0.5)) + 0.25 * bump(x, y, (0, -6.9), (2.4, 1.3))
    )


def _nose(x: Array, y: Array, subject: Subject) -> Array:
    low = 1 + 0.08 * subject.nose_length
    t = np.where(y < 0, y / low, y)
    height = curve(
        np.clip(t, -5.7, 1.6),
        (1.6, 0.6, -0.3, -1.2, -2.4, -3.4, -4.05, -4.55, -4.95, -5.2, -5.7),
        (0.0, 0.12, 0.42, 0.95, 1.62, 2.2, 2.5, 2.35, 1.5, 0.5, 0.0),
    )
    height = height * (1 + 0.12 * subject.nose_length) + 0.28 * subject.nose_bridge * bump(
        0 * x, y, (0, -1.5), (1, 1.3)
    )
    wide = 1 + 0.22 * subject.nose_width + 0.1 * subject.masculine
    width = (
        curve(np.clip(t, -5.7, 1.6), (1.6, 0.0, -1.5, -3.2, -4.2, -5.7), (0.62, 0.60, 0.68, 0.80, 0.88, 0.92))
        * wide
    )
    ridge = height * np.exp(-((x / width) ** 2))
    wings = 0.95 * bump(x, y, (1.28 * wide, -4.5 * low), (0.50, 0.55))
    tip = 0.35 * bump(x, y, (0, -4.15 * low), (0.85, 0.6))
    holes = -0.35 * bump(x, y, (0.72 * wide, -4.98 * low), (0.38, 0.22))
    return np.asarray(ridge + wings + tip + holes)


def warp_to_person(points: Real, subject: Subject) -> Array:
    """The person's proportions: moves points of the average head (or what sits on it), `[... 3]`."""
    x, y, z = np.moveaxis(np.asarray(points, np.float64), -1, 0)
    low = step(-2.0, -9.0, y)
    wide = 1 + 0.055 * subject.width + (0.075 * subject.jaw + 0.06 * (subject.masculine - 0.5)) * low
    wide = wide - 0.03 * subject.width * step(3, 9, y)
    near_eyes = np.exp(-((y / 1.6) ** 2)) * np.exp(-(((np.abs(x) - EYE_X) / 2.4) ** 2))
    shift = np.sign(x) * 0.22 * subject.eye_gap * near_eyes
    longer = y * (1 + 0.035 * subject.length) - 0.45 * subject.chin * step(-8, -11.5, y)
    tilt = 0.11 * subject.eye_tilt * near_eyes * (np.abs(x) - EYE_X)
    eye = 0.10 * subject.eye_size * near_eyes
    across = np.sign(x) * (np.abs(x) - EYE_X) * eye * step(0.5, 2, np.abs(x))
    mouth = 0.10 * subject.mouth_width * np.exp(-(((y - MOUTH_Y) / 1.8) ** 2)) * step(4.4, 2.0, np.abs(x))
    return np.stack([x * (wide + mouth) + shift + across, longer + tilt + y * eye, z], -1)
