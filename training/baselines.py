"""The simplest pictures that can be made of a clip: what a generator has to beat.

Each is learnt from `CLIPS` clips of one frame and paints a clip without batch dimension, `[1 3 h w]` in -1..1 on the
CPU for every frame.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from .clips import Batch

CLIPS = 64
"""That a baseline learns from."""


class FlatColors:
    """Every class in the mean colour that it has in a style."""

    def __init__(self, clips: Sequence[Batch], styles: int) -> None:
        self.colors = mean_colors(clips, styles)

    def __call__(self, clip: Batch) -> Iterator[Tensor]:
        for ids in clip["ids"]:
            yield self.colors[_style(clip)][ids.long()].movedim(-1, 0)[None]


class MeanPictures:
    """The mean of all pictures of a style, whatever the maps say."""

    def __init__(self, clips: Sequence[Batch], styles: int) -> None:
        self.pictures = mean_pictures(clips, styles)

    def __call__(self, clip: Batch) -> Iterator[Tensor]:
        for _ in clip["pictures"]:
            yield self.pictures[_style(clip)][None]


def mean_colors(clips: Sequence[Batch], styles: int) -> Tensor:
    """Mean colour of every class in every style, `[styles 256 3]` in -1..1; 0 where none was seen."""
    sums, counts = torch.zeros(styles, 256, 3), torch.zeros(styles, 256, 1)
    for clip in clips:
        ids, colors = clip["ids"].flatten().long(), clip["pictures"].movedim(1, -1).reshape(-1, 3)
        sums[_style(clip)].index_add_(0, ids, colors)
        counts[_style(clip)].index_add_(0, ids, torch.ones(ids.shape[0], 1))
    return sums / counts.clamp(min=1)


def mean_pictures(clips: Sequence[Batch], styles: int) -> Tensor:
    """Mean picture of every style, `[styles 3 h w]` in -1..1; 0 for a style that no clip has."""
    sums, counts = clips[0]["pictures"].new_zeros(styles, *clips[0]["pictures"].shape[1:]), [0] * styles
    for clip in clips:
        sums[_style(clip)] += clip["pictures"].sum(0)
        counts[_style(clip)] += len(clip["pictures"])
    return sums / torch.tensor(counts).clamp(min=1).view(-1, 1, 1, 1)


def _style(clip: Batch) -> int:
    return int(clip["style"].argmax())
