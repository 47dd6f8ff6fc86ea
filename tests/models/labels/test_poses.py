"""Drawn poses: colours, what is left out, DensePose, orders of keypoints."""

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.labels.drawn import show_drawn
from maliang_video.models.labels.frames import DrawnFrame
from maliang_video.models.labels.people import (
    MID_HIP,
    NECK,
    Person,
    body_25,
    face_70,
    landmarks_of,
    whole_body,
)
from maliang_video.models.labels.pose_lines import EVEN, FEWSHOT, VID2VID, PoseRules
from maliang_video.models.labels.poses import (
    central_columns,
    draw_pose,
    drop_parts,
    hide_heads,
    pose_input,
    without_parts,
)


def standing(x: float = 50, y: float = 20, size: float = 40) -> Person:
    """Someone seen from the front: a body of 25 points, nothing else."""
    places = {0: (0, 0), 1: (0, 0.4), 8: (0, 1.2), 15: (-0.1, -0.1), 16: (0.1, -0.1)}
    for side, first in ((-1, 2), (1, 5)):
        places |= {first + i: (side * (0.3 + 0.1 * i), 0.4 + 0.35 * i) for i in range(3)}
    for side, first in ((-1, 9), (1, 12)):
        places |= {first + i: (side * 0.2, 1.2 + 0.5 * i) for i in range(3)}
    pose = torch.zeros(25, 3)
    for number, (right, down) in places.items():
        pose[number] = torch.tensor([x + size * right, y + size * down, 1.0])
    return Person(pose)


def colors(picture: torch.Tensor) -> set[tuple[int, ...]]:
    return {tuple(c) for c in picture.flatten(1).t().unique(dim=0).tolist()}


def test_limbs_have_openposes_colours():
    drawn = draw_pose([standing()], 140, 100)
    assert drawn.shape == (3, 140, 100)
    assert drawn.dtype == torch.uint8
    assert drawn[:, 55, 50].tolist() == [150, 0, 0]  # the trunk, darkened by the brush's own steps
    right, left = drawn[:, 60, :40].amax(1), drawn[:, 60, 60:].amax(1)
    assert right[0] > 140 > right[2]  # an arm in red and yellow
    assert left[1] > 140 > left[0]  # the other one in green
    assert drawn[2, 100:].amax() > 140  # blue legs


def test_basic_points_have_no_head():
    head = (slice(None), slice(0, 15))
    assert draw_pose([standing()], 140, 100)[head].any()
    assert not draw_pose([standing()], 140, 100, basic_points=True)[head].any()


def test_unsure_points_and_points_at_the_left_edge_take_their_limbs_along():
    for column, value in ((2, 0.01), (0, 0.0)):
        person = standing()
        person.pose[MID_HIP, column] = value
        drawn = draw_pose([person], 140, 100)
        assert not drawn[:, 55, 50].any()
        assert drawn[:, 100].any()


def test_a_finger_needs_all_its_points():
    hand = torch.full((21, 3), 0.9)
    hand[:, 0] = torch.arange(21) * 3 + 20.0
    hand[:, 1] = 30
    hand[3, 2] = 0.0
    nobody = torch.zeros(25, 3)
    drawn = draw_pose([Person(nobody, hand_left=hand)], 60, 100)
    assert not any(color[0] == 204 for color in colors(drawn))
    assert (163, 204, 0) in colors(drawn)


def test_a_face_is_white_and_has_no_jaw():
    face = torch.zeros(70, 3)
    face[:17] = torch.tensor([10.0, 10.0, 1.0])
    assert not draw_pose([Person(torch.zeros(25, 3), face)], 40, 40).any()
    face[17:22] = torch.tensor([[5.0 * i + 10, 20.0, 1.0] for i in range(5)])
    assert (255, 255, 255) in colors(draw_pose([Person(torch.zeros(25, 3), face)], 40, 40))


def test_people_add_up():
    both = draw_pose([standing(30), standing(90)], 140, 130)
    alone = [draw_pose([standing(x)], 140, 130) for x in (30, 90)]
    assert torch.equal(both, alone[0] + alone[1])
    assert not draw_pose([], 20, 20).any()


def test_chance_leaves_out_everything_or_nothing():
    def draw(dropped: float) -> torch.Tensor:
        return draw_pose([standing()], 140, 100, dropped=dropped, generator=torch.Generator().manual_seed(1))

    assert torch.equal(draw(0.0), draw_pose([standing()], 140, 100))
    assert not draw(1.0).any()
    some = draw(0.5)
    assert some.any()
    assert not torch.equal(some, draw(0.0))
    assert torch.equal(some, draw(0.5))


def test_hidden_heads_move_and_bodies_stay():
    person = standing()
    (hidden,) = hide_heads([person], torch.Generator().manual_seed(0))
    assert torch.equal(hidden.pose[1:15].float(), person.pose[1:15])
    assert (hidden.pose[0, :2] - person.pose[0, :2]).abs().max() > 0.5
    assert torch.equal(hidden.pose[17], torch.zeros(3).double())  # unseen stays unseen


def test_densepose_part_24_is_one_and_background_minus_one():
    densepose = torch.zeros(3, 2, 2, dtype=torch.uint8)
    densepose[:, 0, 0] = torch.tensor([255, 0, 24])
    made = pose_input(densepose, None)
    assert made[:, 0, 0].tolist() == [1, -1, 1]
    assert made[:, 1, 1].tolist() == [-1, -1, -1]
    both = pose_input(densepose, torch.full((3, 2, 2), 255, dtype=torch.uint8))
    assert both.shape == (6, 2, 2)
    assert both[3:].min() == 1
    with pytest.raises(InputError, match="keypoints, a DensePose picture, or both"):
        pose_input(None, None)


