"""What shows what was made: clips next to each other, a contact sheet.

Memory: one frame of every clip, plus the pictures of the sheet.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..errors import InputError
from ..media.reader import open_frames
from ..models.labels.frames import AnyStream, is_drawn
from .clips import label_colors, write_clip
from .drawings import write_drawing

Pixels = NDArray[np.uint8]

GROUND = (24, 24, 27)
"""Colour between the pictures of a contact sheet."""
MARGIN = 8
CAPTION = 20
"""Pixels above each row of a contact sheet, for its name."""


def write_side_by_side(clips: Sequence[Path], out: Path) -> None:
    """Clips of one height and frame rate next to each other, as long as the shortest of them."""
    with ExitStack() as open_clips:
        readers = [open_clips.enter_context(open_frames(clip)) for clip in clips]
        infos = [reader.info for reader in readers]
        heights = {info.height for info in infos}
        if len(heights) != 1:
            raise InputError(f"clips next to each other must be equally high, not {sorted(heights)} pixels")
        size = heights.pop(), sum(info.width for info in infos)
        together = (np.hstack([frame.pixels for frame in frames]) for frames in zip(*readers, strict=False))
        write_clip(together, out, size=size, frame_rate=infos[0].frame_rate)


def write_maps(maps: AnyStream, out: Path) -> Path:
    """The maps as people see them; returns the path of the video."""
    if is_drawn(maps):
        write_drawing(maps, out)
    else:
        write_clip(label_colors(maps), out, size=(maps.height, maps.width), frame_rate=maps.frame_rate)
    return out


def write_contact_sheet(
    rows: Sequence[tuple[str, Path]],
    moments: Sequence[int],
    out: Path,
    before: Mapping[str, Pixels] = MappingProxyType({}),
) -> None:
    """A picture with one named row for each clip: its frames at the numbers in `moments` (ascending, 0-based).

    before: by the name of a row, what is shown in front of it, scaled to a frame's size.
    """
    strips = [(name, pick_frames(clip, moments)) for name, clip in rows]
    cell_h, cell_w = strips[0][1][0].shape[:2]
    if before:
        empty = np.full((cell_h, cell_w, 3), GROUND, np.uint8)
        strips = [(name, [_fitted(before.get(name, empty), cell_h, cell_w), *row]) for name, row in strips]
    pitch = cell_h + CAPTION
    width = MARGIN + len(strips[0][1]) * (cell_w + MARGIN)
    sheet = Image.new("RGB", (width, len(strips) * pitch + MARGIN), GROUND)
    pen = ImageDraw.Draw(sheet)
    for row, (name, frames) in enumerate(strips):
        pen.text((MARGIN, row * pitch + 5), name, fill=(228, 228, 231))
        for column, frame in enumerate(frames):
            sheet.paste(Image.fromarray(frame), (MARGIN + column * (cell_w + MARGIN), row * pitch + CAPTION))
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        sheet.save(unfinished, format="PNG", optimize=True)
        os.replace(unfinished, out)
    finally:
        unfinished.unlink(missing_ok=True)


def _fitted(picture: Pixels, height: int, width: int) -> Pixels:
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def pick_frames(clip: Path, moments: Sequence[int]) -> list[Pixels]:
    """The frames of a clip at the numbers in `moments` (ascending, 0-based), uint8 `[h w 3]` RGB."""
    wanted = set(moments)
    with open_frames(clip) as frames:
        found = [frame.pixels for index, frame in enumerate(frames) if index in wanted]
    if len(found) != len(wanted):
        raise InputError(f"{clip}: ends before frame {max(moments)}")
    return found
