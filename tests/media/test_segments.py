"""Writing that can be killed at any moment and goes on."""

import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

import maliang_video
from maliang_video.errors import InputError
from maliang_video.media import segments
from maliang_video.media.reader import open_frames
from maliang_video.media.segments import ResumePoint, SegmentedWriter

RATE = Fraction(24)
FRAMES = 29


class StoppedError(Exception):
    """What the user's Ctrl-C stands for."""


@pytest.fixture
def make(moving):
    """Write a clip from where it stands; `stop` is the number of the frame before which it is interrupted."""

    def run(path, stop=None, job="job", frames=FRAMES, times=None, **options):
        with SegmentedWriter(
            path, job=job, width=96, height=64, frame_rate=RATE, segment_frames=8, **options
        ) as writer:
            done, state = writer.resume_point
            assert ("next" in state) == (done > 0)
            if done:
                assert int(state["next"]) == done
            for number in range(done, frames):
                if number == stop:
                    raise StoppedError
                writer.write(moving(number), times[number] if times else None)
                if writer.checkpoint_due:
                    writer.checkpoint(
                        {"next": torch.tensor(number + 1), "past": torch.full((2, 3), number / 2)}
                    )
        return done, writer.notes

    return run


def interrupted(make, path, stops, **options):
    for stop in stops:
        with pytest.raises(StoppedError):
            make(path, stop, **options)
        assert not path.exists()
    return make(path, **options)[0]


def read(path):
    with open_frames(path) as reader:
        return [(frame.time, frame.pixels) for frame in reader]


def assert_same(first, second):
    one, two = read(first), read(second)
    assert [time for time, _ in one] == [time for time, _ in two]
    assert len(one) == FRAMES
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(one, two, strict=True))


def parts_of(path):
    return path.with_name(path.name + ".parts")


def test_an_interrupted_clip_is_the_clip_that_was_not(codec, clip_path, make):
    whole = clip_path.with_name("whole" + clip_path.suffix)
    make(whole, codec=codec)
    assert interrupted(make, clip_path, [3, 13, 26], codec=codec) == 24
    assert_same(clip_path, whole)
    assert sorted(p.name for p in clip_path.parent.iterdir()) == sorted([whole.name, clip_path.name])


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_the_join_is_the_clip_that_a_plain_writer_makes(tmp_path, make, moving, write_clip, name):
    """The times are continuous, the rate and the duration are right: nothing tells where parts were joined."""
    make(tmp_path / name)
    plain = write_clip(tmp_path / f"plain{name[-4:]}", [moving(n) for n in range(FRAMES)])
    with open_frames(tmp_path / name) as joined, open_frames(plain) as reference:
        assert joined.info == reference.info
        assert [f.time for f in joined] == [f.time for f in reference]
        for frame, other in zip(joined, reference, strict=True):
            assert np.abs(frame.pixels.astype(int) - other.pixels).mean() < 8


def test_uneven_times_survive_joining(tmp_path, make):
    times = [
        Fraction(int(t), 90_000) for t in np.random.default_rng(1).integers(200, 20_000, FRAMES).cumsum()
    ]
    interrupted(make, tmp_path / "clip.mp4", [20], times=times)
    assert [time for time, _ in read(tmp_path / "clip.mp4")] == [t - times[0] for t in times]


def test_packets_are_copied_not_encoded_again(tmp_path, make, monkeypatch):
    """Lossless input to the join, and an encoder that must not be asked."""
    with pytest.raises(StoppedError):
        make(tmp_path / "clip.mp4", 24)
    parts = [p.read_bytes() for p in sorted(parts_of(tmp_path / "clip.mp4").glob("*.video"))]
    assert len(parts) == 3
    monkeypatch.setattr(segments, "check_frame", lambda *_: pytest.fail("no frame is written again"))
    make(tmp_path / "clip.mp4", frames=24)
    content = (tmp_path / "clip.mp4").read_bytes()
    assert len(content) < sum(map(len, parts)) + 10_000


