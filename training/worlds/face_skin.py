"""What is painted on a face: skin with blood, freckles, pores and years, lips, brows, beard shadow; and the classes."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .chance import draw
from .face_parts import Part
from .face_person import Subject
from .face_shape import EYE_X, MOUTH_HALF, MOUTH_Y, Array, bump, curve, eye_line, face_grid, step
from .mesh import Texture
from .mesh_shapes import spread
from .texture import noise

FINE = 3
"""Texels from one point of the face to the next."""


class Canvas(NamedTuple):
    """Where every texel lies on the average head, `[h w]` each."""

    x: Array
    y: Array
    z: Array
    row: Array
    """In rows of the face's grid."""


@lru_cache(maxsize=1)
def canvas() -> Canvas:
    grid = face_grid()
    row = np.repeat(np.arange((grid.rows - 1) * FINE + 1)[:, None] / FINE, (grid.columns - 1) * FINE + 1, 1)
    return Canvas(spread(grid.x, FINE), spread(grid.y, FINE), spread(grid.points[..., 2], FINE), row)


def _grain(kind: str, x: Array, y: Array, period: float, seed: int, stretch: float = 1.0) -> Array:
    """Noise on the skin (mean 0, deviation 1); every person's own."""
    shift = draw(seed, 0, 61, 2) * 100
    u, v = (x + shift[0]).astype(np.float32), ((y + shift[1]) / stretch).astype(np.float32)
    tiny = np.full_like(u, 0.02)
    return np.asarray(
        noise(kind, u.ravel(), v.ravel(), tiny.ravel(), tiny.ravel(), period), np.float64
    ).reshape(x.shape)


def lip_edges(x: Array, subject: Subject) -> tuple[Array, Array]:
    """Heights of the upper lip's upper edge and of the lower lip's lower edge at `x`."""
    t = np.clip(np.abs(x) / MOUTH_HALF, 0, 1)
    full = 1 + 0.35 * subject.upper_lip - 0.25 * subject.age - 0.15 * (subject.masculine - 0.5)
    upper = curve(t, (0.0, 0.22, 0.5, 0.8, 1.0), (0.66, 0.82, 0.62, 0.26, 0.0)) * full
    heavy = 1 + 0.35 * subject.lower_lip - 0.2 * subject.age
    lower = curve(t, (0.0, 0.35, 0.7, 1.0), (1.12, 1.04, 0.62, 0.0)) * heavy
    return MOUTH_Y + upper, MOUTH_Y - lower


def brow_line(t: Array | float, subject: Subject) -> tuple[Array, Array]:
    """Place (distance from the middle, height) on a brow, `t` 0 at its inner end .. 1 at its outer end."""
    t = np.asarray(t, np.float64)
    high = 1.75 + 0.28 * subject.brow_height - 0.12 * (subject.masculine - 0.5)
    arch = 0.52 + 0.28 * subject.brow_arch - 0.22 * (subject.masculine - 0.5)
    return 1.25 + 3.85 * t, high + arch * np.sin(np.pi * np.clip(t, 0, 1) ** 1.35 * 0.86) - 0.28 * t**3


def _brow(c: Canvas, subject: Subject) -> tuple[Array, Array]:
    """Cover 0..1 of the brows' hair, and whether a texel belongs to a brow."""
    t = (np.abs(c.x) - 1.25) / 3.85
    middle = brow_line(t, subject)[1]
    half = (0.30 + 0.09 * subject.brow_weight + 0.10 * (subject.masculine - 0.5)) * curve(
        np.clip(t, 0, 1), (0.0, 0.15, 0.6, 1.0), (0.72, 1.0, 0.85, 0.22)
    )
    across = (c.y - middle) / half
    inside = step(-0.06, 0.04, t) * step(1.05, 0.94, t)
    slant = c.y * (1.3 - 1.7 * np.clip(t, 0, 1))
    strokes = _grain("rough", (np.abs(c.x) - slant * 0.6) * 2.4, c.y * 0.35, 3.0, subject.seed)
    soft = step(1.25, 0.45, np.abs(across) + 0.12 * strokes) * inside
    return soft * np.clip(0.80 + 0.22 * strokes, 0, 1), np.asarray((np.abs(across) < 1) & (t > 0) & (t < 1))


