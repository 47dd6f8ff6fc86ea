"""Road, pavement, kerb and grass."""

import numpy as np
from numpy.typing import NDArray

from .camera import LANE
from .surface import Paint, Surface, mix
from .texture import noise, pulse, smooth, stripe

Float = NDArray[np.float32]

SNOW = (0.86, 0.88, 0.93)
CHALK = (0.72, 0.71, 0.68)


def road(s: Surface) -> Paint:
    """Asphalt with worn tracks, patches and markings; traits: has a side street, where that begins."""
    x, z = s.u - 90, s.v
    rough = noise("rough", x, z, s.blur_u, s.blur_v, 8)
    broad = noise("cloud", x, z, s.blur_u, s.blur_v, 64)
    wear = np.abs(np.abs(np.abs(x) - LANE) - 0.75)
    tracks = np.exp(-((wear / 0.32) ** 2)).astype(np.float32)
    tone = 0.165 * (1 + 0.13 * rough + 0.08 * broad - 0.13 * tracks * (np.abs(x) < 3.6))
    albedo = np.stack([tone, tone * 1.01, tone * 1.04]).astype(np.float32)
    chalk = _markings(s) * (0.86 + 0.14 * np.clip(0.6 * rough + 0.5, 0, 1))
    albedo = mix(albedo, CHALK, chalk)
    if s.look.snow:
        cover = np.clip(0.55 + 0.25 * broad + 0.22 * rough - 0.75 * tracks * (np.abs(x) < 3.6), 0.05, 0.95)
        cover = np.where(np.abs(x) < 3.7, cover, np.clip(cover + 0.35, 0, 0.97))
        albedo = mix(albedo, SNOW, cover.astype(np.float32))
    return Paint(albedo)


def _markings(s: Surface) -> Float:
    """How much of each sample is paint, 0..1."""
    x, z = s.u - 90, s.v
    crossing, end = s.trait(4), s.trait(5)
    open_road = 1 - crossing * smooth(-6.2, -5.8, z - end)
    dashes = stripe(x, -0.07, 0.07, s.blur_u) * pulse(z / 8, 0.5, s.blur_v / 8)
    bays = stripe(np.abs(x), 3.52, 3.64, s.blur_u) * pulse(z / 2, 0.5, s.blur_v / 2)
    paint = (dashes + bays) * open_road
    at = np.flatnonzero(crossing)
    x, z, blur_u, blur_v = x[at], (z - end)[at], s.blur_u[at], s.blur_v[at]
    zebra = pulse(x / 1.1 + 0.25, 0.5, blur_u / 1.1) * stripe(z, -4.6, -1.4, blur_v)
    zebra += stripe(x, 0.2, 3.4, blur_u) * stripe(z, -6.2, -5.7, blur_v)
    paint[at] += zebra * stripe(x, -5.2, 5.2, blur_u)
    return np.asarray(np.clip(paint, 0, 1), np.float32)


def pavement(s: Surface) -> Paint:
    """Slabs with joints, a darker strip of cobbles towards the kerb; traits: side of the street,
    width of the grass between it and the kerb."""
    rough = noise("rough", s.u, s.v, s.blur_u, s.blur_v, 8)
    inner = np.where(s.trait(4) > 0, s.u, s.width - s.u)
    joint = np.maximum(pulse(s.u / 0.6, 0.06, s.blur_u / 0.6), pulse(s.v / 0.9, 0.05, s.blur_v / 0.9))
    strip = smooth(1.62, 1.55, inner + s.trait(5))
    tone = 0.34 * (1 + 0.12 * rough) * (1 - 0.35 * joint) * (1 - 0.28 * strip)
    albedo = np.stack([tone * 1.04, tone, tone * 0.93]).astype(np.float32)
    if s.look.snow:
        cover = np.clip(0.86 + 0.12 * rough - 0.25 * (np.abs(inner + s.trait(5) - 2.6) < 0.6), 0, 1)
        albedo = mix(albedo, SNOW, cover.astype(np.float32))
    return Paint(albedo)


def kerb(s: Surface) -> Paint:
    rough = noise("rough", s.u, s.v, s.blur_u, s.blur_v, 4)
    joint = pulse(s.u / 1.0, 0.04, s.blur_u)
    tone = 0.45 * (1 + 0.12 * rough) * (1 - 0.4 * joint) * (0.75 + 0.25 * s.v / s.height)
    albedo = np.stack([tone, tone * 0.99, tone * 0.96]).astype(np.float32)
    return Paint(mix(albedo, SNOW, np.full_like(tone, 0.55 * s.look.snow)))


def grass(s: Surface) -> Paint:
    rough = noise("rough", s.u, s.v, s.blur_u, s.blur_v, 8)
    blades = noise("leaf", s.u, s.v, s.blur_u, s.blur_v, 4)
    albedo = s.color * (0.8 + 0.18 * rough + 0.16 * blades)
    return Paint(mix(albedo.astype(np.float32), SNOW, np.full_like(rough, 0.93 * s.look.snow)))
