import hashlib
from dataclasses import replace

import pytest
import torch

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.weights import hub as our_hub
from maliang_video.weights import loading
from maliang_video.weights.hub import download
from maliang_video.weights.loading import load, locate
from maliang_video.weights.presets import EmbeddedPreset, HubPreset, OwnFilePreset, PresetTable

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(tmp_path, tiny, monkeypatch):
    monkeypatch.delenv("MALIANG_MODELS", raising=False)
    folder = tmp_path / "models"
    folder.mkdir()
    weights.save(
        folder / "mine.safetensors", tiny.make(), licence="MIT", source="me", architectures=tiny.table
    )
    return folder


@pytest.fixture
def table(folder):
    content = (folder / "mine.safetensors").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    hub = HubPreset("large", "", "", False, "maliang/street", COMMIT, "l.safetensors", digest, len(content))
    own = OwnFilePreset(
        "old", "", "", True, "old.zip", "1 GB", "https://example.org", "vid2vid", "maliang weights ..."
    )
    return PresetTable((), (hub,), (own,))


def test_a_name_and_a_file_lead_to_the_same_network(folder, tiny):
    expected = tiny.make().state_dict()
    for asked in ("mine", "mine.safetensors", folder / "mine.safetensors"):
        module = load(asked, "cpu", torch.float16, [folder], architectures=tiny.table)
        assert module.config == tiny.Config(2, 2, "zeros")
        assert torch.equal(module.layers[0].weight, expected["layers.0.weight"].half())


def test_the_environment_names_folders_too(folder, tiny, monkeypatch):
    monkeypatch.setenv("MALIANG_MODELS", str(folder))
    assert locate("mine") == folder / "mine.safetensors"


def test_an_unknown_name_says_what_there_is(folder, table):
    with pytest.raises(InputError) as caught:
        locate("your", [folder], presets=table)
    text = str(caught.value)
    assert text.startswith("no weights named 'your'; there are: ")
    names = text.removeprefix("no weights named 'your'; there are: ").split(" (")[0].split(", ")
    assert names == sorted(names)
    assert {"large", "mine", "old", "street"} <= set(names)
    assert str(folder) in text
    assert "MALIANG_MODELS adds folders" in text


def test_a_text_is_never_a_path(folder):
    for text in (str(folder / "mine.safetensors"), "../models/mine.safetensors"):
        with pytest.raises(InputError, match="no weights named"):
            locate(text, [folder])


def test_a_preset_of_the_hub_is_used_once_it_is_here(
    folder, table, hub, repository, tiny, tmp_path, monkeypatch
):
    content = (folder / "mine.safetensors").read_bytes()
    hub.repositories["maliang/street"] = repository({"l.safetensors": content}, COMMIT)
    monkeypatch.setattr(loading, "cached", lambda preset: our_hub.cached(preset, cache=tmp_path / "cache"))
    with pytest.raises(InputError, match="large: not downloaded yet; get it with: maliang weights get large"):
        load("large", presets=table, architectures=tiny.table)
    assert hub.requests == []
    download(table.hub[0], cache=tmp_path / "cache", endpoint=hub.endpoint)
    assert load("large", presets=table, architectures=tiny.table).config.layers == 2


def test_a_preset_missing_from_the_package_is_named(folder):
    table = PresetTable((EmbeddedPreset("gone", "", "MIT", False, "gone.safetensors", "0" * 64, 1),), (), ())
    with pytest.raises(InputError, match=r"gone: .*gone\.safetensors is missing; install Maliang anew"):
        locate("gone", [folder], presets=table)


def test_a_file_of_ones_own_comes_before_a_preset(folder, table):
    renamed = PresetTable((), (replace(table.hub[0], name="mine"),), ())
    assert locate("mine", [folder], presets=renamed) == folder / "mine.safetensors"


def test_a_preset_that_nobody_can_download_says_what_to_bring(table, folder):
    with pytest.raises(InputError) as caught:
        locate("old", presets=table)
    assert "old: Maliang doesn't download it; if you have old.zip (published at https://example.org)" in str(
        caught.value
    )
    (folder / "mine.safetensors").rename(folder / "old.safetensors")
    assert locate("old", [folder], presets=table) == folder / "old.safetensors"


def test_the_package_imports_torch_only_when_it_is_needed():
    assert weights.load is load
    with pytest.raises(AttributeError, match="has no attribute 'laod'"):
        weights.laod  # noqa: B018
