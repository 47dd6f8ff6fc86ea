"""Waves, pool and slots: what follows from a plan about decoding it.

A patch needs nothing but its context, so all patches whose contexts are complete can be decoded as one batch, a wave.
With random numbers that hang on the place and not on the time, the result is that of one patch after the other.

The pool keeps what a patch left behind (its page) until no later patch sees it: `Remove()` of Wu et al. 2022.
`schedule` says for each batch in which slot of the pool every context lies and in which slots the new pages go; a slot
is free again as soon as the last batch that reads it is done: `pool_sizes` says how many slots that takes.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .plans import Ints, OrderPlan


class Source(Protocol):
    """What `schedule` asks a plan, finite or endless; see `OrderPlan`."""

    @property
    def columns(self) -> int: ...
    def at(self, steps: Ints) -> Ints: ...
    def orders(self, steps: Ints) -> NDArray[np.uint8]: ...
    def neighbours(self, steps: Ints) -> Ints: ...
    def uses(self, steps: Ints) -> Ints: ...


class Batch(NamedTuple):
    """Patches that are decoded together, and where the pool has what they see."""

    steps: Ints
    """Their numbers in the plan `[s]`, ascending."""
    at: Ints
    """Their (t, y, x) `[s 3]`."""
    orders: NDArray[np.uint8]
    """Base order of their tokens, as its place in `plans_orders.NAMES` `[s]`."""
    context: Ints
    """Slot of the context patch at every place of the table `[s k]`, -1 where there is none."""
    slots: Ints
    """Where to keep their own pages once the batch is done `[s]`, -1 for those that nobody will see.

    They may be slots that this very batch reads: write after reading.
    """


class PoolSizes(NamedTuple):
    """What decoding a plan takes."""

    levels: int
    """Waves."""
    widest: int
    """Most patches in one wave."""
    most_context: int
    """Most patches that one patch sees."""
    one_by_one: int
    """Pages in the pool while the patches are decoded one after the other."""
    in_waves: int
    """Pages in the pool while they are decoded wave by wave."""


def context_counts(plan: OrderPlan, made: bool = False) -> NDArray[np.int32]:
    """How many patches every patch sees `[n]`; `made`: only those that are not given."""
    least = plan.given if made else 0
    counts = [(plan.neighbours(steps) >= least).sum(1, dtype=np.int32) for steps in plan.chunks()]
    return np.concatenate(counts)


def waves(plan: OrderPlan) -> Iterator[Ints]:
    """Numbers of the patches of each wave, ascending, one wave at a time; the given patches are in none.

    Memory: four bytes a patch of the plan.
    """
    waiting = context_counts(plan, made=True)
    ready = plan.given + np.flatnonzero(waiting[plan.given :] == 0)
    while ready.size:
        yield ready
        later = plan.dependents(ready)
        later, times = np.unique(later[later >= 0], return_counts=True)
        waiting[later] -= times
        ready = later[waiting[later] == 0]


def one_by_one(plan: OrderPlan) -> Iterator[Ints]:
    """The same patches, each as a batch of its own, in the plan's order."""
    for step in range(plan.given, len(plan)):
        yield np.array([step])


def levels(plan: OrderPlan) -> NDArray[np.int32]:
    """The wave of every patch `[n]`, from 0; 0 for the given ones, too."""
    level = np.zeros(len(plan), np.int32)
    for number, steps in enumerate(waves(plan)):
        level[steps] = number
    return level


def last_use(plan: OrderPlan) -> Ints:
    """The last patch that sees patch i, or i itself where none does `[n]`."""
    uses = [np.maximum(plan.dependents(steps).max(1), steps) for steps in plan.chunks()]
    return np.concatenate(uses)


def pool_sizes(plan: OrderPlan) -> PoolSizes:
    """Sizes of the whole plan; passes over all its patches, some seconds for a million."""
    level = levels(plan)
    level[: plan.given] = -1
    last_level = np.concatenate([_last_level(plan, steps, level) for steps in plan.chunks()])
    widths = np.bincount(level[plan.given :]) if plan.given < len(plan) else np.zeros(1, np.int64)
    return PoolSizes(
        levels=int(level.max()) + 1,
        widest=int(widths.max()),
        most_context=int(context_counts(plan).max()),
        one_by_one=_most_alive(np.arange(len(plan)), last_use(plan), plan.given),
        in_waves=_most_alive(level, last_level, 0),
    )


def _last_level(plan: OrderPlan, steps: Ints, level: NDArray[np.int32]) -> NDArray[np.int32]:
    later = plan.dependents(steps)
    found: NDArray[np.int32] = np.where(later >= 0, level[later], level[steps][:, None]).max(1)
    return found


def _most_alive(made: NDArray[np.integer], last: NDArray[np.integer], first: int) -> int:
    """Most things alive at a time `first` or later: each from after the time it was made to its last use."""
    start, length = np.minimum(np.maximum(made + 1, first), last + 1), int(last.max()) + 3
    changes = np.bincount(start + 1, minlength=length) - np.bincount(last + 2, minlength=length)
    return int(np.cumsum(changes).max())


def schedule(plan: OrderPlan, batches: Iterable[Ints] | None = None) -> Iterator[Batch]:
    """All batches of a plan in turn, with slots of the pool; the given patches first, where there are any.

    batches: numbers of patches to decode together, every one after all that it sees (None: the plan's waves);
    `one_by_one(plan)` is another choice, and waves may be cut into pieces. The batch of the given patches names no
    context slots: they see each other (`plan.neighbours`), and are put into the pool in one pass.
    """
    given = np.arange(plan.given)
    yield from fill_slots(plan, given, waves(plan) if batches is None else batches)


def fill_slots(source: Source, given: Ints, batches: Iterable[Ints]) -> Iterator[Batch]:
    """`schedule` for any source of batches, also without an end. Memory: the pool's table of slots."""
    pool = _Pool()
    if given.size:
        nowhere = np.full((len(given), source.columns), -1)
        slots = pool.add(given, source.uses(given))
        yield Batch(given, source.at(given), source.orders(given), nowhere, slots)
    for steps in batches:
        context = pool.read(source.neighbours(steps))
        slots = pool.add(steps, source.uses(steps))
        yield Batch(steps, source.at(steps), source.orders(steps), context, slots)


class _Pool:
    """Which patch's page lies in which slot, and how often it will still be read."""

    def __init__(self) -> None:
        self._slots: dict[int, int] = {}
        self._left: dict[int, int] = {}
        self._free: list[int] = []
        self._size = 0

    def read(self, seen: Ints) -> Ints:
        """Slots of patches `[s k]`, -1 for -1; after their last reading they are free."""
        known = self._slots
        slots = np.array([-1 if step < 0 else known[step] for step in seen.ravel().tolist()], np.int64)
        steps, times = np.unique(seen[seen >= 0], return_counts=True)
        for step, count in zip(steps.tolist(), times.tolist(), strict=True):
            self._left[step] -= count
            if not self._left[step]:
                del self._left[step]
                heappush(self._free, known.pop(step))
        return slots.reshape(seen.shape)

    def add(self, steps: Ints, uses: Ints) -> Ints:
        """Slots for new pages `[s]`, the lowest free ones; -1 for those that nobody will read."""
        return np.array(
            [self._place(*pair) for pair in zip(steps.tolist(), uses.tolist(), strict=True)], np.int64
        )

    def _place(self, step: int, uses: int) -> int:
        if not uses:
            return -1
        slot = heappop(self._free) if self._free else self._size
        self._size = max(self._size, slot + 1)
        self._slots[step], self._left[step] = slot, uses
        return slot
