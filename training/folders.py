"""Training clips from folders of pictures and label maps, in the reference's layout.

    train_A/<sequence>/*      label maps in any form that `media.labels` reads
    train_B/<sequence>/*      pictures, paired with the label maps by sorted order
    train_inst/<sequence>/*   instance ids, optional

Source of the layout: NVIDIA/vid2vid at 2e6d137, `data/temporal_dataset.py`. The flow that the losses need is estimated
while a clip is read. One clip is in memory at a time.
"""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import Dataset

from ..errors import InputError
from ..media.labels import open_labels
from ..media.pixels import to_model
from ..media.reader import open_frames
from ..models.flow.estimators import estimate_flows
from ..models.labels.frames import LabelFrame, LabelStream
from ..models.labels.palette import Palette
from ..models.labels.resize import ResizedLabels
from .clips import Batch
from .recipe import ClipShape


class FolderClips(Dataset[Batch]):
    """Random moments of the sequences of a folder, scaled to one size. There is one style, the first."""

    def __init__(self, root: Path, shape: ClipShape, palette: Palette, styles: int, seed: int) -> None:
        """InputError for a folder without sequences, or a sequence whose parts do not pair up."""
        self.root, self.shape, self.palette, self.styles, self.seed = root, shape, palette, styles, seed
        folder = root / "train_A"
        self.sequences = sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
        if not self.sequences:
            raise InputError(
                f"{folder}: holds no sequence; expected train_A/<sequence>/ and train_B/<sequence>/"
            )
        for name in self.sequences:
            self._check(name)

    def __getitem__(self, index: int) -> Batch:
        draw = random.Random(f"{self.seed}:{index}")
        name = draw.choice(self.sequences)
        labels = self._labels(name)
        start = draw.randint(0, (labels.frame_count or 0) - self.shape.frames)
        frames = list(islice(labels.frames(start), self.shape.frames))
        pictures = list(islice(self._pictures(name, start), self.shape.frames))
        flows = list(estimate_flows(pictures))
        return {
            "ids": torch.stack([frame.ids for frame in frames]),
            "instances": torch.stack([self._instances(frame) for frame in frames]),
            "pictures": torch.stack([to_model(picture) for picture in pictures]),
            "flow": torch.cat([flow.displacement for flow in flows]),
            "visible": torch.cat([1 - flow.occlusion for flow in flows]),
            "style": torch.eye(self.styles)[:1].flatten(),
        }

    def _labels(self, name: str) -> LabelStream:
        instances = self.root / "train_inst" / name
        labels = open_labels(
            self.root / "train_A" / name,
            palette=self.palette,
            instances=instances if instances.is_dir() else None,
        )
        return ResizedLabels(labels, self.shape.height, self.shape.width)

    def _pictures(self, name: str, start: int) -> Iterator[NDArray[np.uint8]]:
        with open_frames(self.root / "train_B" / name) as reader:
            for frame in reader.frames(start):
                picture = Image.fromarray(frame.pixels)
                yield np.asarray(
                    picture.resize((self.shape.width, self.shape.height), Image.Resampling.BICUBIC)
                )

    def _instances(self, frame: LabelFrame) -> torch.Tensor:
        """Without an instance map the outlines of things stand in for it, as in `Vid2VidGenerator.encode`."""
        if frame.instances is not None:
            return frame.instances
        things = torch.tensor([c.id for c in self.palette.classes if c.thing], dtype=frame.ids.dtype)
        return torch.where(torch.isin(frame.ids, things), frame.ids, 0).to(torch.int32)

    def _check(self, name: str) -> None:
        count = self._labels(name).frame_count or 0
        if count < self.shape.frames:
            raise InputError(
                f"{self.root / 'train_A' / name}: {count} label maps, a training clip has {self.shape.frames} frames"
            )
        with open_frames(self.root / "train_B" / name) as reader:
            pictures = reader.info.frame_count
        if pictures != count:
            raise InputError(f"{self.root}: sequence {name} has {count} label maps but {pictures} pictures")
