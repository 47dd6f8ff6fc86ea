"""What few-shot generators have to beat: the exemplar as it is, warped by flow, and a network for other subjects.

Painters of clips as `fewshot_exams` makes them, without batch dimension: `[1 3 h w]` in -1..1 on the CPU for every
frame. All but `found_flow` see nothing of the true frames.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..media.pixels import to_file
from ..models.flow.estimators import estimate_flow
from ..models.flow.warp import warp
from ..models.labels.drawn import show_drawn
from ..models.labels.frames import DrawnFrame
from ..models.labels.palette import builtin_palette
from ..models.labels.preview import colorize
from ..models.vid2vid.generator import Vid2VidGenerator
from .clips import Batch
from .painting import paint
from .perceptual import TEACHER, RandomFeatures, perceptual_distance


def exemplar_alone(clip: Batch) -> Iterator[Tensor]:
    """The first exemplar, over and over."""
    for _ in clip["pictures"]:
        yield clip["exemplar_pictures"][:1]


class LabelFlow:
    """The first exemplar, warped by the flow that dense inverse search finds between the label maps."""

    def __init__(self, palette: str) -> None:
        """palette: name of a built-in one; "" for drawn maps."""
        self.palette = palette

    def __call__(self, clip: Batch) -> Iterator[Tensor]:
        there = self._shown(clip, "exemplar_", 0)
        for t in range(len(clip["pictures"])):
            flow = estimate_flow(self._shown(clip, "", t), there)
            yield warp(clip["exemplar_pictures"][:1], flow.displacement)

    def _shown(self, clip: Batch, prefix: str, t: int) -> NDArray[np.uint8]:
        if self.palette:
            return colorize(clip[f"{prefix}ids"][t], builtin_palette(self.palette))
        return show_drawn(DrawnFrame(clip[f"{prefix}drawn"][t], None, None))


def found_flow(clip: Batch) -> Iterator[Tensor]:
    """The first exemplar, warped by the flow that dense inverse search finds from the true frame."""
    there = to_file(clip["exemplar_pictures"][0])
    for picture in clip["pictures"]:
        flow = estimate_flow(to_file(picture), there)
        yield warp(clip["exemplar_pictures"][:1], flow.displacement)


class Rival:
    """Vid2vid that knows a few other subjects: it takes the one that looks most like the exemplar."""

    def __init__(self, generator: Vid2VidGenerator) -> None:
        self.generator = generator
        self._features = RandomFeatures(TEACHER)

    @torch.inference_mode()
    def __call__(self, clip: Batch) -> Iterator[Tensor]:
        shown = as_rival(clip)
        yield from paint(self.generator, shown | {"style": self._style(clip, shown)})

    def _style(self, clip: Batch, shown: Batch) -> Tensor:
        """The one whose first picture is nearest to the exemplar."""
        styles = torch.eye(len(self.generator.config.style_names))
        if not len(styles):
            return torch.zeros(0)
        begin = {name: values[:1] for name, values in shown.items()}
        pictures = torch.cat([next(paint(self.generator, begin | {"style": style})) for style in styles])
        exemplar = clip["exemplar_pictures"][:1].expand(len(pictures), -1, -1, -1)
        apart = (pictures - exemplar).abs().mean((1, 2, 3))
        return styles[int((apart + perceptual_distance(self._features, pictures, exemplar)).argmin())]


def as_rival(clip: Batch) -> Batch:
    """The clip as vid2vid takes it, without a style."""
    names = {"rival_drawn": "drawn", "rival_ids": "ids", "rival_instances": "instances"}
    return {"pictures": clip["pictures"]} | {new: clip[old] for old, new in names.items() if old in clip}
