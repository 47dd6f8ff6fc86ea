"""Training of future prediction: what a step teaches, a run that goes on as if it had never stopped, the table."""

import json
from dataclasses import replace

import pytest
import torch

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.models.vid2vid.future import LabelFuture
from maliang_video.training import evaluate_future as evaluation
from maliang_video.training import loop, sheets
from maliang_video.training.checkpoint import checkpoint_in
from maliang_video.training.evaluate_future import Contest, evaluate_future, extrapolated, mean_iou
from maliang_video.training.exports import export_run
from maliang_video.training.future_clips import future_clips
from maliang_video.training.future_method import read_predictor
from maliang_video.training.future_networks import build_future, build_predictor
from maliang_video.training.future_pictures import PictureFuture
from maliang_video.training.future_recipe import (
    STREET_FUTURE,
    FutureLosses,
    FutureStage,
    check_future,
    find_future_recipe,
)
from maliang_video.training.future_steps import label_terms, learn_clip, picture_terms
from maliang_video.training.loop import LoopOptions, train
from maliang_video.training.perceptual import RandomFeatures, perceptual_loss
from maliang_video.training.schedule import ClipShape, with_clips
from maliang_video.training.team import Team

LOSSES = FutureLosses(blend=2.0, painted=3.0, flow=0.5, weight=0.25)
TINY = replace(
    STREET_FUTURE,
    name="tiny",
    network=replace(STREET_FUTURE.network, seen_frames=2, filters=4, downsamplings=1, blocks=1),
    stages=(
        FutureStage(2, ClipShape(32, 16, 3, (1.0,)), (1e-3, 1e-3), LOSSES),
        FutureStage(2, ClipShape(32, 16, 4, (1.0,)), (1e-3, 0.0), LOSSES),
    ),
)
PICTURES = replace(TINY, target="pictures")
CPU = torch.device("cpu")
OPTIONS = LoopOptions(CPU, 0, 2, None)


@pytest.fixture(autouse=True)
def _short_previews(monkeypatch):
    monkeypatch.setattr(sheets, "PREVIEW_FRAMES", 3)
    monkeypatch.setattr(loop, "PREVIEW_CLIPS", (-1,))


def batch(recipe, number=0):
    return {key: value[None] for key, value in future_clips(recipe)[number].items()}


def _silence(network):
    """No flow, nothing preferred to paint, half of it painted."""
    for layer in (network.network.to_motion, network.network.to_painted):
        layer.weight.zero_()
        layer.bias.zero_()


def test_clips_are_the_same_every_time_and_as_long_as_their_stage_says():
    data = future_clips(TINY)
    assert data[0]["ids"].shape == (3, 16, 32)
    assert data[2]["ids"].shape == (4, 16, 32)
    assert "pictures" not in data[0]
    assert data[1]["ids"].equal(future_clips(TINY)[1]["ids"])
    assert not data[1]["ids"].equal(data[0]["ids"])
    with_pictures = future_clips(PICTURES)[1]
    assert with_pictures["pictures"].shape == (3, 3, 16, 32)
    assert with_pictures["ids"].equal(data[1]["ids"])
    assert with_pictures["flow"].equal(data[1]["flow"])


def test_terms_are_those_of_the_truth():
    """A network that says nothing everywhere: every term follows from the clip."""
    network = LabelFuture(TINY.trained).requires_grad_(False)
    _silence(network)
    clip = batch(TINY)
    (terms,) = label_terms(network, LOSSES, clip)
    stays = clip["ids"][:, 2] == clip["ids"][:, 1]
    likelihood = torch.where(stays, 0.5 + 0.5 / 35, 0.5 / 35)
    assert torch.allclose(terms["blend"], -2 * likelihood.log().mean(), rtol=1e-4)
    assert torch.allclose(terms["painted"], 3 * torch.tensor(35.0).log(), rtol=1e-4)
    flow = (clip["flow"][:, 2] * clip["visible"][:, 2]).abs().mean()
    assert torch.allclose(terms["flow"], 0.5 * flow, rtol=1e-4)
    assert torch.allclose(terms["weight"], 0.25 * 0.5 * clip["visible"][:, 2].mean(), rtol=1e-4)


def test_pictures_are_compared_with_pictures():
    """The same for pictures: half of the last one, half of grey."""
    network = PictureFuture(PICTURES.trained).requires_grad_(False)
    _silence(network)
    clip, features = batch(PICTURES), RandomFeatures()
    (terms,) = picture_terms(network, LOSSES, clip, features)
    last, truth = clip["pictures"][:, 1], clip["pictures"][:, 2]
    expected = 10 * perceptual_loss(features, last / 2, truth)
    assert torch.allclose(terms["blend"], 2 * expected, rtol=1e-4)
    small = torch.nn.functional.avg_pool2d(truth, 2)
    assert torch.allclose(terms["painted"], 30 * small.abs().mean(), rtol=1e-4)


@pytest.mark.parametrize("recipe", [TINY, PICTURES], ids=["labels", "pictures"])
def test_a_clip_that_is_seen_again_is_predicted_better(recipe):
    networks, team, clip = build_future(recipe, CPU), Team(CPU), batch(recipe)
    for group in networks.optimizers["network"].param_groups:
        group["lr"] = 1e-3
    losses = replace(LOSSES, flow=0.1)
    sums = [float(sum(learn_clip(networks, losses, clip, 0.5, team).values())) for _ in range(15)]
    assert min(sums[-3:]) < 0.85 * sums[0]
    before = [p.clone() for p in networks.average.parameters()]
    learn_clip(networks, LOSSES, clip, 1.0, team)
    assert all(a.equal(b) for a, b in zip(before, networks.average.parameters(), strict=True))


