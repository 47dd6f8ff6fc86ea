"""Moving averages of weights: what is saved as the result of a run."""

from typing import Any

import torch
from torch import nn

from .schedule import Schedule


def average_decay(recipe: Schedule[Any], step: int) -> float:
    """The recipe's, but less at first, so that the average forgets where it began."""
    return min(recipe.ema, (1 + step) / (10 + step))


@torch.no_grad()
def move_average(average: nn.Module, network: nn.Module, decay: float) -> None:
    """average * decay + network * (1 - decay), in place; both have the same parameters and no buffers."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
