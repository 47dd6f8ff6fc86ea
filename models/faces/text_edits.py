"""A direction from two descriptions: "face" and "face with lipstick".

Source: Patashnik et al. 2021, "StyleCLIP: Text-Driven Manipulation of StyleGAN Imagery", section 6 (global directions);
orpatashnik/StyleCLIP, `global_torch`. A text encoder gives a step in its space; a table that was measured once for the
generator says how much each style moves pictures along that step; styles that hardly do are left alone.
"""

import torch.nn.functional as F
from torch import Tensor

from ...errors import InputError
from .directions import Direction


def description_feature(features: Tensor) -> Tensor:
    """Features `[t d]` of one description in t sentences, of any length -> their mean direction `[d]`, of length 1."""
    return F.normalize(F.normalize(features, dim=1).mean(0), dim=0)


def text_step(target: Tensor, neutral: Tensor) -> Tensor:
    """From one description's feature to the other's, `[d]` of length 1. InputError where they are the same."""
    step = target - neutral
    if not bool(step.any()):
        raise InputError("the two descriptions mean the same to the text encoder; describe what shall change")
    return F.normalize(step, dim=0)


def relevant_styles(table: Tensor, step: Tensor, beta: float) -> Tensor:
    """How much each style goes along with a step: `[s d]`, `[d]` -> `[s]`, of which the largest is 1 or -1.

    table: what each style does to a picture's feature; beta: relevance up to which a style stays as it is, 0 or more.
    InputError where that leaves none.
    """
    if table.dim() != 2 or table.shape[1] != len(step):
        raise InputError(
            f"the table of styles is {list(table.shape)}, the text encoder's features have {len(step)} numbers: they "
            "don't belong together"
        )
    relevance = table @ step
    kept = relevance * (relevance.abs() > beta)
    if not bool(kept.any()):
        raise InputError(
            f"no style is more relevant than beta {beta:g} to this description (the most relevant has "
            f"{float(relevance.abs().max()):.3g}); choose a lower beta, or another description"
        )
    return kept / kept.abs().max()


def text_direction(
    name: str, table: Tensor, target: Tensor, neutral: Tensor, beta: float, generator: str | None
) -> Direction:
    """The edit from one description to another; target, neutral: features `[t d]` of their sentences.

    generator: `latent_space` of the generator that the table was measured for.
    """
    step = text_step(description_feature(target), description_feature(neutral))
    return Direction(
        name=name,
        space="style",
        vector=relevant_styles(table, step, beta),
        unit="the style that goes along most moves by 1, the others in proportion",
        source=f"text, by a table of styles; beta {beta:g}",
        licence="that of the generator and of the table",
        generator=generator,
    )
