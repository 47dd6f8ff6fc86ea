"""Optical flow without a network: dense inverse search, and a check of both directions for what is hidden.

Sources: Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse Search" (OpenCV's implementation);
Sundaram, Brox, Keutzer 2010, "Dense point trajectories by GPU-accelerated large displacement optical flow",
the test of forward against backward flow.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError, MissingExtraError
from .field import Flow
from .warp import warp

Quality = Literal["ultrafast", "fast", "medium"]
SMALLEST_SIDE = 32
"""OpenCV's pyramid runs out of pixels (and out of its arrays) in pictures that are smaller."""


def estimate_flow(
    current: NDArray[np.uint8], previous: NDArray[np.uint8], quality: Quality = "medium"
) -> Flow:
    """Backward flow from `current` to the frame before it, one frame long.

    Both pictures uint8 `[h w 3]` RGB, the same size, each side at least 32 pixels. A pixel counts as occluded
    where flow there and back does not return to it.
    """
    return _flow(_gray(current), _gray(previous), _dense_inverse_search(quality))


def estimate_flows(pictures: Iterable[NDArray[np.uint8]], quality: Quality = "medium") -> Iterator[Flow]:
    """One flow for every picture, two pictures in memory at a time.

    The first has no frame before it: its displacement is 0 and all of it is occluded.
    """
    search = _dense_inverse_search(quality)
    previous: NDArray[np.uint8] | None = None
    for picture in pictures:
        current = _gray(picture)
        yield unknown_flow(*current.shape) if previous is None else _flow(current, previous, search)
        previous = current


def unknown_flow(height: int, width: int) -> Flow:
    """The flow of a clip's first frame: nothing moved, nothing was visible before."""
    return Flow(torch.zeros(1, 2, height, width), torch.ones(1, 1, height, width))


def occlusion(backward: Tensor, forward: Tensor) -> Tensor:
    """1 where a pixel's way back and forth does not end where it began, or leaves the picture; else 0.

    backward `[b 2 h w]` pixels, from the frame to the one before it; forward `[b 2 h w]` the other way round;
    returns `[b 1 h w]`. The tolerance grows with the length of the way: |b + f|^2 < 0.01 (|b|^2 + |f|^2) + 0.5.
    """
    returned = warp(forward, backward)
    error = (backward + returned).square().sum(1, keepdim=True)
    length = (backward.square() + returned.square()).sum(1, keepdim=True)
    height, width = backward.shape[-2:]
    x = torch.arange(width, dtype=backward.dtype, device=backward.device) + backward[:, :1]
    y = torch.arange(height, dtype=backward.dtype, device=backward.device)[:, None] + backward[:, 1:]
    outside = (x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)
    return ((error >= 0.01 * length + 0.5) | outside).to(backward.dtype)


def _flow(current: NDArray[np.uint8], previous: NDArray[np.uint8], search: Any) -> Flow:
    """`_dense_inverse_search` of two grey pictures `[h w]` in both directions."""
    if current.shape != previous.shape:
        raise InputError(
            f"flow needs frames of one size: {current.shape[1]}x{current.shape[0]} follows "
            f"{previous.shape[1]}x{previous.shape[0]}"
        )
    if min(current.shape) < SMALLEST_SIDE:
        raise InputError(
            f"flow needs frames of at least {SMALLEST_SIDE}x{SMALLEST_SIDE} pixels, "
            f"not {current.shape[1]}x{current.shape[0]}"
        )
    backward = _channels_first(search.calc(current, previous, None))
    forward = _channels_first(search.calc(previous, current, None))
    return Flow(backward, occlusion(backward, forward))


def _dense_inverse_search(quality: Quality) -> Any:
    """OpenCV's estimator; its `calc(a, b, None)` gives the flow from a to b, float32 `[h w 2]`."""
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError("estimating optical flow", "flow") from error
    return cv2.DISOpticalFlow.create(get_args(Quality).index(quality))  # OpenCV numbers them in this order


def _gray(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Rec. 601 luma, `[h w 3]` -> `[h w]`."""
    luma = picture[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    return (luma + 0.5).astype(np.uint8)


def _channels_first(flow: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(flow).permute(2, 0, 1).unsqueeze(0).contiguous()  # [h w 2] -> [1 2 h w]
