"""Which places of which exemplars belong to each place of the driving frame.

Source: Wang et al. 2019, 3.2 (E_A); NVlabs/few-shot-vid2vid at 009e23f, `models/networks/generator.py`
(attention_module). The same numbers, without the whole matrix, which takes (K h w / 4^m) x (h w / 4^m) values.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .config import FewShotConfig
from .layers import ConvBlock, norm_after_convolution

CHUNK_VALUES = 1 << 22
"""Of the attention matrix that are there at once: 16 MB in float32."""


class AttentionMemory(NamedTuple):
    """What the frames of a clip look up in K exemplars, n places each."""

    keys: Tensor
    """`[b K*n d]`"""
    values: Tensor
    """`[b K*n v+K]`: features, then K columns of which the exemplar's own is 1."""


class Attended(NamedTuple):
    """What a frame has found."""

    features: Tensor
    """`[b v h w]`"""
    share: Tensor
    """`[b K h w]`: how much of what each place gets is from which exemplar; sums up to 1."""
    used: Tensor | None
    """`[b K h w]`: how much each place of each exemplar is used, in places of the frame; None if not asked for."""


class LabelEncoder(nn.Module):
    """Label maps as keys or queries."""

    def __init__(self, config: FewShotConfig) -> None:
        super().__init__()

        def block(inputs: int, level: int, stride: int) -> ConvBlock:
            outputs = config.channels(level)
            norm = norm_after_convolution(config, outputs)
            return ConvBlock(inputs, outputs, config.exemplar_kernel, stride, norm)

        self.first = block(config.label_channels, 0, 1)
        self.downs = nn.ModuleList(block(config.channels(i), i + 1, 2) for i in range(config.mixing_level))

    def forward(self, labels: Tensor) -> Tensor:
        """`[b c h w]` -> `[b d h/2^m w/2^m]`, m = mixing_level."""
        x: Tensor = self.first(labels)
        for layer in self.downs:
            x = layer(x)
        return x


class ExemplarAttention(nn.Module):
    """The encoders of exemplars' labels and of the driving frame's."""

    def __init__(self, config: FewShotConfig) -> None:
        super().__init__()
        self.key = LabelEncoder(config)
        self.query = LabelEncoder(config)


def remember(keys: Tensor, features: Tensor) -> AttentionMemory:
    """`[b K d h w]` and `[b K v h w]` -> rows to be looked up."""
    batch, count, _, height, width = features.shape
    own = torch.eye(count, device=features.device, dtype=features.dtype)[:, None].expand(
        -1, height * width, -1
    )
    rows = features.flatten(3).transpose(2, 3)  # [b K n v]
    marked = torch.cat([rows, own.expand(batch, -1, -1, -1)], 3)
    return AttentionMemory(keys.flatten(3).transpose(2, 3).flatten(1, 2), marked.flatten(1, 2))


def attend(queries: Tensor, memory: AttentionMemory, exemplars: int, tell_use: bool = False) -> Attended:
    """`[b d h w]` -> features of the exemplars, brought into the shape of the frame.

    Memory: `CHUNK_VALUES` of the matrix (once more for the softmax), whatever the size; all of it where gradients are
    kept.
    """
    height, width = queries.shape[2:]
    rows = queries.flatten(2).transpose(1, 2)  # [b n d]
    keys = memory.keys.transpose(1, 2)
    chunk = max(16, CHUNK_VALUES // (keys.shape[0] * keys.shape[2]))
    found, used = [], memory.keys.new_zeros(memory.keys.shape[:2])
    for some in torch.split(rows, chunk, 1):
        weights = torch.softmax(some @ keys, 2)
        found.append(weights @ memory.values)
        if tell_use:
            used = used + weights.sum(1)
    maps = torch.cat(found, 1).transpose(1, 2).reshape(len(rows), -1, height, width)
    features, share = maps[:, :-exemplars], maps[:, -exemplars:]
    places = used.view(-1, exemplars, height, width) if tell_use else None
    return Attended(features, share, places)


def attention_matrix(queries: Tensor, memory: AttentionMemory) -> Tensor:
    """All of it, to be looked at: `[b d h w]` -> `[b K*n h*w]`, each column sums up to 1."""
    return torch.softmax(memory.keys @ queries.flatten(2), 1)
