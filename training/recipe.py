"""A training recipe: every number that a run depends on, as data, stored with its checkpoints.

A run is a row of stages. In the paper resolution and clip length double in turn (Wang et al. 2018, 4), which is stages
with more `scales` and more frames; `plan.plan_table` prints them.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from ..errors import InputError
from ..models.labels.palette import Palette
from ..models.vid2vid.config import GeneratorConfig
from .schedule import Part, Schedule, check_batches
from .stand_ins import StandIns


@dataclass(frozen=True)
class LossWeights:
    """Factors of the loss terms. 0: the term isn't computed, and a discriminator without a say isn't trained."""

    gan: float
    feature_matching: float
    perceptual: float
    direction: float
    """The LPIPS formula over the same features."""
    flow: float
    flow_warp: float
    """Real frame before, warped by the predicted flow, against the real frame."""
    warp: float
    """Generated frame against the one before it, warped by the known flow."""
    weight: float
    """Blending weight against 0, where the known flow is trusted: carry along rather than paint anew."""
    raw: float
    """Share of the perceptual term for what was painted before the warped frame was blended in."""
    raw_gan: float
    """The same for `gan` and `feature_matching`."""
    temporal_gan: float
    """Of every temporal scale."""
    temporal_matching: float
    face_gan: float
    face_matching: float

    @property
    def adversarial(self) -> bool:
        """Whether the discriminator of single pictures has a say."""
        return self.gan > 0 or self.feature_matching > 0

    @property
    def temporal(self) -> bool:
        """Whether the temporal discriminators have a say."""
        return self.temporal_gan > 0 or self.temporal_matching > 0

    @property
    def face(self) -> bool:
        """Whether the discriminator of faces has a say."""
        return self.face_gan > 0 or self.face_matching > 0


Start = Literal["real", "blank", "both"]
"""Clips start from their own first pictures, from nothing, or half of them so and half so."""


@dataclass(frozen=True)
class Stage(Part):
    """A part of a run."""

    scales: int
    """Scales of the generator in use, from the coarsest on; the others wait."""
    trained: Literal["finest", "all"]
    """Which of them learn. A finer scale first learns alone, on what the coarser ones give."""
    discriminator_scales: int
    """Copies of each discriminator in use, from the coarsest on; the face discriminator has two fewer, one at least."""
    chunk: int
    """Frames that are painted between two updates of the weights."""
    unrolled: int
    """Frames that gradients flow back through; 1: every frame takes those before it as given."""
    losses: LossWeights
    start: Start | None = field(default=None, metadata={"absent_if_default": True})
    """None: as all of the recipe."""


World = Literal["street", "faces", "puppets"]
"""A procedural world."""


@dataclass(frozen=True)
class TemporalConfig:
    """The discriminators of motion: scale s sees frames that are `frames ** s` apart."""

    frames: int
    """Frames that one decision is about."""
    scales: int
    """0: there are none."""
    sparse: bool
    """Look at groups that don't overlap, which is cheaper, instead of one group for every frame."""


@dataclass(frozen=True)
class Recipe(Schedule[Stage]):
    """One training run."""

    kind = "vid2vid"

    stages: tuple[Stage, ...]
    world: World
    """The procedural world that is trained on where there is no other data."""
    generator: GeneratorConfig
    start: Start
    """Where no stage says otherwise."""
    betas: tuple[float, float]
    discriminator_filters: int
    temporal: TemporalConfig
    features: Literal["random", "best"]
    """What the perceptual term sees with: random features, or the best network on this machine."""
    stand_ins: StandIns
    """Classes that the data lacks, and those whose weights they get when the run is exported."""
    weights: str = field(default="", metadata={"absent_if_default": True})
    """A preset or a file whose generator the run goes on from (`starting.start_from`). "": random weights."""

    @property
    def discriminator_scales(self) -> int:
        """Copies of each discriminator, of the stage that has the most."""
        return max(stage.discriminator_scales for stage in self.stages)


def with_own_data(recipe: Recipe) -> Recipe:
    """The recipe for data that is not the street: nothing is known of the classes that it lacks."""
    return replace(recipe, name=f"{recipe.name} on own data", stand_ins=())


def with_drawn(recipe: Recipe, channels: int) -> Recipe:
    """The recipe for drawn maps (sketches, poses, edges) of so many channels, which have no classes."""
    config = replace(
        recipe.generator,
        palette="",
        label_classes=channels,
        edges=False,
        things=(),
        foreground=(),
        foreground_filters=0,
        instance_features=None,
    )
    return replace(recipe, generator=config, weights="")


def check_recipe(recipe: Recipe) -> None:
    """InputError for a recipe that no run could follow, naming the stage and what is wrong with it."""
    scales, past = recipe.generator.scales, recipe.generator.past_frames
    for style in recipe.generator.style_names:
        if not style or "@" in style or any(map(str.isspace, style)):
            raise InputError(
                f"recipe {recipe.name}: the style {style!r} could not be chosen, as 'noon@0 night@48' is read by "
                "spaces and @; give it a name without them"
            )
    if recipe.generator.palette and any(stage.losses.face for stage in recipe.stages):
        raise InputError(
            f"recipe {recipe.name}: its discriminator of faces looks for heads in drawn poses, but the network takes "
            f"label maps ({recipe.generator.palette}); choose a recipe without one, such as footage"
        )
    for number, stage in enumerate(recipe.stages, 1):
        where = f"recipe {recipe.name}, stage {number}"
        if not 1 <= stage.scales <= scales:
            raise InputError(f"{where}: {stage.scales} scales in use, the network has {scales}")
        if stage.shape.frames <= past:
            raise InputError(
                f"{where}: a clip of {stage.shape.frames} frames is too short; the network is shown {past} "
                f"before it paints, so give at least {past + 1}"
            )
        if min(stage.chunk, stage.unrolled, stage.discriminator_scales) < 1:
            raise InputError(f"{where}: chunk, unrolled and discriminator_scales must be at least 1")
        replace(recipe.generator, scales=stage.scales).check_size(stage.shape.height, stage.shape.width)
    check_batches(recipe)


def with_size(recipe: Recipe, size: tuple[int, int]) -> Recipe:
    """The recipe for clips whose last stage has this (height, width); earlier stages keep their shares of it.

    InputError for a size that the network can't take.
    """
    recipe.generator.check_size(*size)
    last = recipe.stages[-1].shape

    def sized(stage: Stage) -> Stage:
        multiple = replace(recipe.generator, scales=stage.scales).size_multiple
        height, width = (
            max(2, round(now * length / before / multiple)) * multiple
            for now, length, before in (
                (size[0], stage.shape.height, last.height),
                (size[1], stage.shape.width, last.width),
            )
        )
        return replace(stage, shape=replace(stage.shape, height=height, width=width))

    return replace(recipe, stages=tuple(map(sized, recipe.stages)))


def with_palette(recipe: Recipe, palette: Palette) -> Recipe:
    """The recipe for label maps of a palette; classes of a foreground mean nothing in another one."""
    config = recipe.generator
    if config.palette == palette.name:
        return recipe
    things = tuple(each.id for each in palette.classes if each.thing)
    generator = replace(
        config, palette=palette.name, label_classes=palette.channels, edges=True, things=things, foreground=()
    )
    return replace(recipe, generator=replace(generator, foreground_filters=0), weights="")
