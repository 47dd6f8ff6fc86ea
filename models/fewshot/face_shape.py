"""The shape of one face given to another: the driver moves, its proportions become those of the subject.

Landmarks go in groups: pairs that mirror each other, and single points on the middle line. A face's shape is how far
the points of each group lie from their middle, and how far that middle lies from the chin. Every group of the driver is
spread, and moved away from the chin, by the ratio of the two faces, so that the size of the driver's face stays.

Both published ways are here: one ratio for a whole clip (two passes; no jitter), and one for every frame, which follows
with a momentum (one pass). Points are `[68 2]`, or `[83 2]` with their skull (`faces.with_skull`), in pixels.
Source: NVlabs/few-shot-vid2vid at 009e23f, `data/fewshot_face_dataset.py` (normalize_faces); NVlabs/imaginaire at
c6f7484, `utils/visualization/face.py` (normalize_face_keypoints, smooth_face_keypoints).
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..layers.around import around

Points = NDArray[np.float64]

CHIN = 8
GROUPS: tuple[tuple[int, ...], ...] = (
    (0, 16), (1, 15), (2, 14), (3, 13), (4, 12), (5, 11), (6, 10), (7, 9, 8),
    (17, 26), (18, 25), (19, 24), (20, 23), (21, 22),
    (27,), (28,), (29,), (30,), (31, 35), (32, 34), (33,),
    (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46),
    (48, 54), (49, 53), (50, 52), (51,), (55, 59), (56, 58), (57,),
    (60, 64), (61, 63), (62,), (65, 67), (66,),
)  # fmt: skip
"""Jaw, brows, nose, eyes, lips, inside of the mouth."""
SKULL_GROUPS: tuple[tuple[int, ...], ...] = (
    (68, 82), (69, 81), (70, 80), (71, 79), (72, 78), (73, 77), (74, 76, 75),
)  # fmt: skip
_LEAST = 1e-3
"""Pixels that are added to every distance, so that none is 0."""
MOMENTUM = 0.9
"""Share of the ratios so far in those of the next frame."""
MEDIAN = 5
"""Frames whose median a landmark takes."""


class FaceShape(NamedTuple):
    """Distances within a face, in pixels."""

    spread: Points
    """Mean distance of the points of each group from their middle, `[g]`."""
    offset: Points
    """Distance of each group's middle from the chin, `[g]`."""
    width: float
    """Of all landmarks."""


class Ratios(NamedTuple):
    """What the distances of the driver are multiplied by, `[g]` each."""

    spread: Points
    offset: Points


def shape_of(points: Points) -> FaceShape:
    """The shape of one face."""
    chin = points[CHIN]
    spread, offset = [], []
    for group in _groups(points):
        members = points[list(group)]
        middle = members.mean(0)
        spread.append(np.linalg.norm(members - middle, axis=1).mean())
        offset.append(np.linalg.norm(middle - chin))
    return FaceShape(np.array(spread), np.array(offset), float(np.ptp(points[:, 0])))


class MeanShape:
    """The mean shape of many frames of one face, gathered frame by frame; its width is that of the first frame."""

    def __init__(self) -> None:
        self._sum: FaceShape | None = None
        self._count = 0

    def add(self, points: Points) -> None:
        shape = shape_of(points)
        self._count += 1
        if self._sum is None:
            self._sum = shape
        else:
            before = self._sum
            self._sum = FaceShape(before.spread + shape.spread, before.offset + shape.offset, before.width)

    def shape(self) -> FaceShape:
        """ValueError where nothing was added."""
        if self._sum is None:
            raise ValueError("MeanShape: add the points of a frame first")
        return FaceShape(self._sum.spread / self._count, self._sum.offset / self._count, self._sum.width)


def mean_shape(faces: Iterable[Points]) -> FaceShape:
    """The mean shape of the frames of one face: one pass, one frame in memory."""
    mean = MeanShape()
    for points in faces:
        mean.add(points)
    return mean.shape()


def ratios(subject: FaceShape, driver: FaceShape, size: float | None = None) -> Ratios:
    """What turns the driver's shape into the subject's; size: width of the driver's face over the subject's."""
    size = driver.width / subject.width if size is None else size
    return Ratios(
        (subject.spread + _LEAST) / (driver.spread + _LEAST) * size,
        (subject.offset + _LEAST) / (driver.offset + _LEAST) * size,
    )


def reshape(points: Points, by: Ratios) -> Points:
    """The driver's points with the subject's shape; the chin's place before stays the anchor."""
    chin = points[CHIN]
    moved = points.astype(np.float64, copy=True)
    for number, group in enumerate(_groups(points)):
        members = points[list(group)]
        middle = members.mean(0)
        moved[list(group)] = (
            (members - middle) * by.spread[number] + (middle - chin) * by.offset[number] + chin
        )
    return moved


def reshape_causally(
    faces: Iterable[Points], subject: FaceShape, momentum: float = MOMENTUM
) -> Iterator[Points]:
    """Every frame by its own ratios, which change by 1 - `momentum` of what is new; one pass, one frame in memory."""
    so_far: Ratios | None = None
    size: float | None = None
    for points in faces:
        shape = shape_of(points)
        size = shape.width / subject.width if size is None else size
        now = ratios(subject, shape, size)
        if so_far is not None:
            now = Ratios(
                *(old * momentum + new * (1 - momentum) for old, new in zip(so_far, now, strict=True))
            )
        so_far = now
        yield reshape(points, now)


def steady(faces: Iterable[Points], frames: int = MEDIAN) -> Iterator[Points]:
    """The median of every landmark over `frames` (odd) around its frame: outliers go, steps stay where they were.

    Towards both ends, as many frames on either side as there are on the shorter one. Looks frames // 2 ahead.
    """
    for near, here in around(faces, frames // 2):
        reach = min(here, len(near) - 1 - here)
        yield np.median(np.stack(near[here - reach : here + reach + 1]), 0)


def steady_late(faces: Iterable[Points], frames: int = MEDIAN) -> Iterator[Points]:
    """The same without looking ahead, as imaginaire does it.

    sic: the first frames - 1 frames pass as they are; from then on each is the median around the frame frames // 2
    before it, so the clip jumps once and is late from there.
    """
    window: deque[Points] = deque(maxlen=frames)
    for points in faces:
        window.append(points)
        yield np.median(np.stack(window), 0) if len(window) == frames else points


def _groups(points: Points) -> tuple[tuple[int, ...], ...]:
    return GROUPS if len(points) == 68 else GROUPS + SKULL_GROUPS
