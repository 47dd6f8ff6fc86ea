"""The window through which a network sees a clip, following the subject.

The published code keeps the window of the first frame. This one is led on a leash: while the subject moves within
`slack` of where it was, nothing moves, so the background stands still and noise in the points goes nowhere. Beyond that
the window is pulled along, and what is left of noise is smoothed by a straight line through the frames around each
(weights: a Hann window), which doesn't lag. It needs `reach` frames ahead, holds twice as many, and depends on nothing
but the sightings.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..layers.around import around
from .sightings import Area, Sighting
from .windows import Size, Window

REACH = 12
"""Frames before and after that a window is smoothed over: half a second."""
SLACK = 0.05
"""How far the subject may go before the window follows, in widths of the window; twice that share for its size."""

Vector = NDArray[np.float64]


class _Seen(NamedTuple):
    """A sighting on its leash."""

    place: Vector
    """x, y, logarithm of the size."""
    head: Area | None


def follow(
    first: Window,
    sightings: Iterable[Sighting | None],
    *,
    canvas: Size | None = None,
    reach: int = REACH,
    slack: float = SLACK,
) -> Iterator[Window]:
    """`first` moved and scaled as the subject moves and grows: one window for each sighting, all of one aspect.

    Where the subject isn't seen (None), the sighting before stays, at the beginning the first one; if it is never seen,
    there are no windows. The head is always inside, and where that takes more than the window, the window moves or
    grows at once. canvas: (height, width) of pictures that the window stays in as long as it fits; None: it may leave
    them.
    """
    start: Vector | None = None
    for near, here in around(_leashed(sightings, slack * first.width, 2 * slack), reach):
        place = _line([seen.place for seen in near], here, reach)
        start = place if start is None else start
        grown = math.exp(place[2] - start[2])
        x, y = (place[:2] + (np.array(first.middle) - start[:2]) * grown).tolist()
        width, height = first.width * grown, first.height * grown
        window = Window(x - width / 2, y - height / 2, width, height)
        if canvas is not None:
            window = moved_into(window, canvas)
        head = near[here].head
        yield window if head is None else around_head(window, head)


def moved_into(window: Window, canvas: Size) -> Window:
    """The window moved into a picture of (height, width), in the directions in which it fits."""
    height, width = canvas
    left = min(max(window.left, 0.0), width - window.width) if window.width <= width else window.left
    top = min(max(window.top, 0.0), height - window.height) if window.height <= height else window.top
    return window._replace(left=left, top=top)


def around_head(window: Window, head: Area) -> Window:
    """The window grown, then moved, as little as it takes to show the whole head."""
    grown = max(1.0, (head.right - head.left) / window.width, (head.bottom - head.top) / window.height)
    if grown > 1.0:
        x, y = window.middle
        width, height = window.width * grown, window.height * grown
        window = Window(x - width / 2, y - height / 2, width, height)
    left = min(max(window.left, head.right - window.width), head.left)
    top = min(max(window.top, head.bottom - window.height), head.top)
    return window._replace(left=left, top=top)


def _leashed(sightings: Iterable[Sighting | None], slack: float, growth: float) -> Iterator[_Seen]:
    """Places that change only when a sighting is further away than the leash is long."""
    leash = np.array([slack, slack, growth])
    held: _Seen | None = None
    waiting = 0
    for sighting in sightings:
        waiting += 1
        if sighting is not None:
            place = np.array([sighting.x, sighting.y, math.log(sighting.size)])
            if held is not None:
                place = np.clip(held.place, place - leash, place + leash)
            held = _Seen(place, sighting.head)
        if held is not None:
            yield from repeat(held, waiting)
            waiting = 0


def _line(places: list[Vector], here: int, reach: int) -> Vector:
    """The straight line that fits the places best, where frame `here` is."""
    steps = np.arange(len(places)) - here
    weights = np.cos(steps * (math.pi / 2 / (reach + 1))) ** 2
    weights /= weights.sum()
    lean = weights @ steps
    spread = weights @ (steps - lean) ** 2
    if spread > 0:
        weights = weights * (1 - (steps - lean) * lean / spread)
    line: Vector = weights @ np.stack(places)
    return line
