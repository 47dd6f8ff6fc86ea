"""Checkpoints: what goes in comes out, what is not one is refused, and a bad moment leaves the earlier one whole."""

import errno
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.training import checkpoint as module
from maliang_video.training.checkpoint import Position, load_checkpoint, save_checkpoint
from maliang_video.training.exports import export_run
from maliang_video.training.networks import Networks, build_networks
from maliang_video.training.stand_ins import fill_stand_ins
from maliang_video.training.vid2vid import Rule, train_on_clips

CPU = torch.device("cpu")


@pytest.fixture
def trained(recipe, clips, team) -> Networks:
    networks = build_networks(recipe, CPU)
    batch = {key: value[None] for key, value in clips[0].items()}
    train_on_clips(networks, recipe.stages[1], [batch], Rule(True, 0.5), team)
    return networks


@pytest.fixture
def run(tmp_path, recipe, trained):
    """The folder of a run with a checkpoint after 7 clips."""
    folder = tmp_path / "run"
    folder.mkdir()
    save_checkpoint(folder / module.FILE_NAME, trained, recipe, Position(7, {}))
    return folder


@pytest.fixture
def path(run):
    return run / module.FILE_NAME


def test_round_trip(path, recipe, trained):
    other = build_networks(replace(recipe, seed=5), CPU)
    assert load_checkpoint(path, other, recipe) == (7, {})
    for name in ("generator", "discriminator", "average"):
        ours, theirs = (each.modules[name].state_dict() for each in (trained, other))
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    for name in ("generator", "discriminator"):
        ours, theirs = (each.optimizers[name].state_dict()["state"] for each in (trained, other))
        assert ours.keys() == theirs.keys()
        assert len(ours) > 5
        for number, state in ours.items():
            assert all(torch.equal(state[key], theirs[number][key]) for key in state)


def test_moments_come_back_in_the_layout_of_their_weights(path, recipe):
    """The fused Adam reads them byte after byte: a moment laid out otherwise is another weight's."""
    networks = build_networks(recipe, CPU)
    load_checkpoint(path, networks, recipe)
    states = networks.optimizers["generator"].state.items()
    wide = [
        (weight, state["exp_avg"]) for weight, state in states if weight.dim() == 4 and weight.shape[1] > 1
    ]
    assert any(not weight.is_contiguous() for weight, _ in wide)
    assert all(weight.stride() == moment.stride() for weight, moment in wide)


def test_only_the_schedule_may_be_another(path, recipe, trained):
    longer = replace(recipe, stages=recipe.stages * 2)
    assert load_checkpoint(path, trained, longer).step == 7


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"betas": (0.5, 0.25)}, r"betas was \[0\.5, 0\.999\], is \[0\.5, 0\.25\]"),
        ({"seed": 3, "ema": 0.5}, r"ema was 0\.999, is 0\.5, seed was 0, is 3"),
        ({"name": "mine"}, 'name was "tiny", is "mine"'),
    ],
)
def test_another_recipe_is_refused_by_naming_what_differs(path, recipe, trained, change, named):
    with pytest.raises(InputError, match=named) as caught:
        load_checkpoint(path, trained, replace(recipe, **change))
    assert str(caught.value).startswith(f"{path}: belongs to a run with other settings (")
    assert "choose another folder" in str(caught.value)


def test_another_network_is_refused_by_naming_its_setting(path, recipe):
    wider = replace(recipe, generator=replace(recipe.generator, filters=8))
    with pytest.raises(InputError, match=r"\(generator\.filters was 4, is 8\)"):
        load_checkpoint(path, build_networks(wider, CPU), wider)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_checkpoint_that_is_cut_short_is_refused(path, recipe, trained, share):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match=r"not a whole checkpoint .*; delete it to start anew"):
        load_checkpoint(path, trained, recipe)
    with pytest.raises(InputError, match="not a whole checkpoint"):
        export_run(path.parent, path.parent / "out.safetensors", "MIT", torch.float32)
    assert not (path.parent / "out.safetensors").exists()


def test_another_file_of_tensors_is_no_checkpoint(path, recipe, trained):
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="not a checkpoint of a training run"):
        load_checkpoint(path, trained, recipe)


def test_a_checkpoint_that_lacks_a_tensor_is_refused(path, recipe, trained):
    metadata, tensors = module.read_state(path)
    del tensors["generator/scales.0.to_image.bias"]
    save_file(tensors, path, metadata)
    with pytest.raises(InputError, match=r"generator: .* 1 entry missing \('scales\.0\.to_image\.bias'\)"):
        load_checkpoint(path, trained, recipe)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_bad_moment_leaves_the_earlier_checkpoint(monkeypatch, path, recipe, trained, error):
    before = path.read_bytes()

    def half(tensors, file, metadata):
        file.write_bytes(before[: len(before) // 2])
        raise error

    monkeypatch.setattr(module, "save_file", half)
    with pytest.raises((InputError, KeyboardInterrupt)) as caught:
        save_checkpoint(path, trained, recipe, Position(8, {}))
    if isinstance(error, OSError):
        assert str(caught.value).startswith(f"{path} could not be written: the disk is full")
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_a_killed_run_left_half_written_is_no_hindrance(path, recipe, trained):
    path.with_suffix(".tmp").write_bytes(b"half of a file")
    assert load_checkpoint(path, trained, recipe).step == 7
    save_checkpoint(path, trained, recipe, Position(8, {}))
    assert load_checkpoint(path, trained, recipe).step == 8
    assert not path.with_suffix(".tmp").exists()


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 0.0), (torch.float16, 5e-4), (torch.bfloat16, 4e-3)]
)
def test_export_is_the_averaged_generator(run, recipe, trained, dtype, tolerance):
    out = run.parent / "new" / "street.safetensors"
    info = export_run(run, out, "Apache-2.0", dtype)
    loaded = weights.load(out)
    assert isinstance(loaded, Vid2VidGenerator)
    assert loaded.config == recipe.generator
    fill_stand_ins(trained.average, recipe.stand_ins)
    average = trained.average.state_dict()
    assert loaded.state_dict().keys() == average.keys()
    for name, value in loaded.state_dict().items():
        assert value.dtype == dtype
        assert torch.equal(value, average[name].to(dtype))
        assert torch.allclose(value.float(), average[name], rtol=tolerance, atol=1e-6)
    assert (info.licence, info.architecture) == ("Apache-2.0", "vid2vid.generator/1")
    assert info.source == "trained by maliang train vid2vid --recipe tiny, 7 clips"
    assert info.parameters == sum(p.numel() for p in trained.average.parameters())
    assert '"learning_rate"' in info.notes
    stem = loaded.state_dict()["scales.0.labels.stem.conv.weight"]
    assert torch.equal(stem[:, 27], stem[:, 26])


def test_the_average_is_not_the_generator(path):
    tensors = load_file(path)
    name = "scales.0.to_image.weight"
    assert not torch.equal(tensors[f"average/{name}"], tensors[f"generator/{name}"])


def test_what_can_not_be_exported(run, tmp_path):
    with pytest.raises(InputError, match=r"out\.pth: the name of a file of weights ends in \.safetensors"):
        export_run(run, tmp_path / "out.pth", "MIT", torch.float32)
    with pytest.raises(InputError, match=r"empty: holds no checkpoint\.safetensors"):
        export_run(tmp_path / "empty", tmp_path / "out.safetensors", "MIT", torch.float32)
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        export_run(run, tmp_path / "folder.safetensors", "MIT", torch.float32)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder.safetensors", "run"]
