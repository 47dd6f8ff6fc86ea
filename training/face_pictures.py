"""Single pictures of faces to train on: of the world, cut out as FFHQ cuts faces out, or files of a folder."""

import random
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.folders import pictures_in
from ..media.pixels import to_file, to_model
from ..media.reader import open_frames
from ..models.faces.alignment import place_face, quad_of
from ..models.faces.crop import crop_face, crop_map
from .clips import Batch, Clips
from .face_known import Shown, draw_shown, properties, standard
from .fewshot_clips import HELD_OUT
from .schedule import ClipShape
from .worlds.faces import FaceWorld, render_face
from .worlds.frame import FaceFrame
from .worlds.memory import keep_freed_memory

CLOSER = 1.4
"""A frame of the world has this many times the pixels of the face's crop across: then both are of about one scale."""


class FacePictures(Clips):
    """Aligned faces of the world. A clip is one person at several moments, in several lights.

    pixels uint8 `[t h w 3]`, as small as they can be kept; known float `[t p]`, see `face_known`. Clip n shows person
    n; those below 0 show people whom nobody trains on.
    """

    longest = 4

    def __getitem__(self, index: int) -> Batch:
        shape = self.shape_of(index)
        chance = np.random.default_rng((self.seed, index + 2**40))
        person = index if index >= 0 else HELD_OUT - 1 - index
        shown = [draw_shown(person, chance) for _ in range(shape.frames)]
        known = [standard()(properties(each), chance) for each in shown]
        pictures = [aligned(render_shown(each, shape.width), shape.width) for each in shown]
        return {"pixels": torch.from_numpy(np.stack(pictures)), "known": torch.stack(known)}


def render_shown(shown: Shown, side: int) -> FaceFrame:
    """The frame of the world whose face fills a crop of `side` pixels."""
    keep_freed_memory()
    size = round(CLOSER * side / 2) * 2
    camera = FaceWorld(0, shown.light, size, size).camera
    return render_face(shown.subject, shown.moment, shown.moment, camera, shown.light)


def aligned(frame: FaceFrame, side: int) -> NDArray[np.uint8]:
    """FFHQ's crop of a frame of the world, uint8 `[side side 3]`."""
    return to_file(crop_face(to_model(frame.rgb)[None], _quad(frame), side)[0])


def aligned_ids(frame: FaceFrame, side: int) -> NDArray[np.uint8]:
    """The parts that the middles of `aligned`'s pixels show, uint8 `[side side]`."""
    there = crop_map(_quad(frame), side)
    middles = np.arange(side) + 0.5
    places = middles[None, :, None] * there[:, 0] + middles[:, None, None] * there[:, 1] + there[:, 2]
    height, width = frame.ids.shape
    x, y = np.floor(places).astype(int).clip(0, (width - 1, height - 1)).transpose(2, 0, 1)
    ids: NDArray[np.uint8] = frame.ids[y, x]
    return ids


def _quad(frame: FaceFrame) -> NDArray[np.float64]:
    """FFHQ's square; the world counts from corners of pixels, detectors from their middles."""
    return quad_of(place_face(frame.landmarks.astype(np.float64) - 0.5))


class FaceParts(Clips):
    """Aligned faces with their parts: clips of one picture; pictures float `[1 3 h w]`, ids uint8 `[1 h w]` (`Part`).

    Everybody is seen once; another seed shows other people.
    """

    longest = 1

    def __getitem__(self, index: int) -> Batch:
        shape = self.shape_of(index)
        chance = np.random.default_rng((self.seed, index + 2**40, 2))
        frame = render_shown(draw_shown(int(chance.integers(HELD_OUT)), chance), shape.width)
        return {
            "pictures": to_model(aligned(frame, shape.width))[None],
            "ids": torch.from_numpy(aligned_ids(frame, shape.width))[None],
        }


class Epochs(Clips):
    """The first `count` clips of a data set of pixels again and again, every time in another order.

    pictures float `[t 3 h w]` in -1..1, and all else that the clips have.
    """

    def __init__(self, clips: Clips, count: int) -> None:
        super().__init__(clips.seed, clips.shape_of)
        self.longest, self.in_process = clips.longest, clips.in_process
        self._clips, self.count = clips, count

    def __getitem__(self, index: int) -> Batch:
        if index >= 0:
            index = _order(self.seed, index // self.count, self.count)[index % self.count]
        clip = dict(self._clips.shaped(self.shape_of(index))[index])
        pixels = clip.pop("pixels").numpy()
        return clip | {"pictures": torch.stack([to_model(each) for each in pixels])}


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, count: int) -> tuple[int, ...]:
    return tuple(random.Random(f"{seed}:{epoch}").sample(range(count), count))


class PictureFolder(Clips):
    """Pictures of a folder, aligned already: the square in the middle of each; pictures float `[1 3 h w]`."""

    longest = 1

    def __init__(self, seed: int, shape_of: Callable[[int], ClipShape], folder: Path) -> None:
        """InputError for a folder without pictures."""
        super().__init__(seed, shape_of)
        if not folder.is_dir():
            raise InputError(f"{folder}: there is no such folder; give one of pictures of aligned faces")
        self.files = pictures_in(folder)

    def __getitem__(self, index: int) -> Batch:
        shape = self.shape_of(index)
        file = self.files[self.chance(index).randrange(len(self.files))]
        with open_frames(file) as reader:
            picture = to_model(next(iter(reader)).pixels)
        picture = squared(picture, shape.width)
        if shape.mirrored and self.chance(index, "mirror").random() < 0.5:
            picture = picture.flip(-1)
        return {"pictures": picture[None]}


def squared(picture: Tensor, side: int) -> Tensor:
    """The square in the middle of `[3 h w]`, `[3 side side]`; pixels are averaged where it shrinks."""
    size = min(picture.shape[1:])
    top, left = ((length - size) // 2 for length in picture.shape[1:])
    cut = picture[None, :, top : top + size, left : left + size]
    return F.interpolate(cut, (side, side), mode="bilinear", align_corners=False, antialias=True)[0]


def pictures_of(clips: list[Batch], side: int) -> Tensor:
    """All pictures of some clips, `[b 3 side side]`; side: a whole share of theirs."""
    pictures = torch.cat([clip["pictures"][0] for clip in clips])
    shrink = pictures.shape[-1] // side
    return F.avg_pool2d(pictures, shrink) if shrink > 1 else pictures
