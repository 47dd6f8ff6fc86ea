"""Pictures that some stage makes one by one, written to a video file with progress."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..media.writer import open_writer
from ..models.labels.frames import LabelStream
from ..models.labels.preview import colorize
from ..progress import Progress, silent
from ..training.worlds import WorldStream

Pictures = Iterable[NDArray[np.uint8]]
"""uint8 `[h w 3]` RGB each, all of one size."""


def write_clip(
    pictures: Pictures,
    out: Path,
    *,
    size: tuple[int, int],
    frame_rate: Fraction,
    total: int | None = None,
    codec: str = "h264",
    progress: Progress = silent,
) -> None:
    """Write pictures of `size` = (height, width) to `out`, one in memory at a time; `total` is for the progress alone.

    InputError if there are none; whatever fails, no file appears.
    """
    done = 0
    height, width = size
    with open_writer(out, width=width, height=height, frame_rate=frame_rate, codec=codec) as writer:
        for picture in pictures:
            writer.write(picture)
            done += 1
            progress(done, total, partial(np.asarray, picture))
        if not done:
            raise InputError("the clip holds no frames; give at least one")


def label_colors(labels: LabelStream) -> Iterator[NDArray[np.uint8]]:
    """Label maps in their palette's colours."""
    return (colorize(frame.ids, labels.palette) for frame in labels.frames())


def world_pictures(world: WorldStream) -> Iterator[NDArray[np.uint8]]:
    """What a camera would see of a procedural world."""
    return (frame.rgb for frame in world.truth())
