"""What each instance looks like, as a few numbers: read off a picture, painted into the label maps.

An encoder turns a picture into a map of numbers; their mean over each instance joins the label planes of the frame, so
that cars of one class can have different colours, and the colour of one can be chosen. An instance is a class together
with a number of the instance map: where there is none, all that is of one class is one instance. All instances of a
frame are worked on at once.

Source: Wang et al., "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs", 2018, 3.4; used
for video in Wang et al. 2018 (multi-modal synthesis). NVIDIA/vid2vid at 2e6d137 has the encoder for faces alone.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .parts import paint_style, part_means

_NUMBERS = 1 << 32
"""Instance numbers are 32 bits wide."""


class Instances(NamedTuple):
    """The instances that a batch of label maps shows."""

    places: Tensor
    """Which of the n instances every pixel belongs to, `[b h w]` int64."""
    frames: Tensor
    """Which map of the batch each of them is in, `[n]` int64."""
    classes: Tensor
    """`[n]` int64."""
    numbers: Tensor
    """As the instance map has them, `[n]` int64; 0 without one."""


def find_instances(ids: Tensor, instances: Tensor | None) -> Instances:
    """Label maps and instance maps `[b h w]`, integers -> their instances, ascending by frame, class and number."""
    keys = ids.long() << 32
    keys = keys + (torch.arange(len(ids), device=ids.device) << 48)[:, None, None]
    if instances is not None:
        keys |= instances.long() & (_NUMBERS - 1)
    runs, run = torch.unique_consecutive(
        keys.flatten(), return_inverse=True
    )  # few: sorting pixels takes longer
    found, place = torch.unique(runs, return_inverse=True)
    places = place[run].view_as(keys)
    numbers = found & (_NUMBERS - 1)
    signed = torch.where(numbers < _NUMBERS // 2, numbers, numbers - _NUMBERS)
    return Instances(places, found >> 48, (found >> 32) & 0xFFFF, signed)


def instance_means(features: Tensor, found: Instances) -> Tensor:
    """The mean of `[b f h w]` over every instance: `[n f]`, in the order of `found`, with gradients."""
    return part_means(features.transpose(0, 1), found.places, len(found.classes))


def paint_features(features: Tensor, ids: Tensor, instances: Tensor | None) -> Tensor:
    """Every pixel gets the mean over its instance: `[b f h w]` and maps `[b h w]` -> `[b f h w]`."""
    found = find_instances(ids, instances)
    return paint_style(found.places, instance_means(features, found))
