"""Recipes with the schedules of both published few-shot code bases.

Source: NVlabs/few-shot-vid2vid at 009e23f, `scripts/{face,pose,street}/train*.sh`, `options/train_options.py`,
`models/trainer.py`; NVlabs/imaginaire at c6f7484, `configs/projects/fs_vid2vid`. What differs here, and why: an epoch
is 10000 clips, however many a machine takes at a time; the summaries of exemplars are scaled to the size that is
trained at, so that the networks work at others, too; of what is generated, biases are used (the original drops half of
them); where training of the past begins, nothing changes at once, since published trainings collapsed there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from ..models.fewshot.config import FewShotConfig, FlowConfig
from ..models.fewshot.published import STREET_PALETTE
from .fewshot_recipe import FewShotLosses, FewShotRecipe, FewShotStage, JudgeShape
from .recipe import World
from .schedule import ClipShape

EPOCH = 10_000
"""Clips of an epoch."""

PAPER_LOSSES = FewShotLosses(
    gan=1.0,
    feature_matching=10.0,
    perceptual=10.0,
    direction=0.0,
    flow=10.0,
    flow_warp=10.0,
    mask=10.0,
    warp=0.0,
    parts=0.0,
    raw=1.0,
    face_gan=0.0,
    face_matching=0.0,
)
POSE_LOSSES = replace(PAPER_LOSSES, parts=10.0, face_gan=1.0, face_matching=10.0)

FACE = FewShotConfig(
    kind="face",
    palette="",
    label_channels=1,
    hidden_faces="none",
    filters=32,
    most_filters=1024,
    levels=5,
    norm="instance",
    exemplar_kernel=3,
    exemplar_label_eps=1e-5,
    mixing="average",
    attend_from=2,
    mixing_level=2,
    generated_levels=4,
    hidden_layers=2,
    generated_cut="whole",
    embedding_kernel=1,
    summary_pixels=64.0,
    warp_exemplar=True,
    blending="embedding",
    warped_levels=2,
    flow=FlowConfig(filters=32, downsamplings=3, blocks=6, gain=20.0),
    separate_flows=False,
)
POSE = replace(FACE, kind="pose", label_channels=6, hidden_faces="all", summary_pixels=128.0)
STREET = replace(
    FACE,
    kind="street",
    palette=STREET_PALETTE,
    label_channels=20,
    summary_pixels=128.0,
    warp_exemplar=False,
    blending="linear",
    warped_levels=0,
)
IMAGINAIRE_FACE = replace(
    FACE, exemplar_kernel=1, exemplar_label_eps=0.1, embedding_kernel=3, summary_pixels=256.0
)
IMAGINAIRE_POSE = replace(
    IMAGINAIRE_FACE, kind="pose", label_channels=6, hidden_faces="drivers", summary_pixels=128.0
)


@dataclass(frozen=True)
class Epochs:
    """A published schedule."""

    single: int
    """Epochs with clips of one frame."""
    steady: int
    """Epochs at the full learning rate."""
    falling: int
    """Epochs in which it falls, to `rate * left`."""
    rate: float
    left: float
    frames: int
    """Of a clip after the single ones."""
    double_after: int
    """Epochs after which clips become twice as long, again and again."""
    longest: int


def fewshot_stages(
    epochs: Epochs, size: tuple[int, int], losses: FewShotLosses, batch: int
) -> tuple[FewShotStage, ...]:
    """A new stage wherever anything changes; size: (width, height)."""
    end = epochs.steady + epochs.falling
    doublings = range(epochs.single + epochs.double_after, end, epochs.double_after)
    times = sorted({0, epochs.single, epochs.steady, end, *doublings})
    stages: list[FewShotStage] = []
    for start, stop in pairwise(times):
        doubled = max(0, start - epochs.single) // epochs.double_after
        frames = 1 if start < epochs.single else min(epochs.frames << doubled, epochs.longest)
        stage = FewShotStage(
            clips=round((stop - start) * EPOCH / batch) * batch,
            shape=ClipShape(*size, frames, (1.0,), longest_step=4),
            learning_rate=(_rate(epochs, start), _rate(epochs, stop)),
            exemplars=(1, 1),
            losses=losses,
        )
        stages.append(stage)
    return _joined(stages)


def _joined(stages: Iterable[FewShotStage]) -> tuple[FewShotStage, ...]:
    """Stages that differ in nothing but their length become one."""
    joined: list[FewShotStage] = []
    for stage in stages:
        if joined and replace(joined[-1], clips=stage.clips) == stage:
            stage = replace(stage, clips=stage.clips + joined.pop().clips)
        joined.append(stage)
    return tuple(joined)


def _rate(epochs: Epochs, passed: int) -> float:
    """The learning rate after so many epochs."""
    share = max(0, passed - epochs.steady) / max(1, epochs.falling)
    return epochs.rate * (1 - share * (1 - epochs.left))


def _recipe(
    name: str,
    world: World,
    generator: FewShotConfig,
    stages: tuple[FewShotStage, ...],
    judge: JudgeShape,
    batch: int,
    farthest: int,
    ema: float = 0.999,
) -> FewShotRecipe:
    return FewShotRecipe(
        name=name,
        stages=stages,
        batch=batch,
        ema=ema,
        seed=0,
        world=world,
        subjects=EPOCH,
        apart=(14, farthest),
        layout=judge.family,
        generator=generator,
        spectral=True,
        betas=(0.0, 0.999),
        rates=(0.5, 2.0),
        discriminator=judge,
        features="best",
        perceptual_scales=1 if judge.family == "nvlabs" else 3,
    )


_NVLABS = JudgeShape(32, 1, 4, "nvlabs")
_BATCH = 8
_LONG = Epochs(50, 50, 50, 4e-4, 0.0, 2, 10, 30)
_POSE = replace(_LONG, single=100, steady=100)
_STREET = Epochs(10, 10, 10, 4e-4, 0.0, 2, 2, 30)
_FACE_B = Epochs(0, 100, 100, 2e-4, 0.1, 4, 50, 16)
_POSE_B = Epochs(0, 10, 10, 2e-4, 0.1, 4, 5, 16)


def _dropping(stages: tuple[FewShotStage, ...]) -> tuple[FewShotStage, ...]:
    """The learning rate falls to its last value at once, as imaginaire's does."""
    first, last = stages[0].learning_rate[0], stages[-1].learning_rate[1]
    rates = (first if stage.learning_rate[1] == first else last for stage in stages)
    return _joined(
        replace(stage, learning_rate=(rate, rate)) for stage, rate in zip(stages, rates, strict=True)
    )


