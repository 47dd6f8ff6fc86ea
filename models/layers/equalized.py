"""Layers whose weights are stored at unit variance and scaled as they are used.

Source: Karras et al. 2018, "Progressive Growing of GANs", 4.1.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class EqualizedLinear(nn.Module):
    """x (rate weight / sqrt(inputs))^T + rate bias: with Adam, it learns at `rate` times the speed of others."""

    def __init__(self, inputs: int, outputs: int, *, rate: float = 1.0, bias: float = 0.0) -> None:
        """bias: what it starts with."""
        super().__init__()
        self.rate = rate
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))

    def forward(self, x: Tensor) -> Tensor:
        """`[... i]` -> `[... o]`."""
        gain = self.rate / math.sqrt(self.weight.shape[1])
        return F.linear(x, self.weight * gain, self.bias * self.rate)


class EqualizedConvolution(nn.Module):
    """A convolution whose weights are stored at unit variance and divided by sqrt(inputs * k * k) as they are used."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, padding: int = 0, bias: bool = True
    ) -> None:
        """bias: starts at 0; False: there is none."""
        super().__init__()
        self.stride, self.padding = stride, padding
        self.gain = 1 / math.sqrt(inputs * kernel * kernel)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """`[b i h w]` -> `[b o h' w']`."""
        return F.conv2d(x, self.weight * self.gain, self.bias, self.stride, self.padding)
