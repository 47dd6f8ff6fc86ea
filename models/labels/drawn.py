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

    Where the box leaves the planes there is 0. smooth: bilinear, as the published networks scale faces; else nearest,
    as they scale poses and parts.
    """
    method = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    inside = [Image.fromarray(crop(plane, box)) for plane in planes.numpy()]
    return torch.from_numpy(np.stack([np.asarray(plane.resize((width, height), method)) for plane in inside]))


def crop(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """A box of a picture uint8 `[h w]` or `[h w c]`; 0 where it leaves the picture."""
    left, top, right, bottom = box
    height, width = pixels.shape[:2]
    inside = pixels[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        return inside
    whole = np.zeros((bottom - top, right - left, *pixels.shape[2:]), np.uint8)
    y, x = max(0, -top), max(0, -left)
    whole[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return whole


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
