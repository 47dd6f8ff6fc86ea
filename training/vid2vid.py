"""Training on clips: each is generated chunk by chunk, and the weights are updated after every chunk.

Source: Wang et al. 2018, 3.2 and 3.3; NVIDIA/vid2vid at 2e6d137, `train.py`. Different here: several clips may take
part in an update, in step with each other. Gradients are added up one clip at a time, so that it makes no difference
whether the clips are in one process or in several.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .chunks import Chunk, begin, first_frame, paint_chunk, split
from .clips import Batch
from .networks import PICTURES, Networks, learning
from .objectives import Case, Terms, judge_case, likeness_terms, motion_terms, picture_case
from .recipe import LossWeights, Stage
from .team import Team


@dataclass(frozen=True)
class Rule:
    """How the clips of an update are trained on."""

    from_real: bool
    """They start from their own first pictures; else from nothing."""
    decay: float
    """Of the moving average of the weights, an update."""


@dataclass(frozen=True, eq=False)
class Losses:
    """Of a chunk of one clip."""

    generator: Terms
    judges: Terms
    """What every discriminator that has a say learns from, by its name."""


def train_on_clips(
    networks: Networks, stage: Stage, clips: Sequence[Batch], rule: Rule, team: Team
) -> dict[str, Tensor]:
    """Learn from clips of one length, after every chunk of them; returns each loss term, a mean over frames and clips.

    networks: those of `at_stage`; clips: this process's share of an update, on the networks' device.
    """
    generator, frames = networks.generator, clips[0]["pictures"].shape[1]
    start = first_frame(generator, rule.from_real)
    carried = [begin(generator, clip, rule.from_real) for clip in clips]
    means: dict[str, Tensor] = {}
    for piece in split(start, frames, stage.chunk):
        share = len(piece) / (frames - start) / len(clips)
        for number, clip in enumerate(clips):
            with team.precision():
                chunk, carried[number] = paint_chunk(generator, clip, piece, carried[number], stage.unrolled)
                losses = chunk_losses(networks, stage.losses, chunk)
            _backward(networks, losses, 1 / len(clips), team)
            for name, value in (losses.generator | losses.judges).items():
                means[name] = means.get(name, 0.0) + share * value.detach()
        team.update(list(networks.optimizers.values()))
        _average(networks.average, generator, rule.decay)
    return means


def chunk_losses(networks: Networks, weights: LossWeights, chunk: Chunk) -> Losses:
    """Everything that is learnt from a chunk."""
    terms = likeness_terms(networks.features, weights, chunk) | motion_terms(weights, chunk)
    judges: Terms = {}
    if weights.adversarial:
        case = picture_case(chunk, weights.raw_gan)
        _judge(networks, PICTURES, case, (weights.gan, weights.feature_matching), terms, judges)
    return Losses(terms, judges)


def _judge(
    networks: Networks, name: str, case: Case, factors: tuple[float, float], terms: Terms, judges: Terms
) -> None:
    """Add what one discriminator says to the terms of the generator, and what it learns to those of the judges."""
    (gan, matching), judges[name] = judge_case(networks.judges[name], case, *factors)
    prefix = "" if name == PICTURES else f"{name}_"
    terms[f"{prefix}gan"], terms[f"{prefix}feature_matching"] = gan, matching


def _backward(networks: Networks, losses: Losses, share: float, team: Team) -> None:
    """Add the gradients of one clip, each to those that the loss is meant for."""
    total = torch.stack(list(losses.generator.values())).sum()
    team.backward(share * total, learning(networks.generator))
    for name, loss in losses.judges.items():
        team.backward(share * loss, learning(networks.judges[name]))


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, decay: float) -> None:
    """average * decay + network * (1 - decay), in place; both have the same parameters and no buffers."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
