"""Detect, align, mask and paste, each a stage on a work folder that can be run alone, and goes on where it was stopped.

One frame is in memory at a time, whatever the length of the clip, and a kilobyte of landmarks for each. A stage that is
there already, of the same inputs and options, is not made again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from ..errors import InputError
from ..media.clip import FrameReader, VideoFrame
from ..media.codecs import codec_for
from ..media.outputs import write_whole, writing
from ..media.reader import open_frames
from ..media.segments import SegmentedWriter
from ..models.faces.alignment import Smoothing
from ..models.faces.masks import MaskOptions
from ..models.faces.track import (
    Alignment,
    FaceTrack,
    align_track,
    alignment_from_tensors,
    join_tracks,
    track_from_tensors,
)
from ..models.faces.tracking import USUAL_RULES, TrackingRules, choose_track
from ..progress import Progress, silent
from .drawings import Footage
from .face_crops import PasteOptions, check_crops, crops_before, cut_crops, edge_note, pasted_frames
from .face_finder import FaceSource, Identify, find_tracks
from .face_masks import STEADY, Foregrounds, first_needed, mask_pictures
from .face_workfolder import FaceWorkFolder

Pixels = NDArray[np.uint8]

TRACK, CROPS, MASKS = "track", "crops", "masks"
TRACK_FILE, ALIGNMENT_FILE, CROPS_FILE, MASKS_FILE = (
    "track.safetensors",
    "alignment.safetensors",
    "crops.mkv",
    "masks.mkv",
)
PUBLISHED_SMOOTHING, USUAL_MASKS, USUAL_PASTE = Smoothing(), MaskOptions(), PasteOptions()
SEGMENT_FRAMES = 24
"""Frames that an interruption may cost."""


@dataclass(frozen=True)
class StageReport:
    """What a run of a stage did."""

    path: Path
    """What it made."""
    frames: int
    """That there are now."""
    made: int
    """Of these in this run; 0: all was there."""
    notes: tuple[str, ...] = ()
    """What the user should know, one sentence each."""


def detect_faces(
    folder: FaceWorkFolder,
    footage: Footage,
    source: FaceSource,
    rules: TrackingRules = USUAL_RULES,
    *,
    one_shot: bool = False,
    identify: tuple[str, Identify] | None = None,
    progress: Progress = silent,
) -> StageReport:
    """Stage 1: every face of a clip, as tracks. InputError where no frame shows one.

    identify: a name that changes with the network, and what tells people apart. Nothing is kept of a run that was
    stopped: finding is quick.
    """
    options = {"rules": asdict(rules), "one_shot": one_shot, "identify": identify[0] if identify else ""}
    planned = folder.plan(TRACK, (), options, {"faces": source.fingerprint})
    path = folder.file(TRACK_FILE)
    if folder.holds(planned):
        return StageReport(path, read_tracks(folder)[1], 0)
    tracks, frames = find_tracks(
        footage,
        source,
        rules,
        one_shot=one_shot,
        identify=identify[1] if identify else None,
        progress=progress,
    )
    if not tracks:
        raise InputError(
            f"{folder.clip.source}: no face was found in any of its {frames} frames; give landmarks, or another clip"
        )
    tensors = {f"{k}.{name}": t for k, track in enumerate(tracks) for name, t in track.to_tensors().items()}
    save_tensors(path, tensors | {"frames": torch.tensor(frames)})
    folder.finish(planned, [TRACK_FILE])
    return StageReport(path, frames, frames)


def align_face(
    folder: FaceWorkFolder,
    footage: Footage,
    *,
    faces: Sequence[int] = (),
    at: tuple[int, float, float] | None = None,
    size: int = 1024,
    smoothing: Smoothing = PUBLISHED_SMOOTHING,
    scale: float = 1.0,
    exact: bool = False,
    progress: Progress = silent,
) -> StageReport:
    """Stage 1, too: the crops of one face, upright and steady, without loss.

    faces: numbers of tracks that are that face (none: the only one, or the one `at` (frame, x, y)); exact: sampled as
    published.
    """
    folder.require(TRACK)
    tracks, _ = read_tracks(folder)
    chosen = choose_track(tracks, faces, at)
    options = {
        "faces": list(chosen),
        "size": size,
        "smoothing": asdict(smoothing),
        "scale": scale,
        "exact": exact,
    }
    planned = folder.plan(CROPS, (TRACK,), options)
    path = folder.file(CROPS_FILE)
    alignment = align_track(join_tracks([tracks[k] for k in chosen]), size, smoothing, scale)
    note = edge_note(alignment, footage.size)
    notes = () if note is None else (note,)
    count = len(alignment.frames)
    if folder.holds(planned):
        return StageReport(path, count, 0, notes)

    def crops(start: int) -> Iterator[Pixels]:
        return cut_crops(footage.clip, alignment, exact=exact, start=start)

    rate = footage.clip.info.frame_rate
    made = write_lossless(path, planned.job, size, rate, crops, count, progress)
    save_tensors(folder.file(ALIGNMENT_FILE), alignment.to_tensors())
    folder.finish(planned, [ALIGNMENT_FILE, CROPS_FILE])
    return StageReport(path, count, made, notes)


def mask_face(
    folder: FaceWorkFolder,
    source: Foregrounds,
    options: MaskOptions = USUAL_MASKS,
    *,
    steady: float = STEADY,
    progress: Progress = silent,
) -> StageReport:
    """Stage 6, first half: the masks of the crops. InputError for a frame in which nothing is face."""
    planned = folder.plan(
        MASKS, (CROPS,), {**asdict(options), "steady": steady}, {"parts": source.fingerprint}
    )
    path, alignment = folder.file(MASKS_FILE), read_alignment(folder)
    count = len(alignment.frames)
    if folder.holds(planned):
        return StageReport(path, count, 0)
    size = folder.clip.height, folder.clip.width
    with open_frames(folder.file(CROPS_FILE)) as crops:

        def masks(start: int) -> Iterator[Pixels]:
            needed = _pixels(crops.frames(first_needed(alignment, start, steady)))
            return mask_pictures(needed, alignment, size, source, options, steady=steady, start=start)

        rate = crops.info.frame_rate
        made = write_lossless(path, planned.job, alignment.size, rate, masks, count, progress)
    folder.finish(planned, [MASKS_FILE])
    return StageReport(path, count, made)


def paste_face_back(
    folder: FaceWorkFolder,
    footage: Footage,
    out: Path,
    *,
    crops: Footage | None = None,
    masked: bool = True,
    options: PasteOptions = USUAL_PASTE,
    codec: str | None = None,
    progress: Progress = silent,
) -> StageReport:
    """Stage 6, second half: the clip with the crops put back, of its size, frame times and sound.

    crops: edited ones, one for each crop of the folder, of any size (None: the folder's own); masked: by the folder's
    masks, else the whole square.
    """
    needs = (CROPS, MASKS) if masked else (CROPS,)
    given = {} if crops is None else {"edited": crops.fingerprint}
    planned = folder.plan("paste", needs, {**asdict(options), "codec": codec_for(out, codec)}, given)
    alignment, info = read_alignment(folder), footage.clip.info
    if crops is not None:
        check_crops(crops.clip, alignment)
    writer = SegmentedWriter(
        out, job=planned.job, width=info.width, height=info.height, frame_rate=info.frame_rate,
        codec=codec, audio_from=footage.clip.audio, time_base=info.time_base, segment_frames=SEGMENT_FRAMES,
    )  # fmt: skip
    with open_frames(folder.file(CROPS_FILE)) as own, writer:
        first = number = writer.resume_point.frames
        k = crops_before(alignment, first)
        edited = _pixels((own if crops is None else crops.clip).frames(k))
        with _opened_masks(folder, masked) as masks:
            shapes = None if masks is None else _pixels(masks.frames(k))
            for frame in pasted_frames(footage.clip, alignment, edited, shapes, options, start=first):
                writer.write(frame.pixels, frame.time)
                number += 1
                if writer.checkpoint_due:
                    writer.checkpoint({})
                progress(number, info.frame_count, partial(np.asarray, frame.pixels))
    return StageReport(out, number, number - first, writer.notes)


def read_tracks(folder: FaceWorkFolder) -> tuple[list[FaceTrack], int]:
    """The tracks that `detect_faces` found, and the number of the clip's frames."""
    tensors = load_tensors(folder.file(TRACK_FILE))
    count = int(tensors.pop("frames"))
    parts: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, _, part = name.partition(".")
        parts.setdefault(int(number), {})[part] = tensor
    return [track_from_tensors(parts[k]) for k in sorted(parts)], count


def read_alignment(folder: FaceWorkFolder) -> Alignment:
    """Where the crops that `align_face` cut lie."""
    return alignment_from_tensors(load_tensors(folder.file(ALIGNMENT_FILE)))


def write_lossless(
    path: Path,
    job: str,
    size: int,
    frame_rate: Fraction,
    pictures: Callable[[int], Iterator[Pixels]],
    total: int,
    progress: Progress,
) -> int:
    """Squares into an FFV1 file, on from where an earlier run stopped; returns how many were made."""
    with SegmentedWriter(
        path,
        job=job,
        width=size,
        height=size,
        frame_rate=frame_rate,
        codec="ffv1",
        segment_frames=SEGMENT_FRAMES,
    ) as writer:
        first = number = writer.resume_point.frames
        for picture in pictures(first):
            writer.write(picture)
            number += 1
            if writer.checkpoint_due:
                writer.checkpoint({})
            progress(number, total, partial(np.asarray, picture))
    return number - first


def _opened_masks(folder: FaceWorkFolder, masked: bool) -> AbstractContextManager[FrameReader | None]:
    return open_frames(folder.file(MASKS_FILE)) if masked else nullcontext()


def _pixels(frames: Iterator[VideoFrame]) -> Iterator[Pixels]:
    return (frame.pixels for frame in frames)


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """A safetensors file, whole or not there."""
    with writing(path):
        write_whole(path, safetensors.torch.save(dict(tensors)))


def load_tensors(path: Path) -> dict[str, Tensor]:
    """What `save_tensors` wrote. InputError where it is missing or damaged."""
    try:
        return safetensors.torch.load_file(path)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: missing or damaged; run the stage that makes it again") from error
