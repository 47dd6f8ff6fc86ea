"""Recipes of the demo weights for drawn maps: a talking face out of a sketch, a dancer out of a pose.

A network of the street demo's size, which knows a few people as styles. Motion is judged, since nothing else in a
sketch tells how hair and clothes move.
"""

from dataclasses import replace

from .recipe import ClipShape, Recipe, Stage, TemporalConfig, World
from .street_demo import DETAIL, LIKENESS, REALISM, STREET_DEMO, STREET_GENERATOR

FACE_CHANNELS, POSE_CHANNELS = 15, 6

DRAWN_GENERATOR = replace(
    STREET_GENERATOR, palette="", edges=False, things=(), foreground=(), foreground_filters=0, blocks=6
)
MOVING = replace(REALISM, temporal_gan=0.25, temporal_matching=1.5)

_SHORT, _LONG = 4, 8


def _stages(width: int, height: int) -> tuple[Stage, ...]:
    learn = STREET_DEMO.stages[0]
    rate = learn.learning_rate[0]
    short, long = (ClipShape(width, height, frames, (1.0,)) for frames in (_SHORT, _LONG))
    sharpen = replace(learn, clips=300, shape=long, losses=MOVING, learning_rate=(rate, rate / 2))
    return (
        replace(learn, shape=short, losses=LIKENESS),
        sharpen,
        replace(sharpen, clips=150, losses=DETAIL, learning_rate=(rate / 2, 0.0)),
    )


def _recipe(name: str, world: World, channels: int, people: tuple[str, ...], size: tuple[int, int]) -> Recipe:
    return replace(
        STREET_DEMO,
        name=name,
        world=world,
        generator=replace(DRAWN_GENERATOR, label_classes=channels, style_names=people),
        stages=_stages(*size),
        temporal=TemporalConfig(frames=3, scales=1, sparse=False),
        stand_ins=(),
    )


FACE_DEMO = _recipe(
    "face-demo", "faces", FACE_CHANNELS, ("speaker 1", "speaker 2", "speaker 3", "speaker 4"), (128, 128)
)
DANCER_DEMO = _recipe(
    "dancer-demo", "puppets", POSE_CHANNELS, ("dancer 1", "dancer 2", "dancer 3", "dancer 4"), (128, 192)
)

DRAWN_DEMOS = (FACE_DEMO, DANCER_DEMO)
