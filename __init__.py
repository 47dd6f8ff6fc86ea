"""Maliang: label maps, poses, pictures and face edits into video.

The repository root is the Python package. ComfyUI loads this folder from `custom_nodes` under a name of
its own and calls `comfy_entrypoint`; everybody else installs it with pip and imports `maliang_video`.
"""

__version__ = "0.1.0"
