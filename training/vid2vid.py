"""Training on clips: each is generated chunk by chunk, and the weights are updated after every chunk.

Source: Wang et al. 2018, 3.2 and 3.3; NVIDIA/vid2vid at 2e6d137, `train.py`. Different here: several clips may take
part in an update, in step with each other. Gradients are added up one clip at a time, so that it makes no difference
whether the clips are in one process or in several.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .averages import move_average
from .chunks import Carried, Chunk, begin, first_frame, paint_chunk, split
from .clips import Batch
from .motion import Memory, empty_memory, motion_cases
from .networks import FACES, PICTURES, Networks, learning, motion_name
from .objectives import Case, Terms, face_case, judge_case, likeness_terms, motion_terms, picture_case
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


@dataclass(eq=False)
class _UnderWay:
    """A clip, and what its next chunk goes on from."""

    clip: Batch
    carried: Carried
    memory: Memory


def train_on_clips(
    networks: Networks, stage: Stage, clips: Sequence[Batch], rule: Rule, team: Team
) -> dict[str, Tensor]:
    """Learn from clips of one length, after every chunk of them; returns each loss term, a mean over frames and clips.

    networks: those of `at_stage`; clips: this process's share of an update, on the networks' device.
    """
    generator, frames = networks.generator, clips[0]["pictures"].shape[1]
    start = first_frame(generator, rule.from_real)
    memory = empty_memory(networks.temporal, start)
    under_way = [_UnderWay(clip, begin(generator, clip, rule.from_real), memory) for clip in clips]
    means: dict[str, Tensor] = {}
    for piece in split(start, frames, stage.chunk):
        for each in under_way:
            losses = _add_gradients(networks, stage, each, piece, 1 / len(clips), team)
            share = len(piece) / (frames - start) / len(clips)
            for name, value in (losses.generator | losses.judges).items():
                means[name] = means.get(name, torch.zeros_like(value)) + share * value.detach()
        team.update(list(networks.optimizers.values()))
        move_average(networks.average, generator, rule.decay)
    return means


def _add_gradients(
    networks: Networks, stage: Stage, under_way: _UnderWay, piece: range, share: float, team: Team
) -> Losses:
    """Generate some frames of a clip; add their gradients, each to the network that the loss is meant for."""
    clip = under_way.clip
    with team.precision():
        chunk, under_way.carried = paint_chunk(
            networks.generator, clip, piece, under_way.carried, stage.unrolled
        )
        under_way.memory, losses = chunk_losses(networks, stage.losses, chunk, under_way.memory)
    total = torch.stack(list(losses.generator.values())).sum()
    team.backward(share * total, learning(networks.generator))
    for name, loss in losses.judges.items():
        team.backward(share * loss, learning(networks.judges[name]))
    return losses


def chunk_losses(
    networks: Networks, weights: LossWeights, chunk: Chunk, memory: Memory
) -> tuple[Memory, Losses]:
    """Everything that is learnt from a chunk, and what the temporal discriminators remember after it."""
    terms = likeness_terms(networks.features, weights, chunk) | motion_terms(weights, chunk)
    judges: Terms = {}
    memory, cases = _cases(networks, weights, chunk, memory)
    for name, (case, gan, matching) in cases.items():
        # the reference divides the matching of faces by the copies of its picture discriminator, which has more
        copies = networks.judges[PICTURES].config.scales if name == FACES else None
        (deceived, matched), judges[name] = judge_case(networks.judges[name], case, gan, matching, copies)
        prefix = "" if name == PICTURES else f"{name}_"
        terms |= {f"{prefix}gan": deceived, f"{prefix}feature_matching": matched}
    return memory, Losses(terms, judges)


Cases = dict[str, tuple[Case, float, float]]
"""By the name of the discriminator: what it is asked, and the weights of the GAN and feature matching terms."""


def _cases(networks: Networks, weights: LossWeights, chunk: Chunk, memory: Memory) -> tuple[Memory, Cases]:
    """Only of discriminators that have a say, and something to say it about."""
    cases: Cases = {}
    if weights.adversarial:
        cases[PICTURES] = picture_case(chunk, weights.raw_gan), weights.gan, weights.feature_matching
    if weights.temporal:
        memory, motions = motion_cases(memory, chunk)
        for scale, motion in enumerate(motions):
            if motion is not None:
                cases[motion_name(scale)] = motion, weights.temporal_gan, weights.temporal_matching
    if weights.face and (face := face_case(chunk)) is not None:
        cases[FACES] = face, weights.face_gan, weights.face_matching
    return memory, cases
