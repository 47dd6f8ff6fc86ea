"""Tables of looks: what is picked and drawn out of them, and what is no table."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.models.vid2vid.feature_tables import (
    ClassLooks,
    FeatureCluster,
    FeatureTable,
    drawn_features,
    picked_features,
    uniform,
)

CAR = ClassLooks(
    26,
    "car",
    (
        FeatureCluster(0.75, (0.5, -0.5), (0.1, 0.0)),
        FeatureCluster(0.25, (-0.5, 0.25), (0.0, 0.2)),
    ),
)
ROAD = ClassLooks(7, "road", (FeatureCluster(1.0, (0.125, 1.0), (0.0, 0.0)),))
TABLE = FeatureTable("maliang.features/1", "cityscapes", (0.5,), 2, (ROAD, CAR))


def test_a_cluster_is_picked_by_its_number():
    classes = np.array([26, 7, 26, 11])
    assert picked_features(TABLE, classes, 0).tolist() == [[0.5, -0.5], [0.125, 1], [0.5, -0.5], [0, 0]]
    assert picked_features(TABLE, classes, 1).tolist() == [[-0.5, 0.25], [0.125, 1], [-0.5, 0.25], [0, 0]]


def test_draws_follow_the_mixture():
    numbers = np.arange(20_000)
    drawn = drawn_features(TABLE, np.full(20_000, 26), numbers, seed=3)
    first = drawn[drawn[:, 0] > 0]
    second = drawn[drawn[:, 0] < 0]
    assert len(first) / len(drawn) == pytest.approx(0.75, abs=0.01)
    assert (first[:, 0].mean(), first[:, 0].std()) == pytest.approx((0.5, 0.1), abs=0.005)
    assert (first[:, 1] == -0.5).all()
    assert (second[:, 0] == -0.5).all()
    assert (second[:, 1].mean(), second[:, 1].std()) == pytest.approx((0.25, 0.2), abs=0.01)


@given(st.permutations(range(6)), st.integers(0, 2**40))
def test_a_draw_depends_on_the_instance_alone(order, seed):
    classes, numbers = np.array([7, 26, 26, 26, 11, 26]), np.array([0, 1, 2, -3, 0, 2**31 - 1])
    drawn = drawn_features(TABLE, classes, numbers, seed)
    moved = np.array(order)
    assert np.array_equal(drawn_features(TABLE, classes[moved], numbers[moved], seed), drawn[moved])
    assert np.array_equal(drawn_features(TABLE, classes[1:2], numbers[1:2], seed), drawn[1:2])


def test_another_seed_or_number_draws_anew():
    classes, numbers = np.full(50, 26), np.arange(50)
    drawn = drawn_features(TABLE, classes, numbers, 1)
    assert len(np.unique(drawn[:, 0])) > 30
    assert (drawn != drawn_features(TABLE, classes, numbers, 2)).any(1).mean() > 0.9


def test_hashed_numbers_are_even_and_the_same_everywhere():
    numbers = uniform((5, np.arange(40_000)), 2)
    assert numbers.shape == (40_000, 2)
    assert numbers.min() > 0
    assert numbers.max() < 1
    assert np.histogram(numbers, 10, (0, 1))[0] / numbers.size == pytest.approx(0.1, abs=0.005)
    assert abs(np.corrcoef(numbers.T)[0, 1]) < 0.02
    assert abs(np.corrcoef(numbers[1:, 0], numbers[:-1, 0])[0, 1]) < 0.02
    assert uniform((0, 1, 2), 1)[0, 0] == uniform((0, np.array([1]), np.array([2])), 3)[0, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": 0}, "1 to 256 numbers"),
        ({"channels": 3}, "'road': a cluster must have 3 means"),
        ({"classes": (CAR, CAR)}, "one id of its own"),
        ({"classes": (replace(CAR, id=-1),)}, "one id of its own"),
        ({"classes": (replace(CAR, clusters=()),)}, "'car' has no clusters"),
        ({"classes": (replace(CAR, clusters=CAR.clusters[:1]),)}, "must add up to 1"),
        ({"classes": (replace(ROAD, clusters=(FeatureCluster(1.0, (0, 0), (0, -1)),)),)}, "below 0"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(change, message):
    TABLE.check("t.json")
    with pytest.raises(InputError, match=f"^t.json.*{message}"):
        replace(TABLE, **change).check("t.json")
