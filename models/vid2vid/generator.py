"""The sequential generator: one frame from the label frames up to it and the frames painted before it.

Source: Wang et al. 2018, 3; NVIDIA/vid2vid at 2e6d137, `models/vid2vid_model_G.py`. What differs from it: state is a
value that goes in and comes out; label frames are encoded once, without their empty channels; the foreground branch is
left out where no foreground shows. The numbers are the same.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...errors import InputError
from ..labels.encoding import pyramid
from ..labels.frames import LabelFrame
from ..labels.planes import LabelPlanes, dense_planes, join_planes, label_planes
from ..layers.positions import position_waves
from ..layers.storage import full_precision
from .config import GeneratorConfig
from .features import paint_features
from .first_frame import build_first_frame
from .parts import StyleEncoder
from .scale import Features, Scale, ScaleOutput


@dataclass(frozen=True, eq=False)
class Past:
    """The frames painted so far that the next one depends on: all the state there is."""

    frames: tuple[Tensor, ...]
    """For every scale, coarsest first: `[b past_frames 3 h w]` float32 in -1..1, oldest first."""
    painted: int
    """Frames painted since the start; 0: `frames` are blank, there is nothing to warp."""

    def to_tensors(self) -> dict[str, Tensor]:
        """For a file; `from_tensors` reads it back."""
        tensors = {f"frames.{s}": frames for s, frames in enumerate(self.frames)}
        return tensors | {"painted": torch.tensor(self.painted)}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "Past":
        frames = tuple(tensors[f"frames.{s}"] for s in range(len(tensors) - 1))
        return cls(frames, int(tensors["painted"]))

    def to(self, device: torch.device) -> "Past":
        return Past(tuple(frames.to(device) for frames in self.frames), self.painted)

    def then(self, outputs: list[ScaleOutput]) -> "Past":
        """The past of the next frame: the oldest frames give way to the new ones, each scale for itself."""
        moved = (
            torch.cat([old[:, 1:], new.frame.unsqueeze(1)[:, : old.shape[1]]], 1)
            for old, new in zip(self.frames, outputs, strict=True)
        )
        return Past(tuple(moved), self.painted + 1)


class Step(NamedTuple):
    """One painted frame."""

    frame: Tensor
    """`[b 3 h w]` float32 in -1..1: the finest scale's."""
    past: Past
    """What the next step takes."""
    scales: list[ScaleOutput]
    """Everything else, coarsest first."""


