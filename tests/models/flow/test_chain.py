"""Flow over several frames: the way is followed, and what was hidden anywhere on it is hidden."""

import pytest
import torch

from maliang_video.models.flow.chain import chained_flow, chained_visibility


def steps():
    """A step of one pixel to the left everywhere, after one of two pixels down on the left half only."""
    late, early = torch.zeros(1, 2, 4, 8), torch.zeros(1, 2, 4, 8)
    late[:, 0] = -1
    early[:, 1, :, :4] = 2
    return [late, early]


def test_flow_over_several_frames_follows_the_way():
    way = chained_flow(steps())
    assert torch.equal(way[:, 0], steps()[0][:, 0])
    assert way[0, 1, 0].tolist() == [2, 2, 2, 2, 2, 0, 0, 0]


def test_what_is_hidden_on_the_way_is_hidden():
    late, early = torch.ones(1, 1, 4, 8), torch.ones(1, 1, 4, 8)
    late[..., 0] = 0
    early[..., 5] = 0
    seen = chained_visibility(steps(), [late, early])
    assert seen[0, 0, 2].tolist() == [0, 1, 1, 1, 1, 1, 0, 1]  # what is at 6 was at 5 before
    assert torch.equal(chained_visibility(steps()[:1], [late]), late)


def test_a_third_step_begins_where_the_second_ended():
    flows = [torch.zeros(1, 2, 1, 8) for _ in range(3)]
    for flow in flows[:2]:
        flow[:, 0] = -1
    flows[2][0, 1, 0] = torch.arange(8.0)
    assert chained_flow(flows)[0, 1, 0].tolist() == pytest.approx([0, 0, 0, 1, 2, 3, 4, 5])
    last = (torch.arange(8.0) != 4).float().view(1, 1, 1, 8)
    seen = chained_visibility(flows, [torch.ones_like(last), torch.ones_like(last), last])
    assert seen.flatten().tolist() == [1, 1, 1, 1, 1, 1, 0, 1]
