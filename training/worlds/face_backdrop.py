"""What lies behind a head, out of focus."""

import numpy as np

from .chance import draw
from .face_person import CLOTHES, Subject, Vector
from .face_shape import Array, step
from .mesh import Float
from .mesh_shade import Lighting
from .mesh_shapes import spread
from .mesh_sight import StillCamera


def backdrop(subject: Subject, lighting: Lighting, camera: StillCamera) -> Float:
    """Light at every half pixel, linear, `[2h+1 2w+1 3]`."""
    scale = 1 / camera.height
    across = (np.arange(camera.width + 1) - camera.width / 2) * scale
    up = (camera.height / 2 - np.arange(camera.height + 1)) * scale
    x, y = np.tile(across, (up.size, 1)), np.repeat(up[:, None], across.size, 1)
    c, wall = draw(subject.seed, 0, 91, 12), np.asarray(wall_color(subject))
    paint = (_wall, _window, _shelves, _lights, _garden)[subject.backdrop]
    color = paint(x, y, wall, c)
    above, key = np.asarray(lighting.above), np.asarray(lighting.key.color)
    side = np.sign(lighting.key.direction[0])
    fall = np.exp(-(((x - 0.35 * side) / 0.75) ** 2) - ((y - 0.1) / 0.7) ** 2)
    light = above * 0.95 + key * (0.10 + 0.30 * fall[..., None])
    glow = np.exp(-((x / 0.42) ** 2) - ((y + 0.05) / 0.5) ** 2) * 0.10
    shown = np.clip(color * light + glow[..., None] * key, 0.002, None)
    return np.asarray(spread(shown, 2), np.float32)


def wall_color(subject: Subject) -> Vector:
    """Of the wall behind a person, linear."""
    c = draw(subject.seed, 0, 91, 12)
    red, green, blue = (0.55 * value + 0.16 for value in CLOTHES[int(c[0] * len(CLOTHES))])
    return red, green, blue


def _wall(x: Array, y: Array, wall: Array, c: Array) -> Array:
    cloud = 0.10 * np.sin(3.1 * x + 9 * c[1] + 1.3 * y) * np.sin(2.7 * y + 9 * c[2]) + 0.05 * np.sin(
        7 * x - 5 * y + 9 * c[3]
    )
    return np.asarray(wall * (1 + cloud)[..., None])


def _window(x: Array, y: Array, wall: Array, c: Array) -> Array:
    middle, half = 0.55 * (1 if c[1] > 0.5 else -1), 0.24
    inside = step(half + 0.03, half - 0.03, np.abs(x - middle)) * step(-0.32, -0.25, y)
    bars = np.clip(np.exp(-(((x - middle) / 0.022) ** 2)) + np.exp(-(((y - 0.16) / 0.022) ** 2)), 0, 1)
    sky = np.stack([0.9 + 0 * y, 1.15 + 0.1 * y, 1.35 + 0.3 * y], -1) * 1.1
    return np.asarray(
        _wall(x, y, wall, c) * 0.8 + (sky - wall * 0.8) * (inside * (1 - 0.75 * bars))[..., None]
    )


def _shelves(x: Array, y: Array, wall: Array, c: Array) -> Array:
    color = _wall(x, y, wall * 0.7, c)
    for row, height in enumerate((-0.30, 0.02, 0.34)):
        board = np.exp(-(((y - height) / 0.018) ** 4))
        color = color + (np.array([0.16, 0.09, 0.05]) - color) * board[..., None]
        place = -1.3
        for n in range(34):
            wide, tall, tone, gap = draw(int(c[4] * 1e6), 40 * row + n, 92, 4)
            width = 0.03 + 0.06 * wide
            if gap > 0.2:
                top = height + 0.12 + 0.13 * tall
                book = step(width / 2 + 0.01, width / 2 - 0.01, np.abs(x - place - width / 2))
                book = book * step(top + 0.014, top - 0.014, y) * step(height, height + 0.02, y)
                color = (
                    color
                    + (np.asarray(CLOTHES[int(tone * len(CLOTHES))]) * 0.7 - color) * (0.9 * book)[..., None]
                )
            place += width + 0.004
    return color


def _lights(x: Array, y: Array, wall: Array, c: Array) -> Array:
    color = _wall(x, y, wall * 0.18, c)
    for n in range(26):
        px, py, size, tone, strength = draw(int(c[4] * 1e6), n, 93, 5)
        radius = 0.035 + 0.06 * size
        far = np.hypot(x - (px - 0.5) * 2.2, y - (py - 0.45) * 1.1)
        disc = step(radius * 1.06, radius * 0.94, far) * (0.75 + 0.35 * far / radius)
        warm = (
            np.array([1.5, 0.85, 0.35])
            if tone < 0.6
            else np.array([0.35, 0.75, 1.4])
            if tone < 0.85
            else np.array([1.3, 0.3, 0.6])
        )
        color = color + (disc * (0.15 + 0.8 * strength))[..., None] * warm
    return color


def _garden(x: Array, y: Array, wall: Array, c: Array) -> Array:
    share = step(-0.15, 0.35, y + 0.05 * np.sin(5 * x + 9 * c[1]))
    color = (
        np.array([0.12, 0.24, 0.06])
        + (np.array([0.75, 0.95, 1.15]) - np.array([0.12, 0.24, 0.06])) * share[..., None]
    )
    for n in range(60):
        px, py, size, tone = draw(int(c[4] * 1e6), n, 94, 4)
        radius = 0.03 + 0.09 * size
        high = -0.5 + 0.75 * py**0.7
        far = np.hypot(x - (px - 0.5) * 2.2, y - high)
        leaf = step(radius, radius * 0.8, far)
        green = np.array([0.10 + 0.35 * tone, 0.26 + 0.30 * tone, 0.05 + 0.08 * tone])
        color = color + (green - color) * (0.55 * leaf)[..., None]
    return np.asarray(color)
