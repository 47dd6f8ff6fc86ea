"""A recipe for training future prediction: everything that a run depends on, as data, stored with its checkpoints."""

from dataclasses import dataclass, replace
from typing import Literal

from ..errors import InputError
from ..models.vid2vid.future import FutureConfig
from .schedule import ClipShape, Part, Schedule

Target = Literal["labels", "pictures"]
"""What is predicted: label maps, or pictures by a network of the same shape, for comparison."""


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
class FutureStage(Part):
    """A part of a run. Clips have the frames that are seen and those to predict, each of them an update of the weights.

    The network looks at pictures `network.reduction` times smaller than it is given; clips are drawn at that size.
    """

    losses: FutureLosses


@dataclass(frozen=True)
class FutureRecipe(Schedule[FutureStage]):
    """One training run on the procedural street."""

    kind = "future"

    stages: tuple[FutureStage, ...]
    target: Target
    network: FutureConfig
    betas: tuple[float, float]

    @property
    def trained(self) -> FutureConfig:
        """The network on clips that are as small as it wants them already."""
        return replace(self.network, reduction=1)


def check_future(recipe: FutureRecipe) -> None:
    """InputError for a recipe that no run could follow."""
    if recipe.batch != 1:
        raise InputError(
            f"recipe {recipe.name}: learns from every frame of one clip after the other; its batch must be 1, in one "
            "process"
        )
    for number, stage in enumerate(recipe.stages, 1):
        recipe.trained.check_size(stage.shape.height, stage.shape.width)
        if stage.shape.frames <= recipe.network.seen_frames:
            raise InputError(
                f"recipe {recipe.name}, stage {number}: clips of {stage.shape.frames} frames leave none to predict; "
                f"the network is shown {recipe.network.seen_frames}"
            )


_RATE = 1.5e-3

_LEARN = FutureLosses(blend=1.0, painted=0.25, flow=0.5, weight=0.0)
_CARRY = FutureLosses(blend=1.0, painted=0.25, flow=1.0, weight=0.2)
"""Where painting and carrying along are equally right, carry: thin things that are painted are lost."""

_SEEN = 4


def _stage(clips: int, predicted: int, rate: tuple[float, float], losses: FutureLosses) -> FutureStage:
    """Clips of 128x64, `predicted` frames of which are to predict."""
    return FutureStage(clips, ClipShape(128, 64, _SEEN + predicted, (1.0,)), rate, losses)


STREET_FUTURE = FutureRecipe(
    name="street-future",
    target="labels",
    network=FutureConfig(
        palette="cityscapes",
        label_classes=35,
        things=tuple(range(24, 34)),
        seen_frames=_SEEN,
        reduction=2,
        filters=24,
        downsamplings=2,
        blocks=3,
    ),
    stages=(
        _stage(144, 3, (_RATE, _RATE), _LEARN),
        _stage(126, 3, (_RATE / 2, _RATE / 2), _LEARN),
        _stage(100, 5, (_RATE / 2, _RATE / 4), _LEARN),
        _stage(20, 8, (_RATE / 4, _RATE * 3 / 16), _LEARN),
        _stage(91, 4, (_RATE / 2, 2.95e-4), _CARRY),
        _stage(169, 4, (4.5e-4, 0.0), _CARRY),
        _stage(130, 4, (4.5e-4, 0.0), _CARRY),
    ),
    batch=1,
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
