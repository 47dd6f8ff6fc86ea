"""Training clips from folders of pictures and label maps, in the reference's layout.

    train_A/<sequence>/*      label maps in any form that `media.labels` reads
    train_B/<sequence>/*      pictures, paired with the label maps by their order
    train_inst/<sequence>/*   instance ids, optional

Source of the layout: NVIDIA/vid2vid at 2e6d137, `data/temporal_dataset.py`. The flow that the losses need is estimated
while a clip is read. One clip is in memory at a time, and the names of all files.
"""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from ..errors import InputError
from ..media.labels import open_labels
from ..media.pixels import to_model
from ..media.reader import FrameReader, open_frames
from ..models.flow.estimators import SMALLEST_SIDE, estimate_flows
from ..models.labels.frames import LabelFrame, LabelStream
from ..models.labels.palette import Palette
from ..models.labels.resize import ResizedLabels
from .clips import Batch
from .recipe import ClipShape


class _Sequence(NamedTuple):
    """A clip of any length."""

    labels: LabelStream
    """At the training size."""
    pictures: FrameReader
    """At their own size."""
    frames: int


class FolderClips(Dataset[Batch]):
    """Random moments of the sequences of a folder, scaled to one size. There is one style, the first."""

    def __init__(self, root: Path, shape: ClipShape, palette: Palette, styles: int, seed: int) -> None:
        """palette: what the label maps mean; styles: how many the network knows; seed: of the choice of moments.

        InputError for a folder without sequences, a sequence whose parts do not pair up or that is shorter than a clip;
        MissingExtraError where flow can't be estimated.
        """
        self.root, self.shape, self.palette, self.styles, self.seed = root, shape, palette, styles, seed
        if not root.is_dir():
            raise InputError(f"{root}: there is no such folder; give one that holds train_A/ and train_B/")
        folder = root / "train_A"
        found = folder.iterdir() if folder.is_dir() else ()
        names = sorted(entry.name for entry in found if entry.is_dir() and not entry.name.startswith("."))
        if not names:
            raise InputError(
                f"{folder}: holds no sequence; expected train_A/<sequence>/ and train_B/<sequence>/"
            )
        _check_estimator()
        self.sequences = [self._open(name) for name in names]

    def __getitem__(self, index: int) -> Batch:
        draw = random.Random(f"{self.seed}:{index}")
        sequence = draw.choice(self.sequences)
        length = self.shape.frames
        start = draw.randint(0, sequence.frames - length)
        frames = list(islice(sequence.labels.frames(start), length))
        pictures = list(islice(self._pictures(sequence, start), length))
        flows = list(estimate_flows(pictures))
        return {
            "ids": torch.stack([frame.ids for frame in frames]),
            "instances": torch.stack([self._instances(frame) for frame in frames]),
            "pictures": torch.stack([to_model(picture) for picture in pictures]),
            "flow": torch.cat([flow.displacement for flow in flows]),
            "visible": torch.cat([1 - flow.occlusion for flow in flows]),
            "style": torch.eye(self.styles)[:1].flatten(),  # [1, 0, 0 ...], or nothing
        }

    def _pictures(self, sequence: _Sequence, start: int) -> Iterator[NDArray[np.uint8]]:
        """From frame `start` on, uint8 `[h w 3]` at the training size."""
        size = (self.shape.width, self.shape.height)
        for frame in sequence.pictures.frames(start):
            yield np.array(Image.fromarray(frame.pixels).resize(size, Image.Resampling.BICUBIC))

    def _instances(self, frame: LabelFrame) -> Tensor:
        """Without an instance map the outlines of things stand in for it, as in `Vid2VidGenerator.encode`."""
        if frame.instances is not None:
            return frame.instances
        things = torch.tensor([c.id for c in self.palette.classes if c.thing], dtype=frame.ids.dtype)
        return torch.where(torch.isin(frame.ids, things), frame.ids, 0).to(torch.int32)

    def _open(self, name: str) -> _Sequence:
        labels_of, pictures_of = self.root / "train_A" / name, self.root / "train_B" / name
        instances_of = self.root / "train_inst" / name if (self.root / "train_inst").is_dir() else None
        for folder in (pictures_of, instances_of):
            if folder is not None and not folder.is_dir():
                raise InputError(f"{folder}: there is no such folder, but {labels_of} has label maps for it")
        labels = open_labels(labels_of, palette=self.palette, instances=instances_of)
        pictures = open_frames(pictures_of)
        count = labels.frame_count or 0
        if pictures.info.frame_count != count:
            raise InputError(
                f"{self.root}: sequence {name} has {count} label maps but {pictures.info.frame_count} pictures; "
                "there must be one picture for each label map"
            )
        if count < self.shape.frames:
            raise InputError(
                f"{labels_of}: {count} frames are too few; a clip of this recipe has {self.shape.frames}"
            )
        return _Sequence(ResizedLabels(labels, self.shape.height, self.shape.width), pictures, count)


def _check_estimator() -> None:
    """MissingExtraError before a run begins, not in the middle of it."""
    next(estimate_flows([np.zeros((SMALLEST_SIDE, SMALLEST_SIDE, 3), np.uint8)]))
