"""Convolution whose inputs are scaled by a style, and whose outputs are brought back to unit variance (demodulation).

The style can scale the weights, one set for each sample, or what goes in and comes out: equal but for rounding. Which
is cheaper depends on which of them has fewer numbers.

Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", 2.2, equations 1 and 3.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .binomial import binomial_kernel, smooth
from .storage import full_precision

EPS = 1e-8


def modulated_convolution(
    x: Tensor, weight: Tensor, style: Tensor, bias: Tensor, *, gain: float = 1.0, up: bool = False
) -> Tensor:
    """3x3 with demodulation: gain * (demodulated(style * x) * weight) + gain * bias.

    x [b i h w]; weight [o i 3 3]; style [b i]; bias [o]; returns [b o h w], or [b o 2h 2w] with `up`: a transposed
    convolution with stride 2, then the binomial filter.
    """
    inputs = full_precision(style)
    outputs = _output_scale(weight, inputs) * gain
    bias = (bias * gain).to(x.dtype)
    pixels = x.shape[2] * x.shape[3]
    activations = pixels * (weight.shape[1] + (4 if up else 1) * weight.shape[0])
    if x.dtype in (torch.float16, torch.bfloat16) or weight.numel() < activations:
        return _with_scaled_weights(x, weight, inputs, outputs, bias, up)
    return _with_scaled_activations(x, weight, inputs, outputs, bias, up)


def modulated_points(x: Tensor, weight: Tensor, style: Tensor, bias: Tensor) -> Tensor:
    """1x1 without demodulation: x [b i h w], weight [o i 1 1], style [b i], bias [o] -> [b o h w]."""
    weights = (weight.flatten(1) * style[:, None, :]).to(x.dtype)  # [b o i]
    pixels = x.permute(0, 2, 3, 1).flatten(1, 2)  # [b n i]
    made = torch.baddbmm(bias.to(x.dtype), pixels, weights.transpose(1, 2))
    return made.view(len(x), *x.shape[2:], -1).permute(0, 3, 1, 2)


def _output_scale(weight: Tensor, style: Tensor) -> Tensor:
    """1 / sqrt(sum of (weight * style)^2 over inputs and pixels): `[b o]`."""
    energy = full_precision(weight).square().sum((2, 3))  # [o i]
    return torch.rsqrt(F.linear(style.square(), energy) + EPS)


def _with_scaled_weights(
    x: Tensor, weight: Tensor, inputs: Tensor, outputs: Tensor, bias: Tensor, up: bool
) -> Tensor:
    scales = outputs[:, :, None, None, None] * inputs[:, None, :, None, None]  # [b o i 1 1]
    if up:
        weight, scales = _transposed(weight), scales.transpose(1, 2)
    if len(x) == 1:
        return _convolve(x, (weight * scales[0]).to(x.dtype), bias, up)
    each = [
        _convolve(sample, (weight * scale).to(x.dtype), bias, up)
        for sample, scale in zip(x.chunk(len(x)), scales, strict=True)
    ]
    return torch.cat(each)


def _with_scaled_activations(
    x: Tensor, weight: Tensor, inputs: Tensor, outputs: Tensor, bias: Tensor, up: bool
) -> Tensor:
    scaled = x * inputs[:, :, None, None].to(x.dtype)
    y = _convolve(scaled, _transposed(weight) if up else weight, None, up)
    return torch.addcmul(bias[:, None, None], y, outputs[:, :, None, None].to(x.dtype))


def _transposed(weight: Tensor) -> Tensor:
    """[o i 3 3] -> [i o 3 3], copied once here and not by every kernel that reads it, in training three of them."""
    last = weight.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    return weight.transpose(0, 1).contiguous(memory_format=layout)


def _convolve(x: Tensor, weight: Tensor, bias: Tensor | None, up: bool) -> Tensor:
    """weight: transposed where `up`.

    There the bias isn't left to the filter's kernel, whose backward pass would compute gradients of the filter, too,
    which takes ten times as long as those that are asked for.
    """
    if not up:
        return F.conv2d(x, weight, bias, padding=1)
    y = smooth(F.conv_transpose2d(x, weight, stride=2), binomial_kernel(gain=4.0).to(x.device))
    return y if bias is None else y.add_(bias[:, None, None])
