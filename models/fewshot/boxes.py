"""Which part of a picture a network gets to see: the boxes of both published code bases, in whole pixels.

A box is (left, top, right, bottom); right and bottom are outside. It may leave the picture where the docstring says so.
Source: NVlabs/few-shot-vid2vid at 009e23f, `data/fewshot_face_dataset.py`, `data/fewshot_pose_dataset.py`;
NVlabs/imaginaire at c6f7484, `model_utils/fs_vid2vid.py` (get_face_bbox_for_data, get_person_bbox_for_data).
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError
from ..labels.faces import Box

Points = NDArray[np.float64]

ABOVE, BELOW = 1.25, 0.75
"""How far a face's box reaches above and below the middle of its landmarks; the unit is the width of the face."""
_BODY_SHARE = 1.5
"""Height of a body's box, in heights of the body."""
_EYES, _ANKLES = (15, 16), (11, 14)


def face_box(points: Points, canvas: tuple[int, int] | None = None) -> Box:
    """The square around a face, twice as wide as its landmarks `[68 2]`; their middle is below its middle.

    canvas: (height, width) of the picture that the box is moved into, as imaginaire does it; None: it may leave the
    picture. InputError for landmarks in one column.
    """
    low, high = np.trunc(points.min(0)).astype(int), np.trunc(points.max(0)).astype(int)
    reach = int(high[0] - low[0])
    if reach < 1:
        raise InputError("landmarks: all 68 points lie in one column; there is no face to crop to")
    x, y = (float(v) for v in (low + high) // 2)
    if canvas is not None:
        x = max(reach, min(canvas[1] - reach, x))
        y = max(reach * ABOVE, min(canvas[0] - reach * BELOW, y))
    left, top = x - reach, y - reach * ABOVE
    return int(left), int(top), int(left + 2 * reach), int(top + 2 * reach)


def body_box(body: Points, height: int, width: int, aspect: float) -> Box:
    """The box around a body, half as high again as the body is, in the middle of it, moved into the picture.

    body: places of BODY_25 `[25 2]` in pixels, 0 where unseen; aspect: width / height. It is at least a quarter and at
    most the whole of the picture's height; a picture that is narrower than the box is left at its right.
    """
    there = body[:, 0] != 0
    x_seen, y_seen = body[there, 0], body[there, 1]
    x = int(x_seen.min() + x_seen.max()) // 2 if x_seen.size else width // 2
    y = tall = float(height // 2)
    if y_seen.size:
        top = max(y_seen.min(), body[list(_EYES), 1].min())
        bottom = body[list(_ANKLES), 1].max() or y_seen.max()
        y, tall = int(top + bottom) // 2, bottom - top
    half_height = int(min(height, max(height // 4, tall * _BODY_SHARE))) // 2
    half_width = int(half_height * aspect)
    return _around(x, int(y), half_width, half_height, height, width)


def mapped_body_box(densepose: Tensor, aspect: float) -> Box:
    """The same out of DensePose planes `[3 h w]`, 0 for background, as imaginaire does it.

    At least half of the picture's height, and wide enough for the body's width: with arms spread it leaves the picture.
    Without a body: the middle of the picture.
    """
    height, width = densepose.shape[-2:]
    marks = (densepose > 0).any(0)
    rows = marks.any(1).nonzero().flatten().tolist()
    columns = marks.any(0).nonzero().flatten().tolist()
    if not rows:
        half = int(height * aspect // 2)
        return width // 2 - half, 0, width // 2 + half, height
    x, y = (columns[0] + columns[-1]) // 2, (rows[0] + rows[-1]) // 2
    tall, wide = rows[-1] - rows[0], columns[-1] - columns[0]
    half_height = int(min(height, max(height // 2, tall * _BODY_SHARE))) // 2
    half_height = max(half_height, int(wide * _BODY_SHARE / aspect) // 2)
    return _around(x, y, int(half_height * aspect), half_height, height, width)


def _around(x: int, y: int, half_width: int, half_height: int, height: int, width: int) -> Box:
    """The box around a place; it is moved left and up into the picture, then right and down out of its borders."""
    x = max(half_width, min(width - half_width, x))
    y = max(half_height, min(height - half_height, y))
    return x - half_width, y - half_height, x + half_width, y + half_height


def widened(box: Box, aspect: float) -> Box:
    """The smallest box around the same middle with that width / height, in whole pixels."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    more_x = max(0, round(height * aspect) - width)
    more_y = max(0, round(width / aspect) - height)
    left, top = left - more_x // 2, top - more_y // 2
    return left, top, left + width + more_x, top + height + more_y
