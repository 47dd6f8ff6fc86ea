"""Footage to label ids: semantic segmentation networks from the Hugging Face Hub, through transformers.

Any network of transformers whose class ends in ForSemanticSegmentation, and EoMT and Mask2Former, will do; what its
classes are called decides which ids of our palette they become.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..models.labels.convert import ClassMapping, map_classes
from ..models.labels.palette import LabelClass, Palette, builtin_palette
from ..weights.folders import SUFFIX, find_file, search_folders, typed
from .hub_networks import NetworkKind, load_parts
from .label_reader import ReaderSegmenter


@dataclass(frozen=True)
class SegmenterPreset:
    """A network that is known to do well."""

    name: str
    repository: str
    """On the Hugging Face Hub."""
    licence: str


SEGMENTERS = (
    SegmenterPreset("eomt", "tue-mps/cityscapes_semantic_eomt_large_1024", "MIT"),
    *(
        SegmenterPreset(
            f"segformer-b{size}",
            f"nvidia/segformer-b{size}-finetuned-cityscapes-1024-1024",
            "NVIDIA, non-commercial",
        )
        for size in range(6)
    ),
)
"""The most exact first (1.3 GB); segformer-b0 (15 MB) is the lightest. All were trained on Cityscapes."""

UNNAMED = {19: "cityscapes_train", 150: "ade20k"}
"""Networks that don't name their classes: what so many classes are, by number."""

_UNIVERSAL = ("EomtForUniversalSegmentation", "Mask2FormerForUniversalSegmentation")


class Segmenter:
    """A segmentation network and its preparation of pictures: RGB in, ids of `palette` out."""

    def __init__(self, name: str, version: str, network: Any, processor: Any, palette: Palette) -> None:
        """network, processor: of transformers; version: which weights they are, as far as anyone knows."""
        self.palette = palette
        self.mapping: ClassMapping = map_classes(model_classes(name, network.config.id2label), palette)
        self.fingerprint = f"{name} {version} {network.dtype} {palette.to_json()}"
        self.network = network.eval()
        self._processor = processor

    @torch.inference_mode()
    def __call__(self, pixels: NDArray[np.uint8]) -> Tensor:
        """uint8 `[h w 3]` RGB -> ids `[h w]` on the CPU."""
        inputs = self._processor(images=pixels, return_tensors="pt").to(self.network.device)
        inputs["pixel_values"] = inputs["pixel_values"].to(self.network.dtype)
        outputs = self.network(**inputs)
        (found,) = self._processor.post_process_semantic_segmentation(
            outputs, target_sizes=[pixels.shape[:2]]
        )
        return self.mapping.apply(found.cpu())


AnySegmenter = Segmenter | ReaderSegmenter
"""What finds the classes of footage."""


def load_segmenter(
    name: str,
    *,
    palette: Palette | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    download: bool = True,
) -> AnySegmenter:
    """A network out of `SEGMENTERS` by name, or any by its repository on the Hub or its folder; or one of our own.

    Our own, such as `street-segmenter`, are files of weights, by their names or paths: see `label_reader`.

    palette: what the ids that come out mean (None: Cityscapes). What lies in the Hub's cache is used without asking
    the network; else it is downloaded, if `download` allows it. InputError where it can't be had or can't do this.
    """
    if name.endswith(SUFFIX) or find_file(name, search_folders()):
        return ReaderSegmenter(typed(name), palette, device, dtype)
    repository = next((p.repository for p in SEGMENTERS if p.name == name), name)
    parts = load_parts(repository, download, KIND)
    network = parts.network.to(device=device, dtype=dtype)
    meaning = palette or builtin_palette("cityscapes")
    return Segmenter(repository, parts.version, network, parts.processor, meaning)


def model_classes(name: str, id2label: Mapping[int, str]) -> Palette:
    """A network's classes as a palette without colours; InputError if they have no names and nobody knows them."""
    names = [id2label[i] for i in sorted(id2label)]
    if all(label == f"LABEL_{i}" for i, label in enumerate(names)):
        if len(names) not in UNNAMED:
            raise InputError(
                f"{name}: its {len(names)} classes have no names; choose a network that names them"
            )
        known = [c for c in builtin_palette(UNNAMED[len(names)]).classes if c.name != "unlabeled"]
        names = [c.name for c in known]
    first_names = [label.split(",")[0].strip().lower() for label in names]
    return Palette(name, tuple(LabelClass(i, label, (0, 0, 0)) for i, label in enumerate(first_names)))


def _segments(kind: str) -> bool:
    return kind.endswith("ForSemanticSegmentation") or kind in _UNIVERSAL


KIND = NetworkKind(
    job="turning footage into label maps",
    fits=_segments,
    wanted="one for semantic segmentation, such as eomt",
    choices="eomt, segformer-b0 to segformer-b5, a repository on the Hub, or a folder",
)
"""What `load_segmenter` accepts."""
