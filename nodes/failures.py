"""What goes wrong, in words that a ComfyUI user can act on."""

from collections.abc import Iterator
from contextlib import contextmanager

from comfy import model_management

from ..errors import InputError, MissingExtraError
from .compat import is_out_of_memory

PACKAGES = {"flow": "opencv-python-headless", "annotators": "transformers", "features": "scipy"}
"""What an extra of ours is called in ComfyUI's own Python."""


@contextmanager
def plain_words() -> Iterator[None]:
    """A missing optional package is named by what ComfyUI's Python must install, not by our extra."""
    try:
        yield
    except MissingExtraError as error:
        package = PACKAGES[error.extra]
        raise InputError(
            f"{error.feature} needs a package that ComfyUI doesn't bring: pip install {package} (with the Python "
            "that runs ComfyUI), then restart ComfyUI"
        ) from error


LABELS_ADVICE = "make the label maps smaller (Resize Labels), choose a lower precision in Load Generator"


@contextmanager
def memory_advice(width: int, height: int, advice: str = LABELS_ADVICE) -> Iterator[None]:
    """When the device runs out of memory: free what can be freed, and say what to lower (`advice`)."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        model_management.soft_empty_cache()
        raise InputError(
            f"the device has too little free memory for {width}x{height}: {advice}, or close what else uses the device"
        ) from error
