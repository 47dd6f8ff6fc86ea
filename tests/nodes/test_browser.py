"""ComfyUI's real page in a real browser (marker `browser`): our nodes, our workflow, its conversion, a run."""

import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / "workflows").glob("*.json"))
TWINS = Path(__file__).with_name("workflows")
READY = "!!(window.app?.graph && window.LiteGraph?.registered_node_types?.['MaliangVid2Vid'])"


@pytest.fixture(scope="module")
def page(server, browser):
    browser.open(server.url)
    browser.wait_for(READY, 180)
    return browser


def load(page, path: Path) -> None:
    """Open a workflow as the template browser does."""
    graph = path.read_text("utf-8")
    page.evaluate(f"window.app.loadGraphData({graph}, true, true, {json.dumps(path.stem)})")
    count = len(json.loads(graph)["nodes"])
    page.wait_for(f"window.app.graph.nodes.length === {count}")


def test_the_page_knows_every_node(page):
    objects = json.loads(Path(__file__).with_name("object_info.json").read_text("utf-8"))
    listed = page.evaluate(
        "Object.keys(window.LiteGraph.registered_node_types).filter(n => n.startsWith('Maliang'))"
    )
    assert sorted(listed) == sorted(objects)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_opens_without_missing_nodes(page, path):
    load(page, path)
    assert page.evaluate("window.app.graph.nodes.filter(n => n.has_errors).length") == 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_the_page_converts_it_into_its_twin(page, path):
    load(page, path)
    prompt = page.evaluate("window.app.graphToPrompt().then(p => JSON.parse(JSON.stringify(p.output)))")
    file = TWINS / f"{path.stem}.api.json"
    if os.environ.get("MALIANG_WRITE_GOLDEN"):
        file.write_text(json.dumps(prompt, indent=1) + "\n", "utf-8")
    twin = json.loads(file.read_text("utf-8"))
    assert {number: node["class_type"] for number, node in prompt.items()} == {
        number: node["class_type"] for number, node in twin.items()
    }
    for number, node in prompt.items():
        if node["class_type"].startswith(
            "Maliang"
        ):  # the widgets of ComfyUI's own nodes change between versions
            assert node["inputs"] == twin[number]["inputs"]


def test_the_page_gets_help(page, server):
    module = server.get("/object_info/MaliangVid2Vid")["MaliangVid2Vid"]["python_module"]
    folder = quote(module.removeprefix("custom_nodes."))
    address = f"/extensions/{folder}/docs/MaliangVid2Vid.md"
    assert page.evaluate(f"fetch('{address}').then(answer => answer.status)") == 200


def test_a_workflow_runs_from_the_page(page, server, tmp_path):
    """With the tiny generator and few frames: it is the page that is tested here."""
    load(page, next(path for path in WORKFLOWS if path.stem == "street_from_labels"))
    page.evaluate(
        "(() => { for (const node of app.graph.nodes) for (const widget of node.widgets ?? []) {"
        " if (widget.name === 'weights') widget.value = 'tiny.safetensors';"
        " if (widget.name === 'frames') widget.value = 4; } })()"
    )
    page.evaluate("window.app.queuePrompt(0, 1)")
    page.wait_for("!!document.querySelector('video')", 240)
    page.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 20_000
    assert len(server.get("/history")) >= 1
