"""Writing that a crash, a full disk or a power cut can interrupt, and that goes on where it stopped.

While a clip is made, everything lies in a folder beside it, `<name>.parts`: finished parts of the video, and the
state from which the maker of the frames goes on. The clip itself appears under its name at the very end, and the
folder goes.
"""

from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from hashlib import blake2b
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import av
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from .audio import audio_window
from .clip import AudioWindow
from .codecs import CODECS, VideoPlan, codec_for, plan_video
from .encoding import FrameClock, check_frame
from .outputs import prepare_file, prepare_folder, writing
from .stores import store_for
from .workfolder import Content, WorkFolder


class ResumePoint(NamedTuple):
    """Where to go on."""

    frames: int
    """Frames that are done and safe: go on with the frame of this number. 0: start at the beginning."""
    state: dict[str, Tensor]
    """What `checkpoint` was given at that moment, on the CPU; empty at the beginning."""


class SegmentedWriter:
    """A clip being written in a `with` statement, with checkpoints to go on from.

        with SegmentedWriter(path, job=..., width=..., height=..., frame_rate=...) as writer:
            done, state = writer.resume_point
            for pixels, state in frames_from(done, state):
                writer.write(pixels)
                if writer.checkpoint_due:
                    writer.checkpoint(state)

    A clean exit joins the parts (their packets are copied, not encoded again; a GIF's are encoded here) and gives the
    clip its name. Any other exit, even a kill, leaves the parts as of the last checkpoint; the same call goes on from
    there, and the result is, frame by frame, that of a run that nothing interrupted.

    job: fingerprint of everything that the frames depend on (inputs, weights, settings): unfinished work of another
    job is removed and begun again. The codec, the size and the version of PyAV count too. segment_frames: frames
    between checkpoints. Other arguments as `writer.open_writer`. Memory: the encoder's, and the state once.

    keep: a folder for the parts, which stays with every state when the clip is finished: a later call with the same
    folder goes on from the last checkpoint up to which `content` (of inputs that the job leaves out) is what it was,
    and makes only what comes after it. Disk: the parts, and a state for every `segment_frames` frames.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        job: str,
        width: int,
        height: int,
        frame_rate: Fraction,
        codec: str | None = None,
        audio_from: AudioWindow | str | PathLike[str] | None = None,
        time_base: Fraction | None = None,
        segment_frames: int = 48,
        keep: Path | None = None,
        content: Content | None = None,
    ) -> None:
        self.notes: tuple[str, ...] = ()
        """After the clean exit: what the user should know about the result, one sentence each."""
        self._path = Path(path)
        self._plan = plan_video(codec_for(self._path, codec), width, height, Fraction(frame_rate), time_base)
        self._audio = audio_window(audio_from)
        self._segment_frames = segment_frames
        self._keep = keep is not None
        self._content = content or _no_content
        folder = self._path.with_name(self._path.name + ".parts") if keep is None else keep
        self._work = WorkFolder(folder, _fingerprint(job, self._plan), self._keep)
        self._store = store_for(self._work, self._plan)
        self._clock = FrameClock(self._plan)
        self._frames = 0

    def __enter__(self) -> Self:
        (prepare_folder if self._plan.codec == "png" else prepare_file)(self._path)
        with writing(self._work.path):
            self._work.open(self._content)
            if not self._store.resume(self._work.saved.frames):
                self._work.restart()
        saved = self._work.saved
        self._frames = saved.frames
        self._clock = FrameClock(self._plan, saved.frames, saved.last_time)
        return self

    @property
    def resume_point(self) -> ResumePoint:
        """The last checkpoint."""
        return ResumePoint(self._work.saved.frames, self._work.state)

    @property
    def checkpoint_due(self) -> bool:
        """`segment_frames` frames have been written since the last checkpoint."""
        return self._frames - self._work.saved.frames >= self._segment_frames

    def write(self, pixels: NDArray[np.uint8], time: Fraction | None = None) -> None:
        """Add a frame, as `writer.FrameWriter.write`."""
        check_frame(pixels, self._plan)
        ticks = self._clock.next_ticks(time)
        with writing(self._path, self._what_is_kept()):
            self._store.write(pixels, self._frames, ticks)
        self._frames += 1

    def checkpoint(self, state: Mapping[str, Tensor]) -> None:
        """Make the frames written so far safe, together with the state from which the next one follows.

        The state is copied to the CPU.
        """
        with writing(self._path, self._what_is_kept()):
            content = self._content(self._frames)
            self._work.save(self._frames, self._clock.last_time, self._store.close(), state, content)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._store.discard()
            if not self._work.saved.frames:
                self._work.remove()

    def _finish(self) -> None:
        if self._clock.last_time is None:
            raise InputError(f"{self._path}: no frames were written to it")
        with writing(self._path, self._what_is_kept()):
            end = self._clock.last_time + 1 / self._plan.frame_rate
            self.notes = self._store.join(self._path, self._audio, end, self._keep)
        if not self._keep:
            self._work.remove()

    def _what_is_kept(self) -> str:
        done = self._work.saved.frames
        return (
            f" ({done} frames are kept in {self._work.path}; the same call again goes on from there)"
            if done
            else ""
        )


def _no_content(frames: int) -> str:
    """The job says everything."""
    return ""


def _fingerprint(job: str, plan: VideoPlan) -> str:
    versions = (av.__version__, sorted(av.library_versions.items()))
    parts = (job, sorted(asdict(plan).items()), sorted(CODECS[plan.codec].options.items()), versions)
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()
