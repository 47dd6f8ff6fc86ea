"""FlowNet2, for whoever has brought its weights."""

from collections.abc import Sequence
from pathlib import Path

import torch

from ..errors import InputError
from ..models.flow.flownet2 import FlowNet2
from ..weights import load

NAME = "flownet2"
"""Of the file in a model folder, and of the preset."""


def load_flownet2(
    device: torch.device | str = "cpu", dtype: torch.dtype | None = None, folders: Sequence[Path] = ()
) -> FlowNet2:
    """The network, frozen, out of `folders` or any other model folder.

    InputError where its file is in none of them, saying how to make it, or is another.
    """
    network = load(NAME, device, dtype, folders)
    if not isinstance(network, FlowNet2):
        raise InputError(f"{NAME}: the file of that name holds a {type(network).__name__}; rename it")
    return network.requires_grad_(False)
