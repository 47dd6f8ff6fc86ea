"""Tuning on exemplars: what is drawn, what is learnt, that it is exact, resumable, and stops in good order."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from maliang_video.errors import InputError
from maliang_video.training import fewshot_tuning_loop as loop
from maliang_video.training.fewshot_tuning import DEFAULT, check_tuning, mirrors_alike, tuned_parameters
from maliang_video.training.fewshot_tuning_examples import Exemplary, draw_example, moved, parted
from maliang_video.training.fewshot_tuning_figures import (
    ALONE,
    Likeness,
    TuningFigures,
    check_likeness,
    exemplar_likeness,
    figures_table,
)
from maliang_video.training.fewshot_tuning_loop import Tuned, learn_update, tuning_loss
from maliang_video.training.perceptual import TEACHER, RandomFeatures

SIDE = 16
TUNING = replace(DEFAULT, rank=2, steps=5, learning_rate=1e-2, shift=1 / 8)
FEATURES = RandomFeatures(TEACHER)


def exemplars(count: int = 2, channels: int = 1) -> Exemplary:
    """A bright square on a textured ground, which label maps show, at another place in each."""
    texture = torch.rand(3, SIDE, SIDE, generator=torch.Generator().manual_seed(3)) - 1
    images, labels = texture.repeat(count, 1, 1, 1), torch.zeros(count, channels, SIDE, SIDE)
    for k in range(count):
        images[k, :, 4:10, 2 + 3 * k : 8 + 3 * k] = torch.tensor([0.9, 0.1, -0.5]).view(3, 1, 1)
        labels[k, :, 4:10, 2 + 3 * k : 8 + 3 * k] = 1
    return Exemplary(images, labels)


@pytest.fixture
def generator(tiny_few_shot):
    return tiny_few_shot()


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(value, b[name]) for name, value in a.items())


class StoppedError(Exception):
    """What a door raises to stop the work."""


def learn(generator, given: Exemplary, tuning=TUNING, *, stop_at: int = 0, **more) -> Tuned:
    def progress(done: int, total: int | None, preview=None) -> None:
        assert total == tuning.steps
        assert preview().shape == (SIDE, 2 * SIDE, 3)
        if done == stop_at:
            raise StoppedError

    return learn_update(generator, given, tuning, FEATURES, progress=progress, **more)


def test_moving_repeats_the_border() -> None:
    x = torch.arange(6.0).view(1, 1, 2, 3)
    assert moved(x, (1, 0)).tolist() == [[[[0, 0, 1], [3, 3, 4]]]]
    assert moved(x, (-2, 1)).tolist() == [[[[2, 2, 2], [2, 2, 2]]]]
    assert moved(x, (0, -1)).tolist() == [[[[3, 4, 5], [3, 4, 5]]]]


def test_every_exemplar_is_painted_from_the_others_in_turn() -> None:
    given = exemplars(3)
    for start in (0, 3, 6):
        wanted = []
        for number in range(start, start + 3):
            example = draw_example(given, replace(TUNING, shift=0.0), number, mirrors=False)
            assert len(example.given.images) == 2
            (k,) = (k for k in range(3) if torch.equal(example.wanted.images[0], given.images[k]))
            assert torch.equal(example.wanted.labels[0], given.labels[k])
            others = [i for i in range(3) if i != k]
            assert torch.equal(example.given.images, given.images[others])
            assert torch.equal(example.given.labels, given.labels[others])
            assert example.real == (slice(0, SIDE), slice(0, SIDE))
            wanted.append(k)
        assert sorted(wanted) == [0, 1, 2]


def test_a_single_exemplar_is_painted_from_itself_in_changing_colours() -> None:
    given = exemplars(1)
    seen = [draw_example(given, TUNING, number, mirrors=True) for number in range(12)]
    for example in seen:
        rows, columns = example.real
        assert example.given.images.shape == (1, 3, SIDE, SIDE)
        right, down = columns.start - (SIDE - columns.stop), rows.start - (SIDE - rows.stop)
        assert torch.equal(moved(example.given.images, (right, down)), example.wanted.images)
        assert torch.equal(moved(example.given.labels, (right, down)), example.wanted.labels)
        assert max(abs(right), abs(down)) <= SIDE * TUNING.shift
    assert len({float(example.given.images.mean()) for example in seen}) == 12
    turned = sum(torch.equal(example.given.labels, given.labels.flip(-1)) for example in seen)
    assert 0 < turned < 12
    assert torch.equal(draw_example(given, replace(TUNING, colour=0.0), 3, False).given.images, given.images)
    again = draw_example(given, TUNING, 5, mirrors=True)
    assert torch.equal(again.wanted.images, seen[5].wanted.images)


def test_only_labels_without_sides_are_turned(tiny_few_shot) -> None:
    assert mirrors_alike(tiny_few_shot().config)
    assert mirrors_alike(tiny_few_shot("street", 20, "cityscapes_fewshot").config)
    assert not mirrors_alike(tiny_few_shot("pose", 3).config)


def test_what_is_tuned_follows_the_published_code(tiny_few_shot) -> None:
    shared, apart = tiny_few_shot(), tiny_few_shot(separate_flows=True)
    ours = set(tuned_parameters(shared, "imaginaire"))
    more = set(tuned_parameters(shared, "nvlabs"))
    assert ours < more
    assert {"to_image.weight", "weights.0.norm_0.out.weight", "blocks.3.conv_0.bias"} <= ours
    assert {name.split(".")[0] for name in ours} == {"to_image", "weights", "blocks"}
    assert "blocks.0.norm_0.exemplar.weight" in ours
    assert not any(".past." in name or "past_embedder" in name for name in more)
    added = {"flow.ups.0.conv.weight", "exemplar_encoder.image.narrowing.0.conv.weight"}
    added |= {"label_embedder.ups.0.conv.weight", "exemplar_embedder.ups.0.conv.weight"}
    assert added <= more
    parts = {name.split(".")[0] for name in tuned_parameters(apart, "nvlabs")}
    assert "exemplar_flow" in parts
    assert "flow" not in parts


@pytest.mark.parametrize("count", [1, 2])
def test_it_learns_to_paint_the_exemplars(generator, count) -> None:
    given = exemplars(count)
    tuned = learn(generator, given, replace(TUNING, steps=16))

    def loss(network) -> float:
        examples = (draw_example(given, TUNING, number, True) for number in range(100, 104))
        with torch.no_grad():
            return sum(float(tuning_loss(network, FEATURES, example)[0]) for example in examples)

    before = {name: value.clone() for name, value in generator.state_dict().items()}
    network = merged(generator, tuned)
    assert loss(network) < 0.8 * loss(generator)
    assert same(before, dict(generator.state_dict()))
    figures = [exemplar_likeness(each, given, TUNING) for each in (generator, network)]
    assert figures[1].psnr > figures[0].psnr + 1
    assert figures[1].perceptual_distance < figures[0].perceptual_distance
    assert [each.pictures for each in figures] == [count if count > 1 else ALONE] * 2


def merged(generator, tuned: Tuned):
    from maliang_video.weights.delta import Delta, DeltaFacts, apply_delta

    return apply_delta(generator, Delta(DeltaFacts("", tuned.base, "", "", "", ""), tuned.entries), "test")


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (("face", 1), {"norm": "folded"}),
        (("face", 1), {"blending": "linear", "warped_levels": 0}),
        (("face", 1), {"generated_levels": 0}),
        (("pose", 6), {"hidden_faces": "all"}),
        (("street", 20, "cityscapes_fewshot"), {"mixing": "average"}),
    ],
)
def test_networks_of_every_kind_learn(tiny_few_shot, kind, changes) -> None:
    generator = tiny_few_shot(*kind, **changes)
    given = exemplars(channels=kind[1])
    tuned = learn(generator, given, replace(TUNING, steps=8))
    before, after = (exemplar_likeness(each, given, TUNING) for each in (generator, merged(generator, tuned)))
    assert after.psnr > before.psnr


def test_a_stopped_run_goes_on_bit_for_bit(tmp_path: Path, generator, monkeypatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 2)
    given, state = exemplars(), tmp_path / "me.tuning"
    whole = learn(generator, given)
    for stop_at in (1, 3):
        with pytest.raises(StoppedError):
            learn(generator, given, stop_at=stop_at, checkpoint=state)
        assert [path.name for path in tmp_path.iterdir()] == ["me.tuning"]
    rest = learn(generator, given, checkpoint=state)
    assert rest.resumed_at == 3
    assert same(rest.entries, whole.entries)
    assert whole.base == rest.base


def test_a_killed_run_goes_on_from_its_checkpoint(tmp_path: Path, generator, monkeypatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 2)
    given, state = exemplars(), tmp_path / "me.tuning"
    kept = []

    def killed(self) -> None:
        kept.append(self.done)
        if len(kept) > 1:
            raise MemoryError
        save(self)

    save = loop._Run.save
    monkeypatch.setattr(loop._Run, "save", killed)
    with pytest.raises(MemoryError):
        learn(generator, given, checkpoint=state)
    monkeypatch.setattr(loop._Run, "save", save)
    rest = learn(generator, given, checkpoint=state)
    assert (kept, rest.resumed_at) == ([2, 4], 2)
    assert same(rest.entries, learn(generator, given).entries)


@pytest.mark.parametrize("other", ["exemplars", "seed", "weights"])
def test_another_job_begins_anew(tmp_path: Path, generator, tiny_few_shot, other) -> None:
    given, state = exemplars(), tmp_path / "me.tuning"
    with pytest.raises(StoppedError):
        learn(generator, given, stop_at=2, checkpoint=state)
    tuning = replace(TUNING, seed=1) if other == "seed" else TUNING
    given = given._replace(images=given.images * 0.9) if other == "exemplars" else given
    if other == "weights":
        with torch.no_grad():
            generator.to_image.bias += 0.1
    assert learn(generator, given, tuning, checkpoint=state).resumed_at == 0


def test_fewer_steps_make_a_result_of_what_was_kept(tmp_path: Path, generator) -> None:
    given, state = exemplars(), tmp_path / "me.tuning"
    with pytest.raises(StoppedError):
        learn(generator, given, stop_at=3, checkpoint=state)
    short = learn(generator, given, replace(TUNING, steps=3), checkpoint=state)
    assert short.resumed_at == 3
    assert same(short.entries, learn(generator, given, replace(TUNING, steps=3)).entries)


def test_a_loss_that_is_not_finite_stops_it_at_the_last_good_state(tmp_path, generator, monkeypatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 2)
    given, state = exemplars(), tmp_path / "me.tuning"
    good, calls = loop.tuning_loss, []

    def fails_late(*arguments):
        calls.append(1)
        value, picture = good(*arguments)
        return (value * torch.nan if len(calls) == 5 else value), picture

    monkeypatch.setattr(loop, "tuning_loss", fails_late)
    with pytest.raises(
        InputError, match=r"at step 5 the loss is not finite .* after step 2 is kept: ask for 2 steps"
    ):
        learn(generator, given, checkpoint=state)
    assert all(bool(value.isfinite().all()) for value in load_file(state).values())
    monkeypatch.setattr(loop, "tuning_loss", good)
    kept = learn(generator, given, replace(TUNING, steps=2), checkpoint=state)
    assert kept.resumed_at == 2
    assert same(kept.entries, learn(generator, given, replace(TUNING, steps=2)).entries)


def test_where_nothing_was_kept_it_says_so(generator, monkeypatch) -> None:
    monkeypatch.setattr(loop, "PERCEPTUAL", float("inf"))
    with pytest.raises(InputError, match=r"at step 1 .* nothing was kept; take a lower learning rate"):
        learn(generator, exemplars())


def test_the_seed_decides_everything(generator) -> None:
    given = exemplars()
    first = learn(generator, given)
    torch.rand(3)
    assert same(first.entries, learn(generator, given).entries)
    assert not same(first.entries, learn(generator, given, replace(TUNING, seed=1)).entries)


def test_it_learns_where_gradients_are_off(generator) -> None:
    given = exemplars()
    with torch.inference_mode():
        inside = learn(generator, Exemplary(*(part.clone() for part in given)))
    assert same(inside.entries, learn(generator, given).entries)


def test_half_a_checkpoint_is_refused(tmp_path: Path, generator) -> None:
    given, state = exemplars(), tmp_path / "me.tuning"
    with pytest.raises(StoppedError):
        learn(generator, given, stop_at=2, checkpoint=state)
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"me\.tuning: not a whole checkpoint .* delete it to start anew"):
        learn(generator, given, checkpoint=state)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": 0}, "steps: give 1 or more"),
        ({"rank": -1}, "rank: give 1 or more, or 0"),
        ({"learning_rate": 0.0}, "learning rate: 0 is none"),
        ({"learning_rate": float("nan")}, "learning rate: nan is none"),
        ({"shift": 0.5}, "below a half"),
        ({"colour": -0.1}, "shares from 0 on"),
    ],
)
def test_tuning_that_cannot_be_is_refused(changes, sentence) -> None:
    check_tuning(TUNING)
    with pytest.raises(InputError, match=sentence):
        check_tuning(replace(TUNING, **changes))


def test_figures_are_of_the_right_pictures(generator) -> None:
    given, check = exemplars(2), exemplars(3)
    ours, theirs = parted(check, 2)
    one = check_likeness(generator, ours, theirs)
    assert one.pictures == 1
    again = check_likeness(generator, ours, Exemplary(*(torch.cat([part, part]) for part in theirs)))
    assert (again.pictures, again.psnr) == (2, pytest.approx(one.psnr))
    pairs = [check_likeness(generator, *parted(given, k)) for k in range(2)]
    both = exemplar_likeness(generator, given, TUNING)
    assert both.psnr == pytest.approx(sum(each.psnr for each in pairs) / 2)


def test_figures_that_are_none_are_refused(generator) -> None:
    with torch.no_grad():
        generator.to_image.bias.fill_(torch.nan)
    with pytest.raises(InputError, match="paints numbers that are not finite"):
        exemplar_likeness(generator, exemplars(), TUNING)


def test_figures_are_a_table() -> None:
    low, high = Likeness(2, 20.0, 0.3), Likeness(2, 22.5, 0.25)
    lines = figures_table(TuningFigures((low, high), None)).splitlines()
    assert lines[2] == "| exemplars (tuned on) | 2 | 20.00 | 22.50 | 0.3000 | 0.2500 |"
    assert len(lines) == 3
    lines = figures_table(TuningFigures((low, high), (high, low))).splitlines()
    assert lines[3] == "| check (never seen) | 2 | 22.50 | 20.00 | 0.2500 | 0.3000 |"
