"""Bodies with other proportions: limbs, feet, hands, what isn't seen."""

import math

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.fewshot.body_shape import (
    LIMBS,
    BodyMeasure,
    body_ratios,
    body_shape,
    exemplar_shape,
    reshape_body,
)
from maliang_video.models.labels.people import Person

ADULT = dict(trunk=60, neck=25, shoulder=20, upper=36, fore=30, hip=12, thigh=52, shin=50, foot=18)
CHILD = dict(trunk=40, neck=22, shoulder=13, upper=22, fore=18, hip=8, thigh=28, shin=26, foot=11)


def dancer(size: dict[str, float], t: float = 0.0, x: float = 200.0, ground: float = 300.0) -> Person:
    """Someone whose arms and left leg swing; the right foot stands."""

    def ahead(place: np.ndarray, length: float, angle: float) -> np.ndarray:
        return place + length * np.array([math.sin(angle), math.cos(angle)])

    pose = np.zeros((25, 3))
    pose[:, 2] = 1
    hips = np.array([x, ground - size["thigh"] - size["shin"] - 0.25 * size["foot"]])
    pose[8, :2] = hips
    pose[1, :2] = hips - (0, size["trunk"])
    pose[0, :2] = pose[1, :2] - (0, size["neck"])
    for side, eye, ear in ((-1, 15, 17), (1, 16, 18)):
        pose[eye, :2] = pose[0, :2] + (side * 3, -4)
        pose[ear, :2] = pose[eye, :2] + (side * 5, 2)
    for side, shoulder, hip, toe in ((-1, 2, 9, 22), (1, 5, 12, 19)):
        pose[shoulder, :2] = pose[1, :2] + (side * size["shoulder"], 0)
        pose[shoulder + 1, :2] = ahead(pose[shoulder, :2], size["upper"], side * (0.4 + math.sin(t)))
        pose[shoulder + 2, :2] = ahead(pose[shoulder + 1, :2], size["fore"], side * (0.8 + math.sin(1.3 * t)))
        swing = 0.5 * math.sin(t) if side > 0 else 0.0
        pose[hip, :2] = hips + np.array([side * size["hip"], 0])
        pose[hip + 1, :2] = ahead(pose[hip, :2], size["thigh"], swing)
        pose[hip + 2, :2] = ahead(pose[hip + 1, :2], size["shin"], swing * 0.6)
        pose[toe, :2] = pose[hip + 2, :2] + (side * size["foot"], 0.25 * size["foot"])
        pose[toe + 1, :2] = pose[toe, :2] + (side * 4, 0)
        pose[toe + 2, :2] = pose[hip + 2, :2] + (-side * 4, 4)
    return Person(torch.from_numpy(pose))


def clip(size: dict[str, float], frames: int = 60) -> list[Person]:
    return [dancer(size, 0.2 * n, 200 + 0.5 * n) for n in range(frames)]


def length(person: Person, a: int, b: int) -> float:
    return float((person.pose[a, :2] - person.pose[b, :2]).norm())


def test_the_limbs_of_a_clip_are_measured_where_they_look_longest():
    foreshortened = []
    for n, person in enumerate(clip(ADULT)):
        pose = person.pose.clone()
        if n % 3:
            pose[4, :2] = pose[3, :2] + (pose[4, :2] - pose[3, :2]) * 0.2
            pose[7, :2] = pose[6, :2] + (pose[7, :2] - pose[6, :2]) * 0.2
        foreshortened.append(Person(pose))
    shape = body_shape(foreshortened, "clip")
    lengths = {pairs[0]: n for pairs, n in zip(LIMBS, shape.lengths, strict=True)}
    assert lengths[3, 4] == pytest.approx(30, rel=0.005)
    assert lengths[9, 10] == pytest.approx(52, rel=0.005)
    assert shape.ground == pytest.approx(300, abs=1)
    assert shape.x == pytest.approx(200 + 0.5 * 29.5)


def test_the_driver_gets_the_subjects_proportions():
    frames = clip(ADULT)
    child = exemplar_shape([dancer(CHILD, t, x=50, ground=170) for t in range(8)], "exemplar")
    by = body_ratios(child, body_shape(frames, "driver"))
    for before in frames[::10]:
        after = reshape_body(before, by)
        factor = length(after, 9, 10) / CHILD["thigh"]
        for (a, b), name in {(10, 11): "shin", (2, 3): "upper", (6, 7): "fore", (1, 8): "trunk"}.items():
            assert length(after, a, b) / CHILD[name] == pytest.approx(factor, rel=0.02)
        total = [sum(length(p, *pairs[0]) for pairs in LIMBS) for p in (before, after)]
        assert total[1] == pytest.approx(total[0], rel=0.02)


def test_the_standing_foot_stays_where_it_is():
    frames = clip(ADULT)
    longer = {**ADULT, "thigh": 80, "shin": 76, "foot": 20}
    by = body_ratios(exemplar_shape([dancer(longer)] * 8, "exemplar"), body_shape(frames, "driver"))
    toes = [float(reshape_body(p, by).pose[22, 1]) for p in frames]
    assert toes == pytest.approx([toes[0]] * len(toes), abs=1e-3)
    assert toes[0] == pytest.approx(300, abs=2.5)
    assert float(reshape_body(frames[0], by).pose[8, 1]) < float(frames[0].pose[8, 1]) - 5


