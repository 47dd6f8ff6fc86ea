"""Plans: what holds for every one of them, and what is refused."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.models.infinity.plans import Extent, Grid, OrderPlan, as_trained, with_contexts
from maliang_video.models.infinity.plans_make import RINGS, Given, PlanRecipe, outpaint, patches_along
from maliang_video.models.infinity.plans_orders import NAMES
from maliang_video.models.infinity.plans_waves import levels, one_by_one, pool_sizes, schedule, waves

NEAR = Extent(0, 2, 2)


@st.composite
def recipes(draw: st.DrawFn) -> PlanRecipe:
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    reach = st.integers(0, 2)
    order = draw(st.sampled_from((*NAMES, RINGS)))
    if order != RINGS:
        frames = draw(st.integers(1, 3))
        grid, extent = Grid(frames, rows, columns), Extent(draw(reach), draw(reach), draw(reach))
        return PlanRecipe(order, grid, extent, given_frames=draw(st.integers(0, frames)))
    side = draw(st.integers(1, 3))
    top, left = draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))
    height = draw(st.integers(side, (rows - top) * side))
    width = draw(st.integers(side, (columns - left) * side))
    inside = Given(top * side, left * side, height, width, side)
    return PlanRecipe(order, Grid(1, rows, columns), Extent(0, draw(reach), draw(reach)), inside)


@settings(max_examples=25, deadline=None)
@given(recipes(), st.randoms(use_true_random=False))
def test_invariants(recipe, random):
    plan = recipe.build()
    steps = np.arange(len(plan))
    assert sorted(plan.cells.tolist()) == list(range(int(np.prod(recipe.grid))))
    hidden = with_contexts(
        plan, [[j for j in plan.context(i).steps.tolist() if random.random() < 0.7] for i in steps]
    )
    for each in (plan, hidden):
        seen = each.neighbours(steps)
        assert (seen < steps[:, None]).all(), "a context never looks ahead"
        level = levels(each)
        for i in range(each.given, len(each)):
            made = [level[j] for j in each.context(i).steps if j >= each.given]
            assert level[i] == (max(made) + 1 if made else 0)
        later = each.dependents(steps)
        pairs = {(int(i), int(j)) for i in steps for j in seen[i] if j >= 0}
        assert pairs == {(int(j), int(i)) for i in steps for j in later[i] if j >= 0}, (
            "seen by those that see it"
        )


@settings(max_examples=25, deadline=None)
@given(recipes(), st.booleans())
def test_the_pool_has_what_is_needed_and_no_more_room_than_said(recipe, alone):
    plan = recipe.build()
    sizes = pool_sizes(plan)
    pages: dict[int, int] = {}
    made: set[int] = set()
    for batch in schedule(plan, one_by_one(plan) if alone else waves(plan)):
        if batch.steps[0] >= plan.given:
            wanted = plan.neighbours(batch.steps)
            assert ((wanted < 0) == (batch.context < 0)).all()
            for step, slot in zip(wanted.ravel(), batch.context.ravel(), strict=True):
                assert slot < 0 or pages[slot] == step, "the page of a context was dropped or overwritten"
        pages |= {slot: step for slot, step in zip(batch.slots, batch.steps, strict=True) if slot >= 0}
        made |= set(batch.steps.tolist())
        assert batch.at.tolist() == plan.at(batch.steps).tolist()
    assert made == set(range(len(plan)))
    # given patches that only given ones see need no page, but the figure of the paper counts them
    assert len(pages) <= max(sizes.one_by_one if alone else sizes.in_waves, plan.given)


def test_a_scroll_keeps_its_pool_whatever_its_length():
    sizes = [pool_sizes(PlanRecipe("zeta", Grid(1, 8, n), NEAR).build()) for n in (32, 152, 600)]
    assert [(s.levels, s.widest, s.in_waves) for s in sizes] == [(53, 8, 55), (173, 8, 55), (621, 8, 55)]


def test_a_plan_of_a_million_patches_takes_seconds_at_most():
    start = time.process_time()
    plan = PlanRecipe("omega", Grid(1, 1024, 1024), NEAR).build()
    first = [batch.steps.tolist() for batch, _ in zip(schedule(plan), range(5), strict=False)]
    assert first == [[0], [1], [2], [3, 1024], [4, 1025]]
    assert plan.neighbours(np.array([2**20 - 1])).max() == 2**20 - 2
    assert time.process_time() - start < 20


def test_the_order_goes_by_the_shape():
    wide, tall = (PlanRecipe("auto", Grid(1, *size), NEAR).build() for size in ((2, 3), (3, 2)))
    assert wide.cells.tolist() == [0, 1, 2, 3, 4, 5]
    assert tall.cells.tolist() == [0, 2, 4, 1, 3, 5]


def test_fingerprints_tell_plans_apart():
    recipe = PlanRecipe("zeta", Grid(1, 2, 3), NEAR)
    plan = recipe.build()
    contexts = [plan.context(i).steps.tolist() for i in range(6)]
    others = [
        PlanRecipe("zeta", Grid(1, 3, 2), NEAR).build(),
        PlanRecipe("zeta", Grid(1, 2, 3), Extent(0, 1, 2)).build(),
        PlanRecipe("omega", Grid(1, 2, 3), NEAR).build(),
        with_contexts(plan, [*contexts[:5], contexts[5][1:]]),
    ]
    assert plan.fingerprint == recipe.build().fingerprint
    assert len({each.fingerprint for each in (plan, *others)}) == 5


def test_rings_as_trained_see_what_one_order_shows():
    plan = PlanRecipe(RINGS, Grid(1, 4, 4), Extent(0, 1, 1), Given(1, 1, 2, 2)).build()
    trained = as_trained(plan)
    step = next(i for i in range(4, 16) if plan.at(np.array([i])).tolist() == [[0, 3, 1]])  # below, in zeta
    assert trained.at(trained.context(step).steps).tolist() == [[0, 2, 1], [0, 2, 2], [0, 2, 0], [0, 3, 0]]
    right = next(i for i in range(4, 16) if plan.at(np.array([i])).tolist() == [[0, 3, 3]])  # in omega
    assert plan.at(plan.context(right).steps).tolist() == trained.at(trained.context(right).steps).tolist()
    left = next(i for i in range(4, 16) if plan.at(np.array([i])).tolist() == [[0, 2, 0]])  # in omega*
    assert [0, 1, 0] in trained.at(trained.context(left).steps).tolist()
    base = PlanRecipe("omega", Grid(1, 3, 3), NEAR).build()
    assert (as_trained(base).neighbours(np.arange(9)) == base.neighbours(np.arange(9))).all()
    assert len(as_trained(trained).context(step).steps) == 4


class TestPartialPatches:
    def test_known_tokens_lie_where_the_picture_is_and_come_first_in_a_fitting_order(self):
        """A picture of 6x5 tokens on patches of 4: one is whole, the others are cut by its right and lower edge."""
        plan = PlanRecipe(RINGS, Grid(1, 3, 3), NEAR, Given(0, 4, 6, 5, 4)).build()
        assert plan.at(np.arange(4)).tolist() == [[0, 0, 1], [0, 0, 2], [0, 1, 1], [0, 1, 2]]
        assert plan.given == 1
        assert {step: int(known.sum()) for step, known in plan.known.items()} == {1: 4, 2: 8, 3: 2}
        assert plan.known[1].tolist() == [[True, False, False, False]] * 4
        assert plan.known[3][:2, 0].all()
        assert [NAMES[plan.local[step]] for step in (1, 2)] == ["omega", "zeta"]

    def test_the_canvas_grows_to_whole_patches_and_says_what_to_keep(self):
        made = outpaint((16, 20), (3, 0, 10, 5), side=8, extent=NEAR)
        assert made.recipe.grid == (1, 3, 5)
        assert made.recipe.given == (0, 8, 16, 20, 8)
        assert (made.top, made.left, made.height, made.width) == (0, 5, 21, 33)
        plan = made.recipe.build()
        assert plan.given == 4
        assert sorted(plan.at(np.array(list(plan.known))).tolist()) == [[0, 0, 3], [0, 1, 3]]

    def test_a_base_order_continues_to_its_side(self):
        plan = outpaint((8, 8), (0, 0, 12, 0), side=4, extent=NEAR, order="omega").recipe.build()
        assert plan.at(np.arange(4, 10)).tolist() == [[0, r, c] for c in (2, 3, 4) for r in (0, 1)]
        assert not plan.known


class TestRefusals:
    def test_a_context_that_looks_ahead(self):
        plan = PlanRecipe("zeta", Grid(1, 1, 3), NEAR).build()
        with pytest.raises(
            InputError, match=r"column 0 is to see the patch at .*column 1, which is made later: a context"
        ):
            with_contexts(plan, [[1], [0], [0, 1]])
        with pytest.raises(InputError, match="is to see itself: a context can't look ahead"):
            with_contexts(plan, [[0], [0], [0, 1]])

    @pytest.mark.parametrize(
        ("contexts", "message"),
        [
            ([[], [], [0, 1], [0]], "column 3 can't see the one at .*column 0: that is further away"),
            ([[], [9], [], []], "can't see patch 9: the plan has 4"),
            ([[]], "1 contexts for a plan of 4 patches"),
        ],
    )
    def test_contexts_that_no_vector_stands_for(self, contexts, message):
        with pytest.raises(InputError, match=message):
            with_contexts(PlanRecipe("zeta", Grid(1, 1, 4), NEAR).build(), contexts)

    @pytest.mark.parametrize(
        ("recipe", "message"),
        [
            (PlanRecipe("zeta", Grid(1, 0, 4), NEAR), "4x0 patches: each side needs 1"),
            (PlanRecipe("zeta", Grid(1, 4, 4), Extent(0, -1, 1)), "0 at least"),
            (
                PlanRecipe("zeta", Grid(1, 10**6, 10**6), NEAR),
                "more than one plan holds: make a strip without end",
            ),
            (PlanRecipe("alpha", Grid(1, 4, 4), NEAR), "'alpha' is no order: take auto, omega"),
            (PlanRecipe(RINGS, Grid(1, 4, 4), NEAR), "rings grow around a picture: say where"),
            (
                PlanRecipe(RINGS, Grid(1, 4, 4), NEAR, Given(3, 3, 2, 2)),
                "reaches out of the canvas of 4x4 patches",
            ),
            (
                PlanRecipe(RINGS, Grid(1, 4, 4), NEAR, Given(0, 0, 15, 40, 16)),
                "40x15 tokens is smaller than a patch",
            ),
            (
                PlanRecipe(RINGS, Grid(1, 4, 4), NEAR, Given(3, 0, 40, 40, 16)),
                "row 3, column 0 lies inside a patch",
            ),
            (PlanRecipe(RINGS, Grid(2, 4, 4), NEAR, Given(0, 0, 1, 1)), "on a canvas of one frame"),
            (PlanRecipe("zeta", Grid(2, 4, 4), NEAR, given_frames=3), "3 given frames of 2"),
        ],
    )
    def test_recipes(self, recipe, message):
        with pytest.raises(InputError, match=message):
            recipe.build()

    @pytest.mark.parametrize(
        ("cells", "given_count", "message"),
        [
            ([0, 1, 1], 0, "row 0, column 1 twice"),
            ([0, 4], 0, "outside its canvas"),
            ([0, 1], 3, "can't have 3 given"),
        ],
    )
    def test_lists(self, cells, given_count, message):
        with pytest.raises(InputError, match=message):
            OrderPlan(Grid(1, 2, 2), NEAR, given_count, np.array(cells), np.zeros(len(cells), np.uint8))

    def test_a_canvas_that_is_not_a_multiple_of_the_patch(self):
        assert patches_along(2048, 256, "a height") == 8
        with pytest.raises(
            InputError,
            match="a height of 1000 pixels is not a multiple of the patch of 256: take 768 or 1024",
        ):
            patches_along(1000, 256, "a height")
        with pytest.raises(InputError, match=r"take 256$"):
            patches_along(100, 256, "a height")

    def test_a_picture_that_shrinks(self):
        with pytest.raises(InputError, match="can't be continued by -2 tokens"):
            outpaint((16, 16), (0, -2, 0, 0), 4, NEAR)
