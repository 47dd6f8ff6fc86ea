"""Deltas: exact, small, of one network alone; and every file that is none is refused in a sentence."""

import json
import struct
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from maliang_video.errors import InputError
from maliang_video.models.layers.low_rank import LowRankUpdate
from maliang_video.weights.delta import (
    Delta,
    DeltaFacts,
    apply_delta,
    fingerprint,
    read_delta,
    read_facts,
    rounded,
    save_delta,
)
from maliang_video.weights.file import read, save

NAMES = ("layers.0.weight", "layers.1.bias")


@pytest.fixture
def network(tiny):
    return tiny.make(channels=8)


@pytest.fixture
def delta(network) -> Delta:
    """Of rank 2 for a convolution, whole for a bias; every number is another."""
    update = LowRankUpdate({name: network.get_parameter(name) for name in NAMES}, rank=2)
    with torch.no_grad():
        for parameter in update.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(parameter.numel()))
    facts = DeltaFacts("test.tiny/1", fingerprint(network), "a test", "CC0-1.0", '{"steps": 3}', "{}")
    return Delta(facts, update.state_dict())


def rewritten(path, metadata=(), entries=(), without=()) -> None:
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    held = load_file(path) | dict(entries)
    header |= dict(metadata)
    for name in without:
        held.pop(name, None)
        header.pop(name, None)
    save_file(held, path, header)


def test_it_is_added_to_a_copy(network, delta) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    changed = apply_delta(network, delta, "me")
    product = delta.entries["left.layers/0/weight"] @ delta.entries["right.layers/0/weight"]
    expected = before | {
        "layers.0.weight": before["layers.0.weight"] + product.view(8, 8, 3, 3),
        "layers.1.bias": before["layers.1.bias"] + delta.entries["whole.layers/1/bias"],
    }
    for name, value in changed.state_dict().items():
        assert torch.equal(value, expected[name]), name
        assert torch.equal(network.state_dict()[name], before[name])
    assert apply_delta(network, delta, "me", torch.float16).layers[0].weight.dtype == torch.float16


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_file_gives_back_what_was_rounded_to_it(tmp_path, network, delta, dtype) -> None:
    path = tmp_path / "me.delta.safetensors"
    save_delta(path, delta, dtype)
    again, meant = read_delta(path), rounded(delta, dtype, "me")
    assert again.facts == read_facts(path) == delta.facts
    assert {value.dtype for value in load_file(path).values()} == {dtype}
    ours, theirs = (apply_delta(network, each, "me").state_dict() for each in (again, meant))
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
    assert list(tmp_path.iterdir()) == [path]


def test_the_fingerprint_knows_numbers_and_not_how_they_are_stored(tmp_path, network, tiny) -> None:
    path = tmp_path / "net.safetensors"
    save(path, network, licence="", source="", dtype=torch.float16, architectures=tiny.table)
    half, full = (read(path, dtype=dtype, architectures=tiny.table) for dtype in (None, torch.float32))
    assert fingerprint(half) == fingerprint(full) != fingerprint(network)
    with torch.no_grad():
        full.layers[1].bias[3] += 1e-3
    assert fingerprint(full) != fingerprint(half)
    assert len(fingerprint(half)) == 64


def test_other_weights_are_refused(delta, tiny) -> None:
    with pytest.raises(InputError, match=r"me: was tuned for other weights than these \(a test; sha256"):
        apply_delta(tiny.make(channels=4), delta, "me")


