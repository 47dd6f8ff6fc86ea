"""Classes that the training data lacks: each gets the weights of a class that looks much like it.

A class that no training picture shows would else keep the random weights that it began with, and be painted as noise.
"""

from itertools import product
from typing import cast

import torch

from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.scale import Scale

StandIns = tuple[tuple[int, int], ...]
"""Pairs (class that the data lacks, class that stands in for it)."""

_KIN = {
    7: (1, 10),  # road: ego vehicle, rail track
    8: (6, 9),  # sidewalk: ground, parking
    11: (0, 2, 3, 4, 12, 13, 14, 15, 16),  # building: void, static, wall, fence ... tunnel
    17: (18,),  # pole: polegroup
    24: (5, 25, 32, 33),  # person: dynamic, rider, motorcycle, bicycle
    26: (27, 28, 29, 30, 31, 34),  # car: truck, bus, caravan, trailer, train, licence plate
}
"""Cityscapes id that the procedural street draws -> ids that it doesn't."""

STREET_STAND_INS: StandIns = tuple((lacking, drawn) for drawn, kin in _KIN.items() for lacking in kin)


@torch.no_grad()
def fill_stand_ins(generator: Vid2VidGenerator, stand_ins: StandIns) -> None:
    """Copy, in place, the first convolutions' weights of every stand-in to the class that it stands in for."""
    config = generator.config
    starts = range(0, config.label_frames * config.encoded_channels, config.encoded_channels)
    for scale in cast(list[Scale], generator.scales):
        encoders = [scale.labels] if scale.foreground is None else [scale.labels, scale.foreground.encoder]
        for weight in (encoder.stem.conv.weight for encoder in encoders):
            for start, (lacking, stand_in) in product(starts, stand_ins):
                weight[:, start + lacking] = weight[:, start + stand_in]
