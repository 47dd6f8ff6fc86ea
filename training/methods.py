"""The ways of training by the recipes that ask for them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from ..errors import InputError
from .clips import Clips
from .encoder_method import EncoderMethod, read_encoder
from .encoder_recipe import EncoderRecipe, check_encoder
from .face_data import faces_to_find, world_faces
from .fewshot_clips import fewshot_world_clips
from .fewshot_method import FewShotMethod
from .fewshot_recipe import FewShotRecipe, check_fewshot
from .fewshot_result import read_fewshot
from .finder_method import FinderMethod, read_finder
from .finder_recipe import FinderRecipe, check_finder
from .future_clips import future_clips
from .future_method import FutureMethod, read_label_predictor
from .future_recipe import FutureRecipe, check_future
from .method import Method
from .recipe import Recipe, check_recipe
from .schedule import Schedule, check_batches
from .segmenter import SegmenterRecipe, segmenter_clips
from .segmenter_method import SegmenterMethod, read_segmenter
from .stylegan2_method import StyleGAN2Method, read_stylegan2
from .stylegan2_recipe import StyleGAN2Recipe, check_stylegan2
from .team import Team
from .vid2vid_method import Vid2VidMethod
from .vid2vid_result import read_generator
from .world_clips import world_clips

AnyRecipe = (
    Recipe | FewShotRecipe | FutureRecipe | SegmenterRecipe | StyleGAN2Recipe | EncoderRecipe | FinderRecipe
)


@dataclass(frozen=True)
class Approach:
    """What a kind of recipe needs before a run begins, and after it; the functions take the recipe."""

    kind: str
    """`Schedule.kind`; maliang train has a command of this name."""
    check: Callable[[Any], None]
    """InputError for one that no run could follow."""
    world_clips: Callable[[Any], Clips]
    """The data, where there is no other."""
    method: Callable[[Any, Team], Method]
    result: Callable[[Path], nn.Module]
    """A checkpoint -> what came out, as it is saved; InputError for what nobody should load."""


_APPROACHES = {
    approach.kind: approach
    for approach in (
        Approach(Recipe.kind, check_recipe, world_clips, Vid2VidMethod, read_generator),
        Approach(FewShotRecipe.kind, check_fewshot, fewshot_world_clips, FewShotMethod, read_fewshot),
        Approach(FutureRecipe.kind, check_future, future_clips, FutureMethod, read_label_predictor),
        Approach(SegmenterRecipe.kind, check_batches, segmenter_clips, SegmenterMethod, read_segmenter),
        Approach(StyleGAN2Recipe.kind, check_stylegan2, world_faces, StyleGAN2Method, read_stylegan2),
        Approach(EncoderRecipe.kind, check_encoder, world_faces, EncoderMethod, read_encoder),
        Approach(FinderRecipe.kind, check_finder, faces_to_find, FinderMethod, read_finder),
    )
}


def approach_of(recipe: Schedule[Any]) -> Approach:
    return _APPROACHES[recipe.kind]


def approach_to(path: Path, metadata: dict[str, str]) -> Approach:
    """By the metadata of a checkpoint; InputError for one of a kind that this version doesn't know."""
    kind = metadata.get("kind", Recipe.kind)
    if kind not in _APPROACHES:
        raise InputError(
            f"{path}: was written by a run of the kind {kind!r}; this version knows {', '.join(_APPROACHES)}"
        )
    return _APPROACHES[kind]
