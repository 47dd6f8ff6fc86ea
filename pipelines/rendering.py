"""Frames that a network makes one after the other, written such that a stopped run goes on where it was.

Memory: what makes the frames, plus one encoded frame; a finished piece of the video and the state to go on from are on
disk.
"""

import json
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import InputError
from ..media.clip import AudioWindow
from ..media.segments import SegmentedWriter
from ..media.workfolder import Content
from ..models.labels.frames import MapStream
from ..progress import Progress, silent

SEGMENT_FRAMES = 24
"""Frames between two states on disk: what an interrupted run has to paint again at most."""

State = dict[str, Tensor]


@dataclass(frozen=True)
class RenderReport:
    """What a finished run made."""

    path: Path
    width: int
    height: int
    frame_rate: Fraction
    frames: int
    """In the whole video."""
    resumed_at: int
    """Frames that an earlier, interrupted run had already painted; 0 for a run in one go."""
    notes: tuple[str, ...]
    """What the user should know about the file, one sentence each."""


class Rendered(NamedTuple):
    """One frame of a run."""

    pixels: NDArray[np.uint8]
    """`[h w 3]`"""
    state: Callable[[], State] | None
    """What the next frame can be made from; None where it can't be gone on from here."""


class Recurrent(Protocol):
    """Makes the frames from number `done` on, of which `state` is the past (empty at the beginning)."""

    def __call__(self, done: int, state: State) -> Generator[Rendered, None, None]: ...


def render_frames(
    make: Recurrent,
    stream: MapStream,
    out: Path,
    *,
    job: str,
    codec: str,
    size: tuple[int, int] | None = None,
    audio_from: AudioWindow | Path | None = None,
    segment_frames: int = SEGMENT_FRAMES,
    keep: Path | None = None,
    content: Content | None = None,
    progress: Progress = silent,
) -> RenderReport:
    """Write what `make` makes of `stream` to `out`, which appears when it is whole.

    size: (height, width) of the frames (None: of the stream); job, keep, content: as `media.segments.SegmentedWriter`
    has them; progress: called after each frame with a preview; what it raises stops the run, and the next one with the
    same job goes on from its last finished segment.
    """
    height, width = size or (stream.height, stream.width)
    with SegmentedWriter(
        out,
        job=job,
        width=width,
        height=height,
        frame_rate=stream.frame_rate,
        codec=codec,
        audio_from=audio_from,
        segment_frames=segment_frames,
        keep=keep,
        content=content,
    ) as writer:
        resumed_at, state = writer.resume_point
        done = resumed_at
        with closing(make(done, state)) as frames:
            for frame in frames:
                writer.write(frame.pixels)
                done += 1
                if writer.checkpoint_due and frame.state is not None:
                    writer.checkpoint(frame.state())
                progress(done, stream.frame_count, partial(np.asarray, frame.pixels))
        if not done:
            raise InputError("the label maps hold no frames; give at least one")
    return RenderReport(out, width, height, stream.frame_rate, done, resumed_at, writer.notes)


def job_of(content: object, network: nn.Module, given: Sequence[Tensor | None], codec: str) -> str:
    """A digest of everything that the pictures depend on: only the same job is gone on with.

    content: what tells the labels, and what is asked of them, from others; network: with its config as `.config`;
    given: pictures and what else comes as tensors.
    """
    weight = next(network.parameters())
    facts: dict[str, Any] = {
        "content": repr(content),
        "config": asdict(network.config),  # type: ignore[call-overload]
        "device": weight.device.type,
        "dtype": str(weight.dtype),
        "codec": codec,
    }
    digest = blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=16)
    for tensor in (*network.state_dict().values(), *given):
        digest.update(b"-" if tensor is None else _bytes(tensor))
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> Any:
    return tensor.detach().cpu().flatten().view(torch.uint8).numpy()
