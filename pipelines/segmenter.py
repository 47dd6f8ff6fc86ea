"""Footage to label ids: semantic segmentation networks from the Hugging Face Hub, through transformers.

Any network of transformers whose class ends in ForSemanticSegmentation, and EoMT and Mask2Former, will do; what its
classes are called decides which ids of our palette they become.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from huggingface_hub import HfApi
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError, MissingExtraError
from ..models.labels.convert import ClassMapping, map_classes
from ..models.labels.palette import LabelClass, Palette, builtin_palette
from ..weights.hub import ANSWER_SECONDS
from ..weights.hub_errors import TRANSPORT_ERRORS
from ..weights.patience import OutOfPatienceError, within


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
_HUB_ERRORS: tuple[type[BaseException], ...] = (*TRANSPORT_ERRORS, ValueError)
"""ValueError: a name that no repository can have."""


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


def load_segmenter(
    name: str,
    *,
    palette: Palette | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    download: bool = True,
) -> Segmenter:
    """A network out of `SEGMENTERS` by name, or any by its repository on the Hub or its folder.

    palette: what the ids that come out mean (None: Cityscapes). What lies in the Hub's cache is used without asking
    the network; else it is downloaded, if `download` allows it. InputError where it can't be had or can't do this.
    """
    transformers = _import_transformers()
    repository = next((p.repository for p in SEGMENTERS if p.name == name), name)
    with _quiet(transformers):
        parts = _load(transformers, repository, download)
    version = str(getattr(parts.config, "_commit_hash", None) or "")
    network = parts.network.to(device=device, dtype=dtype)
    return Segmenter(repository, version, network, parts.processor, palette or builtin_palette("cityscapes"))


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


def _import_transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("turning footage into label maps", "annotators") from error
    return transformers


class _Parts(NamedTuple):
    """What transformers makes of a repository."""

    config: Any
    processor: Any
    network: Any


def _load(transformers: Any, repository: str, download: bool) -> _Parts:
    """From a folder or the cache; where that fails, from the Hub, if `download` allows it."""
    try:
        return _parts(transformers, repository, local_files_only=True)
    except InputError:
        raise
    except (OSError, ValueError) as error:
        if Path(repository).is_dir():
            raise _explained(
                repository, "its folder holds no network that transformers can load", error
            ) from error
        if not download:
            raise InputError(f"{repository}: not on this machine; switch on 'download' to get it") from error
    try:
        within(ANSWER_SECONDS, lambda: HfApi().model_info(repository))
        return _parts(transformers, repository, local_files_only=False)
    except InputError:
        raise
    except OutOfPatienceError as error:
        raise _explained(repository, "not on this machine, and the Hub can't be reached", error) from error
    except _HUB_ERRORS as error:
        raise _explained(repository, "not on this machine, and the Hub doesn't give it", error) from error


def _parts(transformers: Any, repository: str, *, local_files_only: bool) -> _Parts:
    config = transformers.AutoConfig.from_pretrained(repository, local_files_only=local_files_only)
    kind = (config.architectures or ["unknown kind"])[0]
    known = kind.endswith("ForSemanticSegmentation") or kind in _UNIVERSAL
    if not known or not hasattr(transformers, kind):
        raise InputError(
            f"{repository}: a network of kind {kind}; choose one for semantic segmentation, such as eomt"
        )
    processor = transformers.AutoImageProcessor.from_pretrained(repository, local_files_only=local_files_only)
    network = getattr(transformers, kind).from_pretrained(repository, local_files_only=local_files_only)
    return _Parts(config, processor, network)


def _explained(repository: str, problem: str, error: BaseException) -> InputError:
    """One sentence, with the beginning of what the library said."""
    reason = " ".join(str(error).split()).split(". ")[0][:160]
    choices = "eomt, segformer-b0 to segformer-b5, a repository on the Hub, or a folder"
    return InputError(f"{repository}: {problem}{f' ({reason})' if reason else ''}; give {choices}")


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Only errors of transformers while the block runs: its advice is for programmers."""
    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        transformers.logging.set_verbosity(level)
