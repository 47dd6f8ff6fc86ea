"""Several processes: the same clips in one process or in two give the same run, also one that was killed on its way."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from maliang_video.errors import InputError, MissingExtraError
from maliang_video.training import team as module
from maliang_video.training.checkpoint import FILE_NAME
from maliang_video.training.loop import LoopOptions, train
from maliang_video.training.team import Team


def curve(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]


def test_one_process_or_two_that_were_killed_on_their_way(tmp_path, shared, clips):
    recipe, whole, together = shared, tmp_path / "one", tmp_path / "two"
    train(recipe, whole, LoopOptions(torch.device("cpu"), 0, 2, None), type(clips)(0, recipe.shape))
    command = [sys.executable, str(Path(__file__).parent / "team_run.py"), str(together), "2", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert ended.stdout.splitlines()[-1] == "[[9, 9], [0, 0]]"
    assert [line["step"] for line in curve(together)] == [2, 4]
    for one, two in zip(curve(whole), curve(together), strict=True):
        assert one.keys() == two.keys()
        assert {"gan", "temporal0_gan", "temporal0", "discriminator"} <= one.keys()
        assert one == pytest.approx(two, rel=1e-4)
    ours, theirs = load_file(whole / FILE_NAME), load_file(together / FILE_NAME)
    assert ours.keys() == theirs.keys()
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-5) for name in ours)


def test_clips_that_processes_can_not_share(tmp_path, recipe, monkeypatch):
    monkeypatch.setattr(Team, "size", 2, raising=False)
    monkeypatch.setattr(Team, "__init__", lambda self, device, precision: None)
    with pytest.raises(
        InputError, match="1 clips, which 2 processes can't share evenly; give --batch a multiple"
    ):
        train(recipe, tmp_path, LoopOptions(torch.device("cpu"), 0, 2, None))


class TwoHalves(Team):
    """A process of two, the other of which has nothing and no gradients."""

    def __init__(self) -> None:
        super().__init__(torch.device("cpu"))
        self.size = 2

    def _sum(self, x):
        return x.clone()


def test_gradients_are_averaged_in_pieces(monkeypatch):
    monkeypatch.setattr(module, "BUCKET", 5)
    shapes = [(2,), (3, 2), (1,), (4,)]
    parameters = [torch.nn.Parameter(torch.zeros(shape)) for shape in shapes]
    for number, parameter in enumerate(parameters[:3], 1):
        parameter.grad = torch.full_like(parameter, number)
    optimizer = torch.optim.SGD(parameters, lr=1.0)
    TwoHalves().update([optimizer])
    assert [parameter.unique().tolist() for parameter in parameters] == [[-0.5], [-1.0], [-1.5], [0.0]]
    assert all(parameter.grad is None for parameter in parameters)


def test_a_loss_reaches_only_those_it_is_meant_for(team):
    one, other = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    team.backward((one * other * 3).sum(), [one])
    assert one.grad.item() == 3
    assert other.grad is None


def test_without_accelerate(monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(MissingExtraError, match=r"training needs .* 'maliang-video\[train\]'"):
        Team(torch.device("cpu"))
