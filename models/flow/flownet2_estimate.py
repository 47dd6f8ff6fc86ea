"""Flow and confidence by FlowNet2, for pictures of any size.

Source: NVIDIA/vid2vid at 2e6d137, `models/flownet.py`. Different here: where pictures are resized, each component of
the flow is scaled by its own side (the reference scales both by the height's ratio, which is wrong for x where the
ratios differ), pictures whose width alone does not fit are resized too, and smaller ones than 64 pixels are enlarged.
"""

from collections.abc import Iterable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import InputError
from ..layers.storage import full_precision
from .estimators import unknown_flow
from .field import Flow
from .flownet2 import SIDE_MULTIPLE, FlowNet2
from .warp import warp

TRUSTED = 0.02
"""A flow is trusted where the squared difference of the colours (-1..1) that it connects is below this."""


@torch.no_grad()
def flow_and_confidence(network: FlowNet2, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Flow from `first` to `second` in pixels, `[b 2 h w]`, and where to trust it: 1, else 0, `[b 1 h w]`.

    `[b 3 h w]` each, -1..1. Sides that are no multiples of 64 are resized for the estimate; the confidence then is
    between 0 and 1 along its borders.
    """
    size = first.shape[-2:]
    fitting = [max(SIDE_MULTIPLE, side // SIDE_MULTIPLE * SIDE_MULTIPLE) for side in size]
    if list(size) == fitting:
        return _at_fitting_size(network, first, second)
    small = [F.interpolate(x, fitting, mode="bilinear") for x in (first, second)]
    flow, confidence = _at_fitting_size(network, *small)
    scale = flow.new_tensor([size[1] / fitting[1], size[0] / fitting[0]])[:, None, None]
    flow, confidence = (F.interpolate(x, size, mode="bilinear") for x in (flow, confidence))
    return flow * scale, confidence


def _at_fitting_size(network: FlowNet2, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    flow = full_precision(network(first, second))
    first, second = full_precision(first), full_precision(second)
    difference = (first - warp(second, flow)).square().sum(1, keepdim=True)
    return flow, (difference < TRUSTED).to(flow.dtype)


def estimate_flow(network: FlowNet2, current: Tensor, previous: Tensor) -> Flow:
    """Backward flow from `current` to the frame before it, on the CPU; occlusion is what the confidence lacks to 1.

    `[3 h w]` each, -1..1, both of one size; they are brought to where the network is.
    """
    if current.shape != previous.shape:
        (height, width), (old_height, old_width) = current.shape[1:], previous.shape[1:]
        raise InputError(f"flow needs frames of one size: {width}x{height} follows {old_width}x{old_height}")
    weight = next(network.parameters())
    flow, confidence = flow_and_confidence(network, current[None].to(weight), previous[None].to(weight))
    return Flow(flow.cpu(), 1 - confidence.cpu())


def estimate_flows(network: FlowNet2, pictures: Iterable[Tensor]) -> Iterator[Flow]:
    """One flow for every picture to the one before it, two pictures in memory at a time.

    The first picture has none before it: its displacement is 0 and all of it is occluded.
    """
    previous: Tensor | None = None
    for current in pictures:
        if previous is None:
            yield unknown_flow(*current.shape[1:])
        else:
            yield estimate_flow(network, current, previous)
        previous = current
