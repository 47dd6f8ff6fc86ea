"""Weights made from the exemplars: of the label embedder's and of the decoder's convolutions.

Source: Wang et al. 2019, 3.2; NVlabs/few-shot-vid2vid at 009e23f, `models/networks/generator.py`
(get_SPADE_weights, reshape_weight). The vector's order has nothing to do with the rows that it was made of.
"""

import torch
from torch import Tensor, nn

from .config import FewShotConfig
from .layers import ConvWeights, leaky
from .modulation import BlockWeights


class RowNetwork(nn.Module):
    """Every row of a summary through the same fully connected layers; their outputs in a row."""

    def __init__(self, channels: int, hidden_layers: int, outputs: int) -> None:
        super().__init__()
        self.hidden = nn.ModuleList(nn.Linear(channels, channels) for _ in range(hidden_layers))
        self.out = nn.Linear(channels, outputs)

    def forward(self, summary: Tensor) -> Tensor:
        """`[b c c]` -> `[b c*outputs]`"""
        for layer in self.hidden:
            summary = leaky(layer(summary))
        vector: Tensor = self.out(summary)
        return vector.flatten(1)


class LevelWeights(nn.Module):
    """What is generated for one size: three norms of its block, and the convolution that embeds its label map."""

    def __init__(self, config: FewShotConfig, level: int) -> None:
        super().__init__()
        inputs, outputs = config.channels(level + 1), config.channels(level)
        self.inputs, self.outputs, self.kernel = inputs, outputs, config.embedding_kernel
        self.cut = cut_whole if config.generated_cut == "whole" else cut_halves

        def network(for_each: int) -> RowNetwork:
            return RowNetwork(inputs, config.hidden_layers, for_each)

        self.norm_0 = network(2 * (outputs + 1))
        self.norm_1 = network(-(-2 * outputs * (outputs + 1) // inputs))
        self.norm_s = network(2 * (outputs + 1))
        self.embedding = network(self.kernel**2 * outputs + 1)

    def block(self, summary: Tensor) -> BlockWeights:
        """For the decoder: `[b c c]` -> convolutions of the label map."""
        return BlockWeights(
            self.cut(self.norm_0(summary), self.inputs, self.outputs),
            self.cut(self.norm_1(summary), self.outputs, self.outputs),
            self.cut(self.norm_s(summary), self.inputs, self.outputs),
        )

    def embedder(self, summary: Tensor) -> ConvWeights:
        """For the label embedder: `[b c c]` -> a convolution from the channels of the next smaller size to this
        size's."""
        return cut_embedding(self.embedding(summary), self.inputs, self.outputs, self.kernel)


def cut_whole(vector: Tensor, channels: int, inputs: int) -> ConvWeights:
    """`[b (2n)*i + 2n]` -> gains and shifts for n channels: first all weights, then all biases (imaginaire)."""
    used = 2 * channels * inputs
    weight = vector[:, :used].reshape(-1, 2 * channels, inputs, 1, 1)
    return ConvWeights(weight, vector[:, used : used + 2 * channels])


def cut_halves(vector: Tensor, channels: int, inputs: int) -> ConvWeights:
    """The same from a vector that holds gains (weights, biases), then shifts (weights, biases), as nvlabs has it.

    sic: the biases are generated and never used; published networks learnt with that.
    """
    weights, _ = halves(vector, channels, inputs)
    return ConvWeights(weights, torch.zeros_like(weights[:, :, 0, 0, 0]))


def halves(vector: Tensor, channels: int, inputs: int) -> tuple[Tensor, Tensor]:
    """`cut_halves` with the biases that are in the vector: `[b 2n i 1 1]`, `[b 2n]`."""
    each = channels * (inputs + 1)
    parts = vector[:, : 2 * each].reshape(-1, 2, each)
    weight = parts[:, :, : channels * inputs].reshape(-1, 2 * channels, inputs, 1, 1)
    return weight, parts[:, :, channels * inputs :].flatten(1)


def cut_embedding(vector: Tensor, inputs: int, outputs: int, kernel: int) -> ConvWeights:
    """`[b o*i*k*k + o + rest]` -> a convolution of i to o channels; the rest of the vector is unused."""
    used = outputs * inputs * kernel**2
    weight = vector[:, :used].reshape(-1, outputs, inputs, kernel, kernel)
    return ConvWeights(weight, vector[:, used : used + outputs])
