"""The only place that converts between the three forms of a picture.

| where | form |
|---|---|
| files | uint8 numpy `[h w 3]` RGB, 0..255 |
| models | float `[b 3 h w]`, -1..1 |
| ComfyUI | float `[b h w 3]`, 0..1 |
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def to_model(pixels: NDArray[np.uint8]) -> Tensor:
    """uint8 `[h w 3]` RGB -> float32 `[3 h w]`, -1..1, on the CPU."""
    planes = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)
    return planes.to(torch.float32).div_(127.5).sub_(1).contiguous()


def to_file(frame: Tensor) -> NDArray[np.uint8]:
    """Float `[3 h w]` (any float dtype, any device), clamped to -1..1 -> uint8 `[h w 3]`, rounded.

    `to_file(to_model(x))` is `x`. Values that are not numbers become 0.
    """
    scaled = frame.detach().to(torch.float32).clamp(-1, 1).add(1).mul(127.5).round()
    whole = scaled.nan_to_num(nan=0).to(torch.uint8)
    pixels: NDArray[np.uint8] = whole.permute(1, 2, 0).contiguous().cpu().numpy()
    return pixels


def to_image(frames: Tensor) -> Tensor:
    """Float `[b 3 h w]`, -1..1 -> ComfyUI's IMAGE: float32 `[b h w 3]`, clamped to 0..1, same device."""
    return frames.detach().to(torch.float32).add(1).div(2).clamp(0, 1).permute(0, 2, 3, 1).contiguous()


def from_image(image: Tensor) -> Tensor:
    """ComfyUI's IMAGE `[b h w c]`, 0..1 (a fourth channel, alpha, is left out) -> float32 `[b 3 h w]`, -1..1."""
    return image[..., :3].to(torch.float32).mul(2).sub(1).permute(0, 3, 1, 2).contiguous()
