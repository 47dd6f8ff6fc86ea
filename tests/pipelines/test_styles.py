"""Looks over time."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.pipelines.styles import parse_style

LOOKS = ("noon", "dusk", "night")


def weights(text: str | None, frame: int) -> list[float]:
    curve = parse_style(LOOKS, text)
    assert curve is not None
    return curve.at(frame)[0].tolist()


def test_one_look_is_the_same_at_all_times():
    assert weights("night", 0) == weights("night", 1000) == [0, 0, 1]
    assert weights(None, 5) == [1, 0, 0]
    assert parse_style((), None) is None


def test_between_two_keys_both_looks_have_their_share():
    text = "noon@10, dusk@14 night@16"
    assert weights(text, 0) == weights(text, 10) == [1, 0, 0]
    assert weights(text, 11) == [0.75, 0.25, 0]
    assert weights(text, 14) == [0, 1, 0]
    assert weights(text, 15) == [0, 0.5, 0.5]
    assert weights(text, 99) == [0, 0, 1]


def test_a_look_can_come_back():
    assert weights("noon@0 noon@4 night@6", 2) == [1, 0, 0]
    assert weights("noon@0 noon@4 night@6", 5) == [0.5, 0, 0.5]


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from(LOOKS)),
        min_size=1,
        max_size=5,
        unique_by=lambda k: k[0],
    ),
    st.integers(0, 70),
)
def test_weights_are_shares_and_change_by_small_steps(keys, frame):
    text = " ".join(f"{name}@{number}" for number, name in sorted(keys))
    here, after = (torch.tensor(weights(text, t)) for t in (frame, frame + 1))
    assert here.sum().item() == pytest.approx(1)
    assert (here >= 0).all()
    gaps = [b - a for (a, _), (b, _) in zip(sorted(keys), sorted(keys)[1:], strict=False)]
    assert (after - here).abs().max() <= 1 / min(gaps, default=1) + 1e-6


def test_after_goes_on_from_a_frame():
    curve = parse_style(LOOKS, "noon@0 night@4")
    assert curve is not None
    styles = curve.after(3)
    assert [next(styles)[0, 2].item() for _ in range(3)] == [0.75, 1, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("purple", "no style 'purple'; this network has: noon, dusk, night"),
        ("noon@0 purple@4", "no style 'purple'"),
        ("noon@x", "no style 'noon@x'"),
        ("noon@4 night@4", "frames must ascend"),
        ("noon night", "frames must ascend"),
        (" ", "names no look"),
    ],
)
def test_what_is_no_style_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        parse_style(LOOKS, text)


def test_a_network_with_one_look_takes_no_style():
    with pytest.raises(InputError, match="one look only; it can't paint 'night'"):
        parse_style((), "night")
