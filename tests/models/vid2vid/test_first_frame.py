"""First-frame networks, and the styles of a face's parts."""

from dataclasses import replace

import pytest
import torch

from maliang_video.models.labels.encoding import halve, one_hot
from maliang_video.models.labels.planes import LabelPlanes, dense_planes, label_planes
from maliang_video.models.vid2vid.first_frame import (
    EnhancedFirstFrame,
    StyledFirstFrame,
    build_first_frame,
    nearest_style,
)
from maliang_video.models.vid2vid.parts import StyleEncoder, paint_style, part_means


@pytest.fixture
def labels() -> LabelPlanes:
    ids = torch.randint(6, (1, 16, 24), generator=torch.Generator().manual_seed(0))
    return label_planes(ids, None, 6, torch.float32)


@pytest.mark.parametrize("kind", ["global", "enhancer"])
def test_a_picture_from_labels_in_range(first_frame, labels, kind):
    network = build_first_frame(replace(first_frame, kind=kind, enhancer_blocks=1))
    picture = network(labels)
    assert picture.shape == (1, 3, 16, 24)
    assert 0 < picture.abs().max() <= 1
    assert torch.allclose(network(dense_planes(labels.dense())), picture, atol=1e-5)  # empty planes or none


def test_the_enhancer_adds_to_the_global_network_at_half_size(first_frame, labels):
    network = EnhancedFirstFrame(replace(first_frame, kind="enhancer", enhancer_blocks=1))
    small = network.network(halve(labels.dense()))
    whole = network.encoder(labels.dense())
    assert small.shape == whole.shape == (1, 4, 8, 12)
    expected = torch.tanh(network.to_image(network.decoder(small + whole)))
    assert torch.allclose(network(labels), expected, atol=1e-5)


def test_the_style_map_shows_in_the_picture(first_frame, labels):
    config = replace(first_frame, kind="styled", style_channels=3, encoder_filters=2, encoder_downsamplings=1)
    network = StyledFirstFrame(config)
    styles = torch.randn(2, 3, generator=torch.Generator().manual_seed(1))
    parts = (torch.arange(24) > 11).long().expand(1, 16, 24)
    one, other = (network(labels, paint_style(parts, s)) for s in (styles, styles.flip(0)))
    assert one.shape == (1, 3, 16, 24)
    assert (one - other).abs().mean() > 0.01


def test_the_style_encoder_keeps_the_size():
    features = StyleEncoder(5, 2, 2)(torch.rand(1, 3, 16, 24) * 2 - 1)
    assert features.shape == (1, 5, 16, 24)
    assert features.abs().max() <= 1


def test_means_are_taken_over_each_part():
    features = torch.tensor([[[1.0, 3.0], [5.0, 7.0]], [[0.0, 0.0], [2.0, 8.0]]])
    parts = torch.tensor([[0, 0], [2, 2]])
    assert part_means(features, parts, 3).tolist() == [[2.0, 0.0], [0.0, 0.0], [6.0, 5.0]]


def test_every_pixel_is_painted_with_its_parts_style():
    parts = torch.tensor([[[0, 1], [1, 2]]])
    styles = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    painted = paint_style(parts, styles)
    assert painted.shape == (1, 2, 2, 2)
    assert painted[0, 0].tolist() == [[1.0, 2.0], [2.0, 3.0]]
    assert torch.equal(painted, torch.einsum("bkhw,kc->bchw", one_hot(parts, 3), styles))
    assert torch.equal(part_means(painted[0], parts[0], 3), styles)


def test_the_nearest_style_is_nearest_over_all_parts_together():
    means = torch.tensor([[0.0], [0.0]])
    known = torch.tensor([[[0.0], [3.0]], [[2.0], [2.0]], [[-9.0], [0.0]]])
    everything = torch.tensor([True, True])
    assert nearest_style(means, known, everything) == 1


def test_parts_that_the_picture_lacks_are_not_compared():
    means = torch.tensor([[0.0], [0.0]])
    known = torch.tensor([[[0.0], [3.0]], [[2.0], [2.0]], [[-9.0], [0.0]]])
    assert nearest_style(means, known, torch.tensor([True, False])) == 0
    assert nearest_style(means, known, torch.tensor([False, True])) == 2
