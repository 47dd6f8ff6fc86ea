"""What is painted on a dancer: clothes with patterns and folds, skin, a face; and the parts of the body."""

import numpy as np
from numpy.typing import NDArray

from .face_shape import Array, curve, step
from .mesh import Texture
from .mesh_shapes import spread
from .puppet_parts import BodyPart
from .puppet_person import Dancer

FINE = 5
"""Texels from one point of a surface to the next."""


def _texture(color: Array, labels: NDArray[np.integer], gloss: Array | float = 0.6) -> Texture:
    shown = np.clip(color, 0.004, 1).astype(np.float32)
    return Texture(
        shown, np.broadcast_to(labels, shown.shape[:2]).astype(np.uint8),
        np.broadcast_to(np.asarray(gloss, np.float32), shown.shape[:2]).copy(),
    )  # fmt: skip


def pattern(dancer: Dancer, x: Array, y: Array) -> Array:
    """The shirt's colour at places in centimetres, `[... 3]`."""
    base, second = np.asarray(dancer.cloth), np.asarray(dancer.second_cloth)
    if dancer.top == "stripes":
        share = step(0.24, 0.30, np.abs((y / 7.5) % 1 - 0.5))
    elif dancer.top == "checks":
        share = 0.45 * (
            step(0.22, 0.28, np.abs((y / 8) % 1 - 0.5)) + step(0.22, 0.28, np.abs((x / 8) % 1 - 0.5))
        )
    elif dancer.top == "halves":
        share = step(-0.6, 0.6, x * (1 if dancer.seed % 2 else -1))
    else:
        share = 0 * x
    return np.asarray(base + (second - base) * share[..., None])


def _folds(x: Array, y: Array, seed: int) -> Array:
    return 1 + 0.05 * np.sin(0.55 * x + 0.32 * y + seed) * np.sin(0.21 * y - 0.4 * x + 2 * seed)


def paint_torso(dancer: Dancer, points: Array) -> Texture:
    x, y, z = np.moveaxis(spread(points, FINE), -1, 0)
    top, low = float(y.max()), float(y.min())
    color = pattern(dancer, x, y)
    if dancer.top == "print":
        middle = top - 0.36 * (top - low)
        far = np.hypot(x, y - middle)
        mark = (
            step(7.2, 6.6, far)
            if dancer.seed % 2
            else step(0.6, 0.0, np.abs(np.abs(x) + np.abs(y - middle) - 6) - 1.5)
        )
        color = color + (np.asarray(dancer.second_cloth) - color) * (mark * (z > 0))[..., None]
    waist = top - 0.66 * (top - low)
    trousers = np.asarray(
        dancer.cloth
        if dancer.bottom == "dress"
        else dancer.second_cloth
        if dancer.bottom == "skirt"
        else dancer.trousers
    )
    below = step(0.4, -0.4, y - waist)
    color = color + (trousers - color) * below[..., None]
    belt = np.exp(-(((y - waist) / 0.9) ** 4)) * (dancer.bottom != "dress")
    color = color * (1 - 0.6 * belt[..., None])
    color = color * _folds(x, y, dancer.seed)[..., None]
    deep = 9.0 if dancer.masculine < 0.5 else 5.0
    neckline = top - 1.8 - deep * np.exp(-((x / 6.5) ** 2)) * (z > 0)
    if dancer.sleeves == 0:
        neckline = neckline - 1.5
    bare = step(-0.3, 0.3, y - neckline)
    color = color + (np.asarray(dancer.skin) * 0.96 - color) * bare[..., None]
    return _texture(color, np.where(z > 0, BodyPart.TORSO_FRONT, BodyPart.TORSO_BACK))


