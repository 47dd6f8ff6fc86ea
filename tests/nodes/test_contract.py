"""What every node promises, checked on the recording fake for today's ComfyUI and for 0.8.0."""

import asyncio
import json
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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


def infos(comfy) -> dict[str, dict]:
    return {info["name"]: info for info in (node.info() for node in comfy.nodes.NODES)}


def widgets(info) -> list[tuple[str, str, dict]]:
    """(id, type, options) of every input."""
    return [
        (name, kind, options) for part in info["input"].values() for name, (kind, options) in part.items()
    ]


def test_the_entry_point_lists_every_node(comfy):
    extension = comfy.nodes.MaliangExtension()
    assert asyncio.run(extension.get_node_list()) == list(comfy.nodes.NODES)


def test_ids_are_ours_and_unique(comfy):
    ids = [node.define_schema().node_id for node in comfy.nodes.NODES]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"Maliang[A-Z]\w+", i) for i in ids)


def test_names_and_categories(comfy):
    for info in infos(comfy).values():
        assert info["category"].startswith("Maliang/")
        assert info["display_name"]
        assert info["description"].endswith(".")


def test_search_aliases_where_this_comfyui_knows_them(comfy):
    for info in infos(comfy).values():
        assert (info["search_aliases"] is None) == (comfy.version == "0.8")


def test_every_input_and_output_has_a_tooltip(comfy):
    for name, info in infos(comfy).items():
        for widget, _, options in widgets(info):
            assert options.get("tooltip", "").strip(), f"{name}.{widget}"
        assert all(info["output_tooltips"]), name
        assert len(set(info["output_name"])) == len(info["output_name"]), name


def test_defaults_are_legal(comfy):
    for name, info in infos(comfy).items():
        for widget, kind, options in widgets(info):
            default = options.get("default")
            if kind in ("INT", "FLOAT"):
                assert options["min"] <= default <= options["max"], f"{name}.{widget}"
            if kind == "COMBO" and default is not None:
                assert default in options["options"], f"{name}.{widget}"
            if kind in ("STRING", "BOOLEAN"):
                assert default is not None, f"{name}.{widget}"


def test_seeds_can_be_rolled(comfy):
    for info in infos(comfy).values():
        for widget, kind, options in widgets(info):
            if "seed" in widget and kind == "INT":
                assert options["control_after_generate"] is True


def test_execute_takes_exactly_the_inputs(comfy):
    for node in comfy.nodes.NODES:
        schema = node.define_schema()
        code = node.execute.__func__.__code__
        named = set(code.co_varnames[1 : code.co_argcount])
        assert named == {i.id for i in schema.inputs}, schema.node_id
        defaults = code.co_varnames[
            code.co_argcount - len(node.execute.__func__.__defaults__ or ()) : code.co_argcount
        ]
        assert set(defaults) == {i.id for i in schema.inputs if i.optional}, schema.node_id


def test_every_node_has_a_help_page(comfy):
    for name, info in infos(comfy).items():
        page = (ROOT / "web" / "docs" / f"{name}.md").read_text("utf-8")
        assert page.startswith(f"# {info['display_name']}\n"), name
        for widget, _, _ in widgets(info):
            assert f"`{widget}`" in page, f"{name} does not explain {widget}"
        for output in info["output_name"]:
            assert f"`{output}`" in page, f"{name} does not explain {output}"


def test_no_help_page_is_left_over(comfy):
    assert {p.stem for p in (ROOT / "web" / "docs").glob("*.md")} == set(infos(comfy))


def test_nothing_breaks_the_promise_of_the_golden_file(comfy):
    """Ids, types and order are public: a difference here breaks somebody's workflow. To accept one, see README.md."""
    if comfy.version == "0.8":
        pytest.skip("the golden file describes today's ComfyUI")
    described = json.loads(json.dumps(infos(comfy)))
    for node, widget in LISTS_FILES:
        for inputs in described[node]["input"].values():
            if widget in inputs:
                inputs[widget][1]["options"] = []
    if os.environ.get("MALIANG_WRITE_GOLDEN"):
        GOLDEN.write_text(json.dumps(described, indent=1) + "\n", "utf-8")
    assert described == json.loads(GOLDEN.read_text("utf-8"))
