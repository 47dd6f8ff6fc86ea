"""Classes that the training data lacks: each gets the weights of a class that looks much like it.

A class that no training picture shows would else keep the random weights that it began with, and be painted as noise.
"""

from typing import cast

import torch
from torch import nn

from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.scale import Scale

StandIns = tuple[tuple[int, int], ...]
"""Pairs (class that the data lacks, class that stands in for it)."""

ROAD, SIDEWALK, BUILDING, POLE, PERSON, CAR = 7, 8, 11, 17, 24, 26

STREET_STAND_INS: StandIns = (
    *((lacking, ROAD) for lacking in (1, 10)),  # ego vehicle, rail track
    *((lacking, SIDEWALK) for lacking in (6, 9)),  # ground, parking
    *(
        (lacking, BUILDING) for lacking in (0, 2, 3, 4, 12, 13, 14, 15, 16)
    ),  # void, static, wall, fence ... tunnel
    *((lacking, POLE) for lacking in (18,)),  # polegroup
    *((lacking, PERSON) for lacking in (5, 25, 32, 33)),  # dynamic, rider, motorcycle, bicycle
    *(
        (lacking, CAR) for lacking in (27, 28, 29, 30, 31, 34)
    ),  # truck, bus, caravan, trailer, train, licence plate
)
"""Cityscapes ids that the procedural street doesn't draw."""


@torch.no_grad()
def fill_stand_ins(generator: Vid2VidGenerator, stand_ins: StandIns) -> None:
    """Copy, in place, the first convolutions' weights of every stand-in to the class that it stands in for."""
    config = generator.config
    for scale in map(_scale, generator.scales):
        branches = [scale.labels] if scale.foreground is None else [scale.labels, scale.foreground.encoder]
        for weight in (branch.stem.conv.weight for branch in branches):
            for frame in range(config.label_frames):
                start = frame * config.label_channels
                for lacking, stand_in in stand_ins:
                    weight[:, start + lacking] = weight[:, start + stand_in]


def _scale(module: nn.Module) -> Scale:
    return cast(Scale, module)