def paint_arm(
    dancer: Dancer,
    points: Array,
    sleeves: float,
    elbow: float,
    parts: tuple[BodyPart, BodyPart, BodyPart, BodyPart],
) -> Texture:
    """parts: upper behind and in front, lower behind and in front; elbow: its place along the arm, 0..1."""
    x, y, z = np.moveaxis(spread(points, FINE), -1, 0)
    t = np.linspace(0, 1, x.shape[0])[:, None] + 0 * x
    cloth = pattern(dancer, x * 0.6, x) if dancer.top == "stripes" else pattern(dancer, x, y)
    cloth = cloth * _folds(x, y, dancer.seed)[..., None]
    cuff = np.exp(-(((t - sleeves + 0.02) / 0.012) ** 2)) * (sleeves > 0)
    cloth = cloth * (1 - 0.3 * cuff[..., None])
    skin = np.asarray(dancer.skin) * (1 - 0.04 * np.cos(9 * t))[..., None]
    color = skin + (cloth - skin) * (step(sleeves + 0.004, sleeves - 0.004, t) * (sleeves > 0))[..., None]
    lower, front = t > elbow, z > 0
    labels = np.where(lower, np.where(front, parts[3], parts[2]), np.where(front, parts[1], parts[0]))
    return _texture(color, labels)


def paint_leg(
    dancer: Dancer, points: Array, knee: float, parts: tuple[BodyPart, BodyPart, BodyPart, BodyPart]
) -> Texture:
    """parts: as for `paint_arm`; knee: its place along the leg, 0..1."""
    x, y, z = np.moveaxis(spread(points, FINE), -1, 0)
    t = np.linspace(0, 1, x.shape[0])[:, None] + 0 * x
    middle = float((x.min() + x.max()) / 2)
    cloth = (
        np.asarray(dancer.trousers)
        * (_folds(x, y * 0.6, dancer.seed) * (1 + 0.08 * np.exp(-(((t - 0.35) / 0.2) ** 2))))[..., None]
    )
    if dancer.seed % 4 == 0:
        outer = (x - middle) * np.sign(middle)
        stripe = step(4.2, 4.6, outer) * step(2.2, 1.6, np.abs(z))
        cloth = cloth + (np.asarray(dancer.second_cloth) - cloth) * stripe[..., None]
    skin = np.asarray(dancer.skin) * (1 - 0.06 * np.exp(-(((t - knee) / 0.04) ** 2)))[..., None]
    reach = {"trousers": 1.1, "wide": 1.1, "shorts": 0.42, "skirt": -0.1, "dress": -0.1}[dancer.bottom]
    color = skin + (cloth - skin) * step(reach + 0.004, reach - 0.004, t)[..., None]
    lower, front = t > knee, z > 0
    labels = np.where(lower, np.where(front, parts[3], parts[2]), np.where(front, parts[1], parts[0]))
    return _texture(color, labels)


def paint_shoe(dancer: Dancer, points: Array, part: BodyPart) -> Texture:
    _, y, z = np.moveaxis(spread(points, FINE), -1, 0)
    sole = step(1.8, 1.4, y)
    lace = (
        np.exp(-((((z / 2.2) % 1 - 0.5) / 0.16) ** 2))
        * step(2.0, 4.0, z)
        * step(12.0, 10.0, z)
        * step(4.2, 5.2, y)
    )
    color = (
        np.asarray(dancer.shoes)
        + (np.array([0.75, 0.74, 0.70]) - np.asarray(dancer.shoes))
        * np.clip(sole + 0.7 * lace, 0, 1)[..., None]
    )
    return _texture(color, np.full(y.shape, part), 0.35)


