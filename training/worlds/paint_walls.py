"""Fronts with windows, doors and shops; side walls; roofs."""

import numpy as np
from numpy.typing import NDArray

from .chance import speckle
from .paint_ground import SNOW
from .surface import Paint, Surface, mix
from .texture import fraction, noise, pulse, smooth, stripe

Float = NDArray[np.float32]

STOREY = 3.1
PANE = (0.055, 0.075, 0.095)
AWNINGS = np.array(
    [[0.42, 0.05, 0.05], [0.04, 0.18, 0.12], [0.05, 0.10, 0.30], [0.45, 0.30, 0.06]], np.float32
)


def facade(s: Surface) -> Paint:
    """traits: bays, floors, height of the ground floor, height, width, side."""
    chance, bays, ground = s.trait(3), s.trait(4), s.trait(6)
    bay = s.width / bays
    a, blur_a = s.u / bay, s.blur_u / bay
    b, blur_b = (s.v - ground) / STOREY, s.blur_v / STOREY
    upper = smooth(-0.05, 0.05, b) * smooth(0.0, -0.1, (s.v - ground) - STOREY * s.trait(5))
    albedo = _plaster(s, chance, ground)
    frame = _holes(a, b, blur_a, blur_b, 0.20, 0.80, 0.17, 0.87) * upper
    pane = _holes(a, b, blur_a, blur_b, 0.235, 0.765, 0.20, 0.84) * upper
    bars = stripe(a - np.floor(a), 0.485, 0.515, blur_a)
    pane *= 1 - 0.8 * bars
    albedo = mix(albedo, (0.62, 0.61, 0.58), frame * 0.85)
    sill = _holes(a, b, blur_a, blur_b, 0.17, 0.83, 0.125, 0.17) * upper
    albedo = mix(albedo, (0.55, 0.53, 0.50), sill * 0.6)
    albedo *= 1 - 0.35 * _holes(a, b, blur_a, blur_b, 0.19, 0.81, 0.84, 0.90) * upper
    column, row = np.floor(a), np.floor(b)
    dice = speckle(column, row, chance)
    glass = _glass(s, dice, b - row)
    albedo = mix(albedo, glass, pane)
    shine = _light_behind(s, dice, pane) * (0.6 + 0.5 * (b - row))
    return _ground_floor(s, albedo, shine, a, blur_a, dice)


def _holes(
    a: Float, b: Float, blur_a: Float, blur_b: Float, left: float, right: float, low: float, high: float
) -> Float:
    """A rectangle in every cell of a grid with unit cells."""
    return pulse(a - left, right - left, blur_a) * pulse(b - low, high - low, blur_b)


def _plaster(s: Surface, chance: Float, ground: Float) -> Float:
    """The wall itself: plaster or bricks, stains, storey bands, a cornice."""
    rough = noise("rough", s.u + chance * 97, s.v, s.blur_u, s.blur_v, 8)
    bricks = np.isin(np.floor(chance * 7), (0, 3, 6)).astype(np.float32)
    mortar = 1 - (1 - pulse(s.v / 0.16, 0.18, s.blur_v / 0.16)) * (
        1 - 0.5 * pulse(s.u / 0.5 + np.floor(s.v / 0.16) * 0.5, 0.07, s.blur_u / 0.5)
    )
    tone = 1 + 0.09 * rough + bricks * (0.30 * mortar - 0.12 + 0.05 * rough)
    tone *= 0.82 + 0.18 * smooth(0.0, 2.5, s.v)
    albedo = s.color * tone
    band = stripe(s.v - ground, -0.35, -0.05, s.blur_v) + stripe(s.v - s.trait(7), -0.55, 0.0, s.blur_v)
    under = stripe(s.v - ground, -0.55, -0.35, s.blur_v) + stripe(s.v - s.trait(7), -0.85, -0.55, s.blur_v)
    albedo = mix(np.asarray(albedo, np.float32), (0.66, 0.63, 0.57), 0.6 * band)
    return np.asarray(albedo * (1 - 0.35 * under), np.float32)


def _glass(s: Surface, dice: Float, height: Float) -> Float:
    """Panes mirror the sky, more so higher up; some have curtains."""
    sky = np.array(s.look.horizon, np.float32)[:, None] * 0.18
    level = 0.35 + 0.65 * smooth(0.2, 0.9, height)
    glass = np.array(PANE, np.float32)[:, None] + sky * level
    curtain = (fraction(dice * 17) < 0.35) * smooth(0.35, 0.5, height)
    return mix(np.asarray(glass, np.float32), (0.40, 0.38, 0.34), np.asarray(0.55 * curtain, np.float32))


def _light_behind(s: Surface, dice: Float, pane: Float) -> Float:
    """Warm light in some of the windows, `[3 n]`."""
    lit = (dice < s.look.lit_windows).astype(np.float32)
    warmth = fraction(dice * 31)
    strength = pane * lit * (0.45 + 0.55 * fraction(dice * 57))
    return np.stack([strength * 1.0, strength * (0.55 + 0.22 * warmth), strength * (0.18 + 0.38 * warmth)])


