"""One scale of the generator: labels and past frames in, a frame out.

Source: Wang et al. 2018, 3 and figures 8 and 9; NVIDIA/vid2vid at 2e6d137, `models/networks.py`
(CompositeGenerator, CompositeLocalGenerator). There they are two classes; they differ only in how deep they go and
in that a finer scale adds the features of the scale below, so here they are one.
"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..flow.warp import warp
from ..labels.planes import LabelPlanes, convolve_planes
from ..layers.blocks import ConvNormRelu, FewOutputs, convolve_to_few, down, residual_blocks, stem, up
from ..layers.storage import full_precision, stored_like
from .config import ScaleConfig


class Encoder(nn.Module):
    """7x7 convolution, downsamplings, residual blocks."""

    def __init__(
        self, inputs: int, filters: int, downsamplings: int, blocks: int, affine: bool = True
    ) -> None:
        super().__init__()
        self.stem = ConvNormRelu(stem(inputs, filters), affine)
        self.downs = nn.Sequential(*(down(filters * 2**i, affine) for i in range(downsamplings)))
        self.blocks = residual_blocks(blocks, filters * 2**downsamplings, affine)

    def forward(self, x: Tensor | LabelPlanes) -> Tensor:
        """`[b c h w]` -> `[b filters*2^d h/2^d w/2^d]`, in the dtype and memory layout of the weights."""
        out: Tensor = self.blocks(self.downs(self._full_size(x)))
        return out

    def levels(self, x: Tensor | LabelPlanes) -> list[Tensor]:
        """The features of every size, `[b filters*2^i h/2^i w/2^i]` for i = 0..d; the last is `forward`'s."""
        levels = [self._full_size(x)]
        for layer in self.downs:
            levels.append(layer(levels[-1]))
        return [*levels[:-1], self.blocks(levels[-1])]

    def _full_size(self, x: Tensor | LabelPlanes) -> Tensor:
        if not isinstance(x, LabelPlanes):
            features: Tensor = self.stem(stored_like(x, self.stem.conv.weight))
            return features
        conv = cast(nn.Conv2d, self.stem.conv)
        return F.relu(self.stem.norm(convolve_planes(conv, x)), inplace=True)


class Decoder(nn.Module):
    """Residual blocks, then upsamplings back to full size.

    With styles, each upsampling is modulated by the style: conditional instance norm (Dumoulin et al., "A Learned
    Representation for Artistic Style", 2017). A style that were only an input would be lost: it is the same everywhere,
    and the norms take out what is the same everywhere.
    """

    def __init__(
        self, filters: int, downsamplings: int, blocks: int, affine: bool = True, styles: int = 0
    ) -> None:
        super().__init__()
        self.blocks = residual_blocks(blocks, filters * 2**downsamplings, affine)
        self.ups = nn.Sequential(
            *(up(filters * 2**i, filters * 2 ** (i - 1), affine) for i in range(downsamplings, 0, -1))
        )
        widths = [filters * 2**i for i in range(downsamplings - 1, -1, -1)] if styles else []
        self.style = nn.ModuleList(nn.Linear(styles, 2 * width, bias=False) for width in widths)

    def forward(self, x: Tensor, style: Tensor | None = None, skipped: Sequence[Tensor] = ()) -> Tensor:
        """`[b filters*2^d h/2^d w/2^d]`, style `[b styles]` where there are styles -> `[b filters h w]`.

        skipped: features of an encoder's larger sizes, largest first, which are added on the way up; (): none.
        """
        x = self.blocks(x)
        for index, (layer, beside) in enumerate(zip_longest(self.ups, reversed(skipped))):
            modulation = self.style[index](style.to(x.dtype)) if self.style and style is not None else None
            x = layer(x, modulation, beside)
        return x


class Features(NamedTuple):
    """What a scale hands to the next finer one: the full-size features before the last convolutions."""

    image: Tensor
    flow: Tensor | None
    foreground: Tensor | None


class ScaleOutput(NamedTuple):
    """Everything that a scale makes, `[b . h w]` float32."""

    frame: Tensor
    raw: Tensor
    """The frame before the warped one is blended in."""
    flow: Tensor | None
    """Backward flow in pixels of this scale, (dx, dy)."""
    weight: Tensor | None
    """1 where the raw frame is used, 0 where the warped one is."""
    warped: Tensor | None
    """The newest past frame, moved by the flow."""
    foreground: Tensor | None
    """What the foreground branch paints."""
    features: Features


