"""The network whose features the perceptual loss compares: VGG19 where its weights are on this machine.

Looked for, in this order: `vgg19.safetensors` in a model folder (made by `maliang weights convert`), then the file of
timm in the Hub's cache, of which only the convolutions are read. Nothing is downloaded. Without either, the features
are random, and that is said.
"""

import warnings
from pathlib import Path

import torch
from huggingface_hub import try_to_load_from_cache

from ..errors import InputError
from ..models.features.convert import convert
from ..models.features.vgg19 import VGG19
from ..weights.digest import check_sha256
from ..weights.file import open_weights, read
from ..weights.folders import find_file, search_folders
from .perceptual import TEACHER, PerceptualFeatures, RandomFeatures

NAME = "vgg19"
"""Of our file in a model folder, and of the preset."""
REPOSITORY, FILE = "timm/vgg19.tv_in1k", "model.safetensors"
"""On the Hugging Face Hub; BSD-3-Clause, converted by timm from torchvision's."""
SHA256 = "11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669"
"""Of that file at commit 128d4708565b3a414bcbb9bbad440b2fe37b9f18."""


def find_features(device: torch.device | str = "cpu") -> PerceptualFeatures:
    """VGG19 if it is on this machine, else random features and a warning that says so; frozen, on `device`.

    InputError for a file of that name that is something else, or is damaged.
    """
    own = find_file(NAME, search_folders())
    if own is not None:
        return _frozen(_own_network(own), device)
    cached = try_to_load_from_cache(REPOSITORY, FILE)
    if isinstance(cached, str):
        return _frozen(_hub_network(Path(cached)), device)
    warnings.warn(
        "VGG19 is not on this machine: the perceptual loss uses random features, and its figures can't be compared "
        f"with those of VGG19; to get it: hf download {REPOSITORY} {FILE}",
        stacklevel=2,
    )
    return RandomFeatures(TEACHER).to(device)


def _own_network(path: Path) -> VGG19:
    network = read(path)
    if not isinstance(network, VGG19):
        raise InputError(f"{path}: holds a {type(network).__name__}, not VGG19; give it another name")
    return network


def _hub_network(path: Path) -> VGG19:
    """Of the published file, only the entries that we use."""
    check_sha256(path, SHA256, f"{REPOSITORY}: {FILE}")
    with open_weights(path) as file:
        names = [name for name in file.keys() if name.startswith("features.")]  # noqa: SIM118 - not a mapping
        state = {name: file.get_tensor(name) for name in names}
    config, ours = convert({REPOSITORY: state})
    with torch.device("meta"):
        network = VGG19(config)
    network.load_state_dict(ours, strict=True, assign=True)
    return network


def _frozen(network: VGG19, device: torch.device | str) -> VGG19:
    network.to(device).requires_grad_(False).eval()
    return network
