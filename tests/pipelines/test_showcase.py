"""Clips next to each other, contact sheets."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.media.reader import open_frames
from maliang_video.media.writer import open_writer
from maliang_video.pipelines.showcase import (
    CAPTION,
    GROUND,
    MARGIN,
    pick_frames,
    write_contact_sheet,
    write_side_by_side,
)


def clip(path: Path, values: list[int], height: int = 16, width: int = 24) -> Path:
    with open_writer(path, width=width, height=height, frame_rate=10, codec="ffv1") as writer:
        for value in values:
            writer.write(np.full((height, width, 3), value, np.uint8))
    return path


def test_clips_stand_next_to_each_other_as_long_as_the_shortest(tmp_path: Path) -> None:
    left = clip(tmp_path / "a.mkv", [10, 20, 30])
    right = clip(tmp_path / "b.mkv", [200, 210], width=8)
    write_side_by_side([left, right], tmp_path / "both.mp4")
    with open_frames(tmp_path / "both.mp4") as frames:
        assert frames.info.frame_rate == 10
        pictures = np.stack([frame.pixels for frame in frames]).astype(int)
    assert pictures.shape == (2, 16, 32, 3)
    assert np.abs(pictures[:, :, :22].mean((1, 2, 3)) - [10, 20]).max() < 3
    assert np.abs(pictures[:, :, 26:].mean((1, 2, 3)) - [200, 210]).max() < 3


def test_clips_of_differing_heights_are_refused(tmp_path: Path) -> None:
    clips = [clip(tmp_path / "a.mkv", [1]), clip(tmp_path / "b.mkv", [1], height=20)]
    with pytest.raises(InputError, match=r"equally high, not \[16, 20\] pixels"):
        write_side_by_side(clips, tmp_path / "both.mp4")
    assert not (tmp_path / "both.mp4").exists()


def test_a_contact_sheet_may_show_something_before_a_row(tmp_path: Path) -> None:
    rows = [("first", clip(tmp_path / "a.mkv", [10, 20])), ("second", clip(tmp_path / "b.mkv", [50, 60]))]
    before = {"second": np.full((32, 48, 3), 200, np.uint8)}
    write_contact_sheet(rows, [1], tmp_path / "sheet.png", before)
    sheet = np.array(Image.open(tmp_path / "sheet.png")).astype(int)
    assert sheet.shape == (2 * (16 + CAPTION) + MARGIN, MARGIN + 2 * (24 + MARGIN), 3)
    empty, shown, frame = (
        sheet[top : top + 16, left : left + 24]
        for top, left in (
            (CAPTION, MARGIN),
            (16 + 2 * CAPTION, MARGIN),
            (16 + 2 * CAPTION, 2 * MARGIN + 24),
        )
    )
    assert (empty == GROUND).all()
    assert (shown == 200).all()
    assert np.abs(frame - 60).max() < 3


def test_a_contact_sheet_shows_each_clip_at_each_moment(tmp_path: Path) -> None:
    rows = [
        ("first", clip(tmp_path / "a.mkv", [10, 20, 30])),
        ("second", clip(tmp_path / "b.mkv", [50, 60, 70])),
    ]
    write_contact_sheet(rows, [0, 2], tmp_path / "sheet.png")
    sheet = np.array(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (2 * (16 + CAPTION) + MARGIN, MARGIN + 2 * (24 + MARGIN), 3)
    corners = [
        (CAPTION, MARGIN),
        (CAPTION, 2 * MARGIN + 24),
        (16 + 2 * CAPTION, MARGIN),
        (16 + 2 * CAPTION, 40),
    ]
    shown = [np.unique(sheet[y : y + 16, x : x + 24]).tolist() for y, x in corners]
    assert shown == [[10], [30], [50], [70]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv", "b.mkv", "sheet.png"]


def test_moments_after_the_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ends before frame 3"):
        pick_frames(clip(tmp_path / "a.mkv", [1, 2, 3]), [0, 3])
