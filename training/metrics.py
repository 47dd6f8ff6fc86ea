"""Quality of generated video against the truth, as pure functions on single frames.

Pictures are `[b 3 h w]` in -1..1; every measure returns one number a picture, `[b]`.
"""

import torch
from torch import Tensor

from ..models.flow.warp import warp


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB; the peak-to-peak range is 2. Equal pictures: 100."""
    error = (a - b).square().mean((1, 2, 3)).clamp(min=4e-10)
    return 10 * torch.log10(4 / error)


def warping_error(picture: Tensor, before: Tensor, flow: Tensor, visible: Tensor) -> Tensor:
    """How much a video flickers: mean squared difference (range 0..1) to the frame before, moved by the true flow.

    Over the pixels that the frame before shows (`visible [b 1 h w]`). Source: Lai et al., "Learning Blind Video
    Temporal Consistency", 2018, equation 9. A video without any detail has no error: read it beside the other measures.
    """
    moved = warp(before, flow)
    return _visible_mean(((picture - moved) / 2).square(), visible)


def temporal_difference_error(
    picture: Tensor, before: Tensor, truth: Tensor, truth_before: Tensor, flow: Tensor, visible: Tensor
) -> Tensor:
    """How far a video's changes along the true flow are from the real video's changes, mean squared (range 0..1).

    What really changes (light, reflections, resampled texture) is no error here, and a change that is missing is one.
    """
    change = picture - warp(before, flow)
    true_change = truth - warp(truth_before, flow)
    return _visible_mean(((change - true_change) / 2).square(), visible)


def _visible_mean(error: Tensor, visible: Tensor) -> Tensor:
    return (error.mean(1, keepdim=True) * visible).sum((1, 2, 3)) / visible.sum((1, 2, 3)).clamp(min=1)
