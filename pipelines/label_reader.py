"""The small network that reads labels off a world's pictures: out of a file, and as a segmenter of footage."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..media.pixels import to_model
from ..models.labels.convert import map_classes
from ..models.labels.palette import Palette, builtin_palette
from ..models.labels.reader import LabelReader
from ..weights import load_as, locate
from ..weights.digest import sha256_of

TALLER = 1.5
"""Pictures more than so many times as high as those that the network has learnt from are read smaller."""


def load_reader(name_or_path: str | Path, device: torch.device | str = "cpu") -> LabelReader:
    """By the name of a preset or from a file, in float32. InputError for weights of another kind."""
    otherwise = "not a network that reads labels; give one that maliang train segmenter made, such as street-segmenter"
    return load_as(LabelReader, otherwise, name_or_path, device, torch.float32)


class ReaderSegmenter:
    """A `LabelReader` in the place of a segmenter of the Hub: RGB in, ids of `palette` out."""

    def __init__(
        self,
        name_or_path: str | Path,
        palette: Palette | None,
        device: torch.device | str,
        dtype: torch.dtype,
    ) -> None:
        """palette: what the ids that come out mean (None: that of the network)."""
        self.network = load_reader(name_or_path, device).to(dtype)
        config = self.network.config
        whole = builtin_palette(config.palette)
        own = Palette(whole.name, tuple(whole.by_id[number] for number in config.classes))
        self.palette = palette or whole
        self.mapping = map_classes(own, self.palette)
        self.fingerprint = f"{sha256_of(locate(name_or_path))} {dtype} {self.palette.to_json()}"

    @torch.inference_mode()
    def __call__(self, pixels: NDArray[np.uint8]) -> Tensor:
        """uint8 `[h w 3]` RGB -> ids `[h w]` on the CPU."""
        weight = self.network.to_scores.weight
        picture = to_model(pixels)[None].to(weight.device)
        height, width = pixels.shape[:2]
        learnt = self.network.config.height
        if height > TALLER * learnt:
            smaller = (learnt, max(1, round(width * learnt / height)))
            scores = self.network(F.interpolate(picture, smaller, mode="area")).scores.float()
            scores = F.interpolate(scores, (height, width), mode="bilinear")
        else:
            scores = self.network(picture).scores
        return self.mapping.apply(self.network.ids(scores)[0].to("cpu", torch.uint8))
