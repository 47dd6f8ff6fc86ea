"""A generator of faces whose weights learn, all of them or by a low-rank update."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from ..models.faces.stylegan2.generator import Noise, StyleGAN2
from ..models.layers.low_rank import LowRankUpdate, applied

Latent = Tensor | Sequence[Tensor]
"""Codes `[b rows w]`, or the vectors `[b s]` of the style space."""


def paint(generator: StyleGAN2, latent: Latent, noise: Noise = "const") -> Tensor:
    """Pictures `[b 3 h w]` of codes or of styles."""
    if isinstance(latent, Tensor):
        return generator.synthesis(latent, noise)
    return generator.synthesis_from_styles(latent, noise)


@dataclass(frozen=True, eq=False)
class LearningWeights:
    """Make one with `learning_weights`."""

    generator: StyleGAN2
    """Its own weights learn where there is no update."""
    update: LowRankUpdate | None

    @property
    def module(self) -> nn.Module:
        """What learns, for a checkpoint."""
        return self.generator if self.update is None else self.update

    @property
    def parameters(self) -> list[Parameter]:
        """What learns, for an optimiser. The mapping network has no part in it: codes are given."""
        if self.update is not None:
            return list(self.update.parameters())
        return [parameter for _, parameter in painting_weights(self.generator)]

    @torch.no_grad()
    def weights(self) -> dict[str, Tensor]:
        """Those that the generator paints with, by name: copies of what they are now."""
        with self.in_use() as generator:
            return {name: weight.detach().clone() for name, weight in painting_weights(generator)}

    @contextmanager
    def in_use(self) -> Iterator[StyleGAN2]:
        """Inside the block the generator paints with what has been learnt."""
        with nullcontext() if self.update is None else applied(self.generator, self.update.changes()):
            yield self.generator


def learning_weights(generator: StyleGAN2, rank: int, seed: int = 0) -> LearningWeights:
    """rank: of the update; 0: the generator's own weights learn, noise strengths too, as in the reference."""
    weights = dict(painting_weights(generator))
    generator.requires_grad_(False)
    if not rank:
        for parameter in weights.values():
            parameter.requires_grad_()
        return LearningWeights(generator, None)
    return LearningWeights(generator, LowRankUpdate(weights, rank, seed))


def painting_weights(generator: StyleGAN2) -> Iterator[tuple[str, Parameter]]:
    """All parameters but those of the mapping network, by name."""
    for name, parameter in generator.named_parameters():
        if not name.startswith("mapping."):
            yield name, parameter
