"""maliang train stylegan2, e4e and face-finder as they are typed."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from maliang_video import weights
from maliang_video.cli import main
from maliang_video.models.faces.stylegan2.config import StyleGAN2Config
from maliang_video.models.faces.stylegan2.discriminator import DiscriminatorConfig
from maliang_video.training import stylegan2_recipes
from maliang_video.training.schedule import ClipShape
from maliang_video.training.stylegan2_recipe import StyleGAN2Stage


@pytest.fixture
def tiny(monkeypatch):
    shape = ClipShape(width=16, height=16, frames=1, zooms=(1.0,))
    stage = StyleGAN2Stage(4, shape, (2e-3, 2e-3), side=16, likeness=0.0, adversarial=1.0, mapping_rate=1.0)
    recipe = replace(
        stylegan2_recipes.STYLEGAN2_256,
        name="tiny",
        network=StyleGAN2Config((4, 4, 4), 8, 8, 2, None),
        judge=DiscriminatorConfig((4, 4, 4), 2),
        stages=(stage,),
        batch=2,
    )
    monkeypatch.setattr(stylegan2_recipes, "STYLEGAN2_RECIPES", {"tiny": recipe})


def test_a_folder_of_pictures_becomes_a_generator(tmp_path, tiny, capsys):
    (tmp_path / "faces").mkdir()
    for n in range(3):
        pixels = np.random.default_rng(n).integers(0, 256, (20, 20, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "faces" / f"{n}.png")
    command = ["train", "stylegan2", "--recipe", "tiny", "--data", str(tmp_path / "faces"), "--workers", "0"]
    assert main([*command, "--out", str(tmp_path / "run"), "--device", "cpu"]) == 0
    assert "trained on 4 of 4 clips; done" in capsys.readouterr().out
    network = weights.load(tmp_path / "run" / "run.safetensors")
    assert network.config.resolution == 16


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (["stylegan2", "--recipe", "x"], "no recipe 'x' of StyleGAN2; there are: tiny"),
        (["stylegan2", "--recipe", "tiny", "--data", "nowhere"], "nowhere: there is no such folder"),
        (["e4e", "--recipe", "x"], "no recipe 'x' of e4e; there are: face-encoder-demo"),
        (["e4e", "--generator", "./none.safetensors"], "none.safetensors"),
        (["face-finder", "--recipe", "x"], "no recipe 'x' of a face finder; there are: face-finder-demo"),
        (["plan", "--recipe", "x"], "no recipe 'x'; there are: street-demo"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path, tiny, capsys, monkeypatch, command, complaint):
    monkeypatch.chdir(tmp_path)
    assert main(["train", *command]) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1


def test_the_plan_of_a_generator(capsys):
    assert main(["train", "plan", "--recipe", "face-generator-demo"]) == 0
    table = capsys.readouterr().out
    assert "| 4 | 1200 | 4 | 128 | 3 | 0.1 | 0.001 to 0.0005 | 0.01 times |" in table
    assert "62 of the 64 numbers of a draw are what is known of a picture" in table
