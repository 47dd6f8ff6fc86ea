"""Keypoint files: what is read out of them, and what is refused."""

import json

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.media.keypoints import (
    holds_keypoints,
    is_face,
    keypoint_files,
    open_landmarks,
    open_poses,
    pose_clip,
    read_landmarks,
)
from maliang_video.models.labels.people import Person, PosedFrame
from maliang_video.models.labels.people_json import openpose_json, pose_keypoint, read_frame

POINTS = [(float(i), float(2 * i)) for i in range(68)]


def landmark_text(separator: str = ",") -> str:
    return "\n".join(f"{x:g}{separator}{y:g}" for x, y in POINTS) + "\n"


def body(x: float = 10.0, count: int = 25) -> list[float]:
    return [v for n in range(count) for v in (x + n, 5.0, 0.9)]


def write_poses(folder, frames: int = 3, **more) -> None:
    folder.mkdir(exist_ok=True)
    for t in range(frames):
        frame = {"people": [{"pose_keypoints_2d": body(10.0 + t), **more}]}
        (folder / f"{t}_keypoints.json").write_text(json.dumps(frame))


@pytest.mark.parametrize("separator", [",", " ", "; ", "\t"])
def test_landmarks_are_lines_of_two_numbers(tmp_path, separator):
    path = tmp_path / "0.txt"
    path.write_text(landmark_text(separator))
    assert torch.equal(read_landmarks(path), torch.tensor(POINTS, dtype=torch.float64))


def test_landmarks_are_a_list_of_pairs_too(tmp_path):
    (tmp_path / "0.json").write_text(json.dumps(POINTS))
    assert is_face(tmp_path)
    assert torch.equal(next(open_landmarks(tmp_path).frames()), torch.tensor(POINTS, dtype=torch.float64))


def test_folders_are_read_in_natural_order_and_through_one_folder(tmp_path):
    inner = tmp_path / "seq"
    inner.mkdir()
    for t in (10, 2, 1):
        (inner / f"{t}.txt").write_text(landmark_text().replace("0,0", f"{t},0", 1))
    faces = open_landmarks(tmp_path)
    assert [float(points[0, 0]) for points in faces.frames()] == [1, 2, 10]
    assert [float(points[0, 0]) for points in faces.frames(2)] == [10]
    assert faces.frame_count == 3
    before = faces.fingerprint
    (inner / "2.txt").write_text(landmark_text() + "\n\n")
    assert faces.fingerprint != before


def test_poses_of_openposes_files(tmp_path):
    write_poses(tmp_path / "p", face_keypoints_2d=[], hand_left_keypoints_2d=None)
    poses = open_poses(tmp_path / "p")
    frames = list(poses.frames(1))
    assert [float(f.people[0].pose[0, 0]) for f in frames] == [11, 12]
    assert frames[0].people[0].face is None
    assert frames[0].size is None
    assert holds_keypoints(tmp_path / "p")
    assert not is_face(tmp_path / "p")


def test_poses_of_one_file_for_a_whole_clip(tmp_path):
    frame = {"canvas_width": 100, "canvas_height": 50, "people": [{"pose_keypoints_2d": body(count=18)}]}
    path = tmp_path / "clip.json"
    path.write_text(json.dumps([frame, frame]))
    poses = open_poses(path)
    assert poses.frame_count == 2
    assert next(poses.frames()).size == (50, 100)
    assert next(poses.frames()).people[0].pose[9, 0] == 18  # point 8 of 18 is the right hip


def test_shares_of_the_canvas_become_pixels():
    points = [0.5, 0.25, 1.0] * 18
    frame = {"canvas_width": 200, "canvas_height": 100, "people": [{"pose_keypoints_2d": points}]}
    read = read_frame(frame, "frame")
    assert read.people[0].pose[0].tolist() == [100, 25, 1]
    pixels = read_frame({**frame, "people": [{"pose_keypoints_2d": [1.5, 0.25, 1.0] * 18}]}, "frame")
    assert pixels.people[0].pose[0].tolist() == [1.5, 0.25, 1]


def test_numbers_and_lists_of_numpy_are_numbers_and_lists():
    for points in (np.array(body(), np.float32), [np.float32(v) for v in body()], np.array(body()).tolist()):
        read = read_frame({"people": [{"pose_keypoints_2d": points}]}, "frame")
        assert read.people[0].pose[24, 0] == 34


def test_faces_of_poses_hold_while_nobody_is_seen():
    face = [v for n in range(68) for v in (float(n), 1.0, 0.9)]
    seen = {"people": [{"pose_keypoints_2d": body(), "face_keypoints_2d": face}]}
    moved = {"people": [{"pose_keypoints_2d": body(), "face_keypoints_2d": [v + 3 for v in face]}]}
    from maliang_video.media.keypoints import FacesOf

    faces = FacesOf(pose_clip([seen, {"people": []}, moved], "clip"))
    assert [float(points[0, 0]) for points in faces.frames()] == [0, 0, 3]
    assert [float(points[0, 0]) for points in faces.frames(1)] == [0, 3]
    with pytest.raises(InputError, match="first frame shows no whole face"):
        FacesOf(pose_clip([{"people": []}], "clip"))


