"""A call that may hang, waited for only so long."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class OutOfPatienceError(Exception):
    """The call has not come back in time."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """What `call` returns or raises, if it does so in `seconds`; else OutOfPatienceError.

    An HTTP client's timeout holds for each address of a host in turn and not for looking up its name; this one holds
    for all of it. A call that is given up on ends by itself, in a thread that does not keep the program alive.
    """
    outcome: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put((call(), None))
        except BaseException as error:  # handed to the caller
            outcome.put((None, error))

    Thread(target=run, daemon=True).start()
    try:
        result, error = outcome.get(timeout=seconds)
    except Empty:
        raise OutOfPatienceError from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # None only where T is
