"""How a face moves: each muscle pulls every point of the skin along a line of its own, and the pulls add up."""

from typing import NamedTuple

import numpy as np

from .face_shape import (
    EYE_INNER,
    EYE_OUTER,
    EYE_X,
    MOUTH_HALF,
    MOUTH_Y,
    Array,
    FaceGrid,
    bump,
    eye_line,
    step,
)


class Expression(NamedTuple):
    """What a face does. 0 is at rest, 1 as far as it goes in speech; lids: 0 shut, 1 open."""

    lid_left: float = 1.0
    """Left and right as the viewer sees them."""
    lid_right: float = 1.0
    squint: float = 0.0
    jaw: float = 0.0
    smile: float = 0.0
    """Down to -1: sad."""
    smirk: float = 0.0
    """-1..1: more smile on the left or on the right."""
    wide: float = 0.0
    """Lips drawn out, as for "ee"."""
    pucker: float = 0.0
    """Lips rounded, as for "oo"."""
    upper_lip: float = 0.0
    lower_lip: float = 0.0
    press: float = 0.0
    brows: float = 0.0
    """Raised; below 0: lowered."""
    frown: float = 0.0
    gaze_x: float = 0.0
    """Radians to the viewer's right."""
    gaze_y: float = 0.0
    """Radians up."""


JAW_ANGLE = 0.30
"""Radians by which the jaw turns at 1."""
_HINGE = (-1.0, 1.0)
"""Height and depth of the jaw's axis."""


def jaw_pull(points: Array) -> Array:
    """How points that hang on the jaw move when it opens, `[... 3]`."""
    y, z = points[..., 1] - _HINGE[0], points[..., 2] - _HINGE[1]
    back = -(1 - np.cos(JAW_ANGLE))
    down = np.sin(JAW_ANGLE)
    return np.stack([np.zeros_like(y), back * y - down * z, back * z + down * y * 0.85], -1)


def pulls(grid: FaceGrid, points: Array) -> dict[str, Array]:
    """Displacements `[rows columns 3]` at full strength, by field of `Expression`.

    points: the person's, everything shut. "lid_left" and "lid_right" open the eyes, "squint" narrows both from below.
    """
    x, y = grid.x, grid.y
    front = step(-1.0, 3.0, grid.points[..., 2])[..., None]
    out = {name: front * value for name, value in {**_eyes(grid), **_brows(x, y), **_lips(grid)}.items()}
    out["jaw"] = jaw_pull(points) * _jaw_weight(grid)[..., None]
    return out


def _up(value: Array) -> Array:
    return np.stack([np.zeros_like(value), value, np.zeros_like(value)], -1)


def _eyes(grid: FaceGrid) -> dict[str, Array]:
    x, y = grid.x, grid.y
    upper, shut, lower = eye_line(x)
    row = np.arange(grid.rows)[:, None]
    above = row <= grid.lid_rows[1]
    inside = step(EYE_INNER - 0.5, EYE_INNER + 0.1, np.abs(x)) * step(
        EYE_OUTER + 0.6, EYE_OUTER - 0.1, np.abs(x)
    )
    far = y - shut
    lift = (upper - shut) * np.exp(-((np.maximum(far, 0) / 0.95) ** 2)) * above * inside
    drop = (lower - shut) * np.exp(-((np.maximum(-far, 0) / 0.8) ** 2)) * ~above * inside
    squint = 0.24 * bump(x, y, (EYE_X, -0.75), (1.5, 0.75)) * ~above - 0.10 * lift
    move = _up(lift + drop)
    return {
        "lid_left": move * (x < 0)[..., None],
        "lid_right": move * (x > 0)[..., None],
        "squint": _up(squint) + _out(0.12 * bump(x, y, (EYE_X, -1.5), (1.8, 0.9))),
    }


def _out(value: Array) -> Array:
    return np.stack([np.zeros_like(value), np.zeros_like(value), value], -1)


