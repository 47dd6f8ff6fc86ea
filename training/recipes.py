"""All recipes by name."""

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import InputError
from .ablation import VARIANTS
from .drawn_demos import DRAWN_DEMOS
from .fewshot_ablation import FEWSHOT_VARIANTS
from .fewshot_demos import FEWSHOT_DEMOS
from .fewshot_paper import FEWSHOT_PAPER
from .fewshot_recipe import FewShotRecipe
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

FEWSHOT_RECIPES: Mapping[str, FewShotRecipe] = MappingProxyType(
    {recipe.name: recipe for recipe in (*FEWSHOT_DEMOS, *FEWSHOT_PAPER, *FEWSHOT_VARIANTS.values())}
)
"""Of another kind of network, trained by another command."""


def find_recipe(name: str) -> Recipe:
    """A recipe by name; InputError lists those that there are."""
    if name in FEWSHOT_RECIPES:
        raise InputError(f"recipe {name!r} is for maliang train fewshot")
    if name not in RECIPES:
        raise InputError(f"no recipe {name!r}; there are: {', '.join(RECIPES)}")
    return RECIPES[name]


def find_fewshot_recipe(name: str) -> FewShotRecipe:
    """A few-shot recipe by name; InputError lists those that there are."""
    if name in RECIPES:
        raise InputError(f"recipe {name!r} is for maliang train vid2vid")
    if name not in FEWSHOT_RECIPES:
        raise InputError(f"no few-shot recipe {name!r}; there are: {', '.join(FEWSHOT_RECIPES)}")
    return FEWSHOT_RECIPES[name]
