"""Few-shot clips of the worlds: the same every time, other moments of one subject, never the held-out ones."""

import random
from itertools import pairwise

import pytest
import torch

from maliang_video.models.flow.warp import warp
from maliang_video.training.fewshot_clips import (
    HELD_OUT,
    FaceSubjects,
    PuppetSubjects,
    StreetSubjects,
    as_exemplars,
    exemplar_times,
    subject_of,
)
from maliang_video.training.schedule import ClipShape

SHAPE = ClipShape(64, 64, 2, (1.0, 1.25))


def shape_of(index: int) -> ClipShape:
    return SHAPE


def exemplars_of(index: int) -> tuple[int, int]:
    return 1, 2


def world(kind, **more):
    return kind(7, shape_of, exemplars_of, 50, (14, 40), **more)


def test_subjects_are_those_of_the_recipe_or_held_out():
    trained = [subject_of(random.Random(n), n, 50) for n in range(400)]
    assert set(trained) == set(range(50))
    assert [subject_of(random.Random(0), n, 50) for n in (-1, -2, -3)] == [
        HELD_OUT,
        HELD_OUT + 1,
        HELD_OUT + 2,
    ]


@pytest.mark.parametrize("frames", [None, 200])
def test_exemplars_are_as_far_away_as_asked(frames):
    for seed in range(200):
        times = exemplar_times(random.Random(seed), (1, 4), (60, 67), (14, 30), frames)
        assert 1 <= len(times) <= 4
        assert all(14 <= 60 - t <= 30 or 14 <= t - 67 <= 30 for t in times)
    sides = {
        t < 60
        for seed in range(20)
        for t in exemplar_times(random.Random(seed), (1, 1), (60, 67), (14, 30), frames)
    }
    assert sides == {True, False}


def test_where_there_is_no_room_the_farthest_frames_are_taken():
    for seed in range(50):
        assert set(exemplar_times(random.Random(seed), (2, 2), (5, 9), (14, 30), 12)) == {0}
        assert set(exemplar_times(random.Random(seed), (2, 2), (0, 3), (14, 30), 9)) == {8}
        assert all(
            14 <= t - 3 <= 30 for t in exemplar_times(random.Random(seed), (2, 2), (0, 3), (14, 30), None)
        )


@pytest.mark.parametrize(
    ("kind", "labels", "more"),
    [
        (FaceSubjects, {"drawn": 1}, {}),
        (PuppetSubjects, {"drawn": 6}, {}),
        (PuppetSubjects, {"drawn": 3}, {"with_densepose": False}),
        (StreetSubjects, {"ids": None}, {"palette": "cityscapes_fewshot"}),
    ],
)
def test_a_clip_and_its_exemplars(kind, labels, more):
    clips = world(kind, **more)
    clip = clips[3]
    assert clip.keys() == clips[3].keys()
    assert all(torch.equal(clip[name], again) for name, again in clips[3].items())
    (name, channels), count = next(iter(labels.items())), len(clip["exemplar_pictures"])
    planes = () if channels is None else (channels,)
    assert clip["pictures"].shape == (2, 3, 64, 64)
    assert clip[name].shape == (2, *planes, 64, 64)
    assert clip[f"exemplar_{name}"].shape == (count, *planes, 64, 64)
    assert clip["exemplar_pictures"].shape == (count, 3, 64, 64)
    assert 1 <= count <= 2
    moved = warp(clip["pictures"][:1], clip["flow"][1:])
    apart = ((moved - clip["pictures"][1:]).abs() * clip["visible"][1:]).mean()
    assert apart < 0.05
    assert (clip["exemplar_pictures"][0] - clip["pictures"][0]).abs().mean() > apart


@pytest.mark.parametrize("kind", [FaceSubjects, PuppetSubjects])
def test_faces_and_dancers_know_where_exemplars_show_each_pixel(kind):
    several = kind(7, lambda n: ClipShape(64, 64, 2, (1.25,), mirrored=True), lambda n: (3, 3), 50, (14, 40))
    moved, unmoved, turned = 0.0, 0.0, 0
    for index in range(3):
        clip = several[index]
        assert clip["exemplar_flow"].shape == (2, 3, 2, 64, 64)
        assert clip["exemplar_visible"].shape == (2, 3, 1, 64, 64)
        for picture, flow, shown in zip(
            clip["pictures"], clip["exemplar_flow"], clip["exemplar_visible"], strict=True
        ):
            moves = flow.square().sum(1, keepdim=True) > 1
            assert (moves & (shown > 0)).any()
            there = (shown > 0) & moves
            warped = warp(clip["exemplar_pictures"], flow)
            moved += float(((warped - picture).abs() * there).sum())
            unmoved += float(((clip["exemplar_pictures"] - picture).abs() * there).sum())
        turned += several.chance(index, "mirror").random() < 0.5
    assert moved < 0.6 * unmoved
    assert 0 < turned < 3


def test_far_parts_of_a_street_have_nothing_in_common():
    assert "exemplar_flow" not in world(StreetSubjects)[0]


def test_streets_get_the_classes_of_the_network():
    assert int(world(StreetSubjects, palette="cityscapes_fewshot")[0]["ids"].max()) < 20
    assert int(world(StreetSubjects)[0]["ids"].max()) > 20


def test_the_windows_of_labels_and_pictures_are_one():
    """The head is drawn where it is seen: below the brows' line there is skin, at any zoom."""
    clips = world(PuppetSubjects)
    for index in range(3):
        clip = clips[index]
        body = clip["drawn"][:, 2] > -1
        still = (clip["pictures"][0] - clip["pictures"][1]).abs().amax(0) < 0.004
        assert (still | body.any(0)).float().mean() > 0.9


def test_only_pictures_and_labels_become_exemplars():
    moment = {"pictures": torch.zeros(3, 2, 2), "flow": torch.zeros(2, 2, 2), "drawn": torch.zeros(1, 2, 2)}
    exemplars = as_exemplars([moment, moment])
    assert {name: tuple(values.shape) for name, values in exemplars.items()} == {
        "exemplar_pictures": (2, 3, 2, 2),
        "exemplar_drawn": (2, 1, 2, 2),
    }


def test_a_recipe_of_other_subjects_shows_others():
    few = FaceSubjects(7, shape_of, exemplars_of, 1, (14, 40))
    assert [few.subject(n) for n in range(4)] == [0] * 4
    many = world(FaceSubjects)
    assert any(a != b for a, b in pairwise(many.subject(n) for n in range(4)))
