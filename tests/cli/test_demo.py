"""`maliang demo`, with tiny random weights in the place of the demo weights."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maliang_video import weights
from maliang_video.cli import main
from maliang_video.media.reader import open_frames
from maliang_video.models.vid2vid.generator import Vid2VidGenerator


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_generator: Vid2VidGenerator) -> None:
    """Weights of that name, which are found before those in the package."""
    folder = tmp_path / "models"
    folder.mkdir()
    weights.save(folder / "street.safetensors", tiny_generator, licence="CC0-1.0", source="random numbers")
    monkeypatch.setenv("MALIANG_MODELS", str(folder))


@pytest.mark.usefixtures("street")
def test_the_demo_makes_videos_and_a_sheet_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "demo"
    assert main(["demo", "--out", str(out), "--frames", "4"]) == 0
    videos = {"labels", "street-noon", "street-night", "trees-to-buildings", "side-by-side"}
    assert {path.name for path in out.iterdir()} == {*(f"{name}.mp4" for name in videos), "contact-sheet.png"}
    said = capsys.readouterr().out
    assert all(str(path) in said for path in out.iterdir())
    first = {}
    for name in videos:
        with open_frames(out / f"{name}.mp4") as frames:
            pictures = [frame.pixels for frame in frames]
        assert len(pictures) == 4
        first[name] = pictures[0].astype(int)
    assert first["labels"].shape == (128, 256, 3)
    assert first["side-by-side"].shape == (128, 512, 3)
    assert np.abs(first["side-by-side"][:, :250] - first["labels"][:, :250]).mean() < 6
    assert np.abs(first["street-noon"] - first["street-night"]).mean() > 1
    assert np.abs(first["street-noon"] - first["trees-to-buildings"]).mean() > 0.1
    assert Image.open(out / "contact-sheet.png").width > 4 * 256


@pytest.mark.usefixtures("street")
def test_a_folder_that_can_not_be_made_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert main(["demo", "--out", str(tmp_path / "file" / "demo")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("frames", ["3", "many", "-5"])
def test_a_demo_has_a_frame_for_every_column(frames: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["demo", f"--frames={frames}"])
    assert exit_.value.code == 2
    assert "give 4 or more" in capsys.readouterr().err
