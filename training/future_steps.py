"""What a predictor learns from a clip: it is rolled out, and every step is compared with what really came."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.labels.frames import LabelFrame
from ..models.vid2vid.future import LabelFuture, Motion
from .clips import Batch
from .future_pictures import PictureFuture
from .future_recipe import FutureLosses
from .losses import flow_loss, weight_loss
from .objectives import Terms
from .perceptual import PerceptualFeatures, perceptual_loss

Predictor = LabelFuture | PictureFuture

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
    network: Predictor,
    average: Predictor,
    optimizer: torch.optim.Optimizer,
    losses: FutureLosses,
    clip: Batch,
    decay: float,
    features: PerceptualFeatures | None,
) -> dict[str, float]:
    """Update the weights after every step of a clip; returns the mean of every loss term.

    average: moving average of the weights, with this decay; features: for pictures, which need them.
    """
    if isinstance(network, LabelFuture):
        steps = label_terms(network, losses, clip)
    else:
        assert features is not None
        steps = picture_terms(network, losses, clip, features)
    sums: dict[str, float] = {}
    count = 0
    for terms in steps:
        optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        move_average(average, network, decay)
        count += 1
        for name, term in terms.items():
            sums[name] = sums.get(name, 0.0) + float(term.detach())
    return {name: total / count for name, total in sums.items()}


@torch.no_grad()
def move_average(average: Predictor, network: Predictor, decay: float) -> None:
    """average * decay + network * (1 - decay), in place."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
