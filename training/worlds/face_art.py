"""Faces as no camera sees them, painted in oil and carved in marble: what no network has learnt from photographs.

Both are functions of a picture (uint8 `[h w 3]`) and a number, the same every time. Source of the painting: Hertzmann
1998, "Painterly Rendering with Curved Brush Strokes of Multiple Sizes", with straight strokes, from large to small
brushes, along the edges of what is painted.
"""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from .face_parts import Part
from .face_person import Subject
from .face_shape import step

Art = Literal["oil", "marble"]
ARTS: tuple[Art, ...] = ("oil", "marble")

Pixels = NDArray[np.uint8]
Array = NDArray[np.float64]

_CANVAS = 512
"""Pixels of the shorter side while strokes are drawn; they are scaled down afterwards."""
_BRUSHES = (26, 14, 8, 4)
"""Widths of the strokes, from the ground to the finish, in pixels of the canvas."""
_DIFFERS = (0.0, 14.0, 20.0, 26.0)
"""How far (0..255) the painting must be from the picture for a brush to be used there."""
_STONE = (0.80, 0.78, 0.75)
"""Linear colour of the marble."""
_SHADE, _LIGHT = np.array([0.13, 0.14, 0.17]), np.array([0.97, 0.955, 0.93])
"""Of marble, sRGB 0..1."""


def in_stone(person: Subject) -> Subject:
    """The person as a sculptor leaves them: of one material, and without what isn't carved."""
    return replace(
        person, skin=_STONE, redness=0.0, hair=_STONE, iris=_STONE, glasses="none", hat="none", cloth=_STONE,
        second_cloth=_STONE, pattern=0, freckles=0.0, makeup=0.0, beard="none" if person.beard == "stubble" else
        person.beard,
    )  # fmt: skip


def marble(rgb: Pixels, parts: NDArray[np.uint8], seed: int) -> Pixels:
    """A picture of a person in stone (`in_stone`), with their parts: one tone, veins, eyes without pupils."""
    height, width = parts.shape
    light = _luma(rgb)
    eyes = np.isin(parts, (Part.L_EYE, Part.R_EYE, Part.MOUTH))
    light = np.where(_soft(eyes, 0.6) > 0.5, 0.35 * light + 0.65 * _blurred(light, height / 24), light)
    person = parts != Part.BACKGROUND
    low, high = np.quantile(light[person], (0.02, 0.98)) if person.any() else (0.0, 1.0)
    tone = np.clip((light - low) / max(high - low, 1e-3), 0, 1) ** 0.85
    tone = np.clip(0.10 + 0.90 * tone - 0.16 * _veins(height, width, seed), 0, 1)[..., None]
    stone = _SHADE + (_LIGHT - _SHADE) * tone
    y = np.linspace(0, 1, height)[:, None, None]
    wall = np.array([0.24, 0.25, 0.27]) * (1.15 - 0.45 * y) * np.ones((height, width, 1))
    share = _soft(person, height / 256)[..., None]
    return _bytes(wall + (stone - wall) * share)


def oil(rgb: Pixels, seed: int) -> Pixels:
    """The picture in brush strokes, in few and warm colours, on canvas."""
    chance = np.random.default_rng((seed, 191))
    height, width = rgb.shape[:2]
    scale = max(1, round(_CANVAS / min(height, width)))
    size = width * scale, height * scale
    model = Image.fromarray(_warmed(rgb)).resize(size, Image.Resampling.BICUBIC)
    painting = Image.new("RGB", size, (112, 84, 58))
    for brush, differs in zip(_BRUSHES, _DIFFERS, strict=True):
        _layer(painting, model, brush, differs, chance)
    woven = _bytes(np.asarray(painting) / 255 * _weave(size[1], size[0], scale)[..., None])
    return np.asarray(Image.fromarray(woven).resize((width, height), Image.Resampling.LANCZOS))


