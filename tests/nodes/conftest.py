"""Fixtures: ComfyUI's modules replaced by the recording fake, as today's version and as 0.8.0."""

import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch


def _load(name: str) -> ModuleType:
    """A module beside this file: folders of tests are no packages."""
    spec = importlib.util.spec_from_file_location(
        f"tests_nodes_{name}", Path(__file__).with_name(f"{name}.py")
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


fake_comfy = _load("fake_comfy")
websocket = _load("websocket")
comfy_server = _load("comfy_server")


@pytest.fixture(params=["0.33", "0.8"])
def comfy(request, tmp_path, monkeypatch) -> Iterator[SimpleNamespace]:
    """A fake ComfyUI rooted in `tmp_path`, with our nodes freshly imported into it.

    `.nodes` our package, `.node(id)` one class, `.seen` what the nodes did, `.api`, `.folder_paths`, `.mm`, `.base`.
    """
    seen = fake_comfy.Recorded()
    for name, module in fake_comfy.install(tmp_path, seen, old=request.param == "0.8").items():
        monkeypatch.setitem(sys.modules, name, module)
    fake_comfy.forget_nodes()
    importlib.import_module("maliang_video.nodes.folders").register_models()
    nodes = importlib.import_module("maliang_video.nodes")
    yield SimpleNamespace(
        version=request.param,
        nodes=nodes,
        node=lambda wanted: next(n for n in nodes.NODES if n.define_schema().node_id == wanted),
        seen=seen,
        api=sys.modules["comfy_api.latest"],
        folder_paths=sys.modules["folder_paths"],
        mm=sys.modules["comfy.model_management"],
        base=tmp_path,
    )
    fake_comfy.forget_nodes()


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory) -> Path:
    """A vid2vid generator with random weights, a few kilobytes, as a file."""
    from maliang_video.models.vid2vid.config import GeneratorConfig
    from maliang_video.models.vid2vid.generator import Vid2VidGenerator
    from maliang_video.weights import save

    config = GeneratorConfig(
        palette="cityscapes",
        label_classes=35,
        edges=True,
        things=(24, 26),
        style_names=("noon", "night"),
        label_frames=3,
        filters=4,
        foreground_filters=4,
        downsamplings=2,
        blocks=2,
        local_blocks=1,
        scales=1,
        flow=True,
        foreground=(24, 26),
        first_frame=None,
    )
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save(path, Vid2VidGenerator(config), licence="Apache-2.0", source="random numbers")
    return path


@pytest.fixture(scope="session")
def comfyui() -> SimpleNamespace:
    """A real ComfyUI: `.checkout` its folder, `.python` what runs it. Not named: skip; named but unusable: fail."""
    checkout, python = os.environ.get("COMFYUI_DIR"), os.environ.get("COMFYUI_PYTHON")
    if not checkout:
        pytest.skip("COMFYUI_DIR names no ComfyUI checkout")
    if not Path(checkout, "main.py").is_file():
        pytest.fail(f"COMFYUI_DIR={checkout} holds no main.py")
    if not python or not shutil.which(python):
        pytest.fail(f"COMFYUI_PYTHON={python} is no python that could run {checkout}")
    version = Path(checkout, "comfyui_version.py").read_text("utf-8").split('"')[1]
    return SimpleNamespace(checkout=Path(checkout), python=python, version=version)


@pytest.fixture(scope="session")
def comfy_base(tmp_path_factory, tiny_weights) -> Path:
    """A folder for ComfyUI's models, custom nodes, input and output, with the tiny generator in models/maliang."""
    base = tmp_path_factory.mktemp("comfy_base")
    (base / "models" / "maliang").mkdir(parents=True)
    shutil.copy(tiny_weights, base / "models" / "maliang")
    return base


@pytest.fixture(scope="session")
def inside(comfyui, comfy_base):
    """Do a task of `comfy_inside.py` in ComfyUI's Python; its result."""
    package = comfy_base / "custom_nodes" / comfy_server.FOLDER
    package.parent.mkdir(exist_ok=True)
    if not package.exists():
        package.symlink_to(comfy_server.ROOT, target_is_directory=True)

    def do(task: str):
        script = Path(__file__).with_name("comfy_inside.py")
        done = subprocess.run(
            [comfyui.python, script, task, comfyui.checkout, comfy_base, package],
            cwd=comfyui.checkout,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=600,
        )
        results = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        assert results, f"no result:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return json.loads(results[0].removeprefix("RESULT "))

    return do


@pytest.fixture(scope="session")
def server(comfyui, comfy_base):
    """A running ComfyUI server with our package under an awkward name, and the tiny generator."""
    with comfy_server.ComfyServer(comfyui.checkout, comfyui.python, comfy_base, websocket) as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    """A page of a headless Chromium."""
    driver = _load("browser")
    executable = driver.find_browser()
    if executable is None:
        pytest.fail("COMFYUI_DIR is set, but there is no Chromium: install it, or name it in BROWSER_PATH")
    with driver.Page(executable, websocket) as page:
        yield page
