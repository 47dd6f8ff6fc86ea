"""The dancer's body as surfaces at rest, each point with its bones' weights, and the parts of a body."""

from dataclasses import dataclass

import numpy as np

from .face_shape import curve, step
from .mesh import Material, Piece, Texture, grid_places, grid_triangles
from .mesh_shapes import ring_weld
from .puppet_bones import Array, Bone, Sizes, sizes_of
from .puppet_clothes import paint_arm, paint_head, paint_leg, paint_shoe, paint_skirt, paint_torso
from .puppet_parts import BodyPart
from .puppet_person import Dancer

SKIN = Material(shine=0.10, exponent=12, wrap=(0.4, 0.2, 0.14), rim=0.5)
CLOTH = Material(shine=0.04, exponent=8, wrap=(0.14, 0.14, 0.14), rim=0.4)
SHOE = Material(shine=0.25, exponent=20, rim=0.3)
HAIR = Material(shine=0.12, exponent=18, wrap=(0.25, 0.22, 0.2), rim=0.8)


@dataclass(frozen=True, eq=False)
class Flesh:
    """One surface at rest."""

    piece: Piece
    points: Array
    """`[n 3]`."""
    weights: Array
    """Of the bones, `[n 17]`; rows sum to 1."""


def _flesh(
    name: str, points: Array, weights: dict[Bone, Array | float], texture: Texture, material: Material
) -> Flesh:
    """points `[rows columns 3]`: rows go down and columns right, seen from outside; the last column is the first."""
    rows, columns = points.shape[:2]
    table = np.zeros((rows, columns, len(Bone)))
    for bone, weight in weights.items():
        table[..., bone] += np.broadcast_to(weight, (rows, columns))
    piece = Piece(
        name,
        grid_triangles(rows, columns),
        grid_places(rows, columns),
        texture,
        material,
        ring_weld(rows, columns),
    )
    return Flesh(piece, points.reshape(-1, 3), table.reshape(-1, len(Bone)))


def _charts(limb: str, side: str) -> tuple[BodyPart, BodyPart, BodyPart, BodyPart]:
    """Upper behind and in front, lower behind and in front."""
    whose = {"L": "LEFT", "R": "RIGHT"}[side]
    upper, lower = f"{whose}_UPPER_{limb}", f"{whose}_LOWER_{limb}"
    names = (f"{upper}_BACK", f"{upper}_FRONT", f"{lower}_BACK", f"{lower}_FRONT")
    a, b, c, d = (BodyPart[name] for name in names)
    return a, b, c, d


def _angle(columns: int) -> Array:
    return np.linspace(-np.pi, np.pi, columns)[None]


def _oval(angle: Array, wide: Array, deep: Array, power: float = 1.0) -> tuple[Array, Array]:
    s, c = np.sin(angle), np.cos(angle)
    return wide * np.sign(s) * np.abs(s) ** power, deep * np.sign(c) * np.abs(c) ** power


def dancer_flesh(dancer: Dancer) -> list[Flesh]:
    """All of the dancer."""
    sizes = sizes_of(dancer)
    out = [_torso(dancer, sizes), _neck(dancer, sizes), _head(dancer, sizes)]
    for n, side in enumerate((1, -1)):
        out += [_arm(dancer, sizes, n, side), _hand(dancer, sizes, n, side), _leg(dancer, sizes, n, side)]
        out.append(_shoe(dancer, sizes, n, side))
    if dancer.bottom in ("skirt", "dress"):
        out.append(_skirt(dancer, sizes))
    if dancer.hair_style != "shaved":
        out += _hair(dancer, sizes)
    return out


def _torso(dancer: Dancer, sizes: Sizes) -> Flesh:
    rows, columns = 24, 37
    v = np.linspace(0, 1, rows)[:, None]
    top, low = sizes.neck + 2.5, sizes.hip - 8
    y = top + (low - top) * v
    angle = _angle(columns)
    m, stout = dancer.masculine, 1 + 0.14 * dancer.build
    knots = (0.0, 0.05, 0.11, 0.18, 0.32, 0.48, 0.62, 0.80, 0.90, 1.0)
    broad = sizes.shoulder_x / 18
    wide = curve(
        v,
        knots,
        (
            5.2,
            6.6,
            11.5 * broad,
            14.6 * broad,
            15.0 * broad,
            14.0 - 1.2 * (1 - m),
            13.2 - 1.6 * (1 - m),
            16.4 + 0.8 * (1 - m),
            16.6,
            9.0,
        ),
    )
    deep = curve(v, knots, (5.0, 5.6, 7.0, 8.6, 10.4, 9.6, 9.0, 10.4, 10.2, 6.5))
    x, z = _oval(angle, wide * (0.35 + 0.65 * stout), deep * stout, 0.88)
    bust = (1 - m) * 3.0 * np.exp(-(((np.abs(x) - 6.8) / 4.2) ** 2) - ((v - 0.33) / 0.085) ** 2) * (z > 0)
    z = z + bust + 1.8 * np.exp(-(((v - 0.88) / 0.1) ** 2)) * np.where(z < 0, -1.0, 0.0)
    upper = step(sizes.waist - 8, sizes.waist + 12, y)
    points = np.stack([x, y + 0 * x, z], -1)
    return _flesh(
        "torso", points, {Bone.CHEST: upper, Bone.PELVIS: 1 - upper}, paint_torso(dancer, points), CLOTH
    )


