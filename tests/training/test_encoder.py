"""e4e as a method of the loop: its losses, what it learns, that it goes on bit for bit, what it refuses."""

from dataclasses import replace

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.models.faces.e4e import E4EConfig
from maliang_video.models.faces.stylegan2.config import StyleGAN2Config
from maliang_video.models.faces.stylegan2.generator import StyleGAN2
from maliang_video.training import loop
from maliang_video.training.checkpoint import FILE_NAME
from maliang_video.training.clips import Clips
from maliang_video.training.encoder_losses import code_loss, delta_loss
from maliang_video.training.encoder_method import EncoderMethod, encoded
from maliang_video.training.encoder_recipe import (
    ENCODER_RECIPES,
    FACE_ENCODER,
    EncoderLosses,
    check_encoder,
    find_encoder_recipe,
)
from maliang_video.training.exports import export_run
from maliang_video.training.loop import LoopOptions, train
from maliang_video.training.schedule import ClipShape
from maliang_video.training.stylegan2_recipes import FACE_GENERATOR
from maliang_video.weights.config_json import from_json, to_json

SHAPE = ClipShape(width=16, height=16, frames=2, zooms=(1.0,))


class Grey(Clips):
    """Pictures of one grey."""

    longest = 2

    def __getitem__(self, index):
        return {"pictures": torch.full((2, 3, 16, 16), (index % 5 - 2) / 4)}


@pytest.fixture(autouse=True)
def _one_preview(monkeypatch):
    monkeypatch.setattr(loop, "PREVIEW_CLIPS", (-1,))


@pytest.fixture
def recipe(tmp_path):
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(3)
        generator = StyleGAN2(StyleGAN2Config((8, 8, 8), 8, 8, 2, None))
        generator.mapping.average.normal_()
    path = tmp_path / "generator.safetensors"
    weights.save(path, generator, licence="MIT", source="chance")
    losses = EncoderLosses(code=1.0, pixels=1.0, perceptual=1.0, delta=0.01)
    stage = replace(FACE_ENCODER.stages[0], clips=4, shape=SHAPE, losses=losses)
    return replace(
        FACE_ENCODER,
        name="tiny",
        network=E4EConfig(16, 6, 8, (16, 16, 16, 16), (1, 1, 1, 1), head_width=4),
        generator=str(path),
        stages=(replace(stage, rows=1), replace(stage, rows=6)),
    )


def run(recipe, folder, every=100, seconds=None):
    options = LoopOptions(torch.device("cpu"), 0, every, seconds)
    return train(recipe, folder, options, Grey(0, recipe.shape))


def test_code_loss():
    codes = torch.zeros(1, 2, 3)
    codes[0, 1] = 2.0
    assert code_loss(codes, torch.zeros(1, 2, 3)).item() == 6  # rows of 0 and of 3 * 2 * 2


def test_delta_loss():
    codes = torch.ones(2, 3, 2)
    assert delta_loss(codes).item() == 0
    codes[0, 1], codes[0, 2] = torch.tensor([4.0, 5.0]), torch.tensor([1.0, 3.0])
    assert delta_loss(codes).item() == pytest.approx((5 + 2 + 0 + 0) / 2)


def test_it_learns_and_leaves_the_generator_alone(recipe, team):
    recipe = replace(recipe, stages=(replace(recipe.stages[1], clips=60, learning_rate=(0.01, 0.01)),))
    method, data = EncoderMethod(recipe, team), Grey(0, recipe.shape)
    before = {name: value.clone() for name, value in method.networks.generator.state_dict().items()}
    clips = [[{"pictures": data[n + k]["pictures"][None]} for k in (0, 1)] for n in range(0, 60, 2)]
    terms = [method.update(clip, 2 * n) for n, clip in enumerate(clips)]
    assert terms[0].keys() == {"code", "pixels", "perceptual", "delta"}
    code = [float(each["code"]) for each in terms]
    assert sum(code[-5:]) < 0.8 * sum(code[:5])
    after = method.networks.generator.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_codes_begin_as_rows_of_one(recipe, team):
    networks = EncoderMethod(recipe, team).networks
    average = networks.encoder.average
    assert torch.equal(average[0], networks.generator.mapping.average)
    codes = encoded(networks.encoder.eval(), torch.zeros(2, 3, 16, 16), 1) - average
    assert torch.equal(codes, codes[:, :1].expand_as(codes))


def test_a_run_that_was_stopped_goes_on_bit_for_bit(recipe, tmp_path):
    assert run(recipe, tmp_path / "whole").clips == 8
    for _ in range(4):
        run(recipe, tmp_path / "parts", seconds=0.0)
    ours, theirs = (load_file(tmp_path / name / FILE_NAME) for name in ("parts", "whole"))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert Image.open(tmp_path / "whole" / "preview_000008.jpg").size == (4 * 16, 16)
    info = export_run(tmp_path / "whole", tmp_path / "a.safetensors", "MIT", torch.float32)
    assert (info.architecture, info.config.head_width) == ("faces.e4e/1", 4)
    network = weights.load(tmp_path / "a.safetensors")
    assert all(torch.equal(theirs[f"encoder/{name}"], v) for name, v in network.state_dict().items())


def test_generators_that_do_not_fit(recipe, team, tmp_path):
    with pytest.raises(InputError, match=r"choose the encoder that was trained for this generator"):
        EncoderMethod(replace(recipe, network=replace(recipe.network, rows=8)), team)
    with pytest.raises(InputError, match=r"of 16 pixels, the recipe's encoder looks at 32"):
        EncoderMethod(replace(recipe, network=replace(recipe.network, resolution=32)), team)


def test_recipes():
    for recipe in ENCODER_RECIPES.values():
        check_encoder(recipe)
        assert from_json(type(recipe), to_json(recipe), "notes") == recipe
    demo, generator = find_encoder_recipe("face-encoder-demo"), FACE_GENERATOR.network
    assert (demo.network.rows, demo.network.w_width) == (generator.rows, generator.w_width)
    assert demo.seed == FACE_GENERATOR.seed  # they share their pictures
    with pytest.raises(InputError, match="no recipe 'x' of e4e; there are: face-encoder-demo"):
        find_encoder_recipe("x")
    with pytest.raises(InputError, match="stage 1: 13 heads of 12 can't be trained"):
        check_encoder(replace(demo, stages=(replace(demo.stages[0], rows=13),)))
    with pytest.raises(InputError, match="are not 128x128"):
        check_encoder(replace(demo, stages=(replace(demo.stages[0], shape=SHAPE),)))
