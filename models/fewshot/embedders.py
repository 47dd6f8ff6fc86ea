"""Pictures and label maps as maps of features, one for every size of the decoder.

Source: NVlabs/few-shot-vid2vid at 009e23f, `models/networks/architecture.py` (LabelEmbedder: encoderdecoder for
labels, unet for warped pictures); NVlabs/imaginaire at c6f7484, `generators/fs_vid2vid.py` (LabelEmbedder).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .config import FewShotConfig
from .layers import ConvBlock, ConvWeights, UpBlock, convolve_each, double_and_convolve_each, enlarge, leaky


class LabelEmbedder(nn.Module):
    """Down to the bottleneck and up again; the last convolutions on the way up are generated."""

    def __init__(self, config: FewShotConfig) -> None:
        super().__init__()
        channels = config.channels
        self.first = ConvBlock(config.label_channels, channels(0))
        self.downs = nn.ModuleList(
            ConvBlock(channels(i), channels(i + 1), stride=2) for i in range(config.levels)
        )
        learnt = range(config.levels - 1, config.generated_levels - 1, -1)
        self.ups = nn.ModuleList(UpBlock(channels(i + 1), channels(i)) for i in learnt)

    def forward(self, labels: Tensor, generated: Sequence[ConvWeights]) -> list[Tensor]:
        """`[b c h w]` -> maps of the levels 0 (full size) to n (bottleneck).

        generated: convolutions of the levels that have none here, from level 0 on. A map that is the same all over
        squares of pixels is given at the size at which it was made.
        """
        x: Tensor = self.first(labels)
        for layer in self.downs:
            x = layer(x)
        maps = [x]
        for layer in self.ups:
            maps.append(layer(maps[-1]))
        for conv in reversed(generated):
            grows = conv.weight.shape[3] > 1
            maps.append(leaky((double_and_convolve_each if grows else convolve_each)(maps[-1], conv)))
        return maps[::-1]


class WarpEmbedder(nn.Module):
    """A warped picture and its mask, by a U-net."""

    def __init__(self, config: FewShotConfig) -> None:
        super().__init__()
        channels, last = config.channels, config.levels - 1
        self.first = ConvBlock(4, channels(0))
        self.downs = nn.ModuleList(
            ConvBlock(channels(i), channels(i + 1), stride=2) for i in range(config.levels)
        )
        self.ups = nn.ModuleList(
            UpBlock(channels(i + 1) * (1 if i == last else 2), channels(i)) for i in range(last, -1, -1)
        )
        self.warped_levels = config.warped_levels

    def forward(self, picture: Tensor, mask: Tensor) -> list[Tensor]:
        """`[b 3 h w]` and `[b 1 h w]` -> maps of the largest sizes, largest first."""
        return self.all_levels(torch.cat([picture, mask], 1))[: self.warped_levels]

    def all_levels(self, x: Tensor) -> list[Tensor]:
        """`[b 4 h w]` -> maps of the levels 0 to n."""
        encoded = [self.first(x)]
        for layer in self.downs:
            encoded.append(layer(encoded[-1]))
        maps = [encoded.pop()]
        for index, layer in enumerate(self.ups):
            below = torch.cat([maps[-1], encoded.pop()], 1) if index else maps[-1]
            maps.append(layer(below))
        return maps[::-1]


def at_full_size(maps: Sequence[Tensor], height: int, width: int) -> list[Tensor]:
    """The maps of the levels 0, 1 ..., each as large as it stands for."""
    return [enlarge(each, (height >> level, width >> level)) for level, each in enumerate(maps)]
