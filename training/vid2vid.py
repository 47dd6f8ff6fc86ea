"""One training step of vid2vid: a clip is generated frame by frame, and the weights are updated after each frame.

Source: Wang et al. 2018, 3.2 and 3.3; NVIDIA/vid2vid at 2e6d137, `train.py`. The past frames are the generator's own,
detached, as when it is used.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..models.flow.warp import warp
from ..models.labels.frames import LabelFrame
from ..models.labels.planes import LabelPlanes, dense_planes, join_planes, style_planes
from ..models.vid2vid.generator import Past, Step, Vid2VidGenerator
from .clips import Batch
from .losses import feature_matching_loss, flow_loss, gan_loss, masked_l1, warping_loss
from .networks import Networks
from .perceptual import perceptual_loss
from .recipe import LossWeights

Terms = dict[str, Tensor]
"""Loss terms by name, each already multiplied by its weight."""


@dataclass(frozen=True, eq=False)
class _Moment:
    """One frame of a clip, real and generated."""

    clip: Batch
    t: int
    labels: LabelPlanes
    """Of this frame alone, at full size."""
    past: Past
    """What the frame was generated from."""
    step: Step

    @property
    def real(self) -> Tensor:
        """`[b 3 h w]` in -1..1."""
        return self.clip["pictures"][:, self.t]


def train_on_clip(
    networks: Networks, weights: LossWeights, clip: Batch, from_real: bool, decay: float
) -> dict[str, float]:
    """Generate one clip and learn from every frame of it; returns the mean of each loss term over these frames.

    clip: on the networks' device, of more than `past_frames` frames;
    from_real: it starts from its own first pictures; else from nothing;
    decay: of the moving average of the weights, an update.
    """
    generator = networks.generator
    encoded = [_encode(generator, clip, t) for t in range(clip["ids"].shape[1])]
    start = generator.config.past_frames if from_real else 0
    past = generator.past_from(clip["pictures"][:, :start]) if from_real else _blank(generator, clip)
    means: dict[str, float] = {}
    for t in range(start, len(encoded)):
        window = [encoded[max(0, t - k)] for k in range(generator.config.label_frames - 1, -1, -1)]
        step = generator.step(window, past, clip["style"])
        terms = _update(networks, weights, _Moment(clip, t, encoded[t][0], past, step), decay)
        past = Past(tuple(f.detach() for f in step.past.frames), step.past.painted)
        for name, value in terms.items():
            means[name] = means.get(name, 0.0) + float(value) / (len(encoded) - start)
    return means


def _encode(generator: Vid2VidGenerator, clip: Batch, t: int) -> list[LabelPlanes]:
    return generator.encode(LabelFrame(clip["ids"][:, t], clip["instances"][:, t]))


def _blank(generator: Vid2VidGenerator, clip: Batch) -> Past:
    batch, _, height, width = clip["ids"].shape
    return generator.blank_past((height, width), batch)


def _update(networks: Networks, weights: LossWeights, now: _Moment, decay: float) -> Terms:
    """One update of the generator, then, where it has a say, one of the discriminator."""
    terms = _likeness_terms(networks, weights, now) | _motion_terms(weights, now)
    if not weights.adversarial:
        _learn(networks, terms, decay)
        return _detached(terms)
    condition = join_planes([now.labels, style_planes(now.clip["style"], now.labels.size)])
    judged_real = _judge(networks, condition, now.real)
    terms |= _realism_terms(networks, weights, now, condition, judged_real)
    _learn(networks, terms, decay)
    judged = _judge(networks, condition, now.step.frame.detach())
    loss = 0.5 * (gan_loss(judged_real, True) + gan_loss(judged, False))
    _descend(networks.discriminator_optimizer, loss)
    return _detached(terms | {"discriminator": loss})


def _learn(networks: Networks, terms: Terms, decay: float) -> None:
    _descend(networks.generator_optimizer, torch.stack(list(terms.values())).sum())
    _average(networks.average, networks.generator, decay)


def _detached(terms: Terms) -> Terms:
    return {name: value.detach() for name, value in terms.items()}


def _judge(networks: Networks, condition: LabelPlanes, picture: Tensor) -> list[list[Tensor]]:
    """The discriminator's layers for a picture that is said to show these labels in this style."""
    judged: list[list[Tensor]] = networks.discriminator(join_planes([condition, dense_planes(picture)]))
    return judged


def _likeness_terms(networks: Networks, weights: LossWeights, now: _Moment) -> Terms:
    """How far the picture, and what was painted before warping, are from the real one."""
    frame, raw = now.step.frame, now.step.scales[-1].raw
    unlike = [perceptual_loss(networks.features, picture, now.real) for picture in (frame, raw)]
    return {"perceptual": weights.perceptual * (unlike[0] + weights.raw * unlike[1])}


def _realism_terms(
    networks: Networks,
    weights: LossWeights,
    now: _Moment,
    condition: LabelPlanes,
    judged_real: list[list[Tensor]],
) -> Terms:
    """What the discriminator says of the picture."""
    judged = _judge(networks, condition, now.step.frame)
    return {
        "gan": weights.gan * gan_loss(judged, True),
        "feature_matching": weights.feature_matching * feature_matching_loss(judged, judged_real),
    }


def _motion_terms(weights: LossWeights, now: _Moment) -> Terms:
    """How the flow compares with the known one, and whether the picture moves with it; nothing for the first frame."""
    if not now.t:
        return {}
    terms: Terms = {}
    flow, visible = now.clip["flow"][:, now.t], now.clip["visible"][:, now.t]
    out = now.step.scales[-1]
    if out.flow is not None:
        moved = warp(now.clip["pictures"][:, now.t - 1], out.flow)
        terms["flow"] = weights.flow * flow_loss(out.flow, flow, visible)
        terms["flow_warp"] = weights.flow_warp * masked_l1(moved, now.real, visible)
    if now.past.painted:
        before = now.past.frames[-1][:, -1]
        terms["warp"] = weights.warp * warping_loss(now.step.frame, before, flow, visible)
    return terms


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, decay: float) -> None:
    """average * decay + network * (1 - decay), in place; both have the same parameters and no buffers."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
