"""Is the generator worth its weights? Unseen clips, painted by it and by simpler means, in one table."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..media.pixels import to_file
from ..models.labels.frames import LabelFrame
from ..models.labels.palette import builtin_palette
from ..models.labels.preview import colorize
from ..models.vid2vid.generator import Vid2VidGenerator, without_flow
from ..models.vid2vid.rollout import synthesize
from ..progress import Progress, silent
from .clips import Batch, StreetClips
from .metrics import psnr, temporal_difference_error, warping_error
from .perceptual import RandomFeatures, perceptual_distance
from .recipe import Stage

EVALUATION_SEED = 1_000_003
"""Clips of this seed are trained on by no recipe."""


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
    method: str
    scores: Scores


Painter = Callable[[Batch], Iterable[Tensor]]
"""A clip (without batch dimension) -> its pictures, `[1 3 h w]` in -1..1, one a frame."""


def evaluate(
    generator: Vid2VidGenerator, clips: int, frames: int, size: tuple[int, int], progress: Progress = silent
) -> list[Row]:
    """The generator, the generator without flow, and flat colours, on the same unseen street clips.

    size: (height, width). Memory: one clip.
    """
    stage = _stage(size, frames)
    data = StreetClips(EVALUATION_SEED, lambda number: stage)
    painters: dict[str, Painter] = {
        "vid2vid": lambda clip: paint(generator, clip),
        "vid2vid without flow": lambda clip: paint(generator, clip, warped=False),
        "flat colours": FlatColors(
            StreetClips(EVALUATION_SEED + 1, lambda number: replace(stage, frames=1)), 64
        ),
    }
    features = RandomFeatures()
    sums = {name: torch.zeros(len(fields(Scores))) for name in painters}
    for number in range(clips):
        clip = data[number]
        for name, painter in painters.items():
            sums[name] += clip_scores(features, clip, painter(clip))
        progress(number + 1, clips)
    return [Row(name, Scores(*(total / clips).tolist())) for name, total in sums.items()]


def paint(generator: Vid2VidGenerator, clip: Batch, warped: bool = True) -> Iterator[Tensor]:
    """The generator's pictures of a clip, starting from nothing; warped=False: every picture is painted anew."""
    frames = [
        LabelFrame(ids, instances) for ids, instances in zip(clip["ids"], clip["instances"], strict=True)
    ]
    source = generator if warped else without_flow(generator)
    for picture in synthesize(source, frames, style=clip["style"][None]):
        yield picture.frame


class FlatColors:
    """Every class in the mean colour that it has in other clips of the same look."""

    def __init__(self, clips: StreetClips, count: int) -> None:
        self.colors = mean_colors(clips, count)

    def __call__(self, clip: Batch) -> Iterator[Tensor]:
        look = int(clip["style"].argmax())
        for ids in clip["ids"]:
            yield self.colors[look][ids.long()].movedim(-1, 0)[None]


def mean_colors(clips: StreetClips, count: int) -> Tensor:
    """Mean colour of every class in every look over `count` clips, `[looks 256 3]` in -1..1."""
    looks = clips[0]["style"].shape[0]
    sums, counts = torch.zeros(looks, 256, 3), torch.zeros(looks, 256, 1)
    for number in range(count):
        clip = clips[number]
        look = int(clip["style"].argmax())
        ids, colors = clip["ids"].flatten().long(), clip["pictures"].movedim(1, -1).reshape(-1, 3)
        sums[look].index_add_(0, ids, colors)
        counts[look].index_add_(0, ids, torch.ones(ids.shape[0], 1))
    return sums / counts.clamp(min=1)


def clip_scores(features: RandomFeatures, clip: Batch, pictures: Iterable[Tensor]) -> Tensor:
    """The measures of one clip, in the order of `Scores`' fields: `[4]`."""
    per_frame, temporal = [], []
    before: Tensor | None = None
    for t, picture in enumerate(pictures):
        truth = clip["pictures"][t : t + 1]
        per_frame.append(torch.cat([psnr(picture, truth), perceptual_distance(features, picture, truth)]))
        if before is not None:
            flow, visible = clip["flow"][t : t + 1], clip["visible"][t : t + 1]
            flicker = warping_error(picture, before, flow, visible)
            change = temporal_difference_error(
                picture, before, truth, clip["pictures"][t - 1 : t], flow, visible
            )
            temporal.append(torch.cat([flicker, change]) * 1e3)
        before = picture
    return torch.cat([torch.stack(per_frame).mean(0), torch.stack(temporal).mean(0)])


def _stage(size: tuple[int, int], frames: int) -> Stage:
    height, width = size
    return Stage(clips=0, width=width, height=height, frames=frames, zooms=(1.0,))


def save_sheet(path: Path, generator: Vid2VidGenerator, size: tuple[int, int]) -> None:
    """A picture with one unseen clip of each look: labels, flat colours, generated, truth, after 24 frames."""
    stage = _stage(size, 24)
    clips = StreetClips(EVALUATION_SEED, lambda number: stage)
    flat = FlatColors(StreetClips(EVALUATION_SEED + 1, lambda number: replace(stage, frames=1)), 64)
    rows: dict[int, NDArray[np.uint8]] = {}
    number = 0
    while len(rows) < len(generator.config.style_names):
        clip = clips[number]
        rows.setdefault(int(clip["style"].argmax()), sheet_row(generator, flat, clip))
        number += 1
    temporary = path.with_name(f".{path.name}")
    Image.fromarray(np.concatenate([rows[look] for look in sorted(rows)])).save(
        temporary, path.suffix[1:].upper()
    )
    os.replace(temporary, path)


def sheet_row(generator: Vid2VidGenerator, flat: FlatColors, clip: Batch) -> NDArray[np.uint8]:
    """The last frame of a clip: labels, flat colours, generated, truth, side by side, uint8 `[h 4*w 3]`."""
    *_, painted = paint(generator, clip)
    *_, plain = flat(clip)
    labels = colorize(clip["ids"][-1], builtin_palette(generator.config.palette))
    pictures = [to_file(p) for p in (plain[0], painted[0], clip["pictures"][-1])]
    return np.concatenate([labels, *pictures], axis=1)
