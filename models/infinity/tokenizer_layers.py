"""What a VQGAN is built of. Every forward takes how to normalise, so that tiles can share one canvas's statistics.

Source: Esser et al. 2021, "Taming Transformers for High-Resolution Image Synthesis"; CompVis/taming-transformers,
`taming/modules/diffusionmodules/model.py`: group norm with eps 1e-6, swish, one attention head over all positions.
"""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

EPS = 1e-6

Normalize = Callable[[nn.GroupNorm, Tensor], Tensor]
"""What a group norm does with maps `[b c h w]`."""


def live(norm: nn.GroupNorm, x: Tensor) -> Tensor:
    """With the statistics of the maps at hand, as in training."""
    normal: Tensor = norm(x)
    return normal


class ResidualBlock(nn.Module):
    """Twice norm, swish, convolution 3x3, beside the input or its projection."""

    def __init__(self, inputs: int, outputs: int, groups: int) -> None:
        super().__init__()
        self.norm_1 = nn.GroupNorm(groups, inputs, EPS)
        self.conv_1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm_2 = nn.GroupNorm(groups, outputs, EPS)
        self.conv_2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut: nn.Module = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, normalize: Normalize = live) -> Tensor:
        """`[b c h w]` -> `[b d h w]`."""
        y = self.conv_1(F.silu(normalize(self.norm_1, x)))
        y = self.conv_2(F.silu(normalize(self.norm_2, y)))
        total: Tensor = self.shortcut(x) + y
        return total


class Attention(nn.Module):
    """One head over all positions, added to the input."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, EPS)
        self.query, self.key, self.value, self.out = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x: Tensor, normalize: Normalize = live) -> Tensor:
        """`[b c h w]` -> `[b c h w]`."""
        normal = normalize(self.norm, x)
        query, key, value = (
            layer(normal).flatten(2).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        found = F.scaled_dot_product_attention(query, key, value)  # [b hw c], scale c^-1/2
        total: Tensor = x + self.out(found.transpose(1, 2).reshape(x.shape))
        return total


class Level(nn.Module):
    """Residual blocks at one resolution, each with attention after it where there is any."""

    def __init__(self, inputs: int, outputs: int, blocks: int, groups: int, attention: bool) -> None:
        super().__init__()
        widths = [inputs, *[outputs] * blocks]
        self.blocks = nn.ModuleList(ResidualBlock(widths[i], outputs, groups) for i in range(blocks))
        self.attentions = nn.ModuleList(Attention(outputs, groups) for _ in range(blocks if attention else 0))

    def forward(self, x: Tensor, normalize: Normalize = live) -> Tensor:
        """`[b c h w]` -> `[b d h w]`."""
        for index, block in enumerate(self.blocks):
            x = block(x, normalize)
            if index < len(self.attentions):
                x = self.attentions[index](x, normalize)
        return x


class Middle(nn.Module):
    """Two residual blocks at the cells' resolution, with attention between them where there is any."""

    def __init__(self, channels: int, groups: int, attention: bool) -> None:
        super().__init__()
        self.first = ResidualBlock(channels, channels, groups)
        self.attention = Attention(channels, groups) if attention else None
        self.second = ResidualBlock(channels, channels, groups)

    def forward(self, x: Tensor, normalize: Normalize = live) -> Tensor:
        """`[b c h w]` -> `[b c h w]`."""
        x = self.first(x, normalize)
        if self.attention is not None:
            x = self.attention(x, normalize)
        result: Tensor = self.second(x, normalize)
        return result


class Halve(nn.Conv2d):
    """Convolution 3x3 to half the size. One zero column is put to the right and one zero row below, none before."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """`[b c 2h 2w]` -> `[b c h w]`."""
        return super().forward(F.pad(x, (0, 1, 0, 1)))


class Double(nn.Conv2d):
    """Every pixel four times, then a convolution 3x3."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """`[b c h w]` -> `[b c 2h 2w]`."""
        return super().forward(F.interpolate(x, scale_factor=2.0, mode="nearest"))
