"""The finder of faces and its training: where heat is, what is learnt, that pictures and landmarks belong together."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.models.faces.finder import CELL, FaceFinder, FinderConfig, Found, centres
from maliang_video.training import face_known, loop
from maliang_video.training.checkpoint import FILE_NAME
from maliang_video.training.clips import Clips
from maliang_video.training.exports import export_run
from maliang_video.training.finder_method import FinderMethod, point_loss
from maliang_video.training.finder_pictures import VIEWS, FinderPictures
from maliang_video.training.finder_recipe import FACE_FINDER, FINDER_RECIPES, check_finder, find_finder_recipe
from maliang_video.training.loop import LoopOptions, train
from maliang_video.training.schedule import ClipShape, Part
from maliang_video.weights.config_json import from_json, to_json

SHAPE = ClipShape(width=32, height=32, frames=1, zooms=(1.0,))
TINY = replace(
    FACE_FINDER,
    name="tiny",
    network=FinderConfig(side=32, points=5, widths=(8, 8, 8, 8), blocks=1),
    stages=(Part(8, SHAPE, (0.01, 0.01)),),
    batch=2,
)


class Spots(Clips):
    """A white spot is the face; all landmarks are its middle."""

    longest = 1

    def __getitem__(self, index):
        pictures, points, there = torch.full((4, 3, 32, 32), -1.0), torch.zeros(4, 5, 2), torch.ones(4)
        for n in range(4):
            x, y = ((index * 4 + n) * 7 % 24 + 4, (index * 4 + n) * 5 % 24 + 4)
            if n == 3:
                there[n] = 0
            else:
                pictures[n, :, y - 2 : y + 3, x - 2 : x + 3] = 1
                points[n] = torch.tensor([x, y], dtype=torch.float32)
        return {"pictures": pictures, "points": points, "there": there}


@pytest.fixture(autouse=True)
def _one_preview(monkeypatch):
    monkeypatch.setattr(loop, "PREVIEW_CLIPS", (-1,))


def run(recipe, folder, seconds=None):
    options = LoopOptions(torch.device("cpu"), 0, 100, seconds)
    return train(recipe, folder, options, Spots(0, recipe.shape))


def test_centres_of_heat():
    heat = torch.full((1, 2, 8, 8), -50.0)
    heat[0, 0, 2, 5] = 50.0
    heat[0, 1, 0, 0] = heat[0, 1, 4, 6] = 50.0
    expected = torch.tensor([[5.0, 2.0], [3.0, 2.0]]) * CELL + (CELL - 1) / 2
    assert torch.allclose(centres(heat)[0], expected, atol=1e-4)


def test_only_faces_that_are_there_count():
    found = Found(torch.zeros(2, 5, 2), torch.zeros(2))
    points = torch.stack([torch.full((5, 2), 3.0), torch.full((5, 2), 100.0)])
    assert point_loss(found, points, torch.tensor([1.0, 0.0])).item() == pytest.approx(2.5)
    assert point_loss(found, points, torch.zeros(2)).item() == 0


def test_other_sizes_are_refused():
    finder = FaceFinder(TINY.network)
    with pytest.raises(ValueError, match=r"expected \[b 3 32 32\], got \[1, 3, 16, 32\]"):
        finder(torch.zeros(1, 3, 16, 32))


def test_it_learns_where_the_face_is(team):
    recipe = replace(TINY, stages=(Part(160, SHAPE, (0.01, 0.01)),))
    method, data = FinderMethod(recipe, team), Spots(0, recipe.shape)
    for n in range(0, 160, 2):
        clips = [{key: value[None] for key, value in data[n + k].items()} for k in (0, 1)]
        terms = method.update(clips, n)
    assert terms["points"] < 1.5
    finder, clip = method.networks.finder.eval(), data[-1]
    found = finder(clip["pictures"])
    assert (found.points[:3] - clip["points"][:3]).abs().mean() < 3
    assert (found.sure > 0).tolist() == [True, True, True, False]


def test_a_run_goes_on_bit_for_bit_and_becomes_a_file_of_weights(tmp_path):
    assert run(TINY, tmp_path / "whole").clips == 8
    for _ in range(4):
        run(TINY, tmp_path / "parts", seconds=0.0)
    ours, theirs = (load_file(tmp_path / name / FILE_NAME) for name in ("parts", "whole"))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert Image.open(tmp_path / "whole" / "preview_000008.jpg").size == (4 * 32, 32)
    info = export_run(tmp_path / "whole", tmp_path / "a.safetensors", "MIT", torch.float32)
    assert info.architecture == "faces.finder/1"
    network = weights.load(tmp_path / "a.safetensors")
    assert all(torch.equal(theirs[f"finder/{name}"], v) for name, v in network.state_dict().items())


def test_pictures_of_the_world_and_their_landmarks_belong_together(monkeypatch):
    monkeypatch.setattr(face_known, "SAMPLE", 2)
    clip = FinderPictures(0, lambda number: replace(SHAPE, width=64, height=64, frames=2))[4]
    assert clip["pixels"].shape == (2 * VIEWS, 64, 64, 3)
    assert clip["points"].shape == (2 * VIEWS, 68, 2)
    there = clip["there"] > 0
    assert there.any()
    eyes = clip["points"][there][:, 36:48]
    assert (eyes >= 0).all()
    assert (eyes < 64).all()
    brightness = clip["pixels"].float().mean(3)
    for picture, points in zip(brightness[there], clip["points"][there], strict=True):
        apart = np.hypot(*(points[45] - points[36]).tolist())
        assert 4 < apart < 40
        assert picture.std() > 5


def test_recipes():
    for recipe in FINDER_RECIPES.values():
        check_finder(recipe)
        assert from_json(type(recipe), to_json(recipe), "notes") == recipe
    size = sum(value.numel() for value in FaceFinder(FACE_FINDER.network).state_dict().values())
    assert 2 * size < 1_000_000
    assert find_finder_recipe("face-finder-demo") is FACE_FINDER
    with pytest.raises(InputError, match="no recipe 'x' of a face finder"):
        find_finder_recipe("x")
    with pytest.raises(InputError, match="of 40 pixels are no multiple of 16"):
        check_finder(replace(TINY, network=replace(TINY.network, side=40)))
    with pytest.raises(InputError, match="stage 1: its pictures are not 48x48"):
        check_finder(replace(TINY, network=replace(TINY.network, side=48)))
