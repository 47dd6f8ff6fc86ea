"""`maliang fewshot` as a user types it: video, views and weights, one sentence for every mistake."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maliang_video import weights
from maliang_video.cli import main
from maliang_video.media.reader import open_frames

CANVAS = (60, 80)


@pytest.fixture
def files(tmp_path: Path, tiny_few_shot) -> Path:
    """A folder with a network, a driver's landmarks, and two pictures with theirs."""
    weights.save(tmp_path / "net.safetensors", tiny_few_shot(), licence="CC0-1.0", source="random numbers")
    for name, frames in (("driver", 3), ("marks", 2)):
        folder = tmp_path / name
        folder.mkdir()
        for number in range(frames):
            (folder / f"{number}.txt").write_text(landmarks(38.0 + number, len(name)), "utf-8")
    (tmp_path / "pictures").mkdir()
    for number in range(2):
        pixels = np.random.default_rng(number).integers(0, 255, (*CANVAS, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{number}.png")
    return tmp_path


def landmarks(x: float, seed: int) -> str:
    jaw = np.linspace(np.pi, 0, 17)
    inside = np.random.default_rng(seed).uniform(-0.6, 0.6, (51, 2))
    points = np.concatenate([np.stack([np.cos(jaw), 1.2 * np.sin(jaw)], 1), inside]) * 14 + (x, 25.0)
    return "\n".join(f"{a},{b}" for a, b in points.tolist())


def run(files: Path, out: str, *more: str, labels: str | None = "driver", marks: str | None = "marks") -> int:
    given = ["--exemplars", files / "pictures", "--weights", files / "net.safetensors", "--size", "32x32"]
    given += [] if labels is None else ["--labels", files / labels, "--canvas", "80x60"]
    given += [] if marks is None else ["--exemplar-landmarks", files / marks]
    return main(["fewshot", *map(str, given), "--out", str(files / out), "--device", "cpu", *more])


def test_pictures_become_video(files: Path, capsys) -> None:
    assert run(files, "out.mkv", "--codec", "ffv1", "--steady", "centred") == 0
    assert capsys.readouterr().out.endswith("out.mkv: 3 frames, 32x32, out of 2 exemplars\n")
    with open_frames(files / "out.mkv") as frames:
        shown = [frame.pixels for frame in frames]
    assert len(shown) == 3
    assert not np.array_equal(shown[0], shown[1])
    assert run(files, "one.mkv", "--codec", "ffv1", "--exemplar-frames", "1") == 0
    assert "out of 1 exemplar\n" in capsys.readouterr().out


@pytest.mark.parametrize(("view", "size"), [("attention", (32, 140)), ("warp", (104, 140))])
def test_how_the_network_does_it_is_shown(files: Path, capsys, view: str, size: tuple[int, int]) -> None:
    assert run(files, "view.mkv", "--show", view, "--codec", "ffv1") == 0
    assert f"{view} of every frame" in capsys.readouterr().out
    with open_frames(files / "view.mkv") as frames:
        assert [frame.pixels.shape[:2] for frame in frames] == [size] * 3


def test_weights_are_a_table_and_a_picture(files: Path, capsys) -> None:
    compared = ["--compare", str(files / "pictures" / "1.png")]
    compared += ["--compare-labels", str(files / "marks" / "1.txt")]
    assert run(files, "weights.png", "--show", "weights", *compared, labels=None) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].startswith("| size | weights of |")
    assert len(table) == 2 + 2 * 4
    assert Image.open(files / "weights.png").size == (4 * 176, 2 * 96)


@pytest.mark.parametrize(
    ("more", "labels", "marks", "sentence"),
    [
        ([], None, "marks", "--labels is missing"),
        (["--compare", "x.png"], "driver", "marks", "--compare belongs to --show weights"),
        (["--show", "warp", "--keep", "k"], "driver", "marks", "--keep belongs to --show video"),
        (["--show", "weights"], None, "marks", "give --out an ending .png"),
        (["--size", "30x32"], "driver", "marks", "the nearest size is 32x32"),
        (["--framing", "whole"], "driver", "marks", "would be stretched to 32x32"),
        ([], "driver", None, "landmarks of their faces are missing"),
        ([], "pictures", "marks", "holds no keypoints, but the network paints faces"),
        (["--exemplar-frames", "7"], "driver", "marks", "has no frame 7"),
    ],
)
def test_mistakes_are_one_sentence(files: Path, capsys, more, labels, marks, sentence) -> None:
    assert run(files, "out.mkv", *more, labels=labels, marks=marks) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (files / "out.mkv").exists()


def test_no_exemplars_are_refused_by_the_parser(files: Path, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["fewshot", "--labels", "x", "--weights", "y", "--out", "z.mp4", "--exemplars"])
    assert "expected at least one argument" in capsys.readouterr().err
