"""The template workflows: sound as files, and a real server makes the video that they promise."""

import json
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / "workflows").glob("*.json"))
TWINS = Path(__file__).with_name("workflows")
OBJECTS = json.loads(Path(__file__).with_name("object_info.json").read_text("utf-8"))
CORE = {"SaveVideo", "MarkdownNote", "LoadImage", "LoadVideo", "PreviewImage"}
"""Nodes of ComfyUI itself that a workflow may use: nothing else need be installed."""
LIGHT_BT709 = 1
"""FFmpeg's number for BT.709, of matrix, primaries and transfer alike."""

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def twin(path: Path) -> dict:
    """The same graph in API format, as the real page converts it (see `test_browser.py`)."""
    return json.loads((TWINS / f"{path.stem}.api.json").read_text("utf-8"))


def test_there_is_a_workflow():
    assert [path.stem for path in WORKFLOWS] == [
        "dancer_from_poses",
        "face_from_landmarks",
        "street_from_labels",
        "street_future",
    ]


@each_workflow
def test_it_has_a_thumbnail(path):
    with Image.open(path.with_suffix(".jpg")) as picture:
        assert picture.width >= 400
        assert len(path.with_suffix(".jpg").read_bytes()) < 200_000


@each_workflow
def test_it_uses_known_nodes_only(path):
    assert {node["type"] for node in json.loads(path.read_text("utf-8"))["nodes"]} <= set(OBJECTS) | CORE


@each_workflow
def test_its_links_join_sockets_of_one_type(path):
    graph = json.loads(path.read_text("utf-8"))
    nodes = {node["id"]: node for node in graph["nodes"]}
    for _, source, slot, target, place, kind in graph["links"]:
        socket = nodes[target]["inputs"][place]
        assert kind in socket["type"].split(",")
        if nodes[source]["type"] in OBJECTS:
            assert OBJECTS[nodes[source]["type"]]["output"][slot] == kind


@each_workflow
def test_its_widgets_are_those_of_the_nodes(path):
    for node in json.loads(path.read_text("utf-8"))["nodes"]:
        if node["type"] in OBJECTS:
            known = [name for part in OBJECTS[node["type"]]["input"].values() for name in part]
            assert sorted(socket["name"] for socket in node["inputs"]) == sorted(known)


@each_workflow
def test_its_twin_says_the_same(path):
    graph, prompt = json.loads(path.read_text("utf-8")), twin(path)
    for node in graph["nodes"]:
        if node["type"] in OBJECTS:
            assert prompt[str(node["id"])]["class_type"] == node["type"]
            values = {k: v for k, v in node["widgets_values_named"].items() if k != "control_after_generate"}
            inputs = prompt[str(node["id"])]["inputs"]
            assert {k: v for k, v in inputs.items() if not isinstance(v, list)} == values


@each_workflow
def test_nothing_in_it_changes_by_chance(path):
    for node in json.loads(path.read_text("utf-8"))["nodes"]:
        assert "randomize" not in map(str, node.get("widgets_values", []))


@pytest.mark.comfy_server
@each_workflow
def test_a_server_makes_the_video(server, path):
    prompt = twin(path)
    world = next(node["inputs"] for node in prompt.values() if node["class_type"].endswith("World"))
    inputs = [node["inputs"] for node in prompt.values() if node["class_type"] == "MaliangPredictFuture"]
    predicted = sum(each["frames"] for each in inputs)
    history = server.run(prompt)
    videos = [content for name, content in server.files(history) if name.endswith(".mp4")]
    assert len(videos) == 1
    with av.open(BytesIO(videos[0])) as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(stream))
        context = stream.codec_context
        assert (context.width, context.height) == (world["width"], world["height"])
        assert frames == world["frames"] + predicted
        assert stream.average_rate == Fraction(world["frame_rate"])
        tags = {int(context.colorspace), int(context.color_primaries), int(context.color_trc)}
        assert tags == {LIGHT_BT709}
    assert server.cached(server.run(prompt)) >= set(prompt)


@pytest.mark.comfy_server
@each_workflow
def test_the_template_browser_gets_it(server, path):
    templates = server.get("/workflow_templates")
    (folder,) = [name for name, listed in templates.items() if path.stem in listed]
    address = f"/api/workflow_templates/{folder}/{path.stem}"
    assert json.loads(server.get_bytes(f"{address}.json")) == json.loads(path.read_text("utf-8"))
    assert server.get_bytes(f"{address}.jpg") == path.with_suffix(".jpg").read_bytes()
