"""Leaves, poles, lamps, cars, people, signs."""

import numpy as np
from numpy.typing import NDArray

from .paint_ground import SNOW
from .surface import Paint, Surface, mix
from .texture import noise, smooth, stripe

Float = NDArray[np.float32]

LAMP_LIGHT = (1.0, 0.72, 0.38)
SIGNALS = np.array([[1.0, 0.06, 0.04], [1.0, 0.62, 0.05], [0.05, 1.0, 0.35]], np.float32)


def crown(s: Surface) -> Paint:
    """Leaves: lit from above, dark gaps between them; trait: how far forward in the tree, 0..1."""
    chance = s.trait(3)
    x, y = s.u / s.width * 2 - 1, s.v / s.height * 2 - 1
    leaves = noise("leaf", s.u + 40 * chance, s.v, s.blur_u, s.blur_v, 6)
    clumps = noise("rough", s.u + 60 * chance, s.v, s.blur_u, s.blur_v, 10)
    sunny = np.float32(s.look.sun_axis[0] * 0.22)
    top = 0.62 + 0.36 * y - 0.12 * (x * x) + sunny * x + 0.1 * s.trait(4)
    tone = np.clip(top + 0.22 * clumps + 0.20 * leaves, 0.10, 1.6)
    albedo = s.color * tone
    warm = np.array([0.16, 0.10, -0.02], np.float32)[:, None] * np.clip(clumps * tone, -0.4, 1) * 0.5
    albedo = np.maximum(albedo * (1 + warm), 0).astype(np.float32)
    if s.look.snow:
        cover = smooth(-0.2, 0.9, y + 0.45 * clumps + 0.35 * leaves) * 0.9
        albedo = mix(albedo * np.float32(0.75), SNOW, cover)
    return Paint(albedo)


def trunk(s: Surface) -> Paint:
    bark = noise("leaf", s.u, s.v * 0.3, s.blur_u, s.blur_v * 0.3, 2)
    round_ = 1 - 0.45 * np.abs(s.u / s.width * 2 - 1)
    return Paint(np.asarray(s.color * (round_ * (1 + 0.2 * bark)), np.float32))


def metal(s: Surface) -> Paint:
    across = np.where(s.width < s.height, s.u / s.width, s.v / s.height)
    return Paint(np.asarray(s.color * (1.25 - 0.8 * np.abs(across - 0.35)), np.float32))


def lamp(s: Surface) -> Paint:
    shine = np.array(LAMP_LIGHT, np.float32)[:, None] * np.full_like(s.u, 2.2 * s.look.lamps)
    return Paint(s.color, shine)


def car_side(s: Surface) -> Paint:
    """Doors, wheels, sills."""
    a, v = s.u / s.width, s.v
    near = np.minimum(np.abs(s.u - 0.2 * s.width), np.abs(s.u - 0.8 * s.width))
    radius = np.hypot(near, v - 0.36)
    sheen = 0.72 + 0.45 * smooth(0.3, 0.85, v) - 0.18 * stripe(v, 0.50, 0.54, s.blur_v)
    doors = np.maximum(
        stripe(a, 0.345, 0.355, s.blur_u / s.width), stripe(a, 0.585, 0.595, s.blur_u / s.width)
    )
    albedo = np.asarray(s.color * (sheen * (1 - 0.5 * doors)), np.float32)
    albedo = mix(albedo, (0.03, 0.03, 0.032), smooth(0.32, 0.22, v))
    albedo = mix(albedo, (0.022, 0.022, 0.024), smooth(0.40, 0.36, radius))
    albedo = mix(albedo, (0.36, 0.37, 0.39), smooth(0.22, 0.18, radius))
    return Paint(albedo)


def car_end(s: Surface) -> Paint:
    """Lights, number plate, bumper, wheels below; traits: seen from the front, on its way."""
    x, v = np.abs(s.u / s.width * 2 - 1), s.v
    front, driving = s.trait(4), s.trait(5)
    sheen = 0.75 + 0.4 * smooth(0.3, 0.9, v)
    albedo = np.asarray(s.color * sheen, np.float32)
    blur = s.blur_u / s.width * 2
    bumper = stripe(v, 0.22, 0.40, s.blur_v)
    albedo = mix(albedo, (0.045, 0.046, 0.05), 0.75 * bumper)
    albedo = mix(albedo, (0.018, 0.018, 0.02), stripe(v, -1.0, 0.22, s.blur_v))
    plate = stripe(x, 0.0, 0.29, blur) * stripe(v, 0.44, 0.56, s.blur_v)
    albedo = mix(albedo, (0.75, 0.74, 0.70), plate)
    grille = stripe(x, 0.0, 0.5, blur) * stripe(v, 0.58, 0.70, s.blur_v) * front
    albedo = mix(albedo, (0.05, 0.05, 0.055), grille)
    lights = stripe(x, 0.62, 0.95, blur) * stripe(v, 0.57, 0.76, s.blur_v)
    tint = np.stack([0.45 + 0.35 * front, 0.02 + 0.78 * front, 0.02 + 0.78 * front])
    albedo = mix(albedo, tint.astype(np.float32), lights)
    power = lights * driving * np.float32(0.15 + 2.0 * s.look.lamps)
    shine = power * np.stack([1 + 0.2 * front, 0.04 + 0.96 * front, 0.03 + 0.77 * front])
    return Paint(albedo, shine.astype(np.float32))


