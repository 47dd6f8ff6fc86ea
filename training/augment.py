"""Other clips out of the same footage: turned left to right, nearer, at another place, faster.

Pure functions on the tensors of a clip; `recipe.ClipShape` says what of it a stage wants, and the number of a clip what
that clip gets. Source: NVIDIA/vid2vid at 2e6d137, `data/base_dataset.py` (sizes, windows, turning, spacing).
"""

import random
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from ..models.flow.chain import chained_flow, chained_visibility

Tensors = dict[str, Tensor]
"""A clip, as `clips.Batch` says, or one of its frames, whose tensors lack the first dimension."""

Size = tuple[int, int]
"""(height, width)."""

LOWEST = 8
"""A window begins in the top 8th of a frame, where heads are."""


def mirrored(clip: Tensors, order: tuple[int, ...] = ()) -> Tensors:
    """The clip turned left to right: what moves to the left moves to the right.

    order: which channel of a drawn map takes the place of each, where some know left from right; (): each its own.
    """
    turned = {name: values if name == "style" else values.flip(-1) for name, values in clip.items()}
    for name in {"flow", "exemplar_flow"} & turned.keys():
        turned[name] = turned[name] * turned[name].new_tensor([-1.0, 1.0]).view(2, 1, 1)
    if order:
        turned["drawn"] = turned["drawn"][..., list(order), :, :]
    return turned


def cut(frame: Tensors, corner: Size, size: Size) -> Tensors:
    """The window of this size whose top left pixel is `corner`, of every tensor `[... h w]` of a frame or a clip.

    Flow that leads out of the window is not to be trusted.
    """
    (top, left), (height, width) = corner, size
    window = {
        name: values[..., top : top + height, left : left + width].clone() for name, values in frame.items()
    }
    window["visible"] = window["visible"] * stays_inside(window["flow"])
    return window


def stays_inside(flow: Tensor) -> Tensor:
    """Backward flow `[... 2 h w]` in pixels -> `[... 1 h w]`, 1 where it leads to a pixel of the picture, else 0."""
    height, width = flow.shape[-2:]
    x = torch.arange(width, device=flow.device) + flow[..., 0, :, :]
    y = torch.arange(height, device=flow.device)[:, None] + flow[..., 1, :, :]
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return inside.to(flow.dtype).unsqueeze(-3)


def choose_corner(draw: random.Random, large: Size, small: Size) -> Size:
    """Top left pixel of a window of a frame: across, near the middle (a normal distribution, three standard deviations
    reach the sides); down, anywhere in the top 8th, as far as there is room."""
    (height, width), (rows, columns) = large, small
    down, across = max(0, height - rows), max(0, width - columns)
    left = round(draw.gauss(across / 2, across / 6))
    return draw.randint(0, min(down, height // LOWEST)), min(max(left, 0), across)


def zoomed(size: Size, zoom: float) -> Size:
    """So many times as large, in even numbers."""
    height, width = (round(side * zoom / 2) * 2 for side in size)
    return height, width


def spaced(frames: Iterable[Tensors], step: int) -> Iterator[Tensors]:
    """Every `step`-th frame, the first one first; its flow leads back to the one shown before it.

    frames: all of them, with flow `[2 h w]` and visible `[1 h w]` to the frame before; those left out need no more.
    """
    passed: list[Tensors] = []
    for number, frame in enumerate(frames):
        passed.insert(0, frame)
        if number % step == 0:
            yield frame if len(passed) == 1 else frame | _joined(passed)
            passed.clear()


def _joined(latest_first: list[Tensors]) -> Tensors:
    flows = [frame["flow"][None] for frame in latest_first]
    visible = [frame["visible"][None] for frame in latest_first]
    return {"flow": chained_flow(flows)[0], "visible": chained_visibility(flows, visible)[0]}
