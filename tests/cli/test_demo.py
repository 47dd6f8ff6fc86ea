"""`maliang demo`, with tiny random weights in the place of the demo weights."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from maliang_video import weights
from maliang_video.cli import demo, main
from maliang_video.cli.demo_fewshot import FEW_SHOT_SHOWS, lack_of_weights
from maliang_video.media.reader import open_frames
from maliang_video.models.fewshot.generator import FewShotGenerator
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.training.fewshot_clips import HELD_OUT
from maliang_video.training.recipes import FEWSHOT_RECIPES
from maliang_video.training.worlds import open_world
from maliang_video.training.worlds.street import StreetWorld


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_generator: Vid2VidGenerator) -> None:
    save_as("street", tiny_generator, tmp_path, monkeypatch)


def save_as(
    name: str, generator: Vid2VidGenerator | FewShotGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights of that name, which are found before those in the package."""
    folder = tmp_path / "models"
    folder.mkdir()
    weights.save(folder / f"{name}.safetensors", generator, licence="CC0-1.0", source="random numbers")
    monkeypatch.setenv("MALIANG_MODELS", str(folder))


def first_of_four(video: Path) -> NDArray[np.int64]:
    """Its first picture; it must have four."""
    with open_frames(video) as frames:
        pictures = [frame.pixels for frame in frames]
    assert len(pictures) == 4
    return pictures[0].astype(int)


@pytest.mark.usefixtures("street")
def test_the_demo_makes_videos_and_a_sheet_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "street", "--out", str(tmp_path / "demo"), "--frames", "4"]) == 0
    out = tmp_path / "demo" / "street"
    videos = {"maps", "noon", "night", "vegetation-to-building", "side-by-side"}
    assert {path.name for path in out.iterdir()} == {*(f"{name}.mp4" for name in videos), "contact-sheet.png"}
    said = capsys.readouterr().out
    assert all(str(path) in said for path in out.iterdir())
    first = {name: first_of_four(out / f"{name}.mp4") for name in videos}
    assert first["maps"].shape == (128, 256, 3)
    assert first["side-by-side"].shape == (128, 512, 3)
    assert np.abs(first["side-by-side"][:, :250] - first["maps"][:, :250]).mean() < 6
    assert np.abs(first["noon"] - first["night"]).mean() > 1
    assert np.abs(first["noon"] - first["vegetation-to-building"]).mean() > 0.1
    assert Image.open(out / "contact-sheet.png").width > 4 * 256


@pytest.mark.parametrize(("name", "channels", "size"), [("face", 15, (128, 128)), ("dancer", 6, (192, 128))])
def test_people_are_painted_from_drawn_maps(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_generator: Vid2VidGenerator,
    name: str,
    channels: int,
    size: tuple[int, int],
) -> None:
    config = replace(tiny_generator.config, palette="", label_classes=channels, edges=False, things=())
    save_as(name, Vid2VidGenerator(config), tmp_path, monkeypatch)
    assert main(["demo", name, "--out", str(tmp_path / "demo"), "--frames", "4"]) == 0
    out = tmp_path / "demo" / name
    videos = {path.stem for path in out.glob("*.mp4")}
    assert videos == {"maps", *config.style_names, "side-by-side"}
    maps = first_of_four(out / "maps.mp4")
    assert maps.shape == (*size, 3)
    assert maps.max() > 150, "something is drawn"


FEW = {
    "fewshot-face": ("face", 1, ""),
    "fewshot-dancer": ("pose", 6, ""),
    "fewshot-street": ("street", 20, "cityscapes_fewshot"),
}
"""Kind, channels and palette of the network of each demo."""


@pytest.mark.parametrize("name", FEW)
def test_subjects_that_nobody_trained_on_do_what_the_driver_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_few_shot: Callable[..., FewShotGenerator], name: str
) -> None:
    save_as(name, tiny_few_shot(*FEW[name]), tmp_path, monkeypatch)
    what = FEW_SHOT_SHOWS[name]
    few = {subject: what.subjects[subject] for subject in (*what.subjects,)[:: len(what.subjects) - 1]}
    monkeypatch.setitem(demo.FEW_SHOT_SHOWS, name, replace(what, subjects=few))
    assert main(["demo", name, "--out", str(tmp_path / "demo"), "--frames", "4"]) == 0
    out = tmp_path / "demo" / name
    videos = {path.stem: first_of_four(path) for path in out.glob("*.mp4")}
    first, second = (subject.replace(" ", "-") for subject in few)
    assert videos.keys() == {"maps", "motion", "side-by-side", first, second}
    height, width = videos["maps"].shape[:2]
    assert videos["side-by-side"].shape == (height, 4 * width, 3)
    assert np.abs(videos[first] - videos[second]).mean() > 1, "they are different subjects"
    assert np.abs(videos["motion"] - videos["maps"]).mean() > 5
    with Image.open(out / "contact-sheet.png") as sheet:
        assert sheet.width > 5 * width, "the exemplar is in front of four moments"


def test_subjects_of_the_demos_are_never_trained_on() -> None:
    for name, what in FEW_SHOT_SHOWS.items():
        recipe = FEWSHOT_RECIPES[what.recipe]
        assert what.weights == name
        worlds = [pictures.world for pictures in what.subjects.values()]
        for world in (*worlds, what.driver.format(seed=7, frames=4)):
            shown = open_world(world).world
            subject = shown.seed if isinstance(shown, StreetWorld) else shown.subject
            assert subject is not None
            assert subject >= HELD_OUT > recipe.subjects


def test_a_demo_without_weights_says_what_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "SHOWS", {})
    monkeypatch.setattr(demo, "ALL", tuple(FEW_SHOT_SHOWS))
    monkeypatch.setattr(
        demo, "lack_of_weights", lambda name, what: lack_of_weights(name, replace(what, weights="none"))
    )
    told = (
        "demo fewshot-face: there are no weights 'none' on this machine; train them with: maliang train fewshot "
        "--recipe face-fewshot-demo --out none, and name their folder in MALIANG_MODELS"
    )
    assert main(["demo", "fewshot-face", "--out", str(tmp_path / "demo")]) == 2
    assert capsys.readouterr().err == f"maliang: {told}\n"
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 0, "all that there are weights for: none"
    assert capsys.readouterr() == ("", "")
    assert not (tmp_path / "demo").exists()


def test_a_demo_that_there_is_not_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "street", "cat", "--out", str(tmp_path / "demo")]) == 2
    assert capsys.readouterr().err == f"maliang: no demo 'cat'; there are: {', '.join(demo.ALL)}\n"
    assert not (tmp_path / "demo").exists()


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
    assert "4 or more" in capsys.readouterr().err
