"""Published checkpoints into one file of ours.

Memory: what the older PyTorch format needs to be read (all of the network, once; the newer one is mapped), and for
another dtype the copy in it. Disk: an archive's checkpoints are unpacked one beside the other, next to the result, for
as long as the conversion runs.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from ..errors import InputError
from ..progress import Progress, silent
from .architectures import ARCHITECTURES, Architectures, find_architecture
from .archive import ENDINGS, checkpoint_members, is_zip, open_zip, unpack
from .config_json import to_json
from .converters import CONVERTERS, Converter
from .file import WeightsInfo, inspect, write
from .metadata import Metadata
from .published_file import read_published
from .recognise import recognise
from .strict import build_on_meta
from .torch_file import is_torch_zip

States = dict[str, dict[str, Tensor]]
"""File -> its state dict."""


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
