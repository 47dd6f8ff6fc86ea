"""What a generated frame of few-shot training is judged by: the loss terms of the generator and of discriminators.

Source: Wang et al. 2019; NVlabs/few-shot-vid2vid at 009e23f, `models/loss_collector.py`, `models/face_refiner.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.fewshot.discriminator import FewShotDiscriminator
from ..models.fewshot.frame import Frame, Warped
from ..models.fewshot.losses import Decisions, judge_loss, likeness_loss, painter_loss
from ..models.flow.warp import warp
from ..models.labels.body_parts import foreground, group_masks, head_mask, head_square
from ..models.labels.encoding import halve
from .clips import Batch
from .fewshot_losses import face_copy_loss, known_flow_loss, mask_loss, parts_loss, uncovered_loss
from .fewshot_recipe import FewShotLosses
from .losses import warping_loss
from .networks import FACES, PICTURES
from .objectives import Terms
from .perceptual import PerceptualFeatures, perceptual_distance, perceptual_loss

FACE_SHARE = 4
"""Faces are judged at the height of the frame // this."""
BLUR = 15
"""Pixels over which the border of the face region is soft."""


@dataclass(frozen=True, eq=False)
class Example:
    """One generated frame of one clip, and what it should be."""

    clip: Batch
    t: int
    labels: Tensor
    """`[1 c h w]`, all of them; so are the exemplar's."""
    shown_labels: Tensor
    """As the network sees them."""
    exemplar_labels: Tensor
    """Of the exemplar that the frame is closest to."""
    shown_exemplar_labels: Tensor
    exemplar: Tensor
    """`[1 3 h w]`"""
    frame: Frame
    before: Tensor | None
    """The generated frame before, without gradient."""
    has_body: bool
    """Labels are poses with DensePose."""

    @property
    def real(self) -> Tensor:
        """`[1 3 h w]` in -1..1."""
        return self.clip["pictures"][:, self.t]

    def known(self, name: str) -> Tensor:
        """What is true about this frame of the clip, `[1 c h w]`."""
        return self.clip[name][:, self.t]

    def of_chosen(self, name: str) -> Tensor:
        """What is true about this frame beside the exemplar that it is closest to, `[1 c h w]`."""
        beside_all = self.known(name)
        return beside_all[torch.arange(len(beside_all), device=beside_all.device), self.frame.chosen]


def likeness_terms(
    features: PerceptualFeatures, weights: FewShotLosses, scales: int, example: Example
) -> Terms:
    """How far the picture, and what was painted before blending, are from the real one."""
    terms = _likeness(features, weights, scales, example.frame.image, example.real)
    if weights.raw > 0 and example.frame.raw is not None:
        mask = _subject(example)
        raw = _likeness(features, weights, scales, example.frame.raw * mask, example.real * mask)
        terms = {name: term + weights.raw * raw[name] for name, term in terms.items()}
    return terms


def _likeness(
    features: PerceptualFeatures, weights: FewShotLosses, scales: int, image: Tensor, real: Tensor
) -> Terms:
    terms: dict[str, list[Tensor]] = {}
    for scale in range(scales):
        if scale:
            image, real = halve(image), halve(real)
        with torch.no_grad():
            seen = features(real)
        part = perceptual_loss(features, image, real, seen)
        terms.setdefault("perceptual", []).append(weights.perceptual * part)
        if weights.direction > 0:
            distance = perceptual_distance(features, image, real, seen).mean()
            terms.setdefault("direction", []).append(weights.direction * distance)
    return {name: torch.stack(parts).sum() for name, parts in terms.items()}


def _subject(example: Example) -> Tensor:
    """Where the subject is, as far as the labels say: `[1 1 h w]`."""
    if example.has_body:
        return foreground(example.labels).to(example.real)
    return torch.ones_like(example.real[:, :1])


def motion_terms(weights: FewShotLosses, example: Example) -> Terms:
    """Whether what is warped comes from where it should, is taken where it is right, and moves as is known."""
    frame, terms = example.frame, Terms()
    moved = [each for each in (frame.exemplar, frame.past) if each is not None]
    if moved and weights.flow_warp > 0:
        terms["flow_warp"] = weights.flow_warp * _sum(F.l1_loss(m.picture, example.real) for m in moved)
    if moved and weights.mask > 0:
        terms["mask"] = weights.mask * _sum(mask_loss(m, example.real) for m in moved)
    known = []
    if frame.past is not None:
        known.append((frame.past.flow, example.known("flow"), example.known("visible")))
    if frame.exemplar is not None and "exemplar_flow" in example.clip:
        true, seen = (example.of_chosen(name) for name in ("exemplar_flow", "exemplar_visible"))
        known.append((frame.exemplar.flow, true, seen))
    if known and weights.flow > 0:
        terms["flow"] = weights.flow * _sum(known_flow_loss(*each) for each in known)
    if example.before is not None and weights.warp > 0:
        flow, visible = example.known("flow"), example.known("visible")
        terms["warp"] = weights.warp * warping_loss(frame.image, example.before, flow, visible)
    if weights.parts > 0 and frame.exemplar is not None:
        terms["parts"] = weights.parts * body_loss(example, frame.exemplar)
    return terms


