"""Weights on disk: one safetensors file a network, presets, the Hub, conversion of published files, devices.

`load` takes a name or a file; `save`, `inspect` and `read` work on one file.
"""

from .file import WeightsInfo, inspect, read, save
from .loading import load, locate

__all__ = ["WeightsInfo", "inspect", "load", "locate", "read", "save"]
