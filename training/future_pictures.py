"""Predicting frames directly: the label predictor's network on pictures, which the two steps are compared with.

It is no part of the package's offer, so it has no weights of its own to load: its checkpoints are read by the
evaluation alone.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models.flow.warp import warp
from ..models.labels.planes import dense_planes
from ..models.vid2vid.future import FutureConfig, Motion, MotionNetwork, enlarged


@dataclass(frozen=True, eq=False)
class PicturePast:
    """All that the next step depends on, as `models.vid2vid.future.FuturePast`."""

    window: Tensor
    """The newest pictures, seen or predicted, oldest first: `[b n 3 h w]` in -1..1."""
    seen: Tensor
    """The last one that was seen, `[b 3 h w]`."""
    flow: Tensor
    """From the newest picture back to that one, `[b 2 h w]` pixels."""


class PictureStep(NamedTuple):
    """One predicted picture."""

    picture: Tensor
    """`[b 3 h w]` in -1..1."""
    painted: Tensor
    """What was painted of it, at half the size that the network looks at."""
    motion: Motion
    past: PicturePast
    """What the next step takes; without gradient."""


class PictureFuture(nn.Module):
    """Predicts pictures, one after the other: the last one seen, along the flow of all steps, and painted parts."""

    def __init__(self, config: FutureConfig) -> None:
        """config: that of the label predictor; what it says of labels means nothing here."""
        super().__init__()
        self.config = config
        self.network = MotionNetwork(
            3 * config.seen_frames, 3, config.filters, config.downsamplings, config.blocks
        )

    def begin(self, pictures: Tensor) -> PicturePast:
        """The state after the pictures seen, `[b seen_frames 3 h w]` in -1..1."""
        last = pictures[:, -1]
        return PicturePast(pictures, last, last.new_zeros(len(last), 2, *last.shape[2:]))

    def step(self, past: PicturePast) -> PictureStep:
        """Predict the next picture."""
        n = self.config.reduction
        motion = self.network(dense_planes(F.avg_pool2d(past.window.flatten(1, 2), n)))
        step = n * enlarged(motion.flow, n)
        flow = step + warp(past.flow, step)
        painted, weight = torch.tanh(motion.painted), enlarged(motion.weight, n)
        picture = weight * enlarged(painted, 2 * n) + (1 - weight) * warp(past.seen, flow)
        window = torch.cat([past.window[:, 1:], picture.detach()[:, None]], 1)
        return PictureStep(picture, painted, motion, PicturePast(window, past.seen, flow.detach()))
