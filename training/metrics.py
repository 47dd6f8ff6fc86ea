"""Quality of generated video against the truth, as pure functions on a few frames.

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


def flicker(pictures: Tensor, flows: Tensor, visible: Tensor) -> Tensor:
    """How much each pixel goes back and forth: mean absolute second difference (range 0..1) along the true motion.

    pictures `[b 3 3 h w]`: three successive frames; flows `[b 2 2 h w]` and visible `[b 2 1 h w]`: from the second
    frame to the first, from the third to the second. Over the pixels that all three frames show. What changes steadily
    is no flicker, unlike in VBench's temporal flickering (Huang et al. 2024), the first difference of clips that stand
    still, which a moving camera doesn't have.
    """
    first, middle, last = pictures.unbind(1)
    (earlier, later), (seen_before, seen) = flows.unbind(1), visible.unbind(1)
    change = last - warp(middle, later)
    change_before = warp(middle - warp(first, earlier), later)
    there = seen * (warp(seen_before, later) > 0.999)
    return _visible_mean(((change - change_before) / 2).abs(), there)


def _visible_mean(error: Tensor, visible: Tensor) -> Tensor:
    return (error.mean(1, keepdim=True) * visible).sum((1, 2, 3)) / visible.sum((1, 2, 3)).clamp(min=1)


def unasked_flicker(pictures: Tensor, wanted: Tensor, masks: Tensor) -> Tensor:
    """How much goes back and forth that nobody asked for: mean absolute second difference (range 0..1) of what differs.

    pictures, wanted `[b 3 3 h w]`: three successive frames, and what they should show; masks `[b 3 1 h w]` in 0..1:
    where that is known, of which the second frame's counts. No motion has to be known: what is wanted moves with the
    face.
    """
    first, middle, last = ((pictures - wanted) * masks / 2).unbind(1)
    change = (last - 2 * middle + first).abs().mean(1, keepdim=True) * masks[:, 1]
    return change.sum((1, 2, 3)) / masks[:, 1].sum((1, 2, 3)).clamp(min=1)
