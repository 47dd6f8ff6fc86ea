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
from maliang_video.training import segmenter as module
from maliang_video.training import segmenter_loop
from maliang_video.training.checkpoint import FILE_NAME
from maliang_video.training.clips import StreetClips
from maliang_video.training.exports import export_any
from maliang_video.training.loop import LoopOptions
from maliang_video.training.metrics_labels import mean_iou
from maliang_video.training.schedule import ClipShape
from maliang_video.training.segmenter import (
    STREET_SEGMENTER,
    class_weights,
    find_segmenter_recipe,
    output_numbers,
)
from maliang_video.training.segmenter_loop import export_segmenter, read_segmenter, train_segmenter
from maliang_video.training.segmenter_report import read_back, unseen_table
from maliang_video.training.worlds.street_plan import Label
from maliang_video.weights.config_json import from_json, to_json

CPU = torch.device("cpu")
SHAPE = ClipShape(width=64, height=32, frames=1, zooms=(1.0,))
TINY = replace(
    STREET_SEGMENTER,
    name="tiny",
    network=replace(STREET_SEGMENTER.network, widths=(4, 4, 4, 4), blocks=1),
    shapes=(SHAPE,),
    updates=2,
    batch=2,
)


class Halves(StreetClips):
    """Sky above, road below, in their colours; which is blue and which is grey is all there is to learn."""

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
    monkeypatch.setattr(segmenter_loop, "PREVIEW_CLIPS", (-1,))


def learn(recipe, folder, progress=silent, every=100, seconds=None):
    train_segmenter(recipe, folder, LoopOptions(CPU, 0, every, seconds), progress)
    return read_segmenter(folder)[1]


def test_it_learns_colours(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "StreetClips", Halves)
    monkeypatch.setattr(segmenter_loop, "StreetClips", Halves)
    steps = []
    recipe = replace(TINY, updates=12, learning_rate=0.03)
    reader = learn(recipe, tmp_path, lambda done, total, preview=None: steps.append((done, total)))
    assert steps == [(n, 12) for n in range(1, 13)]
    assert not reader.training
    assert mean_iou(read_back(reader, Halves(1, lambda number: SHAPE), 8)) > 0.9
    sheet = np.array(Image.open(tmp_path / "preview_000012.jpg")).astype(int)
    assert sheet.shape == (32, 3 * 64, 3)
    labels, read = sheet[:, 64:128], sheet[:, 128:]
    assert (abs(labels - read).max(-1) < 60).mean() > 0.8


def test_the_seed_decides(tmp_path):
    first, second = (learn(TINY, tmp_path / name).state_dict() for name in "ab")
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = learn(replace(TINY, seed=1), tmp_path / "c").state_dict()
    assert not torch.equal(first["stem.0.weight"], other["stem.0.weight"])


def test_a_run_that_was_stopped_goes_on_as_if_nothing_had_happened(tmp_path):
    recipe = replace(TINY, updates=4, shapes=(SHAPE, replace(SHAPE, width=32)))
    learn(recipe, tmp_path / "whole")

    def die(done, total, preview=None):
        if done == 3:  # one update after its checkpoint
            raise ProcessLookupError

    with pytest.raises(ProcessLookupError):
        learn(recipe, tmp_path / "parts", die, 2)
    assert read_segmenter(tmp_path / "parts")[2] == 2
    learn(recipe, tmp_path / "parts", every=2, seconds=0.0)  # stops after one update
    assert read_segmenter(tmp_path / "parts")[2] == 3
    learn(recipe, tmp_path / "parts", every=2)
    ours, theirs = (load_file(tmp_path / name / FILE_NAME) for name in ("parts", "whole"))
    assert ours.keys() == theirs.keys()
    assert any(name.startswith("optimizer/") for name in ours)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    log = [json.loads(line) for line in (tmp_path / "parts" / "log.jsonl").read_text("utf-8").splitlines()]
    assert [line["step"] for line in log] == [2, 3, 4]


def test_a_run_of_other_settings_is_not_gone_on_with(tmp_path):
    learn(TINY, tmp_path)
    with pytest.raises(InputError, match=r"other settings \(seed was .*, is 1\); choose another folder"):
        learn(replace(TINY, seed=1), tmp_path)
    assert read_segmenter(tmp_path)[2] == 2
    longer = replace(TINY, updates=3)
    learn(longer, tmp_path)
    assert read_segmenter(tmp_path)[2] == 3


def test_a_loss_that_is_not_finite_stops_it(monkeypatch, tmp_path):
    learn(TINY, tmp_path / "run")
    kept = (tmp_path / "run" / FILE_NAME).read_bytes()
    monkeypatch.setattr(segmenter_loop, "class_weights", lambda counts: counts * float("nan"))
    with pytest.raises(InputError, match=r"update 1 the loss is not finite .*; nothing was saved before it"):
        learn(TINY, tmp_path / "new")
    with pytest.raises(InputError, match=r"update 3 the loss is not finite .* is from before it\. Take"):
        learn(replace(TINY, updates=4), tmp_path / "run")
    assert (tmp_path / "run" / FILE_NAME).read_bytes() == kept


def test_a_run_becomes_a_file_of_weights(tmp_path):
    learn(TINY, tmp_path / "run")
    for info in (
        export_segmenter(tmp_path / "run", tmp_path / "a.safetensors"),
        export_any(tmp_path / "run", tmp_path / "b.safetensors", "Apache-2.0", torch.float16),
    ):
        assert info.architecture == "labels.reader/1"
        assert info.source == "trained by maliang train segmenter --recipe tiny, 2 updates"
    ours, theirs = (load_file(tmp_path / f"{name}.safetensors") for name in "ab")
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    with pytest.raises(
        InputError, match=r"holds no checkpoint.safetensors; name the folder that maliang train se"
    ):
        export_segmenter(tmp_path, tmp_path / "c.safetensors")


def test_the_report_has_a_line_for_every_size(reader):
    smaller = replace(SHAPE, width=32, zooms=(1.5,))
    recipe = replace(TINY, shapes=(SHAPE, smaller, SHAPE), network=reader.config)
    head, _, *lines = unseen_table(reader, recipe, 1).splitlines()
    assert head == "| size | mIoU | road | building | sky | car |"
    assert [line.split(" | ")[0] for line in lines] == ["| 64x32", "| 32x32"]


def test_recipes():
    assert find_segmenter_recipe("street-segmenter") == STREET_SEGMENTER
    assert from_json(type(TINY), to_json(TINY), "notes") == TINY
    with pytest.raises(InputError, match="no recipe 'x' of a segmenter; there are: street-segmenter"):
        find_segmenter_recipe("x")