def _brows(x: Array, y: Array) -> dict[str, Array]:
    raise_ = 0.62 * bump(x, y, (2.9, 2.3), (2.3, 1.15)) + 0.3 * bump(x, y, (0, 3.5), (3.5, 1.5))
    inner = bump(x, y, (1.4, 2.0), (1.0, 0.9))
    pinch = np.stack([-0.28 * np.sign(x) * inner, -0.42 * inner, 0.12 * inner], -1)
    return {"brows": _up(raise_), "frown": pinch}


def _lips(grid: FaceGrid) -> dict[str, Array]:
    x, y = grid.x, grid.y
    row = np.arange(grid.rows)[:, None]
    above = row <= grid.lip_rows[1]
    inside = np.sqrt(np.clip(1 - (x / MOUTH_HALF) ** 2, 0, 1))
    side = np.sign(x) * np.clip(np.abs(x) / 0.8, 0, 1)
    corner = bump(x, y, (MOUTH_HALF, MOUTH_Y), (1.5, 1.25))
    bow = (
        np.clip(np.abs(x) / MOUTH_HALF, 0, 1.0) ** 1.4
        * np.exp(-(((y - MOUTH_Y) / 1.5) ** 2))
        * step(4.6, 2.6, np.abs(x))
    )
    cheek = bump(x, y, (4.1, -3.1), (1.7, 1.4))
    smile = np.stack(
        [side * (0.55 * corner + 0.1 * cheek), 0.62 * bow + 0.30 * cheek, 0.38 * cheek - 0.42 * corner], -1
    )
    smile[..., 1] += 0.12 * inside * above * np.exp(-(((y - MOUTH_Y) / 0.9) ** 2))
    fold_at = 1.75 + 1.9 * np.clip((y + 4.7) / -2.9, 0, 1) ** 0.8
    fold = np.exp(-(((np.abs(x) - fold_at) / 0.35) ** 2)) * step(-4.0, -5.2, y) * step(-8.2, -6.9, y)
    smile[..., 2] -= 0.3 * fold
    sided = step(-1.2, 1.2, x)[..., None]
    mouth = np.exp(-(((y - MOUTH_Y) / 1.5) ** 2)) * step(4.4, 1.6, np.abs(x))
    pucker = np.stack([-0.34 * x * mouth, 0 * x, 0.75 * mouth * np.clip(1 - (x / 3.4) ** 2, 0, 1)], -1)
    pucker[..., 1] = np.where(above, 0.10, -0.14) * inside * mouth
    wide = np.stack([side * 0.42 * corner, 0.05 * corner, -0.22 * corner], -1)
    near = np.exp(-(((y - MOUTH_Y) / 0.95) ** 2))
    press = np.where(above, -0.10, 0.12) * inside * np.exp(-(((np.abs(y - MOUTH_Y) - 0.5) / 0.4) ** 2))
    return {
        "smile": smile,
        "smirk": smile * (2 * sided - 1) * 0.6,
        "pucker": pucker,
        "wide": wide,
        "upper_lip": _up(0.42 * inside * above * near),
        "lower_lip": _up(-0.42 * inside * ~above * near),
        "press": _up(press) + _out(-0.12 * inside * near),
    }


def _jaw_weight(grid: FaceGrid) -> Array:
    """How far points follow the jaw: 1 the lower lip's middle and the chin, 0 the upper lip, in between the cheeks."""
    x, y = grid.x, grid.y
    below = np.arange(grid.rows)[:, None] > grid.lip_rows[1]
    cheek = step(-3.2, -10.8, y)
    cheek = np.where(np.cos(grid.angle)[None] < 0, step(-6.5, -8.5, y), cheek)
    apart = np.clip(1 - (x / MOUTH_HALF) ** 2, 0, 1) ** 0.55 * (np.cos(grid.angle)[None] > 0)
    apart = apart * np.exp(-((np.maximum(y - MOUTH_Y, 0) / 1.6) ** 2))
    return np.asarray(np.where(below, 1 - (1 - cheek) * (1 - apart), cheek * (1 - apart)))
