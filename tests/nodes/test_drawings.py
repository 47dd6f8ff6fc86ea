"""What the nodes of drawn maps do, on the recording fake."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.media.reader import open_frames
from maliang_video.models.labels.people import Person, PosedFrame
from maliang_video.models.vid2vid.config import GeneratorConfig
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.weights import save

HEIGHT, WIDTH, FRAMES = 96, 128, 3
FACE = {"distance_maps": True, "background_edges": True, "other_face": False, "frame_rate": 25.0}
POSE = {"basic_points": False, "hide_face": False, "central_half": False, "frame_rate": 25.0}
NO_CANVAS = {"canvas_width": 0, "canvas_height": 0}


def run(comfy, node_id: str, **inputs):
    return comfy.node(node_id).execute(**inputs)


def landmarks(t: int = 0) -> np.ndarray:
    jaw = [(64 + t - 16 * np.cos(a), 48 + 20 * np.sin(a)) for a in np.linspace(0, np.pi, 17)]
    rest = [(52 + t + (7 * n) % 24, 38 + (5 * n) % 20) for n in range(51)]
    return np.array(jaw + rest).round()


def keypoints(frames: int = FRAMES, face: bool = False) -> list[dict]:
    found = []
    for t in range(frames):
        person = {"pose_keypoints_2d": [v for n in range(18) for v in (20 + t + 4 * n, 10 + 4 * n, 1.0)]}
        if face:
            person["face_keypoints_2d"] = [v for x, y in landmarks(t) for v in (x, y, 1.0)]
        found.append({"canvas_width": WIDTH, "canvas_height": HEIGHT, "people": [person]})
    return found


def footage(frames: int = FRAMES) -> torch.Tensor:
    coarse = torch.rand(frames, 3, HEIGHT // 8, WIDTH // 8, generator=torch.Generator().manual_seed(0))
    fine = torch.nn.functional.interpolate(coarse, size=(HEIGHT, WIDTH), mode="bicubic").clamp(0, 1)
    return fine.permute(0, 2, 3, 1)


def densepose(frames: int = FRAMES) -> torch.Tensor:
    return torch.tensor([200, 90, 12]).div(255).expand(frames, HEIGHT, WIDTH, 3).clone()


def face_folder(comfy) -> None:
    folder = comfy.base / "input" / "landmarks"
    folder.mkdir()
    for t in range(FRAMES):
        np.savetxt(folder / f"{t}.txt", landmarks(t), "%d", ",")


def generator(comfy, channels: int):
    config = GeneratorConfig("", channels, False, (), (), 3, 4, 0, 2, 2, 1, 1, True, (), None)
    torch.manual_seed(0)
    folder = Path(comfy.folder_paths.models_dir) / "maliang"
    folder.mkdir(parents=True, exist_ok=True)
    save(
        folder / "drawn.safetensors", Vid2VidGenerator(config), licence="Apache-2.0", source="random numbers"
    )
    return run(comfy, "MaliangLoadGenerator", weights="drawn.safetensors", download=False, precision="auto")[
        0
    ]


def test_faces_of_a_folder(comfy):
    face_folder(comfy)
    inputs = {"folder": "landmarks", "width": 64, "height": 64, **FACE}
    drawings = run(comfy, "MaliangFaceFromFolder", footage=footage(), **inputs, **NO_CANVAS)[0]
    assert (drawings.channels, drawings.height, drawings.width) == (15, 64, 64)
    assert (drawings.frame_count, drawings.frame_rate) == (FRAMES, 25)
    assert next(drawings.frames()).picture is not None
    alone = run(comfy, "MaliangFaceFromFolder", canvas_width=WIDTH, canvas_height=HEIGHT, **inputs)[0]
    assert alone.frame_rate == 25
    with pytest.raises(InputError, match="nothing says how large"):
        run(comfy, "MaliangFaceFromFolder", **inputs, **NO_CANVAS)
    with pytest.raises(InputError, match="half a size"):
        run(comfy, "MaliangFaceFromFolder", canvas_width=5, canvas_height=0, **inputs)
    stamp = comfy.node("MaliangFaceFromFolder").fingerprint_inputs
    before = stamp(folder="landmarks", width=64)
    (comfy.base / "input" / "landmarks" / "3.txt").write_text("later")
    assert stamp(folder="landmarks", width=64) != before


def test_faces_of_pose_nodes_and_of_mediapipe(comfy):
    inputs = {"width": 64, "height": 64, **FACE}
    drawings = run(comfy, "MaliangFaceFromKeypoints", keypoints=keypoints(face=True), **inputs)[0]
    assert drawings.frame_count == FRAMES
    mesh = np.zeros((478, 2), np.float32)
    mesh[:] = (64, 40)
    from maliang_video.models.labels.face_mesh import _MESH

    mesh[list(_MESH)] = landmarks()
    value = {"frames": [[{"landmarks_xy": mesh}], []], "image_size": (HEIGHT, WIDTH)}
    same = run(comfy, "MaliangFaceFromKeypoints", keypoints=value, **inputs)[0]
    first, held = list(same.frames())
    assert torch.equal(first.channels, next(drawings.frames()).channels)
    assert torch.equal(first.channels, held.channels)
    for wrong, message in (
        ({"frames": [[]], "image_size": (9, 9)}, "first frame shows no whole face"),
        ({"frames": 3}, "not what ComfyUI's MediaPipe nodes give"),
        (keypoints(), "first frame shows no whole face"),
    ):
        with pytest.raises(InputError, match=message):
            run(comfy, "MaliangFaceFromKeypoints", keypoints=wrong, **inputs)


def test_poses_of_keypoints_and_densepose(comfy):
    inputs = {"width": 0, "height": 0, **POSE}
    drawings = run(comfy, "MaliangPoseFromKeypoints", keypoints=keypoints(), **inputs)[0]
    assert (drawings.channels, drawings.height, drawings.width) == (3, HEIGHT, WIDTH)
    both = run(comfy, "MaliangPoseFromKeypoints", keypoints=keypoints(), densepose=densepose(), **inputs)[0]
    frame = next(both.frames()).channels
    assert torch.equal(frame[3:], next(drawings.frames()).channels)
    assert frame[:3, 0, 0].tolist() == pytest.approx([200 / 255 * 2 - 1, 90 / 255 * 2 - 1, 0])
    alone = run(comfy, "MaliangPoseFromKeypoints", densepose=densepose(), **inputs)[0]
    assert alone.channels == 3
    with pytest.raises(InputError, match="keypoints, DensePose pictures, or both"):
        run(comfy, "MaliangPoseFromKeypoints", **inputs)
    with pytest.raises(InputError, match="keypoints, frame 0: no OpenPose keypoints"):
        run(comfy, "MaliangPoseFromKeypoints", keypoints=["nonsense"], **inputs)


def test_poses_of_a_folder(comfy):
    folder = comfy.base / "input" / "openpose"
    folder.mkdir()
    for t, frame in enumerate(keypoints()):
        (folder / f"{t}.json").write_text(json.dumps(frame))
    inputs = {"folder": "openpose", "width": 64, "height": 64, **POSE, **NO_CANVAS}
    drawings = run(comfy, "MaliangPoseFromFolder", **inputs)[0]
    assert (drawings.channels, drawings.frame_count, drawings.width) == (3, FRAMES, 64)
    clip = comfy.base / "input" / "clip.json"
    clip.write_text(json.dumps(keypoints()))
    same = run(comfy, "MaliangPoseFromFolder", **inputs | {"folder": "clip.json"})[0]
    assert torch.equal(next(same.frames()).channels, next(drawings.frames()).channels)


def test_edges_are_shown_and_written(comfy):
    drawings = run(comfy, "MaliangEdgesFromFootage", frames=footage(), width=0, height=0, frame_rate=12.0)[0]
    assert (drawings.channels, drawings.frame_rate, drawings.frame_count) == (1, 12, FRAMES)
    shown = run(comfy, "MaliangPreviewDrawings", drawings=drawings, frame=1)
    assert shown[0].shape == (1, HEIGHT, WIDTH, 3)
    assert set(shown[0].unique().tolist()) == {0.0, 1.0}
    assert comfy.seen.shown[-1][0] == "image"
    with pytest.raises(InputError, match="no frame 9"):
        run(comfy, "MaliangPreviewDrawings", drawings=drawings, frame=9)
    video = run(comfy, "MaliangDrawingsToVideo", drawings=drawings)[0]
    with open_frames(video.get_stream_source()) as clip:
        assert sum(1 for _ in clip) == FRAMES


@pytest.mark.parametrize("node", ["MaliangVid2Vid", "MaliangVid2VidImages", "MaliangPredictFlow"])
def test_drawings_are_painted(comfy, node):
    drawings = run(comfy, "MaliangPoseFromKeypoints", keypoints=keypoints(), width=64, height=64, **POSE)[0]
    inputs = {"generator": generator(comfy, 3), "labels": drawings, "style": ""}
    inputs |= {"codec": "ffv1"} if node == "MaliangVid2Vid" else {}
    made = run(comfy, node, **inputs)[0]
    if node == "MaliangVid2VidImages":
        assert made.shape == (FRAMES, 64, 64, 3)
    elif node == "MaliangPredictFlow":
        assert made.frame_count == FRAMES
    assert comfy.seen.progress[-1] == (FRAMES, FRAMES)


def test_poses_of_footage(comfy, monkeypatch):
    person = Person(torch.tensor([[10.0 + n, 20.0, 0.8] for n in range(25)]))
    asked = {}

    def load(name, **options):
        asked.update(options, name=name)
        network = torch.nn.Linear(1, 1)
        return Finder(network)

    class Finder:
        def __init__(self, network):
            self.network, self.detector = network, SimpleNamespace(network=network)

        def __call__(self, pixels):
            return PosedFrame((person,), pixels.shape[:2])

    monkeypatch.setattr(comfy.nodes.pose_finder, "load_pose_finder", load)
    found = run(
        comfy,
        "MaliangPosesFromFootage",
        frames=footage(),
        network="vitpose-base",
        people=2,
        download=False,
        frame_rate=24.0,
    )[0]
    assert asked == {"name": "vitpose-base", "most": 2, "download": False}
    assert [(frame["canvas_width"], frame["canvas_height"]) for frame in found] == [(WIDTH, HEIGHT)] * FRAMES
    assert found[0]["people"][0]["pose_keypoints_2d"][:3] == [10, 20, 1]
    assert len(comfy.seen.loaded) == 2
    assert comfy.seen.progress[-1] == (FRAMES, FRAMES)
    drawn = run(comfy, "MaliangPoseFromKeypoints", keypoints=found, width=0, height=0, **POSE)[0]
    assert next(drawn.frames()).channels.max() > 0


def test_weights_of_another_kind_say_so(comfy):
    drawings = run(comfy, "MaliangPoseFromKeypoints", keypoints=keypoints(), width=64, height=64, **POSE)[0]
    with pytest.raises(InputError, match="have 3 channels, these weights take 15"):
        run(comfy, "MaliangVid2VidImages", generator=generator(comfy, 15), labels=drawings, style="")


def test_a_video_as_footage_keeps_its_frame_rate(comfy):
    face_folder(comfy)
    edges = run(comfy, "MaliangEdgesFromFootage", frames=footage(), width=0, height=0, frame_rate=10.0)[0]
    video = run(comfy, "MaliangDrawingsToVideo", drawings=edges)[0]
    drawings = run(
        comfy,
        "MaliangFaceFromFolder",
        folder="landmarks",
        width=64,
        height=64,
        footage=video,
        **FACE,
        **NO_CANVAS,
    )[0]
    assert drawings.frame_rate == 10
    assert drawings.fingerprint
