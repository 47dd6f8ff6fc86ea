"""A clip painted by a generator, as it is shown and measured."""

from collections.abc import Iterator

from torch import Tensor

from ..models.labels.frames import LabelFrame
from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.rollout import synthesize
from .clips import Batch


def paint(generator: Vid2VidGenerator, clip: Batch) -> Iterator[Tensor]:
    """The generator's pictures of a clip without batch dimension, starting from nothing.

    One `[1 3 h w]` in -1..1 for every frame, on the CPU, wherever the generator is.
    """
    frames = [
        LabelFrame(ids, instances) for ids, instances in zip(clip["ids"], clip["instances"], strict=True)
    ]
    style = clip["style"][None].to(generator.device)
    for picture in synthesize(generator, frames, style=style):
        yield picture.frame.cpu()
