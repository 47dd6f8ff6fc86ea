"""The ways of training by the recipes that ask for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .clips import Clips
from .fewshot_clips import fewshot_world_clips
from .fewshot_method import FewShotMethod
from .fewshot_recipe import FewShotRecipe, check_fewshot
from .method import Method
from .recipe import Recipe, check_recipe
from .team import Team
from .vid2vid_method import Vid2VidMethod
from .world_clips import world_clips

AnyRecipe = Recipe | FewShotRecipe


@dataclass(frozen=True)
class Approach:
    """What a kind of recipe needs before a run begins; all take the recipe."""

    check: Callable[[Any], None]
    """InputError for one that no run could follow."""
    world_clips: Callable[[Any], Clips]
    """The data, where there is no other."""
    method: Callable[[Any, Team], Method]


_APPROACHES: dict[type, Approach] = {
    Recipe: Approach(check_recipe, world_clips, Vid2VidMethod),
    FewShotRecipe: Approach(check_fewshot, fewshot_world_clips, FewShotMethod),
}


def approach_of(recipe: AnyRecipe) -> Approach:
    return _APPROACHES[type(recipe)]