FEWSHOT_PAPER = (
    _recipe(
        "fewshot-face",
        "faces",
        FACE,
        fewshot_stages(_LONG, (256, 256), PAPER_LOSSES, _BATCH),
        _NVLABS,
        _BATCH,
        300,
    ),
    _recipe(
        "fewshot-pose",
        "puppets",
        POSE,
        fewshot_stages(_POSE, (256, 512), POSE_LOSSES, _BATCH),
        _NVLABS,
        _BATCH,
        60,
    ),
    _recipe(
        "fewshot-street",
        "street",
        STREET,
        fewshot_stages(_STREET, (512, 256), PAPER_LOSSES, _BATCH),
        _NVLABS,
        _BATCH,
        300,
    ),
    _recipe(
        "imaginaire-face",
        "faces",
        IMAGINAIRE_FACE,
        _dropping(fewshot_stages(_FACE_B, (512, 512), PAPER_LOSSES, 24)),
        JudgeShape(32, 2, 3, "imaginaire"),
        24,
        300,
    ),
    _recipe(
        "imaginaire-pose",
        "puppets",
        IMAGINAIRE_POSE,
        _dropping(fewshot_stages(_POSE_B, (256, 512), POSE_LOSSES, 48)),
        JudgeShape(32, 2, 4, "imaginaire"),
        48,
        60,
        ema=0.0,
    ),
)
