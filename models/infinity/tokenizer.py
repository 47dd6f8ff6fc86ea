"""The tokenizer: a picture as a grid of numbers, one for each cell of f x f pixels, and back.

Source: Esser et al. 2021; the published networks of CompVis/taming-transformers and FoundationVision/LlamaGen are both
this one (`tokenizer_convert.py`). Both halves are cut in two where the resolution becomes that of the cells: all
attention is on the one side, nearly all of the work on the other. That is what `tiles.py` makes any size with.
"""

import torch
from torch import Tensor, nn

from ...errors import InputError
from .quantizer import look_up, nearest_codes, unit
from .tokenizer_config import TokenizerConfig
from .tokenizer_layers import EPS, Double, Halve, Level, Middle, Normalize, live


class Encoder(nn.Module):
    """Pixels to latents."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        widths, groups, last = config.widths, config.groups, len(config.widths) - 1
        self.first = nn.Conv2d(3, widths[0], 3, padding=1)
        self.levels = nn.ModuleList(
            Level(widths[max(i - 1, 0)], width, config.blocks, groups, i == last and config.deepest_attention)
            for i, width in enumerate(widths)
        )
        self.halves = nn.ModuleList(Halve(width) for width in widths[:-1])
        self.middle = Middle(widths[-1], groups, config.middle_attention)
        self.norm = nn.GroupNorm(groups, widths[-1], EPS)
        self.last = nn.Conv2d(widths[-1], config.latent_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """`[b 3 f*h f*w]` in -1..1 -> `[b z h w]`."""
        return self.at_cells(self.above_cells(x))

    def above_cells(self, x: Tensor, normalize: Normalize = live) -> Tensor:
        """The part with pixels: `[b 3 f*h f*w]` -> features `[b c h w]`."""
        x = self.first(x)
        for level, halve in zip(self.levels[:-1], self.halves, strict=True):
            x = halve(level(x, normalize))
        return x

    def at_cells(self, x: Tensor, normalize: Normalize = live) -> Tensor:
        """The part at the cells' resolution, with all attention: `[b c h w]` -> latents `[b z h w]`."""
        x = self.middle(self.levels[-1](x, normalize), normalize)
        latent: Tensor = self.last(nn.functional.silu(normalize(self.norm, x)))
        return latent


class Decoder(nn.Module):
    """Latents to pixels."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        widths, groups = config.widths[::-1], config.groups
        self.first = nn.Conv2d(config.latent_channels, widths[0], 3, padding=1)
        self.middle = Middle(widths[0], groups, config.middle_attention)
        self.levels = nn.ModuleList(
            Level(
                widths[max(i - 1, 0)],
                width,
                config.blocks + 1,
                groups,
                i == 0 and config.deepest_attention,
            )
            for i, width in enumerate(widths)
        )
        self.doubles = nn.ModuleList(Double(width) for width in widths[:-1])
        self.norm = nn.GroupNorm(groups, widths[-1], EPS)
        self.last = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """`[b z h w]` -> `[b 3 f*h f*w]`, about -1..1, not clamped."""
        return self.above_cells(self.at_cells(x))

    def at_cells(self, x: Tensor, normalize: Normalize = live) -> Tensor:
        """The part at the cells' resolution, with all attention: latents `[b z h w]` -> features `[b c h w]`."""
        x = self.middle(self.first(x), normalize)
        features: Tensor = self.levels[0](x, normalize)
        return features

    def above_cells(self, x: Tensor, normalize: Normalize = live) -> Tensor:
        """The part with pixels: features `[b c h w]` -> `[b 3 f*h f*w]`."""
        for double, level in zip(self.doubles, self.levels[1:], strict=True):
            x = level(double(x), normalize)
        pixels: Tensor = self.last(nn.functional.silu(normalize(self.norm, x)))
        return pixels


class Tokenizer(nn.Module):
    """Pictures to codes and codes to pictures."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.to_code = nn.Conv2d(config.latent_channels, config.code_channels, 1)
        self.codes = nn.Parameter(torch.empty(config.codes, config.code_channels))
        self.from_code = nn.Conv2d(config.code_channels, config.latent_channels, 1)
        self.decoder = Decoder(config)
        nn.init.uniform_(self.codes, -1 / config.codes, 1 / config.codes)

    def encode(self, picture: Tensor) -> Tensor:
        """`[b 3 f*h f*w]` in -1..1 -> numbers of codes, int64 `[b h w]`. InputError for sides with a part of a cell."""
        return self.nearest(self.latent(picture))

    def latent(self, picture: Tensor) -> Tensor:
        """What is compared with the codes, before it is: `[b 3 f*h f*w]` in -1..1 -> `[b d h w]`."""
        check_size(picture.shape[-2], picture.shape[-1], self.config.factor)
        found: Tensor = self.to_code(self.encoder(picture))
        return found

    def nearest(self, latent: Tensor) -> Tensor:
        """`[b d h w]` -> numbers of the nearest codes, int64 `[b h w]`."""
        if self.config.unit_codes:
            return nearest_codes(unit(latent, 1), self.codebook())
        return nearest_codes(latent, self.codes)

    def codebook(self) -> Tensor:
        """The codes as they are decoded, `[n d]`."""
        return unit(self.codes, 1) if self.config.unit_codes else self.codes

    def embed(self, indices: Tensor) -> Tensor:
        """Numbers of codes `[b h w]` -> the decoder's input `[b z h w]`."""
        latent: Tensor = self.from_code(look_up(indices, self.codebook()))
        return latent

    def decode(self, indices: Tensor) -> Tensor:
        """Numbers of codes, int64 `[b h w]` -> `[b 3 f*h f*w]`, about -1..1, not clamped."""
        pixels: Tensor = self.decoder(self.embed(indices))
        return pixels

    def forward(self, picture: Tensor) -> Tensor:
        """A picture through its codes and back: `[b 3 f*h f*w]` -> the same shape."""
        return self.decode(self.encode(picture))


def check_size(height: int, width: int, factor: int) -> None:
    """InputError, with the nearest size, for a picture that is not made of whole cells."""
    if min(height, width) < factor or height % factor or width % factor:
        near = [max(factor, round(side / factor) * factor) for side in (width, height)]
        raise InputError(
            f"a picture of {width}x{height} pixels is not made of cells of {factor}x{factor}: take {near[0]}x{near[1]}"
        )
