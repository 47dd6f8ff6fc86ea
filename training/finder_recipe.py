"""A recipe for training the network that finds faces of the world, as data, stored with its checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..errors import InputError
from ..models.faces.finder import FinderConfig
from .schedule import ClipShape, Part, Schedule, check_batches


@dataclass(frozen=True)
class FinderRecipe(Schedule[Part]):
    """One training run. There is no moving average."""

    kind = "face-finder"

    stages: tuple[Part, ...]
    network: FinderConfig
    sure: float
    """Factor of the loss of whether there is a face, beside that of the landmarks."""
    people: int
    """Of the world, drawn once and kept for all epochs."""


def check_finder(recipe: FinderRecipe) -> None:
    """InputError for a recipe that no run could follow."""
    check_batches(recipe)
    side = recipe.network.side
    if side % 16:
        raise InputError(f"recipe {recipe.name}: pictures of {side} pixels are no multiple of 16")
    for number, stage in enumerate(recipe.stages, 1):
        if (stage.shape.width, stage.shape.height) != (side, side):
            raise InputError(
                f"recipe {recipe.name}, stage {number}: its pictures are not {side}x{side}, as the network's are"
            )


FACE_FINDER = FinderRecipe(
    name="face-finder-demo",
    network=FinderConfig(side=128, points=68, widths=(16, 32, 64, 80), blocks=2),
    stages=(
        Part(4 * 900, ClipShape(width=128, height=128, frames=2, zooms=(1.0,)), learning_rate=(3e-3, 0.0)),
    ),
    batch=4,
    ema=0.0,
    sure=0.2,
    people=400,
    seed=20_160_327,
)

FINDER_RECIPES: Mapping[str, FinderRecipe] = MappingProxyType({FACE_FINDER.name: FACE_FINDER})


def find_finder_recipe(name: str) -> FinderRecipe:
    """A recipe by name; InputError lists those that there are."""
    if name not in FINDER_RECIPES:
        raise InputError(f"no recipe {name!r} of a face finder; there are: {', '.join(FINDER_RECIPES)}")
    return FINDER_RECIPES[name]
