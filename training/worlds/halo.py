"""Soft glow around lamps, headlights, tail lights and traffic lights."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .looks import Look
from .sight import Sight

Float = NDArray[np.float32]


class Glow(NamedTuple):
    """One kind of light."""

    color: tuple[float, float, float]
    radius: float
    """Metres."""
    strength: float


_LAMP = Glow((1.0, 0.70, 0.36), 0.55, 0.75)
_SPARKS = (
    Glow((1.0, 0.10, 0.08), 0.16, 0.6),
    Glow((1.0, 0.62, 0.12), 0.16, 0.6),
    Glow((0.12, 1.0, 0.45), 0.16, 0.6),
    Glow((1.0, 0.90, 0.70), 0.34, 0.6),
    Glow((1.0, 0.08, 0.06), 0.16, 0.6),
)
"""By kind, as in `layout.Block.sparks`."""


def add_halos(picture: Float, sight: Sight, look: Look) -> None:
    """Brighten `picture`, `[3 h w]` display values 0..1, in place."""
    if not look.lamps:
        return
    lamps, sparks = sight.scene.lamps, sight.scene.sparks
    kinds = [_LAMP] * len(lamps) + [_SPARKS[int(k)] for k in sparks[:, 3]]
    places = np.concatenate([lamps, sparks[:, :3]]) - (sight.pose.x, sight.pose.y, sight.pose.z)
    x, y, depth = sight.lens.matrix @ sight.pose.axes.T @ places.T
    h, w = sight.winner.shape
    for n in np.flatnonzero((depth > 1.5) & (depth < 140)).tolist():
        spot = (float(x[n] / depth[n]), float(y[n] / depth[n]), float(depth[n]))
        size = sight.lens.focal * (kinds[n].radius / spot[2] + 0.004)
        if -4 * size < spot[0] < w + 4 * size and -4 * size < spot[1] < h + 4 * size:
            strength = kinds[n].strength * look.lamps * _seen(sight, spot)
            if strength:
                _add(picture, spot, size, [strength * c for c in kinds[n].color])


def _add(picture: Float, spot: tuple[float, float, float], size: float, color: list[float]) -> None:
    """One glow of about `size` pixels around the spot."""
    h, w = picture.shape[1:]
    x, y, _ = spot
    reach = int(4 * size) + 1
    left, right = max(int(x) - reach, 0), min(int(x) + reach + 1, w)
    top, bottom = max(int(y) - reach, 0), min(int(y) + reach + 1, h)
    if left >= right or top >= bottom:
        return
    across = ((np.arange(left, right, dtype=np.float32) + 0.5 - x) / size) ** 2
    down = ((np.arange(top, bottom, dtype=np.float32) + 0.5 - y) / size) ** 2
    squared = down[:, None] + across
    glow = 0.75 * np.exp(-squared) + 0.25 * np.maximum(0, 1 - squared / 16) ** 2
    part = picture[:, top:bottom, left:right]
    part += (1 - part) * (glow * np.array(color, np.float32)[:, None, None])


def _seen(sight: Sight, spot: tuple[float, float, float]) -> float:
    """How much of the light's surroundings is not hidden by something nearer, 0..1."""
    x, y, depth = spot
    spread = max(1, round(0.1 * sight.lens.focal / depth))
    hits = []
    for dx, dy in ((0, 0), (-spread, 0), (spread, 0), (0, spread)):
        column, row = int(x) + dx, int(y) + dy
        if 0 <= column < sight.lens.width and 0 <= row < sight.lens.height:
            number = int(sight.winner[row, column])
            a, b, c = (0.0, 0.0, 0.0) if number == 0 else sight.view.inverse[number - 1, 2].tolist()
            hits.append(a * x + b * y + c < 1 / (depth - 0.6))
    return sum(hits) / len(hits) if hits else 0.0
