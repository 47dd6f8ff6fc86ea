"""A subject as people name it: pictures, or worlds, and what was found in each; ready for a network."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import InputError
from ..media.pictures import is_picture
from .drawn_sources import open_footage
from .fewshot import Given, give
from .fewshot_finders import find_exemplars, load_finder
from .fewshot_options import InputOptions
from .fewshot_sources import Exemplar, NetworkInputs, Source, exemplars_of
from .sources import WORLD


@dataclass(frozen=True)
class SubjectFiles:
    """Exemplars of one subject, in files."""

    pictures: tuple[str, ...]
    """Pictures, folders of them, clips, or worlds, which bring everything."""
    labels: tuple[str, ...] = ()
    """What was found in each that is no world: landmarks, keypoints, label maps; none: it is looked for."""
    densepose: tuple[Path, ...] = ()
    """DensePose pictures of each, for networks that take them."""
    frames: tuple[int, ...] | None = None
    """Which frames of each; None: all pictures of a folder, the first frame of a clip or a world."""
    palette: str | None = None
    """Of label maps; None: read off the files."""


def open_subject(
    files: SubjectFiles,
    network: NetworkInputs,
    options: InputOptions,
    *,
    finder: str | None = None,
    device: torch.device | str = "cpu",
    download: bool = True,
) -> Given:
    """All exemplars of a subject; finder: what looks for landmarks, keypoints or classes, see `load_finder`."""
    alone = [picture for picture in files.pictures if not picture.startswith(WORLD)]
    for name, given in (("label sources", files.labels), ("DensePose sources", files.densepose)):
        if given and len(given) != len(alone):
            raise InputError(
                f"exemplars: {len(alone)} pictures or clips, but {len(given)} {name}; give one for each"
            )
    found: list[Exemplar] = []
    for source in _sources(files):
        found.extend(exemplars_of(source, network))
    if alone and not files.labels:
        look = load_finder(network, finder, device=device, download=download)
        for name in alone:
            with open_footage(Path(name)).clip as clip:
                found.extend(find_exemplars(clip, _frames(files, name), name, look))
    return give(found, network, options)


def all_worlds(sources: Sequence[str]) -> bool:
    """Whether every source is a world, whose pictures show the whole of a subject."""
    return all(source.startswith(WORLD) for source in sources)


def _sources(files: SubjectFiles) -> Iterator[Source]:
    """Of worlds, and of pictures whose labels are given."""
    labels, surfaces = iter(files.labels), iter(files.densepose)
    for name in files.pictures:
        if name.startswith(WORLD):
            yield Source(name, frames=_frames(files, name))
        elif files.labels:
            yield Source(
                next(labels),
                footage=Path(name),
                densepose=next(surfaces, None),
                frames=_frames(files, name),
                palette=files.palette,
            )


def _frames(files: SubjectFiles, name: str) -> tuple[int, ...]:
    if files.frames is not None:
        return files.frames
    if name.startswith(WORLD) or not Path(name).is_dir():
        return (0,)
    return tuple(range(sum(map(is_picture, Path(name).iterdir())))) or (0,)
