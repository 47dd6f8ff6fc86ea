"""Who says how the frames of footage move: an estimator, and what it said before, kept on disk.

| teacher | what it is | needs |
|---|---|---|
| dis | dense inverse search of OpenCV | the extra `flow` |
| flownet2 | the network that the published models learnt from | its weights, which a user brings |

SEA-RAFT's weights are on the Hub, but neither transformers nor any other library among the extras can build its
network, so it isn't one of them. Worlds know their flow exactly and need no teacher.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..media.pixels import to_model
from ..models.flow import flownet2_estimate
from ..models.flow.estimators import SMALLEST_SIDE, estimate_flow
from ..models.flow.field import Flow
from .cache import ArrayCache
from .flownet2 import load_flownet2

Picture = NDArray[np.uint8]
"""`[h w 3]` RGB."""


@dataclass(frozen=True)
class FlowTeacher:
    """An estimator of backward flow."""

    name: str
    """With its settings: what it says is kept under this name."""
    estimate: Callable[[Picture, Picture], Flow]
    """Flow from the first picture to the second, the frame before it."""
    on_device: bool = False
    """It runs where the networks do, so it can't be taken into processes of its own."""


def dense_inverse_search() -> FlowTeacher:
    """MissingExtraError where OpenCV isn't installed: before a run begins, not in the middle of it."""
    blank = np.zeros((SMALLEST_SIDE, SMALLEST_SIDE, 3), np.uint8)
    estimate_flow(blank, blank)
    return FlowTeacher("dis medium", estimate_flow)


def kept_flow(
    teacher: FlowTeacher, cache: ArrayCache | None, key: str, current: Picture, previous: Picture
) -> Flow:
    """Flow between two frames of which `key` tells everything; float16 steps are finer than any estimator."""

    def make() -> NDArray[np.generic]:
        flow = teacher.estimate(current, previous)
        planes = torch.cat([flow.displacement, flow.occlusion], 1)[0]
        made: NDArray[np.generic] = planes.to("cpu", torch.float16).numpy()
        return made

    shape = f"{current.shape[1]}x{current.shape[0]}"
    planes = make() if cache is None else cache.get(f"{teacher.name} {shape} {key}", make)
    values = torch.from_numpy(planes.astype(np.float32))[None]
    return Flow(values[:, :2], values[:, 2:])


def flownet2(device: torch.device) -> FlowTeacher:
    """FlowNet2 on `device`; InputError where its weights are in no model folder."""
    network = load_flownet2(device)

    def estimate(current: Picture, previous: Picture) -> Flow:
        return flownet2_estimate.estimate_flow(network, to_model(current), to_model(previous))

    return FlowTeacher("flownet2", estimate, on_device=True)
