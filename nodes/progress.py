"""Progress, previews and the stop button: our `Progress` protocol as ComfyUI implements it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import comfy.utils
from comfy import model_management
from PIL import Image
from torch import nn

from ..progress import Preview

PREVIEW_SIDE = 512
"""Longest side of a preview, pixels."""
PREVIEW_PAUSE = 0.1
"""Seconds between two previews: more would only slow down the work and the browser."""


class NodeProgress:
    """The running node's progress bar. Every call is a point where the stop button takes effect."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._next_preview = 0.0

    def __call__(self, done: int, total: int | None, preview: Preview | None = None) -> None:
        model_management.throw_exception_if_processing_interrupted()
        if self._bar is None:
            self._bar = comfy.utils.ProgressBar(total or done)
        now = time.monotonic()
        if preview is None or now < self._next_preview:
            self._bar.update_absolute(done, total or done)
            return
        self._next_preview = now + PREVIEW_PAUSE
        self._bar.update_absolute(done, total or done, ("JPEG", Image.fromarray(preview()), PREVIEW_SIDE))


@contextmanager
def stoppable(network: nn.Module) -> Iterator[None]:
    """Let the stop button take effect inside a forward pass too, at every layer: a large frame can take seconds."""

    def check(module: nn.Module, inputs: object) -> None:
        model_management.throw_exception_if_processing_interrupted()

    hooks = [layer.register_forward_pre_hook(check) for layer in network.modules()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
