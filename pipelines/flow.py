"""Jobs with optical flow: find it in footage, take it from a generator, look at it, move pictures along it.

Memory: two frames and their flow, whatever the length of the clip.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..media.clip import FrameReader
from ..media.flow_file import FlowFile, FlowWriter
from ..media.pixels import to_file, to_model
from ..models.flow import flownet2_estimate
from ..models.flow.colorwheel import flow_picture
from ..models.flow.estimators import Quality, estimate_flows, unknown_flow
from ..models.flow.field import Flow
from ..models.flow.flownet2 import FlowNet2
from ..models.flow.warp import warp
from ..models.labels.frames import AnyStream
from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.rollout import synthesize
from ..progress import Progress, silent
from ..training.flownet2 import load_flownet2
from ..training.worlds import WorldStream
from .clips import Pictures, write_clip
from .looks import Choice, split_choice
from .openings import styled_opening
from .styles import parse_style
from .vid2vid import check_labels, known_labels

Estimator = Literal["dis", "flownet2"]
"""Dense inverse search, or the network that the published models learnt from."""


def choose_estimator(
    name: Estimator,
    quality: Quality = "medium",
    *,
    folders: Sequence[Path] = (),
    device: torch.device | str = "cpu",
) -> Quality | FlowNet2:
    """What `estimate_clip_flow` takes; InputError where FlowNet2's weights are in no model folder."""
    return quality if name == "dis" else load_flownet2(device, folders=folders)


def estimate_clip_flow(
    clip: FrameReader, out: Path, estimator: Quality | FlowNet2 = "medium", progress: Progress = silent
) -> FlowFile:
    """Flow of every frame of a clip to the frame before it: by dense inverse search of a quality, or by FlowNet2."""
    pictures = (frame.pixels for frame in clip)
    if isinstance(estimator, FlowNet2):
        flows = flownet2_estimate.estimate_flows(estimator, map(to_model, pictures))
    else:
        flows = estimate_flows(pictures, estimator)
    info = clip.info
    return write_flow(flows, out, (info.height, info.width), info.frame_rate, info.frame_count, progress)


def predict_flow(
    labels: AnyStream,
    generator: Vid2VidGenerator,
    out: Path,
    *,
    style: str | None = None,
    features: Choice | None = None,
    progress: Progress = silent,
) -> FlowFile:
    """The flow that a generator moves its own frames by, and as occlusion the share that it paints anew.

    Where it warps nothing (first pictures, the first frame), the displacement is 0 and everything is occluded.
    """
    config = generator.config
    if not config.flow:
        raise InputError("this network predicts no flow: it paints every frame anew; choose another")
    check_labels(labels, config)
    labels, face = split_choice(labels, generator, features)
    size = labels.height, labels.width
    look = parse_style(config.style_names, style)

    def flows() -> Iterator[Flow]:
        styles = None if look is None else look.after(0)
        first = styled_opening(labels, generator, face)
        frames = known_labels(labels, 0, config.label_classes)
        for painted in synthesize(generator, frames, first=first, style=styles):
            made = painted.details
            if made is None or made.flow is None or made.weight is None or painted.past.painted == 1:
                yield unknown_flow(*size)
            else:
                yield Flow(made.flow, made.weight)

    return write_flow(flows(), out, size, labels.frame_rate, labels.frame_count, progress)


def world_flow(world: WorldStream, out: Path, progress: Progress = silent) -> FlowFile:
    """The true flow and occlusion of a procedural world; nothing is known of the frame before its first."""

    def flows() -> Iterator[Flow]:
        yield unknown_flow(world.height, world.width)
        for frame in world.truth(1):
            occlusion = torch.from_numpy(frame.occlusion)
            yield Flow(torch.from_numpy(frame.flow)[None], occlusion.float()[None, None])

    return write_flow(
        flows(), out, (world.height, world.width), world.frame_rate, world.frame_count, progress
    )


def write_flow(
    flows: Iterable[Flow],
    out: Path,
    size: tuple[int, int],
    frame_rate: Fraction,
    total: int | None,
    progress: Progress = silent,
) -> FlowFile:
    """Put flow of one frame at a time on disk, `size` = (height, width); previews show its colours."""
    done = 0
    with FlowWriter(out, *size) as writer:
        for flow in flows:
            writer.write(flow)
            done += 1
            progress(done, total, partial(flow_picture, flow.displacement[0]))
        if not done:
            raise InputError("flow: the clip holds no frames; give at least one")
    return FlowFile(out, frame_rate)


def show_flow(flow: FlowFile, out: Path, longest: float | None = None, progress: Progress = silent) -> None:
    """A video of flow in colours; `longest`: pixels of a fully saturated colour (None: `usual_longest`)."""
    unit = usual_longest(flow) if longest is None else longest
    pictures = (flow_picture(frame.displacement[0], unit) for frame in flow.frames())
    _write_like(flow, pictures, out, progress)


def usual_longest(flow: FlowFile) -> float:
    """A length in pixels that 99 of 100 pixels stay below, in every frame of the clip; never 0."""
    lengths = (frame.displacement[0].norm(dim=0).numpy() for frame in flow.frames())
    return max(1.0, max(float(np.percentile(length, 99)) for length in lengths))


def warp_clip(
    clip: FrameReader, flow: FlowFile, out: Path, *, carry: bool = False, progress: Progress = silent
) -> None:
    """A video of every frame rebuilt from the one before it, moved along `flow`.

    carry: rebuild from the rebuilt frame before, so that the first picture (and what is painted on it) is carried
    through the whole clip; the clip may then be a single picture. The first frame is the clip's own.
    """
    info = clip.info
    if (info.height, info.width) != (flow.height, flow.width):
        raise InputError(
            f"the frames are {info.width}x{info.height}, the flow is {flow.width}x{flow.height}; bring the frames "
            "to the size of the flow"
        )
    with closing(_rebuilt(clip, flow, carry)) as pictures:
        _write_like(flow, (to_file(picture[0]) for picture in pictures), out, progress)


def _write_like(flow: FlowFile, pictures: Pictures, out: Path, progress: Progress) -> None:
    """A video of the size, frame rate and length of `flow`."""
    size = flow.height, flow.width
    write_clip(
        pictures, out, size=size, frame_rate=flow.frame_rate, total=flow.frame_count, progress=progress
    )


def _rebuilt(clip: FrameReader, flow: FlowFile, carry: bool) -> Generator[Tensor, None, None]:
    """The pictures of `warp_clip`, `[1 3 h w]` in -1..1."""
    frames = (to_model(frame.pixels)[None] for frame in clip)
    before = next(frames, None)
    if before is None:
        raise InputError("warp: the clip holds no frames; give at least one")
    yield before
    for step in flow.frames(1):
        moved = warp(before, step.displacement)
        yield moved
        after = moved if carry else next(frames, None)
        if after is None:
            return
        before = after
