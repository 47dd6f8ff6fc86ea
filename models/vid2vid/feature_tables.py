"""Which looks the instances of each class have: a table of clusters of their features, and what is taken out of it.

Source: Wang et al. 2018 (multi-modal synthesis): a Gaussian mixture for each class is fitted to the features of its
instances; at synthesis one is drawn for each instance and kept through the clip. Here a draw is a function of seed,
class and instance number alone, so that nothing has to be remembered, and a run that goes on draws the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isclose
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MAX_CHANNELS = 256
"""Numbers of an instance that a table may have."""

_GOLDEN = 0x9E3779B97F4A7C15
_MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


@dataclass(frozen=True)
class FeatureCluster:
    """One of the looks of a class: a normal distribution of numbers that don't depend on each other."""

    share: float
    """Of the instances of the class, 0..1."""
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    """Standard deviation; 0: always the mean."""


@dataclass(frozen=True)
class ClassLooks:
    """The looks of a class."""

    id: int
    name: str
    """As the palette spells it, for people."""
    clusters: tuple[FeatureCluster, ...]
    """The most frequent first."""


@dataclass(frozen=True)
class FeatureTable:
    """The looks of all classes that were seen."""

    format: Literal["maliang.features/1"]
    palette: str
    """What the class ids mean."""
    network: tuple[float, ...]
    """Some weights of the encoder that the features come from: to other networks they mean nothing."""
    channels: int
    """Numbers of an instance."""
    classes: tuple[ClassLooks, ...]

    def check(self, where: str) -> None:
        """InputError, beginning with `where`, for a table that can't be drawn from."""
        ids = [looks.id for looks in self.classes]
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise InputError(f"{where}: an instance has 1 to {MAX_CHANNELS} numbers, not {self.channels}")
        if len(set(ids)) < len(ids) or not all(0 <= i < 1 << 15 for i in ids):
            raise InputError(f"{where}: every class has one id of its own, from 0 to {(1 << 15) - 1}")
        for looks in self.classes:
            _check_looks(looks, self.channels, f"{where}: class {looks.name!r}")

    @cached_property
    def arrays(self) -> "TableArrays":
        """The same, to calculate with."""
        most = max((len(looks.clusters) for looks in self.classes), default=0)
        shape = (len(self.classes) + 1, max(1, most))  # the last row is that of classes that were not seen
        arrays = TableArrays(
            np.full(1 << 16, len(self.classes)),
            np.ones(shape[0], np.int64),
            np.zeros((*shape, self.channels)),
            np.zeros((*shape, self.channels)),
            np.full(shape, np.inf),
        )
        for row, looks in enumerate(self.classes):
            count = len(looks.clusters)
            arrays.rows[looks.id], arrays.counts[row] = row, count
            arrays.means[row, :count] = [cluster.mean for cluster in looks.clusters]
            arrays.deviations[row, :count] = [cluster.deviation for cluster in looks.clusters]
            arrays.limits[row, : count - 1] = np.cumsum([cluster.share for cluster in looks.clusters])[:-1]
        return arrays


@dataclass(frozen=True, eq=False)
class TableArrays:
    """A table with c classes of up to m clusters, and a class that was not seen, all 0."""

    rows: Integers
    """Row of every class id, and of ids that no class has, `[65536]`."""
    counts: Integers
    """Clusters of each row, `[c+1]`."""
    means: Floats
    """`[c+1 m f]`."""
    deviations: Floats
    """`[c+1 m f]`."""
    limits: Floats
    """A number below is in this cluster or in one before it, `[c+1 m]`; infinite for the last."""


def picked_features(table: FeatureTable, classes: Integers, cluster: int) -> Floats:
    """The mean of the cluster of that number for instances of these classes, `[n]` -> `[n f]`.

    Classes with fewer clusters give their last; classes that were not seen, 0.
    """
    arrays = table.arrays
    rows = arrays.rows[classes]
    return arrays.means[rows, np.minimum(cluster, arrays.counts[rows] - 1)]


def drawn_features(table: FeatureTable, classes: Integers, numbers: Integers, seed: int) -> Floats:
    """Features drawn for instances of these classes and numbers, `[n]` each -> `[n f]`, kept to -1..1.

    An instance is drawn the same whenever it is seen; classes that were not seen get 0.
    """
    arrays = table.arrays
    rows = arrays.rows[classes]
    chance = uniform((seed, classes, numbers), 1 + 2 * table.channels)
    clusters = (chance[:, :1] >= arrays.limits[rows]).sum(1)
    radius = np.sqrt(-2 * np.log(chance[:, 1 : 1 + table.channels]))
    normal = radius * np.cos(2 * np.pi * chance[:, 1 + table.channels :])
    drawn: Floats = arrays.means[rows, clusters] + arrays.deviations[rows, clusters] * normal
    return np.clip(drawn, -1, 1)


def uniform(keys: Sequence[Integers | int], count: int) -> Floats:
    """`count` numbers between 0 and 1, both left out, for every entry of the keys, `[n]` each -> `[n count]`.

    A hash of the keys: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014 (SplitMix64).
    """
    state: NDArray[np.uint64] = np.zeros(1, np.uint64)
    for key in keys:
        state = _mixed((state ^ np.asarray(key, np.int64).astype(np.uint64)) + np.uint64(_GOLDEN))
    steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
    bits = _mixed(state[:, None] + steps) >> np.uint64(12)
    return (bits.astype(np.float64) + 0.5) / (1 << 52)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(_MIX[0])
    x = (x ^ (x >> np.uint64(27))) * np.uint64(_MIX[1])
    return x ^ (x >> np.uint64(31))


def _check_looks(looks: ClassLooks, channels: int, where: str) -> None:
    if not looks.clusters:
        raise InputError(f"{where} has no clusters; leave the class out")
    for cluster in looks.clusters:
        if len(cluster.mean) != channels or len(cluster.deviation) != channels:
            raise InputError(f"{where}: a cluster must have {channels} means and {channels} deviations")
        if min(cluster.share, *cluster.deviation) < 0:
            raise InputError(f"{where}: shares and deviations can't be below 0")
    if not isclose(sum(cluster.share for cluster in looks.clusters), 1, abs_tol=0.01):
        raise InputError(f"{where}: the shares of its clusters must add up to 1")
