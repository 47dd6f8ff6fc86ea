"""What tuning is worth: how well a generator paints a subject's exemplars, and pictures that it never learnt from."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import InputError
from ..models.fewshot.generator import FewShotGenerator, encode_exemplars, step
from .fewshot_tuning import Tuning, mirrors_alike
from .fewshot_tuning_examples import Exemplary, TuningExample, draw_example, parted
from .markdown import markdown
from .metrics import psnr
from .perceptual import RandomFeatures, perceptual_distance

ALONE = 4
"""Examples that a single exemplar is judged by."""


@dataclass(frozen=True)
class Likeness:
    """Means over pictures, each painted by itself, without a frame before it."""

    pictures: int
    psnr: float
    """dB, higher is better."""
    perceptual_distance: float
    """LPIPS formula over random features, which nothing learns from; lower is better."""


@dataclass(frozen=True)
class TuningFigures:
    """Before and after."""

    exemplars: tuple[Likeness, Likeness]
    """Each painted from the others; a single one from itself, moved in ways that it isn't tuned with. All were learnt
    from."""
    check: tuple[Likeness, Likeness] | None
    """Pictures that nothing was learnt from, painted from all exemplars."""


def exemplar_likeness(generator: FewShotGenerator, exemplars: Exemplary, tuning: Tuning) -> Likeness:
    """Of the exemplars, on the generator's device."""
    count = len(exemplars.images)
    if count == 1:
        mirrors = mirrors_alike(generator.config)
        examples = (draw_example(exemplars, tuning, -1 - n, mirrors) for n in range(ALONE))
        return _likeness(generator, examples)
    everything = (slice(None), slice(None))
    return _likeness(generator, (TuningExample(*parted(exemplars, k), everything) for k in range(count)))


def check_likeness(generator: FewShotGenerator, exemplars: Exemplary, check: Exemplary) -> Likeness:
    """Of other pictures of the subject, on the generator's device."""
    everything = (slice(None), slice(None))
    each = (Exemplary(check.images[[k]], check.labels[[k]]) for k in range(len(check.images)))
    return _likeness(generator, (TuningExample(exemplars, wanted, everything) for wanted in each))


@torch.no_grad()
def _likeness(generator: FewShotGenerator, examples: Iterable[TuningExample]) -> Likeness:
    judge = RandomFeatures().to(generator.device)
    found: list[Tensor] = []
    for example in examples:
        rows, columns = example.real
        painted = paint_example(generator, example)[0][..., rows, columns]
        real = example.wanted.images[..., rows, columns]
        found.append(torch.stack([psnr(painted, real)[0], perceptual_distance(judge, painted, real)[0]]))
    likeness, distance = torch.stack(found).mean(0).tolist()
    if not math.isfinite(likeness + distance):
        raise InputError(
            "tuning: the network paints numbers that are not finite (NaN or infinity); take a lower learning rate, or "
            "other weights"
        )
    return Likeness(len(found), likeness, distance)


def paint_example(generator: FewShotGenerator, example: TuningExample) -> tuple[Tensor, Tensor | None]:
    """The picture, and what was painted before warped ones were blended in, if they are: `[1 3 h w]` each."""
    given = encode_exemplars(generator, example.given.labels, example.given.images)
    frame = step(generator, given, example.wanted.labels).frame
    return frame.image, frame.raw


def figures_table(figures: TuningFigures) -> str:
    """As Markdown, for people."""
    rows = [("exemplars (tuned on)", figures.exemplars)]
    rows += [] if figures.check is None else [("check (never seen)", figures.check)]
    return markdown(
        ("pictures", "number", "PSNR (dB) before", "after", "perceptual distance before", "after"),
        [
            (
                name,
                str(before.pictures),
                f"{before.psnr:.2f}",
                f"{after.psnr:.2f}",
                f"{before.perceptual_distance:.4f}",
                f"{after.perceptual_distance:.4f}",
            )
            for name, (before, after) in rows
        ],
    )
