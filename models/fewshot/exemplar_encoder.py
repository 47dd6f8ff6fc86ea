"""What exemplars show: features of their pictures and of their label maps, and the two put together.

Source: Wang et al. 2019, 3.2; NVlabs/few-shot-vid2vid at 009e23f, `models/networks/generator.py`
(reference_encoding). Their last layer, whose output nothing uses, is left out. The layers after the bottleneck keep
its size, though their name there says "up".
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .config import FewShotConfig
from .layers import ConvBlock, norm_after_convolution


class Branch(nn.Module):
    """Convolutions down to the bottleneck, then others that make its channels fewer, a size's number at a time."""

    def __init__(self, config: FewShotConfig, inputs: int, eps: float, narrowing: bool) -> None:
        super().__init__()

        def block(before: int, level: int, stride: int) -> ConvBlock:
            outputs = config.channels(level)
            norm = norm_after_convolution(config, outputs, eps=eps)
            return ConvBlock(before, outputs, config.exemplar_kernel, stride, norm)

        self.first = block(inputs, 0, 1)
        self.downs = nn.ModuleList(block(config.channels(i), i + 1, 2) for i in range(config.levels))
        self.narrowing = nn.ModuleList(
            block(config.channels(i + 1), i, 1) for i in range(config.levels - 1, 0, -1) if narrowing
        )
        self.mixing_level = config.mixing_level

    def before_mixing(self, x: Tensor) -> Tensor:
        """`[b c h w]` -> `[b channels(m) h/2^m w/2^m]`, m = mixing_level."""
        x = self.first(x)
        for layer in self.downs[: self.mixing_level]:
            x = layer(x)
        return x

    def after_mixing(self, x: Tensor) -> list[Tensor]:
        """The bottleneck, then the narrower maps of its size; their channels are those of levels n, n-1 ... 1."""
        for layer in self.downs[self.mixing_level :]:
            x = layer(x)
        outputs = [x]
        for layer in self.narrowing:
            outputs.append(layer(outputs[-1]))
        return outputs


class ExemplarEncoder(nn.Module):
    """The picture's branch, and the label's where weights are generated."""

    def __init__(self, config: FewShotConfig) -> None:
        super().__init__()
        generates = config.generated_levels > 0
        self.image = Branch(config, 3, 1e-5, generates)
        self.label = (
            Branch(config, config.label_channels, config.exemplar_label_eps, True) if generates else None
        )


def summarize(
    images: Sequence[Tensor], labels: Sequence[Tensor], generated_levels: int, pixels: float | None
) -> list[Tensor]:
    """For each level whose weights are generated, largest size first: which picture feature goes with which label
    feature, `[b c c]`, picture's first; c are the channels of the next smaller size.

    images, labels: what both branches give `after_mixing`. Source: the original's encoded references: the sum over
    pixels of picture features times the softmax over channels of label features; pixels: see `summary_pixels`.
    """
    summaries = []
    for image, label in list(zip(images, labels, strict=True))[::-1][:generated_levels]:
        shares = torch.softmax(label.flatten(2), 1).to(image.dtype)
        features = image.flatten(2)
        if pixels is not None:
            features = features * (pixels / features.shape[2])
        summaries.append(features @ shares.transpose(1, 2))
    return summaries
