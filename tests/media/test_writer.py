"""Writing clips: sizes, times, names that appear only at the end, and disks that refuse."""

import errno
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from maliang_video.errors import InputError
from maliang_video.media.codecs import CODECS, codec_for, plan_video
from maliang_video.media.outputs import writing
from maliang_video.media.reader import open_frames
from maliang_video.media.writer import open_writer

RATE = Fraction(24)


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir())


def test_every_codec_keeps_number_size_and_times(codec, clip_path, write_clip, moving):
    frames = [moving(n, 160, 96) for n in range(12)]
    write_clip(clip_path, frames, codec=codec)
    with open_frames(clip_path) as reader:
        written = list(reader)
        assert (reader.info.width, reader.info.height) == (160, 96)
    assert leftovers(clip_path.parent) == [clip_path.name]
    grid = {".webm": 1000, ".mkv": 1000, ".gif": 100}.get(clip_path.suffix)
    expected = [n / RATE for n in range(12)]
    assert [f.time for f in written] == (
        expected if grid is None else [Fraction(round(t * grid), grid) for t in expected]
    )
    errors = [np.abs(w.pixels.astype(int) - f).mean() for w, f in zip(written, frames, strict=True)]
    assert max(errors) < (0.01 if codec in ("ffv1", "png") else 8)


def test_odd_sizes(codec, clip_path, write_clip, moving):
    """Codecs that have odd sizes give them back; the others store one column and row more, and say so."""
    frame = moving(0, 97, 75)
    with open_writer(clip_path, width=97, height=75, frame_rate=RATE, codec=codec) as writer:
        writer.write(frame)
    with open_frames(clip_path) as reader:
        pixels = next(iter(reader)).pixels
    padded = pixels.shape[:2] == (76, 98)
    assert padded == bool(writer.notes)
    assert padded == (plan_video(codec, 97, 75, RATE).padded)
    assert padded or pixels.shape[:2] == (75, 97)
    assert np.abs(pixels[:75, :97].astype(int) - frame).mean() < 16
    if codec in ("vp9", "ffv1", "prores", "gif", "png"):
        assert not padded
    if codec in ("h264", "h265"):
        assert "97x75 were made 98x76" in writer.notes[0]
        assert np.abs(pixels[75].astype(int) - pixels[74]).mean() < 16


@pytest.mark.parametrize("count", [1, 2, 3])
def test_clips_of_few_frames(codec, clip_path, write_clip, moving, count):
    write_clip(clip_path, [moving(n) for n in range(count)], codec=codec)
    with open_frames(clip_path) as reader:
        assert len(list(reader)) == count
        assert reader.info.duration is None or abs(reader.info.duration - Fraction(count, 24)) <= Fraction(
            1, 20
        )


def test_the_last_frame_lasts_as_long_as_the_others(tmp_path, write_clip, moving):
    for rate in (Fraction(24), Fraction(30000, 1001), Fraction(25, 2)):
        path = write_clip(tmp_path / "clip.mp4", [moving(n) for n in range(9)], frame_rate=rate)
        with open_frames(path) as reader:
            assert reader.info.frame_rate == rate
            assert reader.info.duration == 9 / rate


def test_times_must_rise(tmp_path, moving):
    with pytest.raises(ValueError, match="frame 1: its time 1/24 is not later than 1/24"):  # noqa: PT012, SIM117
        with open_writer(tmp_path / "a.mp4", width=96, height=64, frame_rate=RATE) as writer:
            writer.write(moving(0), Fraction(1, 24))
            writer.write(moving(1), Fraction(1, 24))
    assert leftovers(tmp_path) == []


def test_frames_must_fit(tmp_path):
    with pytest.raises(ValueError, match=r"expected uint8 \[64 96 3\], got float64 \[64, 96, 3\]"):  # noqa: SIM117
        with open_writer(tmp_path / "a.mp4", width=96, height=64, frame_rate=RATE) as writer:
            writer.write(np.zeros((64, 96, 3)))
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "folder"])
def test_nothing_appears_before_the_end(tmp_path, moving, name):
    path = tmp_path / name
    with open_writer(path, width=96, height=64, frame_rate=RATE) as writer:
        for number in range(20):
            writer.write(moving(number))
        assert not path.exists()
    assert path.exists()


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "folder"])
def test_an_error_leaves_what_was_there(tmp_path, write_clip, moving, name):
    path = tmp_path / name
    if path.suffix:
        write_clip(path, [moving(0)])
    before = path.read_bytes() if path.suffix else None
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117
        with open_writer(path, width=96, height=64, frame_rate=RATE) as writer:
            for number in range(20):
                writer.write(moving(number))
            raise KeyboardInterrupt
    assert leftovers(tmp_path) == ([name] if path.suffix else [])
    assert before is None or path.read_bytes() == before


