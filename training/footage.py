"""Recipes for footage of one's own: one video and its label maps, one GPU.

On a CPU take fewer clips or a smaller size: one core needs 20 s for a clip of the second stage. A single clip is a
small data set: a network of a quarter of the published width, no separate foreground, and clips that start from
nothing half of the time, so that it needs no first picture when it is used.
"""

from dataclasses import replace

from .paper import CITY, PAPER_LOSSES
from .recipe import LossWeights, Recipe, Stage, TemporalConfig
from .schedule import ClipShape

FOOTAGE_GENERATOR = replace(CITY, filters=32, foreground_filters=0, foreground=(), downsamplings=2, scales=2)
"""Of the palette Cityscapes; `recipe.with_palette` makes it that of other label maps."""

QUIET = replace(
    PAPER_LOSSES, gan=0.0, feature_matching=0.0, temporal_gan=0.0, temporal_matching=0.0, raw_gan=0.0
)
"""First what the discriminators can't teach: colours and motion."""


def _stage(
    clips: int,
    side: int,
    frames: int,
    scales: int,
    chunk: int,
    rate: tuple[float, float],
    losses: LossWeights,
) -> Stage:
    return Stage(
        clips=clips,
        shape=ClipShape(2 * side, side, frames, (1.0,)),
        scales=scales,
        trained="all",
        discriminator_scales=scales + 1,
        chunk=chunk,
        unrolled=1,
        learning_rate=rate,
        losses=replace(losses, flow=losses.flow / 2 ** (scales - 1)),
    )


_FINE = _stage(200, 256, 6, 2, 2, (4e-4, 4e-4), QUIET)

FOOTAGE = Recipe(
    name="footage",
    world="street",
    generator=FOOTAGE_GENERATOR,
    stages=(
        _stage(400, 128, 6, 1, 4, (4e-4, 4e-4), QUIET),
        _stage(800, 128, 10, 1, 4, (4e-4, 4e-4), PAPER_LOSSES),
        replace(_FINE, trained="finest"),
        replace(_FINE, clips=400, losses=replace(PAPER_LOSSES, flow=5.0)),
        _stage(400, 256, 14, 2, 2, (4e-4, 0.0), PAPER_LOSSES),
    ),
    batch=1,
    start="both",
    betas=(0.5, 0.999),
    ema=0.999,
    discriminator_filters=32,
    temporal=TemporalConfig(frames=3, scales=2, sparse=False),
    features="best",
    stand_ins=(),
    seed=0,
)

FOOTAGE_RECIPES = (FOOTAGE,)
