"""Our nodes in a real ComfyUI's Python, without a server (marker `comfy`): schema parity, caching, memory."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.comfy
GOLDEN = Path(__file__).with_name("object_info.json")
LISTS_FILES = (
    ("MaliangLoadGenerator", "weights"),
    ("MaliangLoadFewShot", "weights"),
    ("MaliangPredictFuture", "weights"),
    ("MaliangFindFaceTrack", "detector"),
    ("MaliangFaceMask", "parts"),
    ("MaliangLoadFaceGenerator", "weights"),
    ("MaliangInvertFace", "encoder"),
    ("MaliangTuneGenerator", "likeness"),
    ("MaliangEditFace", "directions"),
)
"""Widgets whose choices depend on what lies in the model folders."""


def without_news(described: dict, version: str) -> dict:
    """The golden description as ComfyUI 0.8 would give it: without `advanced` and `search_aliases`."""
    if not version.startswith("0.8."):
        return described
    plain = json.loads(json.dumps(described))
    for info in plain.values():
        del info["search_aliases"]
        for inputs in info["input"].values():
            for _, options in inputs.values():
                options.pop("advanced", None)
    return plain


def test_the_real_schema_is_the_golden_one(inside, comfyui):
    """What the recording fake describes is what ComfyUI describes."""
    golden = without_news(json.loads(GOLDEN.read_text("utf-8")), comfyui.version)
    real = inside("schema")
    for node, widget in LISTS_FILES:
        for inputs in real[node]["input"].values():
            if widget in inputs:
                inputs[widget][1]["options"] = []
    assert set(real) == set(golden)
    for name, expected in golden.items():
        shown = {part: real[name][part] for part in expected}
        shown["input"].pop("hidden", None)
        assert shown == expected, name


@pytest.fixture(scope="module")
def executed(inside) -> dict:
    return inside("execute")


def test_a_graph_runs(executed):
    assert executed["first"] == {"ok": True, "cached": [], "error": None}


def test_nothing_runs_twice(executed):
    assert executed["again"]["cached"] == ["1", "2", "3", "4", "5"]


def test_a_longer_clip_keeps_the_generator(executed):
    assert executed["longer"]["ok"]
    assert executed["longer"]["cached"] == ["2"]


def test_an_error_is_a_sentence(executed):
    assert executed["wrong"]["ok"] is False
    assert "no style 'dawn'; this network has: noon, night" in executed["wrong"]["error"]


def test_freeing_frees_the_network(executed):
    assert executed["alive"] == 1
    assert executed["freed"] == 0


def test_a_failed_run_leaves_no_file(executed):
    """Two runs went well: two videos, and nothing of the one that failed."""
    assert executed["left"] == ["vid2vid.mp4", "vid2vid.mp4"]