def beard_zone(x: Array, y: Array, kind: str) -> Array:
    """Where a beard grows, 0..1."""
    side = np.abs(x)
    edge = curve(
        np.clip(side, 0, 7), (0.0, 1.6, 2.9, 4.2, 5.4, 6.4, 7.0), (-9.0, -8.9, -7.4, -6.3, -4.8, -2.0, 0.5)
    )
    chin = step(0.45, -0.45, y - edge)
    lip = step(0.25, -0.2, y + 5.75 + 0.03 * side**2) * step(-7.7, -6.7, y) * step(3.5, 2.7, side)
    goatee = step(0.9, 0.5, side) * step(-7.9, -8.4, y)
    if kind == "moustache":
        return np.asarray(lip)
    return np.clip(chin + lip + goatee, 0, 1)


def paint_skin(subject: Subject) -> Texture:
    """The face's texture."""
    c = canvas()
    front = step(0.0, 4.0, c.z)
    base = np.asarray(subject.skin)
    color = np.broadcast_to(base, (*c.x.shape, 3)).copy()
    _add_blood(color, c, subject, front)
    _add_years(color, c, subject, front)
    gloss = 0.55 + 0.35 * bump(c.x, c.y, (0, -3.6), (1.0, 1.8)) + 0.25 * bump(c.x, c.y, (0, 4.8), (3.5, 1.8))
    gloss += 0.25 * bump(c.x, c.y, (4.0, -2.2), (1.4, 0.9)) + 0.06 * _grain(
        "rough", c.x, c.y, 9.0, subject.seed
    )
    labels = np.full(c.x.shape, Part.SKIN, np.uint8)
    _paint_nose(color, labels, c, subject, front)
    _paint_lips(color, labels, gloss, c, subject)
    _paint_eyes(color, c, subject, front)
    hair, inside = _brow(c, subject)
    hair = hair * front
    labels[(inside > 0) & (front > 0.5)] = Part.R_BROW
    labels[(labels == Part.R_BROW) & (c.x < 0)] = Part.L_BROW
    _mix(color, np.asarray(subject.hair) * 0.55, hair * (0.86 - 0.15 * subject.age))
    gloss *= 1 - 0.8 * hair
    if subject.beard != "none":
        _paint_beard(color, gloss, c, subject, front)
    if subject.hair_style in ("buzz", "bald"):
        _paint_stubble_of_head(color, gloss, c, subject)
    return Texture(
        np.clip(color, 0.004, 1).astype(np.float32), labels, np.clip(gloss, 0, 1.5).astype(np.float32)
    )


def _mix(color: Array, over: Array, amount: NDArray[np.floating[Any]]) -> None:
    color += (over - color) * amount[..., None]


def _add_blood(color: Array, c: Canvas, subject: Subject, front: Array) -> None:
    light = float(np.mean(subject.skin)) ** 0.5
    red = 0.8 * bump(c.x, c.y, (4.0, -3.2), (1.7, 1.5)) + 0.7 * bump(c.x, c.y, (0, -4.2), (1.3, 0.9))
    red += 0.25 * bump(c.x, c.y, (0, -10.3), (1.6, 0.9)) + 0.2 * bump(c.x, c.y, (3, 3.5), (2, 1))
    red = red * (0.35 + 0.7 * subject.redness) + 0.10 * _grain("cloud", c.x, c.y, 12.0, subject.seed)
    red += 0.9 * subject.makeup * bump(c.x, c.y, (4.6, -2.7), (1.4, 1.1))
    amount = (red * front * light)[..., None]
    color *= 1 + amount * np.array([0.06, -0.30, -0.30])
    mottle = 0.035 * _grain("rough", c.x, c.y, 14.0, subject.seed + 1) + 0.03 * _grain(
        "cloud", c.x, c.y, 5.0, subject.seed + 2
    )
    color *= (1 + mottle * front)[..., None]
    if subject.freckles > 0.02:
        spots = step(1.15, 2.1, _grain("leaf", c.x * 1.6, c.y * 1.6, 11.0, subject.seed + 3))
        where = bump(c.x, c.y, (2.2, -2.4), (3.2, 2.1)) + 0.5 * bump(c.x, c.y, (0, 4), (4, 2))
        _mix(
            color,
            np.asarray(subject.skin) * np.array([0.55, 0.38, 0.28]),
            spots * np.clip(where, 0, 1) * subject.freckles * front,
        )
    for n in range(3):
        x, y, size, has = draw(subject.seed, n, 62, 4)
        if has > 0.5:
            mole = bump(
                c.x, c.y, ((x - 0.5) * 9, 3 - 13 * y), (0.08 + 0.05 * size, 0.08 + 0.05 * size), both=False
            )
            _mix(color, np.asarray(subject.skin) * 0.25, np.clip(1.5 * mole, 0, 0.85) * front)


