"""One person through a clip: the tallest of the first frame, then whoever is where that person was."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

from ..labels.people import Person, tallest
from .sightings import Sighting, sight_body


def track_person(frames: Iterable[Sequence[Person]]) -> Iterator[Person]:
    """One person a frame; where nobody is seen from the shoulders to the hips, the one before stays, at the beginning
    the first one. Nothing where nobody ever is. (The published code takes the tallest of each frame, whoever that is.)
    """
    held: Person | None = None
    before: Sighting | None = None
    waiting = 0
    for people in frames:
        waiting += 1
        seen = [(person, s) for person in people if (s := sight_body(person)) is not None]
        if seen and before is None:
            held = tallest([person for person, _ in seen])
            before = next(s for person, s in seen if person is held)
        elif seen and before is not None:
            last = before
            held, before = min(seen, key=lambda found: _distance(found[1], last))
        if held is not None:
            yield from repeat(held, waiting)
            waiting = 0


def _distance(a: Sighting, b: Sighting) -> float:
    """How unlikely two sightings are the same person: shares of a height that they moved, and grew."""
    return math.hypot(a.x - b.x, a.y - b.y) / b.size + abs(math.log(a.size / b.size))
