"""All recipes by name."""

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import InputError
from .ablation import VARIANTS
from .drawn_demos import DRAWN_DEMOS
from .footage import FOOTAGE_RECIPES
from .paper import PAPER_RECIPES
from .recipe import Recipe
from .street_demo import STREET_DEMO
from .street_features import STREET_FEATURES

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            STREET_DEMO,
            *DRAWN_DEMOS,
            *FOOTAGE_RECIPES,
            STREET_FEATURES,
            *PAPER_RECIPES,
            *VARIANTS.values(),
        )
    }
)


def find_recipe(name: str) -> Recipe:
    """A recipe by name; InputError lists those that there are."""
    if name not in RECIPES:
        raise InputError(f"no recipe {name!r}; there are: {', '.join(RECIPES)}")
    return RECIPES[name]
