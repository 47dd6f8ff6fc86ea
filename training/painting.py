"""A clip painted by a generator, as it is shown and measured."""

from collections.abc import Iterator

from torch import Tensor

from ..models.labels.frames import LabelFrame
from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.rollout import synthesize
from .clips import Batch


def paint(generator: Vid2VidGenerator, clip: Batch, given: int = 0) -> Iterator[Tensor]:
    """The generator's pictures of a clip without batch dimension, one for every frame.

    given: start from so many of the clip's own first pictures (0, or the generator's `past_frames`), which come out as
    they went in. Each is `[1 3 h w]` in -1..1, on the CPU, wherever the generator is.
    """
    frames = [
        LabelFrame(ids, instances) for ids, instances in zip(clip["ids"], clip["instances"], strict=True)
    ]
    style = clip["style"][None].to(generator.device)
    first = clip["pictures"][None, :given] if given else None
    for picture in synthesize(generator, frames, first=first, style=style):
        yield picture.frame.cpu()
