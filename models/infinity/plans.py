"""Order plans: which patch is made when, and which earlier patches it sees. Data; no network knows more than this.

Source: Wu et al. 2022 (arXiv 2207.09814), sections on the arbitrary direction controller and the nearby context pool.
A plan holds the order alone. What a patch sees (the earlier patches within the extent, less the hidden ones) is
computed when asked for, for as many patches at once as asked, so that a plan of millions of patches costs
nine bytes a patch.

    plan = PlanRecipe("zeta", Grid(1, 8, 152), Extent(0, 2, 2)).build()  # plans_make.py: also rings, videos
    plan.neighbours(np.arange(64))    # [64 k]: numbers of the patches that are seen, -1 where there is none
    for batch in schedule(plan): ...  # plans_waves.py: what to decode together, with slots of the pool
    for batch in endless(strip): ...  # plans_endless.py: the same without an end
    token_order("omega", 16, known)   # plans_orders.py: tokens inside a patch, known ones first; plan.known has them

Column k of `neighbours` is the place k of the embedding table: a context patch at d from the current one has
row `((dt + ef)(2 eh + 1) + dy + eh)(2 ew + 1) + dx + ew`, and the current patch itself row `plan.extent.own`.
Coordinates are always (t, y, x): frame, row, column, in patches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .plans_orders import NAMES, ORDERS

Ints = NDArray[np.int64]
LARGEST = 2**31 - 2
"""Patches of one plan."""
CHUNK = 1 << 15
"""Patches whose surroundings are looked up at once where a whole plan is gone through."""


class Grid(NamedTuple):
    """Size of a canvas in patches."""

    frames: int
    rows: int
    columns: int


class Extent(NamedTuple):
    """How far a patch sees: so many frames back, rows up and down, columns left and right."""

    frames: int
    rows: int
    columns: int

    @property
    def places(self) -> int:
        """Relative places, and rows of the embedding table."""
        return (self.frames + 1) * (2 * self.rows + 1) * (2 * self.columns + 1)

    @property
    def own(self) -> int:
        """Row of the embedding table for the current patch itself."""
        return (self.frames * (2 * self.rows + 1) + self.rows) * (2 * self.columns + 1) + self.columns

    def offsets(self) -> Ints:
        """(dt, dy, dx) of every row of the table: `[k 3]`."""
        axes = (range(-reach, reach + 1) for reach in self[1:])
        places = np.meshgrid(range(-self.frames, 1), *axes, indexing="ij")
        return np.stack([axis.ravel() for axis in places], axis=1).astype(np.int64)


class Context(NamedTuple):
    """What one patch sees, in the order in which it was made."""

    steps: Ints
    """Numbers of the patches `[n]`."""
    places: Ints
    """Their rows of the embedding table `[n]`."""


@dataclass(frozen=True, eq=False)
class OrderPlan:
    """The order of a canvas's patches. The arrays are read-only.

    InputError: a grid or extent that makes no sense, places outside the grid, a place visited twice.
    """

    grid: Grid
    extent: Extent
    given: int
    """So many patches at the beginning of the order are there before anything is made: the input."""
    cells: Ints
    """Where patch i lies: (t * rows + y) * columns + x, `[n]`."""
    local: NDArray[np.uint8]
    """Base order of the tokens inside patch i, as its place in `plans_orders.NAMES`, `[n]`."""
    hidden: NDArray[np.bool_] | None = None
    """`[n k]`: earlier patches at these places are not seen (None: all within the extent are)."""
    known: dict[int, NDArray[np.bool_]] = field(default_factory=dict)
    """Patches that the input covers in part -> bool `[side side]`, which of their tokens it gives."""

    def __post_init__(self) -> None:
        check_sizes(self.grid, self.extent)
        count, space = len(self.cells), int(np.prod(self.grid, dtype=object))
        if not 0 < count <= space:
            raise InputError(
                f"a plan of {count} patches on a canvas of {space}: each is visited once at most"
            )
        if not 0 <= self.given <= count:
            raise InputError(f"a plan of {count} patches can't have {self.given} given ones")
        if self.cells.min() < 0 or self.cells.max() >= space:
            raise InputError(f"a plan visits a place outside its canvas of {describe(self.grid)} patches")
        if self.local.shape != self.cells.shape or self.local.max() >= len(NAMES):
            raise InputError("a plan needs one of the four base orders for the tokens of every patch")
        if self.hidden is not None and self.hidden.shape != (count, self.extent.places):
            raise InputError(
                f"hidden places: expected {[count, self.extent.places]}, got {list(self.hidden.shape)}"
            )
        numbers = np.arange(count, dtype=np.int32)
        twice = np.flatnonzero(self._rank[self._bordered(self.cells)] != numbers)
        if twice.size:
            raise InputError(f"a plan visits the patch at {self._name(int(twice[0]))} twice")
        for array in (self.cells, self.local, self.hidden):
            if array is not None:
                array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def columns(self) -> int:
        """Columns of the table that `neighbours` returns: places of the extent."""
        return self.extent.places

    @cached_property
    def fingerprint(self) -> str:
        """The same for plans that are the same, hexadecimal; nothing else about it is promised."""
        digest = sha256(repr((tuple(self.grid), tuple(self.extent), self.given)).encode())
        for array in (self.cells.astype("<i4"), self.local, self.hidden):
            digest.update(b"-" if array is None else np.ascontiguousarray(array).data)
        for step, known in sorted(self.known.items()):
            digest.update(repr((step, known.shape)).encode() + np.packbits(known).tobytes())
        return digest.hexdigest()[:32]

    def at(self, steps: Ints) -> Ints:
        """Coordinates (t, y, x) of patches: `[s]` -> `[s 3]`."""
        return np.stack(np.unravel_index(self.cells[steps], self.grid), axis=-1).astype(np.int64)

    def neighbours(self, steps: Ints) -> Ints:
        """What patches see: `[s]` -> numbers of those at each place of the table `[s k]`, -1 where none is seen."""
        found = self._rank[self._bordered(self.cells[steps])[:, None] + self._reach]
        seen = (found >= 0) & (found < steps[:, None])
        if self.hidden is not None:
            seen &= ~self.hidden[steps]
        return np.where(seen, found, -1).astype(np.int64)

    def dependents(self, steps: Ints) -> Ints:
        """By whom patches are seen: `[s]` -> numbers of the later patches that see them from place k `[s k]`, or -1."""
        found = self._rank[self._bordered(self.cells[steps])[:, None] - self._reach]
        seen = found > steps[:, None]
        if self.hidden is not None:
            seen &= ~self.hidden[np.maximum(found, 0), np.arange(self.columns)]
        return np.where(seen, found, -1).astype(np.int64)

    def uses(self, steps: Ints) -> Ints:
        """How many patches that are not given see each of these: `[s]` -> `[s]`."""
        counts: Ints = (self.dependents(steps) >= self.given).sum(1)
        return counts

    def orders(self, steps: Ints) -> NDArray[np.uint8]:
        """Base order of the tokens of patches, as its place in `plans_orders.NAMES`: `[s]` -> `[s]`."""
        return self.local[steps]

    def context(self, step: int) -> Context:
        """What one patch sees, in the order in which it was made."""
        found = self.neighbours(np.array([step]))[0]
        places = np.flatnonzero(found >= 0)
        places = places[np.argsort(found[places])]
        return Context(found[places], places)

    def chunks(self) -> Iterator[Ints]:
        """All numbers of patches, as many at once as are looked up at once."""
        for start in range(0, len(self), CHUNK):
            yield np.arange(start, min(start + CHUNK, len(self)))

    @cached_property
    def _border(self) -> tuple[int, int, int]:
        """The grid with room around it, so that no neighbour needs to be checked for lying outside."""
        grid, reach = self.grid, self.extent
        return grid.frames + 2 * reach.frames, grid.rows + 2 * reach.rows, grid.columns + 2 * reach.columns

    def _bordered(self, cells: Ints) -> Ints:
        frames, rest = np.divmod(cells, self.grid.rows * self.grid.columns)
        rows, columns = np.divmod(rest, self.grid.columns)
        _, height, width = self._border
        reach = self.extent
        place: Ints = ((frames + reach.frames) * height + rows + reach.rows) * width + columns + reach.columns
        return place

    @cached_property
    def _rank(self) -> NDArray[np.int32]:
        """Number of the patch at every place of the bordered grid, -1 where none is."""
        rank = np.full(int(np.prod(self._border)), -1, np.int32)
        rank[self._bordered(self.cells)] = np.arange(len(self.cells), dtype=np.int32)
        return rank

    @cached_property
    def _reach(self) -> Ints:
        """Distance to every place of the table in the bordered grid `[k]`."""
        _, height, width = self._border
        distances: Ints = self.extent.offsets() @ np.array([height * width, width, 1])
        return distances

    def _name(self, step: int) -> str:
        frame, row, column = self.at(np.array([step]))[0]
        return f"frame {frame}, row {row}, column {column}"


def with_contexts(plan: OrderPlan, contexts: Sequence[Sequence[int]]) -> OrderPlan:
    """The plan with these contexts instead of all that the extent allows: one list of patch numbers for each patch.

    InputError: a patch that is to see a later one, itself, or one out of its extent.
    """
    if len(contexts) != len(plan):
        raise InputError(f"{len(contexts)} contexts for a plan of {len(plan)} patches: give one for each")
    hidden = np.ones((len(plan), plan.columns), np.bool_)
    for steps in plan.chunks():
        found = plan.neighbours(steps)
        for step, row in zip(steps.tolist(), found, strict=True):
            wanted = np.asarray(contexts[step], np.int64)
            _check_context(plan, step, wanted, row)
            hidden[step] = ~np.isin(row, wanted) | (row < 0)
    return replace(plan, hidden=hidden)


def as_trained(plan: OrderPlan) -> OrderPlan:
    """The plan, in which a patch sees from its own frame only what its base order showed it in training.

    In rings a patch may see combinations of places that no single order has. Every place alone was trained with.
    """
    offsets = plan.extent.offsets().tolist()
    shown = np.array([[dt < 0 or ORDERS[name].earlier(dy, dx) for dt, dy, dx in offsets] for name in NAMES])
    hidden = ~shown[plan.local]
    if plan.hidden is not None:
        hidden |= plan.hidden
    return replace(plan, hidden=hidden)


def _check_context(plan: OrderPlan, step: int, wanted: Ints, allowed: Ints) -> None:
    for other in wanted[~np.isin(wanted, allowed[allowed >= 0])].tolist():
        if not 0 <= other < len(plan):
            raise InputError(
                f"the patch at {plan._name(step)} can't see patch {other}: the plan has {len(plan)}"
            )
        if other >= step:
            when = "itself" if other == step else f"the patch at {plan._name(other)}, which is made later"
            raise InputError(f"the patch at {plan._name(step)} is to see {when}: a context can't look ahead")
        raise InputError(
            f"the patch at {plan._name(step)} can't see the one at {plan._name(other)}: "
            f"that is further away than the extent, or hidden"
        )


def check_sizes(grid: Grid, extent: Extent) -> None:
    """InputError for a canvas without patches or a negative extent, and for what no plan could hold."""
    if min(grid) < 1:
        raise InputError(f"a canvas of {describe(grid)} patches: each side needs 1 at least")
    if min(extent) < 0:
        raise InputError(f"an extent of {tuple(extent)}: frames, rows and columns are 0 at least")
    if extent.places > 2**15:
        raise InputError(f"an extent of {tuple(extent)} has {extent.places} places: {2**15} are the most")
    bordered = [size + 2 * reach for size, reach in zip(grid, extent, strict=True)]
    if int(np.prod(bordered, dtype=object)) > LARGEST:
        raise InputError(
            f"a canvas of {describe(grid)} patches is more than one plan holds: make a strip without end of it"
        )


def describe(grid: Grid) -> str:
    """Columns x rows, after the frames where there are several."""
    size = f"{grid.columns}x{grid.rows}"
    return size if grid.frames == 1 else f"{grid.frames} frames of {size}"
