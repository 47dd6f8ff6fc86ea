"""Reading videos: exact times, exact seeking, windows, rotation, and files that mean harm."""

import io
import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.media import containers, limits
from maliang_video.media.clip import AudioWindow
from maliang_video.media.decoding import decoded_from, frame_times
from maliang_video.media.reader import open_frames

RATE = Fraction(24)
UNEVEN = [Fraction(int(t), 90_000) for t in np.cumsum([0, *[3000, 4500, 3001, 6000, 2999] * 8])]


@pytest.fixture
def shades():
    """41 frames, each of one grey that tells its number."""
    return [np.full((48, 64, 3), 40 + 5 * n, np.uint8) for n in range(41)]


def numbers(frames):
    return [round((int(frame.pixels[20, 20, 1]) - 40) / 5) for frame in frames]


def raw_clip(path, shades, codec, options, times=None):
    """A clip with key frames 12 apart, by PyAV alone."""
    base = Fraction(1, 90_000)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = base
        for number, shade in enumerate(shades):
            frame = av.VideoFrame.from_ndarray(shade, format="rgb24")
            frame.pts = round((times[number] if times else number / RATE) / base)
            frame.time_base = base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(params=["mp4", "ts", "avi", "mkv", "webm"])
def uneven_clip(request, tmp_path, shades):
    """A clip in every kind of container, with frames sent out of order where the codec does that."""
    codec = "libvpx-vp9" if request.param == "webm" else "libx264"
    options = {"g": "12", "crf": "10"} | ({"b:v": "0"} if request.param == "webm" else {})
    times = None if request.param == "avi" else UNEVEN
    return raw_clip(tmp_path / f"clip.{request.param}", shades, codec, options, times)


def test_seeking_gives_what_reading_from_the_start_gives(uneven_clip):
    with open_frames(uneven_clip) as reader:
        whole = list(reader)
        assert numbers(whole) == list(range(41))
        for start in (1, 11, 12, 13, 24, 37, 40, 41, 99):
            tail = list(reader.frames(start))
            assert [f.time for f in tail] == [f.time for f in whole[start:]]
            assert numbers(tail) == list(range(start, 41))


def test_seeking_does_not_decode_from_the_start(tmp_path, shades):
    path = raw_clip(tmp_path / "clip.mp4", shades, "libx264", {"g": "12", "crf": "10"})
    timed = decoded_from(path, 30 * 3750)
    assert next(timed).ticks == 30 * 3750
    assert list(frame_times(path)) == [n * 3750 for n in range(41)]


@pytest.mark.parametrize("ending", ["mp4", "ts"])
def test_uneven_times_are_exact(tmp_path, shades, ending):
    path = raw_clip(tmp_path / f"clip.{ending}", shades, "libx264", {"crf": "10"}, UNEVEN)
    with open_frames(path) as reader:
        assert [frame.time for frame in reader] == UNEVEN


def test_uneven_times_survive_reading_and_writing(tmp_path, shades, write_clip):
    base = Fraction(1, 30_011)  # no usual grid
    times = [Fraction(t, 30_011) for t in range(0, 41 * 997, 997)]
    times[7] += Fraction(13, 30_011)
    first = write_clip(tmp_path / "a.mp4", shades, times, time_base=base)
    with open_frames(first) as reader:
        assert reader.info.time_base == base
        again = write_clip(
            tmp_path / "b.mov", [f.pixels for f in reader], [f.time for f in reader], time_base=base
        )
    with open_frames(again) as reader:
        assert [frame.time for frame in reader] == times
        assert numbers(reader) == list(range(41))


def test_info(tmp_path, shades):
    with open_frames(raw_clip(tmp_path / "clip.mp4", shades, "libx264", {})) as reader:
        info = reader.info
    assert (info.width, info.height, info.frame_rate, info.frame_count) == (64, 48, RATE, 41)
    assert (info.duration, info.has_audio, info.codec) == (Fraction(41, 24), False, "h264")
    assert info.time_base == Fraction(1, 90_000)
    assert reader.audio is None


@settings(max_examples=20, deadline=None)
@given(start=st.integers(0, 40), frames=st.integers(1, 41), skip=st.integers(0, 5))
def test_a_window_is_a_slice(clip_of_shades, start, frames, skip):
    with open_frames(clip_of_shades, start_time=start / 24, duration=frames / 24) as reader:
        expected = list(range(41))[start : start + frames]
        assert numbers(reader.frames(skip)) == expected[skip:]
        assert next(iter(reader)).time == 0
        assert reader.info.frame_count is None


@pytest.fixture(scope="module")
def clip_of_shades(tmp_path_factory):
    shades = [np.full((48, 64, 3), 40 + 5 * n, np.uint8) for n in range(41)]
    return raw_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", shades, "libx264", {"g": "12", "crf": "10"})


def test_an_open_file_is_read_like_a_path(clip_of_shades):
    content = clip_of_shades.read_bytes()
    for source in (io.BytesIO(content), clip_of_shades.open("rb")):
        source.seek(17)  # somebody has read from it
        with source, open_frames(source, start_time=0.5, duration=0.25) as reader:
            assert numbers(reader) == list(range(12, 18))
            assert numbers(reader.frames(4)) == [16, 17]


