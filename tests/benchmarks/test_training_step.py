"""The benchmark of a training step runs, and puts another implementation beside ours."""

import re
import sys

import pytest
import torch

from maliang_video.benchmarks import training_step

OTHER = """
def start(clip, stage, recipe, vgg):
    assert clip["pictures"].shape == (1, 10, 3, 32, 64)
    assert clip["ids"].shape == clip["instances"].shape == (1, 10, 32, 64)
    assert (stage.chunk, stage.discriminator_scales, stage.losses.temporal) == (4, 2, True)
    assert (recipe.generator.filters, recipe.generator.foreground_filters, recipe.generator.scales) == (4, 2, 1)
    assert recipe.discriminator_filters == 2
    assert vgg["features.28.weight"].shape == (16, 16, 3, 3)

    def train(updated):
        updated()
        sum(range(100000))
        updated()

    return train
"""


@pytest.fixture
def benchmark(monkeypatch, capsys, tmp_path):
    """The benchmark with these options, beside what is in other.py: what it prints."""
    (tmp_path / "other.py").write_text(OTHER)
    monkeypatch.syspath_prepend(tmp_path)
    threads = torch.get_num_threads()

    def run(*options: str) -> str:
        monkeypatch.setattr(sys, "argv", ["training_step.py", *options])
        training_step.main()
        return str(capsys.readouterr().out)

    yield run
    torch.set_num_threads(threads)
    sys.modules.pop("other", None)


def test_two_implementations_side_by_side(benchmark):
    said = benchmark(
        "--size", "64x32", "--filters", "4", "--chunk", "4", "--clips", "1", "--against", "other:start"
    )
    assert "label2city 64x32 on cpu, 4 frames a step, 1 threads" in said
    busy = re.findall(r"  (\S+): [\d.]+ s by the clock and ([\d.]+) s of CPU time a step", said)
    assert [name for name, _ in busy] == ["ours", "other:start"]
    assert float(busy[0][1]) > float(busy[1][1])
    ratio = re.search(r"ours takes ([\d.]+) of its CPU time", said)
    assert ratio is not None
    assert float(ratio[1]) > 1
    assert re.search(r"  peak [\d.]+ GiB.* of both", said)


def test_without_reduction_all_is_as_published():
    options = training_step.argparse.Namespace(recipe="label2city", filters=None, chunk=None)
    recipe = training_step.reduced_recipe(options, "256x128")
    assert (recipe.generator.filters, recipe.discriminator_filters, recipe.generator.scales) == (128, 64, 1)
    assert (recipe.stages[0].shape.frames, recipe.stages[0].chunk) == (10, 2)
    assert training_step.reduced_vgg(options).filters == 64
