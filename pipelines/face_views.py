"""Looking at the stages of a face: its tracks over the clip, its crops, its masks."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import InputError
from ..media.clip import ClipInfo
from ..media.outputs import prepare_file, settle, temporary_name, writing
from ..media.pictures import is_picture
from ..media.reader import open_frames
from ..models.faces.track import FaceTrack
from ..progress import Progress, silent
from .clips import write_clip
from .drawings import Footage
from .face_previews import marked_frame, marked_frames, mask_overlay, telling_frame
from .face_stages import CROPS, CROPS_FILE, MASKS, MASKS_FILE
from .face_workfolder import FaceWorkFolder

Pixels = NDArray[np.uint8]


def show_tracks(footage: Footage, tracks: list[FaceTrack], out: Path, progress: Progress = silent) -> None:
    """The faces with their numbers, squares and landmarks: a video, or one telling frame if `out` is a picture."""
    if not is_picture(out):
        info = footage.clip.info
        write_clip(
            marked_frames(footage, tracks), out, size=footage.size, frame_rate=info.frame_rate,
            total=info.frame_count, progress=progress,
        )  # fmt: skip
        return
    number = telling_frame(tracks)
    frame = next(footage.clip.frames(number), None)
    if frame is None:
        raise InputError(
            f"the clip has no frame {number}, in which faces were found; give the clip that they are of"
        )
    write_shown(marked_frame(frame.pixels, tracks, number), out)


def show_crops(folder: FaceWorkFolder, out: Path, progress: Progress = silent) -> None:
    """The crops of a work folder as a video for any player, or the first of them as a picture."""
    folder.require(CROPS)
    with open_frames(folder.file(CROPS_FILE)) as crops:
        _write((frame.pixels for frame in crops), out, crops.info, progress)


def show_masks(folder: FaceWorkFolder, out: Path, progress: Progress = silent) -> None:
    """The masks over the crops: content green, border red, the rest dark; a video, or the first of them."""
    folder.require(MASKS)
    with open_frames(folder.file(CROPS_FILE)) as crops, open_frames(folder.file(MASKS_FILE)) as masks:
        shown = (mask_overlay(crop.pixels, mask.pixels) for crop, mask in zip(crops, masks, strict=False))
        _write(shown, out, crops.info, progress)


def write_shown(pixels: Pixels, out: Path) -> None:
    """One picture, in the format of its ending."""
    prepare_file(out)
    temporary = temporary_name(out).with_suffix(out.suffix)
    with writing(out):
        try:
            Image.fromarray(pixels).save(temporary)
            settle(temporary, out)
        finally:
            temporary.unlink(missing_ok=True)


def _write(pictures: Iterator[Pixels], out: Path, info: ClipInfo, progress: Progress) -> None:
    if is_picture(out):
        write_shown(next(pictures), out)
        return
    size = info.height, info.width
    write_clip(
        pictures, out, size=size, frame_rate=info.frame_rate, total=info.frame_count, progress=progress
    )
