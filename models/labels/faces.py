"""Faces as drawings: 68 landmarks become curves, distance maps and parts, as the published face networks take them.

Landmarks are the 68 points of iBUG 300-W (dlib, OpenPose and FAN give them in this order), (x, y) in pixels. Fifteen
points mirrored from the jaw complete the skull.
Source: NVIDIA/vid2vid at 2e6d137, `data/face_dataset.py`; Wang et al. 2018, 4 (sketch to face).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError
from .curves import Curve, curve_through
from .edges import line_distance
from .polygons import fill_polygon
from .strokes import stroke

LANDMARKS = 68

CURVES: tuple[tuple[int, ...], ...] = (
    (*range(17), *range(68, 83), 0),  # face: jaw, then the mirrored skull
    tuple(range(17, 22)),
    tuple(range(22, 27)),
    (28, 31),
    tuple(range(31, 36)),
    (35, 28),
    (36, 37, 38, 39),
    (39, 40, 41, 36),
    (42, 43, 44, 45),
    (45, 46, 47, 42),
    tuple(range(48, 55)),
    (*range(54, 60), 48),
    tuple(range(60, 65)),
    (*range(64, 68), 60),
)
"""Points that each curve runs through; each has its own distance map."""

PARTS = ("background", "skin", "brows", "nose", "eyes", "mouth", "inner mouth")
"""Names of the ids in a part map."""

PART_CURVES = ((0,), (1,), (2,), (3, 4, 5), (6, 7), (8, 9), (10, 11), (12, 13))
_PART_IDS = (1, 2, 2, 3, 4, 4, 5, 6)
"""The curves around each part, and its id; later parts lie over earlier ones."""

CHANNELS = 1 + len(CURVES)
"""Of a drawn face with its distance maps."""
MIRRORED = (0, 1, 3, 2, 6, 5, 4, 9, 10, 7, 8, 11, 12, 13, 14)
"""Which channel of a drawn face takes the place of each when the face is turned left to right: brows, sides of the nose
and eyes change places."""
FARTHEST = 100_000
"""Pixels that a landmark may lie outside of the picture."""

Points = NDArray[np.float64]
Box = tuple[int, int, int, int]
"""(left, top, right, bottom) in pixels; right and bottom are outside."""


class FaceSketch(NamedTuple):
    """One drawn face."""

    channels: Tensor
    """uint8 `[15 h w]`: lines (and edges of the background), then the distance to each curve in thirds of a pixel;
    `[1 h w]` without distance maps."""
    parts: Tensor
    """Ids of `PARTS`, uint8 `[h w]`."""


def sketch_face(
    landmarks: Tensor,
    height: int,
    width: int,
    *,
    background_edges: Tensor | None = None,
    distance_maps: bool = True,
    reshape: Callable[[Points], Points] | None = None,
    box: Box | None = None,
) -> FaceSketch:
    """Draw a face onto `height` x `width` pixels.

    landmarks: `[68 2]`, (x, y) in pixels, of any dtype; InputError for another shape, nan, or points far outside;
    background_edges: bool `[h w]`, edges of the picture (`edges.canny`), which are drawn where the face is not. They
    are added to the lines of the face as bytes, so a pixel of both is 254;
    reshape: changes the lines, but not the parts (`face_proportions.with_other_proportions`);
    box: (left, top, right, bottom) of the pixels that count; distances outside of it may be left 0 (None: all count).
    """
    given = with_skull(checked_landmarks(landmarks))
    points = given if reshape is None else reshape(given)
    lines = np.zeros((height, width), np.uint8)
    distances = []
    for numbers in CURVES:
        alone = np.zeros_like(lines)
        for curve in curves_of(points, numbers):
            stroke(lines, curve)
            if distance_maps:
                stroke(alone, curve)
        if distance_maps:
            distances.append(_distance_within(alone, box))
    parts = part_map(given, height, width)
    if background_edges is not None:
        if tuple(background_edges.shape) != (height, width):
            raise InputError(
                f"background edges: expected [{height} {width}], got {list(background_edges.shape)}"
            )
        lines += np.where(background_edges.numpy().astype(np.bool_) & (parts == 0), 255, 0).astype(np.uint8)
    return FaceSketch(torch.from_numpy(np.stack([lines, *distances])), torch.from_numpy(parts))


def draw_face(
    landmarks: Tensor,
    height: int,
    width: int,
    *,
    background_edges: Tensor | None = None,
    distance_maps: bool = False,
) -> Tensor:
    """The same as network input: float32 0..1, `[1 h w]`, or `[15 h w]` with distance maps."""
    sketch = sketch_face(
        landmarks, height, width, background_edges=background_edges, distance_maps=distance_maps
    )
    return sketch.channels.float() / 255


def _distance_within(lines: NDArray[np.uint8], box: Box | None) -> NDArray[np.uint8]:
    """`line_distance`, computed where the box and the lines are: distances inside the box are the same."""
    rows, columns = np.flatnonzero(lines.any(1)), np.flatnonzero(lines.any(0))
    if box is None or not rows.size:
        return line_distance(lines)
    window = (
        slice(min(box[1], int(rows[0])), max(box[3], int(rows[-1]) + 1)),
        slice(min(box[0], int(columns[0])), max(box[2], int(columns[-1]) + 1)),
    )
    distances = np.zeros_like(lines)
    distances[window] = line_distance(lines[window])
    return distances


def with_skull(landmarks: Points) -> Points:
    """`[68 2]` -> `[83 2]`: jaw points 1..15 mirrored at the line between the ears, two thirds as high, in reverse."""
    jaw = np.trunc(landmarks[:17])
    ears = (jaw[0, 1] + jaw[16, 1]) / 2
    skull = jaw[1:16].copy()
    skull[:, 1] = np.trunc(ears + (ears - skull[:, 1]) * 2 // 3)
    return np.concatenate([landmarks, skull[::-1]])


def face_lines(
    points: Points, height: int, width: int, *, brush: int = 1, rounded: bool = False
) -> NDArray[np.uint8]:
    """The lines of a face alone: 255 on 0, uint8 `[h w]`, for `[83 2]` points, or `[68 2]`, which have no skull.

    brush: half the width of a stroke in pixels; rounded: see `curve_through`.
    """
    lines = np.zeros((height, width), np.uint8)
    jaw = CURVES[0] if len(points) > LANDMARKS else CURVES[0][:17]
    for numbers in (jaw, *CURVES[1:]):
        for curve in curves_of(points, numbers, rounded=rounded):
            stroke(lines, curve, width=brush)
    return lines


def curves_of(points: Points, numbers: tuple[int, ...], *, rounded: bool = False) -> list[Curve]:
    """A curve through the points of these numbers, in pieces of three that share their ends."""
    starts = range(0, max(1, len(numbers) - 1), 2)
    return [curve_through(points[list(numbers[start : start + 3])], rounded=rounded) for start in starts]


def part_map(points: Points, height: int, width: int) -> NDArray[np.uint8]:
    """Ids of `PARTS` at every pixel, `[h w]`, for `[83 2]` points."""
    parts = np.zeros((height, width), np.uint8)
    for curves, number in zip(PART_CURVES, _PART_IDS, strict=True):
        corners = [n for curve in curves for n in CURVES[curve]]
        fill_polygon(parts, np.trunc(points[corners]).astype(np.int64), number)
    return parts


def face_box(landmarks: Tensor, height: int, width: int) -> Box:
    """The square around a face that a network gets to see.

    2.5 times as wide as the landmarks, a little above their middle, pushed into the picture. A square that is larger
    than the picture (the reference then breaks) shrinks to the picture's shorter side.
    """
    points = checked_landmarks(landmarks)
    low, high = points.min(0), points.max(0)
    side = min((high[0] - low[0]) * 2.5, float(min(height, width)))
    half = side // 2
    if half < 1:
        raise InputError("landmarks: all 68 points lie in one column; there is no face to crop to")
    x = min(max(0.0, (low[0] + high[0]) // 2 - half) + side, float(width)) - half
    y = min(max(0.0, (low[1] * 3 + high[1]) // 4 - half) + side, float(height)) - half
    return int(x - half), int(y - half), int(x + half), int(y + half)


def checked_landmarks(landmarks: Tensor) -> Points:
    """Landmarks as numbers that can be drawn, `[68 2]`; InputError for another shape, nan, or points far outside."""
    if tuple(landmarks.shape) != (LANDMARKS, 2):
        raise InputError(f"landmarks: expected 68 points (x, y), got a list of shape {list(landmarks.shape)}")
    points: Points = landmarks.detach().cpu().double().numpy()
    if not (np.abs(points) <= FARTHEST).all():
        raise InputError(f"landmarks: a coordinate is not a number, or more than {FARTHEST:,} pixels away")
    return points