def test_what_is_written_is_read_back():
    person = Person(torch.rand(25, 3) * 50 + 2, torch.rand(70, 3) + 2, None, torch.rand(21, 3) + 2)
    frame = PosedFrame((person,), (48, 64))
    again = read_frame(json.loads(json.dumps(openpose_json(frame))), "frame")
    assert again.size == (48, 64)
    for name, part in person.parts().items():
        assert torch.allclose(again.people[0].parts()[name].float(), part)
    assert again.people[0].hand_left is None


def test_comfyuis_form_has_18_points_feet_and_certainty():
    pose = torch.stack([torch.arange(25.0) + 2, torch.ones(25), torch.full((25,), 0.4)], 1)
    pose[4] = 0
    value = pose_keypoint(PosedFrame((Person(pose),), (48, 64)))
    (person,) = value["people"]
    assert (value["canvas_width"], value["canvas_height"]) == (64, 48)
    assert len(person["pose_keypoints_2d"]) == 54
    assert person["pose_keypoints_2d"][:3] == [2, 1, 1]
    assert person["pose_keypoints_2d"][12:15] == [0, 0, 0]
    assert person["foot_keypoints_2d"][0] == 21
    assert person["face_keypoints_2d"] is None
    again = read_frame(value, "frame").people[0].pose
    seen = [n for n in range(25) if n not in (4, 8)]
    assert torch.equal(again[seen, :2].float(), pose[seen, :2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3,4\n", "2 points; a face has 68 landmarks"),
        (landmark_text().replace("67,134", "67"), "two numbers"),
        (landmark_text().replace("67,134", "nan,1"), "not a number"),
        (landmark_text().replace("67,134", "1e9,1"), "more than 100,000 pixels away"),
        ("x" * 1_000_001, "too many for keypoints"),
    ],
)
def test_landmark_files_that_are_refused(tmp_path, text, message):
    path = tmp_path / "0.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        open_landmarks(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('"people"', "no OpenPose keypoints"),
        ('{"people": 7}', "no OpenPose keypoints"),
        ('{"version": "ap10k", "animals": []}', "keypoints of animals"),
        ('{"people": [3]}', "person 0: keypoints must be an object"),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "flat list"),
        ('{"people": [{"pose_keypoints_2d": "abc"}]}', "flat list"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, "x"]}]}', "must be a number"),
        ('{"people": [{"pose_keypoints_2d": [1e30, 2, 1]}]}', "must be a number"),
        ('{"people": [{"pose_keypoints_2d": [NaN, 2, 1]}]}', "must be a number"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, 1]}]}', "a body of 1 keypoints"),
        ('{"people": [{"face_keypoints_2d": [1, 2, 1]}]}', "a face of 1 keypoints"),
        ('{"people": [{"hand_left_keypoints_2d": [1, 2, 1]}]}', "1 points instead of 21"),
        ('{"canvas_width": -1, "canvas_height": 2, "people": []}', "can't be"),
        (json.dumps({"people": [{}] * 201}), "201 people"),
        ("[]", "no OpenPose keypoints"),
    ],
)
def test_pose_files_that_are_refused(tmp_path, text, message):
    (tmp_path / "0.json").write_text(text)
    (tmp_path / "1.json").write_text(text)
    with pytest.raises(InputError, match=message):
        open_poses(tmp_path)


def test_folders_that_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        keypoint_files(tmp_path / "none")
    with pytest.raises(InputError, match="holds no keypoints"):
        keypoint_files(tmp_path)
    (tmp_path / "0.txt").write_text(landmark_text())
    with pytest.raises(InputError, match="poses are OpenPose's JSON"):
        open_poses(tmp_path)
    (tmp_path / "1.json").write_text("[]")
    with pytest.raises(InputError, match="keep one kind"):
        keypoint_files(tmp_path)
    with pytest.raises(InputError, match="holds no frames"):
        pose_clip([], "clip")


def test_label_maps_with_a_note_beside_them_are_no_keypoints(tmp_path):
    (tmp_path / "palette.json").write_text("{}")
    assert holds_keypoints(tmp_path)
    (tmp_path / "0.png").write_bytes(b"")
    assert not holds_keypoints(tmp_path)
    assert holds_keypoints(tmp_path / "palette.json")


def test_binary_is_no_text(tmp_path):
    (tmp_path / "0.txt").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="not a text file"):
        open_landmarks(tmp_path)