def test_sound_is_joined_too(tmp_path, make, write_sound):
    source = write_sound(tmp_path / "source.mp4", "aac")
    interrupted(make, tmp_path / "clip.mp4", [13], audio_from=source)
    with open_frames(tmp_path / "clip.mp4") as reader:
        assert reader.info.has_audio
        assert reader.info.duration == Fraction(FRAMES, 24)
    _, notes = make(tmp_path / "clip.gif", audio_from=source)
    assert "holds no sound" in notes[0]


def test_missing_sound_is_named_before_the_work(tmp_path):
    gone = tmp_path / "gone.mp4"
    with pytest.raises(InputError, match=r"gone.mp4: no such file"):
        SegmentedWriter(tmp_path / "clip.mp4", job="j", width=96, height=64, frame_rate=RATE, audio_from=gone)


def test_a_job_that_changed_starts_afresh(tmp_path, make):
    path = tmp_path / "clip.mp4"
    with pytest.raises(StoppedError):
        make(path, 20)
    assert make(path, job="another")[0] == 0
    with pytest.raises(StoppedError):
        make(path, 20, codec="h264")
    assert make(path, codec="h265")[0] == 0


def test_resume_point_before_and_after_checkpoints(tmp_path, moving):
    options = {"job": "j", "width": 96, "height": 64, "frame_rate": RATE, "segment_frames": 2}
    with pytest.raises(StoppedError), SegmentedWriter(tmp_path / "a.mp4", **options) as writer:  # noqa: PT012
        assert writer.resume_point == ResumePoint(0, {})
        writer.write(moving(0))
        assert not writer.checkpoint_due
        writer.write(moving(1))
        assert writer.checkpoint_due
        half = torch.tensor([1.5, float("nan")], dtype=torch.bfloat16)
        writer.checkpoint({"x": half.expand(3, 2), "y": torch.zeros(0)})
        assert not writer.checkpoint_due
        raise StoppedError
    with pytest.raises(StoppedError), SegmentedWriter(tmp_path / "a.mp4", **options) as writer:  # noqa: PT012
        done, state = writer.resume_point
        assert done == 2
        assert state["x"].dtype == torch.bfloat16
        torch.testing.assert_close(state["x"], half.expand(3, 2), equal_nan=True)
        assert state["y"].shape == (0,)
        raise StoppedError


def test_nothing_is_left_if_nothing_was_safe(tmp_path, make):
    with pytest.raises(StoppedError):
        make(tmp_path / "clip.mp4", 5)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="no frames were written"):
        make(tmp_path / "clip.mp4", frames=0)
    assert list(tmp_path.iterdir()) == []


DAMAGE = {
    "a part is cut": lambda parts: cut(next(iter(sorted(parts.glob("*.video"))))),
    "a part is gone": lambda parts: next(iter(parts.glob("*.video"))).unlink(),
    "times are gone": lambda parts: next(iter(parts.glob("*.times.json"))).unlink(),
    "the state is cut": lambda parts: cut(next(iter(parts.glob("state-*")))),
    "the manifest is no JSON": lambda parts: cut(parts / "manifest.json"),
    "the manifest is of another kind": lambda parts: (parts / "manifest.json").write_text("[1, 2]"),
    "the manifest names files elsewhere": lambda parts: (parts / "manifest.json").write_text(
        (parts / "manifest.json").read_text().replace("part-00000000.video", "../a.video")
    ),
}


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_work_starts_afresh(tmp_path, make, damage):
    path, whole = tmp_path / "clip.mp4", tmp_path / "whole.mp4"
    with pytest.raises(StoppedError):
        make(path, 20)
    DAMAGE[damage](parts_of(path))
    assert make(path)[0] == 0
    make(whole)
    assert_same(path, whole)


