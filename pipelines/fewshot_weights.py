"""The weights that exemplars are made into, to look at: how large they are at each size, and how much two subjects'
differ.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..errors import InputError
from ..models.fewshot.frame import Exemplars
from ..models.fewshot.generator import FewShotGenerator, identity_of
from ..training.markdown import markdown
from .fewshot import encode, looked_up
from .fewshot_options import Prepared

Generated = Mapping[tuple[int, str], Tensor]
"""(level, what for) -> all numbers of a generated convolution, float32 on the CPU."""

CELL = (96, 176)
"""(height, width) of a histogram in pixels."""
BINS = 44
BACKGROUND, INK, FIRST, SECOND = (22, 24, 29), (226, 229, 235), (84, 160, 255), (255, 170, 60)


class WeightRow(NamedTuple):
    """One generated convolution."""

    level: int
    """The decoder's size: 0 is the largest, each next one half."""
    part: str
    numbers: int
    mean: float
    spread: float
    """Standard deviation."""
    largest: float
    """Of their amounts."""
    norm: float
    distance: float | None
    """From another subject's, in mean norms: 0 for the same weights, 1.4 for unrelated ones of one size."""


@torch.inference_mode()
def generated_weights(generator: FewShotGenerator, prepared: Prepared, free: int | None = None) -> Generated:
    """What a network makes out of exemplars; one with attention is asked for a frame like the first exemplar.

    InputError for a network whose weights are all learnt.
    """
    if not generator.config.generated_levels:
        raise InputError("these weights make no others out of exemplars: all are learnt; choose others")
    return _of_frame(generator, encode(generator, prepared, free), prepared.labels[0])


def _of_frame(generator: FewShotGenerator, exemplars: Exemplars, labels: Tensor) -> Generated:
    identity = identity_of(generator, exemplars, looked_up(generator, exemplars, labels))
    found = {}
    for level, (block, embedding) in enumerate(zip(identity.blocks, identity.embedding, strict=True)):
        for part, conv in (*block._asdict().items(), ("label embedding", embedding)):
            numbers = [conv.weight[0].flatten(), conv.bias[0].flatten()]
            found[level, part.replace("_", " ")] = torch.cat(numbers).float().cpu()
    return found


def weight_rows(generated: Generated, other: Generated | None = None) -> list[WeightRow]:
    """One row for each convolution; other: those of another subject, of the same network."""
    rows = []
    for (level, part), numbers in generated.items():
        distance = None
        if other is not None:
            theirs = other[level, part]
            scale = (numbers.norm() + theirs.norm()) / 2
            distance = float((numbers - theirs).norm() / scale) if scale > 0 else 0.0
        mean, spread = float(numbers.mean()), float(numbers.std(correction=0))
        largest, norm = float(numbers.abs().max()), float(numbers.norm())
        rows.append(WeightRow(level, part, len(numbers), mean, spread, largest, norm, distance))
    return rows


def weights_table(rows: Sequence[WeightRow]) -> str:
    """The rows as Markdown."""
    head = ["size", "weights of", "numbers", "mean", "spread", "largest", "norm"]
    compared = rows[0].distance is not None
    lines = []
    for row in rows:
        cells = [f"1/{1 << row.level}", row.part, f"{row.numbers:,}"]
        cells += [f"{value:.3g}" for value in (row.mean, row.spread, row.largest, row.norm)]
        lines.append([*cells, f"{row.distance:.3f}"] if compared else cells)
    return markdown([*head, "distance"] if compared else head, lines)


def weights_picture(generated: Generated, other: Generated | None = None) -> NDArray[np.uint8]:
    """How the numbers of each convolution are distributed: a row for each size, uint8 `[h w 3]`.

    Blue: of the first subject; an orange line: of the other one. Each from the smallest to the largest number of both.
    """
    levels = sorted({level for level, _ in generated})
    parts = list(dict.fromkeys(part for _, part in generated))
    picture = Image.new("RGB", (CELL[1] * len(parts), CELL[0] * len(levels)), BACKGROUND)
    pen = ImageDraw.Draw(picture)
    for (level, part), numbers in generated.items():
        corner = (parts.index(part) * CELL[1], levels.index(level) * CELL[0])
        _draw_cell(
            pen, corner, f"1/{1 << level} {part}", numbers, None if other is None else other[level, part]
        )
    return np.array(picture)


def _draw_cell(
    pen: ImageDraw.ImageDraw, corner: tuple[int, int], title: str, numbers: Tensor, other: Tensor | None
) -> None:
    """A histogram under its title."""
    every = numbers if other is None else torch.cat([numbers, other])
    low, high = float(every.min()), float(every.max())
    high = high if high > low else low + 1e-6
    counts = [torch.histc(each, BINS, low, high) for each in (numbers, other) if each is not None]
    most = float(max(count.max() for count in counts))
    left, bottom = corner[0] + 8, corner[1] + CELL[0] - 18
    width, room = (CELL[1] - 16) / BINS, CELL[0] - 44
    font = ImageFont.load_default(11)
    for which, count in enumerate(counts):
        tops = [(bottom - room * float(value) / most) for value in count]
        for place, top in enumerate(tops):
            x = left + place * width
            if which == 0:
                pen.rectangle((x, top, x + width - 1, bottom), FIRST)
            else:
                pen.line((x, top, x + width, top), SECOND, 2)
    pen.text((left, corner[1] + 6), title, INK, font)
    pen.text((left, bottom + 3), f"{low:.2g}", INK, font)
    pen.text((left + BINS * width, bottom + 3), f"{high:.2g}", INK, font, anchor="ra")
