"""The loop: schedules, what a run leaves behind, and that stopping and going on changes nothing."""

import json
from dataclasses import replace

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from maliang_video.errors import InputError
from maliang_video.training import loop
from maliang_video.training.checkpoint import FILE_NAME
from maliang_video.training.loop import (
    LoopOptions,
    average_decay,
    starts_from_real,
    train,
)
from maliang_video.training.vid2vid import Rule


def options(every: int = 2, seconds: float | None = None, workers: int = 0) -> LoopOptions:
    return LoopOptions(torch.device("cpu"), workers, every, seconds)


def same_checkpoint(a, b) -> bool:
    ours, theirs = load_file(a / FILE_NAME), load_file(b / FILE_NAME)
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


class Stopped(Exception):  # noqa: N818 - what a user does is no error
    pass


def stop_after(clips: int):
    def progress(done, total, preview=None):
        if done == clips:
            raise Stopped

    return progress


def test_the_average_forgets_its_beginning(recipe):
    decays = [average_decay(replace(recipe, ema=0.9), n) for n in (0, 8, 79, 80, 81, 5000)]
    assert decays == pytest.approx([0.1, 0.5, 80 / 89, 0.9, 0.9, 0.9])


def test_half_of_the_clips_start_from_real_pictures(recipe):
    starts = [starts_from_real(recipe, n) for n in range(400)]
    assert starts == [starts_from_real(recipe, n) for n in range(400)]
    assert 160 < sum(starts) < 240
    assert starts != [starts_from_real(replace(recipe, seed=1), n) for n in range(400)]


@pytest.fixture
def whole(tmp_path, recipe, clips):
    """A run of four clips in one go."""
    assert train(recipe, tmp_path / "whole", options(), clips).clips == 4
    return tmp_path / "whole"


def test_a_run_stopped_by_force_goes_on_bit_for_bit(tmp_path, recipe, clips, whole):
    folder = tmp_path / "stopped"
    with pytest.raises(Stopped):
        train(
            recipe, folder, options(), clips, stop_after(3)
        )  # the third clip is lost, its checkpoint is of the second
    assert not same_checkpoint(folder, whole)
    seen = []
    assert (
        train(recipe, folder, options(), clips, lambda done, total, preview=None: seen.append(done)).clips
        == 4
    )
    assert seen == [3, 4]
    assert same_checkpoint(folder, whole)


def test_out_of_time_stops_after_a_clip_and_goes_on_bit_for_bit(tmp_path, recipe, clips, whole):
    folder = tmp_path / "late"
    done = [train(recipe, folder, options(every=100, seconds=0.0), clips).clips for _ in range(4)]
    assert done == [1, 2, 3, 4]
    assert same_checkpoint(folder, whole)


def test_a_shorter_run_can_be_made_longer(tmp_path, recipe, clips):
    short = replace(recipe, stages=recipe.stages[:1])
    assert train(short, tmp_path, options(), clips).clips == 2
    assert train(recipe, tmp_path, options(), clips).clips == 4
    assert train(recipe, tmp_path, options(), clips).clips == 4  # nothing is left to do


def test_what_a_run_leaves(recipe, whole):
    assert sorted(path.name for path in whole.iterdir()) == [
        FILE_NAME,
        "log.jsonl",
        "preview_000002.jpg",
        "preview_000004.jpg",
    ]
    first, second = (json.loads(line) for line in (whole / "log.jsonl").read_text("utf-8").splitlines())
    assert (first["step"], first["learning_rate"]) == (2, 6e-4)
    assert (second["step"], second["learning_rate"]) == (4, 3e-4)
    assert "gan" not in first
    assert second["gan"] > 0
    assert Image.open(whole / "preview_000004.jpg").size == (3 * 64, 4 * 32)


def test_every_clip_is_trained_on_as_the_recipe_says(tmp_path, recipe, clips, monkeypatch):
    seen = []

    def step(networks, stage, batch, rule, team):
        optimizers = networks.optimizers.values()
        rates = {group["lr"] for optimizer in optimizers for group in optimizer.param_groups}
        seen.append((rates, stage.losses, [clip["ids"].shape[-1] for clip in batch], rule))
        return {"loss": torch.ones(())}

    monkeypatch.setattr(loop, "train_on_clips", step)
    train(recipe, tmp_path, options(), clips)
    assert seen == [
        (
            {recipe.learning_rate(n)},
            recipe.stages[n // 2].losses,
            [(32, 64)[n // 2]],
            Rule(starts_from_real(recipe, n), average_decay(recipe, n)),
        )
        for n in range(4)
    ]
    assert len({step[3].from_real for step in seen}) == 2
    assert len({step[3].decay for step in seen}) == 4


def test_progress_gets_previews_when_it_asks(tmp_path, recipe, clips):
    shown = []
    train(
        recipe,
        tmp_path,
        options(),
        clips,
        lambda done, total, preview=None: shown.append((done, total, preview)),
    )
    assert [each[:2] for each in shown] == [(n, 4) for n in (1, 2, 3, 4)]
    picture = shown[-1][2]()
    assert picture.shape == (32, 3 * 64, 3)
    clip = clips.shaped(replace(recipe.stages[1].shape, frames=4))[-1]
    truth = (clip["pictures"][-1].movedim(0, -1) + 1) * 127.5
    assert abs(picture[:, 64:128].astype(float) - truth.numpy()).max() <= 0.51


def test_a_file_in_the_place_of_the_folder(tmp_path, recipe, clips):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(InputError, match=r"run: is a file; give the name of a folder"):
        train(recipe, tmp_path / "run", options(), clips)
    with pytest.raises(InputError, match="a part of its path is a file"):
        train(recipe, tmp_path / "run" / "inside", options(), clips)
    assert (tmp_path / "run").read_text() == "mine"
