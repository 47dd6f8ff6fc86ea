"""Every item of a stream together with those around it, a few in memory."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def around(items: Iterable[T], reach: int) -> Iterator[tuple[list[T], int]]:
    """(the items from `reach` before to `reach` after, where among them the item itself is), for every item in turn.

    There are fewer near the ends. Reads `reach` items ahead and holds 2 reach + 1.
    """
    source = iter(items)
    before: deque[T] = deque(maxlen=reach)
    ahead = deque(islice(source, reach + 1))
    while ahead:
        yield [*before, *ahead], len(before)
        before.append(ahead.popleft())
        ahead.extend(islice(source, 1))
