"""A recipe for training StyleGAN2: everything that a run depends on, as data, stored with its checkpoints."""

from dataclasses import dataclass
from typing import Literal

from ..errors import InputError
from ..models.faces.stylegan2.config import SMALLEST, StyleGAN2Config
from ..models.faces.stylegan2.discriminator import DiscriminatorConfig
from .face_known import KNOWN
from .schedule import Part, Schedule, check_batches


@dataclass(frozen=True)
class Regularisation:
    """A term that is not worked out at every update ("lazily")."""

    weight: float
    every: int
    """Updates; where it is worked out, it counts so many times as much."""


@dataclass(frozen=True)
class StyleGAN2Stage(Part):
    """A part of a run."""

    side: int
    """Pixels of the pictures that are learnt from; smaller ones leave the generator's last blocks alone."""
    likeness: float
    """Factor of the supervised term: how far the picture of what is known of a true one is from it; 0: not used."""
    adversarial: float
    """Factor of what the discriminator says; 0: not used."""
    mapping_rate: float
    """How much faster the mapping network learns than StyleGAN2's, which learns at a hundredth of the others' rate."""


@dataclass(frozen=True)
class StyleGAN2Recipe(Schedule[StyleGAN2Stage]):
    """One training run. Clips are pictures, or several pictures of one person."""

    kind = "stylegan2"

    stages: tuple[StyleGAN2Stage, ...]
    network: StyleGAN2Config
    judge: DiscriminatorConfig
    betas: tuple[float, float]
    r1: Regularisation
    """Half the weight, the published gamma, times the squared gradients."""
    path: Regularisation
    path_share: int
    """Path lengths are worked out for a batch this many times smaller."""
    mixing: float
    """Share of codes whose rows come from two draws."""
    average_rate: float
    """How far the average code moves towards that of a batch at every update."""
    features: Literal["best", "random"]
    """Of the supervised term: `features.find_features`, or always the random ones."""
    people: int
    """Of the world, drawn once and kept for all epochs."""

    @property
    def free(self) -> int:
        """Numbers of a draw that nothing known is about."""
        return self.network.z_width - len(KNOWN)


def check_stylegan2(recipe: StyleGAN2Recipe) -> None:
    """InputError for a recipe that no run could follow."""
    check_batches(recipe)
    side = recipe.network.resolution
    if recipe.judge.resolution != side:
        raise InputError(
            f"recipe {recipe.name}: the generator's pictures have {side} pixels, the discriminator's "
            f"{recipe.judge.resolution}; they must be the same"
        )
    for number, stage in enumerate(recipe.stages, 1):
        where = f"recipe {recipe.name}, stage {number}"
        if (stage.shape.width, stage.shape.height) != (side, side):
            raise InputError(f"{where}: its pictures are not {side}x{side}, as the network's are")
        if stage.side not in [SMALLEST << block for block in range(len(recipe.network.channels))]:
            raise InputError(f"{where}: a side of {stage.side} pixels is none of the generator's blocks'")
        if stage.adversarial and stage.side != side:
            raise InputError(f"{where}: the discriminator looks at {side} pixels, not at {stage.side}")
        if stage.likeness and recipe.free < 0:
            raise InputError(
                f"{where}: draws of {recipe.network.z_width} numbers can't hold the {len(KNOWN)} known ones"
            )