def _ground_floor(s: Surface, albedo: Float, shine: Float, a: Float, blur_a: Float, dice: Float) -> Paint:
    """Doors, and in every other house a shop with an awning."""
    chance, ground = s.trait(3), s.trait(6)
    inside = s.v < ground - 0.5
    shop = (fraction(chance * 13) < 0.55) & inside
    column = np.floor(a)
    entrance = column == np.floor(fraction(chance * 5) * s.trait(4))
    door = stripe(a - column, 0.3, 0.7, blur_a) * stripe(s.v, 0.05, 2.5, s.blur_v) * (entrance & inside)
    house = (
        stripe(a - column, 0.24, 0.76, blur_a)
        * stripe(s.v, 1.0, 2.6, s.blur_v)
        * (inside & ~shop & ~entrance)
    )
    window = stripe(a - column, 0.06, 0.94, blur_a) * stripe(s.v, 0.55, 2.65, s.blur_v) * (shop & ~entrance)
    awning = stripe(s.v, 2.65, 3.05, s.blur_v) * shop
    panes = house + window
    albedo = mix(albedo, (0.10, 0.12, 0.14), panes)
    albedo = mix(albedo, np.stack([0.16 + 0.2 * chance, 0.09 + 0.08 * chance, 0.06 + 0 * chance]), door)
    cloth = np.ascontiguousarray(AWNINGS[(fraction(chance * 29) * len(AWNINGS)).astype(np.intp)].T)
    folds = 0.75 + 0.5 * pulse(s.u / 0.5, 0.5, s.blur_u / 0.5) * (fraction(chance * 3) > 0.4)
    albedo = mix(albedo, cloth * folds, awning)
    glow = _goods(s, window) * np.float32(0.9 * max(1.15 * s.look.lamps, 0.12))
    lit = house * (dice < s.look.lit_windows) * np.float32(0.5) + glow
    return Paint(albedo, np.asarray(shine + np.stack([lit, lit * 0.80, lit * 0.52]), np.float32))


def _goods(s: Surface, window: Float) -> Float:
    """How brightly the shelves in a shop window shine."""
    at = np.flatnonzero(window)
    glow = np.zeros_like(window)
    a, b = s.u[at] / 0.42, s.v[at] / 0.62
    blur = s.blur_u[at] / 0.42
    thing = pulse(a, 0.78, blur) * pulse(b - 0.1, 0.7, s.blur_v[at] / 0.62)
    dice = speckle(np.floor(a), np.floor(b), s.trait(3)[at])
    dice += (0.5 - dice) * smooth(0.6, 1.6, blur)
    glow[at] = (0.34 + thing * (0.75 * dice - 0.12)) * window[at]
    return glow


def wall(s: Surface) -> Paint:
    """A side wall: plaster, stains, a few small windows."""
    chance = s.trait(3)
    albedo = _plaster(s, chance, s.trait(6)) * np.float32(0.92)
    a, b = s.u / 3.4, (s.v - s.trait(6)) / STOREY
    some = (speckle(np.floor(a), np.floor(b), chance) < 0.4) & (b > 0) & (b < s.trait(5))
    hole = _holes(a, b, s.blur_u / 3.4, s.blur_v / STOREY, 0.35, 0.65, 0.3, 0.75) * some
    dice = speckle(np.floor(a), np.floor(b), chance * 0.5)
    return Paint(mix(albedo, PANE, hole), _light_behind(s, dice, hole))


def roof(s: Surface) -> Paint:
    """Rows of tiles with dormers; traits: dormers, slope height, width."""
    rough = noise("rough", s.u, s.v, s.blur_u, s.blur_v, 8)
    rows = pulse(s.v / 0.32, 0.25, s.blur_v / 0.32)
    columns = pulse(s.u / 0.28, 0.2, s.blur_u / 0.28)
    albedo = np.asarray(
        s.color * ((1 + 0.16 * rough) * (1.06 - 0.35 * rows) * (1.03 - 0.15 * columns)), np.float32
    )
    bay = s.width / np.maximum(np.round(s.trait(4)), 1)
    a, blur = s.u / bay, s.blur_u / bay
    dormers = (s.trait(4) >= 1).astype(np.float32)
    cheek = pulse(a - 0.33, 0.34, blur) * stripe(s.v, 0.45, 2.1, s.blur_v) * dormers
    pane = pulse(a - 0.38, 0.24, blur) * stripe(s.v, 0.65, 1.85, s.blur_v) * dormers
    if s.look.snow:
        albedo = mix(albedo, SNOW, np.asarray(np.clip(0.9 + 0.1 * rough, 0, 1) * s.look.snow, np.float32))
    albedo = mix(mix(albedo, (0.60, 0.58, 0.54), cheek), PANE, pane)
    dice = speckle(np.floor(a), np.zeros_like(a), s.trait(3))
    return Paint(albedo, _light_behind(s, dice, pane))
