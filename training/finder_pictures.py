"""Faces of the world as a camera may see them: near and far, tilted, beside the middle; and pictures without one."""

import numpy as np
import torch
from numpy.typing import NDArray

from ..media.pixels import to_file, to_model
from ..models.faces.alignment import Placement, place_face, quad_of
from ..models.faces.crop import crop_face, paste_map
from .clips import Batch, Clips
from .face_known import draw_shown
from .fewshot_clips import HELD_OUT
from .worlds.face_parts import Part
from .worlds.faces import FaceWorld, render_face
from .worlds.frame import FaceFrame

_FRAME = (192, 320)
"""Height and width of the world's frames that pictures are cut out of."""
VIEWS = 4
"""Pictures that are cut out of a frame."""
_EMPTY = 0.2
"""Share of pictures that show what is behind the person, or clothes, and no face."""
_SIZES = (0.9, 3.2)
"""Of a picture, in units of FFHQ's crop."""
_TILT = 0.35
"""Radians, at most, to either side."""


class FinderPictures(Clips):
    """Clips are one person at several moments, several views of each.

    pixels uint8 `[t h w 3]`; points float `[t 68 2]` in pixels, counted from their centres; there float `[t]`: whether
    the face is in the picture (0 or 1; where it is not, points mean nothing).
    """

    longest = 4

    def __getitem__(self, index: int) -> Batch:
        shape = self.shape_of(index)
        chance = np.random.default_rng((self.seed, index + 2**40, 1))
        person = index if index >= 0 else HELD_OUT - 1 - index
        views: list[Batch] = []
        for _ in range(shape.frames):
            shown = draw_shown(person, chance)
            camera = FaceWorld(0, shown.light, _FRAME[1], _FRAME[0]).camera
            frame = render_face(shown.subject, shown.moment, shown.moment, camera, shown.light)
            views += [_view(frame, shape.width, chance) for _ in range(VIEWS)]
        return {key: torch.stack([view[key] for view in views]) for key in views[0]}


def _view(frame: FaceFrame, side: int, chance: np.random.Generator) -> Batch:
    marks = frame.landmarks.astype(np.float64) - 0.5
    face = place_face(marks)
    empty = chance.random() < _EMPTY
    quad = _elsewhere(frame, chance) if empty else _around(face, chance)
    picture = crop_face(to_model(frame.rgb)[None], quad, side)[0].clamp(-1, 1)
    picture = picture * chance.uniform(0.8, 1.1) + chance.uniform(-0.1, 0.1)
    there = paste_map(quad, side)
    points = (marks + 0.5) @ there[:, :2].T + there[:, 2] - 0.5
    return {
        "pixels": torch.from_numpy(to_file(picture)),
        "points": torch.from_numpy(points.astype(np.float32)),
        "there": torch.tensor(0.0 if empty else 1.0),
    }


def _around(face: Placement, chance: np.random.Generator) -> NDArray[np.float64]:
    """A square that holds the whole face."""
    size = float(np.exp(chance.uniform(*np.log(_SIZES))))
    angle = chance.uniform(-_TILT, _TILT)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    x, y = turn @ face.x * size, turn @ face.y * size
    free = max(0.0, size - 0.75) / size  # as far from the middle as the face stays inside
    center = face.center + x * chance.uniform(-free, free) + y * chance.uniform(-free, free)
    return quad_of(Placement(center, x, y))


def _elsewhere(frame: FaceFrame, chance: np.random.Generator) -> NDArray[np.float64]:
    """A square without the face's skin; after some attempts, a small one in a corner."""
    height, width = frame.ids.shape
    face = (frame.ids >= Part.SKIN) & (frame.ids <= Part.L_LIP)
    for _ in range(20):
        half = chance.uniform(8, 0.35 * height)
        x, y = chance.uniform(half, width - half), chance.uniform(half, height - half)
        if not face[int(y - half) : int(y + half), int(x - half) : int(x + half)].any():
            break
    else:
        x, y, half = 8.0, 8.0, 8.0
    return quad_of(Placement(np.array([x, y]), np.array([half, 0.0]), np.array([0.0, half])))
