"""What a predictor learns from a clip: it is rolled out, and every step is compared with what really came."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.labels.frames import LabelFrame
from ..models.vid2vid.future import LabelFuture, Motion
from .averages import move_average
from .clips import Batch
from .future_networks import FutureNetworks
from .future_pictures import PictureFuture
from .future_recipe import FutureLosses
from .losses import flow_loss, weight_loss
from .objectives import Terms
from .perceptual import PerceptualFeatures, perceptual_loss
from .team import Team

FLOOR = 0.01
"""Probability that a class has at least in the cross-entropy: what is carried is certain otherwise, right or wrong."""
PIXEL_WEIGHT = 10.0
"""Of L1 and perceptual distance, which are about a tenth of a cross-entropy."""


def seen_frames(clip: Batch, count: int) -> list[LabelFrame]:
    """The first `count` label maps of a batch of clips."""
    return [LabelFrame(clip["ids"][:, t], clip["instances"][:, t]) for t in range(count)]


def label_terms(network: LabelFuture, losses: FutureLosses, clip: Batch) -> Iterator[Terms]:
    """The loss terms of every predicted map of a clip, one step after the other; gradients stay within a step."""
    seen = network.config.seen_frames
    past = network.begin(seen_frames(clip, seen))
    for t in range(seen, clip["ids"].shape[1]):
        step = network.step(past)
        past = step.past
        truth = clip["ids"][:, t].long()
        blend = -step.probabilities.gather(1, truth[:, None]).clamp(min=FLOOR).log().mean()
        painted = F.cross_entropy(step.motion.painted, truth[:, ::2, ::2])
        yield _terms(losses, blend, painted, step.motion, clip, t)


def picture_terms(
    network: PictureFuture, losses: FutureLosses, clip: Batch, features: PerceptualFeatures
) -> Iterator[Terms]:
    """The same for a predictor of pictures."""
    seen = network.config.seen_frames
    past = network.begin(clip["pictures"][:, :seen])
    for t in range(seen, clip["pictures"].shape[1]):
        step = network.step(past)
        past = step.past
        truth = clip["pictures"][:, t]
        blend = PIXEL_WEIGHT * perceptual_loss(features, step.picture, truth)
        painted = PIXEL_WEIGHT * F.l1_loss(step.painted, F.avg_pool2d(truth, 2))
        yield _terms(losses, blend, painted, step.motion, clip, t)


def _terms(
    losses: FutureLosses, blend: Tensor, painted: Tensor, motion: Motion, clip: Batch, t: int
) -> Terms:
    visible = clip["visible"][:, t]
    terms = {"blend": losses.blend * blend, "painted": losses.painted * painted}
    terms["flow"] = losses.flow * flow_loss(motion.flow, clip["flow"][:, t], visible)
    terms["weight"] = losses.weight * weight_loss(motion.weight, visible)
    return terms


def learn_clip(
    networks: FutureNetworks, losses: FutureLosses, clip: Batch, decay: float, team: Team
) -> dict[str, Tensor]:
    """Update the weights, and their average with this decay, after every step of a clip; the mean of every term."""
    predictor = networks.predictor
    with team.precision():
        if isinstance(predictor, LabelFuture):
            steps = label_terms(predictor, losses, clip)
        else:
            assert networks.features is not None, "pictures are compared by what is seen in them"
            steps = picture_terms(predictor, losses, clip, networks.features)
        taken = []
        for terms in steps:
            team.backward(torch.stack(list(terms.values())).sum(), list(predictor.parameters()))
            team.update(list(networks.optimizers.values()))
            move_average(networks.average, predictor, decay)
            taken.append({name: term.detach() for name, term in terms.items()})
    return {name: torch.stack([terms[name] for terms in taken]).mean() for name in taken[0]}
