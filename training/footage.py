"""Recipes for footage of one's own: one video and its label maps.

`footage` needs no GPU: about an hour of one CPU core, less with fewer clips (`--clips`). A single clip is a small data
set: a small network that keeps the edges of its labels sharp and knows where in the picture it paints; at half the size
first, where it learns four times as fast, then at the whole size, then over longer clips; from likeness alone.
`footage-large` is the whole method, with every discriminator, at twice the size, for a GPU: on one core it would need
days.

Clips of `footage` start from nothing: as long as a network has learnt little, real pictures to go on from teach it to
carry them along, not to paint. Those of `footage-large` do so half of the time. Neither needs a first picture.
"""

from dataclasses import replace

from .drawn_demos import LOSSES
from .paper import CITY, PAPER_LOSSES
from .recipe import LossWeights, Recipe, Stage, TemporalConfig
from .schedule import ClipShape
from .street_demo import LIKENESS, STREET_DEMO, STREET_GENERATOR

FOOTAGE_GENERATOR = replace(
    STREET_GENERATOR,
    style_names=(),
    foreground_filters=0,
    foreground=(),
    downsamplings=3,
    blocks=4,
    positions=4,
)
"""Of the palette Cityscapes; `recipe.with_palette` makes it that of other label maps."""

_RATE = 8e-4
_HALF = replace(
    STREET_DEMO.stages[0],
    clips=900,
    shape=ClipShape(128, 64, 4, (1.0,)),
    learning_rate=(_RATE, _RATE),
    losses=LIKENESS,
)
_WHOLE = replace(_HALF, clips=700, shape=ClipShape(256, 128, 4, (1.0,)), losses=LOSSES)
_LONG = replace(_WHOLE, clips=300, shape=ClipShape(256, 128, 8, (1.0,)), learning_rate=(_RATE, 0.0))

FOOTAGE = replace(
    STREET_DEMO,
    name="footage",
    generator=FOOTAGE_GENERATOR,
    stages=(_HALF, _WHOLE, _LONG),
    start="blank",
    features="best",
    stand_ins=(),
)

LARGE_GENERATOR = replace(CITY, filters=32, foreground_filters=0, foreground=(), downsamplings=2, scales=2)
"""A quarter of the published width."""

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

FOOTAGE_LARGE = Recipe(
    name="footage-large",
    world="street",
    generator=LARGE_GENERATOR,
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

FOOTAGE_RECIPES = (FOOTAGE, FOOTAGE_LARGE)
