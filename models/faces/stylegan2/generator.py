"""StyleGAN2's generator: a code, or a point of the style space, to a picture.

Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN"; NVlabs/stylegan2-ada-pytorch at
d72cc7d, `training/networks.py`, and rosinality/stylegan2-pytorch at bef283a, `model.py`, whose files both fit. Weights
are stored at unit variance as they are there. The gain of the leaky ReLU (the square root of two) is moved in front of
it, into weights, noise and bias, which changes nothing but rounding and costs nothing.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...layers.binomial import doubled
from ...layers.equalized import EqualizedLinear
from ...layers.modulated import modulated_convolution, modulated_points
from ...layers.storage import full_precision, stored_like
from .config import SMALLEST, StyleGAN2Config
from .mapping import Mapping

GAIN = math.sqrt(2)

StoredNoise = Literal["const", "none"]
Noise = StoredNoise | torch.Generator
"""The noise that is stored with the network, none, or a new draw."""


class Stage(NamedTuple):
    """What one block makes."""

    features: Tensor
    """[b c h w]"""
    colours: Tensor
    """[b 3 h w]: what the block adds to the picture."""
    picture: Tensor
    """[b 3 h w]: the sum so far."""


class Convolution(nn.Module):
    """Modulated 3x3 convolution, noise, bias, leaky ReLU."""

    noise: Tensor

    def __init__(self, inputs: int, outputs: int, side: int, style_width: int, *, up: bool) -> None:
        """side: pixels of the output."""
        super().__init__()
        self.up = up
        self.style = EqualizedLinear(style_width, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(side, side))

    def forward(self, x: Tensor, style: Tensor, noise: Noise, clamp: float | None) -> Tensor:
        """`[b i h w]`, `[b i]` -> `[b o h w]`, or `[b o 2h 2w]`."""
        y = modulated_convolution(x, self.weight, style, self.bias, gain=GAIN, up=self.up)
        if noise != "none":
            y = y.add_((self._draw(noise, y) * (self.noise_strength * GAIN)).to(y.dtype))
        y = F.leaky_relu_(y, 0.2)  # its gradient needs nothing but its result
        return y if clamp is None else y.clamp(-clamp, clamp)

    def _draw(self, noise: Noise, y: Tensor) -> Tensor:
        if not isinstance(noise, torch.Generator):
            return self.noise
        size = (y.shape[0], 1, *y.shape[2:])
        return torch.randn(size, generator=noise, device=noise.device).to(y.device)


class ToColours(nn.Module):
    """Modulated 1x1 convolution, without demodulation, to three channels."""

    def __init__(self, inputs: int, style_width: int) -> None:
        super().__init__()
        self.style = EqualizedLinear(style_width, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor, style: Tensor, clamp: float | None) -> Tensor:
        """`[b i h w]`, `[b i]`, which is raw: not yet divided by sqrt(i) -> `[b 3 h w]`, at least float32."""
        y = modulated_points(x, self.weight, style / math.sqrt(style.shape[1]), self.bias)
        return full_precision(y if clamp is None else y.clamp(-clamp, clamp))


class Block(nn.Module):
    """The layers of one size."""

    def __init__(self, config: StyleGAN2Config, index: int) -> None:
        super().__init__()
        channels, width, side = config.channels, config.w_width, SMALLEST << index
        self.clamp = config.clamp
        self.first = (
            Convolution(channels[index - 1], channels[index], side, width, up=True) if index else None
        )
        self.second = Convolution(channels[index], channels[index], side, width, up=False)
        self.to_rgb = ToColours(channels[index], width)

    def layers(self) -> Iterator[Convolution | ToColours]:
        """In the order of their styles."""
        if self.first is not None:
            yield self.first
        yield self.second
        yield self.to_rgb

    def forward(self, x: Tensor, styles: Iterator[Tensor], noise: Noise) -> tuple[Tensor, Tensor]:
        """Takes as many styles as it has layers; returns features and colours."""
        if self.first is not None:
            x = self.first(x, next(styles), noise, self.clamp)
        x = self.second(x, next(styles), noise, self.clamp)
        return x, self.to_rgb(x, next(styles), self.clamp)


class StyleGAN2(nn.Module):
    """Codes `[b rows w]` to pictures `[b 3 h w]`, about -1..1 (not clamped), float32."""

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__()
        self.config = config
        self.mapping = Mapping(config)
        self.constant = nn.Parameter(torch.randn(config.channels[0], SMALLEST, SMALLEST))
        self.blocks = nn.ModuleList(Block(config, index) for index in range(len(config.channels)))

    @property
    def rows(self) -> int:
        """Of a code."""
        return self.config.rows

    def forward(self, codes: Tensor, noise: Noise = "const") -> Tensor:
        return self.synthesis(codes, noise)

    def synthesis(self, codes: Tensor, noise: Noise = "const") -> Tensor:
        """`[b rows w]` -> `[b 3 h w]`. ValueError for codes of another shape."""
        return self.synthesis_from_styles(self.styles(codes), noise)

    def styles(self, codes: Tensor) -> list[Tensor]:
        """`[b rows w]` -> `[b width]` for each of `config.style_vectors`, raw."""
        if codes.ndim != 3 or codes.shape[1:] != (self.rows, self.config.w_width):
            raise ValueError(
                f"codes: expected [b {self.rows} {self.config.w_width}] for a generator of "
                f"{self.config.resolution} pixels, got {list(codes.shape)}"
            )
        layers = (layer for block in self.blocks for layer in block.layers())  # type: ignore[operator]
        vectors = zip(layers, self.config.style_vectors, strict=True)
        return [layer.style(codes[:, vector.row]) for layer, vector in vectors]

    def synthesis_from_styles(self, styles: Sequence[Tensor], noise: Noise = "const") -> Tensor:
        """`[b width]` for each of `config.style_vectors` -> `[b 3 h w]`. ValueError for styles of other shapes."""
        stages = self.stages(styles, noise)
        picture = next(stages).picture
        for stage in stages:
            picture = stage.picture
        return picture

    def stages(self, styles: Sequence[Tensor], noise: Noise = "const") -> Iterator[Stage]:
        """What the blocks make, from 4 pixels up."""
        widths = [vector.width for vector in self.config.style_vectors]
        if [style.shape[-1] for style in styles] != widths:
            raise ValueError(
                f"styles: expected {len(widths)} vectors of {widths} numbers for a generator of "
                f"{self.config.resolution} pixels, got {[style.shape[-1] for style in styles]}"
            )
        if not isinstance(noise, torch.Generator) and noise not in get_args(StoredNoise):
            raise ValueError(f"noise: expected 'const', 'none' or a torch.Generator, got {noise!r}")
        left = iter(styles)
        features = self.constant.expand(len(styles[0]), -1, -1, -1)
        features = stored_like(features, self.blocks[0].second.weight)  # type: ignore[union-attr, arg-type]
        picture = None
        for block in self.blocks:
            features, colours = block(features, left, noise)
            picture = colours if picture is None else doubled(picture) + colours
            yield Stage(features, colours, picture)
