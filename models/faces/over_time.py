"""Values of a stream smoothed over time, as a stream: a Gaussian that looks a few frames ahead and holds no clip.

The same numbers as scipy's `gaussian_filter1d` (mode "reflect", truncate 4) over the whole sequence: before its first
and after its last item the sequence is mirrored, the end items repeated once.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError
from ..layers.around import around

Value = TypeVar("Value", NDArray[np.float64], Tensor)

_TRUNCATE = 4.0
"""The Gaussian ends so many standard deviations away."""


def reach_of(sigma: float) -> int:
    """Frames before and after that smoothing looks at; it holds twice as many and one. 0 for `sigma` 0."""
    return int(_TRUNCATE * sigma + 0.5)


def smooth_over_time(values: Iterable[Value], sigma: float) -> Iterator[Value]:
    """One smoothed value for each of `values`, all of one shape; sigma in frames, 0 leaves them as they are.

    Reads `reach_of(sigma)` values ahead. InputError for a sigma below 0.
    """
    if not sigma >= 0:
        raise InputError(f"smoothing: {sigma} frames is no width; give 0 (off) or more")
    reach = reach_of(sigma)
    if reach == 0:
        yield from values
        return
    weights = gaussian_weights(sigma)
    for near, here in around(values, reach):
        shares = _shares(weights, here, len(near))
        smoothed = near[0] * shares[0]
        for value, share in zip(near[1:], shares[1:], strict=True):
            smoothed = smoothed + value * share
        yield smoothed


def gaussian_weights(sigma: float) -> NDArray[np.float64]:
    """Of the items from `reach_of(sigma)` before to as many after, `[2 reach + 1]`; their sum is 1."""
    steps = np.arange(-reach_of(sigma), reach_of(sigma) + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    return np.asarray(weights / weights.sum(), np.float64)


def _shares(weights: NDArray[np.float64], here: int, count: int) -> list[float]:
    """What each of `count` items near number `here` counts, when what lies beyond them mirrors them.

    Where fewer than the reach are on a side, the sequence ends there.
    """
    reach = len(weights) // 2
    places = (np.arange(-reach, reach + 1) + here) % (2 * count)
    inside = np.where(places < count, places, 2 * count - 1 - places)
    shares: list[float] = np.bincount(inside, weights, minlength=count).tolist()
    return shares