def car_top(s: Surface) -> Paint:
    sheen = np.float32(0.95) + 0.25 * smooth(0.0, 1.0, s.v / s.height)
    cover = np.full_like(sheen, 0.9 * s.look.snow)
    return Paint(mix(np.asarray(s.color * sheen, np.float32), SNOW, cover))


def glass(s: Surface) -> Paint:
    """A car's cabin: windows between thin pillars; traits: taper left, right, is it a side."""
    a, b = s.u / s.width, s.v / s.height
    left, right = s.trait(4), s.trait(5)
    inner = np.minimum(a - b * left, 1 - a - b * right) * s.width
    pane = smooth(0.05, 0.09, inner) * stripe(b, 0.06, 0.88, s.blur_v / s.height)
    pane *= 1 - s.trait(6) * stripe(a, 0.50, 0.525, s.blur_u / s.width)
    sky = np.array(s.look.haze, np.float32)[:, None] * (0.06 + 0.20 * b)
    panes = np.array([0.035, 0.042, 0.048], np.float32)[:, None] + sky
    return Paint(mix(np.asarray(s.color * np.float32(1.05), np.float32), np.asarray(panes, np.float32), pane))


def cloth(s: Surface) -> Paint:
    """Clothes and skin; trait: 0 legs, 1 body, 2 head."""
    x, b = s.u / s.width * 2 - 1, s.v / s.height
    kind = s.trait(4)
    folds = noise("rough", s.u + 9 * s.trait(3), s.v, s.blur_u, s.blur_v, 2)
    tone = (1.08 - 0.42 * x * x) * (1 + 0.14 * folds * (kind < 1.5))
    albedo = np.asarray(s.color * tone, np.float32)
    hair = (kind > 1.5) * smooth(0.42, 0.55, b + 0.25 * np.abs(x))
    shade = np.stack([0.08 + 0.3 * s.trait(3), 0.05 + 0.16 * s.trait(3), 0.03 + 0.06 * s.trait(3)])
    albedo = mix(albedo, shade.astype(np.float32), np.asarray(hair, np.float32))
    shoes = (kind < 0.5) * smooth(0.14, 0.10, b)
    arms = (kind == 1) * stripe(np.abs(x), 0.62, 0.70, s.blur_u / s.width * 2) * (b < 0.8)
    return Paint(mix(albedo, (0.02, 0.02, 0.02), np.asarray(np.clip(shoes + 0.5 * arms, 0, 1), np.float32)))


def sign(s: Surface) -> Paint:
    """trait: 0 speed limit, 1 warning, 2 blue square, 3 yellow disc."""
    x, y = s.u / s.width * 2 - 1, s.v / s.height * 2 - 1
    kind = s.trait(4)
    radius = np.where(kind == 1, np.maximum(-y, np.abs(x) + (y + 1) / 2) * 1.12, np.hypot(x, y))
    white = smooth(0.80, 0.70, radius) * (kind < 1.5) + smooth(0.14, 0.10, np.abs(x)) * (np.abs(y) < 0.6) * (
        kind > 1.5
    )
    albedo = mix(s.color, (0.85, 0.85, 0.85), np.asarray(white, np.float32))
    glyph = (
        smooth(0.30, 0.24, np.abs(np.abs(x) - 0.25 * (kind < 0.5)) * 1.7)
        * (np.abs(y + 0.1) < 0.33)
        * (kind < 1.5)
    )
    return Paint(mix(albedo, (0.04, 0.04, 0.04), np.asarray(glyph * (radius < 0.6), np.float32)))


def signal(s: Surface) -> Paint:
    """Three lamps one above the other; trait: which one is on."""
    third = s.height / 3
    row = np.clip(np.floor(s.v / third), 0, 2)
    radius = np.hypot(s.u - 0.5 * s.width, s.v - (row + 0.5) * third)
    disc = smooth(0.16, 0.11, radius)
    which = 2 - row.astype(np.intp)
    color = np.ascontiguousarray(SIGNALS[which].T)
    on = disc * (which == s.trait(4))
    albedo = mix(s.color * np.float32(0.8), color * np.float32(0.12), disc)
    return Paint(albedo, np.asarray(color * (on * 1.6), np.float32))
