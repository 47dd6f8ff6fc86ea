"""A recipe of few-shot training: every number that a run depends on, as data, stored with its checkpoints."""

from dataclasses import dataclass, field, replace
from typing import Literal

from ..errors import InputError
from ..models.fewshot.config import FewShotConfig
from .recipe import World
from .schedule import Part, Schedule, check_batches

CHANNELS = {"faces": (1,), "puppets": (3, 6), "street": ()}
"""Of the maps that a world is drawn with; () where its labels are classes."""
DENSEPOSE_CHANNELS = 6
"""Of poses that have DensePose in the first three."""

Layout = Literal["nvlabs", "imaginaire", "even"]
"""By whose rules faces and bodies are cut and drawn; even: as nvlabs, but strokes of poses don't jump."""


@dataclass(frozen=True)
class FewShotLosses:
    """Factors of the loss terms. 0: the term isn't computed, and a discriminator without a say isn't trained."""

    gan: float
    feature_matching: float
    perceptual: float
    direction: float
    """The LPIPS formula over the same features."""
    flow: float
    """Flow to the frame before (and to an exemplar, where a teacher says it) against the known one."""
    flow_warp: float
    """Warped exemplar and warped past, each against the real frame."""
    mask: float
    """Masks against how right what was warped is."""
    warp: float
    """Generated frame against the one before it, warped by the known flow."""
    parts: float
    """Of poses with DensePose: body parts of the warped exemplar on those of the frame, its face taken as it is, and
    nothing taken where its body can't be right."""
    raw: float
    """Share of the perceptual and adversarial terms for what was painted before warped pictures were blended in, where
    the subject is."""
    face_gan: float
    face_matching: float

    @property
    def adversarial(self) -> bool:
        """Whether the discriminator of pictures has a say."""
        return self.gan > 0 or self.feature_matching > 0

    @property
    def face(self) -> bool:
        """Whether the discriminator of faces has a say."""
        return self.face_gan > 0 or self.face_matching > 0


@dataclass(frozen=True)
class FewShotStage(Part):
    """A part of a run; where clips have one frame, nothing is learnt about the past."""

    exemplars: tuple[int, int]
    """The fewest and the most of a clip; how many is drawn for each clip."""
    losses: FewShotLosses


@dataclass(frozen=True)
class JudgeShape:
    """What discriminators look like."""

    filters: int
    copies: int
    """Each at half the size of the one before."""
    strided_layers: int
    family: Literal["nvlabs", "imaginaire"]


@dataclass(frozen=True)
class FewShotRecipe(Schedule[FewShotStage]):
    """One training run."""

    kind = "fewshot"

    stages: tuple[FewShotStage, ...]
    world: World
    """The procedural world that is trained on where there is no other data."""
    subjects: int
    """Of the world that are trained on, by the numbers 0, 1 ...; those from `HELD_OUT` on never are."""
    apart: tuple[int, int]
    """How many frames exemplars are away from the clip, at least and at most."""
    layout: Layout
    generator: FewShotConfig
    spectral: bool
    """Weights of the generator are normalised spectrally while it learns; what is exported has that in it."""
    betas: tuple[float, float]
    rates: tuple[float, float]
    """What the learning rate is multiplied by for the generator and for discriminators (TTUR)."""
    discriminator: JudgeShape
    features: Literal["random", "best"]
    """What the perceptual term sees with: random features, or the best network on this machine."""
    perceptual_scales: int
    """Sizes at which it compares, each half of the one before."""
    weights: str = field(default="", metadata={"absent_if_default": True})
    """A preset or a file whose generator the run goes on from. "": random weights."""

    def exemplars(self, number: int) -> tuple[int, int]:
        """The fewest and the most that clip `number` has."""
        return self.stage(number).exemplars


def check_fewshot(recipe: FewShotRecipe) -> None:
    """InputError for a recipe that no run could follow, naming what is wrong with it."""
    config, where = recipe.generator, f"recipe {recipe.name}"
    channels = CHANNELS[recipe.world]
    if channels and (config.palette or config.label_channels not in channels):
        raise InputError(
            f"{where}: {recipe.world} are drawn with {' or '.join(map(str, channels))} channels, but the network takes "
            f"{config.label_channels}"
        )
    if recipe.subjects < 1 or not 1 <= recipe.apart[0] <= recipe.apart[1]:
        raise InputError(f"{where}: needs one subject at least, and exemplars from one frame away on")
    if config.norm != "instance":
        raise InputError(f"{where}: only networks with the norm 'instance' can be trained")
    for number, stage in enumerate(recipe.stages, 1):
        here, shape = f"{where}, stage {number}", stage.shape
        config.check_size(shape.height, shape.width)
        if not 1 <= stage.exemplars[0] <= stage.exemplars[1]:
            raise InputError(f"{here}: clips need one exemplar at least, not {stage.exemplars[0]}")
        if shape.frames < 1:
            raise InputError(f"{here}: clips need one frame at least")
        posed = config.label_channels == DENSEPOSE_CHANNELS and not config.palette
        if (stage.losses.parts or stage.losses.face) and not posed:
            raise InputError(
                f"{here}: the terms of body parts and faces look into DensePose, which only poses with 6 channels have"
            )
    check_batches(recipe)


def with_fewshot_size(recipe: FewShotRecipe, size: tuple[int, int]) -> FewShotRecipe:
    """The recipe for clips of this (height, width); InputError for a size that the network can't take."""
    recipe.generator.check_size(*size)
    stages = (replace(s, shape=replace(s.shape, height=size[0], width=size[1])) for s in recipe.stages)
    return replace(recipe, stages=tuple(stages))


def with_exemplars(recipe: FewShotRecipe, count: tuple[int, int]) -> FewShotRecipe:
    """The recipe for clips with so many exemplars, at least and at most.

    A network that was meant for one gets the attention that several are mixed by.
    """
    config = recipe.generator
    if count[1] > 1 and config.mixing == "average":
        config = replace(config, mixing="attention")
    stages = (replace(stage, exemplars=count) for stage in recipe.stages)
    return replace(recipe, stages=tuple(stages), generator=config)