def test_the_same_body_stays_as_it_is():
    frames = clip(ADULT)
    by = body_ratios(exemplar_shape(frames[:1], "exemplar"), body_shape(frames, "driver"))
    assert reshape_body(frames[7], by).pose.numpy() == pytest.approx(frames[7].pose.numpy(), abs=1.0)


def test_noise_is_not_made_larger_than_the_limbs_are():
    frames = clip(ADULT)
    by = body_ratios(exemplar_shape([dancer(CHILD)], "exemplar"), body_shape(frames, "driver"))
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(25, 3, generator=generator).double() * torch.tensor([1.0, 1.0, 0.0])
    moved = reshape_body(Person(frames[0].pose + noise), by).pose - reshape_body(frames[0], by).pose
    assert float(moved[:, :2].std()) < 1.3


def test_a_place_is_the_subjects_place_and_size():
    frames = clip(ADULT)
    child = [dancer(CHILD, t, x=50, ground=170) for t in range(8)]
    by = body_ratios(exemplar_shape(child, "exemplar"), body_shape(frames, "driver"), place=True)
    placed = reshape_body(frames[30], by)
    assert length(placed, 9, 10) == pytest.approx(CHILD["thigh"], rel=0.02)
    assert float(placed.pose[22, 1]) == pytest.approx(170, abs=2)
    assert float(placed.pose[8, 0]) == pytest.approx(50, abs=2)


def test_a_hidden_elbow_does_not_make_the_hand_jump():
    frames = clip(ADULT)
    by = body_ratios(exemplar_shape([dancer(CHILD)], "exemplar"), body_shape(frames, "driver"))
    hidden = frames[0].pose.clone()
    hidden[3] = 0
    whole, without = (reshape_body(Person(p), by).pose for p in (frames[0].pose, hidden))
    assert float((whole[4] - without[4]).norm()) < 0.1 * ADULT["fore"]
    assert torch.equal(without[3], torch.zeros(3, dtype=torch.float64))


def test_hands_and_faces_go_along():
    hand = torch.ones(21, 3, dtype=torch.float64)
    hand[:, :2] = dancer(ADULT).pose[7, :2] + torch.arange(21)[:, None]
    face = torch.ones(70, 3, dtype=torch.float64)
    face[:, :2] = dancer(ADULT).pose[0, :2] + torch.arange(70)[:, None] / 10
    driver = Person(dancer(ADULT).pose, face, hand_left=hand)
    by = body_ratios(exemplar_shape([dancer(CHILD)], "exemplar"), body_shape(clip(ADULT), "driver"))
    after = reshape_body(driver, by)
    assert after.hand_left[0].numpy() == pytest.approx(after.pose[7].numpy())
    assert length(Person(after.hand_left), 0, 20) / length(Person(hand), 0, 20) == pytest.approx(by.limbs[6])
    assert after.face[0].numpy() == pytest.approx(after.pose[0].numpy())
    assert after.hand_right is None


def test_a_limb_that_was_seen_once_counts_for_less():
    driver = body_shape(clip(ADULT), "driver")
    shares = []
    for count in (1, 2, 8):
        views = [dancer(CHILD, t) for t in range(count)]
        by = body_ratios(exemplar_shape(views, "exemplar"), driver)
        shares.append(float(np.abs(np.log(by.limbs[[5, 6, 8, 9]] / by.limbs[0])).sum()))
    assert 0 < shares[0] < shares[1] < shares[2]


def test_exemplars_of_any_size_count_alike():
    near = dancer(CHILD, 1.0).moved((3.0, 3.0))
    ours = exemplar_shape([dancer(CHILD), near], "e")
    alone = exemplar_shape([dancer(CHILD)], "e")
    assert ours.lengths == pytest.approx(alone.lengths, rel=0.02)
    assert (ours.x, ours.ground) == (alone.x, alone.ground)


def test_what_the_subject_does_not_show_stays_the_drivers():
    pose = dancer(CHILD).pose
    pose[[10, 11, 13, 14, 19, 20, 21, 22, 23, 24]] = 0
    by = body_ratios(exemplar_shape([Person(pose)], "exemplar"), body_shape(clip(ADULT), "driver"))
    assert by.limbs[8:].tolist() == [1.0] * 5
    assert by.limbs[0] != 1.0


def test_no_body_is_an_error():
    nobody = Person(torch.zeros(25, 3))
    for find in (lambda: body_shape([nobody], "folder"), lambda: exemplar_shape([nobody], "folder")):
        with pytest.raises(InputError, match="folder: no body from the shoulders to the hips is seen"):
            find()
    measure = BodyMeasure()
    for person in (nobody, dancer(ADULT), nobody):
        measure.add(person)
    assert measure.shape("clip").x == pytest.approx(200)
