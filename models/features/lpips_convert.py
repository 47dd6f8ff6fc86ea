"""LPIPS as others publish it, in our layout.

Either the state dict of `lpips.LPIPS(net="alex")` or `net="vgg"` (package lpips 0.1.4), or what it is made of: the
trunk from torchvision (`alexnet-*.pth`, `vgg16-*.pth`) and the weights of the channels from the package
(`lpips/weights/v0.1/alex.pth`, `vgg.pth`).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from ...errors import InputError
from ..published import Entries, State
from .lpips import SCALE, SHIFT, TRUNKS, LPIPSConfig, Trunk

PUBLISHED: Mapping[Trunk, tuple[int, ...]] = MappingProxyType(
    {"alex": (0, 3, 6, 8, 10), "vgg": (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)}
)
"""Number of each convolution in torchvision's sequences."""
_SLICED = re.compile(r"net\.slice\d+\.(\d+)\.(weight|bias)")


def convert(states: Mapping[str, State]) -> tuple[LPIPSConfig, dict[str, Tensor]]:
    """One or two files, by their names -> config and state. InputError for files that are something else."""
    file = " and ".join(states)
    entries = Entries(
        file, {name: value for state in states.values() for name, value in _plain(state).items()}
    )
    _check_constants(entries)
    if not entries.has("features.0.weight") or not entries.has("lin0."):
        raise InputError(
            f"{file or 'no file'}: not LPIPS: give lpips's own state dict, or both the trunk (torchvision's AlexNet or "
            "VGG16) and the weights of its channels (lpips/weights/v0.1 in the package lpips)"
        )
    trunk: Trunk = "alex" if entries.shape("features.0.weight")[-1] == 11 else "vgg"
    for index, number in enumerate(PUBLISHED[trunk]):
        entries.move(f"features.{number}", f"convolutions.{index}")
    for level in range(sum(layer.seen for layer in TRUNKS[trunk])):
        entries.ours[f"weights.{level}"] = entries.take(f"lin{level}.model.1.weight").flatten()
    entries.drop("classifier.")
    return LPIPSConfig(trunk), entries.finish()


def _plain(state: State) -> dict[str, Tensor]:
    """lpips calls the trunk's entries by slices, and says the weights of channels twice."""
    return {
        f"features.{sliced[1]}.{sliced[2]}" if (sliced := _SLICED.fullmatch(name)) else name: value
        for name, value in state.items()
        if not name.startswith("lins.")
    }


def _check_constants(entries: Entries) -> None:
    for name, values in (("shift", SHIFT), ("scale", SCALE)):
        entry = f"scaling_layer.{name}"
        if entries.has(entry) and not torch.allclose(
            entries.take(entry).flatten().float(), torch.tensor(values)
        ):
            raise InputError(f"{entries.file}: {entry} is not LPIPS's; trained with other options")
