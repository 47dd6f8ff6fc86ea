"""Contact sheets: clips that nobody trained on, painted and put beside the truth, one clip a row."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import Dataset

from ..errors import InputError
from ..media.outputs import prepare_file, write_whole, writing
from ..media.pixels import to_file
from ..models.labels.palette import builtin_palette
from ..models.labels.preview import colorize
from ..models.vid2vid.generator import Vid2VidGenerator
from .clips import Batch, StreetClips
from .painting import paint
from .recipe import Recipe

PREVIEW_CLIPS = (-1, -2, -3, -4)
"""Clip numbers that no run trains on."""

_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}


def preview_clips(recipe: Recipe) -> StreetClips:
    """Street clips for the previews of a run: 16 frames of its last stage's size."""
    shape = replace(recipe.stages[-1].shape, frames=16, zooms=(1.0,))
    return StreetClips(recipe.seed, lambda number: shape)


def preview(
    generator: Vid2VidGenerator, clips: Dataset[Batch], numbers: tuple[int, ...] = PREVIEW_CLIPS
) -> NDArray[np.uint8]:
    """The last frame of each of these clips: labels, truth, generated, side by side, uint8 `[n*h 3*w 3]`."""
    return np.concatenate([_preview_row(generator, clips[number]) for number in numbers])


def _preview_row(generator: Vid2VidGenerator, clip: Batch) -> NDArray[np.uint8]:
    *_, painted = paint(generator, clip)
    pictures = [to_file(picture) for picture in (clip["pictures"][-1], painted[0])]
    return np.concatenate([last_labels(generator, clip), *pictures], axis=1)


def last_labels(generator: Vid2VidGenerator, clip: Batch) -> NDArray[np.uint8]:
    """A clip's last label map in the colours of the generator's palette, uint8 `[h w 3]`."""
    return colorize(clip["ids"][-1], builtin_palette(generator.config.palette))


def prepare_sheet(path: Path) -> None:
    """Refuse, before the work begins, a name that no sheet can be saved under; make its folder."""
    if path.suffix.lower() not in _FORMATS:
        raise InputError(f"{path}: a picture's name ends in {', '.join(_FORMATS)}; choose such a name")
    prepare_file(path)


def save_sheet(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write uint8 `[h w 3]` in the format that the name's ending says; the file appears when it is whole."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, _FORMATS[path.suffix.lower()], quality=92)
    with writing(path):
        write_whole(path, buffer.getvalue())
