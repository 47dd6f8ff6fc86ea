"""Label planes say the same as one-hot maps, with fewer channels."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from maliang_video.errors import InputError
from maliang_video.models.labels.encoding import encode_labels, foreground_mask, halve
from maliang_video.models.labels.planes import (
    LabelPlanes,
    convolve_planes,
    dense_planes,
    join_planes,
    label_planes,
)

CLASSES = 9


@st.composite
def label_maps(draw, clips: int = 3) -> torch.Tensor:
    """`[b h w]` uint8 with few of the classes, in blocks."""
    present = draw(st.lists(st.integers(0, CLASSES - 1), min_size=1, max_size=4, unique=True))
    shape = draw(st.integers(1, clips)), draw(st.integers(4, 9)), draw(st.integers(4, 9))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    return torch.tensor(present, dtype=torch.uint8)[torch.randint(len(present), shape, generator=generator)]


@settings(max_examples=25, deadline=None)
@given(label_maps(), st.booleans())
def test_dense_planes_are_the_one_hot_encoding(ids, edges):
    instances = ids.to(torch.int32) * 7 if edges else None
    planes = label_planes(ids, instances, CLASSES, torch.float32)
    assert torch.equal(planes.dense(), encode_labels(ids, instances, CLASSES))
    assert planes.values.shape[1] == len(ids.unique()) + edges
    assert planes.total == CLASSES + edges
    assert planes.size == tuple(ids.shape[1:])


@settings(max_examples=15, deadline=None)
@given(label_maps())
def test_halving_keeps_the_meaning(ids):
    planes = label_planes(ids, ids.int(), CLASSES, torch.float32)
    soft = halve(encode_labels(ids, ids.int(), CLASSES))
    assert torch.equal(planes.halved().dense(), soft)
    assert torch.equal(planes.halved().halved().dense(), halve(soft))


@settings(max_examples=15, deadline=None)
@given(st.lists(label_maps(clips=1), min_size=2, max_size=3))
def test_joined_planes_are_concatenated_encodings(maps):
    size = min(m.shape[1] for m in maps), min(m.shape[2] for m in maps)
    maps = [m[:, : size[0], : size[1]] for m in maps]
    joined = join_planes([label_planes(m, m.int(), CLASSES, torch.float32) for m in maps])
    assert torch.equal(joined.dense(), torch.cat([encode_labels(m, m.int(), CLASSES) for m in maps], 1))
    assert torch.equal(joined.channels, joined.channels.sort().values)


@settings(max_examples=15, deadline=None)
@given(label_maps(), st.sampled_from(["reflect", "zeros"]), st.booleans())
def test_convolving_planes_is_convolving_the_one_hot_map(ids, border, pooled):
    planes = label_planes(ids, ids.int(), CLASSES, torch.float32)
    if pooled:
        planes = planes.halved()
    conv = nn.Conv2d(CLASSES + 1, 3, 3, padding=1, padding_mode=border)
    assert torch.allclose(convolve_planes(conv, planes), conv(planes.dense()), atol=1e-5)


def test_gradients_reach_the_weights_of_the_channels_that_are_there():
    ids = torch.tensor([[[0, 0, 2], [0, 2, 2], [0, 0, 2]]])
    conv = nn.Conv2d(4, 2, 3, padding=1, padding_mode="reflect")
    convolve_planes(conv, label_planes(ids, None, 4, torch.float32)).sum().backward()
    reached = conv.weight.grad.abs().sum((0, 2, 3)) > 0
    assert reached.tolist() == [True, False, True, False]


def test_the_first_channels_leave_the_edges_out():
    ids = torch.tensor([[[1, 1], [1, 3]]])
    planes = label_planes(ids, ids.int(), 5, torch.float32)
    assert planes.total == 6
    assert torch.equal(planes.first(5).dense(), encode_labels(ids, None, 5))
    assert planes.first(3).channels.tolist() == [1]


def test_the_share_of_classes_is_the_sum_of_their_planes():
    ids = torch.tensor([[[1, 1, 2, 2], [1, 4, 4, 2], [1, 1, 4, 2], [0, 0, 0, 0]]])
    planes = label_planes(ids, None, 5, torch.float32).halved()
    soft = halve(encode_labels(ids, None, 5))
    assert torch.allclose(planes.share((4, 1)), foreground_mask(soft, (4, 1)))
    assert planes.share((4, 1)).shape == (1, 1, 2, 2)
    assert torch.equal(planes.share((3, 4)), planes.share((4,)))
    assert planes.share((3,)) is None


def test_drawn_maps_keep_all_their_channels():
    maps = torch.rand(2, 3, 4, 4)
    assert torch.equal(dense_planes(maps).dense(), maps)


@pytest.mark.parametrize("wrong", [5, 200])
def test_an_unknown_class_is_refused_by_its_number(wrong):
    ids = torch.tensor([[[0, 1], [wrong, 2]]], dtype=torch.uint8)
    with pytest.raises(
        InputError, match=f"class id {wrong} is unknown to this network, which knows ids 0 to 4"
    ):
        label_planes(ids, None, 5, torch.float32)


def test_a_negative_class_is_refused():
    with pytest.raises(InputError, match="class id -1 is unknown"):
        label_planes(torch.tensor([[[0, -1]]], dtype=torch.int16), None, 5, torch.float32)


def test_planes_have_the_type_that_was_asked_for():
    planes: LabelPlanes = label_planes(
        torch.zeros(1, 2, 2, dtype=torch.uint8), torch.zeros(1, 2, 2), 3, torch.bfloat16
    )
    assert planes.values.dtype == torch.bfloat16
    assert planes.halved().values.dtype == torch.bfloat16
