"""Tuning as every door calls it: what comes back is what the file holds, and what is measured is that."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.pipelines.fewshot import load_few_shot
from maliang_video.pipelines.fewshot_options import Prepared
from maliang_video.pipelines.fewshot_tuning import Origin, TuneReport, origin_of, tune_few_shot
from maliang_video.training.fewshot_tuning import DEFAULT, Tuning
from maliang_video.training.fewshot_tuning_examples import Exemplary
from maliang_video.training.fewshot_tuning_figures import TuningFigures, check_likeness, exemplar_likeness
from maliang_video.training.perceptual import TEACHER, RandomFeatures
from maliang_video.weights.config_json import from_json
from maliang_video.weights.delta import apply_delta, fingerprint, save_delta

TUNING = replace(DEFAULT, rank=2, steps=3, learning_rate=1e-2)
SIDE = 16


def prepared(count: int, seed: int, side: int = SIDE) -> Prepared:
    draw = torch.Generator().manual_seed(seed)
    labels = torch.rand(count, 1, side, side, generator=draw).round()
    return Prepared(torch.rand(count, 3, side, side, generator=draw) * 2 - 1, labels)


def tune(generator, given: Prepared, **more) -> TuneReport:
    origin = Origin("a test", "CC0-1.0")
    return tune_few_shot(generator, given, origin, TUNING, features=RandomFeatures(TEACHER), **more)


@pytest.fixture
def file(tmp_path: Path, tiny_few_shot) -> Path:
    path = tmp_path / "net.safetensors"
    weights.save(path, tiny_few_shot(), licence="CC0-1.0", source="a test")
    return path


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_loaded_delta_makes_the_tuned_network_bit_for_bit(tmp_path, file, dtype) -> None:
    generator, given, check = load_few_shot(file), prepared(2, 0), prepared(3, 1)
    report = tune(generator, given, check=check, dtype=dtype)
    save_delta(tmp_path / "me.safetensors", report.delta, dtype)
    tuned = apply_delta(generator, report.delta, "me")
    loaded = load_few_shot(file, delta=tmp_path / "me.safetensors")
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, tuned.state_dict()[name]), name
        assert value.dim() < 4 or value.is_contiguous(memory_format=torch.channels_last)
    exemplars, others = Exemplary(*given), Exemplary(*check)
    after = exemplar_likeness(loaded, exemplars, TUNING), check_likeness(loaded, exemplars, others)
    assert (report.figures.exemplars[1], report.figures.check[1]) == after
    before = exemplar_likeness(generator, exemplars, TUNING), check_likeness(generator, exemplars, others)
    assert (report.figures.exemplars[0], report.figures.check[0]) == before
    assert before[0] != after[0]
    assert load_few_shot(file, dtype=torch.float16, delta=tmp_path / "me.safetensors").dtype == torch.float16


def test_a_delta_says_what_it_is(file) -> None:
    generator = load_few_shot(file)
    report = tune(generator, prepared(1, 0))
    facts = report.delta.facts
    assert (facts.architecture, facts.base) == ("fewshot.generator/1", fingerprint(generator))
    assert (facts.base_source, facts.licence) == ("a test", "CC0-1.0")
    assert from_json(Tuning, facts.tuning, "tuning") == TUNING
    assert from_json(TuningFigures, facts.figures, "figures") == report.figures
    assert report.figures.check is None
    assert report.resumed_at == 0
    assert origin_of(file) == Origin("a test", "CC0-1.0")


def test_a_network_of_another_size_takes_no_delta(tmp_path, file, tiny_few_shot) -> None:
    report = tune(load_few_shot(file), prepared(2, 0))
    save_delta(tmp_path / "me.safetensors", report.delta)
    for changes in ({"filters": 8}, {"separate_flows": True}):
        other = tmp_path / "other.safetensors"
        weights.save(other, tiny_few_shot(**changes), licence="", source="")
        with pytest.raises(InputError, match=r"me\.safetensors: was tuned for other weights"):
            load_few_shot(other, delta=tmp_path / "me.safetensors")


def test_the_checkpoint_goes_when_it_was_used(tmp_path: Path, file) -> None:
    state = tmp_path / "deep" / "me.tuning"

    def stop(done: int, total: int | None, preview=None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(load_few_shot(file), prepared(2, 0), checkpoint=state, progress=stop)
    assert state.exists()
    assert tune(load_few_shot(file), prepared(2, 0), checkpoint=state).resumed_at == 1
    assert not list(state.parent.iterdir())


def test_what_cannot_be_tuned_is_refused(file) -> None:
    generator, given = load_few_shot(file), prepared(2, 0)
    with pytest.raises(InputError, match="the pictures to check it are 32x32, the exemplars 16x16"):
        tune(generator, given, check=prepared(1, 1, 32))
    with pytest.raises(InputError, match="needs the network in fp32"):
        tune(load_few_shot(file, dtype=torch.float16), given)
    nothing = Prepared(*(part[:0] for part in given))
    with pytest.raises(InputError, match="there are no pictures of the subject"):
        tune(generator, nothing)
    with pytest.raises(InputError, match="there are no pictures to check it"):
        tune(generator, given, check=nothing)
    with pytest.raises(InputError, match="label maps with 2 channels; this network is for face, with 1"):
        tune(generator, Prepared(given.images, given.labels.repeat(1, 2, 1, 1)))
