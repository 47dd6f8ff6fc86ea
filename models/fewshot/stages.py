"""Where keypoints are drawn before a network sees them, by the rules of both published code bases.

A stage is a surface in pixels and the box of it that is shown. Lines are as wide as the surface asks for, so the
surface decides how a drawing looks; windows (`windows.Window`) decide what of a picture comes onto it.
Source: NVlabs/few-shot-vid2vid at 009e23f, `data/fewshot_face_dataset.py`, `data/fewshot_pose_dataset.py`;
NVlabs/imaginaire at c6f7484, `model_utils/fs_vid2vid.py`, `configs/projects/fs_vid2vid`.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..labels.drawn import crop
from ..labels.faces import Box, face_lines, with_skull
from .boxes import face_box, widened
from .windows import Size, Window, scaled, window_of

Points = NDArray[np.float64]

_BRUSH_SHARE = 256
"""Half the width of a face's stroke is the height of the surface // this."""
SHORT_SIDE = 1024
"""Pixels of the shorter side that imaginaire scales pictures of faces to."""


class Stage(NamedTuple):
    """A surface and what is shown of it."""

    surface: Size
    box: Box
    """It may leave the surface, where there is nothing."""


class Framed(NamedTuple):
    """A stage, and the window of the source's pictures that fills its box."""

    stage: Stage
    window: Window


def whole_framed(canvas: Size) -> Framed:
    """Nothing is cut away: all of a picture of (height, width) is shown."""
    box = (0, 0, canvas[1], canvas[0])
    return Framed(Stage(canvas, box), window_of(box))


def face_framed(points: Points, aspect: float = 1.0) -> Framed:
    """The box around a face is the surface, wherever it lies (few-shot vid2vid, 2019); aspect: width / height."""
    box = widened(face_box(points), aspect)
    width, height = box[2] - box[0], box[3] - box[1]
    return Framed(Stage((height, width), (0, 0, width, height)), window_of(box))


def imaginaire_face_framed(
    points: Points, canvas: Size, short_side: int | None = SHORT_SIDE, aspect: float = 1.0
) -> Framed:
    """The surface is the whole picture, scaled to `short_side` (None: as it is); the box is moved into it.

    Where another aspect (width / height) than a square's widens the box, it may leave the picture.
    """
    height, width = canvas
    factor = 1.0 if short_side is None else short_side / min(canvas)
    surface = (round(height * factor), round(width * factor))
    box = widened(face_box(points * factor, surface), aspect)
    return Framed(Stage(surface, box), scaled(window_of(box), 1 / factor))


def face_plane(points: Points, stage: Stage, size: Size) -> Tensor:
    """A face on its stage, `[68 2]` or with its skull `[83 2]` -> float `[1 h w]`, 0..1; scaled by Pillow."""
    lines = face_lines(points, *stage.surface, brush=max(1, stage.surface[0] // _BRUSH_SHARE))
    inside = Image.fromarray(crop(lines, stage.box))
    shown = inside.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(shown)).float()[None] / 255


def imaginaire_face_plane(points: Points, stage: Stage, size: Size, *, skull: bool = True) -> Tensor:
    """The same by imaginaire's rules: lengths are rounded, the skull follows from where the jaw is drawn, the box is
    scaled without smoothing. Points `[68 2]`.
    """
    brush = max(1, stage.surface[0] // _BRUSH_SHARE)
    drawn = with_skull(points) if skull else points
    lines = face_lines(drawn, *stage.surface, brush=brush, rounded=True)
    planes = torch.from_numpy(crop(lines, stage.box))[None].float() / 255
    return F.interpolate(planes[None], size, mode="bilinear", align_corners=False)[0]


def imaginaire_scaled(planes: Tensor, box: Box, size: Size, *, smooth: bool) -> Tensor:
    """A box of planes `[c h w]` of any type at `size`; smooth: bilinear (pictures), else nearest (poses).

    sic: where the box leaves the picture it is cut off, so that what is left is stretched.
    """
    left, top, right, bottom = box
    inside = planes[None, :, max(0, top) : bottom, max(0, left) : right]
    if not smooth:
        return F.interpolate(inside, size, mode="nearest")[0]
    return F.interpolate(inside, size, mode="bilinear", align_corners=False)[0]


def only_person(planes: Tensor, marks: Tensor, numbers: Tensor) -> Tensor:
    """Planes `[c h w]` without the people other than the marked one: 0 where `numbers` says someone else.

    marks bool `[h w]`: the person is who most of them lie on; numbers `[h w]`: of people, 0: nobody. Where they all lie
    on nobody, everything stays.
    """
    under = numbers[marks].long()
    under = under[under != 0]
    if not under.numel():
        return planes
    return planes * (numbers == torch.bincount(under).argmax())
