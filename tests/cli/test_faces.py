"""`maliang faces`: from a clip and its landmarks to the clip with its crops put back."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from maliang_video.cli import main
from maliang_video.media.reader import open_frames
from maliang_video.media.writer import open_writer


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Eight frames of a ramp, and `landmarks` beside them: a face in the middle."""
    ramp = np.broadcast_to(np.linspace(20, 220, 72), (48, 72))
    with open_writer(
        tmp_path / "clip.mkv", width=72, height=48, frame_rate=Fraction(25), codec="ffv1"
    ) as writer:
        for number in range(8):
            writer.write(np.repeat((ramp + number)[..., None], 3, 2).astype(np.uint8))
    (tmp_path / "landmarks").mkdir()
    points = np.tile([36.0, 24.0], (68, 1))
    points[36:42], points[42:48] = (32, 21), (40, 21)
    points[48:51], points[51:60] = (33, 29), (39, 29)
    points[:17] = np.stack([np.linspace(27, 45, 17), 24 + 9 * np.sin(np.linspace(0, np.pi, 17))], 1)
    points[17:27, 1] = 18
    for number in range(8):
        np.savetxt(tmp_path / "landmarks" / f"{number}.txt", points, delimiter=",")
    return tmp_path / "clip.mkv"


def test_from_detection_to_the_pasted_clip(clip: Path, tmp_path: Path, capsys) -> None:
    work, out = str(tmp_path / "work"), tmp_path / "out.mkv"
    landmarks = str(tmp_path / "landmarks")
    detect = ["faces", "detect", "--footage", str(clip), "--work", work, "--landmarks", landmarks]
    assert main([*detect, "--show", str(tmp_path / "tracks.png")]) == 0
    assert main(["faces", "align", "--work", work, "--size", "32", "--smooth", "0,0", "--at", "36,24@3"]) == 0
    assert main(["faces", "mask", "--work", work, "--parts", "outline", "--outer", "100"]) == 0
    paste = ["faces", "paste", "--work", work, "--blend", "change", "--feather", "2"]
    assert main([*paste, "--out", str(out), "--codec", "ffv1"]) == 0
    said = capsys.readouterr().out
    assert f"{work}/track.safetensors: 1 face in 8 frames\n  0: frames 0 to 7, shown in 8\n" in said
    assert f"{work}/crops.mkv: 8 crops\n" in said
    assert f"{out}: 8 frames\n" in said
    with open_frames(clip) as before, open_frames(out) as after:
        for a, b in zip(before, after, strict=True):
            np.testing.assert_array_equal(a.pixels, b.pixels)
    assert main(["faces", "align", "--work", work, "--size", "32", "--smooth", "0,0", "--at", "36,24@3"]) == 0
    assert "8 crops, all there already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["align"], "run maliang faces detect first"),
        (["mask", "--parts", "outline"], "run maliang faces detect first"),
        (["paste", "--out", "x.mp4"], "run maliang faces detect first"),
        (["detect", "--footage", "nothing.mp4"], "nothing.mp4"),
    ],
)
def test_what_comes_too_early(arguments: list[str], sentence: str, tmp_path: Path, capsys) -> None:
    assert main(["faces", *arguments, "--work", str(tmp_path / "work")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert sentence in said


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--at", "here", "write for example 320,200"),
        ("--at", "1.2.3,4", "write for example 320,200"),
        ("--smooth", "1", "write for example 1,3"),
        ("--smooth", "-1,2", "write for example 1,3"),
        ("--size", "4", "16 or more"),
    ],
)
def test_arguments_that_are_none(option: str, value: str, sentence: str, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["faces", "align", "--work", "w", f"{option}={value}"])
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_the_clip_itself_is_not_overwritten(clip: Path, tmp_path: Path, capsys) -> None:
    work = str(tmp_path / "work")
    landmarks = str(tmp_path / "landmarks")
    assert main(["faces", "detect", "--footage", str(clip), "--work", work, "--landmarks", landmarks]) == 0
    assert main(["faces", "align", "--work", work, "--size", "32"]) == 0
    assert main(["faces", "paste", "--work", work, "--no-mask", "--out", str(clip)]) == 2
    assert "is one of the inputs" in capsys.readouterr().err
    assert main(["faces", "align", "--work", work, "--footage", str(tmp_path / "landmarks.mp4")]) == 2
    moved = tmp_path / "other.mkv"
    moved.write_bytes(clip.read_bytes()[:-40])
    assert main(["faces", "align", "--work", work, "--footage", str(moved)]) == 2
    assert "work folder of another clip" in capsys.readouterr().err
