"""StyleGAN2 as a method of the loop: what it learns, that it goes on bit for bit, what it leaves."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.models.faces.stylegan2.config import StyleGAN2Config
from maliang_video.models.faces.stylegan2.discriminator import DiscriminatorConfig
from maliang_video.models.layers.binomial import doubled
from maliang_video.training import face_known, loop
from maliang_video.training.checkpoint import FILE_NAME
from maliang_video.training.clips import Clips
from maliang_video.training.exports import export_run
from maliang_video.training.face_known import KNOWN
from maliang_video.training.face_pictures import Epochs, FacePictures, PictureFolder, pictures_of, squared
from maliang_video.training.loop import LoopOptions, train
from maliang_video.training.schedule import ClipShape
from maliang_video.training.stylegan2_method import StyleGAN2Method, painted
from maliang_video.training.stylegan2_networks import lazily
from maliang_video.training.stylegan2_recipe import Regularisation, StyleGAN2Stage, check_stylegan2
from maliang_video.training.stylegan2_recipes import FACE_GENERATOR, STYLEGAN2_RECIPES, find_stylegan2_recipe
from maliang_video.weights.config_json import from_json, to_json

SHAPE = ClipShape(width=16, height=16, frames=2, zooms=(1.0,))
REGRESSION = StyleGAN2Stage(8, SHAPE, (0.02, 0.02), side=8, likeness=1.0, adversarial=0.0, mapping_rate=20.0)
ADVERSARIAL = StyleGAN2Stage(8, SHAPE, (2e-3, 1e-3), side=16, likeness=1.0, adversarial=0.5, mapping_rate=1.0)
TINY = replace(
    FACE_GENERATOR,
    name="tiny",
    network=StyleGAN2Config(channels=(8, 8, 8), z_width=64, w_width=16, mapping_layers=2, clamp=None),
    judge=DiscriminatorConfig(channels=(8, 8, 8), group=4),
    stages=(REGRESSION, ADVERSARIAL),
    r1=Regularisation(1.0, 2),
    path=Regularisation(1.0, 2),
)


class Flags(Clips):
    """Pictures of one colour, which the first known number says."""

    longest = 2

    def __getitem__(self, index):
        known = torch.randn(2, len(KNOWN), generator=torch.Generator().manual_seed(index % 1000))
        known[:, 1:] *= 0.1
        red = known[:, 0].clamp(-1, 1)[:, None, None].expand(2, 16, 16)
        return {"pictures": torch.stack([red, -red, 0 * red], 1), "known": known}


@pytest.fixture(autouse=True)
def _one_preview(monkeypatch):
    monkeypatch.setattr(loop, "PREVIEW_CLIPS", (-1,))


def run(recipe, folder, every=100, seconds=None, clips=None):
    options = LoopOptions(torch.device("cpu"), 0, every, seconds)
    return train(recipe, folder, options, clips or Flags(0, recipe.shape))


def batch(number=0):
    return [
        {key: value[None] for key, value in Flags(0, TINY.shape)[n].items()} for n in (number, number + 1)
    ]


def test_it_learns_which_picture_belongs_to_which_numbers(tmp_path, team):
    stage = replace(REGRESSION, clips=2 * 120, side=16)
    method = StyleGAN2Method(replace(TINY, stages=(stage,)), team)
    losses = [float(method.update(batch(2 * n), 2 * n)["likeness"]) for n in range(120)]
    assert np.mean(losses[-20:]) < 0.7 * np.mean(losses[:5])
    average = method.networks.average
    z = torch.zeros(2, 64)
    z[0, 0], z[1, 0] = 1.5, -1.5
    red = average(average.mapping(z), "none")[:, 0].mean((1, 2))
    assert red[0] > 0.3 > -0.3 > red[1]


def test_small_pictures_leave_the_last_blocks_alone(team):
    method = StyleGAN2Method(TINY, team)
    generator = method.networks.generator
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    method.update(batch(), 0)
    changed = {name for name, value in generator.state_dict().items() if not torch.equal(value, before[name])}
    assert "blocks.1.to_rgb.weight" in changed
    assert "mapping.layers.0.weight" in changed
    assert not any(name.startswith("blocks.2.") for name in changed)


def test_the_adversarial_stage_teaches_both_and_regularises_now_and_then(team):
    method = StyleGAN2Method(TINY, team)
    method.enter(0, 1)
    first, second = method.update(batch(), 8), method.update(batch(), 10)
    assert first.keys() == {"judge", "r1", "gan", "likeness", "path", "path_length"}
    assert second.keys() == {"judge", "gan", "likeness"}
    assert float(method.networks.paths.length) == pytest.approx(float(first["path_length"]))
    assert float(first["path_length"]) > 0
    assert float(first["judge"]) == pytest.approx(2 * np.log(2), abs=0.5)


def test_a_regression_begins_with_grey(team):
    method = StyleGAN2Method(TINY, team)
    method.start()
    codes = torch.randn(2, 6, 16, generator=torch.Generator().manual_seed(0))
    for network in (method.networks.generator, method.networks.average):
        assert painted(network, codes, 8).abs().max() == 0
    alone = StyleGAN2Method(replace(TINY, stages=(ADVERSARIAL,)), team)
    alone.start()
    assert painted(alone.networks.generator, codes, 16).std() > 0.1


def test_new_blocks_begin_with_no_say(team):
    networks = StyleGAN2Method(TINY, team).networks
    method = StyleGAN2Method(TINY, team)
    method.enter(0, 1)
    codes = torch.randn(1, 6, 16, generator=torch.Generator().manual_seed(0))
    for network in (method.networks.generator, method.networks.average):
        small, large = (painted(network, codes, side) for side in (8, 16))
        assert torch.allclose(large, doubled(small))
    assert not torch.allclose(
        networks.generator(codes, "none"), doubled(painted(networks.generator, codes, 8))
    )


def test_adam_is_told_of_the_updates_between(team):
    networks = StyleGAN2Method(TINY, team).networks
    group = networks.optimizers["judge"].param_groups[0]
    assert lazily(Regularisation(1.0, 16)) == 16 / 17
    assert group["betas"] == pytest.approx((0.5 ** (2 / 3), 0.99 ** (2 / 3)))
    assert group["rate_factor"] == pytest.approx(2 / 3)


def test_the_mapping_learns_at_the_rate_of_the_stage(team):
    method = StyleGAN2Method(TINY, team)
    mapping, others = method.networks.optimizers["generator"].param_groups
    method.resume(0)
    assert (mapping["rate_factor"], others["rate_factor"]) == pytest.approx((20 * 2 / 3, 2 / 3))
    method.enter(0, 1)
    assert mapping["rate_factor"] == pytest.approx(2 / 3)


def test_mixed_codes_come_from_two_draws(team):
    method = StyleGAN2Method(replace(TINY, mixing=1.0), team)
    z, rows = torch.randn(6, 64, generator=torch.Generator().manual_seed(0)), TINY.network.rows
    codes = method._codes(z, torch.Generator().manual_seed(1), told=2)
    own = method.networks.generator.mapping(z)
    same = (codes == own).all(-1)
    assert same[:2].all()
    for row in same[2:].tolist():
        first = row.index(False)
        assert 1 <= first < rows
        assert not any(row[first:])


def test_a_run_that_was_stopped_goes_on_bit_for_bit(tmp_path):
    assert run(TINY, tmp_path / "whole").clips == 16
    for _ in range(8):
        run(TINY, tmp_path / "parts", seconds=0.0)
    ours, theirs = (load_file(tmp_path / name / FILE_NAME) for name in ("parts", "whole"))
    assert ours.keys() == theirs.keys()
    assert "paths/length" in ours
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert Image.open(tmp_path / "whole" / "preview_000016.jpg").size == ((2 + 2 + 4) * 16, 16)


def test_a_run_becomes_a_file_of_weights(tmp_path):
    run(TINY, tmp_path / "run")
    info = export_run(tmp_path / "run", tmp_path / "a.safetensors", "MIT", torch.float32)
    assert info.architecture == "faces.stylegan2/1"
    assert info.source == "trained by maliang train stylegan2 --recipe tiny, 16 clips"
    state, network = load_file(tmp_path / "run" / FILE_NAME), weights.load(tmp_path / "a.safetensors")
    assert all(torch.equal(state[f"average/{name}"], value) for name, value in network.state_dict().items())
    assert network.mapping.average.abs().max() > 0


def test_adversarial_training_needs_no_knowledge_but_regression_does(tmp_path):
    class Unknown(Flags):
        def __getitem__(self, index):
            return {"pictures": super().__getitem__(index)["pictures"]}

    alone = replace(TINY, stages=(replace(ADVERSARIAL, likeness=0.0),))
    assert run(alone, tmp_path / "a", clips=Unknown(0, alone.shape)).clips == 8
    with pytest.raises(InputError, match="of these nothing is known; choose stylegan2-256"):
        run(TINY, tmp_path / "b", clips=Unknown(0, TINY.shape))


def test_impossible_recipes():
    def refused(message, **changes):
        with pytest.raises(InputError, match=message):
            check_stylegan2(replace(TINY, **changes))

    refused("the discriminator's 8; they must", judge=DiscriminatorConfig((4, 4), 4))
    refused("side of 12 pixels is none", stages=(replace(REGRESSION, side=12),))
    refused("looks at 16 pixels, not at 8", stages=(replace(ADVERSARIAL, side=8),))
    refused("not 16x16", stages=(replace(REGRESSION, shape=replace(SHAPE, width=8)),))
    refused(r"draws of 8 numbers can't hold the \d+ known", network=replace(TINY.network, z_width=8))


@pytest.mark.parametrize("recipe", STYLEGAN2_RECIPES.values(), ids=lambda recipe: recipe.name)
def test_recipes(recipe):
    check_stylegan2(recipe)
    assert find_stylegan2_recipe(recipe.name) is recipe
    assert from_json(type(recipe), to_json(recipe), "notes") == recipe


def test_an_unknown_recipe():
    with pytest.raises(InputError, match="no recipe 'x' of StyleGAN2; there are: face-generator-demo"):
        find_stylegan2_recipe("x")


def test_no_block_makes_such_pictures(team):
    generator = StyleGAN2Method(TINY, team).networks.generator
    with pytest.raises(ValueError, match="makes 32 pixels"):
        painted(generator, torch.zeros(1, 6, 16), 32)


def test_faces_of_the_world_fill_the_picture_as_ffhq_has_them(monkeypatch):
    monkeypatch.setattr(face_known, "SAMPLE", 70)
    face_known.standard.cache_clear()
    shape = replace(SHAPE, width=32, height=32)
    clip = FacePictures(0, lambda number: shape)[5]
    assert clip["pixels"].shape == (2, 32, 32, 3)
    assert clip["known"].shape == (2, len(KNOWN))
    again = Epochs(FacePictures(0, lambda number: shape), 1)[7]  # the only clip there is
    assert again["pictures"].shape == (2, 3, 32, 32)
    assert not torch.equal(again["known"], clip["known"])
    assert again["pictures"].abs().max() <= 1
    face_known.standard.cache_clear()


def test_epochs_show_every_clip_once_in_another_order():
    class Numbered(Clips):
        def __getitem__(self, index):
            return {"pixels": torch.full((1, 4, 4, 3), index % 256, dtype=torch.uint8)}

    epochs = Epochs(Numbered(0, lambda number: SHAPE), 20)
    seen = [round((float(epochs[n]["pictures"][0, 0, 0, 0]) + 1) * 127.5) for n in range(40)]
    assert sorted(seen[:20]) == sorted(seen[20:]) == list(range(20))
    assert seen[:20] != seen[20:]
    assert epochs[-1]["pictures"][0, 0, 0, 0] == 1


def test_pictures_of_a_folder(tmp_path):
    left = np.zeros((20, 30, 3), np.uint8)
    left[:, :15] = 255
    Image.fromarray(left).save(tmp_path / "a.png")
    folder = PictureFolder(0, lambda number: replace(SHAPE, frames=1, mirrored=True), tmp_path)
    sides = {bool(folder[n]["pictures"][0, 0, 8, 2] > 0) for n in range(12)}
    assert sides == {True, False}  # mirrored or not
    assert folder[0]["pictures"].shape == (1, 3, 16, 16)
    with pytest.raises(InputError, match="no such folder"):
        PictureFolder(0, lambda number: SHAPE, tmp_path / "none")


def test_the_square_in_the_middle():
    picture = torch.zeros(3, 4, 8)
    picture[:, :, 2:6] = torch.arange(4.0)
    assert squared(picture, 4)[0, 0].tolist() == [0, 1, 2, 3]


def test_pictures_shrink_by_averages():
    pictures = torch.arange(16.0).view(1, 1, 1, 4, 4).expand(1, 2, 3, 4, 4)
    small = pictures_of([{"pictures": pictures}], 2)
    assert small.shape == (2, 3, 2, 2)
    assert small[0, 0].flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
