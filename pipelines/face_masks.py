"""Masks of the crops of a face: what is face is told by a network, a world, landmarks, or the user's own masks."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.clip import FrameReader
from ..models.faces.crop import crop_face, paste_map, visible_mask
from ..models.faces.landmarks import MANY
from ..models.faces.masks import (
    FaceMasks,
    MaskOptions,
    foreground_of,
    masks_for,
    outline_foreground,
    steady_foregrounds,
)
from ..models.faces.over_time import reach_of
from ..models.faces.track import Alignment
from ..models.labels.palette import builtin_palette
from ..training.worlds import WorldStream, open_world
from ..weights.folders import SUFFIX, find_file, search_folders, typed
from .drawings import Footage
from .face_clips import WORLD
from .face_parser import FaceParser
from .face_workfolder import ClipRecord
from .segmenter import AnySegmenter, load_segmenter

Pixels = NDArray[np.uint8]

STEADY = 1.5
"""Width in frames of the Gaussian that takes the flicker out of masks that were found; the user's own need none."""
PARSING_NETWORK = "jonathandinu/face-parsing"
"""A SegFormer for the 19 classes of CelebAMask-HQ, on the Hugging Face Hub; its training data are non-commercial."""


class Foregrounds(Protocol):
    """What is face in the crops."""

    @property
    def fingerprint(self) -> str:
        """Changes when it may be something else."""
        ...

    def foregrounds(self, crops: Iterable[Pixels], alignment: Alignment, start: int) -> Iterator[Tensor]:
        """`[1 1 h w]` of 0..1 for each crop, the first of which is number `start`; of any size."""
        ...


class Parsed:
    """By a network that names the parts of a face, see `parsed`."""

    def __init__(self, segmenter: AnySegmenter | FaceParser) -> None:
        self.fingerprint = f"parsed {segmenter.fingerprint}"
        self._segmenter = segmenter

    def foregrounds(self, crops: Iterable[Pixels], alignment: Alignment, start: int) -> Iterator[Tensor]:
        for crop in crops:
            yield foreground_of(self._segmenter(crop), self._segmenter.palette)


class Outlined:
    """By the 68 landmarks alone: the face without hair and ears. InputError for five landmarks."""

    fingerprint = "outlined"

    def foregrounds(self, crops: Iterable[Pixels], alignment: Alignment, start: int) -> Iterator[Tensor]:
        if alignment.landmarks.shape[1] != MANY:
            raise InputError(
                "five landmarks have no outline; give a network that finds the parts of a face, or masks"
            )
        for k, _ in enumerate(crops, start):
            there = paste_map(alignment.quads[k], alignment.size)
            points = (alignment.landmarks[k] + 0.5) @ there[:, :2].T + there[:, 2] - 0.5
            yield outline_foreground(torch.from_numpy(points), alignment.size)


class Known:
    """By a procedural world, which knows the parts of its faces."""

    def __init__(self, world: WorldStream) -> None:
        self.fingerprint = f"world {world.fingerprint}"
        self._world = world

    def foregrounds(self, crops: Iterable[Pixels], alignment: Alignment, start: int) -> Iterator[Tensor]:
        for k, _ in enumerate(crops, start):
            frame = next(self._world.frames(int(alignment.frames[k])))
            there = foreground_of(frame.ids, self._world.palette)
            yield (crop_face(there, alignment.quads[k], alignment.size) > 0.5).float()


class Given:
    """The user's own masks, bright where the face is: one for all crops, one for each crop, or, of the size of the
    clip's frames, one for each of these."""

    def __init__(self, masks: FrameReader, fingerprint: str, size: tuple[int, int]) -> None:
        """size: (height, width) of the clip's frames."""
        self.fingerprint = f"given {fingerprint}"
        self._masks = masks
        self._whole = (masks.info.height, masks.info.width) == size and masks.info.frame_count != 1

    def foregrounds(self, crops: Iterable[Pixels], alignment: Alignment, start: int) -> Iterator[Tensor]:
        if self._whole:
            yield from self._of_frames(crops, alignment, start)
            return
        alone = self._masks.info.frame_count == 1
        given = self._masks.frames(0 if alone else start)
        frame = None
        for k, _ in enumerate(crops, start):
            frame = frame if alone and frame is not None else next(given, None)
            if frame is None:
                raise InputError(
                    f"{k} masks, but {len(alignment.frames)} crops; give one for each, or one for all"
                )
            yield _bright(frame.pixels)

    def _of_frames(self, crops: Iterable[Pixels], alignment: Alignment, start: int) -> Iterator[Tensor]:
        number = int(alignment.frames[start])
        given = enumerate(self._masks.frames(number), number)
        for k, _ in enumerate(crops, start):
            frame = next((frame for number, frame in given if number == alignment.frames[k]), None)
            if frame is None:
                raise InputError(
                    f"the masks end before frame {alignment.frames[k]}; give one for each of the clip's"
                )
            yield crop_face(_bright(frame.pixels), alignment.quads[k], alignment.size).clamp(0, 1)


