"""Normalisation with the statistics of the frame at hand."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FrameNorm(nn.Module):
    """Normalise every channel of every frame by its own mean and variance, in training and at inference alike.

    The published vid2vid networks call their layers batch norm, but run one frame at a time and never switch to
    running statistics: with a batch of one, that is instance norm with a weight and a bias.
    """

    def __init__(self, channels: int, affine: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """`[b c h w]` -> `[b c h w]`; biased variance, eps 1e-5."""
        if x.shape[0] == 1:  # the same numbers, in a kernel that keeps the channels-last layout
            return F.batch_norm(x, None, None, self.weight, self.bias, training=True)
        return F.instance_norm(x, weight=self.weight, bias=self.bias)
