"""Fronts with windows, doors and shops; side walls; roofs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .chance import speckle
from .looks import Look
from .paint_ground import SNOW
from .surface import Paint, Surface, mix
from .texture import fraction, noise, pulse, smooth, stripe

Float = NDArray[np.float32]

STOREY = 3.1
PANE = (0.055, 0.075, 0.095)
AWNINGS = np.array(
    [[0.42, 0.05, 0.05], [0.04, 0.18, 0.12], [0.05, 0.10, 0.30], [0.45, 0.30, 0.06]], np.float32
)


class _Front(NamedTuple):
    """Samples of fronts, `[n]`."""

    u: Float
    v: Float
    blur_u: Float
    blur_v: Float
    chance: Float
    bay: Float
    """Width of a bay, metres."""
    bays: Float
    ground: Float
    """Height of the ground floor, metres."""

    def at(self, where: NDArray[np.intp]) -> "_Front":
        return _Front(*(values[where] for values in self))


def facade(s: Surface) -> Paint:
    """traits: bays, floors, height of the ground floor, height, width, side."""
    bays, ground = s.trait(4), s.trait(6)
    front = _Front(s.u, s.v, s.blur_u, s.blur_v, s.trait(3), s.width / bays, bays, ground)
    albedo = _plaster(s, front.chance, ground)
    shine = np.zeros_like(albedo)
    above = s.v - ground
    upper = smooth(-0.05, 0.05, above / STOREY) * smooth(0.0, -0.1, above - STOREY * s.trait(5))
    at = np.flatnonzero(upper)
    albedo[:, at], shine[:, at] = _upper_floors(front.at(at), upper[at], albedo[:, at], s.look)
    at = np.flatnonzero(above < -0.5)
    albedo[:, at], shine[:, at] = _ground_floor(front.at(at), albedo[:, at], s.look)
    return Paint(albedo, shine)


def _upper_floors(s: _Front, upper: Float, albedo: Float, look: Look) -> tuple[Float, Float]:
    """Windows, on `albedo`; and the light behind them."""
    a, blur_a = s.u / s.bay, s.blur_u / s.bay
    b, blur_b = (s.v - s.ground) / STOREY, s.blur_v / STOREY
    frame = _holes(a, b, blur_a, blur_b, 0.20, 0.80, 0.17, 0.87) * upper
    pane = _holes(a, b, blur_a, blur_b, 0.235, 0.765, 0.20, 0.84) * upper
    column, row = np.floor(a), np.floor(b)
    bars = stripe(a - column, 0.485, 0.515, blur_a)
    pane *= 1 - 0.8 * bars
    albedo = mix(albedo, (0.62, 0.61, 0.58), frame * 0.85)
    sill = _holes(a, b, blur_a, blur_b, 0.17, 0.83, 0.125, 0.17) * upper
    albedo = mix(albedo, (0.55, 0.53, 0.50), sill * 0.6)
    albedo *= 1 - 0.35 * _holes(a, b, blur_a, blur_b, 0.19, 0.81, 0.84, 0.90) * upper
    dice = speckle(column, row, s.chance)
    albedo = mix(albedo, _glass(dice, b - row, look), pane)
    return albedo, _light_behind(dice, pane, look) * (0.6 + 0.5 * (b - row))


def _holes(
    a: Float, b: Float, blur_a: Float, blur_b: Float, left: float, right: float, low: float, high: float
) -> Float:
    """A rectangle in every cell of a grid with unit cells."""
    return pulse(a - left, right - left, blur_a) * pulse(b - low, high - low, blur_b)


def _plaster(s: Surface, chance: Float, ground: Float) -> Float:
    """The wall itself: plaster or bricks, stains, storey bands, a cornice."""
    rough = noise("rough", s.u + chance * 97, s.v, s.blur_u, s.blur_v, 8)
    bricks = np.flatnonzero(np.floor(chance * 7) % 3 == 0)
    tone = 1 + 0.09 * rough
    tone[bricks] += (
        _mortar(s.u[bricks], s.v[bricks], s.blur_u[bricks], s.blur_v[bricks]) + 0.05 * rough[bricks]
    )
    tone *= 0.82 + 0.18 * smooth(0.0, 2.5, s.v)
    albedo = s.color * tone
    band = stripe(s.v - ground, -0.35, -0.05, s.blur_v) + stripe(s.v - s.trait(7), -0.55, 0.0, s.blur_v)
    under = stripe(s.v - ground, -0.55, -0.35, s.blur_v) + stripe(s.v - s.trait(7), -0.85, -0.55, s.blur_v)
    albedo = mix(np.asarray(albedo, np.float32), (0.66, 0.63, 0.57), 0.6 * band)
    return np.asarray(albedo * (1 - 0.35 * under), np.float32)


def _mortar(u: Float, v: Float, blur_u: Float, blur_v: Float) -> Float:
    """How much brighter or darker than plaster a wall of bricks is."""
    course = v / 0.16
    joints = (1 - pulse(course, 0.18, blur_v / 0.16)) * (
        1 - 0.5 * pulse(u / 0.5 + np.floor(course) * 0.5, 0.07, blur_u / 0.5)
    )
    return np.asarray(0.30 * (1 - joints) - 0.12, np.float32)


def _glass(dice: Float, height: Float, look: Look) -> Float:
    """Panes mirror the sky, more so higher up; some have curtains."""
    sky = np.array(look.horizon, np.float32)[:, None] * 0.18
    level = 0.35 + 0.65 * smooth(0.2, 0.9, height)
    glass = np.array(PANE, np.float32)[:, None] + sky * level
    curtain = (fraction(dice * 17) < 0.35) * smooth(0.35, 0.5, height)
    return mix(np.asarray(glass, np.float32), (0.40, 0.38, 0.34), np.asarray(0.55 * curtain, np.float32))


def _light_behind(dice: Float, pane: Float, look: Look) -> Float:
    """Warm light in some of the windows, `[3 n]`."""
    lit = (dice < look.lit_windows).astype(np.float32)
    warmth = fraction(dice * 31)
    strength = pane * lit * (0.45 + 0.55 * fraction(dice * 57))
    return np.stack([strength * 1.0, strength * (0.55 + 0.22 * warmth), strength * (0.18 + 0.38 * warmth)])


def _ground_floor(s: _Front, albedo: Float, look: Look) -> tuple[Float, Float]:
    """Doors, and in every other house a shop with an awning, on `albedo`; and their light."""
    a, blur_a, v, blur_v, chance = s.u / s.bay, s.blur_u / s.bay, s.v, s.blur_v, s.chance
    shop = fraction(chance * 13) < 0.55
    column = np.floor(a)
    entrance = column == np.floor(fraction(chance * 5) * s.bays)
    place = a - column
    door = stripe(place, 0.3, 0.7, blur_a) * stripe(v, 0.05, 2.5, blur_v) * entrance
    house = stripe(place, 0.24, 0.76, blur_a) * stripe(v, 1.0, 2.6, blur_v) * ~(shop | entrance)
    window = stripe(place, 0.06, 0.94, blur_a) * stripe(v, 0.55, 2.65, blur_v) * (shop & ~entrance)
    awning = stripe(v, 2.65, 3.05, blur_v) * shop
    albedo = mix(albedo, (0.10, 0.12, 0.14), house + window)
    albedo = mix(albedo, np.stack([0.16 + 0.2 * chance, 0.09 + 0.08 * chance, 0.06 + 0 * chance]), door)
    cloth = np.ascontiguousarray(AWNINGS[(fraction(chance * 29) * len(AWNINGS)).astype(np.intp)].T)
    folds = 0.75 + 0.5 * pulse(s.u / 0.5, 0.5, s.blur_u / 0.5) * (fraction(chance * 3) > 0.4)
    albedo = mix(albedo, cloth * folds, awning)
    dice = speckle(column, np.floor((v - s.ground) / STOREY), chance)
    lit = house * (dice < look.lit_windows) * np.float32(0.5)
    lit += _goods(s, window) * np.float32(0.9 * max(1.15 * look.lamps, 0.12))
    return albedo, np.stack([lit, lit * 0.80, lit * 0.52])


def _goods(s: _Front, window: Float) -> Float:
    """How brightly the shelves in a shop window shine."""
    at = np.flatnonzero(window)
    glow = np.zeros_like(window)
    a, b = s.u[at] / 0.42, s.v[at] / 0.62
    blur = s.blur_u[at] / 0.42
    thing = pulse(a, 0.78, blur) * pulse(b - 0.1, 0.7, s.blur_v[at] / 0.62)
    dice = speckle(np.floor(a), np.floor(b), s.chance[at])
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
    return Paint(mix(albedo, PANE, hole), _light_behind(dice, hole, s.look))


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
    return Paint(albedo, _light_behind(dice, pane, s.look))