def mask_pictures(
    crops: Iterable[Pixels],
    alignment: Alignment,
    size: tuple[int, int],
    source: Foregrounds,
    options: MaskOptions,
    *,
    steady: float = STEADY,
    start: int = 0,
) -> Iterator[Pixels]:
    """A picture uint8 `[s s 3]` for every crop from `start` on: content, border, full, 0..255.

    crops: from `first_needed(alignment, start, steady)` on; size: (height, width) of the clip; steady: frames of the
    Gaussian over which the foregrounds of a run of frames are made steady, as 0 or 1 (0: off). What lies outside of the
    picture belongs to no mask. InputError for a frame without a face in its crop, with its number.
    """
    first = first_needed(alignment, start, steady)
    found = source.foregrounds(crops, alignment, first)
    numbered = zip(alignment.runs[first:].tolist(), found, strict=False)
    steadied = (
        foreground
        for _, run in groupby(numbered, key=lambda item: item[0])
        for foreground in steady_foregrounds((foreground for _, foreground in run), steady)
    )
    for k, foreground in enumerate(steadied, first):
        if k >= start:
            try:
                masks = masks_for(foreground, alignment.size, options)
            except InputError as error:
                raise InputError(f"frame {alignment.frames[k]}: {error}") from error
            visible = visible_mask(alignment.quads[k], alignment.size, *size)
            yield masks_picture(FaceMasks(*(mask * visible for mask in masks)))


def first_needed(alignment: Alignment, start: int, steady: float) -> int:
    """The first crop that masks from number `start` on depend on: those before it in its run, as far as they count."""
    if start >= len(alignment.runs):
        return len(alignment.runs)
    return max(start - reach_of(steady), int(np.searchsorted(alignment.runs, alignment.runs[start])))


def masks_picture(masks: FaceMasks) -> Pixels:
    """`[1 1 s s]` each -> uint8 `[s s 3]`; `masks_of` reads it."""
    planes = torch.cat(list(masks), 1)[0].mul(255).round().to(torch.uint8)
    return np.ascontiguousarray(planes.movedim(0, -1).numpy())


def masks_of(picture: Pixels) -> FaceMasks:
    """uint8 `[s s 3]` -> float32 `[1 1 s s]` each, 0..1."""
    planes = torch.from_numpy(picture).movedim(-1, 0).float() / 255
    return FaceMasks(*(plane[None, None] for plane in planes))


def _bright(pixels: Pixels) -> Tensor:
    return torch.from_numpy(pixels.max(2)).float()[None, None] / 255


def open_foregrounds(
    clip: ClipRecord,
    parts: str = "auto",
    masks: Footage | None = None,
    *,
    device: torch.device | str = "cpu",
    download: bool = True,
) -> Foregrounds:
    """What says which part of the crops is face.

    masks: the user's own, which come first. parts: "outline"; "world", what a world knows; the name, folder or file of
    a network for `parsed`; "auto": the world if the clip is one, else `PARSING_NETWORK`.
    """
    if masks is not None:
        return Given(masks.clip, masks.fingerprint, (clip.height, clip.width))
    if parts == "outline":
        return Outlined()
    is_world = clip.source.startswith(WORLD)
    if parts == "world" or (parts == "auto" and is_world):
        if not is_world:
            raise InputError(
                f"{clip.source}: is no world, so nobody knows its parts; give a network that finds them"
            )
        return Known(open_world(clip.source))
    return parsed(PARSING_NETWORK if parts == "auto" else parts, device=device, download=download)


def parsed(
    name: str | Path = PARSING_NETWORK, *, device: torch.device | str = "cpu", download: bool = True
) -> Parsed:
    """By a network: a BiSeNet in a file of weights, or one that `segmenter.load_segmenter` takes by its name or folder.

    Classes count by their names in CelebAMask-HQ.
    """
    if isinstance(name, Path) or name.endswith(SUFFIX) or find_file(name, search_folders()):
        return Parsed(FaceParser(name if isinstance(name, Path) else typed(name), device))
    palette = builtin_palette("celebamask_hq")
    return Parsed(load_segmenter(name, palette=palette, device=device, download=download))
