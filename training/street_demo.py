"""The recipe of the weights that come with the package."""

from dataclasses import replace

from ..models.vid2vid.config import GeneratorConfig
from .recipe import LossWeights, Recipe, Stage, TemporalConfig
from .schedule import ClipShape
from .stand_ins import STREET_STAND_INS
from .worlds.looks import LOOKS

STREET_GENERATOR = GeneratorConfig(
    palette="cityscapes",
    label_classes=35,
    edges=True,
    things=tuple(range(24, 34)),
    style_names=LOOKS,
    label_frames=3,
    filters=16,
    foreground_filters=8,
    downsamplings=2,
    blocks=6,
    local_blocks=0,
    scales=1,
    flow=True,
    foreground=(26, 27, 28, 29, 30, 31),  # vehicles; the procedural street has cars only, see stand_ins
    first_frame=None,
    resampling="bicubic",
    skips=True,
)

LIKENESS = LossWeights(
    gan=0.0,
    feature_matching=0.0,
    perceptual=10.0,
    direction=0.0,
    flow=1.0,
    flow_warp=10.0,
    warp=2.0,
    weight=0.0,
    raw=1.0,
    raw_gan=0.0,
    temporal_gan=0.0,
    temporal_matching=0.0,
    face_gan=0.0,
    face_matching=0.0,
)
"""Close to the truth, on average: what a network learns first, and fastest without a discriminator."""

REALISM = replace(LIKENESS, gan=0.5, feature_matching=3.0, warp=0.5, raw=0.5)
"""And sharp."""

CLEAR = replace(LIKENESS, perceptual=20.0, direction=4.0, flow=2.0, warp=0.5, raw=0.25)
"""Over long clips, by what can be seen: edges where the labels have them, and no grid, which a small discriminator
leaves. What was carried along too far is painted anew, rather than copied once more."""

SHORT = ClipShape(width=256, height=128, frames=4, zooms=(1.0, 1.0, 1.5))
LONG = ClipShape(width=256, height=128, frames=8, zooms=(1.0, 1.0, 1.0, 1.5))

_RATE = 6e-4
_LEARN = Stage(
    clips=600,
    shape=SHORT,
    scales=1,
    trained="all",
    discriminator_scales=2,
    chunk=1,
    unrolled=1,
    learning_rate=(_RATE, _RATE),
    losses=LIKENESS,
)
_SHARPEN = replace(_LEARN, clips=300, shape=LONG, learning_rate=(_RATE, _RATE / 2), losses=REALISM)
_CLEAR = replace(_SHARPEN, clips=520, learning_rate=(_RATE / 2, 0.0), losses=CLEAR)
_BEGIN = replace(_CLEAR, clips=80, learning_rate=(2e-4, 0.0), start="blank")
"""Most videos start from nothing."""

STREET_DEMO = Recipe(
    name="street-demo",
    world="street",
    generator=STREET_GENERATOR,
    stages=(_LEARN, _SHARPEN, _CLEAR, _BEGIN),
    batch=1,
    start="both",
    betas=(0.5, 0.999),
    ema=0.999,
    discriminator_filters=16,
    temporal=TemporalConfig(frames=3, scales=0, sparse=False),
    features="random",
    stand_ins=STREET_STAND_INS,
    seed=0,
)
