"""A training recipe: every number that a run depends on, as data, stored with its checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

from ..errors import InputError
from ..models.vid2vid.config import GeneratorConfig
from .stand_ins import STREET_STAND_INS, StandIns
from .worlds.looks import LOOKS


@dataclass(frozen=True)
class LossWeights:
    """Factors of the loss terms (Wang et al. 2018: 10 for all but the GAN terms)."""

    gan: float
    feature_matching: float
    perceptual: float
    flow: float
    flow_warp: float
    """Real frame before, warped by the predicted flow, against the real frame."""
    warp: float
    """Generated frame against the one before it, warped by the known flow."""
    raw: float
    """Share of the perceptual term for what was painted before the warped frame was blended in."""

    @property
    def adversarial(self) -> bool:
        """Whether the discriminator has a say; else it isn't trained."""
        return self.gan > 0 or self.feature_matching > 0


@dataclass(frozen=True)
class ClipShape:
    """What a training clip looks like."""

    width: int
    height: int
    frames: int
    zooms: tuple[float, ...]
    """The world is drawn this many times larger and a window of it is cut out: near and far views."""


@dataclass(frozen=True)
class Stage:
    """A part of a run. Short clips first, as in Wang et al. 2018, 4."""

    clips: int
    """The weights are updated after each frame of each clip."""
    shape: ClipShape
    losses: LossWeights


@dataclass(frozen=True)
class Recipe:
    """One training run."""

    name: str
    generator: GeneratorConfig
    stages: tuple[Stage, ...]
    decay_clips: int
    """The last so many clips are trained with a learning rate that falls to 0 linearly."""
    learning_rate: float
    betas: tuple[float, float]
    ema: float
    """Decay of the exponential moving average of the weights, per update."""
    discriminator_filters: int
    discriminator_scales: int
    stand_ins: StandIns
    """Classes that the data lacks, and those whose weights they get when the run is exported."""
    seed: int

    @property
    def clips(self) -> int:
        """Clips of all stages."""
        return sum(stage.clips for stage in self.stages)

    def stage(self, number: int) -> Stage:
        """The stage that trains on clip `number` (0-based)."""
        for stage in self.stages:
            if number < stage.clips:
                return stage
            number -= stage.clips
        return self.stages[-1]

    def shape(self, number: int) -> ClipShape:
        """What clip `number` looks like."""
        return self.stage(number).shape


STREET_GENERATOR = GeneratorConfig(
    palette="cityscapes",
    label_classes=35,
    edges=True,
    things=tuple(range(24, 34)),
    style_names=LOOKS,
    label_frames=3,
    filters=16,
    foreground_filters=8,
    downsamplings=2,
    blocks=6,
    local_blocks=0,
    scales=1,
    flow=True,
    foreground=(26, 27, 28, 29, 30, 31),  # vehicles; the procedural street has cars only, see stand_ins
    first_frame=None,
)

LIKENESS = LossWeights(
    gan=0.0, feature_matching=0.0, perceptual=10.0, flow=1.0, flow_warp=10.0, warp=2.0, raw=1.0
)
"""Close to the truth, on average: what a network learns first, and fastest without a discriminator."""

REALISM = LossWeights(
    gan=0.5, feature_matching=3.0, perceptual=10.0, flow=1.0, flow_warp=10.0, warp=2.0, raw=0.5
)
"""And sharp."""

DETAIL = LossWeights(
    gan=0.0, feature_matching=0.0, perceptual=20.0, flow=1.0, flow_warp=10.0, warp=0.0, raw=0.25
)
"""Over long clips: what was carried along too far is painted anew, rather than copied once more."""

SHORT = ClipShape(width=256, height=128, frames=4, zooms=(1.0, 1.0, 1.5))
LONG = ClipShape(width=256, height=128, frames=8, zooms=(1.0, 1.0, 1.0, 1.5))

STREET_DEMO = Recipe(
    name="street-demo",
    generator=STREET_GENERATOR,
    stages=(
        Stage(clips=1500, shape=SHORT, losses=LIKENESS),
        Stage(clips=300, shape=LONG, losses=REALISM),
        Stage(clips=150, shape=LONG, losses=DETAIL),
    ),
    decay_clips=300,
    learning_rate=6e-4,
    betas=(0.5, 0.999),
    ema=0.999,
    discriminator_filters=16,
    discriminator_scales=2,
    stand_ins=STREET_STAND_INS,
    seed=0,
)

RECIPES: Mapping[str, Recipe] = MappingProxyType({recipe.name: recipe for recipe in (STREET_DEMO,)})


def find_recipe(name: str) -> Recipe:
    """A recipe by name; InputError lists those that there are."""
    if name not in RECIPES:
        raise InputError(f"no recipe {name!r}; there are: {', '.join(RECIPES)}")
    return RECIPES[name]


def with_clips(recipe: Recipe, clips: int) -> Recipe:
    """The recipe made longer or shorter: its stages and its decay keep their shares (a stage has one clip at least)."""
    if clips < len(recipe.stages):
        raise InputError(
            f"clips: {clips} are too few; recipe {recipe.name} needs at least {len(recipe.stages)}"
        )
    factor = clips / recipe.clips
    ends, planned = [0], 0
    for later, stage in zip(reversed(range(len(recipe.stages))), recipe.stages, strict=True):
        planned += stage.clips
        ends.append(min(max(round(planned * factor), ends[-1] + 1), clips - later))
    counts = (end - start for start, end in pairwise(ends))
    stages = tuple(replace(stage, clips=n) for stage, n in zip(recipe.stages, counts, strict=True))
    return replace(recipe, stages=stages, decay_clips=round(recipe.decay_clips * factor))


def with_own_data(recipe: Recipe) -> Recipe:
    """The recipe for data that is not the street: nothing is known of the classes that it lacks."""
    return replace(recipe, name=f"{recipe.name} on own data", stand_ins=())
