"""What each style of a generator does to the features of a text encoder: StyleCLIP's table, for edits by text.

Source: Patashnik et al. 2021, section 6; orpatashnik/StyleCLIP, `global_torch/npy/ffhq`: `fs3.npy`, `S_mean_std`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class StyleTableConfig:
    """Which generator and which text encoder it is for."""

    styles: int
    """Of the generator's convolutions; those of its toRGB layers have no part in it."""
    features: int
    """Of the text encoder."""
    encoder: str
    """Name of the text encoder: "CLIP ViT-B/32"."""
    statistics: bool
    """Whether means and deviations of the styles are known."""


class StyleTable(nn.Module):
    """The numbers."""

    table: Tensor
    """[s d]: the step in the space of texts that a style makes, of length 1 for most."""
    mean: Tensor
    """[s], or [0] where they aren't known."""
    deviation: Tensor
    """[s], or [0]: standard deviation of each style over faces; 1 in a direction of styles is not one of these."""

    def __init__(self, config: StyleTableConfig) -> None:
        super().__init__()
        self.config = config
        known = config.styles if config.statistics else 0
        self.register_buffer("table", torch.zeros(config.styles, config.features))
        self.register_buffer("mean", torch.zeros(known))
        self.register_buffer("deviation", torch.zeros(known))
