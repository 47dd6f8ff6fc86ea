"""Group norm with the statistics of a whole canvas, whatever part of it is at hand.

Tiles that normalise by themselves differ in brightness and contrast, which shows as seams. Here mean and variance of
every group norm are measured once, over windows of the canvas taken together, and then stay what they are.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

Statistics = Mapping[str, Tensor]
"""Name of a group norm in its network -> mean and variance of its groups, float32 `[2 groups]`."""


class Frozen:
    """A `tokenizer_layers.Normalize` with given statistics: one multiplication and one addition a value.

    ValueError for statistics that are not this network's.
    """

    def __init__(self, network: nn.Module, statistics: Statistics) -> None:
        norms = {name: each for name, each in network.named_modules() if isinstance(each, nn.GroupNorm)}
        for name, values in statistics.items():
            if name not in norms or values.shape != (2, norms[name].num_groups):
                raise ValueError(f"statistics: {name} {list(values.shape)} is no group norm of this network")
        self._lines = {norms[name]: _line(norms[name], values) for name, values in statistics.items()}

    def __call__(self, norm: nn.GroupNorm, x: Tensor) -> Tensor:
        """Maps `[b c h w]`, normalised."""
        scale, shift = self._lines[norm]
        return torch.addcmul(shift, x, scale)


class Recorder:
    """A `tokenizer_layers.Normalize` that gives a batch of windows their common statistics, and keeps these.

    cut: cells (above and below, left and right) of each window that are left out of the statistics, because what lies
    beyond the window's edge is missing there; size: cells of a window.
    """

    def __init__(self, network: nn.Module, size: tuple[int, int], cut: tuple[int, int]) -> None:
        self._names = {module: name for name, module in network.named_modules()}
        self._size = size
        self._cut = cut
        self.statistics: dict[str, Tensor] = {}

    def __call__(self, norm: nn.GroupNorm, x: Tensor) -> Tensor:
        """Maps `[b c h w]`, normalised."""
        scales = (side // cells for side, cells in zip(x.shape[2:], self._size, strict=True))
        down, along = (cut * scale for cut, scale in zip(self._cut, scales, strict=True))
        core = x[:, :, down : x.shape[2] - down, along : x.shape[3] - along]
        found = _moments(core, norm.num_groups)
        self.statistics[self._names[norm]] = found
        scale, shift = _line(norm, found)
        return torch.addcmul(shift, x, scale)


def _moments(x: Tensor, groups: int) -> Tensor:
    parts = x.float().reshape(x.shape[0], groups, -1, *x.shape[2:])
    variance, mean = torch.var_mean(parts, (0, 2, 3, 4), correction=0)
    return torch.stack([mean, variance])


def _line(norm: nn.GroupNorm, statistics: Tensor) -> tuple[Tensor, Tensor]:
    """What each channel is multiplied by, and what is added: `[1 c 1 1]`."""
    mean, variance = (
        each.repeat_interleave(norm.num_channels // norm.num_groups)
        for each in statistics.to(norm.weight.device)
    )
    scale = norm.weight * torch.rsqrt(variance + norm.eps).to(norm.weight.dtype)
    shift = norm.bias - mean.to(norm.weight.dtype) * scale
    return scale[:, None, None], shift[:, None, None]
