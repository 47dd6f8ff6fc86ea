"""Boxes around faces and bodies, and who is followed. (Values of the published code: `test_input_parity`.)"""

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.fewshot.boxes import body_box, face_box, mapped_body_box, widened
from maliang_video.models.fewshot.person_track import track_person
from maliang_video.models.labels.people import Person


def someone(x: float, top: float = 20.0, height: float = 100.0) -> Person:
    pose = torch.zeros(25, 3)
    for number, (right, down) in {
        0: (0, 0),
        1: (0, 0.2),
        8: (0, 0.55),
        11: (0.1, 1.0),
        14: (-0.1, 1.0),
    }.items():
        pose[number] = torch.tensor([x + right * height, top + down * height, 1.0])
    return Person(pose)


def test_a_faces_box_has_more_above_than_below():
    points = np.full((68, 2), 100.0)
    points[0], points[16] = (70, 90), (130, 110)
    assert face_box(points) == (40, 25, 160, 145)
    assert face_box(points, (400, 400)) == (40, 25, 160, 145)
    assert face_box(points, (140, 150)) == (30, 20, 150, 140)
    assert face_box(points - 60)[1] < 0
    with pytest.raises(InputError, match="all 68 points lie in one column"):
        face_box(np.full((68, 2), 5.0))


def test_a_bodys_box_stays_in_the_picture_and_has_the_aspect():
    pose = someone(100).pose.numpy()
    body = np.where(pose[:, 2:] > 0, pose[:, :2], 0)
    left, top, right, bottom = body_box(body, 320, 200, 0.5)
    assert (bottom - top, right - left) == (150, 74)
    assert (left + right) // 2 == 100
    assert top == 0
    assert body_box(body, 2000, 2000, 0.5)[3] == 500
    assert body_box(np.zeros((25, 2)), 300, 200, 0.5) == (44, 38, 156, 262)


def test_a_mapped_body_with_arms_spread_gets_a_wider_box():
    planes = torch.zeros(3, 100, 80, dtype=torch.uint8)
    assert mapped_body_box(planes, 0.5) == (15, 0, 65, 100)
    planes[2, 30:70, 35:45] = 3
    assert mapped_body_box(planes, 0.5) == (25, 20, 53, 78)
    planes[2, 40, 5:75] = 3
    box = mapped_body_box(planes, 0.5)
    assert (box[2] - box[0], box[3] - box[1]) == (102, 206)


def test_boxes_are_widened_around_their_middle():
    assert widened((10, 10, 30, 30), 1.0) == (10, 10, 30, 30)
    assert widened((10, 10, 30, 30), 2.0) == (0, 10, 40, 30)
    assert widened((10, 10, 30, 30), 0.5) == (10, 0, 30, 40)


def test_one_person_is_followed_through_a_crowd():
    frames = [
        [someone(50, height=110), someone(200)],
        [someone(190, height=160), someone(60, height=105)],
        [],
    ]
    found = [float(person.pose[8, 0]) for person in track_person(frames)]
    assert found == [50, 60, 60]


def test_frames_before_anybody_show_the_first_person():
    frames = [[], [Person(torch.zeros(25, 3))], [someone(70)], [someone(75)]]
    assert [float(person.pose[8, 0]) for person in track_person(frames)] == [70, 70, 70, 75]
    assert not list(track_person([[], []]))
