"""Edges in pictures, and the distance to drawn lines.

`canny` gives what scikit-image's detector gives by default, which the published face networks learned from.
Source: J. Canny, "A Computational Approach to Edge Detection", 1986; NVIDIA/vid2vid at 2e6d137, `data/face_dataset.py`.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SIGMA = 1.0
"""Standard deviation of the smoothing, pixels."""
LOW, HIGH = 0.1, 0.2
"""Slopes (Sobel, of grey values 0..1): edges above `LOW` count where they lead to one above `HIGH`."""
_REACH = 4
"""Standard deviations that the smoothing looks at."""

Plane = NDArray[np.float64]
Mask = NDArray[np.bool_]


def gray(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB `[h w 3]` -> brightness `[h w]`, ITU-R 601, rounded as Pillow does."""
    wide = pixels.astype(np.uint32)
    bright = wide[..., 0] * 19595 + wide[..., 1] * 38470 + wide[..., 2] * 7471 + 0x8000
    shade: NDArray[np.uint8] = (bright >> 16).astype(np.uint8)
    return shade


def canny(picture: NDArray[np.uint8]) -> Mask:
    """Edges of a grey picture `[h w]`, one pixel wide; never on its border."""
    values = picture / 255.0
    smooth = _smooth(values) / _coverage(*values.shape)
    across, down = _sobel(smooth), _sobel(smooth.T).T
    slope = np.sqrt(across * across + down * down)
    ridge = _ridges(across, down, slope)
    return _connected_to(ridge & (slope >= HIGH), ridge)


def line_distance(lines: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A third of the distance (steps along rows and columns) of every pixel to the nearest that isn't 0, at most 255.

    `[h w]` -> `[h w]`; where there is no line at all, everything is 255.
    """
    far = np.int32(sum(lines.shape) + 3 * 256)
    steps = np.where(lines != 0, np.int32(0), far)
    for axis in (0, 1):
        steps = _nearest_along(steps, axis)
    thirds: NDArray[np.uint8] = np.minimum(steps // 3, 255).astype(np.uint8)
    return thirds


def _nearest_along(steps: NDArray[np.int32], axis: int) -> NDArray[np.int32]:
    """min over q of steps[q] + |p - q| along one axis."""
    shape = [1, 1]
    shape[axis] = steps.shape[axis]
    place = np.arange(steps.shape[axis], dtype=np.int32).reshape(shape)
    before = np.minimum.accumulate(steps - place, axis) + place
    after = np.flip(np.minimum.accumulate(np.flip(steps + place, axis), axis), axis) - place
    return np.minimum(before, after)


def _smooth(values: Plane) -> Plane:
    """Gaussian, with zeros around the picture."""
    radius = int(_REACH * SIGMA + 0.5)
    x = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / SIGMA**2 * x**2)
    weights /= weights.sum()
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (radius, radius)
        values = _weighted(np.pad(values, padding), weights, axis)
    return values


@lru_cache(maxsize=1)
def _coverage(height: int, width: int) -> Plane:
    """How much of the smoothing's weight lies inside of the picture, at each of its pixels."""
    covered: Plane = _smooth(np.ones((height, width))) + np.finfo(np.float64).eps
    return covered


def _weighted(values: Plane, weights: NDArray[np.float64], axis: int) -> Plane:
    """Sums of neighbours with symmetric or antisymmetric weights, from the outside in as scipy adds them."""
    length, half = values.shape[axis] - len(weights) + 1, len(weights) // 2

    def at(k: int) -> Plane:
        return values[k : k + length] if axis == 0 else values[:, k : k + length]

    sign = 1.0 if weights[0] * weights[-1] >= 0 else -1.0
    total: Plane = at(half) * weights[half]
    for k in range(half):
        total += (at(k) + sign * at(len(weights) - 1 - k)) * weights[k]
    return total


def _sobel(values: Plane) -> Plane:
    """Slope along the rows of `[h w]`; the picture is mirrored at its border."""
    mirrored = np.pad(values, 1, mode="symmetric")
    slope = _weighted(mirrored, np.array([-1.0, 0.0, 1.0]), 1)
    return _weighted(slope, np.array([1.0, 2.0, 1.0]), 0)


def _ridges(across: Plane, down: Plane, slope: Plane) -> Mask:
    """Where the slope is above `LOW`, and at least as large as on both sides along its own direction."""
    height, width = slope.shape
    steep = slope >= LOW
    steep[[0, -1]] = steep[:, [0, -1]] = False
    place = np.flatnonzero(steep)
    dx, dy, values = across.ravel()[place], down.ravel()[place], slope.ravel()
    flat, same = np.abs(dy) <= np.abs(dx), dx * dy >= 0
    share = np.where(flat, np.abs(dy), np.abs(dx)) / np.where(flat, np.abs(dx), np.abs(dy))
    straight = np.where(flat, 1, width)
    slanted = np.where(same, width + 1, np.where(flat, 1 - width, width - 1))
    ahead = values[place + slanted] * share + values[place + straight] * (1 - share)
    behind = values[place - slanted] * share + values[place - straight] * (1 - share)
    ridge = np.zeros(height * width, np.bool_)
    ridge[place] = (ahead <= values[place]) & (behind <= values[place])
    return ridge.reshape(height, width)


def _connected_to(seeds: Mask, allowed: Mask) -> Mask:
    """The allowed pixels that a chain of allowed neighbours (of eight) leads to from a seed."""
    height, width = allowed.shape
    padded = np.pad(allowed, 1)
    found = np.zeros_like(padded)
    pitch = width + 2
    around = np.array([-pitch - 1, -pitch, -pitch + 1, -1, 1, pitch - 1, pitch, pitch + 1])
    free, reached = padded.ravel(), found.ravel()
    front = np.flatnonzero(np.pad(seeds, 1))
    reached[front] = True
    while front.size:
        next_to = (front[:, None] + around).ravel()
        front = np.unique(next_to[free[next_to] & ~reached[next_to]])
        reached[front] = True
    return found[1 : height + 1, 1 : width + 1]
