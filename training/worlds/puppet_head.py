"""A dancer's head, neck and hair."""

import numpy as np

from .face_shape import curve, step
from .mesh import Texture
from .puppet_bones import Array, Bone, Sizes
from .puppet_clothes import paint_head
from .puppet_flesh import HAIR, SKIN, Flesh, around, flesh, oval
from .puppet_parts import BodyPart
from .puppet_person import Dancer


def head_surface(sizes: Sizes, turn: Array, x_of: Array, y: Array) -> Array:
    """Points of the face at places (x, y) of the average head in `face_shape`, centimetres from the eyes' line."""
    scale = head_scale(sizes)
    wide = head_width(y)
    inside = np.sqrt(np.clip(1 - (x_of / (wide + 1e-6)) ** 2, 0, 1))
    z = head_depth(y) * inside**0.8
    eyes = sizes.crown - 11.8 * scale
    return np.stack([x_of * scale + 0 * turn, eyes + y * scale, z * scale], -1)


def head_scale(sizes: Sizes) -> float:
    return (sizes.crown - sizes.skull) / 22.5 * 1.02


def head_width(y: Array) -> Array:
    return curve(
        np.clip(y, -11.8, 11.6),
        (11.6, 10.5, 8, 4, 0, -3, -6, -9, -11, -11.8),
        (0.4, 3.6, 6.2, 7.4, 7.1, 6.7, 5.8, 4.3, 2.4, 0.4),
    )


def head_depth(y: Array) -> Array:
    return curve(
        np.clip(y, -11.8, 11.6),
        (11.6, 10.5, 8, 4, 0, -3, -6, -9, -11, -11.8),
        (0.4, 4.6, 7.6, 9.2, 9.0, 9.1, 9.0, 8.6, 7.2, 3.4),
    )


def neck(dancer: Dancer, sizes: Sizes) -> Flesh:
    rows, columns = 7, 21
    y = np.linspace(sizes.skull + 6, sizes.neck - 3, rows)[:, None]
    size = (4.6 + 1.2 * dancer.masculine) * curve(
        np.linspace(0, 1, rows)[:, None], (0.0, 0.6, 1.0), (1.0, 1.02, 1.3)
    )
    x, z = oval(around(columns), size, size)
    upper = step(sizes.neck - 1, sizes.skull + 2, y)
    points = np.stack([x, y + 0 * x, z - 0.5], -1)
    texture = paint_head(dancer, points, plain=True)
    return flesh("neck", points, {Bone.HEAD: upper, Bone.CHEST: 1 - upper}, texture, SKIN)


def head(dancer: Dancer, sizes: Sizes) -> Flesh:
    rows, columns = 23, 37
    y = (11.6 - 23.4 * (1 - np.cos(np.linspace(0, np.pi, rows))) / 2)[:, None]
    angle = around(columns)
    wide, front = head_width(y), head_depth(y)
    back = curve(
        np.clip(y, -11.8, 11.6),
        (11.6, 10.5, 8, 4, 0, -4, -8, -11.8),
        (0.4, 4.6, 7.8, 9.6, 9.4, 7.6, 3.4, 0.4),
    )
    s, c = np.sin(angle), np.cos(angle)
    x = wide * s
    z = np.where(c > 0, front * np.abs(c) ** 0.8, -back * np.abs(c) ** 0.95)
    nose = (
        2.3
        * np.exp(-((x / 1.15) ** 2))
        * curve(np.clip(y, -6, 1), (1, 0, -2, -4, -5, -6), (0.0, 0.15, 0.5, 1.0, 0.55, 0.0))
    )
    socket = -0.7 * np.exp(-(((np.abs(x) - 3.1) / 1.5) ** 2) - ((y - 0.1) / 1.2) ** 2)
    z = z + (nose + socket) * (c > 0)
    scale = head_scale(sizes)
    local = np.stack([x, y + 0 * x, z], -1)
    points = local * scale + np.array([0, sizes.crown - 11.8 * scale, 0])
    return flesh("head", points, {Bone.HEAD: 1.0}, paint_head(dancer, local, plain=False), SKIN)