def test_a_clip_without_frames_is_refused(tmp_path):
    for name in ("a.mp4", "folder"):
        with pytest.raises(InputError, match=f"{name}: no frames were written"):  # noqa: SIM117
            with open_writer(tmp_path / name, width=96, height=64, frame_rate=RATE):
                pass
    assert leftovers(tmp_path) == []


def test_codecs_by_ending():
    assert codec_for(Path("a.MP4")) == "h264"
    assert codec_for(Path("a.webm")) == "vp9"
    assert codec_for(Path("frames")) == "png"
    assert codec_for(Path("a.mkv"), "ffv1") == "ffv1"
    for path, codec, sentence in [
        ("a.webm", "h264", "a.webm: h264 can't be stored in a .webm file; use .mp4 or .mov or .mkv"),
        ("a.txt", None, "a.txt: no video is written to .txt files"),
        ("a.mp4", "mpeg1", "unknown codec 'mpeg1'; there are: h264"),
        ("a.mp4", "png", "a.mp4: png is written as a folder of pictures"),
        ("clip", "h264", "clip: h264 can't be stored in a nameless file"),
    ]:
        with pytest.raises(InputError, match=sentence):
            codec_for(Path(path), codec)


def test_plans_refuse_what_no_clip_has():
    for width, height, rate, sentence in [
        (0, 4, RATE, "0x4 pixels has nothing in it"),
        (90_000, 90_000, RATE, "too large"),
        (4, 4, Fraction(0), "give a frame rate between 0 and 1000"),
    ]:
        with pytest.raises(InputError, match=sentence):
            plan_video("h264", width, height, rate)


def test_grids_hold_frame_rates_exactly():
    for rate in (Fraction(24), Fraction(30000, 1001), Fraction(1, 3), Fraction(19001, 1000), Fraction(60)):
        plan = plan_video("h264", 64, 64, rate)
        assert (1 / rate / plan.time_base).denominator == 1


def test_an_encoder_that_refuses_is_named(tmp_path):
    with pytest.raises(InputError, match="h264 can't write 20000x2 pixels at 24 frames per second"):  # noqa: SIM117
        with open_writer(tmp_path / "a.mp4", width=20_000, height=2, frame_rate=RATE):
            pass
    assert leftovers(tmp_path) == []


def test_places_that_can_not_be_written_are_named_first(tmp_path, moving):
    (tmp_path / "file").write_text("words")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.png").write_text("somebody's")
    for path, sentence in [
        (tmp_path / "file" / "a.mp4", "a part of its path is a file|File exists"),
        (tmp_path / "full", "full: the folder is not empty; empty it or choose another name"),
        (tmp_path / "file", "file: is a file; give the name of a folder"),
    ]:
        with (
            pytest.raises(InputError, match=sentence),
            open_writer(path, width=96, height=64, frame_rate=RATE),
        ):
            pass
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(InputError, match=r"a.mp4: is a folder; give the name of a file in it"):  # noqa: SIM117
        with open_writer(tmp_path / "a.mp4", width=96, height=64, frame_rate=RATE):
            pass
    assert leftovers(tmp_path) == ["a.mp4", "file", "full"]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EROFS, "this disk can only be read; choose another folder"),
        (errno.EACCES, "no permission to write there; choose another folder"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_every_refusal_of_a_disk_is_one_sentence(number, sentence):
    with pytest.raises(InputError, match=f"out/a.mp4 could not be written: {sentence}.*; parts are kept"):  # noqa: SIM117
        with writing(Path("out/a.mp4"), "; parts are kept"):
            raise OSError(number, os.strerror(number))


def test_a_disk_that_refuses_at_the_start(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(InputError, match=r"a.mp4 could not be written: no permission to write there"):  # noqa: SIM117
        with open_writer(tmp_path / "a.mp4", width=96, height=64, frame_rate=RATE):
            pass


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "h264"), ("a.mkv", "ffv1"), ("a.gif", "gif"), ("a", "png")]
)
def test_a_file_that_may_not_grow(tmp_path, small_files, noise, name, codec):
    def run():
        with open_writer(tmp_path / name, width=96, height=64, frame_rate=RATE, codec=codec) as writer:
            for frame in noise:
                writer.write(frame)

    limit = 10_000 if codec == "png" else 100_000
    with (
        pytest.raises(InputError, match=f"{name} could not be written: the file grows larger"),
        small_files(limit),
    ):
        run()
    assert leftovers(tmp_path) == []


def test_files_are_whole_for_players(tmp_path, write_clip, moving):
    """The index lies in front, so that browsers can start; Apple's players get the tag that they look for."""
    content = write_clip(tmp_path / "a.mp4", [moving(n) for n in range(5)]).read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(write_clip(tmp_path / "b.mp4", [moving(0)], codec="h265"))) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"
    assert CODECS["h264"].pixel_format == "yuv420p"
