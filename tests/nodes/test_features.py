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
from maliang_video.models.vid2vid.config import FeatureConfig, FirstFrameConfig
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


def landmarks(t: int = 0) -> np.ndarray:
    jaw = [(48 + t - 16 * np.cos(a), 48 + 20 * np.sin(a)) for a in np.linspace(0, np.pi, 17)]
    return np.array(jaw + [(36 + t + (7 * n) % 24, 38 + (5 * n) % 20) for n in range(51)]).round()


@pytest.fixture
def faces(comfy):
    """Drawn faces, with the footage that they were found in or without."""
    folder = comfy.base / "input" / "landmarks"
    folder.mkdir()
    for t in range(FRAMES):
        np.savetxt(folder / f"{t}.txt", landmarks(t), "%d", ",")
    footage = torch.rand(FRAMES, 96, 96, 3, generator=torch.Generator().manual_seed(0))
    inputs = {
        "folder": "landmarks",
        "width": 64,
        "height": 64,
        "distance_maps": False,
        "background_edges": False,
    }
    inputs |= {"other_face": False, "frame_rate": 24.0, "canvas_width": 96, "canvas_height": 96}
    return lambda seen: run(comfy, "MaliangFaceFromFolder", footage=footage if seen else None, **inputs)[0]


@pytest.fixture
def painter(comfy, tiny_generator):
    torch.manual_seed(5)
    first = FirstFrameConfig("styled", 1, 2, 1, 1, 0, 2, 2, 1)
    drawn = {"palette": "", "label_classes": 1, "edges": False, "things": (), "style_names": ()}
    config = replace(tiny_generator.config, first_frame=first, **drawn)
    folder = Path(comfy.folder_paths.models_dir) / "maliang"
    folder.mkdir(parents=True)
    weights.save(folder / "face.safetensors", Vid2VidGenerator(config), licence="CC0-1.0", source="random")
    return run(comfy, "MaliangLoadGenerator", weights="face.safetensors", download=False, precision="auto")[0]


def test_a_face_begins_with_the_parts_of_another(comfy, faces, painter):
    looks = run(comfy, "MaliangEncodeFaceLooks", generator=painter, drawings=faces(True), clusters=3)[0]
    assert comfy.seen.progress[-1] == (FRAMES, FRAMES)
    assert looks.styles.shape == (3, 7, 2)
    run(comfy, "MaliangSaveLooks", looks=looks, filename_prefix="looks/faces")
    looks = run(comfy, "MaliangLoadLooks", file="looks/faces_00001_.json [output]")[0]
    shown = {}
    for words in ("all=0", "all=1", "all=1 mouth=2"):
        chosen = run(comfy, "MaliangChooseFeatures", looks=looks, choice=words, seed=0)[0]
        inputs = {
            "generator": painter,
            "labels": faces(False),
            "style": "",
            "codec": "ffv1",
            "features": chosen,
        }
        shown[words] = pixels(run(comfy, "MaliangVid2Vid", **inputs)[0])[0].tobytes()
    assert len(set(shown.values())) == 3


def test_a_published_table_is_loaded(comfy):
    rows = {part: np.full((2, 3), part, "f4") for part in range(7)}
    np.save(comfy.base / "input" / "features.npy", rows, allow_pickle=True)
    looks = run(comfy, "MaliangLoadLooks", file="features.npy")[0]
    assert looks.styles[1, :, 0].tolist() == list(range(7))
