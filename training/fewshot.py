"""Few-shot training on clips: each frame is generated, learnt from, and taken as given by the next one.

Source: Wang et al. 2019; NVlabs/few-shot-vid2vid at 009e23f, `train.py`. Different here: several clips may take part in
an update, in step with each other, as in `vid2vid`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..models.fewshot.config import FewShotConfig
from ..models.fewshot.frame import Past
from ..models.fewshot.generator import encode_exemplars, step
from ..models.labels.encoding import one_hot
from .clips import Batch
from .fewshot_networks import FewShotNetworks, copy_weights, has_foreground, learning
from .fewshot_objectives import Example, judge_cases, judge_terms, likeness_terms, motion_terms
from .fewshot_recipe import FewShotLosses, FewShotRecipe
from .networks import PICTURES
from .objectives import Terms
from .team import Team
from .vid2vid import Losses


def train_on_fewshot_clips(
    networks: FewShotNetworks,
    recipe: FewShotRecipe,
    losses: FewShotLosses,
    clips: Sequence[Batch],
    decay: float,
    team: Team,
) -> dict[str, Tensor]:
    """Learn from clips of one length, after every frame of them; returns each loss term, a mean over frames and clips.

    clips: this process's share of an update, on the networks' device, with one clip each.
    """
    frames = clips[0]["pictures"].shape[1]
    pasts: list[Past | None] = [None] * len(clips)
    sums: dict[str, list[Tensor]] = {}
    for t in range(frames):
        for number, clip in enumerate(clips):
            with team.precision():
                example, pasts[number] = paint(networks, recipe.generator, clip, t, pasts[number])
                found = frame_losses(networks, losses, recipe.perceptual_scales, example)
            total = torch.stack(list(found.generator.values())).sum() / len(clips)
            team.backward(total, learning(networks.generator))
            for name, loss in found.judges.items():
                team.backward(loss / len(clips), learning(networks.judges[name]))
            for name, value in (found.generator | found.judges).items():
                sums.setdefault(name, []).append(value.detach())
        team.update(list(networks.optimizers.values()))
        copy_weights(networks.average, networks.generator, decay)
    return {name: torch.stack(values).mean() for name, values in sums.items()}


def paint(
    networks: FewShotNetworks, config: FewShotConfig, clip: Batch, t: int, past: Past | None
) -> tuple[Example, Past]:
    """Generate frame t of a clip, with the gradients of this frame alone; and what the next one goes on from."""
    given = encode_exemplars(networks.generator, exemplar_labels(config, clip), clip["exemplar_pictures"])
    labels = frame_labels(config, clip, t)
    made = step(networks.generator, given, labels, past)
    rows = torch.arange(len(labels), device=labels.device), made.frame.chosen
    example = Example(
        clip,
        t,
        labels,
        made.past.labels,
        exemplar_labels(config, clip)[rows],
        given.labels[rows],
        given.images[rows],
        made.frame,
        None if past is None else past.image,
        has_foreground(config),
    )
    return example, Past(made.past.labels, made.past.image.detach())


def frame_losses(
    networks: FewShotNetworks, weights: FewShotLosses, perceptual_scales: int, example: Example
) -> Losses:
    """Everything that is learnt from a frame."""
    terms = likeness_terms(networks.features, weights, perceptual_scales, example)
    terms |= motion_terms(weights, example)
    judges: Terms = {}
    for name, case in judge_cases(weights, example).items():
        gan, matching, judges[name] = judge_terms(networks.judges[name], case)
        prefix = "" if name == PICTURES else f"{name}_"
        terms |= {f"{prefix}gan": gan, f"{prefix}feature_matching": matching}
    return Losses(terms, judges)


def frame_labels(config: FewShotConfig, clip: Batch, t: int) -> Tensor:
    """Frame t's label map as the network takes it, `[b c h w]`."""
    return clip["drawn"][:, t] if "drawn" in clip else one_hot(clip["ids"][:, t], config.label_channels)


def exemplar_labels(config: FewShotConfig, clip: Batch) -> Tensor:
    """The exemplars' label maps, `[b K c h w]`."""
    if "exemplar_drawn" in clip:
        return clip["exemplar_drawn"]
    ids = clip["exemplar_ids"]
    planes = one_hot(ids.flatten(0, 1), config.label_channels)
    return planes.view(*ids.shape[:2], *planes.shape[1:])
