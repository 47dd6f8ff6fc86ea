"""What a few-shot generator is tuned by: an exemplar to be painted, and the exemplars that it is painted from.

Everything about example n follows from the seed and n. Tensors as in `pipelines.fewshot_options.Prepared`: pictures
`[K 3 h w]` in -1..1, label maps `[K c h w]`.
"""

import random
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

from .fewshot_tuning import Tuning

Shift = tuple[int, int]
"""Pixels to the right and down."""


class Exemplary(NamedTuple):
    """Pictures of a subject with their label maps."""

    images: Tensor
    labels: Tensor


class TuningExample(NamedTuple):
    """One thing to learn."""

    given: Exemplary
    """What is painted from."""
    wanted: Exemplary
    """The picture to be painted, `[1 3 h w]`, and its label map."""
    real: tuple[slice, slice]
    """Rows and columns that show it: beyond, there is only its repeated border."""


def draw_example(exemplars: Exemplary, tuning: Tuning, number: int, mirrors: bool) -> TuningExample:
    """Example `number`, 0 or more: every exemplar in turn, in an order that changes from round to round.

    It is painted from the others; a single one from itself, in colours that change with its own. It is moved a
    little, so that it can't be copied; half the time all is turned left to right, where labels allow that (`mirrors`).
    """
    count, height, width = len(exemplars.images), *exemplars.images.shape[2:]
    order = random.Random(f"{tuning.seed} round {number // count}").sample(range(count), count)
    draw = random.Random(f"{tuning.seed} example {number}")
    if mirrors and draw.random() < 0.5:
        exemplars = Exemplary(*(part.flip(-1) for part in exemplars))
    if count == 1:
        exemplars = exemplars._replace(images=_recoloured(exemplars.images, draw, tuning.colour))
    right, down = (round(draw.uniform(-1, 1) * tuning.shift * side) for side in (width, height))
    given, wanted = parted(exemplars, order[number % count])
    wanted = Exemplary(*(moved(part, (right, down)) for part in wanted))
    return TuningExample(given, wanted, _inside((right, down), (height, width)))


def parted(exemplars: Exemplary, wanted: int) -> tuple[Exemplary, Exemplary]:
    """The others, and the exemplar of that number; itself twice, where there are no others."""
    count = len(exemplars.images)
    others = [k for k in range(count) if k != wanted] or [wanted]
    return Exemplary(*(part[others] for part in exemplars)), Exemplary(
        *(part[[wanted]] for part in exemplars)
    )


def moved(x: Tensor, shift: Shift) -> Tensor:
    """`[b c h w]`, moved by whole pixels; its border is repeated where nothing comes in."""
    right, down = shift
    height, width = x.shape[2:]
    padded = F.pad(x, (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0)), mode="replicate")
    return padded[:, :, max(-down, 0) :, max(-right, 0) :][:, :, :height, :width]


def _inside(shift: Shift, size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a moved picture that show something."""
    (right, down), (height, width) = shift, size
    return slice(max(down, 0), height + min(down, 0)), slice(max(right, 0), width + min(right, 0))


def _recoloured(pictures: Tensor, draw: random.Random, colour: float) -> Tensor:
    gains, offsets = (
        pictures.new_tensor([draw.uniform(-colour, colour) for _ in range(3)]).view(3, 1, 1) for _ in range(2)
    )
    return (pictures * (1 + gains) + offsets).clamp(-1, 1)
