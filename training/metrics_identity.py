"""Whether a video shows the same person throughout, as a face recognition network sees it: TL-ID and TG-ID.

Source: Tzaban et al. 2022, section 5: how alike the frames of the edited video are, in units of how alike those of the
source are. 1: the edit costs no consistency; more is better, also above 1. Figures of two recognition networks can't
be compared, so every result names the one it was made with.

Embeddings are `[n d]`, one row a frame; they are brought to length 1 here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError

LEAST = 0.05
"""Cosine of two source frames below which they show no common person: a quotient by it says nothing."""
BLOCK = 1024
"""Rows of the matrix of all pairs that are in memory at once."""


class FaceEmbedding(Protocol):
    """A network that recognises faces."""

    description: str
    """What tables call it."""

    def __call__(self, frames: Tensor) -> Tensor:
        """`[b 3 h w]` in -1..1 -> `[b d]`; InputError for a frame without a face."""


@dataclass(frozen=True)
class Consistency:
    """Mean over pairs of frames."""

    value: float
    """NaN where no pair can be compared."""
    pairs: int
    left_out: int
    """Pairs whose source frames are less alike than `LEAST`."""


@dataclass(frozen=True)
class IdentityReport:
    """What `measure_identity` finds."""

    local: Consistency
    """TL-ID: neighbouring frames."""
    overall: Consistency
    """TG-ID: all pairs of frames."""
    to_source: float
    """Mean cosine between each edited frame and the frame that it was made from; 1 is the same person."""
    frames: int
    network: str
    """Description of the recognition network."""


def local_consistency(source: Tensor, edited: Tensor) -> Consistency:
    """TL-ID: mean quotient of the cosines of neighbouring frames, edited by source. `[n d]`, n of 2 or more."""
    s, e = (_neighbours(_units(x)) for x in _pair(source, edited))
    known = s.abs() >= LEAST
    return _mean_quotient(float((e[known] / s[known]).sum()), int(known.sum()), len(s))


def overall_consistency(source: Tensor, edited: Tensor, block: int = BLOCK) -> Consistency:
    """TG-ID: mean quotient over all ordered pairs of different frames. Memory: two matrices of `block` x n."""
    s, e = (_units(x) for x in _pair(source, edited))
    total, pairs = 0.0, 0
    for start in range(0, len(s), block):
        rows = slice(start, start + block)
        likeness, edited_likeness = s[rows] @ s.T, e[rows] @ e.T
        known = likeness.abs() >= LEAST
        known.diagonal(start).fill_(False)
        total += float((edited_likeness[known] / likeness[known]).sum())
        pairs += int(known.sum())
    return _mean_quotient(total, pairs, len(s) * (len(s) - 1))


def measure_identity(
    source: Iterable[Tensor], edited: Iterable[Tensor], embed: FaceEmbedding
) -> IdentityReport:
    """Of two videos with as many frames, `[3 h w]` in -1..1. Memory: one frame of each, and all embeddings.

    InputError where they differ in length, or have fewer than two frames.
    """
    rows: list[tuple[Tensor, Tensor]] = []
    for a, b in zip_longest(source, edited):
        if a is None or b is None:
            raise InputError(
                f"the two videos differ in length: one ends after {len(rows)} frames; give the edit of the same clip"
            )
        rows.append((embed(a[None])[0].cpu(), embed(b[None])[0].cpu()))
    if len(rows) < 2:
        raise InputError(f"consistency over time needs two frames or more, not {len(rows)}")
    before, after = (torch.stack(column) for column in zip(*rows, strict=True))
    return IdentityReport(
        local_consistency(before, after),
        overall_consistency(before, after),
        float((_units(before) * _units(after)).sum(1).mean()),
        len(rows),
        embed.description,
    )


def _pair(source: Tensor, edited: Tensor) -> tuple[Tensor, Tensor]:
    if source.shape != edited.shape or len(source) < 2:
        raise InputError(
            f"consistency compares two videos of as many frames, two or more; got {len(source)} and {len(edited)}"
        )
    return source, edited


def _units(embeddings: Tensor) -> Tensor:
    return F.normalize(embeddings.double(), dim=1)


def _neighbours(units: Tensor) -> Tensor:
    return (units[1:] * units[:-1]).sum(1)


def _mean_quotient(total: float, pairs: int, of: int) -> Consistency:
    return Consistency(total / pairs if pairs else float("nan"), pairs, of - pairs)
