"""Soft glow around lamps, headlights, tail lights and traffic lights."""

import numpy as np
from numpy.typing import NDArray

from .looks import Look
from .sight import Sight

Float = NDArray[np.float32]

_COLORS = ((1.0, 0.10, 0.08), (1.0, 0.62, 0.12), (0.12, 1.0, 0.45), (1.0, 0.90, 0.70), (1.0, 0.08, 0.06))
_LAMP = (1.0, 0.70, 0.36)


def add_halos(picture: Float, sight: Sight, look: Look) -> None:
    """Brighten `picture`, `[3 h w]` display values 0..1, in place."""
    if not look.lamps:
        return
    for x, y, z in sight.scene.lamps.tolist():
        _add(picture, sight, (x, y, z), _LAMP, 0.55, 0.75 * look.lamps)
    for x, y, z, kind in sight.scene.sparks.tolist():
        radius = (0.16, 0.16, 0.16, 0.34, 0.16)[int(kind)]
        _add(picture, sight, (x, y, z), _COLORS[int(kind)], radius, 0.6 * look.lamps)


def _add(
    picture: Float, sight: Sight, point: tuple[float, float, float], color: tuple[float, float, float],
    radius: float, strength: float,
) -> None:  # fmt: skip
    """One glow of about `radius` metres, where the camera sees its middle."""
    pose, lens = sight.pose, sight.lens
    px, py, depth = lens.matrix @ pose.axes.T @ (np.array(point) - (pose.x, pose.y, pose.z))
    if not 1.5 < depth < 140:
        return
    x, y = px / depth, py / depth
    size = lens.focal * (radius / depth + 0.004)
    reach = int(4 * size) + 1
    left, right = max(int(x) - reach, 0), min(int(x) + reach + 1, lens.width)
    top, bottom = max(int(y) - reach, 0), min(int(y) + reach + 1, lens.height)
    if left >= right or top >= bottom:
        return
    seen = _seen(sight, x, y, depth)
    if seen == 0:
        return
    across = ((np.arange(left, right, dtype=np.float32) + 0.5 - x) / size) ** 2
    down = ((np.arange(top, bottom, dtype=np.float32) + 0.5 - y) / size) ** 2
    squared = down[:, None] + across
    glow = (0.75 * np.exp(-squared) + 0.25 * np.maximum(0, 1 - squared / 16) ** 2) * np.float32(
        strength * seen
    )
    part = picture[:, top:bottom, left:right]
    for channel, amount in zip(part, color, strict=True):
        channel += (1 - channel) * glow * np.float32(amount)


def _seen(sight: Sight, x: float, y: float, depth: float) -> float:
    """How much of the light's surroundings is not hidden by something nearer, 0..1."""
    spread = max(1, round(0.1 * sight.lens.focal / depth))
    hits = []
    for dx, dy in ((0, 0), (-spread, 0), (spread, 0), (0, spread)):
        column, row = int(x) + dx, int(y) + dy
        if 0 <= column < sight.lens.width and 0 <= row < sight.lens.height:
            number = int(sight.winner[row, column])
            inverse = 0.0 if number == 0 else float(sight.view.inverse[number - 1, 2] @ (x, y, 1))
            hits.append(inverse < 1 / (depth - 0.6))
    return sum(hits) / len(hits) if hits else 0.0
