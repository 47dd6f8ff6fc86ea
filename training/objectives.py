"""What a generated chunk is judged by: the loss terms of the generator and of every discriminator.

Source: Wang et al. 2018, 3.2 and 3.3; NVIDIA/vid2vid at 2e6d137, `models/vid2vid_model_D.py` (forward), `train.py`.
Discriminators see all frames of a chunk as one batch, whose statistics their norms use, as in the reference.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import InputError
from ..models.flow.warp import warp
from ..models.labels.planes import LabelPlanes, dense_planes, join_planes, style_planes
from ..models.vid2vid.discriminator import MultiscaleDiscriminator
from .chunks import Chunk
from .face_region import Region, densepose_heads, face_region, face_side, openpose_heads
from .losses import (
    Decisions,
    feature_matching_loss,
    flow_loss,
    gan_loss,
    masked_l1,
    warping_loss,
    weight_loss,
)
from .perceptual import PerceptualFeatures, perceptual_distance, perceptual_loss
from .recipe import LossWeights

Terms = dict[str, Tensor]
"""Loss terms by name, each already multiplied by its weight."""

Shown = Tensor | LabelPlanes
"""What a discriminator looks at."""


@dataclass(frozen=True, eq=False)
class Case:
    """What one discriminator has to tell apart."""

    real: Shown
    generated: tuple[tuple[float, Shown], ...]
    """Each with its share of the loss."""


def picture_case(chunk: Chunk, raw: float) -> Case:
    """Single pictures with their labels and style; `raw`: share of what was painted before blending, 0: left out."""
    style = chunk.clip["style"].repeat_interleave(len(chunk.frames), 0)
    condition = join_planes([chunk.labels, style_planes(style, chunk.labels.size)])

    def shown(pictures: Tensor) -> Shown:
        return join_planes([condition, dense_planes(pictures.flatten(0, 1))])

    generated = [(1.0, shown(chunk.frame))]
    if raw > 0:
        generated.append((raw, shown(chunk.raw)))
    return Case(shown(chunk.real), tuple(generated))


def face_case(chunk: Chunk) -> Case | None:
    """The heads of drawn poses with their labels, one square for all frames of the chunk; None where nobody has one.

    Poses have DensePose in their first three channels, or, if there are no more, OpenPose's drawing.
    """
    if "drawn" not in chunk.clip:
        raise InputError(
            "the discriminator of faces looks for heads in drawn poses; train without it on label maps"
        )
    drawn = chunk.clip["drawn"][:, chunk.frames.start : chunk.frames.stop].flatten(0, 1)
    heads = openpose_heads(drawn) if drawn.shape[1] == 3 else densepose_heads(drawn)
    region = face_region(heads, face_side(drawn.shape[-1]))
    if region is None:
        return None
    case = picture_case(chunk, raw=0)
    return Case(_cut(case.real, region), tuple((share, _cut(each, region)) for share, each in case.generated))


def _cut(shown: Shown, region: Region) -> Shown:
    if isinstance(shown, LabelPlanes):
        return LabelPlanes(region.cut(shown.values), shown.channels, shown.total)
    return region.cut(shown)


def judge_case(
    judge: MultiscaleDiscriminator, case: Case, gan: float, matching: float, copies: int | None = None
) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """The generator's (GAN, feature matching) terms, multiplied by their weights, and the discriminator's own loss.

    copies: that the feature matching is divided by (None: those of this discriminator).
    """
    real: Decisions = judge(case.real)
    deceived, matched, told = [], [], []
    for share, shown in case.generated:
        decisions: Decisions = judge(shown)
        deceived.append(share * gan_loss(decisions, True))
        matched.append(share * feature_matching_loss(decisions, real, copies))
        fake: Decisions = judge(_given(shown))
        told.append(0.5 * share * (gan_loss(real, True) + gan_loss(fake, False)))
    terms = gan * torch.stack(deceived).sum(), matching * torch.stack(matched).sum()
    return terms, torch.stack(told).sum()


def _given(shown: Shown) -> Shown:
    """The same, without gradients to whoever made it."""
    if isinstance(shown, LabelPlanes):
        return LabelPlanes(shown.values.detach(), shown.channels, shown.total)
    return shown.detach()


def likeness_terms(features: PerceptualFeatures, weights: LossWeights, chunk: Chunk) -> Terms:
    """How far the pictures, and what was painted before blending, are from the real ones."""
    real = chunk.real.flatten(0, 1)
    with torch.no_grad():
        seen = features(real)
    terms = _likeness(features, weights, chunk.frame.flatten(0, 1), real, seen)
    if weights.raw > 0:
        raw = _likeness(features, weights, chunk.raw.flatten(0, 1), real, seen)
        terms = {name: term + weights.raw * raw[name] for name, term in terms.items()}
    return terms


def _likeness(
    features: PerceptualFeatures, weights: LossWeights, pictures: Tensor, real: Tensor, seen: list[Tensor]
) -> Terms:
    """seen: the features of the real pictures."""
    terms = {"perceptual": weights.perceptual * perceptual_loss(features, pictures, real, seen)}
    if weights.direction > 0:
        distance = perceptual_distance(features, pictures, real, seen)
        terms["direction"] = weights.direction * distance.mean()
    return terms


def motion_terms(weights: LossWeights, chunk: Chunk) -> Terms:
    """How the flow compares with the known one, and whether the pictures move with it.

    Nothing is known of a clip's first frame. Each term is a mean over the frames that it is about.
    """
    known = [i for i, t in enumerate(chunk.frames) if t > 0]
    follow = [i for i in known if chunk.started[i]]
    terms: Terms = {}
    if known and chunk.flow is not None:
        flow = chunk.flow[:, known].flatten(0, 1)
        true_flow, visible = (_of(chunk, name, known) for name in ("flow", "visible"))
        moved = warp(_of(chunk, "pictures", known, back=1), flow)
        terms["flow"] = weights.flow * flow_loss(flow, true_flow, visible)
        terms["flow_warp"] = weights.flow_warp * masked_l1(moved, _of(chunk, "pictures", known), visible)
    if follow:
        true_flow, visible = (_of(chunk, name, follow) for name in ("flow", "visible"))
        frame, before = (x[:, follow].flatten(0, 1) for x in (chunk.frame, chunk.before))
        terms["warp"] = weights.warp * warping_loss(frame, before, true_flow, visible)
        if chunk.weight is not None and weights.weight > 0:
            terms["weight"] = weights.weight * weight_loss(chunk.weight[:, follow].flatten(0, 1), visible)
    return terms


def _of(chunk: Chunk, name: str, which: list[int], back: int = 0) -> Tensor:
    """Part `name` of the clip at these frames of a chunk (or `back` frames before them), `[b*n c h w]`."""
    return chunk.clip[name][:, [chunk.frames[i] - back for i in which]].flatten(0, 1)
