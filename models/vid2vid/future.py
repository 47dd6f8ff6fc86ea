"""Future prediction: the next label map out of those seen, by a network of vid2vid's shape.

Source: Wang et al. 2018, 4 (future prediction): label maps first, then pictures from them; no code was published. As in
the paper's generator, part of a map is carried along a predicted flow, part is painted, and a weight blends the two.
Different here: what is carried is always the last map that was seen, along the flow of all steps since then. A map that
were warped anew at every step would lose its thin things (poles, legs) to resampling, and hard labels would swallow
motion of less than half a pixel.
"""

from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import InputError
from ..flow.warp import warp
from ..labels.frames import LabelFrame
from ..labels.planes import LabelPlanes, convolve_planes, dense_planes, join_planes, label_planes
from ..layers.blocks import ConvNormRelu, FewOutputs, down, residual_blocks, up
from ..layers.storage import full_precision

FLOW_GAIN = 20.0
"""Pixels a step for a flow output of 1, as in vid2vid's coarsest scale."""


@dataclass(frozen=True)
class FutureConfig:
    """A network that predicts label maps."""

    palette: str
    """What the label ids mean: name of a palette."""
    label_classes: int
    """One-hot channels of a label map; an edge map of its instances goes with them."""
    things: tuple[int, ...]
    """Classes whose outlines stand in for the instance edges where no instance map is given."""
    seen_frames: int
    """Label maps that the network sees at once, >= 2: one shows no motion."""
    reduction: int
    """The network looks at label maps of 1/n the size, every n-th pixel; what is carried along stays at full size."""
    filters: int
    """Channels at half of that size."""
    downsamplings: int
    """Below that; each doubles the channels."""
    blocks: int
    """Residual blocks at the smallest size."""

    @property
    def size_multiple(self) -> int:
        """Height and width must be multiples of this."""
        return self.reduction * (2 << self.downsamplings)

    def check_size(self, height: int, width: int) -> None:
        """InputError for a size of label maps that the network can't take, naming the nearest that it can."""
        m = self.size_multiple
        if height % m or width % m or min(height, width) < 2 * m:
            near = "x".join(str(max(2 * m, round(side / m) * m)) for side in (width, height))
            raise InputError(
                f"label maps: {width}x{height} does not fit this network, whose width and height must be multiples of "
                f"{m}, at least {2 * m}; the nearest size is {near}"
            )


class Motion(NamedTuple):
    """What the network says about the next frame, float32, `[b c h w]` at the size that it looks at."""

    painted: Tensor
    """The frame painted anew: its channels before any activation, `[b c h/2 w/2]`."""
    flow: Tensor
    """Where its pixels were one frame before, (dx, dy) in pixels of that size, `[b 2 h w]`."""
    weight: Tensor
    """1 where it is to be painted, 0 where carried along, `[b 1 h w]`."""


class MotionNetwork(nn.Module):
    """Frames before in, the next frame and its motion out, whatever a frame consists of.

    Features of the way down are added on the way up, and half the size is enough to paint: flow is smooth, what is
    painted is little, and the rest is carried along as sharp as it was. Every pixel is told where in the picture it
    lies, because in front of a driving car that says most about its motion.
    """

    def __init__(self, inputs: int, outputs: int, filters: int, downsamplings: int, blocks: int) -> None:
        """inputs: channels of all frames before; outputs: of a frame; the others as in `FutureConfig`."""
        super().__init__()
        widths = [filters * 2**i for i in range(downsamplings)]
        stem = nn.Conv2d(inputs + 2, filters, 4, stride=2, padding=1)
        self.stem = ConvNormRelu(stem, affine=True)
        self.downs = nn.ModuleList(down(width) for width in widths)
        self.blocks = residual_blocks(blocks, filters * 2**downsamplings)
        self.ups = nn.ModuleList(up(2 * width, width) for width in reversed(widths))
        self.to_painted = nn.Conv2d(filters, outputs, 3, padding=1)
        self.to_motion = FewOutputs(filters, 3)

    def forward(self, frames: LabelPlanes) -> Motion:
        """`[b inputs h w]`, oldest frame first."""
        x = self._stem(join_planes([frames, dense_planes(places(frames.values))]))
        skipped = []
        for layer in self.downs:
            skipped.append(x)
            x = layer(x)
        x = self.blocks(x)
        for layer in self.ups:
            x = layer(x) + skipped.pop()
        motion = enlarged(full_precision(self.to_motion(x)), 2)
        flow, weight = motion[:, :2] * FLOW_GAIN, torch.sigmoid(motion[:, 2:])
        return Motion(full_precision(self.to_painted(x)), flow, weight)

    def _stem(self, planes: LabelPlanes) -> Tensor:
        features = convolve_planes(cast(nn.Conv2d, self.stem.conv), planes)
        return F.relu(self.stem.norm(features), inplace=True)


def places(like: Tensor) -> Tensor:
    """Where each pixel lies, (x, y) from -1 to 1: `[b 2 h w]` for `[b c h w]`."""
    batch, _, height, width = like.shape
    x = torch.linspace(-1, 1, width, device=like.device, dtype=like.dtype).expand(height, width)
    y = torch.linspace(-1, 1, height, device=like.device, dtype=like.dtype)[:, None].expand(height, width)
    return torch.stack([x, y]).expand(batch, 2, height, width)


def enlarged(x: Tensor, factor: int) -> Tensor:
    """`[b c h w]` -> `[b c factor*h factor*w]`, bilinear."""
    return x if factor == 1 else F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


