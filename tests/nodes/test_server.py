"""A real ComfyUI server with our package under an awkward folder name (marker `comfy_server`)."""

import json
import time
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import av
import numpy as np
import pytest

from maliang_video import weights
from maliang_video.weights.delta import read_delta

pytestmark = pytest.mark.comfy_server
OBJECTS = json.loads(Path(__file__).with_name("object_info.json").read_text("utf-8"))


def graph(frames: int = 4, seed: int = 3, width: int = 64, height: int = 32, **more) -> dict:
    """A world painted by the tiny generator and saved."""

    def node(kind: str, **inputs) -> dict:
        return {"class_type": kind, "inputs": inputs}

    world = {
        "seed": seed,
        "frames": frames,
        "width": width,
        "height": height,
        "look": "noon",
        "frame_rate": 24.0,
    }
    return {
        "1": node("MaliangStreetWorld", **world),
        "2": node("MaliangLoadGenerator", weights="tiny.safetensors", download=False, precision="auto"),
        "3": node("MaliangVid2Vid", generator=["2", 0], labels=["1", 0], style="", codec="h264"),
        "4": node("SaveVideo", video=["3", 0], filename_prefix="tests/v", format="auto", codec="auto"),
        **more,
    }


def decoded(content: bytes) -> list[np.ndarray]:
    with av.open(BytesIO(content)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def temp_files(server) -> set[Path]:
    return {path for path in (server.base / "temp").rglob("*") if path.is_file()}


def until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_every_node_is_there_and_nothing_failed(server):
    known = server.get("/object_info")
    assert set(OBJECTS) <= set(known)
    assert server.failures() == []


@pytest.mark.parametrize("node", sorted(OBJECTS))
def test_help_is_served(server, comfyui, node):
    module = server.get(f"/object_info/{node}")[node]["python_module"]
    folder = quote(module.removeprefix("custom_nodes."))
    assert f"# {OBJECTS[node]['display_name']}".encode() in server.get_bytes(
        f"/extensions/{folder}/docs/{node}.md"
    )


def test_our_model_folder_is_listed(server):
    assert server.get("/models/maliang") == ["tiny.safetensors"]


def test_progress_and_previews_arrive(server):
    with_preview = graph(frames=6, seed=11)
    socket = server.listen("watcher")
    prompt_id = server.start(with_preview, "watcher")
    done, pictures = [], 0
    while True:
        message = socket.receive(120)
        if isinstance(message, bytes):
            pictures += b"\xff\xd8\xff" in message[:400]
            continue
        event = json.loads(message)
        if event["type"] == "progress" and event["data"]["node"] == "3":
            done.append((event["data"]["value"], event["data"]["max"]))
        if event["type"] in ("execution_success", "execution_error", "execution_interrupted"):
            break
    socket.close()
    assert event["type"] == "execution_success"
    assert done[-1] == (6, 6)
    assert pictures >= 1
    assert server.wait(prompt_id)["status"]["completed"]


def test_the_same_graph_gives_the_same_pictures(server):
    first = server.files(server.run(graph(seed=5)))
    server.post("/free", {"unload_models": True, "free_memory": True})
    until(lambda: server.get("/queue")["queue_running"] == [])
    time.sleep(1)
    history = server.run(graph(seed=5))
    assert server.cached(history) == set()
    second = server.files(history)
    assert first[0][0] != second[0][0]
    assert all(np.array_equal(a, b) for a, b in zip(decoded(first[0][1]), decoded(second[0][1]), strict=True))


def test_stop_takes_effect_within_a_second_and_leaves_nothing(server):
    before = temp_files(server)
    socket = server.listen("stopper")
    prompt_id = server.start(graph(frames=2000, seed=21, width=256, height=128), "stopper")
    while True:
        message = socket.receive(120)
        if isinstance(message, str) and json.loads(message)["type"] == "progress":
            break
    pressed = time.monotonic()
    server.post("/interrupt", {"prompt_id": prompt_id})
    while True:
        message = socket.receive(30)
        if isinstance(message, str) and json.loads(message)["type"] == "execution_interrupted":
            break
    took = time.monotonic() - pressed
    socket.close()
    assert took < 1
    until(lambda: server.get("/queue")["queue_running"] == [])
    assert temp_files(server) == before


def test_a_mistake_is_answered_with_a_sentence(server):
    wrong = graph(seed=6)
    wrong["3"]["inputs"]["style"] = "dawn"
    history = server.wait(server.start(wrong))
    (error,) = [data for event, data in history["status"]["messages"] if event == "execution_error"]
    assert error["node_id"] == "3"
    assert error["exception_message"].strip() == "no style 'dawn'; this network has: noon, night"


def test_core_nodes_take_our_video(server):
    """Decoded by ComfyUI itself: our file is an ordinary one."""
    more = {
        "5": {"class_type": "GetVideoComponents", "inputs": {"video": ["3", 0]}},
        "6": {"class_type": "PreviewImage", "inputs": {"images": ["5", 0]}},
        "7": {
            "class_type": "MaliangEstimateFlow",
            "inputs": {"frames": ["5", 0], "quality": "fast", "frame_rate": 24.0},
        },
        "8": {"class_type": "MaliangShowFlow", "inputs": {"flow": ["7", 0], "full_color_at": 0.0}},
        "9": {
            "class_type": "SaveVideo",
            "inputs": {"video": ["8", 0], "filename_prefix": "tests/f", "format": "auto", "codec": "auto"},
        },
    }
    files = server.files(server.run(graph(seed=9, **more)))
    assert sum(name.endswith(".png") for name, _ in files) == 4
    flow = next(content for name, content in files if name.startswith("f_"))
    assert len(decoded(flow)) == 4


def test_few_shot_nodes_work_together(server, tiny_few_shot):
    """Exemplars of one world, a driver of another: video, warps, attention and weights; tuned, saved, loaded again."""
    file = server.base / "models" / "maliang" / "few.safetensors"
    weights.save(file, tiny_few_shot(), licence="CC0-1.0", source="random numbers")

    def node(kind: str, **inputs) -> dict:
        return {"class_type": kind, "inputs": inputs}

    def people(seed: int, frames: int) -> dict:
        size = {"width": 32, "height": 32}
        given = {"people": "faces", "look": "studio", "subject": seed, "frame_rate": 24.0, **size}
        return node("MaliangPeopleWorld", seed=seed, frames=frames, **given)

    def saved(source: str, name: str) -> dict:
        return node("SaveVideo", video=[source, 0], filename_prefix=name, format="auto", codec="auto")

    how = {"framing": "auto", "proportions": "as trained", "steady": "off", "around": ""}
    how |= dict.fromkeys(("one_box", "place", "face_lines", "basic_points"), False)
    taken = {"network": ["3", 0], "found": ["1", 0], "frames": "0", "width": 32, "height": 32}
    given = {"network": ["3", 0], "exemplars": ["4", 0]}
    driven = given | {"driver": ["2", 0]}
    tuning = {"steps": 2, "learning_rate": 0.01, "rank": 2, "layers": "nvlabs", "seed": 0}
    prompt = {
        "1": people(1, 1),
        "2": people(2, 3),
        "3": node("MaliangLoadFewShot", weights="few.safetensors", precision="auto"),
        "4": node("MaliangEncodeExemplars", **taken, **how),
        "5": node("MaliangFewShot", codec="h264", **driven),
        "6": saved("5", "tests/few"),
        "7": node("MaliangShowWarps", **driven),
        "8": saved("7", "tests/warps"),
        "9": node("MaliangShowAttention", frame=1, **driven),
        "10": node("MaliangInspectWeights", **given),
        "11": node("MaliangTuneOnExemplars", filename_prefix="tests/delta", **tuning, **given),
        "12": node("MaliangFewShot", codec="h264", **(driven | {"network": ["11", 0]})),
        "13": saved("12", "tests/tuned"),
    }
    loading = prompt | {
        "11": node("MaliangLoadDelta", network=["3", 0], file="tests/delta_00001_.safetensors [output]")
    }
    try:
        files = server.files(server.run(prompt))
        (delta,) = (server.base / "output" / "tests").glob("delta_*.safetensors")
        again = server.files(server.run(loading))
    finally:
        file.unlink()
    shapes = {name.split("_")[0]: decoded(content)[0].shape for name, content in files if "mp4" in name}
    assert shapes == {"few": (32, 32, 3), "warps": (104, 140, 3), "tuned": (32, 32, 3)}
    made, loaded = (next(c for n, c in each if n.startswith("tuned")) for each in (files, again))
    assert all((a == b).all() for a, b in zip(decoded(made), decoded(loaded), strict=True))
    assert read_delta(delta).facts.base_source == "random numbers"
    assert sum(name.endswith(".png") for name, _ in files) == 2
