"""The training of the network that reads labels back: weights of classes, outputs, and that it learns."""

from dataclasses import replace

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.training import segmenter as module
from maliang_video.training.clips import StreetClips
from maliang_video.training.metrics_labels import mean_iou
from maliang_video.training.recipe import ClipShape
from maliang_video.training.segmenter import (
    STREET_SEGMENTER,
    class_weights,
    find_segmenter_recipe,
    output_numbers,
    train_segmenter,
)
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


def test_it_learns_colours(monkeypatch):
    monkeypatch.setattr(module, "StreetClips", Halves)
    steps = []
    recipe = replace(TINY, updates=12, learning_rate=0.03)
    reader = train_segmenter(recipe, CPU, 0, lambda done, total, preview=None: steps.append((done, total)))
    assert steps == [(n, 12) for n in range(1, 13)]
    assert not reader.training
    assert mean_iou(read_back(reader, Halves(1, lambda number: SHAPE), 8)) > 0.9


def test_the_seed_decides():
    first, second = (train_segmenter(TINY, CPU, 0).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = train_segmenter(replace(TINY, seed=1), CPU, 0).state_dict()
    assert not torch.equal(first["stem.0.weight"], other["stem.0.weight"])


def test_a_loss_that_is_not_finite_stops_it(monkeypatch):
    monkeypatch.setattr(module, "class_weights", lambda counts: counts * float("nan"))
    with pytest.raises(InputError, match="recipe tiny: at update 1 the loss is not finite"):
        train_segmenter(TINY, CPU, 0)


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