def body_loss(example: Example, moved: Warped) -> Tensor:
    """Of poses: the exemplar's body parts, moved, lie on the frame's; its face is taken, and nothing that is wrong."""
    labels, theirs = example.labels, example.exemplar_labels
    parts, body = group_masks(labels), foreground(labels)
    moved_parts = warp(group_masks(theirs).to(moved.flow), moved.flow)
    moved_body = warp(foreground(theirs).to(moved.flow), moved.flow)
    face = F.avg_pool2d(head_mask(labels).to(moved.flow), BLUR, 1, BLUR // 2)
    wrong = (moved_parts - parts.to(moved_parts)).abs().amax(1, keepdim=True) > 0.5
    uncovered = wrong | ((moved_body > 0.5) & ~body)
    return _sum(
        [
            parts_loss(moved_parts, parts),
            parts_loss(moved_body, body),
            face_copy_loss(example.frame.image, moved, face),
            uncovered_loss(moved.mask, uncovered.detach().to(moved.mask)),
        ]
    )


def _sum(terms: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()


@dataclass(frozen=True, eq=False)
class Case:
    """What one discriminator has to tell apart."""

    real: Tensor
    generated: tuple[tuple[float, Tensor], ...]
    """Each with its share of the loss."""
    gan: float
    matching: float


def judge_cases(weights: FewShotLosses, example: Example) -> dict[str, Case]:
    """By the name of the discriminator; only those that have a say."""
    cases: dict[str, Case] = {}
    if weights.adversarial:
        given, beside = _given(example)
        generated = [(1.0, torch.cat([given, beside, example.frame.image], 1))]
        if weights.raw > 0 and example.frame.raw is not None:
            raw = example.real + _subject(example) * (example.frame.raw - example.real)
            generated.append((weights.raw, torch.cat([given, beside, raw], 1)))
        real = torch.cat([given, beside, example.real], 1)
        cases[PICTURES] = Case(real, tuple(generated), weights.gan, weights.feature_matching)
    if weights.face:
        theirs = _face(example.exemplar, example.exemplar_labels)
        real, generated_face = (
            torch.cat([theirs, _face(picture, example.labels)], 1)
            for picture in (example.real, example.frame.image)
        )
        cases[FACES] = Case(real, ((1.0, generated_face),), weights.face_gan, weights.face_matching)
    return cases


def _given(example: Example) -> tuple[Tensor, Tensor]:
    """What is beside a picture that is judged: the exemplar with its labels, the labels; both with the foreground."""

    def shown(seen: Tensor, labels: Tensor) -> list[Tensor]:
        return [seen, foreground(labels).to(seen)] if example.has_body else [seen]

    exemplar = shown(example.shown_exemplar_labels, example.exemplar_labels)
    labels = shown(example.shown_labels, example.labels)
    return torch.cat([*exemplar, example.exemplar], 1), torch.cat(labels, 1)


def _face(picture: Tensor, poses: Tensor) -> Tensor:
    """The square around the head, `[1 3 s s]`."""
    left, top, right, bottom = head_square(poses)
    side = picture.shape[2] // FACE_SHARE
    return F.interpolate(
        picture[..., top:bottom, left:right], (side, side), mode="bilinear", align_corners=False
    )


def judge_terms(judge: FewShotDiscriminator, case: Case) -> tuple[Tensor, Tensor, Tensor]:
    """The generator's (GAN, feature matching) terms, multiplied by their weights, and the discriminator's own loss."""
    real: Decisions = judge(case.real)
    deceived, matched, told = [], [], [judge_loss(real, True)]
    for share, shown in case.generated:
        decisions: Decisions = judge(shown)
        deceived.append(share * painter_loss(decisions))
        matched.append(share * likeness_loss(decisions, real))
        told.append(share * judge_loss(judge(shown.detach()), False))
    return case.gan * _sum(deceived), case.matching * _sum(matched), _sum(told)
