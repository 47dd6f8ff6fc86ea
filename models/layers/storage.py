"""How tensors are stored: the dtype, and the order of their values in memory."""

import torch
from torch import Tensor


def full_precision(x: Tensor) -> Tensor:
    """float32 of half precision; float32 and float64 (in which gradients are checked) as they are.

    For what half precision would show in: pictures, flow, sampling positions.
    """
    return x.to(torch.promote_types(x.dtype, torch.float32))


def stored_like(x: Tensor, weight: Tensor) -> Tensor:
    """`x` in the dtype and the memory layout of a convolution's weight.

    What comes into a network so follows the one decision that its owner makes by `.to(memory_format=...)`.
    """
    channels_last = weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()
    return x.to(weight.dtype, memory_format=torch.channels_last if channels_last else torch.contiguous_format)
