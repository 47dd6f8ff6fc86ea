"""Losses of vid2vid training, as pure functions.

Source: Wang et al. 2018, 3.2 and 3.3; NVIDIA/vid2vid at 2e6d137, `models/vid2vid_model_D.py`, `models/networks.py`.
Pictures are `[b 3 h w]` in -1..1, flows `[b 2 h w]` in pixels, masks `[b 1 h w]` in 0..1; every loss is a scalar.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.flow.warp import warp

Decisions = Sequence[Sequence[Tensor]]
"""What a multi-scale discriminator returns: copies x layers."""


def gan_loss(decisions: Decisions, real: bool) -> Tensor:
    """Least-squares GAN loss against "all real" or "all generated", summed over the copies."""
    target = 1.0 if real else 0.0
    return torch.stack([(copy[-1] - target).square().mean() for copy in decisions]).sum()


def feature_matching_loss(generated: Decisions, real: Decisions, copies: int | None = None) -> Tensor:
    """L1 between the discriminator's features of generated and of real input, over all layers but the decisions.

    Four times the mean over the layers of a copy (of which the reference's have four), summed over the copies and
    divided by `copies` (None: as many as there are). The reference divides by the copies of its picture discriminator
    for that of faces too, which has fewer.
    """
    terms = [
        4 / len(r_copy[:-1]) * F.l1_loss(g, r.detach())
        for g_copy, r_copy in zip(generated, real, strict=True)
        for g, r in zip(g_copy[:-1], r_copy[:-1], strict=True)
    ]
    return torch.stack(terms).sum() / (len(real) if copies is None else copies)


def masked_l1(a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
    """Mean of |a - b| where the mask is 1; the mean is over all pixels, not over the mask's area."""
    return (mask * (a - b)).abs().mean()


def flow_loss(flow: Tensor, target: Tensor, visible: Tensor) -> Tensor:
    """L1 to the known flow where it is trusted."""
    return masked_l1(flow, target, visible)


def warping_loss(picture: Tensor, before: Tensor, flow: Tensor, visible: Tensor) -> Tensor:
    """L1 between a picture and the one before it, moved by the flow."""
    return masked_l1(picture, warp(before, flow), visible)


def weight_loss(weight: Tensor, visible: Tensor) -> Tensor:
    """Size of the blending weight `[b 1 h w]` where the known flow is trusted: there, warp rather than paint."""
    return (visible * weight).abs().mean()
