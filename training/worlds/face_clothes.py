"""Neck, shoulders and what covers them."""

import numpy as np

from .face_parts import Part
from .face_person import Subject
from .face_shape import Array, curve, step
from .mesh import Material, Piece, Texture, grid_places, grid_triangles
from .mesh_shapes import ring_weld, spread
from .texture import noise

SKIN = Material(shine=0.14, exponent=14, wrap=(0.42, 0.20, 0.13), rim=0.5)
_NECK = (12, 33)
_TORSO = (22, 49)
_COLLAR = (11, 49)

Parts = dict[str, Array]


def around(columns: int) -> Array:
    """Angles for a ring that begins and ends behind, in the order that faces outwards."""
    return np.linspace(-np.pi, np.pi, columns)[None]


def neck(subject: Subject) -> tuple[list[Piece], Parts]:
    rows, columns = _NECK
    y = np.linspace(-6.0, -19.0, rows)[:, None]
    angle = around(columns)
    wide = curve(y, (-6, -9, -13, -15.5, -17, -19), (4.9, 4.9, 5.0, 5.6, 7.2, 10.5)) * (
        0.90 + 0.22 * subject.masculine
    )
    middle = curve(y, (-6, -12, -19), (-1.6, -2.0, -3.2))
    deep = curve(y, (-6, -13, -15.5, -17, -19), (5.0, 4.9, 5.2, 5.9, 6.6)) * (0.94 + 0.16 * subject.masculine)
    x, z = wide * np.sin(angle), middle + deep * np.cos(angle)
    cords = 0.35 * np.exp(-(((np.abs(angle) - 0.55 - 0.03 * (y + 17)) / 0.16) ** 2)) * step(-7, -13, y)
    apple = 0.45 * subject.masculine * np.exp(-((angle / 0.22) ** 2) - ((y + 13.2) / 0.9) ** 2)
    points = np.stack([x, y + 0 * x, z + (cords + apple)], -1).reshape(-1, 3)
    shade = 1 - 0.05 * np.cos(np.linspace(0, 25, 40))[:, None, None] * np.ones((1, 4, 1))
    color = (np.asarray(subject.skin) * np.array([0.96, 0.93, 0.92]) * shade).astype(np.float32)
    texture = Texture(
        color, np.full(color.shape[:2], Part.NECK, np.uint8), np.full(color.shape[:2], 0.5, np.float32)
    )
    piece = Piece(
        "neck",
        grid_triangles(rows, columns),
        grid_places(rows, columns),
        texture,
        SKIN,
        ring_weld(rows, columns),
    )
    return [piece], {"neck": points}


def _torso_points(subject: Subject, y: Array, angle: Array) -> Array:
    broad = 0.90 + 0.2 * subject.masculine
    wide = curve(
        np.clip(y, -42, -14.5),
        (-14.5, -15.6, -16.6, -17.8, -19.5, -22, -27, -42),
        (4.2, 6.2, 9.2, 13.4, 17.2, 19.2, 19.8, 19.0),
    ) * np.where(y > -15, 1, broad)
    front = curve(
        np.clip(y, -42, -14.5),
        (-14.5, -16.5, -19, -24, -30, -42),
        (1.6, 3.2, 5.4, 7.9, 9.6 - 1.2 * subject.masculine, 8.6),
    )
    back = curve(np.clip(y, -42, -14.5), (-14.5, -17, -24, -42), (-8.0, -9.5, -12.0, -11.5))
    s, c = np.sin(angle), np.cos(angle)
    depth = (
        np.where(c > 0, front + 3.2, 0) * np.abs(c) ** 0.75
        + np.where(c <= 0, back + 3.2, 0) * np.abs(c) ** 0.8
    )
    x = wide * np.sign(s) * np.abs(s) ** 0.86
    chest = (
        (1 - subject.masculine)
        * 1.6
        * np.exp(-(((np.abs(x) - 7.5) / 4.5) ** 2) - ((y + 31) / 5.5) ** 2)
        * (c > 0)
    )
    return np.stack([x, y + 0 * x, depth - 3.2 + chest], -1)


def _neckline(x: Array, subject: Subject) -> Array:
    """Height of the cloth's upper edge in front."""
    side = np.abs(x)
    return {
        "crew": -16.2 + 0 * side,
        "v": -22.5 + 0.95 * side,
        "shirt": -20.5 + 0.95 * side,
        "turtleneck": -14.0 + 0 * side,
    }[subject.neckline]


def torso(subject: Subject) -> tuple[list[Piece], Parts]:
    rows, columns = _TORSO
    y = (-15.0 - 27 * np.linspace(0, 1, rows) ** 1.5)[:, None]
    angle = around(columns)
    points = _torso_points(subject, y, angle)
    points[..., 2] += (
        0.16 * np.sin(points[..., 0] * 0.9 + 0.45 * points[..., 1] + subject.seed) * step(-19, -25, y)
    )
    pieces = [
        Piece(
            "torso", grid_triangles(rows, columns), grid_places(rows, columns), _paint_cloth(subject, points),
            Material(shine=0.05, exponent=8, wrap=(0.15, 0.15, 0.15), rim=0.35), ring_weld(rows, columns),
        )
    ]  # fmt: skip
    made = {"torso": points.reshape(-1, 3)}
    if subject.neckline in ("turtleneck", "crew", "shirt"):
        collar, shape = _collar(subject)
        pieces.append(collar)
        made["collar"] = shape
    return pieces, made


