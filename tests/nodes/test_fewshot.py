"""The few-shot nodes on the recording fake: from pictures and keypoints to video, views and numbers."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.media.reader import open_frames

SIDE, FRAMES = 32, 3
CANVAS = (60, 80)
AS_IS = {
    "framing": "auto",
    "proportions": "as trained",
    "steady": "off",
    "one_box": False,
    "place": False,
    "face_lines": False,
    "basic_points": False,
    "around": "",
}


def run(comfy, node_id: str, **inputs):
    return comfy.node(node_id).execute(**inputs)


def keypoints(frames: int = FRAMES, with_face: bool = True) -> list:
    """As pose nodes give them."""
    jaw = np.linspace(np.pi, 0, 17)
    inside = np.random.default_rng(0).uniform(-0.6, 0.6, (51, 2))
    face = np.concatenate([np.stack([np.cos(jaw), 1.2 * np.sin(jaw)], 1), inside]) * 14 + (40, 25)
    body = np.zeros((18, 3))
    for number, (x, y) in {
        0: (40, 8),
        1: (40, 15),
        2: (34, 15),
        5: (46, 15),
        8: (36, 32),
        11: (44, 32),
    }.items():
        body[number] = x, y, 1

    def frame(t: int) -> dict:
        points = np.concatenate([face + np.array([t, 0]), np.ones((68, 1))], 1)
        person = {"pose_keypoints_2d": body.flatten().tolist()}
        person |= {"face_keypoints_2d": points.flatten().tolist()} if with_face else {}
        return {"people": [person], "canvas_height": CANVAS[0], "canvas_width": CANVAS[1]}

    return [frame(t) for t in range(frames)]


def batch(count: int = 2) -> torch.Tensor:
    return torch.rand(count, *CANVAS, 3, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def load(comfy, tiny_few_shot):
    """Loads a network of a kind through the node."""
    folder = Path(comfy.folder_paths.models_dir) / "maliang"
    folder.mkdir(parents=True)

    def do(*kind, **changes):
        made = tiny_few_shot(*kind, **changes)
        weights.save(folder / "few.safetensors", made, licence="CC0-1.0", source="random numbers")
        return run(comfy, "MaliangLoadFewShot", weights="few.safetensors", precision="auto")[0]

    return do


def encode(comfy, network, **changes):
    given = {"found": keypoints(), "frames": "", "width": SIDE, "height": SIDE, "pictures": batch()} | AS_IS
    return run(comfy, "MaliangEncodeExemplars", network=network, **(given | changes))


def frames_of(video) -> list[np.ndarray]:
    with open_frames(video.get_stream_source()) as clip:
        return [frame.pixels for frame in clip]


def test_pictures_and_keypoints_become_video(comfy, load) -> None:
    network = load()
    exemplars, shown = encode(comfy, network).args
    assert shown.shape == (2, SIDE, SIDE, 3)
    assert 0 <= float(shown.min()) <= float(shown.max()) <= 1
    inputs = {"network": network, "exemplars": exemplars, "driver": keypoints()}
    video = run(comfy, "MaliangFewShot", codec="ffv1", live=False, **inputs)[0]
    frames = frames_of(video)
    assert [frame.shape for frame in frames] == [(SIDE, SIDE, 3)] * FRAMES
    assert comfy.seen.progress[-1] == (FRAMES, FRAMES)
    assert comfy.seen.previews
    assert comfy.seen.loaded[-1][1] > 0
    images = run(comfy, "MaliangFewShotImages", **inputs)[0]
    assert np.array_equal((images * 255).round().to(torch.uint8).numpy(), np.stack(frames))


def test_stopping_leaves_nothing_and_goes_on(comfy, load) -> None:
    network = load()
    exemplars = encode(comfy, network)[0]
    inputs = {"network": network, "exemplars": exemplars, "driver": keypoints(), "codec": "ffv1"}
    comfy.seen.stop_at = comfy.seen.checks + 40
    with pytest.raises(comfy.mm.InterruptProcessingException):
        run(comfy, "MaliangFewShot", **inputs)
    assert not list((comfy.base / "temp").rglob("*.mkv"))
    comfy.seen.stop_at = None
    assert len(frames_of(run(comfy, "MaliangFewShot", **inputs)[0])) == FRAMES


def test_exemplars_are_chosen_and_added(comfy, load) -> None:
    network = load()
    one = encode(comfy, network, frames="1")[0]
    assert [e.name for e in one.exemplars] == ["exemplar frame 1"]
    larger = torch.rand(1, 120, 160, 3)
    three = encode(comfy, network, pictures=larger, before=encode(comfy, network)[0])[0]
    assert three.prepared.images.shape == (3, 3, SIDE, SIDE)
    assert torch.allclose(three.exemplars[2].landmarks, 2 * three.exemplars[0].landmarks)
    with pytest.raises(InputError, match="'two' is no number of a frame; write for example 0 12 30"):
        encode(comfy, network, frames="two")
    with pytest.raises(InputError, match="shows no whole face"):
        encode(comfy, network, found=keypoints(with_face=False))


def test_attention_is_shown_for_one_frame(comfy, load) -> None:
    network = load()
    inputs = {"network": network, "exemplars": encode(comfy, network)[0], "driver": keypoints()}
    image = run(comfy, "MaliangShowAttention", frame=2, **inputs)[0]
    assert image.shape == (1, SIDE, 4 * SIDE + 12, 3)
    assert comfy.seen.shown[-1][0] == "image"
    with pytest.raises(InputError, match="there is no frame 3: the driver's frames end before it"):
        run(comfy, "MaliangShowAttention", frame=3, **inputs)


def test_warps_are_a_video(comfy, load) -> None:
    network = load()
    inputs = {"network": network, "exemplars": encode(comfy, network)[0], "driver": keypoints()}
    assert [f.shape[:2] for f in frames_of(run(comfy, "MaliangShowWarps", **inputs)[0])] == [
        (104, 140)
    ] * FRAMES


def test_weights_of_two_subjects_are_compared(comfy, load) -> None:
    network = load()
    first, second = (encode(comfy, network, pictures=batch(k))[0] for k in (1, 2))
    image, table = run(comfy, "MaliangInspectWeights", network=network, exemplars=first, other=second).args
    assert image.shape == (1, 2 * 96, 4 * 176, 3)
    assert table.splitlines()[0].endswith("| distance |")
    alone = run(comfy, "MaliangInspectWeights", network=network, exemplars=first)[1]
    assert "distance" not in alone


def test_a_street_takes_the_style_of_another(comfy, load) -> None:
    network = load("street", 35, "cityscapes")
    streets = [
        run(comfy, "MaliangStreetWorld", seed=s, frames=2, width=64, height=32, look="noon", frame_rate=24.0)[
            1
        ]
        for s in (1, 2)
    ]
    exemplars = encode(comfy, network, found=streets[0], pictures=None, width=64)[0]
    video = run(
        comfy, "MaliangFewShot", network=network, exemplars=exemplars, driver=streets[1], codec="ffv1"
    )[0]
    assert [frame.shape for frame in frames_of(video)] == [(32, 64, 3)] * 2


def test_a_worlds_pictures_are_shown_whole(comfy, load) -> None:
    network = load()
    people = {"people": "faces", "seed": 1, "subject": 5, "frames": 1, "width": 32, "height": 32}
    drawings, _, world = run(comfy, "MaliangPeopleWorld", look="studio", frame_rate=24.0, **people).args
    for found in (drawings, world):
        given, shown = encode(comfy, network, found=found, pictures=None).args
        assert given.options.framing == "whole"
        whole = next(iter(world.truth())).rgb
        assert np.array_equal((shown[0] * 255).round().to(torch.uint8).numpy(), whole)
    assert encode(comfy, network)[0].options.framing == "fixed"


def test_mistakes_are_one_sentence(comfy, load, tiny_weights) -> None:
    poses = load("pose", 3)
    bodies = encode(comfy, poses)[0]
    faces = load()
    inputs = {"network": faces, "driver": keypoints()}
    with pytest.raises(
        InputError, match="made for weights that paint pose from 3 channels, but these paint face"
    ):
        run(comfy, "MaliangFewShotImages", exemplars=bodies, **inputs)
    with pytest.raises(InputError, match="make the exemplars for these weights"):
        encode(comfy, faces, before=bodies)
    exemplars = encode(comfy, faces)[0]
    street = {"seed": 1, "frames": 2, "width": 64, "height": 32, "look": "noon", "frame_rate": 24.0}
    labels = run(comfy, "MaliangStreetWorld", **street)[0]
    with pytest.raises(InputError, match="driver: of another kind; these weights paint face"):
        run(comfy, "MaliangFewShotImages", network=faces, exemplars=exemplars, driver=labels)
    comfy.mm.get_free_memory = lambda device=None: 1e5
    with pytest.raises(InputError, match="2 exemplars of 32x32 don't fit"):
        run(comfy, "MaliangFewShot", exemplars=exemplars, codec="ffv1", live=False, **inputs)
    shutil.copy(tiny_weights, Path(comfy.folder_paths.models_dir) / "maliang")
    with pytest.raises(InputError, match="not a few-shot generator; choose other weights"):
        run(comfy, "MaliangLoadFewShot", weights="tiny.safetensors", precision="auto")


TUNING = {"steps": 3, "learning_rate": 1e-2, "rank": 2, "layers": "nvlabs", "seed": 0, "filename_prefix": ""}


def weights_of(patcher) -> dict[str, torch.Tensor]:
    return patcher.model.network.state_dict()


def same(a, b) -> bool:
    return all(torch.equal(value, weights_of(b)[name]) for name, value in weights_of(a).items())


@torch.inference_mode()  # as ComfyUI runs nodes
def test_a_network_is_tuned_saved_and_loaded_again(comfy, load) -> None:
    network = load()
    exemplars, check = encode(comfy, network)[0], encode(comfy, network, pictures=batch(3)[2:])[0]
    inputs = TUNING | {
        "network": network,
        "exemplars": exemplars,
        "filename_prefix": "deltas/me",
        "check": check,
    }
    tuned, table = run(comfy, "MaliangTuneOnExemplars", **inputs).args
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == [
        "| exemplars (tuned on)",
        "| check (never seen)",
    ]
    assert [done for done, _ in comfy.seen.progress] == [1, 2, 3]
    assert comfy.seen.previews
    assert comfy.seen.shown[-1][1].endswith("deltas/me_00001_.safetensors [output]")
    assert not same(tuned, network)
    loaded = run(comfy, "MaliangLoadDelta", network=network, file="deltas/me_00001_.safetensors [output]")[0]
    assert same(loaded, tuned)
    assert not list((comfy.base / "temp").rglob("state.*"))
    video = run(
        comfy,
        "MaliangFewShot",
        network=tuned,
        exemplars=exemplars,
        driver=keypoints(),
        codec="ffv1",
        live=False,
    )[0]
    assert len(frames_of(video)) == FRAMES


def test_stopped_tuning_goes_on_bit_for_bit(comfy, load) -> None:
    network = load()
    inputs = TUNING | {"network": network, "exemplars": encode(comfy, network)[0]}
    whole = run(comfy, "MaliangTuneOnExemplars", **inputs)[0]
    comfy.seen.stop_at = comfy.seen.checks + 2
    with pytest.raises(comfy.mm.InterruptProcessingException):
        run(comfy, "MaliangTuneOnExemplars", **inputs)
    comfy.seen.stop_at = None
    comfy.seen.progress.clear()
    rest = run(comfy, "MaliangTuneOnExemplars", **inputs)[0]
    assert [done for done, _ in comfy.seen.progress] == [3]
    assert same(rest, whole)
    assert not (comfy.base / "output" / "deltas").exists()


def test_what_cannot_be_tuned_or_loaded_is_refused(comfy, load) -> None:
    network = load()
    exemplars = encode(comfy, network)[0]
    inputs = TUNING | {"exemplars": exemplars, "steps": 1}
    tuned = run(
        comfy,
        "MaliangTuneOnExemplars",
        network=network,
        **inputs,
    )[0]
    with pytest.raises(InputError, match="this network is tuned already"):
        run(comfy, "MaliangTuneOnExemplars", network=tuned, **inputs)
    small = encode(comfy, network, width=48)[0]
    with pytest.raises(InputError, match="the pictures to check it are 48x32, the exemplars 32x32"):
        run(comfy, "MaliangTuneOnExemplars", network=network, check=small, **inputs)
    run(comfy, "MaliangTuneOnExemplars", network=network, **(inputs | {"filename_prefix": "me"}))
    name = "me_00001_.safetensors [output]"
    with pytest.raises(InputError, match="was tuned for other weights than these"):
        run(comfy, "MaliangLoadDelta", network=load(filters=8), file=name)
    with pytest.raises(InputError, match="made for weights that paint face"):
        run(comfy, "MaliangTuneOnExemplars", network=load("pose", 3), **inputs)
    with pytest.raises(InputError, match=r"'nothing\.safetensors' is not in ComfyUI's folder"):
        run(comfy, "MaliangLoadDelta", network=network, file="nothing.safetensors")
