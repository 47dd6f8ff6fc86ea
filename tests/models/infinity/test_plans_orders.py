"""Base orders of patches and tokens, written out by hand."""

import numpy as np
import pytest

from maliang_video.errors import InputError
from maliang_video.models.infinity.plans_orders import (
    NAMES,
    ORDERS,
    find_order,
    order_by_shape,
    order_for_known,
    token_order,
)

WALKS = {
    "omega": [0, 3, 1, 4, 2, 5],
    "omega*": [2, 5, 1, 4, 0, 3],
    "zeta": [0, 1, 2, 3, 4, 5],
    "zeta*": [3, 4, 5, 0, 1, 2],
}


@pytest.mark.parametrize("name", NAMES)
def test_walks_of_a_small_grid(name):
    grid = np.arange(6).reshape(2, 3)
    assert ORDERS[name].walk(grid).tolist() == WALKS[name]
    assert ORDERS[name].walk(np.stack([grid, grid + 6])).tolist() == [
        WALKS[name],
        [6 + i for i in WALKS[name]],
    ]


@pytest.mark.parametrize("name", NAMES)
def test_earlier_means_before_in_the_walk(name):
    walked = ORDERS[name].walk(np.arange(25).reshape(5, 5)).tolist()
    for rows in range(-2, 3):
        for columns in range(-2, 3):
            before = walked.index(12 + 5 * rows + columns) < walked.index(12)
            assert ORDERS[name].earlier(rows, columns) == before


def test_tokens_of_a_patch_are_walked_like_patches():
    assert token_order("omega*", 2).tolist() == [1, 3, 0, 2]
    assert token_order("zeta*", 2).tolist() == [2, 3, 0, 1]


def test_known_tokens_come_first_and_keep_their_order():
    known = np.array([[True, True, False], [True, True, False], [False, False, False]])
    assert token_order("zeta", 3, known).tolist() == [0, 1, 3, 4, 2, 5, 6, 7, 8]
    with pytest.raises(ValueError, match=r"known: expected \[4, 4\]"):
        token_order("zeta", 4, known)


@pytest.mark.parametrize(
    ("where", "order"),
    [
        (np.s_[:, :1], "omega"),
        (np.s_[:, 2:], "omega*"),
        (np.s_[:1], "zeta"),
        (np.s_[3:], "zeta*"),
    ],
)
def test_the_order_for_half_known_patches_grows_away_from_what_is_known(where, order):
    known = np.zeros((4, 4), np.bool_)
    known[where] = True
    assert order_for_known(known) == order
    assert token_order(order, 4, known).tolist() == token_order(order, 4).tolist()


def test_shapes_and_names():
    assert (order_by_shape(8, 152), order_by_shape(152, 8), order_by_shape(4, 4)) == ("zeta", "omega", "zeta")
    with pytest.raises(InputError, match=r"'Omega' is no base order: take omega, omega\*, zeta, zeta\*"):
        find_order("Omega")
