"""The street with instance features: each car's colour, the facades, the road are inputs that can be chosen."""

from dataclasses import replace

from ..models.vid2vid.config import FeatureConfig
from .street_demo import STREET_DEMO, STREET_GENERATOR

STREET_FEATURES = replace(
    STREET_DEMO,
    name="street-features",
    generator=replace(
        STREET_GENERATOR, instance_features=FeatureConfig(channels=3, filters=16, downsamplings=3)
    ),
)
"""The demo's schedule and losses. The street numbers its cars and people; all else of a class is one instance."""
