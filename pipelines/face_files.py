"""Faces without a work folder, for those who hand things on themselves: what a stage gives the next, and its files.

Each of these knows which clip it belongs to, so that it is never used with another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..media.clip import FrameReader
from ..media.reader import open_frames
from ..media.writer import open_writer
from ..models.faces.alignment import Smoothing
from ..models.faces.masks import MaskOptions
from ..models.faces.track import Alignment, FaceTrack, align_track, join_tracks
from ..models.faces.tracking import TrackingRules, choose_track
from ..progress import Progress, silent
from .clips import write_clip
from .drawings import Footage, Size
from .face_crops import PasteOptions, cut_crops, edge_note, pasted_frames
from .face_finder import FaceSource, find_tracks
from .face_masks import Foregrounds, mask_pictures
from .face_previews import marked_frame, mask_overlay, telling_frame
from .face_workfolder import fingerprint

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class FollowedFace:
    """One face of a clip."""

    track: FaceTrack
    clip: str
    """Fingerprint of the clip."""
    size: Size
    """(height, width) of its frames."""


@dataclass(frozen=True, eq=False)
class AlignedFace:
    """Where the crops of one face lie in a clip."""

    alignment: Alignment
    clip: str
    size: Size

    @property
    def fingerprint(self) -> str:
        """Of the crops' places."""
        places = [self.alignment.frames.tolist(), self.alignment.quads.round(6).tolist(), self.alignment.size]
        return fingerprint([self.clip, places])


@dataclass(frozen=True)
class MaskClip:
    """Masks of the crops of an `AlignedFace`, as a lossless clip."""

    path: Path
    aligned: str
    """Fingerprint of that."""


def follow_face(
    footage: Footage,
    source: FaceSource,
    *,
    faces: Sequence[int] = (),
    at: tuple[int, float, float] | None = None,
    max_gap: int,
    one_shot: bool,
    progress: Progress = silent,
) -> tuple[FollowedFace, Pixels]:
    """One face, and the frame that shows most faces with all of them marked. InputError as `tracking.choose_track`."""
    tracks, _ = find_tracks(
        footage, source, TrackingRules(max_gap=max_gap), one_shot=one_shot, progress=progress
    )
    chosen = join_tracks([tracks[k] for k in choose_track(tracks, faces, at)])
    number = telling_frame(tracks)
    frame = next(footage.clip.frames(number))
    return FollowedFace(chosen, footage.fingerprint, footage.size), marked_frame(frame.pixels, tracks, number)


def write_crops(
    footage: Footage,
    face: FollowedFace,
    out: Path,
    *,
    size: int,
    smoothing: Smoothing,
    scale: float = 1.0,
    exact: bool = False,
    progress: Progress = silent,
) -> tuple[AlignedFace, str | None]:
    """The crops of a face as a clip, and a sentence about a face that leaves the picture (None: it doesn't)."""
    _check_clip(footage, face.clip)
    alignment = align_track(face.track, size, smoothing, scale)
    write_clip(
        cut_crops(footage.clip, alignment, exact=exact),
        out,
        size=(size, size),
        frame_rate=footage.clip.info.frame_rate,
        total=len(alignment.frames),
        codec="ffv1",
        progress=progress,
    )
    return AlignedFace(alignment, face.clip, face.size), edge_note(alignment, face.size)


def write_masks(
    crops: FrameReader,
    aligned: AlignedFace,
    source: Foregrounds,
    out: Path,
    options: MaskOptions,
    *,
    steady: float,
    progress: Progress = silent,
) -> MaskClip:
    """The masks of the crops as a lossless clip. InputError for a frame without a face in its crop."""
    alignment = aligned.alignment
    pictures = (frame.pixels for frame in crops)
    masks = mask_pictures(pictures, alignment, aligned.size, source, options, steady=steady)
    write_clip(
        masks,
        out,
        size=(alignment.size, alignment.size),
        frame_rate=crops.info.frame_rate,
        total=len(alignment.frames),
        codec="ffv1",
        progress=progress,
    )
    return MaskClip(out, aligned.fingerprint)


def write_overlays(crops: FrameReader, masks: MaskClip, out: Path) -> None:
    """The masks over the crops, for people."""
    with open_frames(masks.path) as shapes:
        shown = (mask_overlay(crop.pixels, mask.pixels) for crop, mask in zip(crops, shapes, strict=False))
        size = shapes.info.height, shapes.info.width
        write_clip(shown, out, size=size, frame_rate=shapes.info.frame_rate)


def write_pasted(
    footage: Footage,
    aligned: AlignedFace,
    crops: FrameReader,
    masks: MaskClip | None,
    out: Path,
    options: PasteOptions,
    *,
    codec: str,
    progress: Progress = silent,
) -> None:
    """The clip with the crops put back, of its size, frame times and sound."""
    _check_clip(footage, aligned.clip)
    if masks is not None and masks.aligned != aligned.fingerprint:
        raise InputError("the masks are those of other crops; make them of the crops that are pasted")
    clip, info = footage.clip, footage.clip.info
    writer = open_writer(
        out, width=info.width, height=info.height, frame_rate=info.frame_rate, codec=codec, audio_from=clip.audio,
        time_base=info.time_base,
    )  # fmt: skip
    edited = (frame.pixels for frame in crops)
    with writer:
        frames = pasted_frames(clip, aligned.alignment, edited, _opened(masks), options)
        for number, frame in enumerate(frames, 1):
            writer.write(frame.pixels, frame.time)
            progress(number, info.frame_count, partial(np.asarray, frame.pixels))


def _opened(masks: MaskClip | None) -> Iterator[Pixels] | None:
    """The pictures of a clip of masks; it is closed with the iterator."""
    if masks is None:
        return None

    def pictures(path: Path) -> Iterator[Pixels]:
        with open_frames(path) as clip:
            yield from (frame.pixels for frame in clip)

    return pictures(masks.path)


def _check_clip(footage: Footage, clip: str) -> None:
    if footage.fingerprint != clip:
        raise InputError("the frames are those of another clip than the face was found in; give that clip")