@pytest.mark.parametrize(
    ("entries", "without", "sentence"),
    [
        (
            {"whole.nothing/weight": torch.zeros(3)},
            (),
            "changes 'nothing.weight', which this network doesn't have",
        ),
        ({"whole.layers/1/bias": torch.zeros(9)}, (), "is \\[9\\], should be \\[8\\]"),
        ({"right.layers/0/weight": torch.zeros(2, 99)}, (), "is \\[2, 99\\], should be \\[2, 72\\]"),
        ({"right.layers/0/weight": torch.zeros(10**6, 1)}, (), "does not fit its network"),
        ({"whole.layers/0/weight": torch.zeros(8, 8, 3, 3)}, (), "1 entry unknown"),
        ({}, ("left.layers/0/weight",), "1 entry missing"),
        ({"left.layers/0/weight": torch.full((8, 2), 3e38)}, (), "not finite|too large"),
    ],
)
def test_entries_that_do_not_fit_are_refused(tmp_path, network, delta, entries, without, sentence) -> None:
    path = tmp_path / "bad.safetensors"
    save_delta(path, delta, torch.float32)
    rewritten(path, entries=entries, without=without)
    with pytest.raises(InputError, match=sentence) as caught:
        apply_delta(network, read_delta(path), str(path))
    assert str(path) in str(caught.value)


def test_sums_must_fit_the_precision(network, delta) -> None:
    large = Delta(delta.facts, delta.entries | {"whole.layers/1/bias": torch.full((8,), 1e5)})
    assert apply_delta(network, large, "me").layers[1].bias.max() > 9e4
    with pytest.raises(InputError, match=r"too large for torch\.float16"):
        apply_delta(network, large, "me", torch.float16)
    with pytest.raises(InputError, match=r"too large for torch\.float16"):
        rounded(large, torch.float16, "me")


@pytest.mark.parametrize(
    ("metadata", "entries", "without", "sentence"),
    [
        ({}, {"whole.layers/1/bias": torch.full((8,), torch.nan)}, (), "not finite"),
        ({}, {"whole.layers/1/bias": torch.zeros(8, dtype=torch.int64)}, (), "holds torch.int64"),
        ({"delta_version": "7"}, {}, (), "version 7"),
        ({"tuning": "x" * 70_000}, {}, (), "more than 65536"),
        ({}, {}, ("base",), "its metadata lacks base"),
        ({}, {}, ("delta_version",), "is no delta"),
    ],
)
def test_damaged_files_are_refused(tmp_path, delta, metadata, entries, without, sentence) -> None:
    path = tmp_path / "bad.safetensors"
    save_delta(path, delta)
    rewritten(path, metadata, entries, without)
    with pytest.raises(InputError, match=sentence) as caught:
        read_delta(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("length", [0, 4, 60, -1])
def test_files_that_were_cut_are_refused(tmp_path, delta, length) -> None:
    path = tmp_path / "cut.safetensors"
    save_delta(path, delta)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(
        InputError, match=r"cut\.safetensors: (the file is empty|not a safetensors|cut short)"
    ):
        read_delta(path)


def test_an_endless_header_is_refused(tmp_path) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(struct.pack("<Q", 9 << 20) + b"{" + b" " * (9 << 20))
    with pytest.raises(InputError, match="its header has"):
        read_delta(path)


def test_weights_are_no_delta_and_a_delta_is_no_network(tmp_path, network, delta, tiny) -> None:
    weights, changed = tmp_path / "net.safetensors", tmp_path / "me.safetensors"
    save(weights, network, licence="", source="", architectures=tiny.table)
    save_delta(changed, delta)
    assert read_facts(weights) is None
    with pytest.raises(InputError, match="is no delta"):
        read_delta(weights)
    with pytest.raises(InputError, match="holds what tuning changed of a network, but no network"):
        read(changed, architectures=tiny.table)


def test_what_cannot_be_saved_leaves_the_file_before(tmp_path, delta) -> None:
    path = tmp_path / "me.safetensors"
    save_delta(path, delta)
    before = path.read_bytes()
    broken = Delta(delta.facts, delta.entries | {"whole.layers/1/bias": torch.full((8,), torch.inf)})
    long = Delta(replace(delta.facts, figures=json.dumps("x" * 70_000)), delta.entries)
    for each in (broken, long):
        with pytest.raises(InputError):
            save_delta(path, each)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
