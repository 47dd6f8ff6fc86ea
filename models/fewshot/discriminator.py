"""Discriminators: is this patch of a picture (of its face, of a few frames) real, beside an exemplar of the subject?

Source: Wang et al. 2019; NVlabs/few-shot-vid2vid at 009e23f, `models/networks/discriminator.py`
(MultiscaleDiscriminator, NLayerDiscriminator); NVlabs/imaginaire at c6f7484, `discriminators/fs_vid2vid.py`,
`discriminators/multires_patch.py`. What they judge: exemplar (label map, picture), label map and picture, in the order
of the code base; a face beside the exemplar's face; consecutive frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ...errors import InputError
from ..labels.encoding import halve
from ..layers.norm import FrameNorm
from ..published import Entries, State
from .layers import SLOPE
from .published import fold_spectral

MOST_FILTERS = 512
"""Of any layer."""


@dataclass(frozen=True)
class DiscriminatorConfig:
    """A multi-scale patch discriminator."""

    channels: int
    """Of the input."""
    filters: int
    """Channels after the first layer; twice as many after each next one. 32."""
    strided_layers: int
    """Layers that halve the size; two follow that don't. 4; 3 for imaginaire's faces."""
    copies: int
    """Each judges the input at half the size of the one before. 1 for nvlabs (2 at 512x512), 2 for imaginaire."""
    family: Literal["nvlabs", "imaginaire"]
    """Which padding, norms, last kernel, and how inputs are halved."""
    spectral: bool
    """Weights are divided by their norm, which training keeps track of. False where that is in the weights already."""


@dataclass(frozen=True)
class _Layout:
    """What the families differ in."""

    padding: int
    normed_ends: bool
    """The first layer has norms like those after it, and the last one's weights."""
    eps: float
    last_kernel: int


LAYOUTS: Mapping[str, _Layout] = {
    "nvlabs": _Layout(padding=2, normed_ends=False, eps=0.1, last_kernel=4),
    "imaginaire": _Layout(padding=1, normed_ends=True, eps=1e-5, last_kernel=3),
}


class PatchDiscriminator(nn.Module):
    """One copy: strided layers, one that keeps the size, and one number for every patch."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        layout = LAYOUTS[config.family]
        widths = [min(config.filters << i, MOST_FILTERS) for i in range(config.strided_layers + 1)]

        def normalized(conv: nn.Conv2d) -> nn.Module:
            return spectral_norm(conv) if config.spectral else conv

        def layer(inputs: int, outputs: int, stride: int) -> nn.Sequential:
            conv = nn.Conv2d(inputs, outputs, 4, stride, layout.padding)
            norm = FrameNorm(outputs, eps=layout.eps)
            return nn.Sequential(normalized(conv), norm, nn.LeakyReLU(SLOPE))

        plain = nn.Conv2d(config.channels, widths[0], 4, 2, layout.padding)
        first = (
            layer(config.channels, widths[0], 2)
            if layout.normed_ends
            else nn.Sequential(plain, nn.LeakyReLU(SLOPE))
        )
        strided = [layer(before, after, 2) for before, after in pairwise(widths[:-1])]
        last = nn.Conv2d(widths[-1], 1, layout.last_kernel, padding=layout.padding)
        decision = nn.Sequential(normalized(last) if layout.normed_ends else last)
        self.layers = nn.ModuleList([first, *strided, layer(widths[-2], widths[-1], 1), decision])

    def forward(self, x: Tensor) -> list[Tensor]:
        """`[b c h w]` -> every layer's output; the last is the decision map `[b 1 h' w']`."""
        outputs = [x]
        for layer in self.layers:
            outputs.append(layer(outputs[-1]))
        return outputs[1:]


class FewShotDiscriminator(nn.Module):
    """Patch discriminators on the input at full, half ... size."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        self.copies = nn.ModuleList(PatchDiscriminator(config) for _ in range(config.copies))

    def forward(self, x: Tensor) -> list[list[Tensor]]:
        """`[b c h w]` -> for every copy, finest first, its layers' outputs."""
        outputs = []
        for index, copy in enumerate(self.copies):
            if index:
                x = halve(x) if self.config.family == "nvlabs" else _half(x)
            outputs.append(copy(x))
        return outputs


def _half(x: Tensor) -> Tensor:
    """Bilinear, corners on corners."""
    return F.interpolate(x, (x.shape[2] // 2, x.shape[3] // 2), mode="bilinear", align_corners=True)


def convert_discriminator(file: str, state: State) -> tuple[DiscriminatorConfig, dict[str, Tensor]]:
    """A published discriminator (without prefix: names begin with "discriminator_0.") -> config and our state."""
    entries = Entries(file, fold_spectral(state))
    copies = entries.count(r"discriminator_(\d+)\.")
    imaginaire = entries.has("discriminator_0.layer0.")
    if not imaginaire and not entries.has("discriminator_0.model0."):
        raise InputError(f"{file}: not a few-shot discriminator; it begins with {', '.join(list(state)[:3])}")
    part = "layer" if imaginaire else "model"
    layers = entries.count(rf"discriminator_0\.{part}(\d+)\.")
    first = f"discriminator_0.{part}0.0" + (".layers.conv" if imaginaire else "")
    filters, channels = entries.shape(f"{first}.weight")[:2]
    for copy in range(copies):
        for index in range(layers):
            theirs, ours = f"discriminator_{copy}.{part}{index}", f"copies.{copy}.layers.{index}"
            inner = 0 < index < layers - 1
            if imaginaire:
                conv, norm = f"{theirs}.0.layers.conv", f"{theirs}.0.layers.norm"
            else:
                conv, norm = (f"{theirs}.0.0", f"{theirs}.0.1") if inner else (f"{theirs}.0", "")
            weight = entries.take(f"{conv}.weight")
            entries.ours[f"{ours}.0.weight"] = weight
            has_bias = f"{conv}.bias" in entries.left
            bias = entries.take(f"{conv}.bias") if has_bias else weight.new_zeros(len(weight))
            entries.ours[f"{ours}.0.bias"] = bias
            if norm and index < layers - 1:
                entries.move(norm, f"{ours}.1")
    config = DiscriminatorConfig(
        channels, filters, layers - 2, copies, "imaginaire" if imaginaire else "nvlabs", spectral=False
    )
    return config, entries.finish()
