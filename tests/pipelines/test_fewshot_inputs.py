"""What few-shot networks are given: exemplars and drivers of the three kinds, and what can't be one."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from golden_cases import Agree, Case
from PIL import Image
from torch import Tensor

from maliang_video.errors import InputError
from maliang_video.media.keypoints import LandmarkClip, PoseClip
from maliang_video.media.stills import StillsReader
from maliang_video.models.fewshot.body_shape import BodyShape
from maliang_video.models.labels.frames import LabelFrames, is_drawn
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.models.labels.people import Person, PosedFrame
from maliang_video.pipelines.drawings import Footage
from maliang_video.pipelines.fewshot_faces import FaceDriver, FaceExemplar, prepare_faces
from maliang_video.pipelines.fewshot_options import InputOptions
from maliang_video.pipelines.fewshot_pose_maps import Surface
from maliang_video.pipelines.fewshot_poses import PoseDriver, PoseExemplar, prepare_poses
from maliang_video.pipelines.fewshot_sources import (
    NetworkInputs,
    Source,
    open_driver,
    open_exemplars,
)
from maliang_video.pipelines.fewshot_streets import (
    StreetExemplar,
    driving_planes,
    prepare_streets,
    street_driver,
)

FACES, POSES, STREETS = (
    NetworkInputs("face", 1),
    NetworkInputs("pose", 3),
    NetworkInputs("street", 20, "cityscapes_fewshot"),
)
CANVAS = (160, 200)


def face(x: float = 100.0, y: float = 80.0, size: float = 30.0, seed: int = 0) -> Tensor:
    """68 points: a jaw, and others inside it."""
    jaw = np.linspace(np.pi, 0, 17)
    inside = np.random.default_rng(seed).uniform(-0.6, 0.6, (51, 2))
    points = np.concatenate([np.stack([np.cos(jaw), 1.2 * np.sin(jaw)], 1), inside])
    return torch.from_numpy(points * size + (x, y))


def body(x: float = 100.0, top: float = 30.0, height: float = 100.0) -> Person:
    pose = torch.zeros(25, 3, dtype=torch.float64)
    places = {0: (0, 0.08), 1: (0, 0.18), 8: (0, 0.5), 15: (-0.02, 0.06), 16: (0.02, 0.06)}
    for side, shoulder, hip in ((-1, 2, 9), (1, 5, 12)):
        places |= {shoulder + n: (side * (0.1 + 0.04 * n), 0.18 + 0.16 * n) for n in range(3)}
        places |= {hip + n: (side * 0.06, 0.5 + 0.24 * n) for n in range(3)}
    for number, (right, down) in places.items():
        pose[number] = torch.tensor([x + right * height, top + down * height, 1.0])
    return Person(pose)


def noise(height: int = CANVAS[0], width: int = CANVAS[1]) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 255, (height, width, 3), dtype=np.uint8)


def talking(frames: int = 30, step: float = 1.5) -> LandmarkClip:
    return LandmarkClip([face(70 + step * t, 80, 28, 1) for t in range(frames)], CANVAS, "driver")


def dancing(frames: int = 30, step: float = 1.5) -> PoseClip:
    return PoseClip([PosedFrame((body(60 + step * t),), CANVAS) for t in range(frames)], "driver")


@pytest.mark.parity("fewshot.face_input")
def test_faces_as_nvlabs_has_them(case: Case, agree: Agree) -> None:
    tensors, given = case.tensors(), case.metadata["options"]
    if not given["add_upper_face"]:
        pytest.skip("the pipeline always draws skulls")
    options = InputOptions((given["height"], given["width"]), one_box=True)
    blank = np.zeros((400, 400, 3), np.uint8)
    exemplars = [FaceExemplar(blank, points, "exemplar") for points in tensors["in.ref_landmarks"]]
    subject = prepare_faces(exemplars, options)
    driver = FaceDriver(
        LandmarkClip(list(tensors["in.driver_landmarks"]), (400, 400), "driver"),
        options,
        subject=subject.shape,
    )
    ours = {
        "ref_label_64": subject.prepared.labels[:, 0],
        "driver_label_64": torch.cat([frame.channels for frame in driver.frames()]),
    }
    theirs = {name: tensors[f"out.{name}"] for name in ours}
    means = {name: (ours[name] - theirs[name]).abs().mean() for name in ours}
    agree(means, {name: torch.zeros(()) for name in ours}, lambda name: 2e-3)


@pytest.mark.parity("fewshot.pose_input")
def test_poses_as_nvlabs_has_them(case: Case, agree: Agree) -> None:
    tensors, given = case.tensors(), case.metadata["options"]
    options = InputOptions(
        (given["height"], given["width"]),
        face_lines=not given["remove_face_labels"],
        basic_points=given["basic_point_only"],
    )
    exemplars = []
    for n in range(given["documents"]):
        names = sorted({name.split(".")[2] for name in tensors if name.startswith(f"in.doc{n}.")})
        parts = ("pose", "face", "hand_left", "hand_right")
        people = [
            Person(*(tensors[f"in.doc{n}.{name}.{part}_keypoints_2d"] for part in parts)) for name in names
        ]
        densepose = tensors[f"in.densepose_rgb_{n}"].numpy()
        exemplars.append(
            PoseExemplar(
                np.zeros_like(densepose), PosedFrame(tuple(people), None), Surface(densepose), "exemplar"
            )
        )
    labels = prepare_poses(exemplars, options).prepared.labels
    means = {
        f"label_{n}": (made - tensors[f"out.label_{n}"][0]).abs().mean() for n, made in enumerate(labels)
    }
    agree(means, {name: torch.zeros(()) for name in means}, lambda name: 2e-3)


@pytest.mark.parametrize("layout", ["nvlabs", "imaginaire", "even"])
def test_exemplars_of_faces_of_any_size_fill_the_networks_size(layout):
    near = FaceExemplar(noise(), face(), "near")
    far = FaceExemplar(noise(480, 300), face(150, 240, 60), "far")
    subject = prepare_faces([near, far], InputOptions((64, 64), layout))
    assert subject.prepared.images.shape == (2, 3, 64, 64)
    assert subject.prepared.labels.shape == (2, 1, 64, 64)
    assert subject.prepared.labels.amax((1, 2, 3)).min() > 0.5
    assert subject.prepared.images.abs().max() <= 1.01
    lines = subject.prepared.labels[:, 0] > 0.1
    middles = [marks.nonzero().double().mean(0) for marks in lines]
    assert middles[0].numpy() == pytest.approx(middles[1].numpy(), abs=2.5)
    wide = prepare_faces([near], InputOptions((64, 128), layout)).prepared.labels[0, 0] > 0.1
    columns = wide.any(0).nonzero().flatten()
    rows = wide.any(1).nonzero().flatten()
    narrow = lines[0].any(0).nonzero().flatten()
    assert columns[-1] - columns[0] == pytest.approx(int(narrow[-1] - narrow[0]), abs=4)
    assert len(rows) < 64


@pytest.mark.parametrize(
    ("layout", "framing", "shape"),
    [("nvlabs", "whole", "clip"), ("nvlabs", "follow", "causal"), ("imaginaire", "follow", "clip")],
)
def test_a_driving_face_can_be_entered_anywhere(layout, framing, shape):
    subject = prepare_faces([FaceExemplar(noise(), face(seed=4), "exemplar")], InputOptions((32, 32), layout))
    options = InputOptions((32, 32), layout, framing, shape, steady="centred")
    driver = FaceDriver(talking(6, 5.0), options, subject=subject.shape)
    assert is_drawn(driver)
    frames = list(driver.frames())
    assert len(frames) == len(list(driver.windows())) == driver.frame_count == 6
    assert all(frame.channels.shape == (1, 32, 32) for frame in frames)
    for ours, theirs in zip(driver.frames(4), frames[4:], strict=True):
        assert torch.equal(ours.channels, theirs.channels)


def test_a_window_that_follows_keeps_the_face_in_sight():
    tall = {}
    for framing in ("fixed", "follow"):
        options = InputOptions((64, 64), framing=framing, shape="own")
        last = next(FaceDriver(talking(20, 8.0), options).frames(19)).channels
        tall[framing] = float((last > 0.2).any(1).float().mean())
    assert tall["follow"] > 0.45
    assert tall["fixed"] < 0.2


def test_the_driver_takes_on_the_exemplars_proportions():
    options = InputOptions((64, 64))
    exemplar = FaceExemplar(noise(), face(seed=4), "exemplar")
    subject = prepare_faces([exemplar], options)
    clip = LandmarkClip([face(90, 70, 25, 1)], CANVAS, "driver")
    own = next(FaceDriver(clip, options).frames()).channels
    taken = next(FaceDriver(clip, options, subject=subject.shape).frames()).channels
    assert (own - taken).abs().mean() > 0.02
    same = FaceDriver(LandmarkClip([face(seed=4)], CANVAS, "driver"), options, subject=subject.shape)
    assert (next(same.frames()).channels - subject.prepared.labels[0]).abs().mean() < 0.01


def test_footage_is_shown_in_the_same_window(tmp_path):
    folder = tmp_path / "footage"
    folder.mkdir()
    for t in range(3):
        Image.fromarray(noise()).save(folder / f"{t}.png")
    marks = tmp_path / "marks"
    marks.mkdir()
    for t in range(3):
        (marks / f"{t}.txt").write_text("\n".join(f"{x},{y}" for x, y in face().tolist()))
    options = InputOptions((48, 48))
    source = Source(str(marks), folder, frames=(1,))
    subject = open_exemplars([source], FACES, options)
    frames = list(open_driver(source, FACES, options, subject).frames())
    assert len(frames) == 3
    assert torch.equal(frames[0].picture, subject.prepared.images[0])
    assert torch.equal(frames[0].channels, subject.prepared.labels[0]) or (
        (frames[0].channels - subject.prepared.labels[0]).abs().mean() < 0.02
    )


def test_a_body_is_followed_held_and_shaped():
    options = InputOptions((64, 32), framing="follow", shape="own")
    frames = list(dancing(30, 3.0).frames())
    frames[5] = PosedFrame((), CANVAS)
    frames[0] = PosedFrame((), CANVAS)
    driver = PoseDriver(PoseClip(frames, "driver"), options)
    made = list(driver.frames())
    assert len(made) == 30
    assert driver.channels == 3
    assert (made[0].channels > -1).any()
    assert torch.equal(next(driver.frames(20)).channels, made[20].channels)
    middles = [(f.channels > -1).any(0).any(0).nonzero().double().mean() for f in made]
    assert max(middles) - min(middles) < 8
    fixed = PoseDriver(PoseClip(frames, "driver"), InputOptions((64, 32), shape="own"))
    assert not (list(fixed.frames())[-1].channels > -1).any()


def test_a_body_can_stand_where_the_subject_stands():
    options = InputOptions((64, 32), shape="clip", place=True)
    picture = noise(300, 240)
    exemplar = PoseExemplar(picture, PosedFrame((body(120, 60, 200),), None), None, "exemplar")
    subject = prepare_poses([exemplar], options)
    driver = PoseDriver(dancing(20, 0.0), options, subject=subject)
    made = next(driver.frames()).channels
    assert made.shape == (3, 64, 32)
    ours, theirs = ((c > -1).any(0) for c in (made, subject.prepared.labels[0]))
    assert (ours & theirs).sum() > 0.7 * theirs.sum()


def test_poses_with_densepose_have_six_channels(tmp_path):
    options = InputOptions((64, 32), shape="own")
    surface = np.zeros((*CANVAS, 3), np.uint8)
    surface[40:120, 80:120] = (100, 50, 2)
    exemplar = PoseExemplar(noise(), PosedFrame((body(),), None), Surface(surface), "exemplar")
    labels = prepare_poses([exemplar], options).prepared.labels
    assert labels.shape == (1, 6, 64, 32)
    assert labels[0, 2].max() == pytest.approx(2 / 12 - 1)
    surface[50, 90, 2] = 200
    with pytest.raises(InputError, match="exemplar: its third channel must hold parts 0 to 24, not 200"):
        prepare_poses([exemplar], options)
    plain = PoseExemplar(noise(), PosedFrame((body(),), None), None, "plain")
    surface[50, 90, 2] = 2
    with pytest.raises(InputError, match="some have DensePose pictures and some have none"):
        prepare_poses([exemplar, plain], options)


@pytest.mark.parity("fewshot.imaginaire_pose_input")
def test_poses_as_imaginaire_has_them(case: Case, agree: Agree) -> None:
    tensors, given = case.tensors(), case.metadata["options"]
    options = InputOptions(
        (given["height"], given["width"]), "imaginaire", basic_points=given["basic_points_only"]
    )
    person = Person(*torch.split(tensors["in.openpose_npy_0"], [25, 70, 21, 21]))
    surface = tensors["in.pose_map_01"][0, :3].permute(1, 2, 0).numpy()
    numbers = tensors["in.instance_map"][0].permute(1, 2, 0).numpy()
    exemplar = PoseExemplar(
        np.zeros_like(surface), PosedFrame((person,), None), Surface(surface, numbers), "exemplar"
    )
    ours = prepare_poses([exemplar], options).prepared.labels
    mean = (ours[0, :3] - tensors["out.label_preprocessed"][0, 0, :3]).abs().mean()
    agree({"densepose": mean}, {"densepose": torch.zeros(())}, lambda name: 1e-6)


def test_densepose_shows_one_person_only():
    options = InputOptions((64, 32), framing="whole")
    surface = np.zeros((*CANVAS, 3), np.uint8)
    surface[40:120, 20:180] = (100, 50, 2)
    numbers = np.zeros_like(surface)
    numbers[40:120, 20:60], numbers[40:120, 70:180] = 1, 2
    crowd = PoseExemplar(noise(), PosedFrame((body(),), None), Surface(surface, numbers), "exemplar")
    shown = prepare_poses([crowd], options).prepared.labels[0, 2] > -1
    assert shown.any(0).nonzero().flatten()[0] * 200 / 32 == pytest.approx(70, abs=7)
    small = PoseExemplar(crowd.picture, crowd.posed, Surface(surface, numbers[:50, :50]), "exemplar")
    with pytest.raises(InputError, match="exemplar: is 50x50, but the keypoints belong to 200x160"):
        prepare_poses([small], options)


def test_streets_are_cut_to_the_networks_aspect_and_never_stretched():
    ids = torch.full((60, 160), 7, dtype=torch.uint8)
    ids[:, 70:90] = 23
    labels = LabelFrames(ids[None].repeat(3, 1, 1), builtin_palette("cityscapes"))
    options = InputOptions((32, 64))
    palette = builtin_palette("cityscapes_fewshot")
    driver = street_driver(labels, palette, options)
    assert (driver.height, driver.width, driver.frame_count) == (32, 64, 3)
    planes = list(driving_planes(driver, 1))
    assert len(planes) == 2
    assert planes[0].shape == (20, 32, 64)
    assert planes[0].sum(0).eq(1).all()
    assert planes[0][18, 0].sum() == pytest.approx(20 * 32 / 60, abs=1)
    exemplar = StreetExemplar(noise(120, 320), ids, builtin_palette("cityscapes"), "exemplar")
    prepared = prepare_streets([exemplar, exemplar], palette, options).prepared
    assert torch.equal(prepared.labels[0], planes[0])
    assert prepared.images.shape == (2, 3, 32, 64)
    with pytest.raises(InputError, match="its label map is 160x60, but the picture 100x100"):
        prepare_streets([StreetExemplar(noise(100, 100), ids, palette, "exemplar")], palette, options)


def test_a_subject_in_label_maps_is_followed():
    ids = torch.zeros(30, 60, 160, dtype=torch.uint8)
    for t in range(30):
        ids[t, 20:44, 10 + 4 * t : 20 + 4 * t] = 24
        ids[t, 20:26, 10 + 4 * t : 20 + 4 * t] = 25
    palette = builtin_palette("cityscapes")
    labels = LabelFrames(ids, palette)
    shown = {}
    for framing in ("fixed", "follow"):
        options = InputOptions((48, 32), framing=framing, subject=("person", "rider"), head=("rider",))
        driver = street_driver(labels, palette, options)
        frames = list(driver.frames())
        assert [f.ids.shape for f in frames] == [(48, 32)] * 30
        assert torch.equal(next(driver.frames(25)).ids, frames[25].ids)
        shown[framing] = [int((f.ids == 25).sum()) for f in frames]
    assert shown["fixed"][-1] == 0
    assert min(shown["follow"]) > 0.9 * max(shown["follow"]) > 50
    exemplar = StreetExemplar(noise(120, 320), ids[0], palette, "exemplar")
    prepared = prepare_streets([exemplar], palette, options).prepared
    assert prepared.labels[0, 24:26].sum() > 100
    with pytest.raises(InputError, match="no frame shows car"):
        street_driver(labels, palette, InputOptions((48, 32), subject=("car",)))


def test_worlds_are_exemplars_and_drivers_of_their_kind():
    options = InputOptions((48, 32), framing="whole", shape="own")
    world = "world:puppets?frames=2&size=32x48&seed={}"
    subject = open_exemplars([Source(world.format(1), frames=(1,))], NetworkInputs("pose", 6), options)
    assert subject.prepared.labels.shape == (1, 6, 48, 32)
    driver = open_driver(Source(world.format(2)), NetworkInputs("pose", 6), options, subject)
    assert [frame.picture.shape for frame in driver.frames()] == [(3, 48, 32)] * 2
    faces = Source("world:faces?frames=1&size=32x32")
    assert open_exemplars([faces], FACES, InputOptions((32, 32))).prepared.labels.shape == (1, 1, 32, 32)
    for network, wrong in ((FACES, Source(world.format(1))), (POSES, faces)):
        with pytest.raises(InputError, match=r"this world has no .* the network paints"):
            open_driver(wrong, network, options)


@pytest.fixture
def files(tmp_path) -> dict[str, Path]:
    """Files of every kind."""
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "0.txt").write_text("\n".join(f"{x},{y}" for x, y in face().tolist()))
    (tmp_path / "poses").mkdir()
    flat = body().pose.flatten().tolist()
    (tmp_path / "poses" / "0.json").write_text(json.dumps({"people": [{"pose_keypoints_2d": flat}]}))
    (tmp_path / "nobody").mkdir()
    (tmp_path / "nobody" / "0.json").write_text(json.dumps({"people": []}))
    (tmp_path / "labels").mkdir()
    Image.fromarray(np.full(CANVAS, 7, np.uint8)).save(tmp_path / "labels" / "0.png")
    Image.fromarray(noise()).save(tmp_path / "picture.png")
    return {name: tmp_path / name for name in ("faces", "poses", "nobody", "labels", "picture.png")}


@pytest.mark.parametrize(
    ("network", "driver", "said"),
    [
        (POSES, "faces", "landmarks of a face, but the network paints bodies; give OpenPose's JSON files"),
        (FACES, "labels", "holds no keypoints, but the network paints faces; give landmarks of a face"),
        (POSES, "labels", "holds no keypoints, but the network paints bodies"),
        (STREETS, "faces", "holds keypoints, but the network paints streets; give label maps"),
        (STREETS, "poses", "holds keypoints, but the network paints streets; give label maps"),
        (FACES, "poses", "the first frame shows no whole face"),
        (POSES, "nobody", "no frame shows a body from the shoulders to the hips"),
        (NetworkInputs("pose", 6), "poses", "takes DensePose pictures beside the keypoints"),
        (FACES, "picture.png/nothing", "there is no such file or folder"),
    ],
)
def test_drivers_of_another_kind_are_refused(files, network, driver, said):
    path = files.get(driver, files["faces"].parent / driver)
    with pytest.raises(InputError, match=said):
        open_driver(Source(str(path), canvas=CANVAS), network, InputOptions((32, 32)))


@pytest.mark.parametrize(
    ("network", "exemplar", "said"),
    [
        (FACES, "poses", "poses, frame 0: shows no whole face"),
        (POSES, "nobody", "nobody, frame 0: shows no body from the shoulders to the hips"),
        (POSES, "faces", "landmarks of a face, but the network paints bodies"),
        (STREETS, "poses", "holds keypoints, but the network paints streets"),
    ],
)
def test_exemplars_that_show_nothing_are_refused(files, network, exemplar, said):
    source = Source(str(files[exemplar]), files["picture.png"])
    with pytest.raises(InputError, match=said):
        open_exemplars([source], network, InputOptions((32, 32)))


def test_exemplars_must_be_there_and_have_pictures(files):
    options = InputOptions((32, 32))
    for network in (FACES, POSES, STREETS):
        with pytest.raises(InputError, match="exemplars: there are none"):
            open_exemplars([], network, options)
    with pytest.raises(InputError, match="an exemplar needs its picture"):
        open_exemplars([Source(str(files["faces"]))], FACES, options)
    with pytest.raises(InputError, match="has no frame 3"):
        open_exemplars([Source(str(files["faces"]), files["picture.png"], frames=(3,))], FACES, options)
    outside = FaceExemplar(noise(), face(900, 80), "exemplar 2")
    with pytest.raises(
        InputError, match="exemplar 2: the landmarks lie outside of the picture, which is 200x160"
    ):
        prepare_faces([outside], options)
    away = PoseExemplar(noise(), PosedFrame((body(900),), None), None, "exemplar 2")
    with pytest.raises(InputError, match="exemplar 2: the keypoints lie outside of the picture"):
        prepare_poses([away], options)


def test_what_proportions_can_t_be_is_said(files):
    subject = prepare_poses(
        [PoseExemplar(noise(), PosedFrame((body(),), None), None, "e")], InputOptions((64, 32))
    )
    assert isinstance(subject.shape, BodyShape)
    with pytest.raises(InputError, match="frame by frame is for faces"):
        PoseDriver(dancing(), InputOptions((64, 32), shape="causal"), subject=subject)
    footage = Footage(StillsReader([files["picture.png"]] * 30, Fraction(24)), "")
    with pytest.raises(InputError, match="proportions can be changed of keypoints, not of DensePose"):
        PoseDriver(dancing(), InputOptions((64, 32), shape="clip"), subject=subject, densepose=footage)


class Endless(LandmarkClip):
    """Nobody knows how long."""

    frame_count = None


def test_what_has_no_end_is_measured_frame_by_frame():
    subject = prepare_faces([FaceExemplar(noise(), face(seed=4), "e")], InputOptions((32, 32))).shape
    endless = Endless([face(), face()], CANVAS, "driver")
    with pytest.raises(InputError, match="driver: has no end, so its proportions can't be measured first"):
        FaceDriver(endless, InputOptions((32, 32)), subject=subject)
    causal = FaceDriver(endless, InputOptions((32, 32), shape="causal"), subject=subject)
    assert len(list(causal.frames())) == 2


def test_fingerprints_tell_what_is_made_apart():
    kinds = [
        FaceDriver(clip, InputOptions((32, 32), layout, framing)).fingerprint
        for clip in (talking(), talking(step=1.0))
        for layout in ("nvlabs", "imaginaire")
        for framing in ("fixed", "follow")
    ]
    assert len(set(kinds)) == len(kinds)
    assert kinds[0] == FaceDriver(talking(), InputOptions((32, 32))).fingerprint
    poses = {
        PoseDriver(dancing(), InputOptions((64, 32), layout)).fingerprint for layout in ("nvlabs", "even")
    }
    assert len(poses) == 2
