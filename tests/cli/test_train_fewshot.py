"""`maliang train fewshot` as a user has it: worlds and folders, weights and plans; one sentence for every mistake."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video import weights
from maliang_video.cli import main
from maliang_video.models.fewshot.config import FlowConfig
from maliang_video.models.fewshot.generator import FewShotGenerator
from maliang_video.pipelines.fewshot_training import open_fewshot_folder
from maliang_video.training import recipes, sheets
from maliang_video.training.fewshot_demos import DANCER_FEWSHOT, FACE_FEWSHOT, STREET_FEWSHOT
from maliang_video.training.fewshot_footage import FewShotFootage
from maliang_video.training.fewshot_recipe import FewShotRecipe
from maliang_video.training.flow_teachers import dense_inverse_search
from maliang_video.training.schedule import ClipShape
from maliang_video.training.worlds.faces import FaceWorld
from maliang_video.training.worlds.puppets import PuppetWorld
from maliang_video.training.worlds.street import StreetWorld

FRAMES = 6
SIDE = 64


def tiny(recipe: FewShotRecipe, name: str) -> FewShotRecipe:
    generator = replace(
        recipe.generator, filters=4, most_filters=8, levels=2, mixing_level=1, generated_levels=1,
        flow=FlowConfig(4, 1, 1, 4.0),
    )  # fmt: skip
    stage = replace(recipe.stages[0], clips=2, shape=ClipShape(32, 32, 2, (1.0,)), exemplars=(1, 1))
    return replace(recipe, name=name, generator=generator, stages=(stage,), apart=(2, 3), subjects=3)


RECIPES = {
    "face": tiny(FACE_FEWSHOT, "face"),
    "dancer": tiny(DANCER_FEWSHOT, "dancer"),
    "street": tiny(STREET_FEWSHOT, "street"),
}


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setattr(recipes, "FEWSHOT_RECIPES", RECIPES)
    monkeypatch.setattr(sheets, "PREVIEW_FRAMES", 2)


def maliang(capsys, command: str, *arguments: object) -> str:
    """What a command that goes well prints."""
    assert main(["train", command, *map(str, arguments)]) == 0
    return capsys.readouterr().out


def refusal(capsys, command: str, *arguments: object) -> str:
    """The one sentence of a command that is refused."""
    try:
        code = main(["train", command, *map(str, arguments)])
    except SystemExit as stopped:  # argparse's way
        code = stopped.code
    assert code == 2
    *usage, sentence = capsys.readouterr().err.strip().splitlines()
    assert not usage or usage[0].startswith("usage: ")
    return sentence


def save(folder: Path, t: int, pixels: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / f"{t:03d}.png")


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """One sequence of each kind, in three folders."""
    root = tmp_path_factory.mktemp("footage")
    face, dancer = FaceWorld(1, width=SIDE, height=SIDE), PuppetWorld(1, width=SIDE, height=96)
    street = StreetWorld(3, "noon", SIDE, SIDE)
    for t in range(FRAMES):
        frame = face.render(2 * t)
        save(root / "face/train_images/anna", t, frame.rgb)
        keypoints = root / "face/train_keypoints/anna"
        keypoints.mkdir(parents=True, exist_ok=True)
        np.savetxt(keypoints / f"{t:03d}.txt", frame.landmarks, fmt="%.2f", delimiter=",")
        body = dancer.render(2 * t)
        save(root / "dancer/train_images/ben", t, body.rgb)
        surface = (body.surface * 255).round().astype(np.uint8)
        save(root / "dancer/train_densepose/ben", t, np.stack([*surface, body.ids], -1))
        openpose = root / "dancer/train_openpose/ben"
        openpose.mkdir(parents=True, exist_ok=True)
        person = {"pose_keypoints_2d": np.asarray(body.people[0].pose).flatten().tolist()}
        (openpose / f"{t:03d}.json").write_text(json.dumps({"people": [person]}))
        seen = street.render(2 * t)
        save(root / "street/train_images/road", t, seen.rgb)
        save(root / "street/train_labels/road", t, seen.ids)
    return root


@pytest.fixture
def footage(original, tmp_path) -> Path:
    return shutil.copytree(original, tmp_path / "footage")


def test_from_a_world_to_a_file_of_weights(capsys, tmp_path):
    out, file = tmp_path / "run", tmp_path / "mine.safetensors"
    told = ("--recipe", "face", "--out", out, "--workers", 0)
    said = maliang(capsys, "fewshot", *told, "--max-time", "0s")
    assert "trained on 1 of 2 clips; the same command goes on" in said
    said = maliang(capsys, "fewshot", *told)
    assert "trained on 2 of 2 clips; done" in said
    assert "for the node and maliang fewshot, learnt at 32x32" in said
    assert isinstance(weights.load(out / "run.safetensors"), FewShotGenerator)
    maliang(capsys, "export", "--run", out, "--out", file, "--licence", "CC0-1.0", "--dtype", "fp32")
    info = weights.inspect(file)
    assert (info.architecture, info.licence) == ("fewshot.generator/1", "CC0-1.0")
    assert weights.load(file).config == RECIPES["face"].generator


@pytest.mark.parametrize("kind", ["face", "dancer", "street"])
def test_from_a_folder_to_a_file_of_weights(capsys, footage, tmp_path, kind):
    out = tmp_path / "run"
    told = ("--recipe", kind, "--data", footage / kind, "--out", out, "--workers", 0, "--size", "32x48")
    assert "trained on 2 of 2 clips; done" in maliang(capsys, "fewshot", *told)
    recipe = json.loads(weights.inspect(out / "run.safetensors").notes)
    assert recipe["name"] == f"{kind} on own data"
    assert recipe["stages"][0]["shape"]["height"] == 48


def clips_of(footage: Path, kind: str, exemplars: tuple[int, int]) -> FewShotFootage:
    recipe = RECIPES[kind]
    sequences = open_fewshot_folder(footage / kind, recipe.generator, recipe.layout)
    return FewShotFootage(sequences, recipe.shape, lambda n: exemplars, (2, 3), 0, dense_inverse_search())


@pytest.mark.parametrize(("kind", "channels"), [("face", 1), ("dancer", 6)])
def test_clips_of_footage_have_exemplars_of_the_same_sequence(footage, kind, channels):
    clips = clips_of(footage, kind, (1, 1))
    clip = clips[0]
    assert all(torch.equal(clip[name], values) for name, values in clips[0].items())
    assert clip["drawn"].shape == (2, channels, 32, 32)
    assert clip["exemplar_drawn"].shape == (1, channels, 32, 32)
    assert clip["exemplar_flow"].shape == (2, 1, 2, 32, 32)
    assert clip["exemplar_visible"].shape == (2, 1, 1, 32, 32)
    assert (clip["drawn"] > 0).float().mean() > 0.01
    shown = [frame.picture for frame in clips.sequences[0].draw(32, 32).frames()]
    distances = [(clip["exemplar_pictures"][0] - picture).abs().mean() for picture in shown]
    assert min(distances) < 0.005
    several = clips_of(footage, kind, (2, 2))[0]
    assert len(several["exemplar_pictures"]) == 2
    assert "exemplar_flow" not in several


def test_streets_get_the_classes_of_the_network(footage):
    clip = clips_of(footage, "street", (1, 1))[0]
    assert clip["ids"].shape == (2, 32, 32)
    assert clip["exemplar_ids"].shape == (1, 32, 32)
    assert int(clip["ids"].max()) < 20


def test_damaged_files_are_listed_and_skipped(capsys, footage, tmp_path):
    cut_off = footage / "face/train_images/anna/004.png"
    cut_off.write_bytes(cut_off.read_bytes()[:-600])
    told = ("--recipe", "face", "--data", footage / "face", "--out", tmp_path / "run", "--workers", 0)
    told += ("--clips", 6)
    said = maliang(capsys, "fewshot", *told)
    assert "could not be read and were left out, listed in" in said
    assert "004.png" in (tmp_path / "run/skipped.txt").read_text("utf-8")


def test_plans_of_few_shot_recipes(capsys):
    said = maliang(capsys, "plan", "--recipe", "dancer", "--clips", 40)
    assert "| 1 | 40 | 32x32 | 2 | 1 |" in said
    assert "dancer: 40 clips, 1 an update" in said
    assert "no recipe 'cat'; there are: street-demo, face-demo" in refusal(capsys, "plan", "--recipe", "cat")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "--recipe: which? there are: face, dancer, street"),
        (("--recipe", "cat"), "no few-shot recipe 'cat'; there are: face, dancer, street"),
        (("--recipe", "street-demo"), "recipe 'street-demo' is for maliang train vid2vid"),
        (("--recipe", "face", "--size", "33x32"), "33x32 does not fit this network"),
        (("--recipe", "face", "--exemplars", "3-1"), "3-1 runs backwards; write the smaller number first"),
        (("--recipe", "face", "--exemplars", "0"), "0"),
        (("--recipe", "face", "--from", "nothing.safetensors"), "nothing.safetensors"),
        (
            ("--recipe", "face", "--data", "nowhere"),
            "nowhere: has no train_images/; this network learns from",
        ),
    ],
)
def test_what_is_refused(capsys, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    assert sentence in refusal(capsys, "fewshot", *arguments, "--out", tmp_path / "run", "--workers", 0)


def test_few_shot_recipes_are_not_for_vid2vid(capsys, tmp_path):
    told = ("--recipe", "face", "--out", tmp_path / "run")
    assert "recipe 'face' is for maliang train fewshot" in refusal(capsys, "vid2vid", *told)


def test_footage_that_does_not_fit(capsys, footage, tmp_path):
    told = ("--recipe", "face", "--out", tmp_path / "run", "--workers", 0, "--data")
    assert (
        "dancer: has no train_keypoints/; this network learns from train_images/ and train_keypoints/"
        in refusal(capsys, "fewshot", *told, footage / "dancer")
    )
    shutil.copytree(footage / "face/train_images/anna", footage / "face/train_images/carl")
    assert "carl: there is no such folder, but train_images/ has pictures for it" in refusal(
        capsys, "fewshot", *told, footage / "face"
    )
    shutil.rmtree(footage / "face/train_images")
    (footage / "face/train_images").mkdir()
    assert "train_images: holds no sequence" in refusal(capsys, "fewshot", *told, footage / "face")
