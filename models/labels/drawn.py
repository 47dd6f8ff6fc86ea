"""Drawn maps on their way to a network: cut, scaled, shown to people."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from .faces import Box
from .frames import DrawnFrame


def fit_planes(planes: Tensor, box: Box, height: int, width: int, *, smooth: bool) -> Tensor:
    """The part of uint8 planes `[c h w]` inside `box`, each scaled to `height` x `width` by Pillow.

    smooth: bilinear, as the published networks scale faces; else nearest, as they scale poses and parts.
    """
    method = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    left, top, right, bottom = box
    inside = planes.numpy()[:, top:bottom, left:right]
    scaled = [np.asarray(Image.fromarray(plane).resize((width, height), method)) for plane in inside]
    return torch.from_numpy(np.stack(scaled))


def show_drawn(frame: DrawnFrame) -> NDArray[np.uint8]:
    """A drawn map for people, uint8 `[h w 3]`: lines in white, a pose in its colours over its dimmed DensePose."""
    channels = frame.channels.float().cpu()
    if channels.shape[0] in (3, 6):
        colors = (channels + 1) / 2
        shown = colors if len(colors) == 3 else torch.maximum(colors[:3] / 2, colors[3:])
    else:
        shown = channels[:1].expand(3, -1, -1)
    picture: NDArray[np.uint8] = shown.clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return picture
