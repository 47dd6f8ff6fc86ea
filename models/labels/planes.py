"""One-hot label maps without their empty channels.

A street shows a dozen of 35 classes: the other planes of its one-hot map are zero, and so is everything that a
convolution makes of them. Keeping only the planes that hold something makes the first convolution of a network
three times cheaper and its input three times smaller, with the same result.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import InputError
from ..layers.storage import full_precision, stored_like
from .encoding import halve, instance_edges


@dataclass(frozen=True, eq=False)
class LabelPlanes:
    """Some channels of `total`; the channels that are not here are zero everywhere."""

    values: Tensor
    """`[b p h w]` float."""
    channels: Tensor
    """Which channel each plane is: `[p]` int64, ascending, on the device of `values`."""
    total: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.values.shape[2], self.values.shape[3]

    def halved(self) -> "LabelPlanes":
        return LabelPlanes(halve(self.values), self.channels, self.total)

    def first(self, total: int) -> "LabelPlanes":
        """Only the channels below `total`."""
        keep = int((self.channels < total).sum())
        return LabelPlanes(self.values[:, :keep], self.channels[:keep], total)

    def share(self, classes: Sequence[int]) -> Tensor | None:
        """How much of every pixel belongs to these channels together: `[b 1 h w]` float32, 0..1; None: nothing does.

        The channels are added up in the order given, as the reference does, so that the rounding is the same.
        """
        here = self.channels.tolist()
        planes = [full_precision(self.values[:, here.index(c)]) for c in classes if c in here]
        return sum(planes[1:], start=planes[0]).clamp(0, 1).unsqueeze(1) if planes else None

    def dense(self) -> Tensor:
        """All channels, `[b total h w]`."""
        full = self.values.new_zeros(self.values.shape[0], self.total, *self.size)
        return full.index_copy(1, self.channels, self.values)


def dense_planes(x: Tensor) -> LabelPlanes:
    """Drawn maps (sketches, poses), where every channel holds something: `[b c h w]`."""
    return LabelPlanes(x, torch.arange(x.shape[1], device=x.device), x.shape[1])


def label_planes(ids: Tensor, instances: Tensor | None, classes: int, dtype: torch.dtype) -> LabelPlanes:
    """One-hot planes of the classes that occur, then the instance edges where instances are given.

    ids `[b h w]`, 0..classes-1 (others: InputError); instances `[b h w]` or None. `total` is classes (+1).
    """
    present = torch.unique(ids).long()
    if present.numel() and (int(present[-1]) >= classes or int(present[0]) < 0):
        wrong = [int(i) for i in present if not 0 <= int(i) < classes]
        raise InputError(
            f"label map: class id {wrong[0]} is unknown to this network, which knows ids 0 to {classes - 1}; "
            "convert the labels to its palette first"
        )
    total = classes if instances is None else classes + 1
    channels = torch.cat([present, torch.arange(classes, total, device=ids.device)])
    rows = F.one_hot(channels, total).T.to(dtype)  # the planes' values at a pixel of each class
    planes = F.embedding(ids.int(), rows).permute(
        0, 3, 1, 2
    )  # [b h w p] -> [b p h w], channels last in memory
    if instances is not None:
        planes[:, -1:] = instance_edges(instances, dtype)
    return LabelPlanes(planes, channels, total)


def join_planes(parts: Sequence[LabelPlanes]) -> LabelPlanes:
    """Channels of several maps one after the other, as `torch.cat(dim=1)` of their dense forms."""
    offsets = [sum(p.total for p in parts[:i]) for i in range(len(parts))]
    return LabelPlanes(
        torch.cat([p.values for p in parts], 1),
        torch.cat([p.channels + offset for p, offset in zip(parts, offsets, strict=True)]),
        sum(p.total for p in parts),
    )


def style_planes(style: Tensor, size: tuple[int, int]) -> LabelPlanes:
    """A style `[b s]` as planes that are the same everywhere; styles that nobody in the batch uses are left out."""
    used = torch.nonzero(style.ne(0).any(0)).flatten()
    values = style[:, used, None, None].expand(-1, -1, *size)
    return LabelPlanes(values, used, style.shape[1])


def convolve_planes(conv: nn.Conv2d, planes: LabelPlanes) -> Tensor:
    """`conv(planes.dense())`, computed from the planes that are there."""
    x, padding = stored_like(planes.values, conv.weight), conv.padding
    if conv.padding_mode == "reflect":
        x, padding = F.pad(x, (conv.kernel_size[0] // 2,) * 4, mode="reflect"), (0, 0)
    return F.conv2d(x, conv.weight.index_select(1, planes.channels), conv.bias, conv.stride, padding)
