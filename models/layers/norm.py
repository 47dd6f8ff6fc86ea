"""Normalisation with the statistics of the frame at hand."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPS = 1e-5
STRIP_VALUES = 2**17
"""Half a megabyte of float32: what stays in a processor core's cache while it is squared and summed."""


class FrameNorm(nn.Module):
    """Normalise every channel of every frame by its own mean and variance, in training and at inference alike.

    The published vid2vid networks call their layers batch norm, but run one frame at a time and never switch to
    running statistics: with a batch of one, that is instance norm with a weight and a bias.
    """

    def __init__(self, channels: int, affine: bool = True, eps: float = EPS) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """`[b c h w]` -> `[b c h w]` in the same layout; biased variance, to which eps is added."""
        return normalize_frames(x, self.weight, self.bias, self.eps)


def normalize_frames(x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float = EPS) -> Tensor:
    """Instance norm by the kernel that is fastest for the layout of `x` where `x` is; all give the same numbers.

    Group norm of single channels is three times faster than instance norm on a CPU, but keeps a GPU half idle. Both
    would turn channels-last maps around and back; batch norm takes them as they are, a frame a call. Where a picture is
    made on a CPU its sums are taken here instead: PyTorch adds up all pixels one after the other in float32, and a map
    of 512x256 loses three digits.
    """
    if x.is_contiguous():
        if x.is_cpu:
            return F.group_norm(x, x.shape[1], weight, bias, eps)
        return F.instance_norm(x, weight=weight, bias=bias, eps=eps)
    if x.is_cpu and x.dtype == torch.float32 and not x.requires_grad:
        return _normalize_in_strips(x, weight, bias, eps)
    frames = (x[i : i + 1] for i in range(x.shape[0]))
    normal = [F.batch_norm(frame, None, None, weight, bias, training=True, eps=eps) for frame in frames]
    return normal[0] if len(normal) == 1 else torch.cat(normal)


def _normalize_in_strips(x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    """The variance is summed over strips of a few rows, whose differences from the mean never leave the cache."""
    rows = max(1, STRIP_VALUES // (x.shape[0] * x.shape[1] * x.shape[3]))
    mean = x.mean((2, 3), keepdim=True)
    strips = (x[:, :, top : top + rows] for top in range(0, x.shape[2], rows))
    squares = [(strip - mean).square_().sum((2, 3), keepdim=True) for strip in strips]
    variance = torch.stack(squares).sum(0) / (x.shape[2] * x.shape[3])
    scale = torch.rsqrt(variance + eps)
    if weight is not None:
        scale = scale * weight[:, None, None]
    shift = -mean * scale
    if bias is not None:
        shift = shift + bias[:, None, None]
    return torch.addcmul(shift, x, scale)
