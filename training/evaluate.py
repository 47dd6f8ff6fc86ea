"""Is the generator worth its weights? Unseen clips, painted by it and by simpler means, in one table."""

from collections.abc import Iterable, Mapping
from functools import partial, reduce
from operator import add
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..media.pixels import to_file
from ..models.labels.reader import LabelReader
from ..models.vid2vid.generator import Vid2VidGenerator, without_flow
from ..progress import Progress, silent
from .clips import Batch, Clips
from .exams import Exam, Painter, exam_of
from .painting import paint
from .scores import Judge, Scores, Tally, scores_of
from .sheets import last_labels

SHEET_FRAMES = 24
"""A sheet shows the last of so many frames."""


class Row(NamedTuple):
    """One line of the table."""

    method: str
    scores: Scores


def evaluate(
    generator: Vid2VidGenerator,
    reader: LabelReader | None,
    clips: int,
    frames: int,
    size: tuple[int, int],
    progress: Progress = silent,
) -> list[Row]:
    """The generator, the generator without flow, the simplest painter and the truth, on the same unseen clips.

    The generator paints each clip from nothing, and once more from the clip's first pictures, which then aren't scored.
    reader: the segmenter of the generator's world, where it has one; clips: 1 or more; frames: of each, 3 or more and
    more than are given; size: (height, width). InputError for a generator that can't paint one of our worlds at this
    size. Memory: one clip.
    """
    exam = exam_of(generator.config)
    generator.config.check_size(*size)
    plain, given = without_flow(generator), generator.config.past_frames
    painters: dict[str, tuple[Painter, int]] = {
        "vid2vid": (partial(paint, generator), 0),
        "vid2vid without flow": (partial(paint, plain), 0),
        exam.simplest: (exam.simplest_painter(size), 0),
        f"vid2vid, {given} pictures given": (partial(paint, generator, given=given), given),
        f"vid2vid without flow, {given} pictures given": (partial(paint, plain, given=given), given),
    }
    return compare(painters, reader, exam.clips(size, frames), range(clips), progress)


def compare(
    painters: Mapping[str, tuple[Painter, int]],
    reader: LabelReader | None,
    data: Clips,
    numbers: Iterable[int],
    progress: Progress = silent,
) -> list[Row]:
    """One row for every painter, by its name, and a last one for the truth, on these clips of the data.

    painters: each with how many of a clip's first pictures it is given, which aren't scored.
    """
    judge, numbers = Judge(reader), list(numbers)
    tallies: dict[str, list[Tally]] = {name: [] for name in painters}
    truth: dict[int, list[Tally]] = {
        skipped: [] for skipped in (0, *(given for _, given in painters.values()))
    }
    for done, number in enumerate(numbers, 1):
        clip = data[number]
        for skipped, found in truth.items():
            found.append(judge.look(clip, clip["pictures"], skipped))
        for name, (painter, given) in painters.items():
            tallies[name].append(judge.look(clip, torch.cat(list(painter(clip))), given))
        progress(done, len(numbers))
    true = {skipped: _total(found) for skipped, found in truth.items()}
    rows = [Row(name, scores_of(_total(tallies[name]), true[given])) for name, (_, given) in painters.items()]
    return [*rows, Row("true frames", scores_of(true[0], true[0]))]


def evaluation_sheet(generator: Vid2VidGenerator, exam: Exam, size: tuple[int, int]) -> NDArray[np.uint8]:
    """An unseen clip of each style: labels, simplest, generated, truth, side by side, uint8 `[styles*h 4*w 3]`."""
    clips, simplest = exam.clips(size, SHEET_FRAMES), exam.simplest_painter(size)
    rows: dict[int, NDArray[np.uint8]] = {}
    number = 0
    while len(rows) < len(exam.styles):
        clip = clips[number]
        style = int(clip["style"].argmax())
        if style not in rows:
            rows[style] = _sheet_row(generator, simplest, clip)
        number += 1
    return np.concatenate([rows[style] for style in sorted(rows)])


def _sheet_row(generator: Vid2VidGenerator, simplest: Painter, clip: Batch) -> NDArray[np.uint8]:
    *_, painted = paint(generator, clip)
    *_, plain = simplest(clip)
    pictures = [to_file(picture) for picture in (plain[0], painted[0], clip["pictures"][-1])]
    return np.concatenate([last_labels(generator, clip), *pictures], axis=1)


def _total(tallies: list[Tally]) -> Tally:
    return reduce(add, tallies)
