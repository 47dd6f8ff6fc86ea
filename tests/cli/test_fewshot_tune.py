"""`maliang fewshot tune` as a user types it: a file, what it was worth, and how it is used and refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from maliang_video import weights
from maliang_video.cli import main
from maliang_video.media.reader import open_frames
from maliang_video.training import fewshot_tuning_loop as loop
from maliang_video.weights.delta import read_delta

SUBJECT = "world:faces?subject=3&size=32x32"
OUT = "me.delta.safetensors"


@pytest.fixture
def files(tmp_path: Path, tiny_few_shot) -> Path:
    """A folder with a network."""
    weights.save(tmp_path / "net.safetensors", tiny_few_shot(), licence="CC0-1.0", source="random numbers")
    return tmp_path


def tune(files: Path, *more: str, steps: int = 2) -> int:
    given = ["--weights", str(files / "net.safetensors"), "--exemplars", SUBJECT, "--size", "32x32"]
    given += ["--exemplar-frames", "0", "20", "--steps", str(steps), "--rank", "2", "--device", "cpu"]
    return main(["fewshot", "tune", *given, "--out", str(files / OUT), *more])


def paint(files: Path, out: str, *more: str) -> int:
    given = ["--exemplars", SUBJECT, "--size", "32x32", "--labels", f"{SUBJECT}&seed=5&frames=2"]
    return main(["fewshot", *given, "--device", "cpu", "--codec", "ffv1", "--out", str(files / out), *more])


def pixels(path: Path) -> np.ndarray:
    with open_frames(path) as frames:
        return np.stack([frame.pixels for frame in frames])


def test_a_subject_is_learnt_and_painted(files: Path, capsys) -> None:
    net, out = str(files / "net.safetensors"), files / OUT
    assert tune(files, "--check", SUBJECT, "--check-frames", "10", "--rate", "0.01", "--seed", "4") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("| pictures | number | PSNR (dB) before | after |")
    assert said[2].startswith("| exemplars (tuned on) | 2 |")
    assert said[3].startswith("| check (never seen) | 1 |")
    assert said[4].startswith(f"{out}: ")
    assert sorted(path.name for path in files.iterdir()) == [OUT, "net.safetensors"]
    facts = read_delta(out).facts
    assert (facts.architecture, facts.licence) == ("fewshot.generator/1", "CC0-1.0")
    assert facts.base_source == "random numbers"
    tuning = json.loads(facts.tuning)
    assert (tuning["steps"], tuning["rank"], tuning["learning_rate"], tuning["seed"]) == (2, 2, 0.01, 4)
    before, after = json.loads(facts.figures)["check"]
    assert said[3].split(" | ")[2:4] == [f"{before['psnr']:.2f}", f"{after['psnr']:.2f}"]
    with safe_open(out, "pt") as file:
        assert {file.get_slice(name).get_dtype() for name in file.keys()} == {"F16"}  # noqa: SIM118
    assert paint(files, "plain.mkv", "--weights", net) == 0
    assert paint(files, "tuned.mkv", "--weights", net, "--delta", str(out)) == 0
    assert not np.array_equal(pixels(files / "plain.mkv"), pixels(files / "tuned.mkv"))


def test_what_a_delta_says_can_be_read(files: Path, capsys) -> None:
    assert tune(files, "--dtype", "fp32") == 0
    capsys.readouterr()
    assert main(["weights", "info", str(files / OUT)]) == 0
    said = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert said["licence"] == "CC0-1.0"
    assert said["tuned"] == "fewshot.generator/1"
    assert json.loads(said["tuning"])["steps"] == 2
    assert "psnr" in said["figures"]


def test_ctrl_c_keeps_what_was_learnt(files: Path, capsys, monkeypatch) -> None:
    class Asked:
        def __enter__(self):
            return lambda: True

        def __exit__(self, *_) -> None:
            pass

    with monkeypatch.context() as patch:
        patch.setattr(loop, "stop_requests", Asked)
        assert tune(files) == 130
    assert "run the same command again to go on" in capsys.readouterr().err
    assert sorted(path.name for path in files.iterdir()) == ["me.delta.tuning", "net.safetensors"]
    assert tune(files) == 0
    assert ", 1 of its steps from an earlier run" in capsys.readouterr().out
    assert sorted(path.name for path in files.iterdir()) == [OUT, "net.safetensors"]
    resumed = read_delta(files / OUT)
    assert tune(files) == 0
    whole = read_delta(files / OUT)
    assert whole.facts == resumed.facts
    assert all(torch.equal(value, whole.entries[name]) for name, value in resumed.entries.items())


def test_other_weights_are_refused(files: Path, capsys, tiny_few_shot) -> None:
    assert tune(files, steps=1) == 0
    other = files / "other.safetensors"
    weights.save(other, tiny_few_shot(filters=8), licence="", source="")
    assert paint(files, "out.mkv", "--weights", str(other), "--delta", str(files / OUT)) == 2
    assert "was tuned for other weights than these (random numbers; sha256" in capsys.readouterr().err
    assert not (files / "out.mkv").exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--rate", "7"], "learning rate: 7 is none"),
        (["--check-frames", "3"], "--check is missing"),
        (["--out", "me.pt"], "the name of a file of weights ends in .safetensors"),
        (["--exemplar-frames", "0", "--size", "30x32"], "the nearest size is 32x32"),
        (["--weights", "nothing"], "nothing"),
        (["--exemplars", "world:puppets?seed=1"], "this world has no faces, but the network paints faces"),
    ],
)
def test_mistakes_are_one_sentence(files: Path, capsys, more, sentence) -> None:
    assert tune(files, *more) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert [path.name for path in files.iterdir()] == ["net.safetensors"]


def test_the_delta_may_not_take_the_place_of_the_weights(files: Path, capsys) -> None:
    before = (files / "net.safetensors").read_bytes()
    assert tune(files, "--out", str(files / "net.safetensors")) == 2
    assert "is one of the inputs" in capsys.readouterr().err
    assert (files / "net.safetensors").read_bytes() == before


@pytest.mark.parametrize("option", ["exemplars", "weights", "out"])
def test_what_is_missing_is_named(files: Path, capsys, option) -> None:
    options = {"exemplars": SUBJECT, "weights": str(files / "net.safetensors"), "out": "x.mp4", "labels": "y"}
    del options[option]
    assert main(["fewshot", *(part for name, value in options.items() for part in (f"--{name}", value))]) == 2
    assert capsys.readouterr().err.startswith(f"maliang: --{option} is missing: ")
