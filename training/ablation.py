"""What each part of the method is worth: the same short training of small networks, once whole and once without it.

Source: Wang et al. 2018, 4 (ablation study) and table 1, whose frame-wise rival is pix2pixHD. All variants see the same
clips as often, with the same seed and the same losses but for those that a part brings.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from .paper import PAPER_LOSSES
from .recipe import Recipe, Stage, TemporalConfig
from .schedule import ClipShape
from .street_demo import STREET_DEMO, STREET_GENERATOR

_GENERATOR = replace(
    STREET_GENERATOR, filters=12, foreground_filters=6, blocks=4, resampling="bilinear", skips=False
)

_LIKENESS = replace(
    PAPER_LOSSES,
    gan=0.0,
    feature_matching=0.0,
    flow=1.0,
    warp=2.0,
    weight=0.0,
    raw=1.0,
    raw_gan=0.0,
    temporal_gan=0.0,
    temporal_matching=0.0,
)

_REALISM = replace(
    _LIKENESS, gan=0.5, feature_matching=3.0, warp=1.0, temporal_gan=0.5, temporal_matching=3.0
)

_LEARN = Stage(
    clips=160,
    shape=ClipShape(width=128, height=64, frames=6, zooms=(1.0,)),
    scales=1,
    trained="all",
    discriminator_scales=2,
    chunk=1,
    unrolled=1,
    learning_rate=(1e-3, 1e-3),
    losses=_LIKENESS,
)

_SHARPEN = replace(_LEARN, clips=80, learning_rate=(1e-3, 0.0), losses=_REALISM)

STREET_ABLATION = replace(
    STREET_DEMO,
    name="street-ablation",
    generator=_GENERATOR,
    stages=(_LEARN, _SHARPEN, _SHARPEN),
    start="blank",
    ema=0.995,
    discriminator_filters=8,
    temporal=TemporalConfig(frames=3, scales=1, sparse=False),
)
"""The whole method, small and short. Clips start from nothing, as the networks do when they are compared."""


def no_flow(recipe: Recipe) -> Recipe:
    """Every frame is painted anew; the network still sees the past frames."""
    return replace(recipe, name=f"{recipe.name}-no-flow", generator=replace(recipe.generator, flow=False))


def no_temporal(recipe: Recipe) -> Recipe:
    """Nobody judges the motion of the pictures."""
    quiet = _with_losses(recipe, temporal_gan=0.0, temporal_matching=0.0)
    return replace(quiet, name=f"{recipe.name}-no-temporal", temporal=replace(recipe.temporal, scales=0))


def no_foreground(recipe: Recipe) -> Recipe:
    """Cars are warped like everything else."""
    generator = replace(recipe.generator, foreground=(), foreground_filters=0)
    return replace(recipe, name=f"{recipe.name}-no-foreground", generator=generator)


def frame_wise(recipe: Recipe) -> Recipe:
    """One label map in, one picture out: no past, hence no flow, and nothing asks how pictures follow each other.

    The branch of the foreground stays, so that cars are painted as well as by the others.
    """
    alone = _with_losses(no_temporal(recipe), warp=0.0)
    generator = replace(recipe.generator, label_frames=1, flow=False)
    return replace(alone, name=f"{recipe.name}-frame-wise", generator=generator)


def _with_losses(recipe: Recipe, **changes: float) -> Recipe:
    stages = tuple(replace(stage, losses=replace(stage.losses, **changes)) for stage in recipe.stages)
    return replace(recipe, stages=stages)


VARIANTS: Mapping[str, Recipe] = MappingProxyType(
    {
        "frame-wise": frame_wise(STREET_ABLATION),
        "no flow": no_flow(STREET_ABLATION),
        "no temporal discriminator": no_temporal(STREET_ABLATION),
        "no foreground prior": no_foreground(STREET_ABLATION),
        "full": STREET_ABLATION,
    }
)
"""By the names that the table gives them."""