def test_two_iterators_over_one_open_file_do_not_disturb_each_other(clip_of_shades):
    with open_frames(io.BytesIO(clip_of_shades.read_bytes())) as reader:
        pairs = list(zip(reader.frames(3), reader.frames(20), strict=False))
    assert numbers(a for a, _ in pairs) == list(range(3, 24))
    assert numbers(b for _, b in pairs) == list(range(20, 41))


def test_closing_ends_iterators(clip_of_shades):
    with open_frames(clip_of_shades) as reader:
        frames = iter(reader)
        next(frames)
    assert list(frames) == []


TURNS = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


@pytest.mark.parametrize("degrees", TURNS)
def test_rotation_is_applied(tmp_path, write_clip, degrees):
    """Phones store upright pictures lying, with a matrix in the track header that says so."""
    stored = np.zeros((48, 64, 3), np.uint8)
    stored[:24, :32] = (255, 0, 0)  # top left
    stored[:24, 32:] = (0, 255, 0)
    path = write_clip(tmp_path / "clip.mp4", [stored] * 2)
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44
    a, b, c, d = (value << 16 for value in TURNS[degrees])
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    with open_frames(path) as reader:
        pixels = next(iter(reader)).pixels
        assert (reader.info.height, reader.info.width) == pixels.shape[:2]
    clockwise = np.rot90(stored, -degrees // 90)
    assert pixels.shape == clockwise.shape
    assert np.abs(pixels.astype(int) - clockwise)[5:-5, 5:-5].mean() < 6


def test_sound_of_a_window(tmp_path, write_sound):
    path = write_sound(tmp_path / "clip.mp4", "aac")
    with open_frames(path, start_time=1.02) as reader:  # frame 24.48: the window begins with frame 25
        assert reader.info.has_audio
        assert reader.audio == AudioWindow(path, Fraction(25, 24))


# What can be wrong


def refused(source, sentence, **options):
    with pytest.raises(InputError, match=sentence):
        open_frames(source, **options)


def test_wrong_inputs_are_named(tmp_path, clip_of_shades, write_sound):
    text = tmp_path / "words.mp4"
    text.write_text("no video")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip_of_shades.read_bytes()[:-600])
    refused(tmp_path / "none.mp4", "none.mp4: no such file")
    refused(text, "words.mp4: not a video .* or damaged")
    refused(cut, "cut.mp4: a video without frames, or cut off before the first one")
    refused(clip_of_shades, "no frames in the window that starts at 9 seconds", start_time=9)
    refused(clip_of_shades, "can't start before second 0", start_time=-1)
    sound = tmp_path / "sound.wav"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    refused(sound, "sound.wav: has no video in it, only audio")


def test_a_video_without_frames(tmp_path):
    path = tmp_path / "empty.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        container.start_encoding()
    refused(path, "empty.mkv: a video without frames")


def test_damaged_packets_are_left_out_with_a_warning(tmp_path, shades, write_clip):
    path = write_clip(tmp_path / "clip.mkv", shades, codec="ffv1")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=r"clip.mkv: damaged; \d+ packets"), open_frames(path) as reader:
        assert len(list(reader)) in (39, 40)


def test_play_lists_open_nothing(tmp_path, clip_of_shades):
    """FFmpeg would follow them to other files and addresses, whatever their name."""
    lists = {
        "concat.mp4": f"ffconcat version 1.0\nfile '{clip_of_shades}'\n",
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{clip_of_shades}\n#EXT-X-ENDLIST\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        refused(tmp_path / name, f"{name}: not a video")
        refused(io.BytesIO(text.encode()), "not a video")


def test_a_path_is_never_an_address(tmp_path, clip_of_shades, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(f"concat:{clip_of_shades}", "no such file")
    refused("http://localhost/clip.mp4", "no such file")


def test_folders_and_devices_are_no_videos(tmp_path):
    refused("/dev/zero", "/dev/zero: not a file")
    with pytest.raises(InputError, match="the folder is empty"):
        open_frames(tmp_path)


def test_huge_frames_are_refused_before_they_are_decoded(clip_of_shades, monkeypatch):
    for module in (limits, containers):
        monkeypatch.setattr(module, "MAX_PIXELS", 64 * 48 - 1)
    refused(clip_of_shades, "a frame of 64x48 pixels is too large")


def test_decoders_know_the_limit(clip_of_shades, monkeypatch):
    """A stream may claim a small size and hold large frames."""
    monkeypatch.setattr(containers, "MAX_PIXELS", 64 * 48 - 1)
    refused(clip_of_shades, "can't be decoded")


def test_a_change_of_size_is_named(tmp_path, shades):
    big = [shade.repeat(2, 0) for shade in shades[:5]]
    parts = []
    for name, frames in (("a", shades[:5]), ("b", big)):
        with av.open(str(tmp_path / f"{name}.h264"), "w", format="h264") as container:
            stream = container.add_stream("libx264", rate=RATE)
            stream.height, stream.width = frames[0].shape[:2]
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode(None))
        parts.append((tmp_path / f"{name}.h264").read_bytes())
    path = tmp_path / "both.h264"
    path.write_bytes(b"".join(parts))
    with open_frames(path) as reader, pytest.raises(InputError, match="changes size from 64x48 to 64x96"):
        list(reader)
