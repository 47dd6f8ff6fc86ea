"""The source's sound beside new pictures."""

from fractions import Fraction

import av
import numpy as np
import pytest

from maliang_video.errors import InputError
from maliang_video.media.clip import AudioWindow
from maliang_video.media.reader import open_frames
from maliang_video.media.writer import open_writer

RATE = Fraction(24)


def packets(path):
    """(seconds, bytes) of every packet of sound."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return [(p.pts * p.time_base, bytes(p)) for p in container.demux(stream) if p.size]


def loudness(path):
    """Seconds of sound, and its amplitude in every tenth of a second."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        wave = np.concatenate([frame.to_ndarray()[0] for frame in decoded(container, stream)])
    tenth = stream.rate // 10
    whole = wave[: wave.size // tenth * tenth].reshape(-1, tenth)
    return wave.size / stream.rate, np.abs(whole).max(1)


def decoded(container, stream):
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=stream.rate)
    for frame in container.decode(stream):
        yield from resampler.resample(frame)


def copy(path, audio, frames, **options):
    with open_writer(path, width=64, height=48, frame_rate=RATE, audio_from=audio, **options) as writer:
        for _ in range(frames):
            writer.write(np.zeros((48, 64, 3), np.uint8))
    return writer.notes


@pytest.fixture(scope="module")
def aac(tmp_path_factory, write_sound):
    return write_sound(tmp_path_factory.mktemp("sound") / "source.mp4", "aac")


@pytest.fixture(scope="module")
def opus(tmp_path_factory, write_sound):
    return write_sound(tmp_path_factory.mktemp("sound") / "source.webm", "libopus")


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.mkv"])
def test_sound_is_copied_bit_by_bit(tmp_path, aac, name):
    notes = copy(tmp_path / name, aac, 72)
    assert notes == ()
    source, result = packets(aac), packets(tmp_path / name)
    heard = source if name != "out.mkv" else source[1:]  # MKV has no place for what comes before the sound
    assert [content for _, content in result] == [content for _, content in heard][: len(result)]
    assert 3 - float(result[-1][0]) < 0.06
    assert abs(result[10][0] - heard[10][0]) <= Fraction(1, 1000)


def test_sound_is_cut_to_the_window(tmp_path, aac):
    """The third second is four times as loud as the first."""
    with open_frames(aac, start_time=1.5, duration=1) as reader:
        copy(tmp_path / "out.mp4", reader.audio, 24)
    seconds, levels = loudness(tmp_path / "out.mp4")
    assert abs(seconds - 1) < 0.06
    assert levels[1:4] == pytest.approx(0.2, rel=0.1)
    assert levels[6:9] == pytest.approx(0.4, rel=0.1)
    source = {content for _, content in packets(aac)}
    assert all(content in source for _, content in packets(tmp_path / "out.mp4"))


def test_sound_ends_with_the_pictures(tmp_path, aac):
    copy(tmp_path / "out.mp4", aac, 12)
    assert abs(loudness(tmp_path / "out.mp4")[0] - 0.5) < 0.06


def test_a_clip_longer_than_its_sound(tmp_path, aac):
    copy(tmp_path / "out.mp4", aac, 96)
    assert abs(loudness(tmp_path / "out.mp4")[0] - 3) < 0.06


def test_sound_lies_beside_the_pictures(tmp_path, aac):
    """A file whose sound came last would make players seek."""
    copy(tmp_path / "out.mp4", aac, 72)
    with av.open(str(tmp_path / "out.mp4")) as container:
        kinds = [p.stream.type for p in container.demux() if p.size]
    first_half = kinds[: len(kinds) // 2]
    assert first_half.count("audio") == pytest.approx(kinds.count("audio") / 2, rel=0.3)


@pytest.mark.parametrize(
    ("source", "codec", "target", "held"),
    [
        ("s.mov", "pcm_s16le", "o.mp4", "aac"),
        ("s.mp4", "aac", "o.webm", "libopus"),
        ("s.webm", "libopus", "o.mov", "aac"),
    ],
)
def test_sound_that_the_file_can_not_hold_is_encoded_anew(tmp_path, write_sound, source, codec, target, held):
    path = write_sound(tmp_path / source, codec)
    notes = copy(tmp_path / target, AudioWindow(path, Fraction(1)), 48)
    assert len(notes) == 1
    assert f"was re-encoded as {held}" in notes[0]
    seconds, levels = loudness(tmp_path / target)
    assert abs(seconds - 2) < 0.1
    assert levels[2:8] == pytest.approx(0.2, rel=0.15)
    assert levels[12:18] == pytest.approx(0.4, rel=0.15)


@pytest.mark.parametrize("name", ["o.webm", "o.mp4"])
def test_opus_is_copied(tmp_path, opus, name):
    assert copy(tmp_path / name, opus, 72) == ()
    contents = [content for _, content in packets(tmp_path / name)]
    assert contents == [content for _, content in packets(opus)][: len(contents)]


def test_files_without_sound_say_so(tmp_path, aac, write_clip):
    assert "a gif file holds no sound" in copy(tmp_path / "o.gif", aac, 2)[0]
    assert "a folder of pictures holds no sound" in copy(tmp_path / "o", aac, 2)[0]
    silent = write_clip(tmp_path / "silent.mp4", [np.zeros((48, 64, 3), np.uint8)])
    assert copy(tmp_path / "o.mp4", silent, 2) == ()
    with pytest.raises(InputError, match=r"gone.mp4: no such file"):
        copy(tmp_path / "o.mp4", tmp_path / "gone.mp4", 2)


def test_damaged_sound_ends_where_it_is_damaged(tmp_path, write_sound):
    source = write_sound(tmp_path / "s.mkv", "aac")
    content = source.read_bytes()
    source.write_bytes(content[: len(content) // 2])
    copy(tmp_path / "o.mp4", source, 72)
    seconds, _ = loudness(tmp_path / "o.mp4")
    assert 0.5 < seconds < 2.9
    with open_frames(tmp_path / "o.mp4") as reader:
        assert len(list(reader)) == 72
