"""Single pictures, decoded safely: orientation, alpha, 16 bits, palettes, absurd sizes, broken files.

Colour profiles are not applied: the numbers are taken as sRGB.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..errors import InputError
from .colors import over_black
from .limits import check_size

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pnm"})
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "PPM")
"""What Pillow may try: not the formats that start other programs (EPS) or that nobody keeps frames in."""
_ORIENTATION = 0x0112
"""EXIF tag of the camera's orientation."""


def is_picture(path: Path) -> bool:
    """By its ending: one of `SUFFIXES`."""
    return path.suffix.lower() in SUFFIXES


@contextmanager
def opened_picture(path: Path) -> Iterator[Image.Image]:
    """The picture with only its header read. Whatever is wrong with the file becomes one `InputError`."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            check_size(*image.size, str(path))
            yield image
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except PermissionError:
        raise InputError(f"{path}: no permission to read it") from None
    except (Image.DecompressionBombError, MemoryError) as error:
        raise InputError(f"{path}: the picture is too large ({error})") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InputError(f"{path}: not a picture that can be read, or damaged ({error})") from error


def picture_size(path: Path) -> tuple[int, int]:
    """(width, height) of the upright picture, from its header alone."""
    with opened_picture(path) as image:
        width, height = image.size
        if image.format == "PNG" and "exif" not in image.info:
            return width, height  # Pillow would decode the whole picture to look for EXIF behind it
        turned = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
        return (height, width) if turned else (width, height)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Any picture -> uint8 `[h w 3]` RGB, upright. Alpha is blended over black, 16 bits become 8.

    State: the picture once or twice. Animated pictures give their first frame.
    """
    with opened_picture(path) as image:
        return _rgb(ImageOps.exif_transpose(image), path)


def _rgb(image: Image.Image, path: Path) -> NDArray[np.uint8]:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _deep_gray(np.asarray(image), path)
    if "A" in image.getbands() or "transparency" in image.info:
        return over_black(np.array(image.convert("RGBA")))
    return np.array(image.convert("RGB"))


def _deep_gray(values: NDArray[np.generic], path: Path) -> NDArray[np.uint8]:
    """16-bit grey `[h w]` -> RGB."""
    if values.dtype.kind == "f" or int(values.max(initial=0)) > 65535 or int(values.min(initial=0)) < 0:
        raise InputError(f"{path}: its values are not colours (more than 16 bits); save it as 8 or 16 bits")
    shade = ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return cast(NDArray[np.uint8], np.repeat(shade[..., None], 3, axis=2))
