"""Published checkpoints into one file of ours.

Memory: what the older PyTorch format needs to be read (all of the network, once; the newer one is mapped), and for
another dtype the copy in it. Disk: an archive's checkpoints are unpacked one beside the other, next to the result, for
as long as the conversion runs.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from ..progress import Progress, silent
from .architectures import ARCHITECTURES, Architectures, find_architecture
from .archive import ENDINGS, checkpoint_members, is_zip, open_zip, unpack
from .config_json import to_json
from .file import WeightsInfo, inspect, write
from .metadata import Metadata
from .published_file import read_published
from .recognise import recognise
from .strict import build_on_meta
from .torch_file import is_torch_zip

States = dict[str, dict[str, Tensor]]
"""File -> its state dict."""


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
        "lpips": _lpips,
        "vgg19": _vgg19,
        "vqgan": _vqgan,
    }
)


def convert_files(
    files: Sequence[Path],
    out: Path,
    converter: Converter | None,
    *,
    only: Sequence[str] = (),
    licence: str | None = None,
    source: str | None = None,
    dtype: torch.dtype | None = None,
    progress: Progress = silent,
    architectures: Architectures = ARCHITECTURES,
) -> WeightsInfo:
    """Read checkpoints, all parts of one network, and write `out`, which appears when it is whole.

    files: `.pth`, `.pt`, `.pth.tar`, `.pkl`, or a zip of them, of which `only` (patterns such as "*2048*") chooses
    some; converter: None for the one that the names of the entries tell; licence, source: of the weights (None: the
    converter's); dtype: in the file (None: as published);
    progress: counts the checkpoints read. InputError names what is wrong with which file; nothing is left behind.
    """
    if out.suffix != ".safetensors":
        raise InputError(f"{out}: weights are written as .safetensors; give --out a name that ends so")
    if not out.parent.is_dir():
        raise InputError(f"{out.parent}: no such folder; make it first")
    with TemporaryDirectory(dir=out.parent, prefix=".maliang-", ignore_cleanup_errors=True) as scratch:
        states = _read_all(files, only, Path(scratch), progress)
        converter = converter or CONVERTERS[recognise(states)]()
        config, state = converter.convert(states)
        names = ", ".join(states)
        states.clear()
        architecture = find_architecture(converter.architecture, architectures, str(out))
        expected = build_on_meta(architecture.module, config, len(state), str(out)).state_dict()
        metadata = Metadata(
            converter.architecture,
            to_json(config),
            converter.licence if licence is None else licence,
            converter.source if source is None else source,
            f"converted from {names}"[:4096],
        )
        write(out, state, expected, metadata, dtype)
        del state
    return inspect(out, architectures=architectures)


def _read_all(files: Sequence[Path], only: Sequence[str], scratch: Path, progress: Progress) -> States:
    states: States = {}
    for path in files:
        if path.is_file() and is_zip(path) and not is_torch_zip(path):
            with open_zip(path) as archive:
                for member in checkpoint_members(archive, path, only):
                    target = scratch / f"{len(states)}.pth"
                    unpack(archive, member, target)
                    _add(
                        states,
                        _stem(member.filename),
                        read_published(target, f"{path}: {member.filename[:80]}"),
                    )
                    progress(len(states), None)
        else:
            _add(states, _stem(path.name), read_published(path))
            progress(len(states), None)
    return states


def _add(states: States, name: str, state: dict[str, Tensor]) -> None:
    if name in states:
        raise InputError(f"two files are called {name}: give one of them, or choose with --only PATTERN")
    states[name] = state


def _stem(name: str) -> str:
    """`label2city_2048/latest_net_G0.pth` as `label2city_2048/latest_net_G0`."""
    lowered = name.lower()
    ending = next((e for e in ENDINGS if lowered.endswith(e)), "")
    return name[: len(name) - len(ending)][:120]