def test_missing_pictures_start_afresh(tmp_path, make):
    with pytest.raises(StoppedError):
        make(tmp_path / "clip", 20)
    (parts_of(tmp_path / "clip") / "pictures" / "000003.png").unlink()
    assert make(tmp_path / "clip")[0] == 0
    assert len(list((tmp_path / "clip").iterdir())) == FRAMES


def test_what_a_crash_left_behind_is_removed(tmp_path, make):
    path = tmp_path / "clip.mp4"
    with pytest.raises(StoppedError):
        make(path, 20)
    for name in (
        "part-00000016.unfinished",
        "part-00000016.video",
        "joined.unfinished",
        ".manifest.json.1a.part",
    ):
        (parts_of(path) / name).write_text("half")
    with pytest.raises(StoppedError):
        make(path, 20)
    assert sorted(p.name for p in parts_of(path).iterdir()) == [
        "manifest.json",
        "part-00000000.times.json",
        "part-00000000.video",
        "part-00000008.times.json",
        "part-00000008.video",
        "state-00000016.safetensors",
    ]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path, make):
    parts = parts_of(tmp_path / "clip.mp4")
    parts.mkdir()
    (parts / "thesis.txt").write_text("ten years")
    with pytest.raises(
        InputError, match=r"clip.mp4.parts: is needed for unfinished work but holds other files"
    ):
        make(tmp_path / "clip.mp4")
    assert (parts / "thesis.txt").read_text() == "ten years"


def test_the_result_replaces_an_older_one_only_at_the_end(tmp_path, make):
    path = tmp_path / "clip.mp4"
    path.write_text("older")
    with pytest.raises(StoppedError):
        make(path, 20)
    assert path.read_text() == "older"
    make(path)
    assert len(read(path)) == FRAMES


KILLED = """
import sys
from fractions import Fraction
import numpy as np
import torch
from maliang_video.media.segments import SegmentedWriter

def frame(number):
    y, x = np.mgrid[:64, :96]
    channels = [x * 2 + number * 5, y * 3 + number * 7, x + y + number * 3]
    return (np.stack(channels, -1) % 256).astype(np.uint8)

path, wait_at = sys.argv[1], int(sys.argv[2])
with SegmentedWriter(path, job="job", width=96, height=64, frame_rate=Fraction(24), segment_frames=8) as writer:
    done, state = writer.resume_point
    for number in range(done, 29):
        if number == wait_at:
            print("there", flush=True)
            sys.stdin.read()
        writer.write(frame(number))
        if writer.checkpoint_due:
            writer.checkpoint({"next": torch.tensor(number + 1)})
print("resumed at", done)
"""


def start_process(path, wait_at):
    environment = os.environ | {"PYTHONPATH": str(Path(maliang_video.__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), str(wait_at)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_process_leaves_no_clip_and_its_successor_goes_on(tmp_path, make):
    path, whole = tmp_path / "clip.mp4", tmp_path / "whole.mp4"
    with start_process(path, 21) as process:
        assert process.stdout.readline() == "there\n"
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not path.exists()
    with start_process(path, -1) as process:
        assert process.communicate(timeout=120)[0] == "resumed at 16\n"
    assert not parts_of(path).exists()
    make(whole)
    assert_same(path, whole)


def test_a_full_disk_keeps_what_is_finished(tmp_path, small_files, noise):
    """The parts fit, their join does not: as on a disk that fills up at the end."""
    path = tmp_path / "clip.mkv"

    def run():
        with SegmentedWriter(
            path, job="j", width=96, height=64, frame_rate=RATE, segment_frames=10, codec="ffv1"
        ) as writer:
            done = writer.resume_point.frames
            for frame in noise[done:]:
                writer.write(frame)
                if writer.checkpoint_due:
                    writer.checkpoint({})
        return done

    kept = rf"clip.mkv could not be written: the file .*\(30 frames are kept in {parts_of(path)}; the same call again"
    with pytest.raises(InputError, match=kept), small_files(400_000):
        run()
    assert not path.exists()
    assert run() == 30
    assert len(read(path)) == 30
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mkv"]
