"""Maliang: label maps, poses, pictures and face edits into video.

The repository root is the Python package. ComfyUI loads this folder from `custom_nodes` under a name of
its own and calls `comfy_entrypoint`; everybody else installs it with pip and imports `maliang_video`.
"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .nodes import MaliangExtension

__version__ = "0.1.0"

WEB_DIRECTORY = "./web"
"""ComfyUI serves the nodes' help pages from `docs` in it."""


async def comfy_entrypoint() -> "MaliangExtension":
    """What ComfyUI calls to get our nodes."""
    from .nodes import MaliangExtension

    return MaliangExtension()


if (
    __package__ and "folder_paths" in sys.modules
):  # ComfyUI is loading us: it lists model folders before it asks for nodes
    from .nodes.folders import register_models

    register_models()
