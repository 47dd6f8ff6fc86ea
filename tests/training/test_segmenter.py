"""The training of the network that reads labels back: weights of classes, outputs, and that it learns."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from maliang_video.errors import InputError
from maliang_video.progress import silent
from maliang_video.training import loop, segmenter_method
from maliang_video.training.checkpoint import FILE_NAME, checkpoint_in, read_state
from maliang_video.training.clips import StreetClips
from maliang_video.training.exports import export_run
from maliang_video.training.loop import LoopOptions, train
from maliang_video.training.metrics_labels import mean_iou
from maliang_video.training.schedule import ClipShape, Part, with_clips
from maliang_video.training.segmenter import (
    STREET_SEGMENTER,
    class_weights,
    examples,
    find_segmenter_recipe,
    output_numbers,
    segmenter_clips,
)
from maliang_video.training.segmenter_method import read_segmenter
from maliang_video.training.segmenter_report import read_back, unseen_table
from maliang_video.training.worlds.face_parts import Part as FacePart
from maliang_video.training.worlds.street_plan import Label
from maliang_video.weights.config_json import from_json, to_json

CPU = torch.device("cpu")
SHAPE = ClipShape(width=64, height=32, frames=1, zooms=(1.0,))
TINY = replace(
    STREET_SEGMENTER,
    name="tiny",
    network=replace(STREET_SEGMENTER.network, widths=(4, 4, 4, 4), blocks=1),
    stages=(Part(4, SHAPE, (3e-3, 0.0)),),
    third=SHAPE,
    batch=2,
)


class Halves(StreetClips):
    """Sky above, road below, in their colours; which is blue and which is grey is all there is to learn."""

    longest = 1

    def __getitem__(self, index):
        ids = torch.full((1, 32, 64), int(Label.SKY), dtype=torch.uint8)
        ids[:, 8 + index % 8 * 2 :] = int(Label.ROAD)
        sky, road = torch.tensor([-0.2, 0.2, 0.9]), torch.tensor([-0.3, -0.3, -0.3])
        pictures = torch.where((ids == Label.SKY)[:, None], sky.view(1, 3, 1, 1), road.view(1, 3, 1, 1))
        return {"ids": ids, "pictures": pictures}


def test_rare_classes_weigh_more():
    weights = class_weights(torch.tensor([900.0, 90.0, 10.0]))
    assert weights[2] / weights[0] == pytest.approx(90**0.5)
    assert (weights * torch.tensor([0.9, 0.09, 0.01])).sum() == pytest.approx(1)


def test_ids_become_outputs():
    ids = torch.tensor([[7, 26], [0, 23]], dtype=torch.uint8)
    assert output_numbers(ids, (23, 7, 26)).tolist() == [[1, 2], [-1, 0]]


def test_batches_take_the_shapes_in_turn():
    sizes = [STREET_SEGMENTER.shape(n).width for n in (0, 7, 8, 15, 16, 23, 24)]
    assert sizes == [256, 256, 256, 256, 128, 128, 256]


@pytest.fixture(autouse=True)
def _one_preview(monkeypatch):
    monkeypatch.setattr(loop, "PREVIEW_CLIPS", (-1,))


def learn(recipe, folder, progress=silent, every=100, seconds=None, clips=None):
    train(recipe, folder, LoopOptions(CPU, 0, every, seconds), clips, progress)
    return read_segmenter(checkpoint_in(folder))


def pictures_of(folder):
    return int(read_state(checkpoint_in(folder), "none/")[0]["step"])


def longer(recipe, updates):
    return with_clips(recipe, updates * recipe.batch)


def test_it_learns_colours(tmp_path):
    steps = []
    recipe = replace(longer(TINY, 12), stages=(Part(24, SHAPE, (0.03, 0.0)),))
    halves = Halves(recipe.seed, recipe.shape)
    reader = learn(
        recipe, tmp_path, lambda done, total, preview=None: steps.append((done, total)), clips=halves
    )
    assert steps == [(2 * n, 24) for n in range(1, 13)]
    assert not reader.training
    assert mean_iou(read_back(reader, Halves(1, lambda number: SHAPE), 8)) > 0.9
    sheet = np.array(Image.open(tmp_path / "preview_000024.jpg")).astype(int)
    assert sheet.shape == (32, 3 * 64, 3)
    labels, read = sheet[:, 64:128], sheet[:, 128:]
    assert (abs(labels - read).max(-1) < 60).mean() > 0.8


def test_every_other_picture_is_turned_with_its_labels():
    clips = [StreetClips(0, lambda number: SHAPE)[n] for n in range(2)]
    clips = [{key: value[None] for key, value in clip.items()} for clip in clips]
    pictures, outputs = examples(clips, TINY.network.classes)
    assert pictures[0].flip(-1).equal(clips[0]["pictures"][0, 0])
    assert outputs[0].flip(-1).equal(output_numbers(clips[0]["ids"][0, 0], TINY.network.classes))
    assert pictures[1].equal(clips[1]["pictures"][0, 0])


def test_the_seed_decides(tmp_path):
    first, second = (learn(TINY, tmp_path / name).state_dict() for name in "ab")
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = learn(replace(TINY, seed=1), tmp_path / "c").state_dict()
    assert not torch.equal(first["stem.0.weight"], other["stem.0.weight"])


def test_a_run_that_was_stopped_goes_on_as_if_nothing_had_happened(tmp_path):
    recipe = replace(longer(TINY, 4), third=replace(SHAPE, width=32))
    learn(recipe, tmp_path / "whole")

    def die(done, total, preview=None):
        if done == 6:  # one update after its checkpoint
            raise ProcessLookupError

    with pytest.raises(ProcessLookupError):
        learn(recipe, tmp_path / "parts", die, 4)
    assert pictures_of(tmp_path / "parts") == 4
    learn(recipe, tmp_path / "parts", every=4, seconds=0.0)  # stops after one update
    assert pictures_of(tmp_path / "parts") == 6
    learn(recipe, tmp_path / "parts", every=4)
    ours, theirs = (load_file(tmp_path / name / FILE_NAME) for name in ("parts", "whole"))
    assert ours.keys() == theirs.keys()
    assert any(name.startswith("reader_optimizer/") for name in ours)
    assert ours["seen/pixels"].sum() > len(ours["seen/pixels"])
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    log = [json.loads(line) for line in (tmp_path / "parts" / "log.jsonl").read_text("utf-8").splitlines()]
    assert [line["step"] for line in log] == [4, 6, 8]


def test_a_run_of_other_settings_is_not_gone_on_with(tmp_path):
    learn(TINY, tmp_path)
    with pytest.raises(InputError, match=r"other settings \(seed was .*, is 1\); choose another folder"):
        learn(replace(TINY, seed=1), tmp_path)
    assert pictures_of(tmp_path) == 4
    learn(longer(TINY, 3), tmp_path)
    assert pictures_of(tmp_path) == 6


def test_a_loss_that_is_not_finite_stops_it(monkeypatch, tmp_path):
    learn(TINY, tmp_path / "run")
    kept = (tmp_path / "run" / FILE_NAME).read_bytes()
    monkeypatch.setattr(segmenter_method, "class_weights", lambda counts: counts * float("nan"))
    with pytest.raises(
        InputError, match=r"clips 1 to 2 the loss 'cross_entropy' is not finite .*; nothing was"
    ):
        learn(TINY, tmp_path / "new")
    with pytest.raises(InputError, match=r"clips 5 to 6 the loss .* is from before it\. Take"):
        learn(longer(TINY, 4), tmp_path / "run")
    assert (tmp_path / "run" / FILE_NAME).read_bytes() == kept


def test_a_run_becomes_a_file_of_weights(tmp_path):
    reader = learn(TINY, tmp_path / "run")
    info = export_run(tmp_path / "run", tmp_path / "a.safetensors", "Apache-2.0", torch.float32)
    assert info.architecture == "labels.reader/1"
    assert info.source == "trained by maliang train segmenter --recipe tiny, 4 clips"
    saved = load_file(tmp_path / "a.safetensors")
    assert all(torch.equal(saved[name], value) for name, value in reader.state_dict().items())


def test_the_report_has_a_line_for_every_size(reader):
    smaller = replace(SHAPE, width=32, zooms=(1.5,))
    recipe = replace(TINY, third=smaller, network=reader.config)
    head, _, *lines = unseen_table(reader, recipe, 1).splitlines()
    assert head == "| size | mIoU | road | building | sky | car |"
    assert [line.split(" | ")[0] for line in lines] == ["| 64x32", "| 32x32"]


def test_recipes():
    assert find_segmenter_recipe("street-segmenter") == STREET_SEGMENTER
    assert from_json(type(TINY), to_json(TINY), "notes") == TINY
    with pytest.raises(InputError, match="no recipe 'x' of a segmenter; there are: street-segmenter"):
        find_segmenter_recipe("x")


def test_faces_are_not_turned_whose_parts_know_left_from_right():
    clips = [{key: value[None] for key, value in Halves(0, lambda n: SHAPE)[n].items()} for n in range(2)]
    clips[0]["ids"][..., :10] = int(Label.ROAD)
    pictures, outputs = examples(clips, TINY.network.classes, turned=False)
    assert pictures.equal(torch.cat([clip["pictures"][0] for clip in clips]))
    assert outputs[0].equal(output_numbers(clips[0]["ids"][0, 0], TINY.network.classes))


def test_the_parser_of_faces_learns_from_crops_and_their_parts():
    recipe = find_segmenter_recipe("face-parser-demo")
    small = replace(SHAPE, width=48, height=48)
    clip = segmenter_clips(recipe).shaped(small)[3]
    assert clip["pictures"].shape == (1, 3, 48, 48)
    assert clip["ids"].shape == (1, 48, 48)
    assert not recipe.turned
    ids, there = (
        clip["ids"][0],
        [int(part) for part in (FacePart.NOSE, FacePart.L_EYE, FacePart.R_EYE, FacePart.SKIN)],
    )
    assert output_numbers(ids, recipe.network.classes).min() >= 0
    middle = {part: (ids == part).nonzero().float().mean(0) for part in there if (ids == part).any()}
    down, across = middle[FacePart.NOSE]
    assert 18 < across < 30
    assert 20 < down < 34
    eyes = [part for part in (FacePart.L_EYE, FacePart.R_EYE) if part in middle]
    assert all(middle[part][0] < down for part in eyes)
    other = segmenter_clips(recipe, 1).shaped(small)[3]
    assert not torch.equal(other["pictures"], clip["pictures"])
