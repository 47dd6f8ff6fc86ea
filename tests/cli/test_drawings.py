"""Drawn maps as a user types them: landmarks, poses and edges to pictures and videos."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video import weights
from maliang_video.cli import main
from maliang_video.media.reader import open_frames
from maliang_video.models.vid2vid.config import GeneratorConfig
from maliang_video.models.vid2vid.generator import Vid2VidGenerator


@pytest.fixture
def poses(tmp_path: Path) -> Path:
    folder = tmp_path / "openpose"
    folder.mkdir()
    for t in range(3):
        body = [v for n in range(25) for v in (20 + t + 3 * n, 10 + 2 * n, 0.9)]
        (folder / f"{t}.json").write_text(json.dumps({"people": [{"pose_keypoints_2d": body}]}))
    return folder


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Paints poses of three channels."""
    config = GeneratorConfig("", 3, False, (), (), 3, 4, 0, 2, 2, 1, 1, True, (), None)
    torch.manual_seed(0)
    weights.save(tmp_path / "pose.safetensors", Vid2VidGenerator(config), licence="CC0-1.0", source="random")
    return tmp_path / "pose.safetensors"


def frames(path: Path) -> list[np.ndarray]:
    with open_frames(path) as clip:
        return [frame.pixels for frame in clip]


def maliang(*words: object) -> int:
    return main([str(word) for word in words])


def test_poses_become_video(poses, network, tmp_path):
    out = tmp_path / "out.mkv"
    done = maliang(
        "vid2vid",
        "--labels",
        poses,
        "--canvas",
        "128x64",
        "--weights",
        network,
        "--out",
        out,
        "--device",
        "cpu",
    )
    assert done == 0
    assert [picture.shape for picture in frames(out)] == [(64, 128, 3)] * 3


def test_what_a_network_sees_can_be_looked_at(poses, tmp_path, capsys):
    out = tmp_path / "drawn"
    assert maliang("labels", "draw", "--labels", poses, "--canvas", "128x64", "--out", out) == 0
    shown = frames(out)
    assert len(shown) == 3
    assert shown[0].max() > 140
    assert "128x64, 3 channels" in capsys.readouterr().out


def test_edges_of_a_picture(tmp_path, capsys):
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[20:40, 20:40] = 255
    (tmp_path / "in").mkdir()
    Image.fromarray(picture).save(tmp_path / "in" / "0.png")
    assert maliang("labels", "edges", "--footage", tmp_path / "in", "--out", tmp_path / "out") == 0
    (edges,) = frames(tmp_path / "out")
    assert set(np.unique(edges)) == {0, 255}
    assert edges[30, 18:22].any()
    assert "64x64" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--footage, --canvas"),
        (["--canvas", "130x66"], None),
        (["--canvas", "128x64", "--size", "126x62"], "multiples of 4"),
        (["--canvas", "128x64", "--edits", "x.json"], "leave out --edits"),
        (["--canvas", "100x64", "--central-half"], "no central half"),
    ],
)
def test_each_mistake_is_one_sentence(poses, network, tmp_path, capsys, options, message):
    out = tmp_path / "out.mkv"
    code = maliang(
        "vid2vid", "--labels", poses, "--weights", network, "--out", out, "--device", "cpu", *options
    )
    said = capsys.readouterr().err
    if message is None:
        assert code == 0
        return
    assert code == 2
    assert not out.exists()
    assert message in said
    assert said.count("\n") == 1


def test_keypoints_are_nothing_for_weights_of_label_maps(poses, tmp_path, capsys):
    assert maliang("vid2vid", "--labels", poses, "--weights", "street", "--out", tmp_path / "a.mp4") == 2
    assert "choose weights of faces or poses" in capsys.readouterr().err


def test_keypoints_are_no_label_maps(poses, tmp_path, capsys):
    assert maliang("labels", "preview", "--labels", poses, "--out", tmp_path / "a.mp4") == 2
    assert "maliang labels draw shows them" in capsys.readouterr().err


def test_label_maps_are_nothing_for_weights_of_poses(network, tmp_path, capsys):
    world = "world:street?seed=1&frames=2&size=64x32"
    assert maliang("vid2vid", "--labels", world, "--weights", network, "--out", tmp_path / "a.mp4") == 2
    assert "paint drawn maps" in capsys.readouterr().err
