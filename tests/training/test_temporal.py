"""Groups of frames for the temporal discriminators: the reference's lists, and what holds for any clip."""

from itertools import pairwise

import pytest
import torch
from golden_cases import Case
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.training.temporal import FrameGroups, gather, temporal_input


@pytest.mark.parity("vid2vid.temporal_sampling")
@pytest.mark.parametrize("mode", ["dense", "sparse"])
def test_groups_are_those_of_the_reference(case: Case, mode: str) -> None:
    table = case.metadata
    state = FrameGroups(table["n_frames_D"], table["n_scales_temporal"], sparse=mode == "sparse")
    calls = table[mode]
    assert calls
    for call in calls:
        assert call["frames"][0] == state.count
        state, groups = state.push(len(call["frames"]))
        theirs = [[tuple(group) for group in scale or ()] for scale in call["given"]]
        assert [list(scale) for scale in groups] == theirs


def clips(sparse: bool) -> st.SearchStrategy[tuple[FrameGroups, list[int]]]:
    start = st.builds(FrameGroups, st.integers(2, 4), st.integers(0, 3), st.just(sparse))
    return st.tuples(start, st.lists(st.integers(1, 7), max_size=12))


@settings(max_examples=60, deadline=None)
@given(st.booleans().flatmap(clips))
def test_a_group_has_evenly_spaced_frames_one_of_them_new_all_of_them_kept(clip):
    state, chunks = clip
    for new in chunks:
        known = state.kept | set(range(state.count, state.count + new))
        before, (state, groups) = state.count, state.push(new)
        assert len(groups) == state.scales
        for scale, at_scale in enumerate(groups):
            for group in at_scale:
                assert len(group) == state.frames
                assert {b - a for a, b in pairwise(group)} == {state.frames**scale}
                assert before <= group[-1] < state.count
                assert set(group) <= known
    assert state.kept <= set(range(state.count))


def test_chunks_of_one_frame_see_every_group_once():
    state, seen = FrameGroups(3, 2, sparse=False), []
    for _ in range(9):
        state, groups = state.push(1)
        seen.append(groups)
    assert seen[1] == ((), ())
    assert seen[2] == (((0, 1, 2),), ())
    assert seen[7] == (((5, 6, 7),), ((1, 4, 7),))
    assert state.kept == {3, 4, 5, 6, 7, 8}


def test_sparse_groups_share_at_most_two_frames():
    state, seen = FrameGroups(3, 1, sparse=True), []
    for _ in range(3):
        state, (groups,) = state.push(4)
        seen.extend(groups)
    assert seen == [(1, 2, 3), (2, 3, 4), (5, 6, 7), (6, 7, 8), (9, 10, 11)]
    assert state.kept == {10, 11}


def test_frames_are_gathered_clip_by_clip():
    frames = {
        t: torch.full((2, 1, 1, 1), float(t)) + torch.tensor([0, 100]).reshape(2, 1, 1, 1) for t in range(4)
    }
    groups = gather(frames, [(0, 1, 2), (1, 2, 3)])
    assert groups.shape == (4, 3, 1, 1, 1)
    assert groups.flatten(1).tolist() == [[0, 1, 2], [1, 2, 3], [100, 101, 102], [101, 102, 103]]


def test_gradients_go_to_the_frames_that_have_them():
    frames = {t: torch.zeros(1, 3, 2, 2, requires_grad=t == 2) for t in range(3)}
    gather(frames, [(0, 1, 2)]).sum().backward()
    assert frames[2].grad.tolist() == torch.ones(1, 3, 2, 2).tolist()


def test_the_input_is_pictures_then_flows_in_units_of_twenty_pixels():
    pictures, flows = torch.rand(2, 3, 3, 4, 5), torch.rand(2, 2, 2, 4, 5) * 40
    x = temporal_input(pictures, flows)
    assert x.shape == (2, 13, 4, 5)
    assert torch.equal(x[:, 3:6], pictures[:, 1])
    assert torch.equal(x[:, 9:11], flows[:, 0] / 20)
    assert torch.equal(x[:, 11:], flows[:, 1] / 20)
