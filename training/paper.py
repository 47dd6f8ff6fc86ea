"""Recipes with the schedules of the published networks, for one GPU and for several.

Source: NVIDIA/vid2vid at 2e6d137, `scripts/{street,face,pose}/train*.sh`, `train.py` (when what changes),
`models/base_model.py` (frames an update), `data/base_dataset.py` (how clips differ from their footage). What differs
here, and why: the scripts spread the frames of one clip over GPUs, here each process has a clip of its own; they train
three networks in a row, each loading the one before it, here these are stages of one run; half of the clips start from
nothing, since no separate network paints the first frame; an epoch is a number of clips, that of the paper's data set.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import isclose
from typing import Literal

from ..models.vid2vid.config import GeneratorConfig
from .recipe import LossWeights, Recipe, Stage, TemporalConfig, World
from .schedule import ClipShape

PAPER_LOSSES = LossWeights(
    gan=1.0,
    feature_matching=10.0,
    perceptual=10.0,
    direction=0.0,
    flow=10.0,
    flow_warp=10.0,
    warp=10.0,
    weight=0.0,
    raw=1.0,
    raw_gan=1.0,
    temporal_gan=1.0,
    temporal_matching=10.0,
    face_gan=0.0,
    face_matching=0.0,
)
"""As published; `flow` is halved with every scale, as flow in pixels doubles."""

POSE_LOSSES = replace(PAPER_LOSSES, weight=1.0)
"""With the term that goes with clips that start from nothing."""

FACE_LOSSES = replace(POSE_LOSSES, face_gan=2.0, face_matching=20.0)
"""And with the discriminator of faces."""


@dataclass(frozen=True)
class Variety:
    """How clips differ from their footage: see `ClipShape`."""

    mirrored: bool
    zooms: tuple[float, ...]
    longest_step: int


TURNED = Variety(mirrored=True, zooms=(1.0,), longest_step=1)
"""Streets and faces: half of the clips left to right."""
NEARER = Variety(mirrored=False, zooms=(1.0, 1.1, 1.2, 1.3, 1.4, 1.5), longest_step=4)
"""Dancers: drawn up to half as large again, a window of that; up to four times as fast. The reference takes any size
between; of a few sizes, flow that was estimated is of use again. (Its script for 256 pixels on 8 GPUs misspells the
option and cuts windows out of the unscaled picture.)"""


@dataclass(frozen=True)
class Resolution:
    """The epochs that the schedule spends at one resolution."""

    width: int
    height: int
    scales: int
    discriminator_scales: int
    alone: int
    """Epochs that only the finest scale learns; 0: all learn from the start."""
    steady: int
    """Epochs at the full learning rate."""
    falling: int
    """Epochs in which it falls to 0."""
    rate: float
    frames: int
    """Generated frames of a clip at first."""
    double_after: int
    """Epochs after which the length of the clips doubles, again and again."""
    chunk: int
    """Frames an update, at most."""
    losses: LossWeights
    vary: Variety


def stages_of(at: Resolution, epoch: int, longest: int, batch: int, given: int) -> tuple[Stage, ...]:
    """The stages of one resolution: a new one wherever anything changes.

    epoch: clips of the data set; longest: frames of the longest clip there; given: first pictures of a clip.
    The learning rate falls as a straight line, which the scripts follow in steps of one epoch.
    """
    end = at.steady + at.falling
    doublings = range(at.double_after, end, at.double_after)
    times = sorted({0, at.steady, end, *doublings} | ({at.alone} if at.alone < end else set()))
    stages: list[Stage] = []
    for start, stop in pairwise(times):
        frames = min(at.frames * 2 ** (start // at.double_after), longest - given)
        stage = Stage(
            clips=round((stop - start) * epoch / batch) * batch,
            shape=ClipShape(
                at.width,
                at.height,
                frames + given,
                at.vary.zooms,
                mirrored=at.vary.mirrored,
                longest_step=at.vary.longest_step,
            ),
            scales=at.scales,
            trained="finest" if start < at.alone else "all",
            discriminator_scales=at.discriminator_scales,
            chunk=min(at.chunk, frames),
            unrolled=1,
            learning_rate=(_rate(at, start), _rate(at, stop)),
            losses=replace(at.losses, flow=at.losses.flow / 2 ** (at.scales - 1)),
        )
        if stages and _goes_on(stages[-1], stage):
            stage = replace(
                stage,
                clips=stages[-1].clips + stage.clips,
                learning_rate=(stages[-1].learning_rate[0], stage.learning_rate[1]),
            )
            stages.pop()
        stages.append(stage)
    return tuple(stages)


def _goes_on(before: Stage, stage: Stage) -> bool:
    """Nothing changes from the one to the other, and the learning rate stays on its line."""
    if replace(before, clips=stage.clips, learning_rate=stage.learning_rate) != stage:
        return False
    slopes = [(each.learning_rate[1] - each.learning_rate[0]) / each.clips for each in (before, stage)]
    return isclose(*slopes, rel_tol=0.01, abs_tol=1e-12)


def _rate(at: Resolution, epochs: int) -> float:
    """The learning rate after so many epochs."""
    left = (at.steady + at.falling - epochs) / max(1, at.falling)
    return at.rate * min(1.0, left)


CITY = GeneratorConfig(
    palette="cityscapes",
    label_classes=35,
    edges=True,
    things=tuple(range(24, 34)),
    style_names=(),
    label_frames=3,
    filters=128,
    foreground_filters=64,
    downsamplings=3,
    blocks=9,
    local_blocks=3,
    scales=3,
    flow=True,
    foreground=(26,),
    first_frame=None,
)
FACE = replace(
    CITY, palette="", label_classes=15, edges=False, things=(), foreground_filters=0, scales=1, foreground=()
)
BODY = replace(FACE, label_classes=6, scales=3)

_CITY_512 = Resolution(512, 256, 1, 2, 0, 10, 10, 2e-4, 6, 5, 2, PAPER_LOSSES, TURNED)
_CITY_1024 = Resolution(1024, 512, 2, 3, 10, 10, 10, 1e-4, 4, 2, 1, PAPER_LOSSES, TURNED)
_CITY_2048 = Resolution(2048, 1024, 3, 4, 5, 5, 5, 5e-5, 4, 1, 1, PAPER_LOSSES, TURNED)
_CITY_G1 = (
    Resolution(256, 128, 1, 1, 0, 10, 10, 2e-4, 6, 5, 6, PAPER_LOSSES, TURNED),
    Resolution(512, 256, 2, 2, 8, 10, 5, 2e-4, 4, 2, 2, PAPER_LOSSES, TURNED),
    Resolution(896, 448, 3, 3, 8, 10, 5, 1e-4, 4, 2, 1, PAPER_LOSSES, TURNED),
)
_FACE_512 = Resolution(512, 512, 1, 3, 0, 20, 20, 2e-4, 12, 5, 2, PAPER_LOSSES, TURNED)
_FACE_G1 = (
    Resolution(256, 256, 1, 2, 0, 20, 20, 2e-4, 12, 5, 6, PAPER_LOSSES, TURNED),
    Resolution(512, 512, 2, 3, 5, 10, 10, 2e-4, 6, 2, 1, PAPER_LOSSES, TURNED),
)
_BODY = (
    Resolution(192, 256, 1, 2, 0, 5, 5, 2e-4, 12, 5, 3, POSE_LOSSES, NEARER),
    Resolution(384, 512, 2, 3, 3, 5, 5, 1e-4, 12, 5, 1, FACE_LOSSES, NEARER),
    Resolution(768, 1024, 3, 4, 3, 5, 5, 5e-5, 12, 5, 1, FACE_LOSSES, NEARER),
)
_BODY_G1 = (replace(_BODY[0], chunk=4), replace(_BODY[1], chunk=2), _BODY[2])

_CITY_CLIPS, _CITY_LONGEST = 2975, 30
_FACE_CLIPS, _FACE_LONGEST = 704, 128
_BODY_CLIPS, _BODY_LONGEST = 1000, 128
"""Of an epoch, and the frames of the longest clip that is trained on. Dancers are drawn at random moments of few long
videos, so their epoch is a choice."""


def _recipe(
    name: str,
    generator: GeneratorConfig,
    resolutions: tuple[Resolution, ...],
    data: tuple[int, int],
    batch: int,
    world: World = "street",
    start: Literal["both", "blank"] = "both",
    discriminator_filters: int = 64,
) -> Recipe:
    epoch, longest = data
    stages = (stages_of(at, epoch, longest, batch, generator.past_frames) for at in resolutions)
    return Recipe(
        name=name,
        world=world,
        generator=generator,
        stages=sum(stages, ()),
        batch=batch,
        start=start,
        betas=(0.5, 0.999),
        ema=0.999,
        discriminator_filters=discriminator_filters,
        temporal=TemporalConfig(frames=3, scales=2, sparse=False),
        features="best",
        stand_ins=(),
        seed=0,
    )


PAPER_RECIPES = (
    _recipe("label2city", CITY, (_CITY_512, _CITY_1024, _CITY_2048), (_CITY_CLIPS, _CITY_LONGEST), 8),
    _recipe(
        "label2city-1gpu",
        replace(CITY, downsamplings=2, foreground_filters=128),
        _CITY_G1,
        (_CITY_CLIPS, _CITY_LONGEST),
        1,
    ),
    _recipe("edge2face", FACE, (_FACE_512,), (_FACE_CLIPS, _FACE_LONGEST), 8, "faces"),
    _recipe(
        "edge2face-1gpu",
        replace(FACE, filters=64, scales=2),
        _FACE_G1,
        (_FACE_CLIPS, _FACE_LONGEST),
        1,
        "faces",
    ),
    _recipe("pose2body", BODY, _BODY, (_BODY_CLIPS, _BODY_LONGEST), 8, "puppets", "blank"),
    _recipe(
        "pose2body-1gpu",
        replace(BODY, filters=64),
        _BODY_G1,
        (_BODY_CLIPS, _BODY_LONGEST),
        1,
        "puppets",
        "blank",
        32,
    ),
)