def hair(dancer: Dancer, sizes: Sizes) -> list[Flesh]:
    outer, inner, columns = 14, 5, 41
    rows = outer + inner
    angle = around(columns)
    ends = {
        "short": (6.6, 6.4, 1.5, -1.0, -5.5, -6.5), "bob": (6.8, 6.0, -7.5, -8.5, -9.0, -9.0),
        "long": (6.8, 6.2, -12.0, -20.0, -24.0, -25.0), "bun": (6.8, 6.4, 2.0, -0.5, -6.0, -7.0),
        "afro": (5.6, 5.0, 1.0, -3.0, -6.5, -6.5),
    }[dancer.hair_style]  # fmt: skip
    low = curve(np.abs(angle), (0.0, 0.6, 1.15, 1.6, 2.3, np.pi), ends)
    down = np.concatenate([np.linspace(0, 1, outer), np.linspace(1, 0.4, inner)])[:, None]
    inside = np.concatenate([np.zeros(outer), np.linspace(0.8, 1, inner)])[:, None]
    bend = np.where(low > 4, np.arccos(np.clip((low - 4) / 7.6, -1, 1)), np.pi / 2 + (4 - low) / 7.6) * down
    y = np.where(bend < np.pi / 2, 4 + 7.6 * np.cos(bend), 4 - (bend - np.pi / 2) * 7.6)
    base = np.clip(y, -3.5, 11.6)
    deep = np.where(
        np.cos(angle) > 0,
        head_depth(base),
        head_depth(base) * 0.2 + 7.8 * np.sqrt(np.clip(1 - ((base - 2) / 9.7) ** 2, 0, 1)),
    )
    x, z = head_width(base) * np.sin(angle), deep * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.85
    out = np.stack([x, np.maximum(y - 2, 0), z + 0.5], -1)
    out /= np.linalg.norm(out, axis=-1, keepdims=True) + 1e-9
    thick = {"short": 1.1, "bob": 1.5, "long": 1.5, "bun": 0.8, "afro": 4.6}[dancer.hair_style]
    clumps = (
        1 + 0.14 * np.cos(13 * angle + 3 * down + dancer.seed) + 0.10 * np.cos(29 * angle + 2 * dancer.seed)
    )
    if dancer.hair_style == "afro":
        clumps = 1 + 0.10 * np.cos(9 * angle + 5 * np.sin(8 * down)) * np.cos(17 * down + 2 * angle)
    free = dancer.hair_style in ("bob", "long")
    shape = thick * clumps * (1 - (0.3 if free else 0.8) * down**4) * (1 - inside) + 0.15 * inside
    local = np.stack([x, y + 0 * x, z], -1) + out * shape[..., None]
    trail = 0.85 * step(-3.0, -16.0, y)
    scale = head_scale(sizes)
    lift = np.array([0, sizes.crown - 11.8 * scale, 0])
    texture = _paint_hair(dancer, rows, columns, outer / rows)
    bones: dict[Bone, Array | float] = {Bone.HEAD: 1 - trail, Bone.TRAIL: trail}
    pieces = [flesh("hair", local * scale + lift, bones, texture, HAIR)]
    if dancer.hair_style == "bun":
        v, a = np.linspace(0, np.pi, 9)[:, None], around(17)
        knot = np.stack(
            [3.6 * np.sin(v) * np.sin(a), 10.5 + 3.4 * np.cos(v) + 0 * a, -4.5 + 3.6 * np.sin(v) * np.cos(a)],
            -1,
        )
        pieces.append(flesh("bun", knot * scale + lift, {Bone.HEAD: 1.0}, texture, HAIR))
    return pieces


def _paint_hair(dancer: Dancer, rows: int, columns: int, root: float) -> Texture:
    high, wide = 24, 240
    chance = np.random.default_rng((dancer.seed, 161))
    strands = chance.normal(size=(1, wide)) * 0.16 + 0.10 * np.cos(np.linspace(0, 90, wide))[None]
    v = np.linspace(0, 1, high)[:, None]
    light = np.clip(
        (0.9 + strands) * (0.75 + 0.3 * step(0, 0.4, v)) * (1 - 0.5 * step(root, root + 0.1, v)), 0.2, 1.6
    )
    color = np.asarray(dancer.hair) * light[..., None]
    half = np.where(np.linspace(-1, 1, wide)[None] + 0 * v < 0, BodyPart.HEAD_RIGHT, BodyPart.HEAD_LEFT)
    return Texture(
        color.astype(np.float32),
        half.astype(np.uint8),
        np.clip(0.5 + strands + 0 * v, 0, 1).astype(np.float32),
    )
