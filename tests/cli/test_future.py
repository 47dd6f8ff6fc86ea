"""`maliang future` as a user types it: maps that read back, the video of them, one sentence for every mistake."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from maliang_video import weights
from maliang_video.cli import main
from maliang_video.cli.train_future import distance_table, label_table, psnr_table
from maliang_video.media.labels import open_labels
from maliang_video.media.reader import open_frames
from maliang_video.models.vid2vid.future import LabelFuture
from maliang_video.training import future_recipe, loop, sheets
from maliang_video.training.evaluate_future import LabelRow, PictureRow
from maliang_video.training.future_recipe import STREET_FUTURE
from maliang_video.training.schedule import ClipShape

WORLD = "world:street?seed=5&frames=5&size=64x32"
CONFIG = replace(STREET_FUTURE.network, seen_frames=3, filters=4, downsamplings=1, blocks=1)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    path = tmp_path / "future.safetensors"
    weights.save(path, LabelFuture(CONFIG), licence="CC0-1.0", source="random numbers")
    return path


def run(network: Path, out: Path, *more: object, labels: str = WORLD, frames: int = 2) -> int:
    given = ["--labels", labels, "--frames", frames, "--weights", network, "--out", out, "--device", "cpu"]
    return main(["future", *map(str, [*given, *more])])


def test_maps_are_written_and_read_back(capsys, network, tmp_path):
    assert run(network, tmp_path / "all") == 0
    assert "7 label maps, the last 2 of them predicted" in capsys.readouterr().out
    assert run(network, tmp_path / "new", "--predicted-only") == 0
    every, new = open_labels(tmp_path / "all"), open_labels(tmp_path / "new")
    assert (every.frame_count, new.frame_count) == (7, 2)
    assert next(new.frames()).ids.equal(next(every.frames(5)).ids)


def test_they_are_painted(network, tiny_generator, tmp_path, capsys):
    painter = tmp_path / "painter.safetensors"
    weights.save(painter, tiny_generator, licence="CC0-1.0", source="random numbers")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(2):
        Image.new("RGB", (64, 32), (40 * number, 9, 9)).save(pictures / f"{number}.png")
    out, maps = tmp_path / "out.mkv", tmp_path / "maps"
    more = ["--paint", painter, "--first", pictures, "--codec", "ffv1", "--maps", maps, "--style", "night"]
    assert run(network, out, *more) == 0
    assert "4 frames, the last 2 of them predicted, 64x32" in capsys.readouterr().out
    with open_frames(out) as frames:
        assert [frame.pixels[0, 0, 0] for frame in frames][:2] == [0, 40]
    assert open_labels(maps).frame_count == 7


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--style", "night"], "--style belongs to painting"),
        (["--maps", "m"], "--maps belongs to painting"),
        (["--size", "62x32"], "the nearest size is 64x32"),
    ],
)
def test_wrong_options_are_one_sentence(capsys, network, tmp_path, more, sentence):
    assert run(network, tmp_path / "out", *more) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_too_few_maps_and_no_frames(capsys, network, tmp_path):
    assert run(network, tmp_path / "out", labels="world:street?frames=2&size=64x32") == 2
    assert "2 label maps are too few to predict from; this network sees 3" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(network, tmp_path / "out", frames=0)
    assert "is not a whole number of 1 or more" in capsys.readouterr().err


def test_training_makes_weights(capsys, monkeypatch, tmp_path):
    stage = replace(STREET_FUTURE.stages[0], clips=1, shape=ClipShape(32, 16, 4, (1.0,)))
    recipe = replace(STREET_FUTURE, network=CONFIG, stages=(stage,))
    monkeypatch.setattr(sheets, "PREVIEW_FRAMES", 4)
    monkeypatch.setattr(loop, "PREVIEW_CLIPS", (-1,))
    monkeypatch.setattr(future_recipe, "FUTURE_RECIPES", {"street-future": recipe})
    out = tmp_path / "mine"
    command = ["train", "future", "--out", str(out), "--workers", "0", "--device", "cpu"]
    assert main(command) == 0
    assert "trained on 1 of 1 clips; done" in capsys.readouterr().out
    assert run(out / "mine.safetensors", tmp_path / "maps") == 0
    assert main([*command, "--recipe", "street"]) == 2
    assert "no recipe 'street'" in capsys.readouterr().err


def test_tables_are_markdown():
    rows = [PictureRow("ours", (20.0, 18.5, 17.0, 15.25), (0.5, 0.61234, 0.7, 0.8))]
    table = label_table([LabelRow("ours", (0.9, 0.8, 0.7, 0.6547))]).splitlines()
    assert table[0] == "| method | 1 frame ahead | 3 frames ahead | 5 frames ahead | 10 frames ahead |"
    assert table[1] == "|---|---|---|---|---|"
    assert table[2] == "| ours | 90.0 | 80.0 | 70.0 | 65.5 |"
    assert psnr_table(rows).endswith("| ours | 20.00 | 18.50 | 17.00 | 15.25 |")
    assert distance_table(rows).endswith("| ours | 0.5000 | 0.6123 | 0.7000 | 0.8000 |")