def _neck(dancer: Dancer, sizes: Sizes) -> Flesh:
    rows, columns = 7, 21
    y = np.linspace(sizes.skull + 6, sizes.neck - 3, rows)[:, None]
    size = (4.6 + 1.2 * dancer.masculine) * curve(
        np.linspace(0, 1, rows)[:, None], (0.0, 0.6, 1.0), (1.0, 1.02, 1.3)
    )
    x, z = _oval(_angle(columns), size, size)
    upper = step(sizes.neck - 1, sizes.skull + 2, y)
    points = np.stack([x, y + 0 * x, z - 0.5], -1)
    texture = paint_head(dancer, points, plain=True)
    return _flesh("neck", points, {Bone.HEAD: upper, Bone.CHEST: 1 - upper}, texture, SKIN)


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


def _head(dancer: Dancer, sizes: Sizes) -> Flesh:
    rows, columns = 23, 37
    y = (11.6 - 23.4 * (1 - np.cos(np.linspace(0, np.pi, rows))) / 2)[:, None]
    angle = _angle(columns)
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
    return _flesh("head", points, {Bone.HEAD: 1.0}, paint_head(dancer, local, plain=False), SKIN)


def _arm(dancer: Dancer, sizes: Sizes, n: int, side: int) -> Flesh:
    rows, columns = 26, 21
    t = np.linspace(0, 1, rows)[:, None]
    start, end = sizes.shoulder_x - 6, sizes.wrist_x + 1
    x = start + (end - start) * t
    stout = 1 + 0.16 * dancer.build + 0.10 * (dancer.masculine - 0.5)
    size = (
        curve(t, (0.0, 0.08, 0.2, 0.42, 0.52, 0.62, 0.85, 1.0), (2.2, 4.3, 4.9, 4.3, 3.9, 4.2, 3.2, 2.7))
        * stout
    )
    covered = dancer.sleeves * (end - start) + start - 1
    sleeve = step(covered + 0.4, covered - 0.2, x)
    loose = 1.0 + 0.6 * (0.3 < dancer.sleeves < 0.6) * step(start + 8, covered, x)
    size = size + sleeve * 0.8 * loose * step(0.0, 0.12, t)
    angle = _angle(columns)
    up, front = _oval(angle, size, size)
    points = np.stack([side * x + 0 * up, sizes.shoulder + 0 * x - side * up * side * 0 + up, front], -1)
    # seen from outside with rows away from the body, columns go round so that the dancer's front is in the middle
    points = points if side < 0 else points[:, ::-1]
    fore = step(sizes.elbow_x - 4.5, sizes.elbow_x + 4.5, x)
    body = step(sizes.shoulder_x + 4.0, sizes.shoulder_x - 6.0, x)
    weights: dict[Bone, Array | float] = {
        Bone.CHEST: body * 0.9,
        Bone(Bone.UPPER_ARM_L + n): 1 - fore - body * 0.9,
        Bone(Bone.FOREARM_L + n): fore,
    }
    names = _charts("ARM", "LR"[n])
    elbow = float((sizes.elbow_x - start) / (end - start))
    texture = paint_arm(dancer, points, dancer.sleeves, elbow, names)
    return _flesh(f"arm {'LR'[n]}", points, weights, texture, CLOTH if dancer.sleeves > 0.9 else SKIN)


def _hand(dancer: Dancer, sizes: Sizes, n: int, side: int) -> Flesh:
    rows, columns = 10, 15
    t = np.linspace(0, 1, rows)[:, None]
    x = sizes.wrist_x - 1 + (sizes.finger_x - sizes.wrist_x + 1) * t
    wide = curve(t, (0.0, 0.25, 0.5, 0.8, 1.0), (2.5, 4.0, 4.4, 3.2, 0.5))
    thick = curve(t, (0.0, 0.3, 0.7, 1.0), (2.2, 1.9, 1.3, 0.3))
    up, front = _oval(_angle(columns), thick, wide)
    thumb = 1.6 * np.exp(-(((t - 0.35) / 0.16) ** 2)) * (front > 0.6 * wide)
    points = np.stack([side * x + 0 * up, sizes.shoulder + up, front + thumb], -1)
    points = points if side < 0 else points[:, ::-1]
    part = (BodyPart.LEFT_HAND, BodyPart.RIGHT_HAND)[n]
    texture = paint_arm(dancer, points, 0.0, 2.0, (part, part, part, part))
    weight = step(0.0, 0.12, t)
    bones: dict[Bone, Array | float] = {Bone(Bone.HAND_L + n): weight, Bone(Bone.FOREARM_L + n): 1 - weight}
    return _flesh(f"hand {'LR'[n]}", points, bones, texture, SKIN)


