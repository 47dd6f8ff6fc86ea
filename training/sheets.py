"""Contact sheets: clips that nobody trained on, painted and put beside the truth, one clip a row."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..media.outputs import prepare_file, write_whole, writing
from ..media.pixels import to_file
from ..models.labels.drawn import show_drawn
from ..models.labels.frames import DrawnFrame
from ..models.labels.palette import LabelClass, Palette, builtin_palette, builtin_palette_names
from ..models.labels.preview import colorize
from ..models.vid2vid.config import GeneratorConfig
from ..models.vid2vid.generator import Vid2VidGenerator
from .clips import Batch, Clips, read_clip
from .painting import paint
from .schedule import ClipShape, Part

PREVIEW_CLIPS = (-1, -2, -3, -4)
"""Clip numbers that no run trains on."""

_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}


PREVIEW_FRAMES = 16


def preview_shape(stage: Part, longest: int | None) -> ClipShape:
    """Of the clips in the previews of a stage, as the footage shows them: 16 frames, or as many as the longest clip of
    the data has."""
    frames = PREVIEW_FRAMES if longest is None else min(PREVIEW_FRAMES, longest)
    return replace(stage.shape, frames=frames, zooms=(1.0,), mirrored=False, longest_step=1)


def contact_sheet(
    show: Callable[[int], list[NDArray[np.uint8]]], numbers: tuple[int, ...] = PREVIEW_CLIPS
) -> NDArray[np.uint8]:
    """The last frame of each of these clips, one below the other; show: gives the frames of a clip, `[h w 3]`.

    What can't be read stays black: a picture for people stops no training.
    """
    return np.concatenate([show(number)[-1] for number in numbers])


def preview_clip(generator: Vid2VidGenerator, clips: Clips, number: int) -> list[NDArray[np.uint8]]:
    """Every frame of a clip: labels, truth, generated, side by side, uint8 `[h 3*w 3]`."""
    try:
        clip = read_clip(clips, number).clip
    except InputError:
        shape = clips.shape_of(number)
        return [np.zeros((shape.height, 3 * shape.width, 3), np.uint8)]
    return [_beside(generator, clip, t, painted) for t, painted in enumerate(paint(generator, clip))]


def _beside(generator: Vid2VidGenerator, clip: Batch, t: int, painted: Tensor) -> NDArray[np.uint8]:
    """Labels, truth, generated."""
    truth, ours = to_file(clip["pictures"][t]), to_file(painted[0])
    return np.concatenate([shown_labels(generator, clip, t), truth, ours], axis=1)


def last_labels(generator: Vid2VidGenerator, clip: Batch) -> NDArray[np.uint8]:
    """A clip's last label map in the colours of the generator's palette, uint8 `[h w 3]`."""
    return shown_labels(generator, clip, len(clip["pictures"]) - 1)


def shown_labels(generator: Vid2VidGenerator, clip: Batch, t: int) -> NDArray[np.uint8]:
    """What the generator is given at frame t, for people: uint8 `[h w 3]`."""
    if "drawn" in clip:
        return show_drawn(DrawnFrame(clip["drawn"][t], None, None))
    return colorize(clip["ids"][t], _palette(generator.config))


def _palette(config: GeneratorConfig) -> Palette:
    """The built-in palette of a network; for any other, colours that its ids are told apart by."""
    if config.palette in builtin_palette_names():
        return builtin_palette(config.palette)
    spread = [tuple(n * step % 256 for step in (97, 57, 151)) for n in range(1, config.label_classes + 1)]
    classes = (LabelClass(n, f"class {n}", (r, g, b)) for n, (r, g, b) in enumerate(spread))
    return Palette(config.palette, tuple(classes))


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
