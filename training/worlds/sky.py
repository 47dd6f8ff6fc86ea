"""Sky and air: gradient, sun, clouds, haze."""

import numpy as np
from numpy.typing import NDArray

from .looks import Look
from .texture import noise, smooth

Float = NDArray[np.float32]


def paint_sky(rays: Float, pixel: float, look: Look) -> Float:
    """Colour of the sky along unit-ish rays `[3 n]` (world axes); `pixel` is the angle of a pixel. `[3 n]`, linear."""
    ray = rays / np.sqrt((rays * rays).sum(0))
    height = np.maximum(ray[1], 0)
    zenith, horizon = (np.array(c, np.float32)[:, None] for c in (look.zenith, look.horizon))
    color = horizon + (zenith - horizon) * (1 - np.exp(-height * 3.2))
    glow = _sun_glow(ray, look)
    color += glow
    far = 1 / (height + 0.09)
    blur = (far * far * np.float32(pixel)).astype(np.float32)
    u, v = ray[0] * far, ray[2] * far
    shape = noise("cloud", u, v, blur, blur, 11) + 0.38 * noise("rough", u, v, blur, blur, 5)
    edge = 1.15 - 2.1 * look.cloud_cover
    cover = smooth(edge - 0.3, edge + 0.75, shape) * smooth(0.0, 0.10, height)
    lit = np.array(look.cloud, np.float32)[:, None] * (1.0 - 0.28 * smooth(edge + 0.5, edge + 2.0, shape))
    lit = lit + 0.6 * glow
    return np.asarray(color + (lit - color) * (0.85 * cover), np.float32)


def _sun_glow(ray: Float, look: Look) -> Float:
    """Light around the sun, `[3 n]`."""
    towards = np.maximum(look.sun_axis.astype(np.float32) @ ray, 0)
    square = towards * towards
    wide = square * square * square  # the 6th power; numpy's own takes ten times as long
    narrow = np.square(np.square(wide)) * wide
    strength = 0.45 * wide + 1.3 * np.square(narrow)
    return np.asarray(np.array(look.glow, np.float32)[:, None] * strength, np.float32)


def add_haze(color: Float, rays: Float, depth: Float, look: Look) -> Float:
    """Let distant things fade into the air. color `[3 n]`, rays `[3 n]` with depth 1, depth `[n]` metres."""
    amount = 1 - np.exp(depth * np.float32(-1 / look.haze_distance))
    amount *= amount * np.float32(0.35) + np.float32(0.65)
    air = np.array(look.haze, np.float32)[:, None]
    if max(look.glow) > 0.3:
        air = air + 0.35 * _sun_glow(rays / np.sqrt(np.einsum("cn,cn->n", rays, rays)), look)
    mixed = air - color
    mixed *= amount
    mixed += color
    return np.asarray(mixed, np.float32)
