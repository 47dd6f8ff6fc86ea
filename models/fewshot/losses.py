"""The adversarial losses of few-shot vid2vid.

Source: NVlabs/few-shot-vid2vid at 009e23f, `models/networks/loss.py` (GANLoss, hinge), `models/loss_collector.py`.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Decisions = Sequence[Sequence[Tensor]]
"""What a discriminator returns: copies x layers."""


def judge_loss(decisions: Decisions, real: bool) -> Tensor:
    """What a discriminator learns from: the distance by which decisions miss 1 (real) or -1; mean over the copies."""
    sign = -1.0 if real else 1.0
    return torch.stack([F.relu(1 + sign * copy[-1]).mean() for copy in decisions]).mean()


def painter_loss(decisions: Decisions) -> Tensor:
    """What the generator learns from: the distance by which decisions on what it made miss 1.

    sic: nvlabs takes the discriminator's hinge here, which no longer pulls once a decision is above 1; imaginaire takes
    the decision itself.
    """
    return judge_loss(decisions, real=True)


def likeness_loss(generated: Decisions, real: Decisions) -> Tensor:
    """L1 between features of generated and real input, summed over the layers before the decisions, mean over the
    copies."""
    terms = [
        torch.stack([F.l1_loss(g, r.detach()) for g, r in zip(g_copy[:-1], r_copy[:-1], strict=True)]).sum()
        for g_copy, r_copy in zip(generated, real, strict=True)
    ]
    return torch.stack(terms).mean()
