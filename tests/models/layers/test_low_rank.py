"""Small updates of a network: nothing at first, exact when merged, small, with gradients."""

import pytest
import torch
from torch import nn

from maliang_video.errors import InputError
from maliang_video.models.layers.low_rank import LowRankUpdate, applied, merge


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Conv2d(8, 2, 1))


@pytest.fixture
def update(network: nn.Sequential) -> LowRankUpdate:
    made = LowRankUpdate(dict(network.named_parameters()), rank=2)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(1))
    return made


def test_at_first_it_changes_nothing(network: nn.Sequential) -> None:
    x = torch.randn(1, 6, 5, 5)
    update = LowRankUpdate(dict(network.named_parameters()), rank=1)
    with applied(network, update.changes()):
        assert torch.equal(network(x), network(x))
        changed = network(x)
    assert torch.equal(changed, network(x))


def test_merged_is_what_was_applied_to_the_bit(network: nn.Sequential, update: LowRankUpdate) -> None:
    x, names = torch.randn(1, 6, 5, 5), list(dict(network.named_parameters()))
    before, kept = network(x), {name: p for name, p in network.named_parameters()}
    with applied(network, update.changes()):
        changed = network(x)
    assert torch.equal(network(x), before)
    assert list(dict(network.named_parameters())) == names
    assert all(p is kept[name] for name, p in network.named_parameters())
    merge(network, update.changes())
    assert torch.equal(network(x), changed)
    assert not torch.equal(changed, before)


def test_changes_have_the_rank_and_small_weights_are_whole(update: LowRankUpdate) -> None:
    assert torch.linalg.matrix_rank(update.change("0.weight").detach().flatten(1)) == 2
    assert set(update.left) == set(update.right) == {"0/weight"}
    assert sum(p.numel() for p in update.parameters()) == 2 * (8 + 54) + 8 + 16 + 2


def test_gradients_reach_the_update_and_not_the_network(
    network: nn.Sequential, update: LowRankUpdate
) -> None:
    with applied(network, update.changes()):
        network(torch.randn(1, 6, 5, 5)).square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in update.parameters())
    assert all(p.grad is None for p in network.parameters())


def test_an_error_inside_leaves_the_network_as_it_was(network: nn.Sequential, update: LowRankUpdate) -> None:
    before = [p for p in network.parameters()]
    with pytest.raises(RuntimeError), applied(network, update.changes()):
        raise RuntimeError
    assert all(a is b for a, b in zip(before, network.parameters(), strict=True))


def test_without_a_rank_every_change_is_whole(network: nn.Sequential) -> None:
    update = LowRankUpdate(dict(network.named_parameters()), rank=0)
    assert not update.left
    assert sum(p.numel() for p in update.parameters()) == sum(p.numel() for p in network.parameters())


def test_a_rank_below_zero_is_refused(network: nn.Sequential) -> None:
    with pytest.raises(InputError, match="rank of an update is 1 or more, or 0 for whole changes, not -1"):
        LowRankUpdate(dict(network.named_parameters()), rank=-1)
