"""Chance that can be looked up: the same seed and place give the same numbers, in any order, on any machine."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_SHIFT = 1 << 40


@lru_cache(maxsize=4096)
def draw(seed: int, place: int, salt: int, count: int) -> NDArray[np.float64]:
    """`count` uniform numbers in 0..1 that belong to a place (any integer) of the world `seed`."""
    numbers = np.random.default_rng((seed, place + _SHIFT, salt)).random(count)
    numbers.setflags(write=False)
    return numbers


def speckle(x: NDArray[np.float32], y: NDArray[np.float32], salt: NDArray[np.float32]) -> NDArray[np.float32]:
    """One uniform number in 0..1 for every integer cell (x, y); `salt` in 0..1 tells grids apart. All `[n]`."""
    h = x.astype(np.int32).astype(np.uint32) * np.uint32(0x9E3779B1)
    h ^= y.astype(np.int32).astype(np.uint32) * np.uint32(0x85EBCA77)
    h ^= (salt * np.float32(65521)).astype(np.uint32) * np.uint32(0xC2B2AE3D)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x2C1B3C6D)
    h ^= h >> np.uint32(13)
    return (h & np.uint32(0xFFFF)).astype(np.float32) * np.float32(1 / 65535)
