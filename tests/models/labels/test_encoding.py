import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.models.labels.encoding import (
    encode_labels,
    foreground_mask,
    halve,
    instance_edges,
    one_hot,
    pyramid,
)

SIZE = st.integers(1, 9)


def noise(height, width, classes, seed):
    return torch.randint(0, classes, (1, height, width), generator=torch.Generator().manual_seed(seed))


@settings(max_examples=25, deadline=None)
@given(SIZE, SIZE, st.integers(0, 99))
def test_the_largest_of_one_hot_is_the_id(height, width, seed):
    ids = noise(height, width, 7, seed)
    planes = one_hot(ids, 7)
    assert torch.equal(planes.argmax(1), ids)
    assert torch.equal(planes.sum(1), torch.ones(1, height, width))


@settings(max_examples=25, deadline=None)
@given(SIZE, SIZE, st.integers(0, 99), st.sampled_from([(1,), (2,), (1, 2)]))
def test_edges_of_a_flipped_map_are_flipped_edges(height, width, seed, axes):
    instances = noise(height, width, 3, seed)
    flipped = instance_edges(instances.flip(axes))
    assert torch.equal(flipped, instance_edges(instances).flip([a + 1 for a in axes]))


def test_edges_by_hand():
    instances = torch.tensor([[[0, 0, 5, 5], [0, 0, 5, 5], [0, 0, 0, 0]]])
    expected = [[0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]
    assert instance_edges(instances)[0, 0].tolist() == expected


def test_edges_see_differences_alone():
    instances = noise(6, 6, 4, 0)
    assert torch.equal(instance_edges(instances), instance_edges(instances * 1000 + 7))


def test_encode():
    ids = torch.tensor([[[0, 2]]])
    assert encode_labels(ids, None, 3).tolist() == [[[[1, 0]], [[0, 0]], [[0, 1]]]]
    with_edges = encode_labels(ids, torch.tensor([[[1, 2]]]), 3)
    assert with_edges.shape == (1, 4, 1, 2)
    assert with_edges[0, 3].tolist() == [[1, 1]]
    assert encode_labels(ids, None, 3, torch.float16).dtype == torch.float16


def test_pooling_leaves_out_the_padding():
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert halve(x)[0, 0].tolist() == [[2.5, 4.0], [8.5, 10.0]]
    assert [level.shape[-1] for level in pyramid(x, 3)] == [4, 2, 1]


def test_foreground():
    planes = one_hot(torch.tensor([[[0, 1, 2]]]), 3)
    assert foreground_mask(planes, (1, 2))[0, 0].tolist() == [[0, 1, 1]]
    assert foreground_mask(planes * 0.75, (1, 1)).max() == 1
