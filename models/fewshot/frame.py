"""What a step makes, and what the next one takes: values, of which nothing is kept anywhere else."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from .attention import AttentionMemory
from .layers import ConvWeights
from .modulation import BlockWeights


class Identity(NamedTuple):
    """What the decoder is told about the subject."""

    bottleneck: Tensor
    """`[b c h/2^n w/2^n]`: what it starts from."""
    summaries: tuple[Tensor, ...]
    """What weights are generated from, see `summarize`; () where all are learnt."""
    blocks: tuple[BlockWeights, ...]
    """Generated weights of its blocks, largest size first."""
    embedding: tuple[ConvWeights, ...]
    """Generated weights of the label embedder, largest size first."""


@dataclass(frozen=True, eq=False)
class Exemplars:
    """Exemplars, encoded once for a clip. On the generator's device."""

    labels: Tensor
    """`[b K c h w]`, as the network sees them."""
    images: Tensor
    """`[b K 3 h w]` float32 in -1..1."""
    identity: Identity | None
    """If it is the same for all frames; else `memory` is there."""
    memory: AttentionMemory | None
    """What the identity of each frame is looked up in."""

    @property
    def count(self) -> int:
        """K"""
        return self.images.shape[1]


class Warped(NamedTuple):
    """A picture that was moved to the driving frame; float32."""

    flow: Tensor
    """`[b 2 h w]`: where each pixel comes from, (dx, dy) in pixels."""
    mask: Tensor
    """`[b 1 h w]`: 1 where a new pixel is trusted, 0 where the moved one is."""
    picture: Tensor
    """`[b 3 h w]` in -1..1."""


class AttentionMaps(NamedTuple):
    """Where a frame looked; float32."""

    share: Tensor
    """`[b K h/2^m w/2^m]`: for each place of the frame, how much is from which exemplar; sums up to 1."""
    used: Tensor
    """`[b K h/2^m w/2^m]`: how much each place of each exemplar is used, in places of the frame."""


class Frame(NamedTuple):
    """One painted frame."""

    image: Tensor
    """`[b 3 h w]` float32 in -1..1."""
    raw: Tensor | None
    """What was painted before warped pictures were blended in; None where they aren't blended in."""
    exemplar: Warped | None
    """The exemplar that was warped; None for networks that warp none."""
    past: Warped | None
    """The frame before, warped; None for the first frame."""
    chosen: Tensor
    """`[b]` int64: the exemplar that this frame is closest to, which is the one that is warped."""
    attention: AttentionMaps | None
    """If asked for, of networks with attention."""


@dataclass(frozen=True, eq=False)
class Past:
    """The frame before: all the state there is."""

    labels: Tensor
    """`[b c h w]`, as the network saw them."""
    image: Tensor
    """`[b 3 h w]` float32 in -1..1."""

    def to_tensors(self) -> dict[str, Tensor]:
        """For a file; `from_tensors` reads it back."""
        return {"labels": self.labels, "image": self.image}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "Past":
        return cls(tensors["labels"], tensors["image"])

    def to(self, device: torch.device) -> "Past":
        return Past(self.labels.to(device), self.image.to(device))
