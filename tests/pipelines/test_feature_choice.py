"""Choosing what instances look like: words, keys in time, and the label maps that carry it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.models.labels.frames import LabelFrames
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.models.vid2vid.feature_tables import (
    ClassLooks,
    FeatureCluster,
    FeatureTable,
    drawn_features,
)
from maliang_video.pipelines.feature_choice import FeaturedLabels, parse_choice

CITY = builtin_palette("cityscapes")


def look(value: float, share: float) -> FeatureCluster:
    return FeatureCluster(share, (value, -value), (0.1, 0.1))


TABLE = FeatureTable(
    "maliang.features/1",
    "cityscapes",
    (0.5,),
    2,
    (
        ClassLooks(7, "road", (look(0.1, 0.5), look(0.2, 0.5))),
        ClassLooks(19, "traffic light", (look(0.3, 1.0),)),
        ClassLooks(26, "car", (look(0.4, 0.6), look(0.5, 0.3), look(0.6, 0.1))),
    ),
)
CLASSES, NUMBERS = np.array([7, 26, 26, 11]), np.array([0, 1, 2, 0])


def at(text: str, frame: int = 0) -> list[float]:
    """The first number of every instance."""
    return parse_choice(TABLE, text).at(frame, CLASSES, NUMBERS)[:, 0].tolist()


def drawn(seed: int) -> list[float]:
    return drawn_features(TABLE, CLASSES, NUMBERS, seed)[:, 0].tolist()


def test_without_a_word_every_instance_is_drawn():
    assert at("") == at("all=draw") == at("all=draw:0", 99) == drawn(0)
    assert drawn(0)[1] != drawn(0)[2]


def test_the_most_exact_choice_counts():
    assert at("all=0") == [0.1, 0.4, 0.4, 0]
    assert at("car#2=2, all=0 car=1") == [0.1, 0.5, 0.6, 0]
    assert at("Traffic_Light=0 road=1 all=draw:4") == [0.2, *drawn(4)[1:]]


def test_features_change_in_a_straight_line_between_keys():
    text = "all=0 car=0@10 car=2@14 car=1@16"
    assert [at(text, t)[1] for t in (0, 10, 11, 14, 15, 16, 99)] == pytest.approx(
        [0.4, 0.4, 0.45, 0.6, 0.55, 0.5, 0.5]
    )
    assert [at(text, t)[0] for t in (0, 12)] == [0.1, 0.1]


def test_from_one_draw_to_another():
    half = at("all=draw:1@0 all=draw:2@4", 2)
    assert half == pytest.approx([(a + b) / 2 for a, b in zip(drawn(1), drawn(2), strict=True)])


@given(st.integers(0, 60))
def test_there_is_no_jump(frame):
    curve = parse_choice(TABLE, "car=0@5 car=2@45 all=draw:1@0 all=draw:2@50")
    step = curve.at(frame + 1, CLASSES, NUMBERS) - curve.at(frame, CLASSES, NUMBERS)
    assert np.abs(step).max() < 2 / 40 + 1e-9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("car", "'car' is no choice; write for example car=3"),
        ("car=x", "'car=x' is no choice"),
        ("car=1@x", "'car=1@x' is no choice"),
        ("carr=1", "no class 'carr'; did you mean 'car'"),
        ("building=0", "no class 'building'; it has: road, traffic light, car"),
        ("car=3", "'car' has no look 3; the table has 0 to 2"),
        ("car=0@4 car=1@4", "frames must ascend"),
        ("car=0 car=1", "frames must ascend"),
        ("all#3=1", "an instance is one of a class"),
    ],
)
def test_what_is_no_choice_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        parse_choice(TABLE, text)


@pytest.fixture
def labels() -> LabelFrames:
    ids = torch.tensor([[7, 26, 26], [7, 7, 26]], dtype=torch.uint8).repeat(3, 1, 1)
    numbers = torch.tensor([[0, 1, 2], [0, 0, 2]], dtype=torch.int32).repeat(3, 1, 1)
    return LabelFrames(ids, CITY, numbers)


def test_label_maps_carry_what_was_chosen(labels):
    featured = FeaturedLabels(labels, parse_choice(TABLE, "all=0 car#2=0@1 car#2=2@2"))
    frames = list(featured.frames())
    assert frames[0].features.shape == (2, 2, 3)
    assert frames[0].features.dtype == torch.float32
    expected = torch.tensor([[0.1, 0.4, 0.4], [0.1, 0.1, 0.4]])
    assert torch.equal(frames[0].features, torch.stack([expected, -expected]))
    assert torch.equal(frames[1].features, frames[0].features)
    expected[0, 2] = expected[1, 2] = 0.6
    assert torch.equal(frames[2].features[0], expected)
    assert torch.equal(next(featured.frames(2)).features, frames[2].features)
    assert all(torch.equal(f.ids, labels.ids[0]) for f in frames)


def test_another_choice_is_another_fingerprint(labels):
    prints = {
        FeaturedLabels(labels, parse_choice(TABLE, text)).fingerprint
        for text in ("", "all=draw:1", "car=0", "car=0@3")
    }
    assert len(prints) == 4
    again = FeaturedLabels(labels, parse_choice(TABLE, "all=draw:0"))
    assert again.fingerprint in prints