def _leg(dancer: Dancer, sizes: Sizes, n: int, side: int) -> Flesh:
    rows, columns = 28, 23
    t = np.linspace(0, 1, rows)[:, None]
    top, low = sizes.hip + 4, sizes.ankle - 2
    y = top + (low - top) * t
    stout = 1 + 0.16 * dancer.build
    bare = curve(t, (0.0, 0.1, 0.3, 0.48, 0.62, 0.85, 1.0), (6.0, 8.2, 7.7, 5.7, 5.8, 3.9, 3.6)) * stout
    loose = {
        "trousers": curve(t, (0.0, 0.3, 0.5, 1.0), (0.1, 0.7, 0.9, 1.7)),
        "wide": curve(t, (0.0, 0.3, 0.5, 1.0), (0.1, 1.4, 3.2, 6.2)),
        "shorts": curve(t, (0.0, 0.3, 0.42, 1.0), (0.1, 1.4, 2.3, 2.3)) * step(0.425, 0.41, t),
        "skirt": 0 * t,
        "dress": 0 * t,
    }[dancer.bottom]
    size = bare + loose
    x, z = _oval(_angle(columns), size, size * 1.02)
    shift = -1.2 * np.exp(-(((t - 0.72) / 0.14) ** 2)) + 0.8 * np.exp(-(((t - 0.25) / 0.2) ** 2))
    points = np.stack([side * sizes.hip_x * (1 - 0.05 * t) + x, y + 0 * x, z + shift], -1)
    shin = step(sizes.knee + 6, sizes.knee - 6, y)
    body = 0.75 * step(sizes.hip - 7, sizes.hip + 3, y)
    weights: dict[Bone, Array | float] = {
        Bone.PELVIS: body,
        Bone(Bone.THIGH_L + n): 1 - shin - body,
        Bone(Bone.SHIN_L + n): shin,
    }
    names = _charts("LEG", "LR"[n])
    knee = float((top - sizes.knee) / (top - low))
    return _flesh(f"leg {'LR'[n]}", points, weights, paint_leg(dancer, points, knee, names), CLOTH)


def _shoe(dancer: Dancer, sizes: Sizes, n: int, side: int) -> Flesh:
    rows, columns = 14, 19
    t = np.linspace(0, 1, rows)[:, None]
    z = -7.5 + 26.5 * (1 - np.cos(np.pi * t)) / 2
    high = curve(t, (0.0, 0.12, 0.35, 0.55, 0.85, 1.0), (0.4, 4.6, 5.4, 3.9, 2.7, 0.4))
    wide = curve(t, (0.0, 0.12, 0.4, 0.75, 0.95, 1.0), (0.4, 3.4, 3.7, 4.7, 3.4, 0.4))
    across, up = _oval(_angle(columns), wide, high, 0.8)
    y = np.maximum(high * 0.9 + up, 0.0)
    points = np.stack([side * sizes.hip_x * 0.95 + across, y, z + 0 * across], -1)[:, ::-1]
    part = (BodyPart.LEFT_FOOT, BodyPart.RIGHT_FOOT)[n]
    foot: dict[Bone, Array | float] = {Bone(Bone.FOOT_L + n): 1.0}
    return _flesh(f"shoe {'LR'[n]}", points, foot, paint_shoe(dancer, points, part), SHOE)


def _skirt(dancer: Dancer, sizes: Sizes) -> Flesh:
    rows, columns = 20, 49
    t = np.linspace(0, 1, rows)[:, None]
    top = sizes.waist + 1
    low = sizes.knee + (18 if dancer.seed % 3 else -14)
    y = top + (low - top) * t
    angle = _angle(columns)
    folds = 1 + 0.09 * t * np.cos(11 * angle + dancer.seed) + 0.04 * t * np.cos(19 * angle)
    wide = (14.5 + 14.0 * t**0.65) * (1 + 0.1 * dancer.build) * folds
    x, z = _oval(angle, wide, wide * 0.82)
    legs = 0.84 * np.minimum(1, 1.7 * t)
    hang = 0.15 * t
    left = step(-13.0, 13.0, x) * legs
    right = legs - left
    points = np.stack([x, y + 0 * x, z], -1)
    weights: dict[Bone, Array | float] = {
        Bone.SWING: hang, Bone.THIGH_L: left, Bone.THIGH_R: right, Bone.PELVIS: 1 - hang - left - right,
    }  # fmt: skip
    return _flesh("skirt", points, weights, paint_skirt(dancer, points), CLOTH)


def _hair(dancer: Dancer, sizes: Sizes) -> list[Flesh]:
    outer, inner, columns = 14, 5, 41
    rows = outer + inner
    angle = _angle(columns)
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
    pieces = [_flesh("hair", local * scale + lift, bones, texture, HAIR)]
    if dancer.hair_style == "bun":
        v, a = np.linspace(0, np.pi, 9)[:, None], _angle(17)
        knot = np.stack(
            [3.6 * np.sin(v) * np.sin(a), 10.5 + 3.4 * np.cos(v) + 0 * a, -4.5 + 3.6 * np.sin(v) * np.cos(a)],
            -1,
        )
        pieces.append(_flesh("bun", knot * scale + lift, {Bone.HEAD: 1.0}, texture, HAIR))
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
