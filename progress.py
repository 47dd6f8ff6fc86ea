"""Progress and cancellation: one callable, which the terminal, ComfyUI and Gradio each implement."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Preview = Callable[[], NDArray[np.uint8]]
"""Makes the picture only when somebody looks at it: uint8 `[h w 3]` RGB."""


class Progress(Protocol):
    """Called after every unit of work (a frame, a patch, a training step). It may raise to stop the work."""

    def __call__(self, done: int, total: int | None, preview: Preview | None = None) -> None:
        """`done` units of `total` are finished (None: nobody knows how many there will be)."""


def silent(done: int, total: int | None, preview: Preview | None = None) -> None:
    """Show nothing, never stop."""
