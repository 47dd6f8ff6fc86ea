"""Recipes of the demo weights for drawn maps: a talking face out of a sketch, a dancer out of a pose.

A network of the street demo's size, which knows a few people as styles, and where in the picture it paints: a sketch
says nothing of what stands behind its person. It learns from the truth of a procedural world
and needs no discriminator: there is little that a sketch leaves open.
"""

from dataclasses import replace

from .recipe import Recipe, Stage, World
from .schedule import ClipShape
from .street_demo import LIKENESS, STREET_DEMO, STREET_GENERATOR

FACE_CHANNELS, POSE_CHANNELS = 15, 6

DRAWN_GENERATOR = replace(
    STREET_GENERATOR,
    palette="",
    edges=False,
    things=(),
    foreground=(),
    foreground_filters=0,
    downsamplings=3,
    blocks=4,
    resampling="bicubic",
    skips=True,
    positions=4,
)
LOSSES = replace(LIKENESS, perceptual=20.0, direction=5.0, flow=2.0, warp=0.5, raw=0.5)


def _stages(width: int, height: int) -> tuple[Stage, ...]:
    rate = 6e-4
    short, long = (ClipShape(width, height, frames, (1.0,)) for frames in (4, 8))
    learn = replace(STREET_DEMO.stages[0], clips=900, shape=short, losses=LOSSES, learning_rate=(rate, rate))
    return learn, replace(learn, clips=300, shape=long, learning_rate=(rate, 0.0))


def _recipe(name: str, world: World, channels: int, people: tuple[str, ...], size: tuple[int, int]) -> Recipe:
    return replace(
        STREET_DEMO,
        name=name,
        world=world,
        generator=replace(DRAWN_GENERATOR, label_classes=channels, style_names=people),
        stages=_stages(*size),
        stand_ins=(),
    )


FACE_DEMO = _recipe(
    "face-demo", "faces", FACE_CHANNELS, ("speaker-1", "speaker-2", "speaker-3", "speaker-4"), (128, 128)
)
DANCER_DEMO = _recipe(
    "dancer-demo", "puppets", POSE_CHANNELS, ("dancer-1", "dancer-2", "dancer-3", "dancer-4"), (128, 192)
)

DRAWN_DEMOS = (FACE_DEMO, DANCER_DEMO)
