"""A recipe for training e4e, and the demo's: everything that a run depends on, as data, stored with its checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ..errors import InputError
from ..models.faces.e4e import E4EConfig
from .schedule import ClipShape, Part, Schedule, check_batches


@dataclass(frozen=True)
class EncoderLosses:
    """Factors of the loss terms."""

    code: float
    """`encoder_losses.code_loss`, of pictures that the generator drew itself, whose codes are known."""
    pixels: float
    """Squared difference between a true picture and what the generator makes of its code."""
    perceptual: float
    """`perceptual.perceptual_loss` between both."""
    delta: float
    """`encoder_losses.delta_loss` of true pictures: near the first row, codes stay where editing works."""


@dataclass(frozen=True)
class EncoderStage(Part):
    """A part of a run."""

    rows: int
    """Heads that are trained, from the first; the rows of the others stay the first one ("progressively")."""
    losses: EncoderLosses


@dataclass(frozen=True)
class EncoderRecipe(Schedule[EncoderStage]):
    """One training run: half of what an update sees are true pictures, half are the generator's."""

    kind = "e4e"

    stages: tuple[EncoderStage, ...]
    network: E4EConfig
    generator: str
    """Preset or file of the generator that the codes are for; it stays as it is."""
    truncations: tuple[float, float]
    """Of the generator's own pictures: from, to."""
    features: Literal["best", "random"]
    people: int
    """Of the world, drawn once and kept for all epochs."""


def check_encoder(recipe: EncoderRecipe) -> None:
    """InputError for a recipe that no run could follow."""
    check_batches(recipe)
    side = recipe.network.resolution
    for number, stage in enumerate(recipe.stages, 1):
        if (stage.shape.width, stage.shape.height) != (side, side):
            raise InputError(
                f"recipe {recipe.name}, stage {number}: its pictures are not {side}x{side}, as the network's are"
            )
        if not 1 <= stage.rows <= recipe.network.rows:
            raise InputError(
                f"recipe {recipe.name}, stage {number}: {stage.rows} heads of {recipe.network.rows} can't be trained"
            )


_MOMENTS = ClipShape(width=128, height=128, frames=4, zooms=(1.0,))
_LOSSES = EncoderLosses(code=0.05, pixels=1.0, perceptual=0.8, delta=2e-4)

FACE_ENCODER = EncoderRecipe(
    name="face-encoder-demo",
    network=E4EConfig(
        resolution=128, rows=12, w_width=128, widths=(24, 48, 96, 128), units=(1, 2, 3, 2), head_width=64
    ),
    generator="face-generator",
    stages=(
        EncoderStage(2 * 500, _MOMENTS, (1e-3, 1e-3), rows=1, losses=_LOSSES),
        EncoderStage(2 * 1000, _MOMENTS, (1e-3, 0.0), rows=12, losses=_LOSSES),
    ),
    batch=2,
    truncations=(0.7, 1.0),
    features="random",
    people=1400,
    ema=0.0,
    seed=20_200_603,
)
"""An hour of one core, on the pictures that `face-generator-demo` learns from. The published training has two terms
more, which the demo does without: identity (no network that knows people is at hand) and a discriminator of codes (the
delta term alone keeps them in place)."""

ENCODER_RECIPES: Mapping[str, EncoderRecipe] = MappingProxyType({FACE_ENCODER.name: FACE_ENCODER})


def find_encoder_recipe(name: str) -> EncoderRecipe:
    """A recipe by name; InputError lists those that there are."""
    if name not in ENCODER_RECIPES:
        raise InputError(f"no recipe {name!r} of e4e; there are: {', '.join(ENCODER_RECIPES)}")
    return ENCODER_RECIPES[name]
