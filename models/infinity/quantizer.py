"""The codebook: which code is nearest to each latent, and what training asks of both.

Source: van den Oord et al. 2017, "Neural Discrete Representation Learning", equation 3; Yu et al. 2022,
"Vector-quantized Image Modeling with Improved VQGAN", for codes of length 1.
Different from taming-transformers, whose older quantiser weighs the codebook's term with beta and the commitment with 1
(kept there for its published weights): here the commitment has the weight, as in the paper.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

COMMITMENT = 0.25
"""Beta of the paper: how much the encoder is drawn to its codes, beside 1 for the codes to the encoder."""
COMPARED_AT_ONCE = 1 << 24
"""Distances in memory, 64 MB of float32."""


def unit(x: Tensor, dim: int) -> Tensor:
    """Vectors along `dim` brought to length 1."""
    return F.normalize(x, dim=dim)


def nearest_codes(latent: Tensor, codes: Tensor) -> Tensor:
    """Number of the code at the smallest Euclidean distance to each latent: `[b d h w]`, `[n d]` -> int64 `[b h w]`."""
    b, d, h, w = latent.shape
    vectors = latent.permute(0, 2, 3, 1).reshape(-1, d)
    lengths = codes.square().sum(1)
    rows = max(1, COMPARED_AT_ONCE // len(codes))
    found = [
        torch.addmm(lengths, chunk, codes.t(), alpha=-2).argmin(1) for chunk in torch.split(vectors, rows)
    ]
    return torch.cat(found).view(b, h, w)


def look_up(indices: Tensor, codes: Tensor) -> Tensor:
    """Codes by their numbers: int64 `[b h w]`, `[n d]` -> `[b d h w]`."""
    return F.embedding(indices, codes).permute(0, 3, 1, 2)


def straight_through(latent: Tensor, quantized: Tensor) -> Tensor:
    """The codes, with the gradient going to the latents as if they had not been replaced."""
    return latent + (quantized - latent).detach()


def codebook_loss(latent: Tensor, quantized: Tensor) -> Tensor:
    """Draws the codes to the latents, which it leaves alone: mean squared distance."""
    return F.mse_loss(quantized, latent.detach())


def commitment_loss(latent: Tensor, quantized: Tensor) -> Tensor:
    """Draws the latents to their codes, which it leaves alone: mean squared distance."""
    return F.mse_loss(latent, quantized.detach())


def quantizer_loss(latent: Tensor, quantized: Tensor, commitment: float = COMMITMENT) -> Tensor:
    """Both, the commitment with its weight."""
    return codebook_loss(latent, quantized) + commitment * commitment_loss(latent, quantized)


def adversarial_weight(
    likeness_gradient: Tensor, adversarial_gradient: Tensor, largest: float = 1e4
) -> Tensor:
    """How much the discriminator counts: so much that both move the decoder's last convolution alike.

    Gradients of the likeness (pixels and perceptual) and of the adversarial term with respect to that layer's weight;
    a scalar without gradient. Source: Esser et al. 2021, equation 7, whose small addend stands below, too.
    """
    likeness, adversarial = (torch.linalg.vector_norm(g) for g in (likeness_gradient, adversarial_gradient))
    weight: Tensor = (likeness / (adversarial + 1e-4)).clamp(0, largest)
    return weight.detach()
