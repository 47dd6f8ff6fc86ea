"""Where half precision would show: pictures, flow, sampling positions."""

import torch
from torch import Tensor


def full_precision(x: Tensor) -> Tensor:
    """float32 of half precision; float32 and float64 (in which gradients are checked) as they are."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
