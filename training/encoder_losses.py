"""Losses of e4e, as pure functions; codes are `[b rows w]`, every loss is a scalar.

Source: Tov et al. 2021, "Designing an Encoder for StyleGAN Image Manipulation", 4.1 and 4.2; omertov/encoder4editing at
99ea505, `criteria/w_norm.py` and `training/coach.py`.
"""

import torch
from torch import Tensor


def code_loss(codes: Tensor, true: Tensor) -> Tensor:
    """Squared distance of every row to the true code's, averaged over rows."""
    return (codes - true).square().sum(2).mean()


def delta_loss(codes: Tensor) -> Tensor:
    """How far rows are from the first one, which all begin as: the sum over rows of their distances."""
    distances = torch.linalg.vector_norm(codes[:, 1:] - codes[:, :1], dim=2)
    mean: Tensor = distances.sum(1).mean()
    return mean
