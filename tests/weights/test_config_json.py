import json
from dataclasses import dataclass, field, replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.weights.config_json import from_json, to_json


@dataclass(frozen=True)
class Part:
    kind: Literal["plain", "styled"]
    gain: float


@dataclass(frozen=True)
class Whole:
    name: str
    layers: int
    flow: bool
    looks: tuple[str, ...]
    size: tuple[int, int]
    part: Part | None
    parts: tuple[Part, ...]
    limit: int | None = None


WHOLE = Whole("n", 3, True, ("day", "night"), (2, 4), Part("plain", 0.5), (Part("styled", 2.0),), 9)

parts = st.builds(
    Part, st.sampled_from(["plain", "styled"]), st.floats(allow_nan=False, allow_infinity=False)
)
int64 = st.integers(-(2**63), 2**63 - 1)
wholes = st.builds(
    Whole,
    st.text(),
    int64,
    st.booleans(),
    st.lists(st.text()).map(tuple),
    st.tuples(int64, int64),
    st.none() | parts,
    st.lists(parts, max_size=3).map(tuple),
    st.none() | int64,
)


@given(wholes)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back(whole):
    assert from_json(Whole, to_json(whole), "config") == whole


def test_json_is_readable_by_others():
    assert json.loads(to_json(WHOLE)) == {
        "name": "n",
        "layers": 3,
        "flow": True,
        "looks": ["day", "night"],
        "size": [2, 4],
        "part": {"kind": "plain", "gain": 0.5},
        "parts": [{"kind": "styled", "gain": 2.0}],
        "limit": 9,
    }


def changed(**changes):
    return json.dumps(json.loads(to_json(WHOLE)) | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed(blokcs=1), 'config: unknown field "blokcs"'),
        (changed(layers=1.0), "config.layers: expected int, got 1.0"),
        (changed(layers=True), "config.layers: expected int, got true"),
        (changed(layers="3"), 'config.layers: expected int, got "3"'),
        (changed(layers=2**63), "config.layers: expected a number of 64 bits, got 9223372036854775808"),
        (changed(flow=1), "config.flow: expected bool, got 1"),
        (changed(looks="day"), 'config.looks: expected a list, got "day"'),
        (changed(looks=["day", 4]), "config.looks[1]: expected str, got 4"),
        (changed(size=[1, 2, 3]), "config.size: expected a list of 2, got [1, 2, 3]"),
        (
            changed(part={"kind": "odd", "gain": 1}),
            'config.part.kind: expected "plain" or "styled", got "odd"',
        ),
        (changed(part={"kind": "plain"}), "config.part: missing field 'gain'"),
        (changed(part=[]), "config.part: expected an object, got []"),
        (
            changed(parts=[{"kind": "plain", "gain": 10**400}]),
            "config.parts[0].gain: expected float, got 1000",
        ),
        ("[]", "config: expected an object, got []"),
        ("{", "config: not readable JSON"),
        ("[" * 30000, "config: not readable JSON"),
        ('{"layers": 1, "layers": 2}', "config: not readable JSON ('layers' stands there twice)"),
        (changed(part={"kind": "plain", "gain": float("nan")}), "NaN is not a number that JSON knows"),
        (changed(part={"kind": "plain", "gain": 1}).replace(" 1}", " 1e999}"), "part.gain: expected float"),
        (changed(layers=1).replace("1,", "1" * 5000 + ",", 1), "config: not readable JSON"),
    ],
)
def test_a_wrong_text_is_named(text, message):
    with pytest.raises(InputError) as caught:
        from_json(Whole, text, "config")
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_field_with_a_default_must_be_there_too():
    raw = json.loads(to_json(WHOLE))
    del raw["limit"], raw["name"]
    with pytest.raises(InputError, match="config: missing field 'name', missing field 'limit'"):
        from_json(Whole, json.dumps(raw), "config")


def test_whole_numbers_pass_as_floats():
    read = from_json(Whole, changed(part={"kind": "plain", "gain": 2}), "config")
    assert read == replace(WHOLE, part=Part("plain", 2.0))
    assert type(read.part.gain) is float


def test_numbers_that_are_not_finite_are_not_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(Part("plain", float("inf")))


def test_a_field_type_that_json_cannot_hold_is_our_own_mistake():
    @dataclass(frozen=True)
    class Odd:
        data: bytes

    with pytest.raises(TypeError, match="bytes"):
        from_json(Odd, '{"data": "x"}', "config")


@dataclass(frozen=True)
class Later:
    name: str
    extra: Part | None = field(default=None, metadata={"absent_if_default": True})


def test_a_field_that_came_later_may_be_missing_and_is_left_out_while_unused():
    assert from_json(Later, '{"name": "a"}', "config") == Later("a")
    assert to_json(Later("a")) == '{"name": "a"}'
    used = Later("a", Part("plain", 0.5))
    assert json.loads(to_json(used))["extra"] == {"kind": "plain", "gain": 0.5}
    assert from_json(Later, to_json(used), "config") == used
    with pytest.raises(InputError, match="config: missing field 'name'"):
        from_json(Later, "{}", "config")
