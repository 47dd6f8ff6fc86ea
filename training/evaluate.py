"""Is the generator worth its weights? Unseen clips, painted by it and by simpler means, in one table."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial, reduce
from operator import add
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.pixels import to_file
from ..models.labels.reader import LabelReader
from ..models.vid2vid.config import GeneratorConfig
from ..models.vid2vid.generator import Vid2VidGenerator, without_flow
from ..progress import Progress, silent
from .clips import Batch, StreetClips
from .painting import paint
from .recipe import ClipShape
from .scores import Judge, Scores, Tally, scores_of
from .sheets import last_labels
from .worlds.looks import LOOKS

EVALUATION_SEED = 1_000_003
"""Clips of this seed are trained on by no recipe."""

COLOR_CLIPS = 64
"""Other clips that the flat colours are taken from."""

SHEET_FRAMES = 24
"""A sheet shows the last of so many frames."""


class Row(NamedTuple):
    """One line of the table."""

    method: str
    scores: Scores


Painter = Callable[[Batch], Iterable[Tensor]]
"""A clip (without batch dimension) -> its pictures, `[1 3 h w]` in -1..1 on the CPU, one a frame."""


def evaluate(
    generator: Vid2VidGenerator,
    reader: LabelReader,
    clips: int,
    frames: int,
    size: tuple[int, int],
    progress: Progress = silent,
) -> list[Row]:
    """The generator, the generator without flow, flat colours and the truth, on the same unseen street clips.

    The generator paints each clip from nothing, and once more from the clip's first pictures, which then aren't scored.
    reader: the street's segmenter; clips: 1 or more; frames: of each, 3 or more and more than are given; size: (height,
    width). InputError for a generator that can't paint the street at this size. Memory: one clip.
    """
    check_paints_street(generator.config, size)
    plain, given = without_flow(generator), generator.config.past_frames
    painters: dict[str, tuple[Painter, int]] = {
        "vid2vid": (partial(paint, generator), 0),
        "vid2vid without flow": (partial(paint, plain), 0),
        "flat colours": (FlatColors(size), 0),
        f"vid2vid, {given} pictures given": (partial(paint, generator, given=given), given),
        f"vid2vid without flow, {given} pictures given": (partial(paint, plain, given=given), given),
    }
    return compare(painters, reader, clips, frames, size, progress)


def compare(
    painters: Mapping[str, tuple[Painter, int]],
    reader: LabelReader,
    clips: int,
    frames: int,
    size: tuple[int, int],
    progress: Progress = silent,
) -> list[Row]:
    """One row for every painter, by its name, and a last one for the truth, on the same unseen street clips.

    painters: each with how many of a clip's first pictures it is given, which aren't scored.
    """
    shape = _shape(size, frames)
    data = StreetClips(EVALUATION_SEED, lambda number: shape)
    judge = Judge(reader)
    tallies: dict[str, list[Tally]] = {name: [] for name in painters}
    truth: dict[int, list[Tally]] = {
        skipped: [] for skipped in (0, *(given for _, given in painters.values()))
    }
    for number in range(clips):
        clip = data[number]
        for skipped, found in truth.items():
            found.append(judge.look(clip, clip["pictures"], skipped))
        for name, (painter, given) in painters.items():
            tallies[name].append(judge.look(clip, torch.cat(list(painter(clip))), given))
        progress(number + 1, clips)
    true = {skipped: _total(found) for skipped, found in truth.items()}
    rows = [Row(name, scores_of(_total(tallies[name]), true[given])) for name, (_, given) in painters.items()]
    return [*rows, Row("true frames", scores_of(true[0], true[0]))]


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


def _total(tallies: list[Tally]) -> Tally:
    return reduce(add, tallies)


def _shape(size: tuple[int, int], frames: int) -> ClipShape:
    height, width = size
    return ClipShape(width=width, height=height, frames=frames, zooms=(1.0,))
