"""A recipe for training future prediction: everything that a run depends on, as data, stored with its checkpoints."""

from dataclasses import dataclass, replace
from typing import Literal

from ..errors import InputError
from ..models.vid2vid.future import FutureConfig


@dataclass(frozen=True)
class FutureLosses:
    """Factors of the loss terms."""

    blend: float
    """Of the predicted frame: cross-entropy of label maps, perceptual distance and L1 of pictures."""
    painted: float
    """For what was painted, at half size, before the carried frame was blended in: cross-entropy, or L1."""
    flow: float
    """L1 in pixels between the flow of a step and the true one, where the frame before shows the pixel."""
    weight: float
    """Of the blending weight, there: what can be carried along stays sharp, what is painted does not."""


@dataclass(frozen=True)
class FutureStage:
    """A part of a run."""

    clips: int
    frames: int
    """Predicted ones of each clip, every one an update of the weights."""
    learning_rate: tuple[float, float]
    """At the first clip and after the last, linear between."""
    losses: FutureLosses


@dataclass(frozen=True)
class FutureRecipe:
    """One training run on the procedural street."""

    name: str
    target: Literal["labels", "pictures"]
    """What is predicted: label maps, or pictures by a network of the same shape, for comparison."""
    network: FutureConfig
    width: int
    """Of label maps as the network is used on them; it learns at the size that it looks at."""
    height: int
    stages: tuple[FutureStage, ...]
    betas: tuple[float, float]
    ema: float
    """Decay of the exponential moving average of the weights, per update."""
    seed: int

    @property
    def trained(self) -> "FutureRecipe":
        """What training draws and computes: a world of the size that the network looks at, nothing reduced."""
        n = self.network.reduction
        return replace(
            self, network=replace(self.network, reduction=1), width=self.width // n, height=self.height // n
        )

    @property
    def clips(self) -> int:
        """Clips of all stages."""
        return sum(stage.clips for stage in self.stages)

    def stage(self, number: int) -> FutureStage:
        """The stage of clip `number` (0-based); the last for those beyond the end."""
        for stage in self.stages:
            if number < stage.clips:
                return stage
            number -= stage.clips
        return self.stages[-1]

    def learning_rate(self, number: int) -> float:
        """For clip `number`."""
        for stage in self.stages:
            if number < stage.clips:
                first, last = stage.learning_rate
                return first + (last - first) * number / stage.clips
            number -= stage.clips
        return self.stages[-1].learning_rate[1]


def with_future_clips(recipe: FutureRecipe, clips: int) -> FutureRecipe:
    """The recipe made longer or shorter: its stages keep their shares, one clip at least."""
    if clips < len(recipe.stages):
        raise InputError(
            f"clips: {clips} are too few; recipe {recipe.name} needs at least {len(recipe.stages)}"
        )
    ends = [0]
    for number, stage in enumerate(recipe.stages, 1):
        end = ends[-1] + max(1, round(stage.clips * clips / recipe.clips))
        ends.append(min(end, clips - (len(recipe.stages) - number)))
    ends[-1] = clips
    stages = (
        replace(stage, clips=end - start)
        for stage, start, end in zip(recipe.stages, ends, ends[1:], strict=False)
    )
    return replace(recipe, stages=tuple(stages))


_RATE = 1.5e-3

_LEARN = FutureLosses(blend=1.0, painted=0.25, flow=0.5, weight=0.0)
_CARRY = FutureLosses(blend=1.0, painted=0.25, flow=1.0, weight=0.2)
"""Where painting and carrying along are equally right, carry: thin things that are painted are lost."""

STREET_FUTURE = FutureRecipe(
    name="street-future",
    target="labels",
    network=FutureConfig(
        palette="cityscapes",
        label_classes=35,
        things=tuple(range(24, 34)),
        seen_frames=4,
        reduction=2,
        filters=24,
        downsamplings=2,
        blocks=3,
    ),
    width=256,
    height=128,
    stages=(
        FutureStage(clips=144, frames=3, learning_rate=(_RATE, _RATE), losses=_LEARN),
        FutureStage(clips=126, frames=3, learning_rate=(_RATE / 2, _RATE / 2), losses=_LEARN),
        FutureStage(clips=100, frames=5, learning_rate=(_RATE / 2, _RATE / 4), losses=_LEARN),
        FutureStage(clips=20, frames=8, learning_rate=(_RATE / 4, _RATE * 3 / 16), losses=_LEARN),
        FutureStage(clips=91, frames=4, learning_rate=(_RATE / 2, 2.95e-4), losses=_CARRY),
        FutureStage(clips=169, frames=4, learning_rate=(4.5e-4, 0.0), losses=_CARRY),
        FutureStage(clips=130, frames=4, learning_rate=(4.5e-4, 0.0), losses=_CARRY),
    ),
    betas=(0.9, 0.999),
    ema=0.998,
    seed=0,
)
"""The recipe of the weights `street-future`."""

STREET_FUTURE_PICTURES = replace(STREET_FUTURE, name="street-future-pictures", target="pictures")
"""The same network on the same clips, predicting frames directly: what the two steps are compared with."""

FUTURE_RECIPES = {recipe.name: recipe for recipe in (STREET_FUTURE, STREET_FUTURE_PICTURES)}


def find_future_recipe(name: str) -> FutureRecipe:
    """A recipe by name; InputError lists those that there are."""
    if name not in FUTURE_RECIPES:
        raise InputError(f"no recipe {name!r}; there are: {', '.join(FUTURE_RECIPES)}")
    return FUTURE_RECIPES[name]
