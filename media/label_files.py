"""Label maps as they lie in files, before anybody says what their values mean.

| file | values |
|---|---|
| grey PNG, 8 or 16 bits | numbers |
| palette PNG | numbers, and the colours that the file shows them in |
| RGB picture | colours |
| grey video of a codec without loss (FFV1, PNG ...) | numbers |
| any other video | colours |
"""

from collections.abc import Iterator
from fractions import Fraction
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

from ..errors import InputError
from .clip import Source
from .colors import over_black, to_rgb
from .containers import describe
from .folders import check_same_size
from .pictures import opened_picture
from .video import VideoReader, upright

_LOSSLESS = frozenset(
    {"ffv1", "png", "apng", "rawvideo", "huffyuv", "ffvhuff", "utvideo", "magicyuv", "qtrle", "tiff", "bmp"}
)


class RawMap(NamedTuple):
    """One label map or instance map as its file has it."""

    values: NDArray[Any]
    """Whole numbers `[h w]`, or uint8 colours `[h w 3]`."""
    shown_as: NDArray[np.uint8] | None
    """The file's own colour of each number, `[n 3]`; None for other files than palette pictures."""
    name: str
    """For messages: the picture, or the video and the moment."""


class RawMaps(Protocol):
    """A clip of such maps; all have one size."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def frame_rate(self) -> Fraction: ...
    @property
    def frame_count(self) -> int | None:
        """As claimed by a video's file; None where unknown."""
        ...

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str:
        """Changes when the files do: it is made of their names, sizes and times of change."""
        ...

    def maps(self, start: int = 0) -> Iterator[RawMap]:
        """From number `start` on, one in memory at a time."""
        ...


class PictureMaps:
    """A list of pictures. Opening reads all headers, so that a size that differs is found before any work."""

    def __init__(self, pictures: list[Path], frame_rate: Fraction) -> None:
        self._pictures = pictures
        self.width, self.height = check_same_size(pictures)
        self.frame_rate = frame_rate
        self.frame_count = len(pictures)
        self.name = str(pictures[0].parent if len(pictures) > 1 else pictures[0])

    @property
    def fingerprint(self) -> str:
        return file_fingerprint(self._pictures)

    def maps(self, start: int = 0) -> Iterator[RawMap]:
        for picture in self._pictures[start:]:
            yield read_map(picture)


class VideoMaps:
    """A video. Grey pictures are numbers if the codec keeps them exactly, else the video is refused."""

    def __init__(self, reader: VideoReader, source: Source) -> None:
        self._reader = reader
        self._source = source
        self.name = describe(source)
        self.width, self.height = reader.info.width, reader.info.height
        self.frame_rate = reader.info.frame_rate
        self.frame_count = reader.info.frame_count

    @property
    def fingerprint(self) -> str:
        if isinstance(self._source, Path):
            return file_fingerprint([self._source])
        self._source.seek(0)
        digest = blake2b(digest_size=16)
        while block := self._source.read(1 << 20):
            digest.update(block)
        return digest.hexdigest()

    def maps(self, start: int = 0) -> Iterator[RawMap]:
        for timed in self._reader.native_frames(start):
            name = f"{self.name} at {float(self._reader.time_of(timed)):.3f} seconds"
            yield RawMap(upright(self._values(timed.frame), timed.frame), None, name)

    def _values(self, frame: Any) -> NDArray[Any]:
        if not frame.format.name.startswith("gray"):
            return to_rgb(frame)
        if self._reader.info.codec not in _LOSSLESS:
            raise InputError(
                f"{self.name}: a grey {self._reader.info.codec} video, whose numbers the codec may have changed; save "
                "the label maps as PNG pictures or as FFV1"
            )
        return _gray_plane(frame)


def read_map(path: Path) -> RawMap:
    """One picture. State: the picture."""
    with opened_picture(path) as opened:
        image = ImageOps.exif_transpose(opened)
        mode = image.mode
        if opened.format == "JPEG" and mode == "L":
            raise InputError(f"{path}: JPEG changes the numbers of a grey label map; save it as PNG")
        if mode == "P":
            colors = np.frombuffer(bytes(image.getpalette("RGB") or ()), np.uint8).reshape(-1, 3)
            return RawMap(np.array(image), colors, str(path))
        if mode in ("1", "L", "I") or mode.startswith("I;16"):
            values = np.array(image)
            return RawMap(values.astype(np.uint8) if mode == "1" else values, None, str(path))
        if mode == "LA":
            return RawMap(np.array(image)[..., 0], None, str(path))
        if mode == "RGBA" or (mode == "RGB" and "transparency" in image.info):
            return RawMap(over_black(np.array(image.convert("RGBA"))), None, str(path))
        if mode == "RGB":
            return RawMap(np.array(image), None, str(path))
        raise InputError(f"{path}: a picture of kind {mode}; label maps are grey, palette or RGB pictures")


def file_fingerprint(files: list[Path]) -> str:
    digest = blake2b(digest_size=16)
    for file in files:
        facts = file.stat()
        digest.update(f"{file.name}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _gray_plane(frame: Any) -> NDArray[Any]:
    """The numbers of a grey frame of up to 16 bits, `[h w]`, without scaling them."""
    form = frame.format
    wide = form.components[0].bits > 8
    kind = np.dtype(np.uint8) if not wide else np.dtype(">u2" if form.name.endswith("be") else "<u2")
    plane = frame.planes[0]
    rows = np.frombuffer(plane, kind).reshape(-1, plane.line_size // kind.itemsize)
    return rows[: frame.height, : frame.width].astype(np.uint16 if wide else np.uint8)


class Twins(NamedTuple):
    """The label maps of a folder, and the instance maps that lie with them."""

    labels: list[Path]
    instances: list[Path] | None


def sort_out(pictures: list[Path], prefer_train_ids: bool) -> Twins:
    """Tell the kinds of a Cityscapes folder apart, where `x_gtFine_labelIds.png` has twins.

    Where pictures end in `_labelIds` (or `_labelTrainIds`, which `prefer_train_ids` puts first), those are the label
    maps, whatever lies beside them; pictures in `_instanceIds` are their instance maps if there are as many. Where all
    end in `_color`, `_instanceIds` or `_instanceTrainIds`, the colours are. Other folders are taken whole.
    """
    kinds: dict[str, list[Path]] = {}
    for picture in pictures:
        kinds.setdefault(picture.stem.rpartition("_")[2], []).append(picture)
    order = ["labelTrainIds", "labelIds"] if prefer_train_ids else ["labelIds", "labelTrainIds"]
    if set(kinds) <= {"color", "instanceIds", "instanceTrainIds"}:
        order.append("color")
    found = next((kinds[kind] for kind in order if kind in kinds), None)
    if found is None:
        return Twins(pictures, None)
    instances = kinds.get("instanceIds")
    return Twins(found, instances if instances and len(instances) == len(found) else None)
