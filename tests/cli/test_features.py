"""`maliang features` and the choice in `maliang vid2vid`, as a user types them, on tiny weights."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video import weights
from maliang_video.cli import main
from maliang_video.media.reader import open_frames
from maliang_video.models.vid2vid.config import FeatureConfig, FirstFrameConfig
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.pipelines.looks import read_looks

WORLD = "world:street?seed=3&frames=3&size=64x32"


@pytest.fixture
def network(tmp_path: Path, tiny_generator: Vid2VidGenerator) -> Path:
    torch.manual_seed(3)
    config = replace(tiny_generator.config, instance_features=FeatureConfig(3, 2, 1))
    path = tmp_path / "tiny.safetensors"
    weights.save(path, Vid2VidGenerator(config), licence="CC0-1.0", source="random numbers")
    return path


@pytest.fixture
def table(tmp_path: Path, network: Path) -> Path:
    assert collect(network, tmp_path / "looks.json", WORLD, "--clusters", "2") == 0
    return tmp_path / "looks.json"


def collect(network: Path, out: Path, *more: str | Path) -> int:
    given = ["--weights", network, "--out", out, "--device", "cpu", "--labels", *more]
    return main(["features", "collect", *map(str, given)])


def paint(network: Path, out: Path, *more: str | Path) -> int:
    given = [
        "--labels",
        WORLD,
        "--weights",
        network,
        "--device",
        "cpu",
        "--codec",
        "ffv1",
        "--out",
        out,
        *more,
    ]
    return main(["vid2vid", *map(str, given)])


def pixels_of(path: Path) -> np.ndarray:
    with open_frames(path) as frames:
        return np.stack([frame.pixels for frame in frames])


def refused(capsys: pytest.CaptureFixture[str], out: Path, code: int) -> str:
    """The one sentence; nothing may have been made."""
    assert code == 2
    assert not out.exists()
    said = capsys.readouterr().err
    assert said.startswith("maliang: ")
    assert said.count("\n") == 1
    return said


def test_looks_of_worlds_are_collected_and_listed(tmp_path, network, capsys):
    out = tmp_path / "looks.json"
    other = "world:street?seed=4&frames=2&size=64x32"
    assert collect(network, out, WORLD, other, "--clusters", "3") == 0
    looks = {each.name: len(each.clusters) for each in read_looks(out).classes}
    assert looks["road"] == 3
    assert f"{out}: looks of {len(looks)} classes" in capsys.readouterr().out
    assert main(["features", "show", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(looks)
    assert lines[0].startswith("road (7): 0: ")
    assert lines[0].endswith(" %")


def test_looks_of_footage_are_collected(tmp_path, network):
    for folder in ("maps", "film"):
        (tmp_path / folder).mkdir()
    ids = np.full((32, 64), 7, np.uint8)
    ids[:16, :30] = 23
    for number in range(2):
        Image.fromarray(ids).save(tmp_path / "maps" / f"{number}.png")
        Image.fromarray(np.full((64, 128, 3), 90 * number, np.uint8)).save(
            tmp_path / "film" / f"{number}.png"
        )
    more = ("--footage", tmp_path / "film", "--palette", "cityscapes")
    assert collect(network, tmp_path / "looks.json", tmp_path / "maps", *more) == 0
    assert [each.name for each in read_looks(tmp_path / "looks.json").classes] == ["road", "sky"]


def test_chosen_looks_are_painted(tmp_path, network, table):
    videos = {}
    for name, more in {
        "none": [],
        "drawn": ["--features", table],
        "again": ["--features", table, "--choose", "all=draw:0"],
        "first": ["--features", table, "--choose", "all=0"],
        "later": ["--features", table, "--choose", "all=0@0 all=1@2"],
    }.items():
        assert paint(network, tmp_path / f"{name}.mkv", *more) == 0
        videos[name] = pixels_of(tmp_path / f"{name}.mkv")
    assert np.array_equal(videos["drawn"], videos["again"])
    assert len({videos[name][0].tobytes() for name in ("none", "drawn", "first")}) == 3
    assert np.array_equal(videos["later"][0], videos["first"][0])
    assert not np.array_equal(videos["later"][2], videos["first"][2])


def test_the_looks_of_a_picture_are_painted(tmp_path, network):
    ids = np.full((16, 32), 7, np.uint8)
    Image.fromarray(ids).save(tmp_path / "map.png")
    draw = np.random.default_rng(0)
    videos = []
    for number in range(2):
        picture = tmp_path / f"{number}.png"
        Image.fromarray(draw.integers(0, 256, (40, 80, 3), np.uint8)).save(picture)
        more = ("--palette", "cityscapes", "--features-from", picture, tmp_path / "map.png")
        assert paint(network, tmp_path / f"{number}.mkv", *more) == 0
        videos.append(pixels_of(tmp_path / f"{number}.mkv"))
    assert not np.array_equal(*videos)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--features", "looks.json", "--choose", "carr=1"], "no class 'carr'"),
        (["--features", "looks.json", "--choose", "road=9"], "'road' has no look 9; the table has 0 to 1"),
        (["--choose", "road=1"], "give --features or --features-from"),
        (["--features", "none.json"], "none.json: no such file of features"),
    ],
)
def test_wrong_choices_are_one_sentence(tmp_path, monkeypatch, network, table, capsys, more, message):
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert message in refused(capsys, tmp_path / "out.mkv", paint(network, tmp_path / "out.mkv", *more))


def test_wrong_sources_are_one_sentence(tmp_path, network, capsys):
    out = tmp_path / "looks.json"
    Image.fromarray(np.full((32, 64), 7, np.uint8)).save(tmp_path / "map.png")
    palette = ("--palette", "cityscapes")
    said = refused(capsys, out, collect(network, out, tmp_path / "map.png", *palette))
    assert "give the footage" in said
    said = refused(capsys, out, collect(network, out, WORLD, WORLD, "--footage", tmp_path / "map.png"))
    assert "2 sources of label maps and 1 of pictures" in said
    said = refused(capsys, out, collect(Path("street"), out, WORLD))
    assert "take no instance features" in said


@pytest.fixture
def painter(tmp_path: Path, tiny_generator: Vid2VidGenerator) -> Path:
    """Weights that begin with a face."""
    torch.manual_seed(4)
    first = FirstFrameConfig("styled", 1, 2, 1, 1, 0, 2, 2, 1)
    drawn = {"palette": "", "label_classes": 1, "edges": False, "things": (), "style_names": ()}
    path = tmp_path / "face.safetensors"
    config = replace(tiny_generator.config, first_frame=first, **drawn)
    weights.save(path, Vid2VidGenerator(config), licence="CC0-1.0", source="random numbers")
    return path


@pytest.fixture
def landmarks(tmp_path: Path) -> Path:
    folder = tmp_path / "landmarks"
    folder.mkdir()
    for t in range(2):
        jaw = [(48 + t - 16 * np.cos(a), 48 + 20 * np.sin(a)) for a in np.linspace(0, np.pi, 17)]
        points = jaw + [(36 + t + (7 * n) % 24, 38 + (5 * n) % 20) for n in range(51)]
        np.savetxt(folder / f"{t}.txt", np.round(points), "%d", ",")
    return folder


def test_faces_are_collected_and_their_parts_chosen(tmp_path, painter, landmarks, capsys):
    draw = np.random.default_rng(0)
    (tmp_path / "film").mkdir()
    for t in range(2):
        picture = Image.fromarray(draw.integers(0, 256, (96, 96, 3), np.uint8))
        picture.save(tmp_path / "film" / f"{t}.png")
    out = tmp_path / "faces.json"
    assert collect(painter, out, landmarks, "--footage", tmp_path / "film", "--size", "64x64") == 0
    assert f"{out}: looks of 2 faces" in capsys.readouterr().out
    assert main(["features", "show", str(out)]) == 0
    assert capsys.readouterr().out.startswith("faces 0 to 1, 2 numbers for each part: background, skin")
    example = ("--features-from", tmp_path / "film" / "1.png", landmarks / "1.txt")
    videos = {}
    for name, more in {
        "known": ["--features", out, "--choose", "all=0"],
        "mouth": ["--features", out, "--choose", "all=0 mouth=1"],
        "example": example,
        "seen": ["--footage", tmp_path / "film"],
    }.items():
        canvas = [] if name == "seen" else ["--canvas", "96x96"]
        given = [
            "--labels",
            landmarks,
            "--weights",
            painter,
            "--size",
            "64x64",
            "--device",
            "cpu",
            *canvas,
            *more,
        ]
        target = tmp_path / f"{name}.mkv"
        assert main(["vid2vid", *map(str, given), "--no-background-edges", "--out", str(target)]) == 0
        videos[name] = pixels_of(target)[0].astype(int)
    assert np.abs(videos["seen"] - videos["known"]).max() <= 1  # face 0 is the clip's own
    for a, b in combinations(("known", "mouth", "example"), 2):
        assert np.abs(videos[a] - videos[b]).max() > 1, (a, b)


def test_a_published_table_is_listed(tmp_path, capsys):
    rows = {part: np.zeros((5, 17), "f4") for part in range(7)}
    np.save(tmp_path / "features.npy", rows, allow_pickle=True)
    assert main(["features", "show", str(tmp_path / "features.npy")]) == 0
    assert capsys.readouterr().out.startswith("faces 0 to 4, 17 numbers for each part")
