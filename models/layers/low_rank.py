"""A small change to a network's weights: for each weight matrix the product of two thin ones, for the rest all of it.

Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"; here for convolutions, modulated ones too:
the weight `[o i k k]` counts as a matrix of o rows. The network stays as it is; what it would compute with the change,
`applied` computes, and `merge` writes the very same sums into its weights.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn

from ...errors import InputError


class LowRankUpdate(nn.Module):
    """What is added to the parameters of a network that are named; at first 0.

    Weights whose thin matrices would be no smaller than they are, and all that are no matrix, have their whole change.
    """

    def __init__(self, parameters: Mapping[str, Tensor], rank: int, seed: int = 0) -> None:
        """rank: columns of the thin matrices; 0: every change is whole; seed: of the values that they begin with."""
        super().__init__()
        if rank < 0:
            raise InputError(f"the rank of an update is 1 or more, or 0 for whole changes, not {rank}")
        draw = torch.Generator().manual_seed(seed)
        self.shapes = {name: tuple(weight.shape) for name, weight in parameters.items()}
        self.left, self.right, self.whole = (nn.ParameterDict() for _ in range(3))
        for name, weight in parameters.items():
            rows, columns = len(weight) if weight.dim() else 1, weight[0].numel() if weight.dim() else 1
            key = _key(name)
            if not rank or weight.dim() < 2 or rank * (rows + columns) >= rows * columns:
                self.whole[key] = nn.Parameter(torch.zeros_like(weight))
                continue
            right = torch.randn(rank, columns, generator=draw) * rank**-0.5
            self.right[key] = nn.Parameter(right.to(weight))
            self.left[key] = nn.Parameter(weight.new_zeros(rows, rank))

    def change(self, name: str) -> Tensor:
        """What is added to the parameter of that name."""
        key = _key(name)
        if key in self.whole:
            whole: Tensor = self.whole[key]
            return whole
        product: Tensor = self.left[key] @ self.right[key]
        return product.view(self.shapes[name])

    def changes(self) -> dict[str, Tensor]:
        return {name: self.change(name) for name in self.shapes}


@contextmanager
def applied(network: nn.Module, changes: Mapping[str, Tensor]) -> Iterator[None]:
    """Inside the block the named parameters of `network` are what they are plus their change, with its gradients."""
    weights = {name: network.get_parameter(name).detach() + change for name, change in changes.items()}
    with replaced(network, weights):
        yield


@contextmanager
def replaced(network: nn.Module, weights: Mapping[str, Tensor]) -> Iterator[None]:
    """Inside the block the network computes with these tensors instead of its parameters of their names.

    The network is not changed; leaving the block brings its own parameters back, whatever happened in it.
    """
    owners = {name: _owner(network, name) for name in weights}
    kept = {name: getattr(*owner) for name, owner in owners.items()}
    try:
        for name, (module, attribute) in owners.items():
            module._parameters[attribute] = cast(nn.Parameter, weights[name])  # any tensor serves
        yield
    finally:
        for name, (module, attribute) in owners.items():
            module._parameters[attribute] = kept[name]


@torch.no_grad()
def merge(network: nn.Module, changes: Mapping[str, Tensor]) -> None:
    """Add the changes to the network's parameters, in place."""
    for name, change in changes.items():
        getattr(*_owner(network, name)).add_(change)


def _owner(network: nn.Module, name: str) -> tuple[nn.Module, str]:
    path, _, attribute = name.rpartition(".")
    return network.get_submodule(path), attribute


def _key(name: str) -> str:
    """Names of parameters can't have dots in them."""
    return name.replace(".", "/")