class Vid2VidGenerator(nn.Module):
    """Coarse-to-fine sequential generator (one or more `Scale`s) and, where it has one, its first-frame network."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.scales = nn.ModuleList(Scale(config.scale(s)) for s in range(config.scales))
        self.first_frame = None if config.first_frame is None else build_first_frame(config.first_frame)
        features = config.instance_features
        self.feature_encoder = (
            None
            if features is None
            else StyleEncoder(features.channels, features.filters, features.downsamplings)
        )

    @property
    def dtype(self) -> torch.dtype:
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def encode(self, frame: LabelFrame) -> list[LabelPlanes]:
        """One label frame as network input, finest scale first. Memory: the planes of the classes that occur.

        frame: ids `[h w]` or, for several clips at once, `[b h w]`, on the generator's device; the rest likewise.
        """
        ids, instances, features = frame.ids, frame.instances, frame.features
        if ids.dim() == 2:
            ids, instances = ids[None], None if instances is None else instances[None]
            features = None if features is None else features[None]
        self.config.check_size(*ids.shape[1:])
        if instances is None:
            things = torch.tensor(self.config.things, device=ids.device, dtype=ids.dtype)
            instances = torch.where(torch.isin(ids, things), ids, torch.zeros_like(ids))
        edges_of = instances if self.config.edges else None
        planes = label_planes(ids, edges_of, self.config.label_classes, self.dtype)
        return self._planes_pyramid(planes, features)

    def encode_drawn(self, maps: Tensor) -> list[LabelPlanes]:
        """A sketch or a pose as network input, finest scale first: `[b label_channels h w]`, on the generator's device.

        Its values are taken as they are: 0..1 for the published face networks, -1..1 for poses.
        """
        if maps.shape[1] != self.config.label_channels:
            raise InputError(
                f"drawn maps: expected [b {self.config.label_channels} h w], got {list(maps.shape)}"
            )
        self.config.check_size(*maps.shape[2:])
        return self._planes_pyramid(dense_planes(maps.to(self.dtype)), None)

    def features_of(self, pictures: Tensor, ids: Tensor, instances: Tensor | None) -> Tensor:
        """What the instances look like in these pictures, painted into the label maps: a `LabelFrame`'s features.

        pictures `[b 3 h w]` in -1..1, ids and instances `[b h w]` -> `[b f h w]` float32 in -1..1, with gradients.
        """
        if self.feature_encoder is None:
            raise InputError(
                "this network takes no instance features: it alone decides what things look like"
            )
        self.config.check_size(*ids.shape[1:])
        return paint_features(self.feature_encoder(pictures), ids, instances)

    def _planes_pyramid(self, planes: LabelPlanes, features: Tensor | None) -> list[LabelPlanes]:
        """An encoded label frame at the size of every scale, finest first."""
        if features is None:  # their channels are zero: no planes
            levels = [LabelPlanes(planes.values, planes.channels, self.config.encoded_channels)]
        else:
            levels = [join_planes([planes, self._feature_planes(features, planes)])]
        while len(levels) < self.config.scales:
            levels.append(levels[-1].halved())
        return levels

    def _feature_planes(self, features: Tensor, beside: LabelPlanes) -> LabelPlanes:
        channels = self.config.feature_channels
        if features.shape[1] != channels or features.shape[2:] != beside.size:
            raise InputError(
                f"instance features: expected {channels} numbers an instance for {beside.size[1]}x{beside.size[0]} "
                f"pixels, got {list(features.shape[1:])}; take features that were made with this network"
            )
        return dense_planes(features.to(beside.values.dtype, memory_format=torch.channels_last))

    def blank_past(self, size: tuple[int, int], batch: int = 1) -> Past:
        """Nothing painted yet, at (height, width)."""
        pictures = torch.zeros(batch, self.config.past_frames, 3, *size, device=self.device)
        return Past(self.picture_pyramid(pictures), 0)

    def past_from(self, pictures: Tensor) -> Past:
        """A history given as pictures: `[b past_frames 3 h w]` in -1..1, oldest first."""
        if pictures.shape[1] != self.config.past_frames or pictures.shape[2] != 3:
            raise InputError(
                f"first pictures: expected [b {self.config.past_frames} 3 h w], got {list(pictures.shape)}"
            )
        return Past(self.picture_pyramid(full_precision(pictures)), self.config.past_frames)

    def picture_pyramid(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """`[b t 3 h w]` at the size of every scale, coarsest first."""
        batch, frames = pictures.shape[:2]
        levels = pyramid(pictures.flatten(0, 1), self.config.scales)
        return tuple(level.view(batch, frames, *level.shape[1:]) for level in reversed(levels))

    def step(
        self,
        window: list[list[LabelPlanes]],
        past: Past,
        style: Tensor | None = None,
        skip_unseen_foreground: bool = True,
    ) -> Step:
        """Paint the newest frame of `window`.

        window: `label_frames` encoded frames (`encode`), oldest first; style `[b styles]` where the network has styles;
        skip_unseen_foreground: leave the foreground branch out of frames that show none of its classes (same frame).
        """
        if self.config.style_names and style is None:
            raise InputError(f"this network needs a style, one of: {', '.join(self.config.style_names)}")
        masks = self._masks(window[-1], skip_unseen_foreground)
        outputs: list[ScaleOutput] = []
        below: Features | None = None
        for s, scale in enumerate(self.scales):
            labels = self._labels([frame[self.config.scales - 1 - s] for frame in window])
            out = scale(labels, past.frames[s].flatten(1, 2), below, masks[s], style, past.painted > 0)
            outputs.append(out)
            below = out.features
        return Step(outputs[-1].frame, past.then(outputs), outputs)

    def _labels(self, window: list[LabelPlanes]) -> LabelPlanes:
        """The label frames of one scale and, where the network is told, the position of every pixel."""
        if not self.config.positions:
            return join_planes(window)
        values = window[0].values
        waves = position_waves(self.config.positions, window[0].size, values.device).to(values.dtype)
        return join_planes([*window, dense_planes(waves.expand(len(values), -1, -1, -1))])

    def _masks(self, newest: list[LabelPlanes], skip_unseen: bool) -> list[Tensor | None]:
        """Where the foreground is, `[b 1 h w]` float32, coarsest scale first; None: nowhere."""
        if not self.config.foreground:
            return [None] * self.config.scales
        masks = [level.share(self.config.foreground) for level in reversed(newest)]
        if skip_unseen:
            return masks
        blank = (level.values.new_zeros(1, 1, *level.size, dtype=torch.float32) for level in reversed(newest))
        return [empty if mask is None else mask for mask, empty in zip(masks, blank, strict=True)]


def without_flow(generator: Vid2VidGenerator) -> Vid2VidGenerator:
    """The same network, sharing its weights, that paints every frame anew and warps nothing."""
    return _sharing_weights(generator, replace(generator.config, flow=False))


def without_foreground(generator: Vid2VidGenerator) -> Vid2VidGenerator:
    """The same network, sharing its weights, that paints and warps all classes alike."""
    return _sharing_weights(generator, replace(generator.config, foreground=(), foreground_filters=0))


def _sharing_weights(generator: Vid2VidGenerator, config: GeneratorConfig) -> Vid2VidGenerator:
    """A network of this config, which needs no other weights than `generator` has."""
    with torch.device("meta"):
        other = Vid2VidGenerator(config)
    weights = generator.state_dict()
    other.load_state_dict({name: weights[name] for name in other.state_dict()}, assign=True)
    return other.train(generator.training)
