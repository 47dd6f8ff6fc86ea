"""Published files that we know, by kind: what becomes of them, and under which licence they were published."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from torch import Tensor


class Converter(NamedTuple):
    """How a family of published files becomes ours."""

    architecture: str
    """Id of what comes out."""
    convert: Callable[[Mapping[str, Mapping[str, Tensor]]], tuple[Any, dict[str, Tensor]]]
    """File -> state dict, to config and state in our layout."""
    licence: str
    """Of the published files."""
    source: str


def _vid2vid() -> Converter:
    from ..models.vid2vid.convert import convert

    return Converter("vid2vid.generator/1", convert, "CC-BY-NC-SA-4.0", "NVIDIA/vid2vid (Wang et al. 2018)")


def _few_shot() -> Converter:
    from ..models.fewshot.convert import convert

    return Converter("fewshot.generator/1", convert, FEW_SHOT_LICENCE, FEW_SHOT_SOURCE)


def _few_shot_learnt() -> Converter:
    from ..models.fewshot.convert import convert_learnt

    return Converter("fewshot.generator/1", convert_learnt, FEW_SHOT_LICENCE, FEW_SHOT_SOURCE)


def _flownet2() -> Converter:
    from ..models.flow.flownet2_convert import convert

    return Converter("flownet2/1", convert, FLOWNET2_LICENCE, "NVIDIA/flownet2-pytorch (Ilg et al. 2017)")


def _vgg19() -> Converter:
    from ..models.features.convert import convert

    return Converter("vgg19/1", convert, "BSD-3-Clause", "torchvision (Simonyan and Zisserman 2014)")


def _stylegan2() -> Converter:
    from ..models.faces.stylegan2.convert import convert

    return Converter("faces.stylegan2/1", convert, STYLEGAN2_LICENCE, STYLEGAN2_SOURCE)


def _e4e() -> Converter:
    from ..models.faces.e4e_convert import convert

    return Converter("faces.e4e/1", convert, E4E_LICENCE, "omertov/encoder4editing (Tov et al. 2021)")


def _bisenet() -> Converter:
    from ..models.faces.bisenet_convert import convert

    return Converter(
        "faces.bisenet/1", convert, BISENET_LICENCE, "zllrunning/face-parsing.PyTorch (Yu et al. 2018)"
    )


def _lpips() -> Converter:
    from ..models.features.lpips_convert import convert

    return Converter(
        "lpips/1", convert, "BSD-2-Clause, trunk BSD-3-Clause", "lpips 0.1 (Zhang et al. 2018), torchvision"
    )


def _directions() -> Converter:
    from ..models.faces.direction_convert import convert

    return Converter("faces.directions/1", convert, "", "")


def _stit_directions() -> Converter:
    from ..models.faces.direction_convert import convert_stit

    return Converter("faces.directions/1", convert_stit, "CC-BY-NC", STIT_DIRECTIONS_SOURCE)


def _interfacegan() -> Converter:
    from ..models.faces.direction_convert import convert_interfacegan

    return Converter("faces.directions/1", convert_interfacegan, E4E_LICENCE, INTERFACEGAN_SOURCE)


def _ganspace() -> Converter:
    from ..models.faces.direction_convert import convert_ganspace

    return Converter("faces.directions/1", convert_ganspace, E4E_LICENCE, GANSPACE_SOURCE)


def _styleclip() -> Converter:
    from ..models.faces.direction_convert import convert_styleclip

    return Converter(
        "faces.style_table/1", convert_styleclip, E4E_LICENCE, "StyleCLIP (Patashnik et al. 2021)"
    )


def _vqgan() -> Converter:
    from ..models.infinity.tokenizer_convert import convert

    return Converter("infinity.tokenizer/1", convert, VQGAN_LICENCE, "VQGAN (Esser et al. 2021)")


VQGAN_LICENCE = (
    "as published: MIT for LlamaGen, openrail++ for aMUSEd; taming-transformers states none for weights"
)
FEW_SHOT_LICENCE = "Nvidia Source Code License-NC (non-commercial)"
"""Of imaginaire and what was published with it; weights of one's own training have another."""
FEW_SHOT_SOURCE = "few-shot vid2vid (Wang et al. 2019), NVlabs/imaginaire or NVlabs/few-shot-vid2vid"
FLOWNET2_LICENCE = "research only (University of Freiburg)"
"""The checkpoint was converted from the authors' models, whose terms go with it; the code around it is Apache-2.0."""
STYLEGAN2_LICENCE = "Nvidia Source Code License-NC (non-commercial)"
"""Of Nvidia's generators, also where rosinality or e4e pass them on; those of one's own training have another."""
STYLEGAN2_SOURCE = (
    "StyleGAN2 (Karras et al. 2020), NVlabs/stylegan2-ada-pytorch or rosinality/stylegan2-pytorch"
)
E4E_LICENCE = "MIT (the generator that it was trained for: Nvidia Source Code License-NC, non-commercial)"
STIT_DIRECTIONS_SOURCE = "EvgenyKashin/stylegan2-distillation (Viazovetskyi et al. 2020), passed on by STIT"
INTERFACEGAN_SOURCE = "InterFaceGAN (Shen et al. 2020), omertov/encoder4editing or danielroich/PTI"
GANSPACE_SOURCE = "GANSpace (Harkonen et al. 2020), omertov/encoder4editing"
BISENET_LICENCE = "MIT (trained on CelebAMask-HQ, whose pictures are for non-commercial research)"

CONVERTERS: Mapping[str, Callable[[], Converter]] = MappingProxyType(
    {
        "vid2vid": _vid2vid,
        "fewshot": _few_shot,
        "fewshot-raw": _few_shot_learnt,
        "flownet2": _flownet2,
        "stylegan2": _stylegan2,
        "e4e": _e4e,
        "bisenet": _bisenet,
        "directions": _directions,
        "stit-directions": _stit_directions,
        "interfacegan": _interfacegan,
        "ganspace": _ganspace,
        "styleclip": _styleclip,
        "lpips": _lpips,
        "vgg19": _vgg19,
        "vqgan": _vqgan,
    }
)
