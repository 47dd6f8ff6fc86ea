"""Whether a picture shows the same subject, told without a network and without a download.

The world knows which part of the subject each pixel shows (lips, hair, left sleeve, wall ...). What a part looks like
is the mean and the standard deviation of its red, green and blue; how unusual that is, what the same part looks like in
other subjects says. The similarity of two pictures is the cosine between how unusual their parts are: 1 for the same
subject, about 0 for any other. It is blind to shape, which the driver gives away, and to where in a part a colour is.
It takes the place of the face networks' cosine (ArcFace and its kind), with which it can't be compared.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

NOBODY = 255
"""Number of pixels that show no part of the subject."""
FEWEST_PIXELS = 8
"""Of a part, below which it isn't looked at."""
FEWEST_OTHERS = 4
"""Subjects that must have a part for it to be compared."""


class Appearance(NamedTuple):
    """What the parts of a picture look like."""

    values: Tensor
    """`[n 6]`: mean and standard deviation of red, green, blue (-1..1) of n parts."""
    present: Tensor
    """bool `[n]`: which parts are large enough."""


class Crowd(NamedTuple):
    """What parts look like in many subjects; of those that too few have, the spread is infinite."""

    mean: Tensor
    """`[n 6]`"""
    spread: Tensor
    """`[n 6]`"""


def appearance(picture: Tensor, parts: Tensor, count: int) -> Appearance:
    """picture `[3 h w]` in -1..1, parts uint8 `[h w]` (0 to count - 1, or `NOBODY`)."""
    there = parts.flatten() < count
    numbers, colors = parts.flatten()[there].long(), picture.flatten(1).T[there].double()
    pixels = torch.zeros(count, dtype=torch.float64).index_add_(0, numbers, torch.ones(len(numbers)).double())
    sums, squares = (
        torch.zeros(count, 3, dtype=torch.float64).index_add_(0, numbers, each)
        for each in (colors, colors.square())
    )
    mean = sums / pixels.clamp(min=1)[:, None]
    spread = (squares / pixels.clamp(min=1)[:, None] - mean.square()).clamp(min=0).sqrt()
    return Appearance(torch.cat([mean, spread], 1).float(), pixels >= FEWEST_PIXELS)


def crowd_of(appearances: Iterable[Appearance]) -> Crowd:
    """Two or more subjects, one picture each."""
    values, present = map(torch.stack, zip(*appearances, strict=True))
    there = present[..., None].float()
    count = there.sum(0)
    mean = (values * there).sum(0) / count.clamp(min=1)
    spread = (((values - mean) * there).square().sum(0) / count.clamp(min=1)).sqrt()
    common = (count >= FEWEST_OTHERS).expand_as(spread) & (spread > 0)
    return Crowd(mean, torch.where(common, spread, torch.inf))


def identity_similarity(picture: Appearance, truth: Appearance, crowd: Crowd) -> float:
    """-1..1; over the parts that both have."""
    there = (picture.present & truth.present)[:, None]
    ours, theirs = (((each.values - crowd.mean) / crowd.spread) * there for each in (picture, truth))
    return float(torch.cosine_similarity(ours.flatten(), theirs.flatten(), dim=0))
