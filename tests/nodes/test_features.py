"""Nodes for instance features, on the recording fake: from an example picture, through a file, into a video."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.media.reader import open_frames
from maliang_video.models.vid2vid.config import FeatureConfig
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.pipelines.feature_choice import FeatureCurve

FRAMES = 3


def run(comfy, node_id: str, **inputs):
    return comfy.node(node_id).execute(**inputs)


@pytest.fixture
def world(comfy):
    sizes = {"frames": FRAMES, "width": 64, "height": 32}
    return run(comfy, "MaliangStreetWorld", seed=7, look="noon", frame_rate=24.0, **sizes)[1]


@pytest.fixture
def generator(comfy, tiny_generator):
    torch.manual_seed(4)
    config = replace(tiny_generator.config, instance_features=FeatureConfig(3, 2, 1))
    folder = Path(comfy.folder_paths.models_dir) / "maliang"
    folder.mkdir(parents=True)
    made = Vid2VidGenerator(config)
    weights.save(folder / "told.safetensors", made, licence="CC0-1.0", source="random numbers")
    return run(comfy, "MaliangLoadGenerator", weights="told.safetensors", download=False, precision="auto")[0]


@pytest.fixture
def looks(comfy, world, generator):
    pictures = torch.stack([torch.from_numpy(frame.rgb) for frame in world.truth()]) / 255.0
    inputs = {"generator": generator, "labels": world, "frames": pictures, "clusters": 2}
    return run(comfy, "MaliangEncodeFeatures", **inputs)[0]


def pixels(video) -> np.ndarray:
    with open_frames(video.get_stream_source()) as clip:
        return np.stack([frame.pixels for frame in clip])


def test_pictures_become_looks(comfy, world, looks):
    classes = {each.name: len(each.clusters) for each in looks.classes}
    assert classes["road"] == classes["car"] == 2
    assert comfy.seen.progress[-1] == (FRAMES, FRAMES)
    assert comfy.seen.loaded


def test_looks_are_saved_and_loaded(comfy, looks):
    run(comfy, "MaliangSaveLooks", looks=looks, filename_prefix="looks/street")
    assert comfy.seen.shown[-1] == ("text", "looks/street_00001_.json [output]")
    name = "looks/street_00001_.json [output]"
    assert run(comfy, "MaliangLoadLooks", file=name)[0] == looks
    before = comfy.node("MaliangLoadLooks").fingerprint_inputs(name)
    shutil.copy(comfy.base / "output/looks/street_00001_.json", comfy.base / "output/looks/other.json")
    assert comfy.node("MaliangLoadLooks").fingerprint_inputs("looks/other.json [output]") != before


def test_a_choice_is_a_curve_of_looks(comfy, looks):
    curve = run(comfy, "MaliangChooseFeatures", looks=looks, choice="car=0@0 car=1@4 road=draw:2", seed=9)[0]
    assert isinstance(curve, FeatureCurve)
    assert [rule.keys[0][1].seed for rule in curve.rules] == [9, 2, 9]
    with pytest.raises(InputError, match="'car' has no look 5"):
        run(comfy, "MaliangChooseFeatures", looks=looks, choice="car=5", seed=0)


def test_chosen_features_are_painted(comfy, world, generator, looks):
    inputs = {"generator": generator, "labels": world, "style": ""}
    curves = [
        None,
        *(run(comfy, "MaliangChooseFeatures", looks=looks, choice=t, seed=0)[0] for t in ("all=0", "all=1")),
    ]
    videos = [run(comfy, "MaliangVid2Vid", codec="ffv1", features=c, **inputs)[0] for c in curves]
    shown = [pixels(video) for video in videos]
    assert len({video.tobytes() for video in shown}) == 3
    images = run(comfy, "MaliangVid2VidImages", features=curves[1], **inputs)[0]
    assert torch.equal((images * 255).round().to(torch.uint8), torch.from_numpy(shown[1]))
    flows = [run(comfy, "MaliangPredictFlow", features=c, **inputs)[0] for c in curves[:2]]
    last = [list(flow.frames())[-1].displacement for flow in flows]
    assert not torch.equal(*last)


def test_looks_of_other_weights_are_refused(comfy, world, generator, looks, tiny_weights):
    curve = run(comfy, "MaliangChooseFeatures", looks=looks, choice="", seed=0)[0]
    shutil.copy(tiny_weights, Path(comfy.folder_paths.models_dir) / "maliang")
    load = {"weights": "tiny.safetensors", "download": False, "precision": "auto"}
    plain = run(comfy, "MaliangLoadGenerator", **load)[0]
    with pytest.raises(InputError, match="take no instance features"):
        run(comfy, "MaliangVid2Vid", generator=plain, labels=world, style="", codec="ffv1", features=curve)
    other = replace(looks, network=(0.5,) * len(looks.network))
    curve = run(comfy, "MaliangChooseFeatures", looks=other, choice="", seed=0)[0]
    inputs = {"labels": world, "style": "", "codec": "ffv1", "features": curve}
    with pytest.raises(InputError, match="made with other weights"):
        run(comfy, "MaliangVid2Vid", generator=generator, **inputs)
