"""How large a frame may be, whoever made the file."""

from ..errors import InputError

MAX_PIXELS = 2**26
"""Pixels of one frame: 8192 x 8192, 192 MiB as RGB. Larger pictures are the canvas' business, not a frame's."""


def check_size(width: int, height: int, where: str) -> None:
    """Refuse sizes that no frame has, before anything of that size is allocated."""
    if width < 1 or height < 1:
        raise InputError(f"{where}: a frame of {width}x{height} pixels has nothing in it")
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{where}: a frame of {width}x{height} pixels is too large (at most {MAX_PIXELS:,} pixels, such as "
            "8192x8192); make it smaller first"
        )
