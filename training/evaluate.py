"""Is the generator worth its weights? Unseen clips, painted by it and by simpler means, in one table."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.pixels import to_file
from ..models.vid2vid.config import GeneratorConfig
from ..models.vid2vid.generator import Vid2VidGenerator, without_flow
from ..progress import Progress, silent
from .clips import Batch, StreetClips
from .metrics import psnr, temporal_difference_error, warping_error
from .painting import paint
from .perceptual import RandomFeatures, perceptual_distance
from .recipe import ClipShape
from .sheets import last_labels
from .worlds.looks import LOOKS

EVALUATION_SEED = 1_000_003
"""Clips of this seed are trained on by no recipe."""

COLOR_CLIPS = 64
"""Other clips that the flat colours are taken from."""

SHEET_FRAMES = 24
"""A sheet shows the last of so many frames."""


@dataclass(frozen=True)
class Scores:
    """Means over all frames of all clips."""

    psnr: float
    """dB, higher is better."""
    perceptual_distance: float
    """LPIPS formula over random features; lower is better."""
    warping_error: float
    """1e-3; lower is better."""
    temporal_difference_error: float
    """1e-3; lower is better."""


class Row(NamedTuple):
    """One line of the table."""

    method: str
    scores: Scores


Painter = Callable[[Batch], Iterable[Tensor]]
"""A clip (without batch dimension) -> its pictures, `[1 3 h w]` in -1..1 on the CPU, one a frame."""


def evaluate(
    generator: Vid2VidGenerator, clips: int, frames: int, size: tuple[int, int], progress: Progress = silent
) -> list[Row]:
    """The generator, the generator without flow, and flat colours, on the same unseen street clips.

    The generator paints each clip from nothing, and once more from the clip's first pictures, which then aren't scored.
    clips: 1 or more; frames: of each, 2 or more and more than are given; size: (height, width). InputError for a
    generator that can't paint the street at this size. Memory: one clip.
    """
    check_paints_street(generator.config, size)
    shape = _shape(size, frames)
    data = StreetClips(EVALUATION_SEED, lambda number: shape)
    plain, given = without_flow(generator), generator.config.past_frames
    painters: dict[str, tuple[Painter, int]] = {
        "vid2vid": (partial(paint, generator), 0),
        "vid2vid without flow": (partial(paint, plain), 0),
        "flat colours": (FlatColors(size), 0),
        f"vid2vid, {given} pictures given": (partial(paint, generator, given=given), given),
        f"vid2vid without flow, {given} pictures given": (partial(paint, plain, given=given), given),
    }
    features = RandomFeatures()
    sums = {name: torch.zeros(len(fields(Scores))) for name in painters}
    for number in range(clips):
        clip = data[number]
        for name, (painter, skipped) in painters.items():
            sums[name] += clip_scores(features, clip, painter(clip), skipped)
        progress(number + 1, clips)
    return [Row(name, Scores(*(total / clips).tolist())) for name, total in sums.items()]


def check_paints_street(config: GeneratorConfig, size: tuple[int, int]) -> None:
    """InputError for a generator that knows other labels or other looks than the street has."""
    if config.palette != "cityscapes" or config.style_names not in ((), LOOKS):
        looks = ", ".join(config.style_names) or "one"
        raise InputError(
            f"these weights know the labels of {config.palette or 'drawn maps'!r} and the looks {looks}; "
            f"the street has those of 'cityscapes' and the looks {', '.join(LOOKS)}: choose other weights"
        )
    config.check_size(*size)


class FlatColors:
    """Every class in the mean colour that it has in other clips of the same look."""

    def __init__(self, size: tuple[int, int]) -> None:
        """size: (height, width) of the clips to paint."""
        shape = _shape(size, frames=1)
        self.colors = mean_colors(StreetClips(EVALUATION_SEED + 1, lambda number: shape), COLOR_CLIPS)

    def __call__(self, clip: Batch) -> Iterator[Tensor]:
        """A clip -> `[1 3 h w]` in -1..1 for every frame."""
        look = int(clip["style"].argmax())
        for ids in clip["ids"]:
            yield self.colors[look][ids.long()].movedim(-1, 0)[None]


def mean_colors(clips: StreetClips, count: int) -> Tensor:
    """Mean colour of every class in every look over `count` clips, `[looks 256 3]` in -1..1; 0 where none was seen."""
    sums, counts = torch.zeros(len(LOOKS), 256, 3), torch.zeros(len(LOOKS), 256, 1)
    for number in range(count):
        clip = clips[number]
        look = int(clip["style"].argmax())
        ids, colors = clip["ids"].flatten().long(), clip["pictures"].movedim(1, -1).reshape(-1, 3)
        sums[look].index_add_(0, ids, colors)
        counts[look].index_add_(0, ids, torch.ones(ids.shape[0], 1))
    return sums / counts.clamp(min=1)


def clip_scores(
    features: RandomFeatures, clip: Batch, pictures: Iterable[Tensor], skipped: int = 0
) -> Tensor:
    """The measures of one clip of two frames or more, in the order and the units of `Scores`' fields: `[4]`.

    The first `skipped` frames, fewer than there are, were given and are not scored.
    """
    per_frame, temporal = [], []
    before: Tensor | None = None
    for t, picture in enumerate(pictures):
        if t < skipped:
            before = picture
            continue
        truth = clip["pictures"][t : t + 1]
        per_frame.append(torch.cat([psnr(picture, truth), perceptual_distance(features, picture, truth)]))
        if before is not None:
            flow, visible = clip["flow"][t : t + 1], clip["visible"][t : t + 1]
            truth_before = clip["pictures"][t - 1 : t]
            flicker = warping_error(picture, before, flow, visible)
            change = temporal_difference_error(picture, before, truth, truth_before, flow, visible)
            temporal.append(torch.cat([flicker, change]) * 1e3)
        before = picture
    return torch.cat([torch.stack(per_frame).mean(0), torch.stack(temporal).mean(0)])


def evaluation_sheet(generator: Vid2VidGenerator, size: tuple[int, int]) -> NDArray[np.uint8]:
    """One unseen clip of each look: labels, flat colours, generated, truth, side by side, uint8 `[looks*h 4*w 3]`."""
    shape = _shape(size, SHEET_FRAMES)
    clips, flat = StreetClips(EVALUATION_SEED, lambda number: shape), FlatColors(size)
    rows: dict[int, NDArray[np.uint8]] = {}
    number = 0
    while len(rows) < len(LOOKS):
        clip = clips[number]
        look = int(clip["style"].argmax())
        if look not in rows:
            rows[look] = _sheet_row(generator, flat, clip)
        number += 1
    return np.concatenate([rows[look] for look in sorted(rows)])


def _sheet_row(generator: Vid2VidGenerator, flat: FlatColors, clip: Batch) -> NDArray[np.uint8]:
    *_, painted = paint(generator, clip)
    *_, plain = flat(clip)
    pictures = [to_file(picture) for picture in (plain[0], painted[0], clip["pictures"][-1])]
    return np.concatenate([last_labels(generator, clip), *pictures], axis=1)


def _shape(size: tuple[int, int], frames: int) -> ClipShape:
    height, width = size
    return ClipShape(width=width, height=height, frames=frames, zooms=(1.0,))