@dataclass(frozen=True, eq=False)
class FuturePast:
    """All that the next step depends on. Memory: `seen_frames` encoded label maps, one label map, one flow."""

    window: tuple[LabelPlanes, ...]
    """The newest label maps, seen or predicted, oldest first, at the size that the network looks at."""
    seen: LabelFrame
    """The last one that was seen, ids and instances `[b h w]`."""
    flow: Tensor
    """From the newest map back to that one, `[b 2 h w]` pixels; 0 before the first step."""


class FutureStep(NamedTuple):
    """One predicted label map."""

    probabilities: Tensor
    """Of every class, `[b c h w]` float32."""
    frame: LabelFrame
    """The likeliest class of every pixel and its instance, `[b h w]`; no instances if none were seen."""
    motion: Motion
    past: FuturePast
    """What the next step takes; without gradient."""


class LabelFuture(nn.Module):
    """Predicts label maps, one after the other, each fed back as if it had been seen."""

    def __init__(self, config: FutureConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.label_classes + 1
        self.network = MotionNetwork(
            config.seen_frames * channels,
            config.label_classes,
            config.filters,
            config.downsamplings,
            config.blocks,
        )

    @property
    def dtype(self) -> torch.dtype:
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def begin(self, seen: list[LabelFrame]) -> FuturePast:
        """The state after the last of `seen_frames` label maps, `[b h w]` each, on the network's device.

        InputError for another number of maps, a class that the network doesn't know, or a size that it can't take.
        """
        count = self.config.seen_frames
        if len(seen) != count:
            raise InputError(
                f"label maps: {len(seen)} to predict from; this network sees {count} at once, give {count} or more"
            )
        last = seen[-1]
        self.config.check_size(*last.ids.shape[1:])
        flow = torch.zeros(len(last.ids), 2, *last.ids.shape[1:], device=self.device)
        return FuturePast(tuple(map(self._encode, seen)), last, flow)

    def step(self, past: FuturePast) -> FutureStep:
        """Predict the next label map."""
        motion = self.network(join_planes(past.window))
        step = self.config.reduction * enlarged(motion.flow, self.config.reduction)
        flow = step + warp(past.flow, step)
        probabilities = self._blend(past.seen.ids, motion, flow)
        ids = probabilities.argmax(1).to(past.seen.ids.dtype)
        instances = None if past.seen.instances is None else carried_instances(ids, past.seen, flow.detach())
        frame = LabelFrame(ids, instances)
        window = (*past.window[1:], self._encode(frame))
        return FutureStep(probabilities, frame, motion, FuturePast(window, past.seen, flow.detach()))

    def _blend(self, seen: Tensor, motion: Motion, flow: Tensor) -> Tensor:
        """Class probabilities: painted by the weight, else the last seen map along the flow of all steps."""
        classes = label_planes(seen, None, self.config.label_classes, torch.float32)
        weight = enlarged(motion.weight, self.config.reduction)
        painted = enlarged(motion.painted.softmax(1), 2 * self.config.reduction) * weight
        return painted.index_add(1, classes.channels, warp(classes.values, flow) * (1 - weight))

    def _encode(self, frame: LabelFrame) -> LabelPlanes:
        """A label map as the network sees it: of `reduction` pixels the one right of the middle, as Pillow picks it."""
        n = self.config.reduction
        every = (..., slice(n // 2, None, n), slice(n // 2, None, n))
        frame = LabelFrame(frame.ids[every], None if frame.instances is None else frame.instances[every])
        instances = frame.instances
        if instances is None:
            things = torch.tensor(self.config.things, device=frame.ids.device, dtype=frame.ids.dtype)
            instances = torch.where(torch.isin(frame.ids, things), frame.ids, torch.zeros_like(frame.ids))
        return label_planes(frame.ids, instances, self.config.label_classes, self.dtype)


def carried_instances(ids: Tensor, seen: LabelFrame, flow: Tensor) -> Tensor:
    """Instances of a predicted map: those of the pixels that the flow leads to (the nearest), where the class agrees.

    ids `[b h w]`; flow `[b 2 h w]` from it to the map that was seen; returns `[b h w]`. What comes from nowhere belongs
    to the instance that has most pixels of its class (0 for a class that was not seen).
    """
    if seen.instances is None:
        raise ValueError("no instances were seen")
    source = nearest_sources(flow)
    was, moved = (part.flatten(1).gather(1, source).view_as(ids) for part in (seen.ids, seen.instances))
    instances = torch.where(was == ids, moved, torch.zeros_like(moved))
    for clip in range(len(ids)):
        new = was[clip] != ids[clip]
        for label in torch.unique(ids[clip][new]):
            known = seen.instances[clip][seen.ids[clip] == label]
            if known.numel():
                instances[clip][new & (ids[clip] == label)] = known.mode().values
    return instances


def nearest_sources(flow: Tensor) -> Tensor:
    """The pixel that each pixel's flow leads to, at most to the border: `[b 2 h w]` -> `[b h*w]`, row * w + column."""
    height, width = flow.shape[-2:]
    x = torch.arange(width, device=flow.device) + flow[:, 0]
    y = torch.arange(height, device=flow.device)[:, None] + flow[:, 1]
    columns, rows = x.round().clamp(0, width - 1).long(), y.round().clamp(0, height - 1).long()
    return (rows * width + columns).flatten(1)
