"""Flow over several frames, put together from that of single ones."""

from collections.abc import Sequence

from torch import Tensor

from .warp import warp

SEEN = 0.99
"""Visibility that a pixel between others must have at the least: they are all seen."""


def chained_flow(steps: Sequence[Tensor]) -> Tensor:
    """Backward flow of each frame to the one before it, the latest first: `[b 2 h w]` pixels each."""
    total = steps[0]
    for step in steps[1:]:
        total = total + warp(step, total)
    return total


def chained_visibility(steps: Sequence[Tensor], visible: Sequence[Tensor]) -> Tensor:
    """Which pixels of the latest frame are seen in all the frames before: 1 or 0.

    steps, visible: of each frame to the one before it, the latest first: `[b 2 h w]` pixels, `[b 1 h w]` 1 or 0.
    """
    total, seen = steps[0], visible[0]
    for step, there in zip(steps[1:], visible[1:], strict=True):
        seen = seen * (warp(there, total) > SEEN)
        total = total + warp(step, total)
    return seen
