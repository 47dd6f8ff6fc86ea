"""BiSeNet in the place of a segmenter: a crop of a face to the parts that its file names."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..media.pixels import to_model
from ..models.faces.bisenet import SIDE, BiSeNet, normalized
from ..models.labels.palette import LabelClass, Palette
from ..weights import load_as, locate
from ..weights.digest import sha256_of


class FaceParser:
    """RGB in, ids of `palette` out, as `segmenter.Segmenter` does it."""

    def __init__(self, name_or_path: str | Path, device: torch.device | str = "cpu") -> None:
        """A file of weights, or its name. InputError for weights of another kind."""
        otherwise = "which finds no parts of faces; give a BiSeNet, or the name of a segmentation network"
        self.network = load_as(BiSeNet, otherwise, name_or_path, device, torch.float32)
        classes = self.network.config.classes
        self.palette = Palette(
            "parts of a face", tuple(LabelClass(i, n, (0, 0, 0)) for i, n in enumerate(classes))
        )
        self.fingerprint = f"bisenet {sha256_of(locate(name_or_path))}"

    @torch.inference_mode()
    def __call__(self, pixels: NDArray[np.uint8]) -> Tensor:
        """uint8 `[s s 3]` RGB -> ids uint8 `[h w]` on the CPU, of the crop's size or of 512 pixels, if that is less."""
        picture = to_model(pixels)[None].to(self.network.stem.conv.weight.device)
        if (
            max(pixels.shape[:2]) > SIDE
        ):  # what it has learnt from; the published code takes the nearest pixels
            picture = F.interpolate(picture, (SIDE, SIDE), mode="bilinear", antialias=True)
        scores: Tensor = self.network(normalized(picture))
        return scores[0].argmax(0).to("cpu", torch.uint8)
