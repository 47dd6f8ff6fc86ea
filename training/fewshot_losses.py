"""Losses of few-shot training beside the adversarial ones (`models.fewshot.losses`), as pure functions.

Source: Wang et al. 2019; NVlabs/few-shot-vid2vid at 009e23f, `models/loss_collector.py`, `models/networks/loss.py`.
Pictures are `[b 3 h w]` in -1..1, flows `[b 2 h w]` in pixels, masks `[b 1 h w]` in 0..1; every loss is a scalar.
"""

import torch.nn.functional as F
from torch import Tensor

from ..models.fewshot.frame import Warped


def known_flow_loss(flow: Tensor, target: Tensor, visible: Tensor) -> Tensor:
    """L1 to the known flow where it is trusted; the mean is over all pixels."""
    return (visible * (flow - target)).abs().mean()


def confidence(moved: Tensor, real: Tensor) -> Tensor:
    """How far a warped picture can be taken as it is: 1 where it is the real one, 0 where its channels differ by 1 in
    sum; `[b 1 h w]`, without gradient."""
    return (1 - (moved - real).abs().sum(1, keepdim=True)).clamp(0, 1).detach()


def mask_loss(moved: Warped, real: Tensor) -> Tensor:
    """The mask should be 0 where the warped picture is right, and 1 where it isn't."""
    sure = confidence(moved.picture, real)
    return (moved.mask * sure).abs().mean() + ((moved.mask - 1) * (1 - sure)).abs().mean()


def parts_loss(moved_parts: Tensor, parts: Tensor) -> Tensor:
    """Body parts `[b n h w]` (bool or 0..1) that were warped must lie on those of the frame."""
    return F.l1_loss(moved_parts, parts.to(moved_parts))


def face_copy_loss(image: Tensor, moved: Warped, face: Tensor) -> Tensor:
    """In the face region `[b 1 h w]` (0..1) the warped picture is to be taken: mask 0, and a picture that is equal."""
    mask_term = (moved.mask * face).abs().mean()
    return mask_term + ((image - moved.picture.detach()) * face).abs().mean()


def uncovered_loss(mask: Tensor, uncovered: Tensor) -> Tensor:
    """Where the warped picture can't be right, bool `[b 1 h w]`, the mask is to be 1."""
    return ((mask - 1) * uncovered).abs().mean()
