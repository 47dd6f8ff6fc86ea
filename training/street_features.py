"""The street with instance features: each car's colour, the facades, the road are inputs that can be chosen."""

from dataclasses import replace

from ..models.vid2vid.config import FeatureConfig
from .schedule import ClipShape
from .street_demo import STREET_DEMO, STREET_GENERATOR

SHAPE = ClipShape(width=256, height=128, frames=4, zooms=(1.0, 1.0, 1.5))

STREET_FEATURES = replace(
    STREET_DEMO,
    name="street-features",
    generator=replace(
        STREET_GENERATOR, instance_features=FeatureConfig(channels=3, filters=16, downsamplings=2)
    ),
    stages=(replace(STREET_DEMO.stages[-1], clips=600, shape=SHAPE, learning_rate=(6e-4, 0.0)),),
    weights="street",
)
"""Goes on from the demo's weights, which can paint a street already: what is left is to be told what it looks like.
The street numbers its cars and people; all else of a class is one instance."""
