"""Generators of NVlabs's TensorFlow code, renamed to those of its PyTorch code.

Source of the layouts: NVlabs/stylegan2, `training/networks_stylegan2.py`; NVlabs/stylegan2-ada-pytorch at d72cc7d,
`legacy.py`.
"""

import re
from collections.abc import Callable, Mapping

from torch import Tensor

from ...published import State

MARK = "synthesis/4x4/Const/const"
"""Entry that such a generator has."""
_PARTS = {"Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb"}


def to_nvlabs(state: State) -> dict[str, Tensor]:
    """The same generator in the names and layout of stylegan2-ada-pytorch; what it doesn't have keeps its name.

    Weights become [out in h w]; those of layers that double the size are mirrored, because PyTorch's transposed
    convolution is. A style is 1 where its bias is 0 there, here where it is 1.
    """
    ours: dict[str, Tensor] = {}
    for name, value in state.items():
        if name == "lod" or name.endswith("/lod"):
            continue
        renamed = _renamed(name)
        ours[renamed] = _relaid(renamed, value)
    return ours


def _renamed(name: str) -> str:
    for pattern, new in _RULES:
        found = re.fullmatch(pattern, name)
        if found:
            return new(found)
    return name


def _layer(found: "re.Match[str]") -> str:
    side, part, leaf = found.group(1), _PARTS[found.group(2)], found.group(3)
    return f"synthesis.b{side}.{part}.{_LEAVES[leaf]}"


def _noise(found: "re.Match[str]") -> str:
    """noise0 belongs to the one convolution at 4 pixels, noise1 and noise2 to those at 8, ..."""
    index = int(found.group(1))
    return f"synthesis.b{4 << (index + 1) // 2}.conv{1 - index % 2}.noise_const"


_LEAVES: Mapping[str, str] = {
    "weight": "weight",
    "bias": "bias",
    "noise_strength": "noise_strength",
    "mod_weight": "affine.weight",
    "mod_bias": "affine.bias",
}
_RULES: tuple[tuple[str, Callable[["re.Match[str]"], str]], ...] = (
    (r"dlatent_avg", lambda found: "mapping.w_avg"),
    (r"mapping/Dense(\d+)/(weight|bias)", lambda found: f"mapping.fc{found.group(1)}.{found.group(2)}"),
    (MARK, lambda found: "synthesis.b4.const"),
    (r"synthesis/noise(\d{1,2})", _noise),
    (rf"synthesis/(\d+)x\1/({'|'.join(_PARTS)})/({'|'.join(_LEAVES)})", _layer),
)


def _relaid(name: str, value: Tensor) -> Tensor:
    if name.endswith(("affine.weight", ".weight")) and value.dim() == 2:
        return value.T
    if name.endswith(".weight") and value.dim() == 4:
        mirrored = value.flip(0, 1) if ".conv0." in name else value
        return mirrored.permute(3, 2, 0, 1)
    if name.endswith("affine.bias"):
        return value + 1
    if name.endswith((".noise_const", ".const")):
        return value.reshape(value.shape[2:] if name.endswith(".noise_const") else value.shape[1:])
    return value
