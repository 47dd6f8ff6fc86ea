"""The endless clips of the world that a recipe names."""

from .clips import Clips, StreetClips
from .drawn_clips import FaceClips, PuppetClips
from .recipe import Recipe


def world_clips(recipe: Recipe) -> Clips:
    """Clips that look as the recipe says; as many people as its network has styles."""
    styles = len(recipe.generator.style_names)
    if recipe.world == "faces":
        return FaceClips(recipe.seed, recipe.shape, styles)
    if recipe.world == "puppets":
        return PuppetClips(recipe.seed, recipe.shape, styles)
    return StreetClips(recipe.seed, recipe.shape, styles)
