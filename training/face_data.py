"""What networks of faces learn from, by recipe."""

from pathlib import Path

from .clips import Clips
from .encoder_recipe import EncoderRecipe
from .face_pictures import Epochs, FacePictures, PictureFolder
from .finder_pictures import FinderPictures
from .finder_recipe import FinderRecipe
from .kept_clips import KeptClips
from .stylegan2_recipe import StyleGAN2Recipe

AlignedRecipe = StyleGAN2Recipe | EncoderRecipe


def world_faces(recipe: AlignedRecipe, kept: Path | None = None) -> Clips:
    """Pictures of the world; kept: a folder to keep them in, 50 kB for one of 128 pixels (None: they aren't kept).

    Recipes of one seed see the same pictures, and may share the folder.
    """
    return _kept(FacePictures(recipe.seed, recipe.shape), recipe.people, kept)


def faces_to_find(recipe: FinderRecipe, kept: Path | None = None) -> Clips:
    """The same for pictures that faces are looked for in."""
    return _kept(FinderPictures(recipe.seed, recipe.shape), recipe.people, kept)


def _kept(clips: Clips, people: int, folder: Path | None) -> Clips:
    return Epochs(clips if folder is None else KeptClips(clips, folder / str(clips.seed)), people)


def folder_faces(recipe: AlignedRecipe, folder: Path) -> Clips:
    """Pictures of a folder; InputError where there are none."""
    return PictureFolder(recipe.seed, recipe.shape, folder)
