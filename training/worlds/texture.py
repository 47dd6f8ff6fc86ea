"""Detail that stays on its surface and never shimmers.

Noise comes from tables that hold every octave at once, averaged beforehand over 1, 2, 4 ... texels in each direction
apart: a sample reads the average over about its own footprint. Regular patterns (windows, slabs, dashes) are box
filtered exactly, by the integral of a pulse train.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Real = NDArray[np.floating[Any]]
"""What may come in: literals make some intermediate results wider."""

SIZE = 256
"""Texels along one side of a noise table."""
LEVELS = 9


def _white(seed: int) -> Float:
    return np.random.default_rng((SIZE, seed)).standard_normal((SIZE, SIZE)).astype(np.float32)


def _shape_spectrum(noise: Float, power: float, lowest: float = 0.0) -> Float:
    """Noise whose amplitude falls with frequency to the `power`; periodic, mean 0, deviation 1."""
    k = np.fft.fftfreq(SIZE) * SIZE
    radius = np.hypot(k[:, None], k[None, :])
    gain = np.where(radius > lowest, np.maximum(radius, 1) ** -power, 0)
    shaped = np.fft.ifft2(np.fft.fft2(noise) * gain).real
    return np.asarray((shaped - shaped.mean()) / shaped.std(), np.float32)


def _average(table: Float, axis: int) -> Float:
    """Means of neighbours in pairs along one axis."""
    halves = table.reshape(*table.shape[:axis], -1, 2, *table.shape[axis + 1 :]).mean(axis + 1)
    return np.asarray(halves, np.float32)


@lru_cache(maxsize=8)
def _pyramid(kind: str) -> tuple[Float, NDArray[np.intp]]:
    """All averages of a noise, flat, and where that of level (across, up) begins, `[LEVELS LEVELS]`."""
    base = {
        "rough": lambda: _shape_spectrum(_white(1), 0.85),
        "cloud": lambda: _shape_spectrum(_white(3), 1.5),
        "leaf": lambda: _shape_spectrum(np.sign(_shape_spectrum(_white(4), 0.6, 5)), 0.25, 3),
    }[kind]()
    starts = np.zeros((LEVELS, LEVELS), np.intp)
    pieces: list[Float] = []
    total = 0
    column = base
    for up in range(LEVELS):
        table = column
        for across in range(LEVELS):
            starts[across, up] = total
            pieces.append(table.ravel())
            total += table.size
            table = _average(table, 1) if across < LEVELS - 1 else table
        column = _average(column, 0) if up < LEVELS - 1 else column
    return np.concatenate(pieces), starts


def noise(kind: str, u: Real, v: Real, footprint_u: Real, footprint_v: Real, period: float) -> Float:
    """Noise (mean 0, deviation 1) at (u, v), averaged over the footprint; all `[n]`, metres; repeats after `period`.

    kind: "rough" (much at all scales), "cloud" (soft), "leaf" (blotches with edges).
    """
    table, starts = _pyramid(kind)
    scale = np.float32(SIZE / period)
    level_u, level_v = _level(footprint_u * scale), _level(footprint_v * scale)
    start = starts.ravel()[level_u * LEVELS + level_v]
    wide, high = SIZE >> level_u, SIZE >> level_v
    x = np.ldexp(u * scale, -level_u) - np.float32(0.5)
    y = np.ldexp(v * scale, -level_v) - np.float32(0.5)
    x0, y0 = np.floor(x), np.floor(y)
    fx, fy = x - x0, y - y0
    column, row = x0.astype(np.intp), y0.astype(np.intp)
    left, right = column & (wide - 1), (column + 1) & (wide - 1)
    lower, upper = start + (row & (high - 1)) * wide, start + ((row + 1) & (high - 1)) * wide
    first = table[lower + left]
    first += fx * (table[lower + right] - first)
    second = table[upper + left]
    second += fx * (table[upper + right] - second)
    return np.asarray(first + fy * (second - first), np.float32)


def _level(texels: Real) -> NDArray[np.intp]:
    """Which average covers about that many texels, 0..LEVELS-1."""
    exponent = np.frexp(np.maximum(texels, 0.5) * np.float32(1.6))[1]
    return np.asarray(np.clip(exponent - 1, 0, LEVELS - 1), np.intp)


def pulse(x: Real, duty: float | Real, footprint: Real) -> Float:
    """Mean over the footprint, centred at x, of a train that is 1 for the first `duty` of each unit, else 0."""
    half = np.maximum(footprint, np.float32(1e-3)) * np.float32(0.5)
    return np.asarray(
        (_pulse_integral(x + half, duty) - _pulse_integral(x - half, duty)) / (2 * half), np.float32
    )


def _pulse_integral(x: Real, duty: float | Real) -> Float:
    whole = np.floor(x)
    return np.asarray(whole * duty + np.minimum(x - whole, duty), np.float32)


def stripe(x: Real, low: float, high: float, footprint: Real) -> Float:
    """Mean over the footprint of 1 between `low` and `high`, 0 elsewhere."""
    half = np.maximum(footprint, np.float32(1e-4)) * np.float32(0.5)
    covered = np.minimum(x + half, high) - np.maximum(x - half, low)
    return np.asarray(np.clip(covered / (2 * half), 0, 1), np.float32)


def fraction(x: Real) -> Float:
    """What is right of the decimal point (numpy's `% 1` takes ten times as long)."""
    return np.asarray(x - np.floor(x), np.float32)


def smooth(low: float, high: float, x: Real) -> Float:
    """0 below `low`, 1 above `high`, an S-curve between; `low` may be the larger."""
    s = np.clip((x - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return np.asarray(s * s * (3 - 2 * s), np.float32)


def leaf_outline(u: Float, v: Float, chance: Float) -> Float:
    """Squared radius of a tree crown's ragged edge at (u, v) in 0..1, where 1 is the parallelogram's inner circle."""
    table = _pyramid("leaf")[0]
    bumps = _pyramid("cloud")[0]
    shift = (chance * np.float32(9973)).astype(np.intp)
    cell = ((v * 120).astype(np.intp) + shift & 255) * SIZE + ((u * 120).astype(np.intp) + 3 * shift & 255)
    lump = ((v * 180).astype(np.intp) + 7 * shift & 255) * SIZE + ((u * 180).astype(np.intp) + shift & 255)
    return np.asarray(0.78 + 0.10 * table[cell] + 0.14 * bumps[lump], np.float32)
