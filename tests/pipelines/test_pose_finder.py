"""Keypoints out of footage, on tiny networks with random weights: what is asked, what comes out, what is refused."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.cli import main
from maliang_video.errors import InputError
from maliang_video.media.keypoints import open_landmarks, open_poses
from maliang_video.models.labels.people import PosedFrame
from maliang_video.pipelines import pose_finder
from maliang_video.pipelines.pose_finder import PoseFinder, load_pose_finder, write_found

transformers = pytest.importorskip("transformers")
pytest.importorskip("scipy")

SIZE = (60, 80)


def tiny_vitpose(folder, points: int = 17, experts: int = 1):
    torch.manual_seed(0)
    backbone = transformers.VitPoseBackboneConfig(
        image_size=(32, 24),
        patch_size=(8, 8),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        mlp_ratio=1,
        num_experts=experts,
        part_features=4 if experts > 1 else 0,
        out_indices=[1],
    )
    config = transformers.VitPoseConfig(
        backbone_config=backbone, num_labels=points, use_simple_decoder=True, scale_factor=2
    )
    transformers.VitPoseForPoseEstimation(config).save_pretrained(folder)
    size = {"height": 32, "width": 24}
    transformers.VitPoseImageProcessorPil(size=size).save_pretrained(folder)
    return str(folder)


class Detector:
    """Finds what it is told."""

    fingerprint = "told"

    def __init__(self, *boxes: list[float]) -> None:
        self.boxes = list(boxes)

    def __call__(self, pixels):
        return self.boxes


@pytest.fixture(autouse=True)
def _people(monkeypatch):
    """One person in the middle of every frame; RT-DETR itself is tested below."""
    monkeypatch.setattr(pose_finder, "load_detector", lambda *_, **__: Detector([20.0, 5.0, 30.0, 50.0]))


def clip(folder, frames: int = 3):
    folder.mkdir()
    for t in range(frames):
        pixels = np.random.default_rng(t).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{t}.png")
    return folder


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def test_bodies_of_17_points(tmp_path):
    finder = load_pose_finder(tiny_vitpose(tmp_path))
    found = finder(picture())
    assert found.size == SIZE
    (person,) = found.people
    assert person.pose.shape == (25, 3)
    assert person.face is None
    seen = person.pose[person.pose[:, 2] > 0, :2]
    assert len(seen) >= 17
    assert ((seen > torch.tensor([-20.0, -20.0])) & (seen < torch.tensor([110.0, 90.0]))).all()
    assert not finder.finds_faces


def test_what_a_network_says_is_where_its_heatmaps_peak(tmp_path):
    finder = load_pose_finder(tiny_vitpose(tmp_path))

    class Peak(torch.nn.Module):
        config, dtype, device = finder.network.config, torch.float32, torch.device("cpu")

        def forward(self, pixel_values):
            heat = torch.zeros(1, 17, 8, 6)
            heat[:, :, 4, 3] = 1.0
            return transformers.models.vitpose.modeling_vitpose.VitPoseEstimatorOutput(heatmaps=heat)

    finder.network = Peak()
    (person,) = finder(picture()).people
    assert person.pose[0, :2].tolist() == pytest.approx([35 + 3, 30 + 3], abs=5)  # the middle of the box
    assert person.pose[0, 2] == pytest.approx(1, abs=0.01)


def test_whole_bodies_have_faces_and_hands(tmp_path):
    finder = load_pose_finder(tiny_vitpose(tmp_path, points=133))
    (person,) = finder(picture()).people
    assert person.face.shape == (70, 3)
    assert person.hand_left.shape == (21, 3)
    assert finder.finds_faces


def test_experts_are_told_which_data_set_is_meant(tmp_path):
    finder = load_pose_finder(tiny_vitpose(tmp_path, experts=6))
    assert len(finder(picture()).people) == 1


def test_nobody_is_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(pose_finder, "load_detector", lambda *_, **__: Detector())
    assert load_pose_finder(tiny_vitpose(tmp_path))(picture()) == PosedFrame((), SIZE)


def test_the_surest_people_are_kept(tmp_path, monkeypatch):
    monkeypatch.undo()

    class Processor:
        def __call__(self, images, return_tensors):
            return transformers.BatchFeature({"pixel_values": torch.zeros(1, 3, 8, 8)})

        def post_process_object_detection(self, outputs, target_sizes, threshold):
            assert target_sizes.tolist() == [list(SIZE)]
            boxes = torch.tensor([[0.0, 0, 10, 20], [5, 5, 25, 45], [1, 1, 9, 9], [2, 2, 8, 8]])
            return [
                {
                    "boxes": boxes,
                    "labels": torch.tensor([0, 0, 7, 0]),
                    "scores": torch.tensor([0.4, 0.9, 1, 0.5]),
                }
            ]

    class Network(torch.nn.Module):
        dtype, device = torch.float32, torch.device("cpu")

        def forward(self, pixel_values):
            return None

    detector = pose_finder.PersonDetector(Network(), Processor(), "x", most=2)
    assert detector(picture()) == [[5, 5, 20, 40], [2, 2, 6, 6]]


def test_poses_are_written_and_a_stopped_run_goes_on(tmp_path):
    finder = load_pose_finder(tiny_vitpose(tmp_path / "net"))
    footage = clip(tmp_path / "clip")

    def stop(done, total, preview=None):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_found(footage, finder, tmp_path / "out", progress=stop)
    assert not (tmp_path / "out").exists()
    report = write_found(footage, finder, tmp_path / "out")
    assert (report.frames, report.resumed_at) == (3, 2)
    poses = open_poses(tmp_path / "out")
    assert poses.frame_count == 3
    frame = next(poses.frames())
    assert frame.size == SIZE
    assert torch.allclose(
        frame.people[0].pose.float(), finder(np.asarray(Image.open(footage / "0.png"))).people[0].pose.float()
    )


def test_landmarks_are_written_and_hold(tmp_path, monkeypatch):
    finder = load_pose_finder(tiny_vitpose(tmp_path / "net", points=133))
    seen = iter([True, False, True])
    real = pose_finder.landmarks_of
    monkeypatch.setattr(
        pose_finder, "landmarks_of", lambda people: real(people, threshold=-9.0) if next(seen) else None
    )
    report = write_found(clip(tmp_path / "clip"), finder, tmp_path / "out", faces=True)
    assert report.frames == 3
    frames = list(open_landmarks(tmp_path / "out").frames())
    assert torch.equal(frames[0], frames[1])
    assert not torch.equal(frames[0], frames[2])


def test_faces_need_a_network_that_finds_them(tmp_path, monkeypatch):
    body = load_pose_finder(tiny_vitpose(tmp_path / "body"))
    footage = clip(tmp_path / "clip")
    with pytest.raises(InputError, match="finds no faces"):
        write_found(footage, body, tmp_path / "out", faces=True)
    whole = load_pose_finder(tiny_vitpose(tmp_path / "whole", points=133))
    monkeypatch.setattr(pose_finder, "landmarks_of", lambda people: None)
    with pytest.raises(InputError, match="first frame shows no whole face"):
        write_found(footage, whole, tmp_path / "out", faces=True)
    assert list(tmp_path.glob("out*")) == []


def test_networks_that_are_refused(tmp_path):
    with pytest.raises(InputError, match="finds 5 keypoints"):
        load_pose_finder(tiny_vitpose(tmp_path / "five", points=5))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text(
        json.dumps({"model_type": "segformer", "architectures": ["SegformerForSemanticSegmentation"]})
    )
    with pytest.raises(InputError, match="choose a ViTPose"):
        load_pose_finder(str(tmp_path / "other"))
    with pytest.raises(InputError, match="not on this machine; switch on 'download'"):
        load_pose_finder("vitpose-base", download=False)


def test_detectors_that_are_refused(tmp_path, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(InputError, match="choose an RT-DETR"):
        load_pose_finder(tiny_vitpose(tmp_path), detector=str(tmp_path))


def test_the_command(tmp_path, capsys):
    network, footage = tiny_vitpose(tmp_path / "net"), clip(tmp_path / "clip")
    words = ["--footage", str(footage), "--network", network, "--device", "cpu"]
    assert main(["labels", "pose", *words, "--out", str(tmp_path / "out")]) == 0
    assert "3 frames" in capsys.readouterr().out
    assert main(["labels", "face", *words, "--out", str(tmp_path / "face")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(SystemExit, match="2"):
        main(["labels", "pose", *words, "--people", "0", "--out", str(tmp_path / "no")])
    assert "--people: '0' is not a whole number of 1 or more" in capsys.readouterr().err
    assert isinstance(load_pose_finder(network), PoseFinder)


def test_a_detector_of_the_hubs_kind_gives_boxes_inside_the_picture(tmp_path, monkeypatch):
    monkeypatch.undo()
    torch.manual_seed(0)
    backbone = transformers.RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 8, 8, 8],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    config = transformers.RTDetrConfig(
        backbone_config=backbone,
        encoder_hidden_dim=16,
        encoder_in_channels=[8, 8, 8],
        encoder_ffn_dim=16,
        encoder_attention_heads=2,
        d_model=16,
        num_queries=9,
        decoder_in_channels=[16, 16, 16],
        decoder_ffn_dim=16,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_n_points=2,
        num_denoising=0,
        num_labels=2,
    )
    network = transformers.RTDetrForObjectDetection(config)
    network.save_pretrained(tmp_path)
    transformers.RTDetrImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(tmp_path)
    monkeypatch.setattr(pose_finder, "SURE_PERSON", 0.0)
    boxes = pose_finder.load_detector(str(tmp_path), 3, "cpu", torch.float32, download=False)(picture())
    assert len(boxes) == 3
    for x, y, width, height in boxes:
        assert -SIZE[1] < x < SIZE[1]
        assert -SIZE[0] < y < SIZE[0]
        assert width >= 0
        assert height >= 0
