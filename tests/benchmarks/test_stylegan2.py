"""The benchmark of StyleGAN2 runs, and puts another implementation beside ours."""

import re
import sys

import pytest
import torch

from maliang_video.benchmarks import stylegan2 as benchmark

OTHER = """
import torch
from maliang_video.models.faces.stylegan2.convert import from_nvlabs
from maliang_video.models.faces.stylegan2.generator import StyleGAN2

def start(state, resolution, target, perceptual):
    assert resolution == 32 and target.shape == (1, 3, 32, 32) and perceptual(target, target).tolist() == [0]
    config, ours = from_nvlabs("state", state)
    generator = StyleGAN2(config)
    generator.load_state_dict(ours)

    @torch.no_grad()
    def forward(codes):
        return generator(codes)

    return forward, forward
"""


@pytest.fixture
def in_this_process(monkeypatch):
    """Instead of new ones, whose start takes seconds."""

    class Answer:
        def send(self, value):
            self.value = value

    def run(function, *arguments, **named):
        answer = Answer()
        function(*arguments, answer, **named)
        return answer.value

    monkeypatch.setattr(benchmark, "in_process", run)


def test_two_implementations_side_by_side(tmp_path, monkeypatch, capsys, in_this_process):
    (tmp_path / "other_stylegan2.py").write_text(OTHER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    options = ["--size", "32", "--work", "step", "--channel-base", "256", "--repeats", "1", "--perceptual"]
    monkeypatch.setattr(sys, "argv", ["stylegan2.py", *options, "--against", "other_stylegan2:start"])
    benchmark.main()
    told = capsys.readouterr().out
    assert re.search(r"step 32 px with LPIPS, 1 threads:\n  ours: [\d.]+ frames/s.*GiB resident", told)
    beside = re.search(
        r"ours takes ([\d.]+) of its CPU time and ([\d.]+) of its memory; .*difference (.+)", told
    )
    assert beside is not None
    assert float(beside[1]) > 1, "a step costs more than a picture"
    assert float(beside[3]) < 1e-4


def test_a_step_tunes_the_generator():
    torch.set_num_threads(1)
    task = benchmark.Task(32, base=256, perceptual=False)
    forward, step = task.ours()
    before = forward(task.codes)
    assert torch.equal(step(task.codes), before), "the picture from before the update"
    for _ in range(20):
        step(task.codes)
    errors = [float((picture - task.target).square().mean()) for picture in (before, forward(task.codes))]
    assert errors[1] < 0.9 * errors[0]
