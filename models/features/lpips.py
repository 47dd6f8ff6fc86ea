"""LPIPS: how different two pictures look, by features of a network that has learnt to see and weights of its channels.

Source: Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric"; package lpips
0.1.4, version 0.1 of its weights. Figures say which trunk they are made with: they are not comparable.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..layers.storage import full_precision, stored_like

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of pictures in -1..1, before the trunk."""
EPS = 1e-10

Trunk = Literal["alex", "vgg"]


class Layer(NamedTuple):
    """One convolution, followed by a ReLU."""

    outputs: int
    kernel: int
    stride: int = 1
    pool: int = 0
    """Side of the maxima that are taken, with a stride of two, before it; 0: none."""
    seen: bool = True
    """Its output is one of the features."""


TRUNKS = MappingProxyType(
    {
        "alex": (
            Layer(64, 11, stride=4), Layer(192, 5, pool=3), Layer(384, 3, pool=3), Layer(256, 3), Layer(256, 3),
        ),
        "vgg": (
            Layer(64, 3, seen=False), Layer(64, 3),
            Layer(128, 3, pool=2, seen=False), Layer(128, 3),
            Layer(256, 3, pool=2, seen=False), Layer(256, 3, seen=False), Layer(256, 3),
            Layer(512, 3, pool=2, seen=False), Layer(512, 3, seen=False), Layer(512, 3),
            Layer(512, 3, pool=2, seen=False), Layer(512, 3, seen=False), Layer(512, 3),
        ),
    }
)  # fmt: skip
"""AlexNet as torchvision has it (Krizhevsky 2014), and VGG16; both without their classifiers."""


@dataclass(frozen=True)
class LPIPSConfig:
    """Which trunk."""

    trunk: Trunk


class LPIPS(nn.Module):
    """Pictures in -1..1; 0 is alike."""

    def __init__(self, config: LPIPSConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = TRUNKS[config.trunk]
        inputs = [3, *(layer.outputs for layer in self.layers)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(
                channels,
                layer.outputs,
                layer.kernel,
                layer.stride,
                padding=2 if layer.stride > 1 else layer.kernel // 2,
            )
            for channels, layer in zip(inputs[:-1], self.layers, strict=True)
        )
        self.weights = nn.ParameterList(torch.ones(layer.outputs) for layer in self.layers if layer.seen)

    @property
    def description(self) -> str:
        """What figures and logs call it."""
        return f"LPIPS ({'AlexNet' if self.config.trunk == 'alex' else 'VGG16'})"

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """`[b 3 h w]` twice, float32 -> `[b]`."""
        return self.distance(self.features(a), b)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """`[b 3 h w]` -> `[b c h w]` of every layer, each pixel's vector of length 1: what to keep of a target."""
        return list(self._features(pictures))

    def distance(self, target: Sequence[Tensor], pictures: Tensor) -> Tensor:
        """From a target, by its features, to pictures `[b 3 h w]`: `[b]`."""
        return self.per_layer(target, pictures).sum(0)

    def per_layer(self, target: Sequence[Tensor], pictures: Tensor) -> Tensor:
        """What each layer adds to the distance: `[layers b]`."""
        levels = zip(target, self._features(pictures), self.weights, strict=True)
        return torch.stack([weighted_difference(a, b, weights) for a, b, weights in levels])

    def _features(self, pictures: Tensor) -> Iterator[Tensor]:
        shift, scale = (pictures.new_tensor(values)[:, None, None] for values in (SHIFT, SCALE))
        x = stored_like((pictures - shift) / scale, self.convolutions[0].weight)  # type: ignore[arg-type]
        for layer, convolution in zip(self.layers, self.convolutions, strict=True):
            if layer.pool:
                x = F.max_pool2d(x, layer.pool, 2)
            x = F.relu(convolution(x))
            if layer.seen:
                yield unit_length(full_precision(x))


def unit_length(x: Tensor) -> Tensor:
    """Every pixel's vector at length 1, or 0 where it is 0: `[b c h w]` -> the same.

    The reference's gradient is NaN where a vector is 0; here it is 0.
    """
    length = x.square().sum(1, keepdim=True).clamp_min(EPS**2).sqrt()
    return x / (length + EPS)


def weighted_difference(a: Tensor, b: Tensor, weights: Tensor) -> Tensor:
    """Squared differences, weighed by channel, averaged over pixels: `[b c h w]`, `[b c h w]`, `[c]` -> `[b]`."""
    return torch.einsum("bchw,c->b", (a - b).square(), weights.to(a.dtype)) / (a.shape[2] * a.shape[3])