def _collar(subject: Subject) -> tuple[Piece, Array]:
    rows, columns = _COLLAR
    angle = around(columns)
    if subject.neckline == "turtleneck":
        path_y = np.linspace(-11.8, -16.6, rows)[:, None] + 0 * angle
        bulge = 0.45 * np.sin(np.pi * np.linspace(0, 1, rows)[:, None]) ** 0.5
        wide, deep, middle = 6.05 + 0.25 * (path_y + 12) / -4, 5.9, -2.1
        ring = np.stack([(wide + bulge) * np.sin(angle), path_y, middle + (deep + bulge) * np.cos(angle)], -1)
        ring[..., 1] -= 0.9 * np.cos(angle)
    else:
        turn = np.linspace(-2.2, 2.0, rows)[:, None]
        size = 0.42 if subject.neckline == "crew" else 0.75
        cos_front = np.cos(angle)
        high = -15.6 - np.where(cos_front > 0, 1.9, -0.7) * np.abs(cos_front) ** 1.4
        reach = np.where(cos_front > 0, 6.9, 5.4)
        radius = size * np.cos(turn)
        ring = np.stack(
            [
                (7.3 + radius) * np.sin(angle),
                high
                - size * 1.1 * np.sin(turn)
                + (0.9 * step(0.2, -1.2, turn) if subject.neckline == "shirt" else 0),
                (reach + radius) * cos_front - 2.6,
            ],
            -1,
        )
        if subject.neckline == "shirt":
            ring[..., 1] -= 1.6 * step(0.55, 0.0, np.abs(angle)) * step(-0.5, 2.0, turn)
    color = np.asarray(
        subject.second_cloth if subject.neckline == "crew" and subject.pattern == 1 else subject.cloth
    )
    ribs = 0.9 + 0.1 * np.cos(np.linspace(0, 2 * np.pi * 90, 1440))[None, :, None] * np.ones((4, 1, 1))
    knitted = 0.93 * ribs if subject.neckline != "shirt" else 1.05 + 0 * ribs
    texture = Texture(
        (color * knitted).clip(0, 1).astype(np.float32),
        np.full((4, 1440), Part.CLOTH, np.uint8), np.full((4, 1440), 0.5, np.float32),
    )  # fmt: skip
    piece = Piece(
        "collar", grid_triangles(rows, columns), grid_places(rows, columns), texture,
        Material(shine=0.04, exponent=8, wrap=(0.15, 0.15, 0.15), rim=0.35), ring_weld(rows, columns),
    )  # fmt: skip
    return piece, ring.reshape(-1, 3)


def _paint_cloth(subject: Subject, points: Array) -> Texture:
    x, y, z = np.moveaxis(spread(points, 11), -1, 0)
    base, second = np.asarray(subject.cloth), np.asarray(subject.second_cloth)
    color = np.broadcast_to(base, (*x.shape, 3)).copy()
    if subject.pattern == 1:
        color = (
            color
            + (second - color) * step(0.30, 0.34, np.abs(((y + 0.012 * x * x) / 2.6) % 1 - 0.5))[..., None]
        )
    if subject.pattern == 2:
        color *= (0.88 + 0.12 * np.cos(x * 5.5) * np.cos(y * 7 + np.abs((x * 0.9) % 2 - 1) * 3))[..., None]
    if subject.pattern == 3:
        band = step(0.30, 0.36, np.abs((x / 4.2) % 1 - 0.5)) + step(0.30, 0.36, np.abs((y / 4.2) % 1 - 0.5))
        color = color + (second - color) * (0.42 * band)[..., None]
    tiny = np.full(x.size, 0.05, np.float32)
    weave = noise(
        "rough", x.astype(np.float32).ravel(), y.astype(np.float32).ravel(), tiny, tiny, 20.0
    ).reshape(x.shape)
    color *= (1 + 0.05 * weave)[..., None]
    if subject.neckline == "shirt":
        button = np.exp(-(((np.abs(x)) / 0.3) ** 4)) * np.exp(-((((y + 23) % 4.5 - 2.2) / 0.3) ** 4))
        placket = np.exp(-(((np.abs(x) - 1.4) / 0.10) ** 2)) * (y < -20)
        color *= (1 - 0.3 * placket * (z > 0) - 0.5 * button * (z > 0))[..., None]
    labels = np.full(x.shape, Part.CLOTH, np.uint8)
    over = y - _neckline(x, subject)
    bare = (over > 0) & (z > -1.5)
    shown = step(-0.12, 0.12, over) * (z > -1.5)
    color *= (1 - 0.35 * np.exp(-(((over + 0.45) / 0.16) ** 2)) * (z > -1.5))[..., None]
    color += (np.asarray(subject.skin) * np.array([0.96, 0.93, 0.92]) - color) * shown[..., None]
    labels[bare] = Part.NECK
    return Texture(
        color.clip(0.004, 1).astype(np.float32), labels, np.where(bare, 1.2, 0.6).astype(np.float32)
    )
