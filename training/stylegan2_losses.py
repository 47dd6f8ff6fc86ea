"""Losses of StyleGAN2, as pure functions.

Source: Goodfellow et al. 2014, "Generative Adversarial Networks" (the loss that doesn't saturate); Mescheder et al.
2018, "Which Training Methods for GANs do actually Converge?", equation 9 (R1); Karras et al. 2020, "Analyzing and
Improving the Image Quality of StyleGAN", equation 4 (path lengths). Scores are `[b]`; every loss is a scalar.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def judge_loss(real: Tensor, made: Tensor) -> Tensor:
    """-log sigmoid(real) - log(1 - sigmoid(made)), each averaged."""
    return F.softplus(-real).mean() + F.softplus(made).mean()


def fooling_loss(made: Tensor) -> Tensor:
    """-log sigmoid(made), averaged."""
    return F.softplus(-made).mean()


def r1_penalty(scores: Tensor, pictures: Tensor) -> Tensor:
    """Squared length of the gradient of the scores by the real pictures `[b 3 h w]` that they are of, averaged.

    The pictures must ask for gradients; of the result gradients can be taken again.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), pictures, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()


def path_lengths(pictures: Tensor, codes: Tensor, noise: Tensor) -> Tensor:
    """How far a picture moves with its code: `[b]`.

    pictures `[b 3 h w]` of codes `[b rows w]`; noise: N(0, 1) like the pictures. The length of the noise's image by the
    transposed Jacobian is, on average over noise, the root of the mean over rows of its squared norm; noise is divided
    by the root of the pixels, so that lengths are the same at every size.
    """
    noise = noise / math.sqrt(pictures.shape[2] * pictures.shape[3])
    (gradient,) = torch.autograd.grad((pictures * noise).sum(), codes, create_graph=True)
    return gradient.square().sum(2).mean(1).sqrt()


def path_penalty(lengths: Tensor, usual: Tensor) -> Tensor:
    """Squared deviation of path lengths `[b]` from the usual one (a scalar that follows them)."""
    return (lengths - usual).square().mean()