def _add_years(color: Array, c: Canvas, subject: Subject, front: Array) -> None:
    bags = bump(c.x, c.y, (2.9, -1.35), (1.2, 0.42))
    color *= 1 - (0.10 + 0.18 * subject.age) * (bags * front)[..., None] * np.array([0.8, 1.0, 0.9])
    years = max(0.0, subject.age - 0.25) / 0.75
    if not years:
        return
    wave = c.y + 0.25 * np.cos(c.x * 0.55) + 0.10 * _grain("cloud", c.x, c.y * 0.2, 9.0, subject.seed + 5)
    lines = (
        np.exp(-((((wave * 0.85) % 1 - 0.5) / 0.10) ** 2))
        * step(2.7, 3.6, c.y)
        * step(7.0, 5.5, c.y)
        * step(5.5, 3.5, np.abs(c.x))
    )
    ray = np.arctan2(c.y + 0.2, np.abs(c.x) - 4.3)
    crow = np.exp(-((((ray * 2.6) % 1 - 0.5) / 0.13) ** 2)) * bump(c.x, c.y, (5.4, -0.2), (0.65, 1.0))
    under = np.exp(-(((c.y + 1.55 + 0.10 * (np.abs(c.x) - 3.0) ** 2) / 0.10) ** 2)) * bump(
        c.x, c.y, (2.8, -1.5), (1.3, 0.8)
    )
    fold_at = 1.78 + 1.75 * np.clip((c.y + 4.7) / -2.9, 0, 1) ** 0.8
    fold = np.exp(-(((np.abs(c.x) - fold_at) / 0.12) ** 2)) * step(-4.5, -5.2, c.y) * step(-8.2, -7.2, c.y)
    dark = np.clip(0.5 * lines + 0.6 * crow + 0.6 * under + 0.6 * fold, 0, 1) * years * front
    color *= 1 - 0.42 * dark[..., None] * np.array([0.8, 1.0, 1.0])
    spots = step(1.5, 2.4, _grain("cloud", c.x * 2, c.y * 2, 8.0, subject.seed + 6))
    _mix(color, np.asarray(subject.skin) * np.array([0.7, 0.55, 0.45]), 0.5 * spots * years * front)


def _paint_nose(color: Array, labels: NDArray[np.uint8], c: Canvas, subject: Subject, front: Array) -> None:
    wide = 1 + 0.22 * subject.nose_width + 0.1 * subject.masculine
    low = 1 + 0.08 * subject.nose_length
    half = curve(
        np.clip(c.y / low, -5.6, 1),
        (1.0, 0.0, -2.0, -3.4, -4.3, -4.9, -5.3),
        (0.55, 0.6, 0.95, 1.35, 1.95, 1.8, 1.1),
    )
    labels[(np.abs(c.x) < half * wide) & (c.y < 0.3) & (c.y > -5.3 * low) & (front > 0.5)] = Part.NOSE
    hole = np.exp(-((((np.abs(c.x) - 0.74 * wide) / 0.40) ** 2 + ((c.y + 4.98 * low) / 0.17) ** 2) ** 2))
    _mix(color, np.asarray(subject.skin) * np.array([0.10, 0.05, 0.045]), 0.9 * hole * front)
    crease = np.exp(-(((np.abs(c.x) - 1.98 * wide) / 0.14) ** 2)) * bump(
        0 * c.x, c.y, (0, -4.75 * low), (1, 0.45)
    )
    _mix(color, np.asarray(subject.skin) * np.array([0.5, 0.35, 0.32]), 0.55 * crease * front)


