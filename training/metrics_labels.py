"""How well label maps agree, as pure functions on counts of pixels."""

import torch
from torch import Tensor

IDS = 256
"""Ids are 0..255."""

Confusion = Tensor
"""Pixels by the id they have and the id that was found, int64 `[256 256]`; those of several pictures are added up."""


def empty_confusion() -> Confusion:
    """Of no pixel at all."""
    return torch.zeros(IDS, IDS, dtype=torch.int64)


def confusion(truth: Tensor, found: Tensor) -> Confusion:
    """Label maps of any shape, both of the same, ids 0..255 -> their counts."""
    pairs = truth.flatten().long() * IDS + found.flatten().long()
    return torch.bincount(pairs, minlength=IDS * IDS).view(IDS, IDS)


def class_ious(counts: Confusion) -> dict[int, float]:
    """Intersection over union of every id that occurs in the truth, 0..1."""
    hits, true, found = counts.diagonal(), counts.sum(1), counts.sum(0)
    ious = hits / (true + found - hits).clamp(min=1)
    return {i: float(ious[i]) for i in true.nonzero().flatten().tolist()}


def mean_iou(counts: Confusion) -> float:
    """Mean of `class_ious`, every class alike; 0 where nothing was counted.

    Source: Everingham et al. 2015, "The Pascal Visual Object Classes Challenge: A Retrospective", 3.2; over all pixels
    of all pictures at once, as there and in Cityscapes.
    """
    ious = class_ious(counts)
    return sum(ious.values()) / max(1, len(ious))
