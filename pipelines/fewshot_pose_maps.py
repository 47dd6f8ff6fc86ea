"""One frame of a body as few-shot networks take it: limbs, and DensePose of that person alone.

Source: NVlabs/few-shot-vid2vid at 009e23f, `data/fewshot_pose_dataset.py`; NVlabs/imaginaire at c6f7484,
`utils/visualization/pose.py`, `model_utils/fs_vid2vid.py`.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..models.fewshot.boxes import body_box, mapped_body_box
from ..models.fewshot.stages import Framed, Stage, imaginaire_scaled, only_person, whole_framed
from ..models.fewshot.windows import Window, cut, window_of
from ..models.labels.drawn import fit_planes
from ..models.labels.people import Person
from ..models.labels.pose_lines import EVEN, FEWSHOT, IMAGINAIRE, seen_body
from ..models.labels.poses import DENSEPOSE_PARTS, checked_person, draw_pose, pose_input
from .drawings import Size
from .fewshot_options import InputOptions

Pixels = NDArray[np.uint8]


class Surface(NamedTuple):
    """Whose body shows where."""

    densepose: Pixels
    """IUV picture uint8 `[h w 3]`: two surface coordinates, the part 0..24."""
    numbers: Pixels | None = None
    """uint8 `[h w 3]`; the first channel says whom a pixel belongs to, 0: nobody. None: DensePose shows one person."""


def surface_planes(surface: Surface | None, person: Person, canvas: Size, name: str) -> Tensor | None:
    """DensePose of one person, uint8 `[3 h w]`; InputError, which begins with `name`, for what is no DensePose."""
    if surface is None:
        return None
    for picture in surface:
        if picture is not None and picture.shape[:2] != canvas:
            raise InputError(
                f"{name}: is {picture.shape[1]}x{picture.shape[0]}, but the keypoints belong to "
                f"{canvas[1]}x{canvas[0]}; both must be of one size"
            )
    highest = int(surface.densepose[..., 2].max())
    if highest > DENSEPOSE_PARTS:
        raise InputError(
            f"{name}: its third channel must hold parts 0 to {DENSEPOSE_PARTS}, not {highest}; give IUV pictures "
            "without loss (PNG or FFV1), not coloured ones"
        )
    planes = torch.from_numpy(np.ascontiguousarray(surface.densepose)).permute(2, 0, 1)
    if surface.numbers is None:
        return planes
    body = seen_body(checked_person(person)["pose"])
    columns, rows = torch.from_numpy(body[body.any(1)]).long().unbind(1)
    marks = torch.zeros(canvas, dtype=torch.bool)
    marks[rows.clamp(0, canvas[0] - 1), columns.clamp(0, canvas[1] - 1)] = True
    return only_person(planes, marks, torch.from_numpy(np.ascontiguousarray(surface.numbers[..., 0])))


def pose_framed(person: Person, planes: Tensor | None, canvas: Size, options: InputOptions) -> Framed:
    """The box around a person on a canvas of (height, width); planes: its DensePose, where there is some."""
    if options.framing == "whole":
        return whole_framed(canvas)
    if options.layout == "imaginaire" and planes is not None:
        box = mapped_body_box(planes, options.aspect)
    else:
        box = body_box(seen_body(checked_person(person)["pose"]), *canvas, options.aspect)
    return Framed(Stage(canvas, box), window_of(box))


def pose_map(
    person: Person, planes: Tensor | None, window: Window, stage: Stage, options: InputOptions
) -> Tensor:
    """What the network takes of one frame, float32 `[3 h w]`, or `[6 h w]` with DensePose first; -1..1."""
    rules = {"nvlabs": FEWSHOT, "imaginaire": IMAGINAIRE, "even": EVEN}[options.layout]
    drawing = draw_pose(
        [_on_stage(person, window, stage)],
        *stage.surface,
        rules=rules if options.face_lines else rules.without_face(),
        basic_points=options.basic_points,
    )
    surface = None
    if options.layout == "imaginaire" and window == window_of(stage.box):
        lines = imaginaire_scaled(drawing, stage.box, options.size, smooth=False)
        if planes is not None:
            surface = imaginaire_scaled(planes, stage.box, options.size, smooth=False)
    else:
        lines = fit_planes(drawing, stage.box, *options.size, smooth=False)
        if planes is not None:
            shown = cut(planes.permute(1, 2, 0).numpy(), window, options.size, Image.Resampling.NEAREST)
            surface = torch.from_numpy(shown).permute(2, 0, 1)
    return pose_input(surface, lines)


def _on_stage(person: Person, window: Window, stage: Stage) -> Person:
    """The person where it is drawn, such that the window fills the stage's box."""
    if window == window_of(stage.box):
        return person
    corners = window.onto(np.array([[0.0, 0.0], [1.0, 1.0]]), stage.box)
    scale = corners[1] - corners[0]
    return person.moved((float(scale[0]), float(scale[1])), (float(corners[0, 0]), float(corners[0, 1])))
