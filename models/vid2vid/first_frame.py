"""The networks that paint the first two pictures, which everything after them is warped and continued from.

Source: NVIDIA/vid2vid at 2e6d137, `models/networks.py` (GlobalGenerator, LocalEnhancer, Global_with_z); Wang
et al., "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs", 2018. Instance norm without
weights throughout.
"""

import torch
from torch import Tensor, nn

from ..labels.encoding import halve
from ..labels.planes import LabelPlanes
from ..layers.blocks import FewOutputs, residual_blocks, up
from ..layers.storage import full_precision
from .config import FirstFrameConfig
from .parts import GlobalNetwork, StyleEncoder
from .scale import Decoder, Encoder


class GlobalFirstFrame(nn.Module):
    """A picture from one label map."""

    def __init__(self, config: FirstFrameConfig) -> None:
        super().__init__()
        self.network = GlobalNetwork(config.channels, config.filters, config.downsamplings, config.blocks)
        self.to_image = FewOutputs(config.filters, 3)

    def forward(self, labels: LabelPlanes) -> Tensor:
        """Planes of one label frame without its edges -> `[b 3 h w]` float32 in -1..1."""
        return torch.tanh(full_precision(self.to_image(self.network(labels))))


class EnhancedFirstFrame(nn.Module):
    """The global network at half size; a local enhancer adds detail at full size."""

    def __init__(self, config: FirstFrameConfig) -> None:
        super().__init__()
        local = config.filters // 2
        self.network = GlobalNetwork(config.channels, config.filters, config.downsamplings, config.blocks)
        self.encoder = Encoder(config.channels, local, 1, 0, affine=False)
        self.decoder = Decoder(local, 1, config.enhancer_blocks, affine=False)
        self.to_image = FewOutputs(local, 3)

    def forward(self, labels: LabelPlanes) -> Tensor:
        """Planes of one label frame without its edges -> `[b 3 h w]` float32 in -1..1."""
        features = self.decoder(self.network(labels.halved()) + self.encoder(labels))
        return torch.tanh(full_precision(self.to_image(features)))


class StyledFirstFrame(nn.Module):
    """A picture from a drawn map and a style map, which joins at the input, at the bottleneck and at the end."""

    def __init__(self, config: FirstFrameConfig) -> None:
        super().__init__()
        z, deep = config.style_channels, config.filters * 2**config.downsamplings
        self.encoder = Encoder(config.channels + z, config.filters, config.downsamplings, 0, affine=False)
        self.blocks = residual_blocks(config.blocks, deep + z, affine=False)
        first_up = up(deep + 2 * z, deep // 2, affine=False)
        later = (up(deep // 2**i, deep // 2 ** (i + 1), affine=False) for i in range(1, config.downsamplings))
        self.ups = nn.Sequential(first_up, *later)
        self.to_image = FewOutputs(config.filters + z, 3)
        self.style_encoder = StyleEncoder(z, config.encoder_filters, config.encoder_downsamplings)

    def forward(self, labels: LabelPlanes, style: Tensor) -> Tensor:
        """A drawn map and a style map `[b style_channels h w]` (`paint_style`) -> `[b 3 h w]` float32 in -1..1."""
        style = style.to(labels.values.dtype)
        small = style
        for _ in self.ups:
            small = halve(small)
        x = self.encoder(torch.cat([labels.dense(), style], 1))
        x = self.blocks(torch.cat([x, small], 1))
        x = self.ups(torch.cat([x, small], 1))
        return torch.tanh(full_precision(self.to_image(torch.cat([x, style], 1))))


def nearest_style(means: Tensor, known: Tensor, present: Tensor) -> int:
    """The known style nearest to a picture's, over all its parts together.

    means `[parts c]`; known `[n parts c]`; present `[parts]` bool: parts that the picture shows (the reference compares
    absent ones too, with whatever their memory holds). Returns the row of `known`.
    """
    difference = (known - means)[:, present]
    return int(difference.square().sum((1, 2)).argmin())


def build_first_frame(config: FirstFrameConfig) -> GlobalFirstFrame | EnhancedFirstFrame | StyledFirstFrame:
    """The network of a config."""
    match config.kind:
        case "global":
            return GlobalFirstFrame(config)
        case "enhancer":
            return EnhancedFirstFrame(config)
        case "styled":
            return StyledFirstFrame(config)
