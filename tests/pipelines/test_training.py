"""Footage to training clips: faces and poses from keypoint files, sizes that fit, recipes that follow the data."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.pipelines import training as module
from maliang_video.pipelines.training import OwnData, fitting_size, own_clips
from maliang_video.training.footage import FOOTAGE, FOOTAGE_LARGE
from maliang_video.training.recipe import check_recipe
from maliang_video.training.recipes import RECIPES
from maliang_video.training.team import Team

HEIGHT, WIDTH, FRAMES = 96, 128, 9


@pytest.fixture(scope="module")
def team() -> Team:
    torch.set_num_threads(1)
    return Team(torch.device("cpu"))


def landmarks() -> np.ndarray:
    """68 points of a face in the middle of the picture, in the order of dlib."""
    jaw = [(32 + 4 * n, 40 + 40 * np.sin(np.pi * n / 16)) for n in range(17)]
    rest = [(40 + (n * 7) % 48, 34 + (n * 5) % 40) for n in range(51)]
    return np.array([*jaw, *rest]).round()


def picture(t: int) -> np.ndarray:
    texture = np.random.default_rng(0).integers(0, 255, (12, 20, 3), np.uint8)
    large = Image.fromarray(texture).resize((WIDTH + 16, HEIGHT), Image.Resampling.BICUBIC)
    return np.asarray(large)[:, t : t + WIDTH]


def save_pictures(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for t in range(FRAMES):
        Image.fromarray(picture(t)).save(folder / f"{t:03d}.png")
    return folder


def save_faces(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for t in range(FRAMES):
        np.savetxt(folder / f"{t:03d}.txt", landmarks() - [t, 0], fmt="%d", delimiter=",")
    return folder


def save_poses(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for t in range(FRAMES):
        body = np.array([[40 + 2 * n - t, 20 + 3 * n, 1.0] for n in range(25)])
        person = {"pose_keypoints_2d": body.flatten().tolist()}
        (folder / f"{t:03d}_keypoints.json").write_text(json.dumps({"people": [person]}))
    return folder


def small(recipe=FOOTAGE_LARGE):
    stages = (
        replace(stage, shape=replace(stage.shape, width=64 * stage.scales, height=32 * stage.scales))
        for stage in recipe.stages
    )
    return replace(recipe, stages=tuple(stages))


def test_faces_are_square_sketches(tmp_path, team):
    data = OwnData(save_pictures(tmp_path / "p"), f"face:{save_faces(tmp_path / 'k')}")
    recipe, clips = own_clips(small(), data, tmp_path / "run", team)
    assert (recipe.generator.palette, recipe.generator.label_channels) == ("", 15)
    assert recipe.name == "footage-large on own data"
    assert [(s.shape.height, s.shape.width) for s in recipe.stages[::2]] == [(44, 44), (88, 88), (88, 88)]
    assert recipe.stages[-1].shape.frames == FRAMES  # of 14: the clip has no more
    check_recipe(recipe)
    clip = clips[0]
    assert clip["drawn"].shape == (6, 15, 44, 44)
    assert clip["pictures"].shape == (6, 3, 44, 44)
    assert 0 < clip["drawn"][:, 0].mean() < 0.5
    assert clip["visible"][1:].mean() > 0.5


def test_poses_are_drawn_over_the_whole_picture(tmp_path, team):
    data = OwnData(save_pictures(tmp_path / "p"), f"pose:{save_poses(tmp_path / 'k')}")
    recipe, clips = own_clips(small(), data, tmp_path / "run", team)
    assert recipe.generator.label_channels == 3
    shape = recipe.stages[0].shape
    assert abs(shape.width / shape.height - WIDTH / HEIGHT) < 0.1
    clip = clips[0]
    assert clip["drawn"].shape == (6, 3, shape.height, shape.width)
    assert (clip["drawn"] > -1).float().mean() > 0.01


@pytest.mark.parametrize(
    ("parts", "channels"), [(["keypoints"], 15), (["openpose"], 3), (["openpose", "densepose"], 6)]
)
def test_the_layouts_of_the_reference(tmp_path, team, parts, channels):
    for name in ("one", "two"):
        save_pictures(tmp_path / "train_img" / name)
        if "keypoints" in parts:
            save_faces(tmp_path / "train_keypoints" / name)
        if "openpose" in parts:
            save_poses(tmp_path / "train_openpose" / name)
        if "densepose" in parts:
            folder = tmp_path / "train_densepose" / name
            folder.mkdir(parents=True)
            for t in range(FRAMES):
                parts_of = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
                parts_of[20:60, 30:70] = (100, 150, 2)
                Image.fromarray(parts_of).save(folder / f"{t}.png")
    recipe, clips = own_clips(small(), OwnData(tmp_path, None), tmp_path / "run", team)
    assert recipe.generator.label_channels == channels
    assert len(clips.sequences) == 2
    assert clips[0]["drawn"].shape == (6, channels, 32, 64)


def test_dancers_are_cut_out_of_the_middle_for_upright_networks(tmp_path, team):
    save_pictures(tmp_path / "train_img" / "one")
    save_poses(tmp_path / "train_openpose" / "one")
    upright = replace(
        FOOTAGE, stages=tuple(replace(s, shape=replace(s.shape, width=64, height=96)) for s in FOOTAGE.stages)
    )
    _, clips = own_clips(upright, OwnData(tmp_path, None), tmp_path / "run", team)
    shown = (clips[0]["pictures"][0].movedim(0, -1) + 1) * 127.5
    whole = [picture(t)[:, 32:96].astype(float) for t in range(FRAMES)]
    assert min(abs(shown.numpy() - middle).mean() for middle in whole) < 1


def test_parts_that_lack_each_other(tmp_path, team):
    save_pictures(tmp_path / "train_img" / "one")
    save_poses(tmp_path / "train_openpose" / "two")
    with pytest.raises(
        InputError, match=r"train_img.two: there is no such folder, but others have files for it"
    ):
        own_clips(small(), OwnData(tmp_path, None), tmp_path / "run", team)
    (tmp_path / "empty" / "train_openpose").mkdir(parents=True)
    with pytest.raises(
        InputError, match=r"train_openpose: holds no sequence; expected folders with files in it"
    ):
        own_clips(small(), OwnData(tmp_path / "empty", None), tmp_path / "run", team)


def test_one_clip_is_seen_at_half_the_size_first(tmp_path, team):
    data = OwnData(save_pictures(tmp_path / "p"), "edges", size=(64, 96))
    recipe, clips = own_clips(FOOTAGE, data, tmp_path / "run", team)
    assert [(s.shape.height, s.shape.width) for s in recipe.stages] == [(32, 48), (64, 96), (64, 96)]
    assert recipe.generator.label_channels == 1
    check_recipe(recipe)
    numbers = [sum(stage.clips for stage in recipe.stages[:n]) for n in range(3)]
    assert [clips[n]["drawn"].shape for n in numbers] == [(4, 1, 32, 48), (4, 1, 64, 96), (8, 1, 64, 96)]


def test_pictures_too_small_to_see_motion_in(tmp_path, team):
    data = OwnData(save_pictures(tmp_path / "p"), "edges", size=(48, 64))
    with pytest.raises(
        InputError,
        match=r"--size 64x48: stage 1 of recipe footage on own data would have 32x24 pixels, too few to see motion in; "
        "give a size of which it has at least 32 each way",
    ):
        own_clips(FOOTAGE, data, tmp_path / "run", team)


def test_keypoints_that_do_not_pair_up(tmp_path, team):
    faces = save_faces(tmp_path / "k")
    (faces / "003.txt").unlink()
    with pytest.raises(InputError, match="8 frames of keypoints, but 9 pictures; there must be one for each"):
        own_clips(small(), OwnData(save_pictures(tmp_path / "p"), f"face:{faces}"), tmp_path / "run", team)


def test_one_of_two_processes_labels_for_both(tmp_path):
    script = Path(__file__).with_name("labelling_team.py")
    command = [sys.executable, str(script), str(save_pictures(tmp_path / "p")), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    works, fails = json.loads(ended.stdout.splitlines()[-1])
    assert works == [[0, 0], ["9 frames of [7]"] * 2, "0"]
    stopped = "the process that leads the others had to stop; it says why"
    assert fails == [[0, 0], ["the Hub can't be reached", stopped], "0"]
    assert not (tmp_path / "fails" / "run" / "labels").exists()


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (2, r"p: 2 frames are too few; this network needs clips of 3 frames or more"),
        (0, r"p: the folder is empty; frames end in"),
    ],
)
def test_footage_is_looked_at_before_a_network_is_asked_for(tmp_path, team, monkeypatch, frames, message):
    monkeypatch.setattr(module, "load_segmenter", None)
    folder = save_pictures(tmp_path / "p")
    for path in sorted(folder.iterdir())[frames:]:
        path.unlink()
    with pytest.raises(InputError, match=message):
        own_clips(small(), OwnData(folder, "segment"), tmp_path / "run", team)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("proportions", [(1080, 1920), (1920, 1080), (480, 640), (1000, 1000)])
@pytest.mark.parametrize("name", sorted(RECIPES))
def test_sizes_fit_the_network_and_the_footage(name, proportions):
    recipe = RECIPES[name]
    height, width = fitting_size(recipe, proportions)
    shape = recipe.stages[-1].shape
    assert height % recipe.generator.size_multiple == width % recipe.generator.size_multiple == 0
    assert width / height == pytest.approx(proportions[1] / proportions[0], rel=0.12)
    assert width * height == pytest.approx(shape.width * shape.height, rel=0.12)
