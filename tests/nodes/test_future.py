"""The node of future prediction, on the recording fake: from a world into Vid2Vid."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.models.vid2vid.future import LabelFuture
from maliang_video.training.future_recipe import STREET_FUTURE

FRAMES = 4


def run(comfy, node_id: str, **inputs):
    return comfy.node(node_id).execute(**inputs)


@pytest.fixture
def labels(comfy):
    sizes = {"frames": FRAMES, "width": 64, "height": 32}
    return run(comfy, "MaliangStreetWorld", seed=7, look="noon", frame_rate=12.0, **sizes)[0]


@pytest.fixture
def folder(comfy, tiny_weights) -> Path:
    torch.manual_seed(4)
    config = replace(STREET_FUTURE.network, seen_frames=3, filters=4, downsamplings=1, blocks=1)
    folder = Path(comfy.folder_paths.models_dir) / "maliang"
    folder.mkdir(parents=True)
    made = LabelFuture(config)
    weights.save(folder / "next.safetensors", made, licence="CC0-1.0", source="random numbers")
    shutil.copy(tiny_weights, folder)
    return folder


def predict(comfy, labels, **changes):
    inputs = {"labels": labels, "frames": 2, "weights": "next.safetensors", "keep_seen": -1} | changes
    return run(comfy, "MaliangPredictFuture", **inputs)[0]


def test_seen_and_predicted_maps_come_out(comfy, labels, folder):
    future = predict(comfy, labels)
    assert (future.frame_count, future.frame_rate, future.palette.name) == (6, 12, "cityscapes")
    shown = list(future.frames())
    assert all(a.ids.equal(b.ids) for a, b in zip(shown, labels.frames(), strict=False))
    assert shown[5].instances is not None
    assert comfy.seen.progress[-1] == (6, 6)
    assert comfy.seen.loaded
    only = list(predict(comfy, labels, keep_seen=0).frames())
    assert len(only) == 2
    assert only[1].ids.equal(shown[5].ids)


def test_vid2vid_paints_them(comfy, labels, folder):
    load = {"weights": "tiny.safetensors", "download": False, "precision": "auto"}
    generator = run(comfy, "MaliangLoadGenerator", **load)[0]
    future = predict(comfy, labels, keep_seen=2)
    images = run(comfy, "MaliangVid2VidImages", generator=generator, labels=future, style="")[0]
    assert images.shape == (4, 32, 64, 3)


def test_each_node_lists_what_it_can_load(comfy, folder):
    def offered(node: str) -> list[str]:
        return comfy.node(node).info()["input"]["required"]["weights"][1]["options"]

    assert offered("MaliangPredictFuture")[0] == "street-future"
    assert set(offered("MaliangPredictFuture")[1:]) == {"next.safetensors", "tiny.safetensors"}
    assert offered("MaliangLoadGenerator")[0] == "street"
    assert "street-future" not in offered("MaliangLoadGenerator")


def test_mistakes_are_one_sentence(comfy, labels, folder):
    with pytest.raises(InputError, match="a Vid2VidGenerator, which predicts no label maps"):
        predict(comfy, labels, weights="tiny.safetensors")
    few = run(
        comfy, "MaliangStreetWorld", seed=7, look="noon", frame_rate=24.0, frames=2, width=64, height=32
    )[0]
    with pytest.raises(InputError, match="2 label maps are too few"):
        predict(comfy, few)


def test_other_weights_run_again(comfy, folder):
    node = comfy.node("MaliangPredictFuture")
    before = node.fingerprint_inputs(weights="next.safetensors", frames=2)
    assert node.fingerprint_inputs(weights="next.safetensors", frames=2) == before
    assert node.fingerprint_inputs(weights="tiny.safetensors", frames=2) != before
