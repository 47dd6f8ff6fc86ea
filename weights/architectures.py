"""Which network a file of weights belongs to: architecture id -> its config class and its module class.

An id ends in the version of the layout. A change after which old files no longer fit takes the next number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import nn

from ..errors import InputError


@dataclass(frozen=True)
class Architecture:
    """How to build a network."""

    config: type
    """Frozen dataclass, all there is to know."""
    module: Callable[[Any], nn.Module]
    """Class whose constructor takes the config, and whose instances have it as `.config`.

    Every tensor it needs is a parameter or a persistent buffer: files hold nothing else.
    """


Architectures = Mapping[str, Callable[[], Architecture]]
"""Architecture id -> what imports and returns it: a file costs only the import of its own network."""


def _vid2vid_generator() -> Architecture:
    from ..models.vid2vid.config import GeneratorConfig
    from ..models.vid2vid.generator import Vid2VidGenerator

    return Architecture(GeneratorConfig, Vid2VidGenerator)


def _few_shot_generator() -> Architecture:
    from ..models.fewshot.config import FewShotConfig
    from ..models.fewshot.generator import FewShotGenerator

    return Architecture(FewShotConfig, FewShotGenerator)


def _label_future() -> Architecture:
    from ..models.vid2vid.future import FutureConfig, LabelFuture

    return Architecture(FutureConfig, LabelFuture)


def _label_reader() -> Architecture:
    from ..models.labels.reader import LabelReader, ReaderConfig

    return Architecture(ReaderConfig, LabelReader)


def _flownet2() -> Architecture:
    from ..models.flow.flownet2 import FlowNet2, FlowNet2Config

    return Architecture(FlowNet2Config, FlowNet2)


def _stylegan2() -> Architecture:
    from ..models.faces.stylegan2.config import StyleGAN2Config
    from ..models.faces.stylegan2.generator import StyleGAN2

    return Architecture(StyleGAN2Config, StyleGAN2)


def _e4e() -> Architecture:
    from ..models.faces.e4e import E4E, E4EConfig

    return Architecture(E4EConfig, E4E)


def _bisenet() -> Architecture:
    from ..models.faces.bisenet import BiSeNet, BiSeNetConfig

    return Architecture(BiSeNetConfig, BiSeNet)


def _face_finder() -> Architecture:
    from ..models.faces.finder import FaceFinder, FinderConfig

    return Architecture(FinderConfig, FaceFinder)


def _directions() -> Architecture:
    from ..models.faces.direction_table import DirectionTable, DirectionTableConfig

    return Architecture(DirectionTableConfig, DirectionTable)


def _style_table() -> Architecture:
    from ..models.faces.style_table import StyleTable, StyleTableConfig

    return Architecture(StyleTableConfig, StyleTable)


def _lpips() -> Architecture:
    from ..models.features.lpips import LPIPS, LPIPSConfig

    return Architecture(LPIPSConfig, LPIPS)


def _vgg19() -> Architecture:
    from ..models.features.vgg19 import VGG19, VGG19Config

    return Architecture(VGG19Config, VGG19)


def _tokenizer() -> Architecture:
    from ..models.infinity.tokenizer import Tokenizer
    from ..models.infinity.tokenizer_config import TokenizerConfig

    return Architecture(TokenizerConfig, Tokenizer)


ARCHITECTURES: Architectures = MappingProxyType(
    {
        "vid2vid.generator/1": _vid2vid_generator,
        "vid2vid.future/1": _label_future,
        "fewshot.generator/1": _few_shot_generator,
        "labels.reader/1": _label_reader,
        "flownet2/1": _flownet2,
        "faces.stylegan2/1": _stylegan2,
        "faces.e4e/1": _e4e,
        "faces.bisenet/1": _bisenet,
        "faces.finder/1": _face_finder,
        "faces.directions/1": _directions,
        "faces.style_table/1": _style_table,
        "infinity.tokenizer/1": _tokenizer,
        "lpips/1": _lpips,
        "vgg19/1": _vgg19,
    }
)


def find_architecture(identifier: str, architectures: Architectures, where: str) -> Architecture:
    """The architecture of that id. InputError, beginning with `where`, for an id that this version doesn't know."""
    if identifier not in architectures:
        raise InputError(
            f"{where}: holds {identifier[:80]!r}, which this version of Maliang does not know; it knows "
            f"{', '.join(sorted(architectures))}: update Maliang, or choose a file of one of these kinds"
        )
    return architectures[identifier]()


def identify(module: nn.Module, architectures: Architectures) -> str:
    """The id of a module that was built here. TypeError for a class that is not in the table."""
    for identifier, get in architectures.items():
        if get().module is type(module):
            return identifier
    raise TypeError(f"{type(module).__name__} is not in the table of architectures")
