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
def _texels(kind: str) -> Float:
    """The noise itself, `[SIZE SIZE]`."""
    return {
        "rough": lambda: _shape_spectrum(_white(1), 0.85),
        "cloud": lambda: _shape_spectrum(_white(3), 1.5),
        "leaf": lambda: _shape_spectrum(np.sign(_shape_spectrum(_white(4), 0.6, 5)), 0.25, 3),
    }[kind]()


@lru_cache(maxsize=8)
def _pyramid(kind: str) -> tuple[NDArray[np.complex128], NDArray[np.int32]]:
    """All averages of a noise, and where that of level up * LEVELS + across begins, `[LEVELS * LEVELS]`.

    A texel's four floats, all that a sample between it and its neighbours needs, are one item, so that they are
    fetched at once: its value, the step to the right of it, and both for the texel above it.
    """
    starts: list[int] = []
    pieces: list[Float] = []
    total = 0
    column = _texels(kind)
    for up in range(LEVELS):
        table = column
        for across in range(LEVELS):
            starts.append(total)
            step = np.roll(table, -1, 1) - table
            above, above_step = np.roll(table, -1, 0), np.roll(step, -1, 0)
            pieces.append(np.stack([table, step, above, above_step], -1).reshape(-1, 4))
            total += table.size
            table = _average(table, 1) if across < LEVELS - 1 else table
        column = _average(column, 0) if up < LEVELS - 1 else column
    return np.concatenate(pieces).view(np.complex128).ravel(), np.array(starts, np.int32)


def noise(kind: str, u: Real, v: Real, footprint_u: Real, footprint_v: Real, period: float) -> Float:
    """Noise (mean 0, deviation 1) at (u, v), averaged over the footprint; all `[n]`, metres; repeats after `period`.

    kind: "rough" (much at all scales), "cloud" (soft), "leaf" (blotches with edges).
    """
    texels, starts = _pyramid(kind)
    scale = np.float32(SIZE / period)
    level_u, level_v = _level(footprint_u * scale), _level(footprint_v * scale)
    x, column = _between_texels(u * scale, level_u)
    y, row = _between_texels(v * scale, level_v)
    wide = SIZE >> level_u
    at = row & ((SIZE >> level_v) - 1)
    at *= wide
    at += column & (wide - 1)
    level_v *= LEVELS
    level_v += level_u
    at += starts[level_v]
    four = texels[at].view(np.float32).reshape(-1, 4)
    value = x * four[:, 1]
    value += four[:, 0]
    above = x * four[:, 3]
    above += four[:, 2]
    above -= value
    above *= y
    value += above
    return np.asarray(value)


def _between_texels(texels: Real, level: NDArray[np.int32]) -> tuple[Float, NDArray[np.int32]]:
    """How far past a texel's centre, 0..1, and which texel of its level that is."""
    x = np.asarray(texels, np.float32) * (127 - level << 23).view(np.float32)  # 2 ** -level, by its bits
    x -= np.float32(0.5)
    whole = np.floor(x)
    x -= whole
    return x, whole.astype(np.int32)


def _level(texels: Real) -> NDArray[np.int32]:
    """Which average covers about that many texels, 0..LEVELS-1."""
    covered = np.asarray(np.fmax(texels, np.float32(0.625)) * np.float32(1.6), np.float32)  # 1 or more
    exponent = covered.view(np.int32) >> 23
    exponent -= 127
    return np.asarray(np.minimum(exponent, LEVELS - 1, out=exponent))


def pulse(x: Real, duty: float | Real, footprint: Real) -> Float:
    """Mean over the footprint, centred at x, of a train that is 1 for the first `duty` of each unit, else 0."""
    half = np.maximum(footprint, np.float32(1e-3)) * np.float32(0.5)
    mean = _pulse_integral(x + half, duty)
    mean -= _pulse_integral(x - half, duty)
    half += half
    mean /= half
    return np.asarray(mean, np.float32)


def _pulse_integral(x: Real, duty: float | Real) -> Real:
    """Of the train from 0 to x. Overwrites x."""
    whole = np.floor(x)
    x -= whole
    whole *= duty
    whole += np.minimum(x, duty, out=x)
    return whole


def stripe(x: Real, low: float, high: float, footprint: Real) -> Float:
    """Mean over the footprint of 1 between `low` and `high`, 0 elsewhere."""
    half = np.maximum(footprint, np.float32(1e-4)) * np.float32(0.5)
    mean, left = x + half, x - half
    np.minimum(mean, high, out=mean)
    mean -= np.maximum(left, low, out=left)
    half += half
    mean /= half
    return np.asarray(_limit(mean), np.float32)


def fraction(x: Real) -> Float:
    """What is right of the decimal point (numpy's `% 1` takes ten times as long)."""
    return np.asarray(x - np.floor(x), np.float32)


def smooth(low: float, high: float, x: Real) -> Float:
    """0 below `low`, 1 above `high`, an S-curve between; `low` may be the larger."""
    s = x - np.float32(low)
    s *= np.float32(1 / (high - low))
    _limit(s)
    curve = 3 - 2 * s
    s *= s
    s *= curve
    return np.asarray(s, np.float32)


def _limit(x: Real) -> Real:
    """Clip x to 0..1 where it stands."""
    np.maximum(x, 0, out=x)
    return np.minimum(x, 1, out=x)


def leaf_outline(u: Float, v: Float, chance: Float) -> Float:
    """Squared radius of a tree crown's ragged edge at (u, v) in 0..1, where 1 is the parallelogram's inner circle."""
    table, bumps = _texels("leaf").ravel(), _texels("cloud").ravel()
    shift = (chance * np.float32(9973)).astype(np.intp)
    cell = ((v * 120).astype(np.intp) + shift & 255) * SIZE + ((u * 120).astype(np.intp) + 3 * shift & 255)
    lump = ((v * 180).astype(np.intp) + 7 * shift & 255) * SIZE + ((u * 180).astype(np.intp) + shift & 255)
    return np.asarray(0.78 + 0.10 * table[cell] + 0.14 * bumps[lump], np.float32)
