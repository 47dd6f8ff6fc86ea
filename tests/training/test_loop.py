"""The loop: schedules, what a run leaves behind, and that stopping and going on changes nothing."""

import errno
import json
import os
import signal
import threading
from dataclasses import replace

import pytest
import torch
from accelerate import state
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.training import checkpoint, loop, vid2vid_method
from maliang_video.training.averages import average_decay
from maliang_video.training.checkpoint import FILE_NAME
from maliang_video.training.exports import export_run
from maliang_video.training.loop import LoopOptions, train
from maliang_video.training.team import Team
from maliang_video.training.vid2vid import Rule
from maliang_video.training.vid2vid_method import starts_from_real


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
    long = replace(recipe, stages=(replace(recipe.stages[0], clips=400),))
    starts = [starts_from_real(long, n) for n in range(400)]
    assert starts == [starts_from_real(long, n) for n in range(400)]
    assert 160 < sum(starts) < 240
    assert starts != [starts_from_real(replace(long, seed=1), n) for n in range(400)]


def test_a_stage_may_start_its_clips_in_a_way_of_its_own(recipe):
    first, second = recipe.stages
    for start in ("real", "blank"):
        own = replace(recipe, stages=(first, replace(second, clips=20, start=start)))
        assert {starts_from_real(own, n) for n in range(2, 22)} == {start == "real"}


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

    monkeypatch.setattr(vid2vid_method, "train_on_clips", step)
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


def interrupt_at(clip: int, times: int = 1):
    def progress(done, total, preview=None):
        if done == clip:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)

    return progress


def test_ctrl_c_finishes_the_clip_and_keeps_it(tmp_path, recipe, clips, whole):
    folder, handler = tmp_path / "stopped", signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, folder, options(every=100), clips, interrupt_at(1))
    assert load_checkpoint_step(folder) == 2  # the request came after the first clip
    assert signal.getsignal(signal.SIGINT) is handler
    assert train(recipe, folder, options(every=100), clips).clips == 4
    assert same_checkpoint(folder, whole)


def test_ctrl_c_twice_stops_at_once(tmp_path, recipe, clips):
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path, options(every=1), clips, interrupt_at(1, times=2))
    assert load_checkpoint_step(tmp_path) == 1


def load_checkpoint_step(folder) -> int:
    with safe_open(folder / FILE_NAME, "pt") as file:
        return int(file.metadata()["step"])


def test_elsewhere_than_in_the_main_thread_nobody_listens_for_ctrl_c(tmp_path, recipe, clips):
    done = []
    thread = threading.Thread(target=lambda: done.append(train(recipe, tmp_path, options(), clips).clips))
    thread.start()
    thread.join()
    assert done == [4]


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_checkpoint(
    tmp_path, recipe, clips, monkeypatch
):
    whole = vid2vid_method.train_on_clips

    def broken(networks, stage, batch, rule, team):
        terms = whole(networks, stage, batch, rule, team)
        return terms | {"flow": torch.tensor(float("nan"))} if stage is recipe.stages[1] else terms

    monkeypatch.setattr(vid2vid_method, "train_on_clips", broken)
    with pytest.raises(InputError) as caught:
        train(recipe, tmp_path, options(), clips)
    assert str(caught.value).startswith(
        f"{tmp_path}: at clip 3 the loss 'flow' is not finite (NaN or infinity); "
    )
    assert f"{tmp_path / FILE_NAME} is from before it. Take a lower learning rate" in str(caught.value)
    assert load_checkpoint_step(tmp_path) == 2
    monkeypatch.undo()
    assert train(recipe, tmp_path, options(), clips).clips == 4


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
    ids=["system", "safetensors"],
)
def test_a_full_disk_keeps_the_checkpoint_before(tmp_path, recipe, clips, whole, monkeypatch, error):
    saved = []

    def full(tensors, file, metadata):
        saved.append(file)
        if len(saved) > 1:
            file.write_bytes(b"half")
            raise error
        save_file(tensors, file, metadata)

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(InputError, match=r"could not be written: the disk is full; free some space"):
        train(recipe, tmp_path / "full", options(), clips)
    assert load_checkpoint_step(tmp_path / "full") == 2
    monkeypatch.undo()
    assert train(recipe, tmp_path / "full", options(), clips).clips == 4
    assert same_checkpoint(tmp_path / "full", whole)


def test_a_progressive_run_goes_on_bit_for_bit_and_exports_what_it_has_trained(tmp_path, progressive, clips):
    data = type(clips)(0, progressive.shape)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(progressive, whole, options(every=100), data)
    for clips_done, scales in enumerate((1, 2, 2), 1):  # a stage each
        assert train(progressive, stopped, options(every=100, seconds=0.0), data).clips == clips_done
        export_run(stopped, tmp_path / "part.safetensors", "MIT", torch.float32)
        assert weights.load(tmp_path / "part.safetensors").config.scales == scales
    assert same_checkpoint(stopped, whole)


def test_an_impossible_recipe_is_refused_before_anything_is_made(tmp_path, recipe, clips):
    short = replace(recipe.stages[0], shape=replace(recipe.stages[0].shape, frames=2))
    with pytest.raises(
        InputError, match=r"recipe tiny, stage 1: a clip of 2 frames is too short; the network is"
    ):
        train(replace(recipe, stages=(short,)), tmp_path / "run", options(), clips)
    assert not (tmp_path / "run").exists()


def test_clips_that_could_not_be_read_are_listed(tmp_path, recipe, clips, monkeypatch):
    class Holed(type(clips)):
        def __getitem__(self, index):
            if index in (0, 3):
                raise InputError(f"{index}.png: damaged")
            return super().__getitem__(index)

    report = train(recipe, tmp_path, options(), Holed(0, recipe.shape))
    assert report == loop.Report(4, ("0.png: damaged", "3.png: damaged"))
    assert (tmp_path / "skipped.txt").read_text("utf-8") == "0.png: damaged\n3.png: damaged\n"
    assert train(recipe, tmp_path, options(), clips).skipped == report.skipped


@pytest.fixture
def other_precision():
    """accelerate keeps one precision for a whole process."""
    state.AcceleratorState._reset_state(True)
    yield
    state.AcceleratorState._reset_state(True)


def test_bfloat16_trains_float32_weights(tmp_path, recipe, clips, other_precision):
    half = replace(options(), precision="bf16")
    assert train(recipe, tmp_path / "half", half, clips).clips == 4
    state.AcceleratorState._reset_state(True)
    train(recipe, tmp_path / "full", options(), clips)
    ours, theirs = (load_file(tmp_path / name / FILE_NAME) for name in ("half", "full"))
    name = "generator/scales.0.to_image.weight"
    assert ours[name].dtype == torch.float32
    assert not torch.equal(ours[name], theirs[name])
    assert torch.allclose(ours[name], theirs[name], atol=5e-3)
    curves = [(tmp_path / n / "log.jsonl").read_text("utf-8").splitlines()[0] for n in ("half", "full")]
    one, two = (json.loads(line)["perceptual"] for line in curves)
    assert one == pytest.approx(two, rel=0.1)


def test_one_process_has_one_precision(tmp_path, recipe, clips):
    Team(torch.device("cpu"))
    with pytest.raises(
        InputError, match=r"training in bf16 is not possible here: .* already been initialized"
    ):
        train(recipe, tmp_path, replace(options(), precision="bf16"), clips)
    with pytest.raises(InputError, match="training in fp16 needs a GPU; choose bf16 or fp32"):
        train(recipe, tmp_path, replace(options(), precision="fp16"), clips)