def _paint_lips(color: Array, labels: NDArray[np.uint8], gloss: Array, c: Canvas, subject: Subject) -> None:
    upper, lower = lip_edges(c.x, subject)
    rows = face_grid().lip_rows
    within = (np.abs(c.x) < MOUTH_HALF) & (c.z > 4)
    on_upper, on_lower = c.row <= rows[1] + 0.5, c.row >= rows[2] - 0.5
    skin = np.asarray(subject.skin)
    natural = skin * np.array([0.88, 0.42, 0.43]) + np.array([0.045, 0.0, 0.006])
    paint = np.array([(0.42, 0.02, 0.04), (0.45, 0.08, 0.10), (0.30, 0.03, 0.06)][subject.seed % 3])
    lip = natural + (paint - natural) * min(1.0, 0.9 * subject.makeup)
    edge = 0.10
    cover = np.where(on_upper, step(edge, -edge, c.y - upper), step(-edge, edge, c.y - lower)) * within
    cover = (
        cover
        * np.clip((MOUTH_HALF - np.abs(c.x)) / 0.25, 0, 1)
        * (0.95 - 0.3 * subject.masculine + 0.2 * subject.makeup)
    )
    tone = np.where(on_upper, 0.80, 1.0) * (
        1 + 0.05 * _grain("rough", c.x * 3, c.y * 0.6, 6.0, subject.seed + 7)
    )
    _mix(color, lip * tone[..., None], np.clip(cover, 0, 1))
    wet = ((c.row > rows[0]) & (c.row < rows[3])) & within
    _mix(color, lip * np.array([0.5, 0.35, 0.35]), 0.75 * wet)
    seam = np.exp(-(((c.y - MOUTH_Y) / 0.07) ** 2)) * within
    _mix(color, lip * 0.25, 0.5 * seam)
    gloss += cover * (0.5 + 0.9 * subject.makeup)
    labels[(c.y < upper) & on_upper & within] = Part.U_LIP
    labels[(c.y > lower) & on_lower & within] = Part.L_LIP


def _paint_eyes(color: Array, c: Canvas, subject: Subject, front: Array) -> None:
    upper = eye_line(c.x)[0]
    rows = face_grid().lid_rows
    skin = np.asarray(subject.skin)
    lid = bump(c.x, c.y, (EYE_X, 0.25), (1.6, 0.75)) * (c.row < rows[1])
    shadow = np.array([(0.20, 0.10, 0.08), (0.10, 0.08, 0.12), (0.16, 0.10, 0.05)][subject.seed // 3 % 3])
    _mix(color, skin * np.array([0.80, 0.66, 0.62]), 0.55 * lid * front)
    _mix(color, shadow, 0.75 * subject.makeup * lid * front)
    span = (np.abs(c.x) > 1.75) & (np.abs(c.x) < 4.75) & (c.z > 3)
    rim = ((c.row > rows[0] - 0.75) & (c.row < rows[1] + 0.5)) * span
    _mix(color, np.array([0.02, 0.013, 0.01]), (0.75 + 0.2 * subject.makeup) * rim)
    lower = ((c.row > rows[2] - 0.5) & (c.row < rows[3] + 0.25)) * span
    _mix(color, skin * np.array([0.75, 0.45, 0.42]), 0.6 * lower)
    crease = np.exp(-(((c.y - upper - 0.02 + 0.42) / 0.07) ** 2)) * span * (c.row < rows[0])
    _mix(color, skin * np.array([0.45, 0.30, 0.27]), 0.5 * crease * front)
    inner = bump(c.x, c.y, (1.72, -0.2), (0.22, 0.2))
    _mix(color, skin * np.array([0.9, 0.5, 0.48]), 0.6 * inner * front)


def _paint_beard(color: Array, gloss: Array, c: Canvas, subject: Subject, front: Array) -> None:
    strength = {"stubble": 0.42, "short": 0.80, "full": 0.95, "moustache": 0.9}[subject.beard]
    zone = beard_zone(c.x, c.y, subject.beard)
    hairs = _grain("rough", c.x * 3.2, c.y * 1.1, 8.0, subject.seed + 8)
    cover = np.clip(zone * (1 + 0.35 * hairs), 0, 1) * strength * (c.z > -2.5)
    upper, lower = lip_edges(c.x, subject)
    lips = (c.y < upper) & (c.y > lower) & (np.abs(c.x) < MOUTH_HALF)
    cover = np.where(lips, 0, cover)
    _mix(color, np.asarray(subject.hair) * (0.62 + 0.18 * np.clip(hairs, -1, 2))[..., None], cover)
    gloss *= 1 - 0.75 * cover


def _paint_stubble_of_head(color: Array, gloss: Array, c: Canvas, subject: Subject) -> None:
    line = curve(np.clip(np.abs(c.x), 0, 7), (0.0, 2.5, 4.5, 5.8, 7.0), (7.0, 7.2, 6.0, 3.5, 1.0))
    zone = step(-0.5, 0.4, c.y - np.where(c.z < 1, -6.0, line))
    grain = _grain("rough", c.x * 4, c.y * 4, 8.0, subject.seed + 9)
    strength = 0.82 if subject.hair_style == "buzz" else 0.12
    cover = np.clip(zone * (0.9 + 0.22 * grain), 0, 1) * strength
    _mix(color, np.asarray(subject.hair) * 0.6, cover)
    gloss *= 1 - 0.6 * cover