def test_a_run_that_stops_goes_on_bit_by_bit(tmp_path):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    assert train(TINY, whole, OPTIONS).clips == 4
    assert train(TINY, halves, replace(OPTIONS, max_seconds=0.0)).clips == 1
    assert train(TINY, halves, OPTIONS).clips == 4
    ours, theirs = read_predictor(checkpoint_in(whole)), read_predictor(checkpoint_in(halves))
    assert all(a.equal(b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    lines = [json.loads(line) for line in (whole / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4]
    assert {"blend", "painted", "flow", "weight"} < set(lines[0])
    assert (whole / "preview_000004.jpg").is_file()


def test_a_run_becomes_weights_that_load(tmp_path):
    train(TINY, tmp_path / "run", OPTIONS)
    info = export_run(tmp_path / "run", tmp_path / "w.safetensors", "CC0-1.0", torch.float32)
    assert info.architecture == "vid2vid.future/1"
    assert info.source == "trained by maliang train future --recipe tiny, 4 clips"
    loaded = weights.load(tmp_path / "w.safetensors")
    ours = read_predictor(checkpoint_in(tmp_path / "run"))
    assert isinstance(loaded, LabelFuture)
    assert loaded.config == TINY.network
    assert all(a.equal(b) for a, b in zip(loaded.parameters(), ours.parameters(), strict=True))


def test_mistakes_are_one_sentence(tmp_path):
    train(PICTURES, tmp_path / "run", OPTIONS)
    with pytest.raises(InputError, match="predicts pictures, for comparison only"):
        export_run(tmp_path / "run", tmp_path / "w.safetensors", "", torch.float32)
    with pytest.raises(InputError, match=r"ends in \.safetensors"):
        export_run(tmp_path / "run", tmp_path / "w.pt", "", torch.float32)
    with pytest.raises(InputError, match='target was "pictures", is "labels"'):
        train(TINY, tmp_path / "run", OPTIONS)
    with pytest.raises(InputError, match=r"holds no checkpoint.safetensors; name the folder of a run"):
        checkpoint_in(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        train(TINY, tmp_path / "file", OPTIONS)
    with pytest.raises(InputError, match="there are: street-future, street-future-pictures"):
        find_future_recipe("street")
    with pytest.raises(InputError, match="its batch must be 1"):
        check_future(replace(TINY, batch=2))
    with pytest.raises(
        InputError, match="stage 1: clips of 3 frames leave none to predict; the network is shown 3"
    ):
        check_future(replace(TINY, network=replace(TINY.network, seen_frames=3)))


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path):
    endless = replace(LOSSES, blend=float("inf"))
    broken = replace(TINY, stages=(replace(TINY.stages[0], losses=endless), TINY.stages[1]))
    with pytest.raises(InputError, match="at clip 1 the loss 'blend' is not finite"):
        train(broken, tmp_path / "run", OPTIONS)


def test_the_schedule():
    assert [TINY.learning_rate(n) for n in range(5)] == [1e-3, 1e-3, 1e-3, 5e-4, 0.0]
    assert [TINY.shape(n).frames for n in range(5)] == [3, 3, 4, 4, 4]
    assert [stage.clips for stage in with_clips(TINY, 10).stages] == [5, 5]
    assert [stage.clips for stage in with_clips(STREET_FUTURE, 7).stages] == [1] * 7
    assert (TINY.network.reduction, TINY.trained.reduction) == (2, 1)


def test_intersection_over_union():
    counts = torch.tensor([[3, 1, 0], [0, 4, 0], [0, 0, 0]])
    assert torch.allclose(mean_iou(counts), torch.tensor((3 / 4 + 4 / 5) / 2, dtype=torch.float64))


def test_flow_that_goes_on_adds_up():
    flow = torch.zeros(1, 2, 4, 4)
    flow[:, 0] = -2.0
    totals = list(extrapolated(flow, 3))
    assert [float(total[0, 0, 0, 0]) for total in totals] == [-2.0, -4.0, -6.0]


def test_the_table_compares_everything_on_the_same_frames(monkeypatch):
    class Painted:
        """A painter is slow: black pictures do."""

    monkeypatch.setattr(evaluation, "_check_painter", lambda config, size: None)
    monkeypatch.setattr(evaluation, "_painted", lambda painter, clip, seen, labels: map(_black, labels))
    painter = Painted()
    painter.config = None
    network, direct = build_predictor("labels", TINY.network), build_predictor("pictures", TINY.network)
    contest = Contest(network.eval(), painter, direct.eval())
    tables = evaluate_future(contest, 1, (32, 64), (1, 2))
    assert [row.method.split(" (")[0] for row in tables.labels] == [
        "repeat the last map",
        "extrapolated flow",
        "extrapolated flow",
        "ours",
    ]
    repeat = tables.labels[0].iou
    assert 1 > repeat[0] > repeat[1] > 0
    assert tables.labels[2].iou[0] > repeat[0]
    names = [row.method for row in tables.pictures]
    assert names[2:4] == ["frames directly", "ours: labels, then frames"]
    ours, allowed = tables.pictures[3], tables.pictures[4]
    assert ours.psnr == allowed.psnr
    assert tables.pictures[0].psnr[0] > ours.psnr[0]


def _black(frame):
    return torch.full((1, 3, *frame.ids.shape), -1.0)


def test_weights_of_another_palette_or_size_are_refused():
    other = LabelFuture(replace(TINY.network, palette="ade20k"))
    with pytest.raises(InputError, match="predict labels of 'ade20k'"):
        evaluate_future(Contest(other), 1, (32, 64))
    with pytest.raises(InputError, match="nearest size"):
        evaluate_future(Contest(LabelFuture(TINY.network)), 1, (30, 64))
