"""A dancer's body as surfaces at rest, each point with its bones' weights."""

import numpy as np

from .face_shape import curve, step
from .puppet_bones import Array, Bone, Sizes, sizes_of
from .puppet_clothes import paint_arm, paint_leg, paint_shoe, paint_skirt, paint_torso
from .puppet_flesh import CLOTH, SHOE, SKIN, Flesh, around, flesh, oval
from .puppet_head import hair, head, neck
from .puppet_parts import BodyPart
from .puppet_person import Dancer


def dancer_flesh(dancer: Dancer) -> list[Flesh]:
    """All of the dancer."""
    sizes = sizes_of(dancer)
    out = [_torso(dancer, sizes), neck(dancer, sizes), head(dancer, sizes)]
    for n, side in enumerate((1, -1)):
        out += [_arm(dancer, sizes, n, side), _hand(dancer, sizes, n, side), _leg(dancer, sizes, n, side)]
        out.append(_shoe(dancer, sizes, n, side))
    if dancer.bottom in ("skirt", "dress"):
        out.append(_skirt(dancer, sizes))
    if dancer.hair_style != "shaved":
        out += hair(dancer, sizes)
    return out


def _charts(limb: str, side: str) -> tuple[BodyPart, BodyPart, BodyPart, BodyPart]:
    """Upper behind and in front, lower behind and in front."""
    whose = {"L": "LEFT", "R": "RIGHT"}[side]
    upper, lower = f"{whose}_UPPER_{limb}", f"{whose}_LOWER_{limb}"
    names = (f"{upper}_BACK", f"{upper}_FRONT", f"{lower}_BACK", f"{lower}_FRONT")
    a, b, c, d = (BodyPart[name] for name in names)
    return a, b, c, d


def _torso(dancer: Dancer, sizes: Sizes) -> Flesh:
    rows, columns = 24, 37
    v = np.linspace(0, 1, rows)[:, None]
    top, low = sizes.neck + 2.5, sizes.hip - 8
    y = top + (low - top) * v
    angle = around(columns)
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
    x, z = oval(angle, wide * (0.35 + 0.65 * stout), deep * stout, 0.88)
    bust = (1 - m) * 3.0 * np.exp(-(((np.abs(x) - 6.8) / 4.2) ** 2) - ((v - 0.33) / 0.085) ** 2) * (z > 0)
    z = z + bust + 1.8 * np.exp(-(((v - 0.88) / 0.1) ** 2)) * np.where(z < 0, -1.0, 0.0)
    upper = step(sizes.waist - 8, sizes.waist + 12, y)
    points = np.stack([x, y + 0 * x, z], -1)
    return flesh(
        "torso", points, {Bone.CHEST: upper, Bone.PELVIS: 1 - upper}, paint_torso(dancer, points), CLOTH
    )


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
    angle = around(columns)
    up, front = oval(angle, size, size)
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
    return flesh(f"arm {'LR'[n]}", points, weights, texture, CLOTH if dancer.sleeves > 0.9 else SKIN)


def _hand(dancer: Dancer, sizes: Sizes, n: int, side: int) -> Flesh:
    rows, columns = 10, 15
    t = np.linspace(0, 1, rows)[:, None]
    x = sizes.wrist_x - 1 + (sizes.finger_x - sizes.wrist_x + 1) * t
    wide = curve(t, (0.0, 0.25, 0.5, 0.8, 1.0), (2.5, 4.0, 4.4, 3.2, 0.5))
    thick = curve(t, (0.0, 0.3, 0.7, 1.0), (2.2, 1.9, 1.3, 0.3))
    up, front = oval(around(columns), thick, wide)
    thumb = 1.6 * np.exp(-(((t - 0.35) / 0.16) ** 2)) * (front > 0.6 * wide)
    points = np.stack([side * x + 0 * up, sizes.shoulder + up, front + thumb], -1)
    points = points if side < 0 else points[:, ::-1]
    part = (BodyPart.LEFT_HAND, BodyPart.RIGHT_HAND)[n]
    texture = paint_arm(dancer, points, 0.0, 2.0, (part, part, part, part))
    weight = step(0.0, 0.12, t)
    bones: dict[Bone, Array | float] = {Bone(Bone.HAND_L + n): weight, Bone(Bone.FOREARM_L + n): 1 - weight}
    return flesh(f"hand {'LR'[n]}", points, bones, texture, SKIN)


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
    x, z = oval(around(columns), size, size * 1.02)
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
    return flesh(f"leg {'LR'[n]}", points, weights, paint_leg(dancer, points, knee, names), CLOTH)


def _shoe(dancer: Dancer, sizes: Sizes, n: int, side: int) -> Flesh:
    rows, columns = 14, 19
    t = np.linspace(0, 1, rows)[:, None]
    z = -7.5 + 26.5 * (1 - np.cos(np.pi * t)) / 2
    high = curve(t, (0.0, 0.12, 0.35, 0.55, 0.85, 1.0), (0.4, 4.6, 5.4, 3.9, 2.7, 0.4))
    wide = curve(t, (0.0, 0.12, 0.4, 0.75, 0.95, 1.0), (0.4, 3.4, 3.7, 4.7, 3.4, 0.4))
    across, up = oval(around(columns), wide, high, 0.8)
    y = np.maximum(high * 0.9 + up, 0.0)
    points = np.stack([side * sizes.hip_x * 0.95 + across, y, z + 0 * across], -1)[:, ::-1]
    part = (BodyPart.LEFT_FOOT, BodyPart.RIGHT_FOOT)[n]
    foot: dict[Bone, Array | float] = {Bone(Bone.FOOT_L + n): 1.0}
    return flesh(f"shoe {'LR'[n]}", points, foot, paint_shoe(dancer, points, part), SHOE)


def _skirt(dancer: Dancer, sizes: Sizes) -> Flesh:
    rows, columns = 20, 49
    t = np.linspace(0, 1, rows)[:, None]
    top = sizes.waist + 1
    low = sizes.knee + (18 if dancer.seed % 3 else -14)
    y = top + (low - top) * t
    angle = around(columns)
    folds = 1 + 0.09 * t * np.cos(11 * angle + dancer.seed) + 0.04 * t * np.cos(19 * angle)
    wide = (14.5 + 14.0 * t**0.65) * (1 + 0.1 * dancer.build) * folds
    x, z = oval(angle, wide, wide * 0.82)
    legs = 0.84 * np.minimum(1, 1.7 * t)
    hang = 0.15 * t
    left = step(-13.0, 13.0, x) * legs
    right = legs - left
    points = np.stack([x, y + 0 * x, z], -1)
    weights: dict[Bone, Array | float] = {
        Bone.SWING: hang, Bone.THIGH_L: left, Bone.THIGH_R: right, Bone.PELVIS: 1 - hang - left - right,
    }  # fmt: skip
    return flesh("skirt", points, weights, paint_skirt(dancer, points), CLOTH)
