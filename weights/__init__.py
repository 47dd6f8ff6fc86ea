"""Weights on disk: one safetensors file a network, presets, the Hub, conversion of published files, devices.

`load` takes a name or a file; `save`, `inspect` and `read` work on one file. They are imported when they are first
used: looking at presets and downloading do without torch, whose import takes seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .file import WeightsInfo, inspect, read, save
    from .loading import load, load_as, locate

__all__ = ["WeightsInfo", "inspect", "load", "load_as", "locate", "read", "save"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = ".loading" if name in ("load", "load_as", "locate") else ".file"
    return getattr(import_module(module, __package__), name)