def test_parts_are_taken_out_of_densepose():
    densepose = torch.full((3, 1, 4), 9, dtype=torch.uint8)
    densepose[2] = torch.tensor([[1, 23, 24, 5]])
    assert without_parts(densepose, (23, 24))[:, 0].tolist() == [[9, 0, 0, 9], [9, 0, 0, 9], [1, 0, 0, 5]]
    generator = torch.Generator().manual_seed(0)
    assert torch.equal(drop_parts(densepose, 0.0, generator), densepose)
    assert not drop_parts(densepose, 1.0, generator).any()


def test_the_central_half_is_a_multiple_of_64():
    assert central_columns(224) == slice(80, 144)
    assert central_columns(512) == slice(128, 384)
    with pytest.raises(InputError, match="no central half"):
        central_columns(100)


def test_shown_poses_lie_over_their_densepose():
    drawn = draw_pose([standing()], 140, 128)
    shown = show_drawn(DrawnFrame(pose_input(torch.full((3, 140, 128), 20, dtype=torch.uint8), drawn)))
    assert shown[55, 50].tolist() == [150, 10, 106]
    assert shown[0, 0].tolist() == [10, 10, 106]


def test_bodies_of_18_and_17_points():
    from_18 = torch.stack([torch.arange(18.0), torch.arange(18.0), torch.ones(18)], 1)
    body = body_25(from_18)
    assert body[MID_HIP].tolist() == [9.5, 9.5, 1]  # between points 8 and 11
    assert body[15, 0] == 14  # the right eye
    assert not body[19:].any()
    from_17 = torch.stack([torch.arange(17.0), torch.zeros(17), torch.ones(17)], 1)
    body = body_25(from_17)
    assert body[NECK, 0] == 5.5
    assert body[[2, 5], 0].tolist() == [6, 5]
    assert body[16, 0] == 1  # COCO's left eye
    from_17[6, 2] = 0
    assert not body_25(from_17)[NECK].any()
    with pytest.raises(InputError, match="a body of 12 keypoints"):
        body_25(torch.zeros(12, 3))


def test_a_whole_body_of_133_points():
    points = torch.stack([torch.arange(133.0), torch.zeros(133), torch.ones(133)], 1)
    person = whole_body(points)
    assert person.pose[19:, 0].tolist() == [17, 18, 19, 20, 21, 22]
    assert person.face[0, 0] == 23
    assert person.face[68:, 2].tolist() == [0, 0]
    assert person.hand_left[0, 0] == 91
    assert person.hand_right[20, 0] == 132
    with pytest.raises(InputError, match="a person of 20 keypoints"):
        whole_body(torch.zeros(20, 3))
    with pytest.raises(InputError, match="a face of 5 keypoints"):
        face_70(torch.zeros(5, 3))


def test_moved_people_keep_their_confidence():
    moved = standing().moved((2, 3), (1, 0))
    assert moved.pose[0].tolist() == [101, 60, 1]


def test_the_largest_whole_face_gives_the_landmarks():
    small, large, broken = (torch.ones(70, 3) for _ in range(3))
    small[:68, 0], large[:68, 0], broken[:68, 0] = (torch.arange(68.0) * k for k in (1, 2, 3))
    broken[5, 2] = 0
    people = [Person(torch.zeros(25, 3), f) for f in (small, large, broken)] + [standing()]
    assert landmarks_of(people)[1, 0] == 2
    assert landmarks_of([standing()]) is None


@pytest.mark.parametrize(
    ("pose", "message"),
    [
        (torch.zeros(18, 3), r"expected \[25 3\]"),
        (torch.full((25, 3), float("inf")), "a number is missing"),
    ],
)
def test_people_that_cant_be_drawn(pose, message):
    with pytest.raises(InputError, match=message):
        draw_pose([Person(pose)], 10, 10)


def test_few_shot_faces_have_a_jaw_and_can_be_left_out():
    face = torch.zeros(70, 3)
    face[:17] = torch.tensor([[5.0 * i + 4, 20.0, 1.0] for i in range(17)])
    person = Person(torch.zeros(25, 3), face)
    assert not draw_pose([person], 40, 100).any()
    assert (255, 255, 255) in colors(draw_pose([person], 40, 100, rules=FEWSHOT))
    assert not draw_pose([person], 40, 100, rules=FEWSHOT.without_face()).any()


def test_few_shot_basic_points_have_a_head_but_no_feet():
    person = standing()
    person.pose[[22, 24]] = torch.tensor([[30.0, 135.0, 1.0], [60.0, 135.0, 1.0]])
    whole, basic = (draw_pose([person], 140, 100, rules=FEWSHOT, basic_points=b) for b in (False, True))
    assert torch.equal(whole[:, :15], basic[:, :15])
    assert basic[:, :18].any()
    assert whole[:, 134:].any()
    assert not basic[:, 134:].any()


def test_few_shot_strokes_grow_with_the_body():
    def width(size: float, rules: PoseRules) -> int:
        drawn = draw_pose([standing(250, 200, size)], 1000, 500, rules=rules)
        row = int(200 + size * 0.8)
        return int(drawn[:, row, 200:300].any(0).sum())

    assert [width(size, FEWSHOT) for size in (130, 220)] == [6, 8]  # what is unseen counts
    assert [width(size, EVEN) for size in (130, 220)] == [2, 6]
    assert width(130, VID2VID) == 6
