import json
import re
from importlib.resources import files

import pytest

from maliang_video.errors import InputError
from maliang_video.weights.config_json import from_json
from maliang_video.weights.converters import CONVERTERS
from maliang_video.weights.digest import check_sha256
from maliang_video.weights.file import inspect
from maliang_video.weights.folders import demo_folder
from maliang_video.weights.presets import PresetTable, builtin_presets


def test_names_are_unique_and_can_be_found():
    table = builtin_presets()
    names = [preset.name for preset in table]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)
    assert [table.find(name) for name in names] == list(table)
    assert table.find("none") is None


def test_every_preset_says_what_it_is():
    for preset in builtin_presets():
        assert preset.description
        assert preset.licence
        if "NC" in preset.licence:
            assert preset.non_commercial


def test_what_is_downloaded_is_pinned():
    for preset in builtin_presets().hub:
        assert re.fullmatch(r"[0-9a-f]{40}", preset.revision)
        assert re.fullmatch(r"[0-9a-f]{64}", preset.sha256)
        assert preset.size > 0


PLACES = (
    "https://drive.google.com/file/d/",
    "https://download.pytorch.org/",
    "https://nvlabs-fi-cdn.nvidia.com/",
    "https://github.com/",
    "https://huggingface.co/",
)


def test_what_the_user_brings_has_a_command():
    presets = builtin_presets().own
    assert presets
    for preset in presets:
        assert preset.converter in CONVERTERS
        assert preset.command.startswith(f"maliang weights convert {preset.file} ")
        assert preset.command.endswith(f"--out {preset.name}.safetensors")
        assert preset.converter == "vid2vid" or f" --kind {preset.converter} " in preset.command
        assert preset.page.startswith(PLACES)
        assert preset.non_commercial == any(word in preset.licence for word in ("NC", "research"))


def test_the_package_holds_just_the_presets_that_it_lists():
    table = builtin_presets().embedded
    assert {preset.file for preset in table} == {path.name for path in demo_folder().glob("*.safetensors")}
    for preset in table:
        path = demo_folder() / preset.file
        assert path.stat().st_size == preset.size <= 8 << 20
        check_sha256(path, preset.sha256, preset.name)
        assert inspect(path).licence == preset.licence


@pytest.mark.parametrize("kind", ["embedded", "hub", "own"])
def test_a_mistake_in_the_table_is_named(kind):
    table = json.loads((files("maliang_video.weights") / "presets.json").read_text("utf-8"))
    table[kind].append({"name": "x", "sha265": ""})
    with pytest.raises(
        InputError, match=rf'presets\.json\.{kind}\[\d+\]: unknown field "sha265", missing field'
    ):
        from_json(PresetTable, json.dumps(table), "presets.json")
