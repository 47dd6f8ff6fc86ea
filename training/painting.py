"""A clip painted by a generator, as it is shown and measured."""

from collections.abc import Iterator

from torch import Tensor

from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.rollout import synthesize_encoded
from .chunks import encode
from .clips import Batch


def paint(generator: Vid2VidGenerator, clip: Batch, given: int = 0) -> Iterator[Tensor]:
    """The generator's pictures of a clip without batch dimension, one for every frame.

    given: start from so many of the clip's own first pictures (0, or the generator's `past_frames`), which come out as
    they went in. Each is `[1 3 h w]` in -1..1, on the CPU, wherever the generator is.
    """
    on_device = {key: value[None].to(generator.device) for key, value in clip.items()}
    frames = (encode(generator, on_device, t) for t in range(len(clip["pictures"])))
    first = on_device["pictures"][:, :given] if given else None
    for picture in synthesize_encoded(generator, frames, first=first, style=on_device["style"]):
        yield picture.frame.cpu()
