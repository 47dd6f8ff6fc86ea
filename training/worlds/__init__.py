"""Procedural worlds: pictures with exact labels, instances, flow, occlusion and depth, as many as wanted."""

from .stream import WorldStream, open_world

__all__ = ["WorldStream", "open_world"]
