"""What StyleGAN2 learns from, by recipe."""

from pathlib import Path

from .clips import Clips
from .face_pictures import Epochs, FacePictures, PictureFolder
from .kept_clips import KeptClips
from .stylegan2_recipe import StyleGAN2Recipe


def stylegan2_clips(recipe: StyleGAN2Recipe, kept: Path | None = None) -> Clips:
    """Pictures of the world; kept: the folder that they are kept in, 50 kB for one of 128 pixels (None: not kept)."""
    clips: Clips = FacePictures(recipe.seed, recipe.shape)
    return Epochs(clips if kept is None else KeptClips(clips, kept), recipe.people)


def folder_clips(recipe: StyleGAN2Recipe, folder: Path) -> Clips:
    """Pictures of a folder; InputError where there are none."""
    return PictureFolder(recipe.seed, recipe.shape, folder)
