"""An IMAGE batch as a source of label maps."""

from collections.abc import Iterator
from fractions import Fraction
from hashlib import blake2b

from torch import Tensor

from ..media.label_files import RawMap
from ..media.labels import labels_of
from ..media.pixels import from_image, to_file
from ..models.labels.frames import LabelStream
from ..models.labels.palette import Palette


class ImageMaps:
    """Pictures `[t h w c]`, 0..1, as `media.label_files.RawMaps`: colours, 8 bits each."""

    def __init__(self, images: Tensor, frame_rate: Fraction, name: str) -> None:
        self.frame_count, self.height, self.width = images.shape[:3]
        self.frame_rate = frame_rate
        self.name = name
        self._images = images

    @property
    def fingerprint(self) -> str:
        digest = blake2b(digest_size=16)
        for raw in self.maps():
            digest.update(raw.values.tobytes())
        return digest.hexdigest()

    def maps(self, start: int = 0) -> Iterator[RawMap]:
        for t in range(start, self.frame_count):
            colors = to_file(from_image(self._images[t : t + 1])[0])
            yield RawMap(colors, None, f"{self.name} {t}")


def image_labels(
    images: Tensor, palette: Palette | None, instances: Tensor | None, frame_rate: Fraction
) -> LabelStream:
    """Label maps out of pictures, as `media.labels.open_labels` makes them out of files."""
    beside = None if instances is None else ImageMaps(instances, frame_rate, "instance image")
    return labels_of(ImageMaps(images, frame_rate, "image"), palette, beside)
