"""Pivotal tuning: it learns, goes on bit by bit, stops when asked to, and refuses what can't be tuned."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from maliang_video.errors import InputError
from maliang_video.models.faces.stylegan2.generator import StyleGAN2
from maliang_video.models.features.lpips import LPIPS, LPIPSConfig
from maliang_video.training.pivotal_run import run_tuning
from maliang_video.training.pivotal_tuning import PUBLISHED, USUAL, PivotalPlan, PivotalTuning

SMALL = replace(USUAL, epochs=2, batch=2, rank=1, enough=0.0, locality=0.1)
BELONGS = {"generator": "a", "codes": "b"}


@pytest.fixture(scope="module")
def likeness() -> LPIPS:
    torch.manual_seed(1)
    return LPIPS(LPIPSConfig("alex")).requires_grad_(False)


TuningOf = Callable[..., PivotalTuning]


@pytest.fixture
def tuning_of(tiny_stylegan2, face_codes, likeness: LPIPS) -> TuningOf:
    """Makes tunings of a plan for three frames that another generator painted."""
    painter = tiny_stylegan2(5)
    with torch.no_grad():
        frames = painter(face_codes(painter, 3)).clamp(-1, 1)

    def make(plan: PivotalPlan, generator: StyleGAN2 | None = None, **more: object) -> PivotalTuning:
        generator = generator or tiny_stylegan2()
        codes = face_codes(generator, 3)
        return PivotalTuning(generator, codes, lambda k: frames[k], likeness, plan, **more)

    return make


def learnt(tuning: PivotalTuning) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in tuning.learning.module.state_dict().items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("rank", [0, 2])
def test_pictures_come_nearer_to_the_frames(tuning_of: TuningOf, rank: int, tmp_path: Path) -> None:
    tuning = tuning_of(replace(USUAL, epochs=4, batch=2, rank=rank, learning_rate=0.02, enough=0))
    first = tuning.update()
    report = run_tuning(tuning, tmp_path, BELONGS)
    assert (report.updates, report.alike) == (8, False)
    assert report.last.total < 0.8 * first.total
    assert report.last.l2 < first.l2


def test_a_rank_leaves_the_generator_whole_weights_are_its_own(tuning_of: TuningOf, tiny_stylegan2) -> None:
    generator = tiny_stylegan2()
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    tuning_of(SMALL, generator).update()
    assert same(before, dict(generator.state_dict()))
    tuning_of(replace(SMALL, rank=0), generator).update()
    changed = {n for n, v in generator.state_dict().items() if not torch.equal(v, before[n])}
    assert "blocks.1.first.noise_strength" in changed
    assert not any(name.startswith("mapping.") or name.endswith(".noise") for name in changed)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_run_that_was_stopped_goes_on_bit_by_bit(tuning_of: TuningOf, rank: int, tmp_path: Path) -> None:
    plan = replace(SMALL, rank=rank)
    whole = tuning_of(plan)
    run_tuning(whole, tmp_path / "whole", BELONGS)

    def stop(done: int, total: int | None, preview: Callable[[], object] | None = None) -> None:
        assert total == 4
        assert preview().shape == (32, 64, 3)
        if done == 3:
            raise RuntimeError("stop")

    stopped = tuning_of(plan)
    with pytest.raises(RuntimeError, match="stop"):
        run_tuning(stopped, tmp_path / "run", BELONGS, progress=stop)
    assert stopped.done == 3
    resumed = tuning_of(plan)
    report = run_tuning(resumed, tmp_path / "run", BELONGS)
    assert (report.updates, report.made) == (4, 1)
    assert same(learnt(resumed), learnt(whole))
    assert not same(learnt(resumed), learnt(stopped))
    assert run_tuning(tuning_of(plan), tmp_path / "run", BELONGS).made == 0


def test_it_ends_after_the_epoch_that_is_alike_enough_stopped_or_not(
    tuning_of: TuningOf, tmp_path: Path
) -> None:
    plan = replace(SMALL, epochs=9, enough=1e9)
    assert run_tuning(tuning_of(plan), tmp_path / "a", BELONGS).updates == 2

    def stop(done: int, *others: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_tuning(tuning_of(plan), tmp_path / "b", BELONGS, progress=stop)
    report = run_tuning(tuning_of(plan), tmp_path / "b", BELONGS)
    assert (report.updates, report.made, report.alike) == (2, 1, True)


def test_features_of_frames_are_kept_as_far_as_they_fit_and_nothing_changes(tuning_of: TuningOf) -> None:
    kept, anew = tuning_of(SMALL), tuning_of(SMALL, kept_bytes=0)
    terms = [(kept.update(), anew.update()) for _ in range(4)]
    assert all(a == b for a, b in terms)
    assert (len(kept.targets._kept), len(anew.targets._kept)) == (3, 0)


def test_a_batch_is_the_mean_of_its_frames(tuning_of: TuningOf) -> None:
    both = tuning_of(replace(SMALL, batch=3, locality=0)).update()
    each = [tuning_of(replace(PUBLISHED, batch=1)) for _ in range(3)]
    for k, tuning in enumerate(each):
        tuning.done = k
    means = torch.tensor([tuning.update() for tuning in each]).mean(0)
    assert list(both) == pytest.approx(means.tolist(), rel=1e-4)


def test_half_precision_stays_near(tuning_of: TuningOf) -> None:
    exact, half = tuning_of(SMALL).update(), tuning_of(replace(SMALL, precision="bf16")).update()
    assert half.l2 == pytest.approx(exact.l2, rel=0.03)
    assert half != exact


def test_a_loss_that_is_not_finite_stops_with_the_last_checkpoint(
    tuning_of: TuningOf, tmp_path: Path
) -> None:
    tuning = tuning_of(SMALL)
    with pytest.raises(KeyboardInterrupt):
        run_tuning(tuning, tmp_path, BELONGS, progress=_interrupt)
    saved = (tmp_path / "checkpoint.safetensors").read_bytes()
    broken = tuning_of(SMALL)
    broken.frames = lambda k: torch.full((3, 32, 32), float("nan"))
    with pytest.raises(
        InputError, match=r"at update 2 the loss is not finite .*checkpoint.safetensors is from"
    ):
        run_tuning(broken, tmp_path, BELONGS)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == saved


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_checkpoints_of_other_runs_are_refused(tuning_of: TuningOf, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_tuning(tuning_of(SMALL), tmp_path, BELONGS, progress=_interrupt)
    with pytest.raises(InputError, match="belongs to a run with other codes; delete it"):
        run_tuning(tuning_of(SMALL), tmp_path, BELONGS | {"codes": "c"})
    with pytest.raises(InputError, match=r"other settings \(learning_rate was 0.001, is 0.002\)"):
        run_tuning(tuning_of(replace(SMALL, learning_rate=0.002)), tmp_path, BELONGS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs and batch: give 1 or more"),
        ({"batch": 0}, "epochs and batch: give 1 or more"),
        ({"rank": -1}, "rank: 1 or more, or 0"),
        ({"learning_rate": 0.0}, "learning rate: 0 is none"),
        ({"learning_rate": float("nan")}, "learning rate: nan is none"),
        ({"l2_weight": -1}, "can't be negative"),
        ({"precision": "fp16"}, "precision: 'fp16' is none; choose fp32 or bf16"),
    ],
)
def test_plans_that_nothing_can_be_tuned_with_are_refused(
    tuning_of: TuningOf, changes: dict[str, float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        tuning_of(replace(SMALL, **changes))


def test_codes_of_another_generator_are_refused(tiny_stylegan2, likeness: LPIPS) -> None:
    with pytest.raises(InputError, match=r"codes of 9 x 12 numbers don't belong .* have 8 rows of 12"):
        PivotalTuning(tiny_stylegan2(), torch.zeros(2, 9, 12), lambda k: torch.zeros(3), likeness, SMALL)
