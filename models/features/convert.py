"""VGG19 as others publish it, in our layout: torchvision's `vgg19-*.pth`, and timm's `vgg19.tv_in1k`.

Both call the convolutions by their number in one sequence with ReLUs and poolings between them. What comes after the
thirteenth, and the classifier, is left out.
"""

from collections.abc import Mapping

from torch import Tensor

from ...errors import InputError
from .vgg19 import VGG19Config

PUBLISHED = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)
"""Number of each convolution in the published sequence."""


def convert(states: Mapping[str, Mapping[str, Tensor]]) -> tuple[VGG19Config, dict[str, Tensor]]:
    """One file, by its name -> config and state in our layout. InputError for files that are something else."""
    if len(states) != 1:
        raise InputError(f"VGG19 is one file; got {', '.join(states) or 'none'}")
    name, state = next(iter(states.items()))
    ours = {}
    for index, number in enumerate(PUBLISHED):
        for leaf in ("weight", "bias"):
            entry = f"features.{number}.{leaf}"
            if entry not in state:
                raise InputError(f"{name}: not VGG19: it has no entry {entry!r}")
            ours[f"convolutions.{index}.{leaf}"] = state[entry]
    return VGG19Config(filters=ours["convolutions.0.weight"].shape[0]), ours