class FlowBranch(nn.Module):
    """Where each pixel comes from, and how far to trust it."""

    def __init__(self, config: ScaleConfig) -> None:
        super().__init__()
        self.decoder = Decoder(config.filters, config.downsamplings, config.decoder_blocks)
        self.to_flow = FewOutputs(config.filters, 2)
        self.to_weight = FewOutputs(config.filters, 1)
        self.gain = config.flow_gain

    def forward(self, x: Tensor, skipped: Sequence[Tensor] = ()) -> tuple[Tensor, Tensor, Tensor]:
        """Decoder features, flow in pixels, blending weight in 0..1."""
        features = self.decoder(x, skipped=skipped)
        weights, biases = (
            torch.cat(pair)
            for pair in zip(self.to_flow.parameters(), self.to_weight.parameters(), strict=True)
        )
        both = full_precision(convolve_to_few(features, weights, biases))
        return features, both[:, :2] * self.gain, torch.sigmoid(both[:, 2:])


class ForegroundBranch(nn.Module):
    """Paints the foreground classes from the labels alone: their motion is too large to warp."""

    def __init__(self, config: ScaleConfig) -> None:
        super().__init__()
        filters = config.foreground_filters
        self.encoder = Encoder(config.label_channels, filters, config.downsamplings, 0)
        self.decoder = Decoder(filters, config.downsamplings, config.foreground_blocks, styles=config.styles)
        self.to_image = FewOutputs(filters, 3)
        self.skips = config.skips

    def forward(
        self, labels: LabelPlanes, below: Tensor | None, style: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Decoder features and the picture in -1..1."""
        if self.skips:
            *skipped, x = self.encoder.levels(labels)
        else:
            skipped, x = [], self.encoder(labels)
        features = self.decoder(x if below is None else x + below, style, skipped)
        return features, torch.tanh(full_precision(self.to_image(features)))


class Scale(nn.Module):
    """One scale of the coarse-to-fine generator."""

    def __init__(self, config: ScaleConfig) -> None:
        super().__init__()
        deep = (config.filters, config.downsamplings, config.encoder_blocks)
        self.labels = Encoder(config.label_channels, *deep)
        self.past = Encoder(config.past_channels, *deep) if config.past_channels else None
        self.image = Decoder(
            config.filters, config.downsamplings, config.decoder_blocks, styles=config.styles
        )
        self.to_image = FewOutputs(config.filters, 3)
        self.flow = FlowBranch(config) if config.flow else None
        self.resampling, self.skips = config.resampling, config.skips
        self.foreground = ForegroundBranch(config) if config.foreground_filters else None

    def forward(
        self,
        labels: LabelPlanes,
        past: Tensor,
        below: Features | None,
        mask: Tensor | None,
        style: Tensor | None,
        warp_past: bool,
    ) -> ScaleOutput:
        """Paint one frame.

        labels: the window's label frames, oldest first;
        past: the n frames before, oldest first, `[b 3*n h w]` float32;
        below: features of the next coarser scale;
        mask: where the foreground branch paints, `[b 1 h w]` (None: nowhere);
        style: weights of the looks, `[b styles]` (None for a network that has one look);
        warp_past: False where there is no frame to warp yet.
        """
        x, skipped = self._encoded(labels, past)
        image = self.image(x if below is None else x + below.image, style, skipped)
        raw = torch.tanh(full_precision(self.to_image(image)))
        frame, flow, weight, warped, flow_features = raw, None, None, None, None
        if self.flow is not None:
            flow_features, flow, weight = self.flow(
                x if below is None or below.flow is None else x + below.flow, skipped
            )
            warped = warp(past[:, -3:], flow, self.resampling)
            if warp_past:
                frame = weight * raw + (1 - weight) * warped
        foreground, foreground_features = None, None
        if self.foreground is not None and mask is not None:
            foreground_features, foreground = self.foreground(
                labels, None if below is None else below.foreground, style
            )
            frame = foreground * mask + frame * (1 - mask)
            raw = foreground * mask + raw * (1 - mask)
        features = Features(image, flow_features, foreground_features)
        return ScaleOutput(frame, raw, flow, weight, warped, foreground, features)

    def _encoded(self, labels: LabelPlanes, past: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Features of the smallest size, and those of the larger ones that the decoders are given."""
        if not self.skips:
            x = self.labels(labels)
            return x if self.past is None else x + self.past(past), []
        levels = self.labels.levels(labels)
        if self.past is not None:
            levels = list(map(torch.add, levels, self.past.levels(past)))
        *skipped, x = levels
        return x, skipped
