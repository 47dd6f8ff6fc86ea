"""Directions added to codes and styles over time."""

import ast
from collections.abc import Callable

import numpy as np
import pytest
import torch
from golden_cases import Agree, Case

from maliang_video.errors import InputError
from maliang_video.models.faces.directions import Direction
from maliang_video.models.faces.edits import (
    Edit,
    check_generator,
    edit_codes,
    edit_styles,
    freeze_rows,
    mean_code,
    reach,
    reference_edit,
)
from maliang_video.models.faces.strengths import StrengthCurve


@pytest.fixture
def direction() -> Callable[..., Direction]:
    def make(vector: torch.Tensor, space: str = "w", **more: object) -> Direction:
        return Direction("smile", space, vector, "one step", "a test", "Apache-2.0", **more)

    return make


def constant(strength: float) -> StrengthCurve:
    return StrengthCurve(((0, strength),))


@pytest.mark.parity("face.edit_w")
def test_reference_edits_have_half_the_strength(
    case: Case, agree: Agree, direction: Callable[..., Direction]
) -> None:
    t = case.tensors()
    start, stop, count = ast.literal_eval(case.metadata["range"]) if isinstance(
        case.metadata["range"], str
    ) else case.metadata["range"]  # fmt: skip
    factors = np.linspace(start, stop, count)
    assert factors.tolist() == t["factors"].tolist()
    smile = direction(t["direction"][:1], reference_scale=0.5)
    edited = [
        edit_codes(t["w"], [reference_edit(smile, constant(float(factor)))], range(3)) for factor in factors
    ]
    frozen = freeze_rows(t["w"], mean_code(t["w"]), int(case.metadata["freeze_fine_layers"]))
    agree(
        {"w_edit": torch.stack(edited), "w_frozen_fine": frozen},
        {name: t[name] for name in ("w_edit", "w_frozen_fine")},
        lambda name: 1e-7,
    )


def test_edits_add_up_each_along_its_own_curve(direction: Callable[..., Direction]) -> None:
    codes = torch.zeros(3, 2, 2)
    up = direction(torch.tensor([[1.0, 0.0], [2.0, 0.0]]))
    right = direction(torch.tensor([[0.0, 10.0]]), rows=(1, 2))
    edits = [Edit(up, StrengthCurve(((4, 0.0), (6, 2.0)))), Edit(right, constant(-1.0))]
    edited = edit_codes(codes, edits, [4, 5, 6])
    assert edited.tolist() == [
        [[0, 0], [0, -10]],
        [[1, 0], [2, -10]],
        [[2, 0], [4, -10]],
    ]


def test_no_edit_leaves_codes_as_they_are() -> None:
    codes = torch.randn(2, 3, 4)
    assert torch.equal(edit_codes(codes, [], [0, 1]).float(), codes)


def test_styles_of_layers_to_colours_stay(direction: Callable[..., Direction]) -> None:
    styles = [torch.zeros(2, 3), torch.zeros(2, 1), torch.zeros(2, 2)]
    edit = Edit(direction(torch.arange(1.0, 6.0), "style"), StrengthCurve(((7, 1.0), (8, 3.0))))
    edited = edit_styles(styles, [True, False, True], [edit], [7, 8])
    assert [style.tolist() for style in edited] == [
        [[1, 2, 3], [3, 6, 9]],
        [[0], [0]],
        [[4, 5], [12, 15]],
    ]


def test_reach_is_counted_in_standard_deviations() -> None:
    samples = torch.randn(20000, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor(
        [1.0, 5.0, 0.1]
    )
    samples = samples + 7
    before = torch.full((3, 3), 7.0)
    after = before + torch.tensor([[3.0, 0, 0], [0, 10.0, 0], [0, 0, 0]])
    assert reach(before, after, samples).tolist() == pytest.approx([3, 2, 0], rel=0.03, abs=1e-6)


@pytest.mark.parametrize(
    ("vector", "more", "message"),
    [
        ((1, 5), {}, "direction 'smile': is of 1 rows of 5 numbers, the codes have 4 of 2"),
        ((3, 2), {}, "direction 'smile': is of 3 rows of 2 numbers, the codes have 4 of 2"),
        ((1, 2), {"rows": (2, 9)}, "direction 'smile': moves rows up to 9, the codes have 4"),
        ((2,), {"space": "style"}, "direction 'smile': moves styles, not codes"),
    ],
)
def test_directions_of_other_codes_are_refused(vector, more, message, direction) -> None:
    with pytest.raises(InputError, match=message):
        edit_codes(torch.zeros(1, 4, 2), [Edit(direction(torch.ones(vector), **more), constant(1.0))], [0])


def test_directions_of_other_styles_are_refused(direction: Callable[..., Direction]) -> None:
    styles = [torch.zeros(1, 3)]
    with pytest.raises(InputError, match="is of 4 styles, the generator's convolutions have 3"):
        edit_styles(styles, [True], [Edit(direction(torch.ones(4), "style"), constant(1.0))], [0])
    with pytest.raises(InputError, match="moves codes, not styles"):
        edit_styles(styles, [True], [Edit(direction(torch.ones(1, 3)), constant(1.0))], [0])


def test_a_direction_of_another_generator_is_refused(direction: Callable[..., Direction]) -> None:
    check_generator([direction(torch.ones(1, 2)), direction(torch.ones(1, 2), generator="this")], "this")
    with pytest.raises(InputError, match="direction 'smile' was found for another generator"):
        check_generator([direction(torch.ones(1, 2), generator="that")], "this")


def test_rows_that_are_not_there_can_not_be_frozen() -> None:
    with pytest.raises(InputError, match="rows from 5 on can't be frozen: the codes have 4"):
        freeze_rows(torch.zeros(1, 4, 2), torch.zeros(4, 2), 5)
    with pytest.raises(InputError, match="no codes to take the mean of"):
        mean_code([])
