"""Strengths over time, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.models.faces.strengths import StrengthCurve, parse_strengths


def test_words_without_a_name_are_keys_of_the_edit_before() -> None:
    curves = parse_strengths("smile=0@0 2@24 2@48 0@72, age=-3.5")
    assert list(curves) == ["smile", "age"]
    assert [curves["smile"].at(frame) for frame in (0, 6, 12, 24, 40, 60, 72, 500)] == [
        0, 0.5, 1, 2, 2, 1, 0, 0
    ]  # fmt: skip
    assert curves["age"].at(0) == curves["age"].at(1000) == -3.5


def test_before_the_first_key_the_strength_is_that_of_the_key() -> None:
    assert parse_strengths("smile=3@10 1@20")["smile"].at(2) == 3


def test_smooth_keys_are_met_without_a_jump_of_speed() -> None:
    linear, smooth = (StrengthCurve(((0, 0.0), (100, 8.0)), ease) for ease in ("linear", "smooth"))
    assert [smooth.at(frame) for frame in (0, 25, 50, 100)] == [0, 1.25, 4, 8]
    assert smooth.at(1) < 0.05 * linear.at(1)
    assert 8 - smooth.at(99) < 0.05 * (8 - linear.at(99))


def test_scaling_scales_every_key() -> None:
    assert StrengthCurve(((0, 2.0), (4, -6.0)), "smooth").scaled(0.5) == StrengthCurve(
        ((0, 1.0), (4, -3.0)), "smooth"
    )


@given(st.lists(st.tuples(st.integers(0, 99), st.floats(-9, 9)), min_size=1, unique_by=lambda key: key[0]))
def test_a_curve_stays_between_its_keys_and_meets_them(keys: list[tuple[int, float]]) -> None:
    keys = sorted(keys)
    curve = StrengthCurve(tuple(keys), "smooth")
    assert all(curve.at(frame) == strength for frame, strength in keys)
    lowest, highest = min(s for _, s in keys), max(s for _, s in keys)
    assert all(lowest - 1e-12 <= curve.at(frame) <= highest + 1e-12 for frame in range(110))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no edit is named"),
        ("2@0 smile=1", "edit '2@0' names no direction"),
        ("smile=much", "edit 'smile=much': 'much' is not a number"),
        ("smile=1@x", "edit 'smile=1@x' can't be read"),
        ("smile=1@-3", "edit 'smile=1@-3' can't be read"),
        ("smile=", "edit 'smile=' can't be read"),
        ("smile=1 age=2 smile=3@9", "edit 'smile' begins twice"),
        ("smile=0@24 2@24", "strengths 0@24 2@24: frames must ascend"),
        ("smile=0@24 2", "strengths 0@24 2@0: frames must ascend"),
        ("smile=nan", "a strength is a finite number"),
        ("smile=inf", "a strength is a finite number"),
    ],
)
def test_what_can_not_be_read_is_said(text: str, message: str) -> None:
    with pytest.raises(InputError, match="^" + message.replace("(", r"\(")):
        parse_strengths(text)


def test_an_unknown_easing_is_refused() -> None:
    with pytest.raises(InputError, match="no easing 'bouncy'; there are: linear, smooth"):
        parse_strengths("smile=1", "bouncy")