def paint_skirt(dancer: Dancer, points: Array) -> Texture:
    x, y, z = np.moveaxis(spread(points, FINE), -1, 0)
    t = np.linspace(0, 1, x.shape[0])[:, None] + 0 * x
    base = np.asarray(dancer.cloth if dancer.bottom == "dress" else dancer.second_cloth)
    color = base * (0.92 + 0.08 * np.cos(11 * np.arctan2(x, z) + dancer.seed))[..., None]
    hem = step(0.90, 0.92, t) * step(0.985, 0.965, t) * (dancer.seed % 2)
    color = (
        color
        + (np.asarray(dancer.second_cloth if dancer.bottom == "dress" else dancer.cloth) - color)
        * hem[..., None]
    )
    if dancer.bottom == "dress" and dancer.top in ("stripes", "checks"):
        color = pattern(dancer, x, y)
    left = np.where(z > 0, BodyPart.LEFT_UPPER_LEG_FRONT, BodyPart.LEFT_UPPER_LEG_BACK)
    right = np.where(z > 0, BodyPart.RIGHT_UPPER_LEG_FRONT, BodyPart.RIGHT_UPPER_LEG_BACK)
    hips = np.where(z > 0, BodyPart.TORSO_FRONT, BodyPart.TORSO_BACK)
    return _texture(color, np.where(t < 0.3, hips, np.where(x > 0, left, right)))


def paint_head(dancer: Dancer, points: Array, *, plain: bool) -> Texture:
    """points: of the average head in `face_shape`'s axes; plain: skin only (for the neck)."""
    x, y, z = np.moveaxis(spread(points, FINE), -1, 0)
    skin = np.asarray(dancer.skin)
    color = np.broadcast_to(skin, (*x.shape, 3)) * (0.93 if plain else 1.0)
    labels = np.where(x < 0, BodyPart.HEAD_RIGHT, BodyPart.HEAD_LEFT)
    if plain:
        return _texture(color, labels)
    front, away = z > 2, np.abs(x)

    def spot(at: tuple[float, float], size: tuple[float, float]) -> Array:
        return np.asarray(np.exp(-(((away - at[0]) / size[0]) ** 2) - ((y - at[1]) / size[1]) ** 2) * front)

    def lay(over: Array, amount: Array) -> None:
        nonlocal color
        color = color + (over - color) * np.clip(amount, 0, 1)[..., None]

    lay(skin * np.array([1.06, 0.72, 0.70]), 0.7 * spot((3.9, -3.2), (1.7, 1.4)))
    oval = ((away - 3.1) / 1.45) ** 2 + ((y + 0.1) / 0.62) ** 2
    lay(skin * 0.55, 0.5 * step(2.4, 1.0, oval) * front)
    lay(np.array([0.62, 0.60, 0.58]), step(1.15, 0.9, oval) * front)
    iris = np.hypot(away - 3.1, y + 0.05)
    lay(np.array([0.05, 0.03, 0.02]), step(0.68, 0.52, iris) * step(1.15, 0.9, oval) * front)
    lid = step(0.35, 0.0, np.abs(y - 0.52 + 0.20 * (away - 3.1) ** 2)) * step(1.7, 1.4, np.abs(away - 3.1))
    lay(np.array([0.02, 0.014, 0.012]), (0.9 - 0.4 * dancer.masculine) * lid * front)
    brow = step(0.42, 0.18, np.abs(y - 1.95 + 0.09 * (away - 3.0) ** 2)) * step(2.1, 1.7, np.abs(away - 3.1))
    lay(np.asarray(dancer.hair) * 0.5, 0.85 * brow * front)
    lay(skin * np.array([0.35, 0.22, 0.2]), 0.8 * spot((0.75, -4.9), (0.4, 0.25)))
    edge = curve(np.clip(away, 0, 2.6), (0.0, 1.3, 2.6), (1.0, 0.75, 0.0)) * 0.8
    lips = step(0.15, -0.15, np.abs(y + 7.0) - edge) * (away < 2.6)
    lay(
        skin * np.array([0.80, 0.38, 0.38]) + np.array([0.06, 0, 0]) * (1 - dancer.masculine),
        0.85 * lips * front,
    )
    lay(skin * 0.15, 0.7 * np.exp(-(((y + 7.0) / 0.16) ** 2)) * (away < 2.4) * front)
    if dancer.hair_style == "shaved":
        scalp = step(5.6, 6.6, y - 3 * (z < 0)) + step(1.0, -1.0, z) * step(-6.0, -4.0, y)
        lay(np.asarray(dancer.hair) * 0.7, 0.75 * np.clip(scalp, 0, 1))
    return _texture(color, labels)