def _layer(
    painting: Image.Image, model: Image.Image, brush: int, differs: float, chance: np.random.Generator
) -> None:
    """All strokes of one brush, in an order by chance."""
    seen = np.asarray(model.filter(ImageFilter.GaussianBlur(brush / 2.5))).astype(np.float64)
    lumen = _luma(seen)
    smooth = _blurred(lumen, brush / 2)
    across, down = (np.asarray(np.gradient(smooth, axis=axis)) for axis in (1, 0))
    wrong = np.abs(seen - np.asarray(painting)).mean(2)
    rows, columns = (np.arange(brush / 2, side, brush * 0.7) for side in seen.shape[:2])
    places = np.stack(np.meshgrid(columns, rows), -1).reshape(-1, 2)
    places = places + chance.uniform(-0.35, 0.35, places.shape) * brush
    places = places[chance.permutation(len(places))]
    shades = chance.normal(0, 5.5, (len(places), 1)) + chance.normal(0, 2.5, (len(places), 3))
    pen = ImageDraw.Draw(painting)
    for (x, y), shade, turn in zip(places, shades, chance.normal(0, 0.22, len(places)), strict=True):
        column, row = (int(np.clip(v, 0, n - 1)) for v, n in zip((x, y), seen.shape[1::-1], strict=True))
        if wrong[row, column] < differs:
            continue
        slope = np.arctan2(down[row, column], across[row, column]) + np.pi / 2 + turn
        reach = brush * (0.9 + 1.1 * chance.random())
        end = np.array([np.cos(slope), np.sin(slope)]) * reach
        colors = np.clip(_mixed(seen[row, column]) + shade, 0, 255)
        _stroke(pen, (x, y), end, brush, colors)


def _stroke(pen: ImageDraw.ImageDraw, at: tuple[float, float], end: Array, brush: int, color: Array) -> None:
    """One touch of the brush: its body, then bristles, lighter on one flank and darker on the other."""
    x, y = at
    side = np.array([-end[1], end[0]]) / max(float(np.hypot(*end)), 1e-6)
    flanks = ((0.0, 0.0, brush), (0.28, 9.0, brush * 0.35), (-0.30, -9.0, brush * 0.35))
    for offset, lighter, breadth in flanks:
        dx, dy = side * offset * brush
        fill = tuple(int(v) for v in np.clip(color + lighter, 0, 255))
        line = (x - end[0] / 2 + dx, y - end[1] / 2 + dy, x + end[0] / 2 + dx, y + end[1] / 2 + dy)
        pen.line(line, fill=fill, width=max(1, round(breadth)))
        radius = breadth / 2
        for cx, cy in (line[:2], line[2:]):
            pen.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=fill)


def _mixed(color: Array) -> Array:
    """A colour of the palette: few steps of lightness and of hue."""
    light = color.mean()
    steps = np.round(light / 17) * 17
    return np.asarray(steps + np.round((color - light) / 11) * 11 * 1.12)


def _warmed(rgb: Pixels) -> Pixels:
    """Under varnish: more contrast, lights towards yellow, shadows towards brown."""
    values = rgb / 255
    values = values + 0.22 * (values * values * (3 - 2 * values) - values)
    return _bytes(values * np.array([1.04, 0.985, 0.86]) + np.array([0.025, 0.012, 0.0]))


def _weave(height: int, width: int, scale: int) -> Array:
    """How much light the canvas gives back, about 1."""
    x, y = np.arange(width) / scale, np.arange(height)[:, None] / scale
    return np.asarray(1 + 0.025 * np.sin(2 * np.pi * x / 1.5) * np.sin(2 * np.pi * y / 1.5))


def _veins(height: int, width: int, seed: int) -> Array:
    """Dark lines in the stone, 0..1: where noise crosses zero."""
    chance = np.random.default_rng((seed, 192))

    def clouds(cells: int) -> Array:
        """Smooth noise with so many bumps across."""
        bumps = Image.fromarray(chance.normal(0, 1, (cells, cells)).astype(np.float32))
        return np.asarray(bumps.resize((width, height), Image.Resampling.BICUBIC), np.float64)

    bent = clouds(5) + 0.6 * clouds(11) + 0.25 * clouds(23)
    return np.asarray(step(0.16, 0.0, np.abs(bent)) * np.clip(0.35 + 0.6 * clouds(4), 0, 1))


def _luma(rgb: NDArray[np.generic]) -> Array:
    """Rec. 601, of sRGB values."""
    return np.asarray(np.asarray(rgb, np.float64) @ np.array([0.299, 0.587, 0.114]))


def _blurred(values: Array, sigma: float) -> Array:
    """Gaussian, the border repeated."""
    radius = max(1, round(3 * sigma))
    weights = np.exp(-((np.arange(-radius, radius + 1) / sigma) ** 2) / 2)
    weights /= weights.sum()
    for axis in (0, 1):
        padded = np.pad(values, [(radius, radius) if axis == a else (0, 0) for a in (0, 1)], mode="edge")
        values = np.apply_along_axis(np.convolve, axis, padded, weights, "valid")
    return values


def _soft(mask: NDArray[np.bool_], sigma: float) -> Array:
    return _blurred(mask.astype(np.float64), sigma)


def _bytes(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(np.round(values * 255), 0, 255), np.uint8)
