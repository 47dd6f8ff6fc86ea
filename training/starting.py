"""Runs that go on from a trained generator: fewer clips are needed than from random weights."""

from dataclasses import replace

import torch
from torch import Tensor

from ..errors import InputError
from ..models.vid2vid.generator import Vid2VidGenerator
from ..weights import load_as
from ..weights.folders import typed
from .networks import Networks


def start_from(networks: Networks, weights: str) -> None:
    """Give the generator and its average, in place, the weights of a preset or a file.

    Those may take no instance features where the run's network does: what reads the features, and what finds them in
    pictures, then stays as it is. InputError for a network of another kind or another config.
    """
    otherwise = "not a vid2vid generator; start from other weights"
    trained = load_as(Vid2VidGenerator, otherwise, typed(weights), "cpu", torch.float32)
    config = networks.generator.config
    if trained.config not in (config, replace(config, instance_features=None)):
        raise InputError(
            f"{weights}: is another network than the recipe's (palette, looks, sizes ...); start from weights of this "
            "recipe, or without"
        )
    ours = networks.generator.state_dict()
    for name, values in trained.state_dict().items():
        _take(ours[name], values, config.label_frames)
    networks.average.load_state_dict(ours)


def _take(ours: Tensor, theirs: Tensor, frames: int) -> None:
    """Copy, in place; of a convolution that has more inputs than theirs, the first ones of every label frame."""
    if ours.shape != theirs.shape:
        theirs, ours = (x.view(len(x), frames, -1, *x.shape[2:]) for x in (theirs, ours))
        ours = ours[:, :, : theirs.shape[2]]
    ours.copy_(theirs)
