"""From a name, or a file, to a network."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from ..errors import InputError
from .architectures import ARCHITECTURES, Architectures
from .file import read
from .folders import ENVIRONMENT_VARIABLE, demo_folder, find_file, list_files, search_folders
from .hub import cached
from .presets import EmbeddedPreset, HubPreset, OwnFilePreset, PresetTable, builtin_presets

T = TypeVar("T", bound=nn.Module)


def load(
    name_or_path: str | Path,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    folders: Sequence[Path] = (),
    *,
    presets: PresetTable | None = None,
    architectures: Architectures = ARCHITECTURES,
) -> nn.Module:
    """A network, in evaluation mode, with its config as `.config`.

    name_or_path: a `str` is a name and leads only to files in `folders.search_folders(folders)` and to presets that
    are on this machine; a `Path` is a file. What a person typed becomes one or the other by `folders.typed`.
    Nothing is downloaded. InputError says what is wrong with a name or a file and what to do; memory: see `file.read`.
    """
    return read(locate(name_or_path, folders, presets=presets), device, dtype, architectures=architectures)


def load_as(
    kind: type[T],
    otherwise: str,
    name_or_path: str | Path,
    device: torch.device | str,
    dtype: torch.dtype | None,
) -> T:
    """`load` for a network of one kind. InputError for another, ending in `otherwise`: what it is not, what to do."""
    network = load(name_or_path, device, dtype)
    if not isinstance(network, kind):
        raise InputError(f"{name_or_path}: holds a {type(network).__name__}, {otherwise}")
    return network


def locate(
    name_or_path: str | Path, folders: Sequence[Path] = (), *, presets: PresetTable | None = None
) -> Path:
    """The file that `load` would read."""
    if isinstance(name_or_path, Path):
        return name_or_path
    name = name_or_path
    places = search_folders(folders)
    path = find_file(name, places)
    if path is not None:
        return path
    table = builtin_presets() if presets is None else presets
    preset = table.find(name)
    if isinstance(preset, HubPreset):
        path = cached(preset)
        if path is not None:
            return path
        raise InputError(f"{name}: not downloaded yet; get it with: maliang weights get {name}")
    if isinstance(preset, OwnFilePreset):
        raise InputError(preset.advice)
    if isinstance(preset, EmbeddedPreset):
        raise InputError(f"{name}: {demo_folder() / preset.file} is missing; install Maliang anew")
    known = sorted({each.name for each in table} | {each for each, _ in list_files(places)})
    raise InputError(
        f"no weights named {name!r}; there are: {', '.join(known) or 'none'} "
        f"(looked in {', '.join(map(str, places))}; {ENVIRONMENT_VARIABLE} adds folders)"
    )
