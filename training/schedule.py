"""A run as a row of stages: what every kind of recipe has, and what can be changed in all of them alike."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, ClassVar, Generic, TypeVar

from ..errors import InputError


@dataclass(frozen=True)
class ClipShape:
    """What a training clip looks like."""

    width: int
    height: int
    frames: int
    """In all: where a clip starts from its own first pictures, these count."""
    zooms: tuple[float, ...]
    """The world is drawn, the footage shown, this many times larger (one of these, 1 or more) and a window of it is cut
    out: near and far views."""
    mirrored: bool = field(default=False, metadata={"absent_if_default": True})
    """Half of the clips, by chance, are turned left to right; never poses, whose colours know left from right."""
    longest_step: int = field(default=1, metadata={"absent_if_default": True})
    """Clips show every n-th frame of a world or of footage; n is drawn for each clip, from 1 to this."""


@dataclass(frozen=True)
class Part:
    """A part of a run."""

    clips: int
    """A multiple of the recipe's `batch`."""
    shape: ClipShape
    learning_rate: tuple[float, float]
    """At the first clip and after the last, linear between."""


PartT = TypeVar("PartT", bound=Part)


@dataclass(frozen=True)
class Schedule(Generic[PartT]):
    """The parts of a run in their order."""

    kind: ClassVar[str]
    """What is trained; says in a checkpoint how it is read (`methods.approach_of`)."""

    name: str
    stages: tuple[PartT, ...]
    batch: int
    """Clips an update; they may be spread over processes."""
    ema: float
    """Decay of the exponential moving average of the weights, per update."""
    seed: int

    @property
    def clips(self) -> int:
        """Clips of all stages."""
        return sum(stage.clips for stage in self.stages)

    def stage_number(self, number: int) -> int:
        """Which stage trains on clip `number` (0-based); the last for those beyond the end."""
        for index, stage in enumerate(self.stages):
            if number < stage.clips:
                return index
            number -= stage.clips
        return len(self.stages) - 1

    def stage(self, number: int) -> PartT:
        """The stage that trains on clip `number` (0-based)."""
        return self.stages[self.stage_number(number)]

    def shape(self, number: int) -> ClipShape:
        """What clip `number` looks like."""
        return self.stage(number).shape

    def learning_rate(self, number: int) -> float:
        """For clip `number`."""
        index = self.stage_number(number)
        stage = self.stages[index]
        first, last = stage.learning_rate
        into = number - sum(earlier.clips for earlier in self.stages[:index])
        return first + (last - first) * min(1.0, into / stage.clips)


ScheduleT = TypeVar("ScheduleT", bound=Schedule[Any])


def with_clips(recipe: ScheduleT, clips: int) -> ScheduleT:
    """The recipe made longer or shorter: its stages keep their shares (a stage has one update at least)."""
    least = len(recipe.stages) * recipe.batch
    if clips < least:
        raise InputError(f"clips: {clips} are too few; recipe {recipe.name} needs at least {least}")
    updates = -(-clips // recipe.batch)
    factor = updates * recipe.batch / recipe.clips
    ends, planned = [0], 0
    for later, stage in zip(reversed(range(len(recipe.stages))), recipe.stages, strict=True):
        planned += stage.clips
        end = round(planned * factor / recipe.batch)
        ends.append(min(max(end, ends[-1] + 1), updates - later))
    counts = ((end - start) * recipe.batch for start, end in pairwise(ends))
    stages = (replace(stage, clips=n) for stage, n in zip(recipe.stages, counts, strict=True))
    return replace(recipe, stages=tuple(stages))


def with_longest(recipe: ScheduleT, longest: int) -> ScheduleT:
    """The recipe for data whose longest clip has so many frames."""
    stages = (
        replace(stage, shape=replace(stage.shape, frames=min(stage.shape.frames, longest)))
        for stage in recipe.stages
    )
    return replace(recipe, stages=tuple(stages))


def with_batch(recipe: ScheduleT, batch: int) -> ScheduleT:
    """The recipe with so many clips an update; the stages are rounded up to whole updates."""
    stages = (replace(stage, clips=-(-stage.clips // batch) * batch) for stage in recipe.stages)
    return replace(recipe, batch=batch, stages=tuple(stages))


def check_batches(recipe: Schedule[Any]) -> None:
    """InputError for a stage that is no whole number of updates."""
    for number, stage in enumerate(recipe.stages, 1):
        if stage.clips % recipe.batch or stage.clips < recipe.batch:
            raise InputError(
                f"recipe {recipe.name}, stage {number}: {stage.clips} clips are no multiple of the batch of "
                f"{recipe.batch}"
            )
