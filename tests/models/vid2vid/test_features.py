"""Instance features: means over instances, painted; what they do in the generator, and what none of them costs."""

from dataclasses import replace

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.labels.encoding import halve
from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.vid2vid.config import FeatureConfig
from maliang_video.models.vid2vid.features import find_instances, instance_means, paint_features
from maliang_video.models.vid2vid.rollout import synthesize

FEATURES = FeatureConfig(channels=3, filters=2, downsamplings=2)
IDS = torch.tensor([[[1, 1, 2], [5, 5, 5]], [[1, 2, 2], [5, 5, 5]]], dtype=torch.uint8)
NUMBERS = torch.tensor([[[0, 0, -1], [7, 7, 2**31 - 1]], [[0, 3, 3], [7, 7, 7]]], dtype=torch.int32)


def test_an_instance_is_a_class_with_a_number_in_a_frame():
    found = find_instances(IDS, NUMBERS)
    rows = list(zip(found.frames.tolist(), found.classes.tolist(), found.numbers.tolist(), strict=True))
    assert rows == [(0, 1, 0), (0, 2, -1), (0, 5, 7), (0, 5, 2**31 - 1), (1, 1, 0), (1, 2, 3), (1, 5, 7)]
    assert found.places.tolist() == [[[0, 0, 1], [2, 2, 3]], [[4, 5, 5], [6, 6, 6]]]


def test_without_numbers_a_class_is_one_instance():
    found = find_instances(IDS, None)
    assert found.classes.tolist() == [1, 2, 5, 1, 2, 5]
    assert found.numbers.unique().tolist() == [0]


def test_means_are_taken_over_instances_and_painted_back():
    features = torch.tensor([[1.0, 3.0, 4.0], [10.0, 20.0, 7.0]]).expand(2, 2, 2, 3) * torch.tensor(
        [1.0, -2.0]
    ).view(1, 2, 1, 1)
    painted = paint_features(features, IDS, NUMBERS)
    assert painted[0, 0].tolist() == [[2, 2, 4], [15, 15, 7]]
    assert painted[0, 1].tolist() == [[-4, -4, -8], [-30, -30, -14]]
    assert painted[1, 0, 0].tolist() == [1, 3.5, 3.5]
    assert painted[1, 0, 1].tolist() == pytest.approx([37 / 3] * 3)


def test_gradients_reach_every_pixel_by_its_share():
    features = torch.zeros(2, 1, 2, 3, dtype=torch.float64, requires_grad=True)
    means = instance_means(features, find_instances(IDS, NUMBERS))
    means[:, 0].sum().backward()
    assert features.grad[0, 0].tolist() == [[0.5, 0.5, 1], [0.5, 0.5, 1]]
    assert features.grad[1, 0].flatten().tolist() == pytest.approx([1, 0.5, 0.5, 1 / 3, 1 / 3, 1 / 3])


def test_what_an_instance_looks_like_joins_the_planes_of_every_scale(make, clip):
    generator = make(instance_features=FEATURES)
    config = generator.config
    assert (config.label_channels, config.encoded_channels) == (7, 10)
    assert generator.scales[0].labels.stem.conv.weight.shape[1] == 30
    frame = clip(1)[0]
    features = torch.rand(3, 16, 24) * 2 - 1
    fine, coarse = generator.encode(replace(frame, features=features))
    plain_fine, plain_coarse = make().encode(frame)
    assert torch.equal(fine.dense()[:, :7], plain_fine.dense())
    assert torch.equal(fine.dense()[0, 7:], features)
    assert torch.equal(coarse.dense()[:, :7], plain_coarse.dense())
    assert torch.equal(coarse.dense()[:, 7:], halve(features[None]))


def test_no_features_are_no_planes_and_the_same_as_zeros(make, clip):
    generator = make(instance_features=FEATURES)
    frame = clip(1)[0]
    nothing, zeros = (generator.encode(replace(frame, features=f)) for f in (None, torch.zeros(3, 16, 24)))
    assert [len(level.channels) for level in nothing] == [len(level.channels) - 3 for level in zeros]
    assert all(torch.equal(a.dense(), b.dense()) for a, b in zip(nothing, zeros, strict=True))


def test_features_of_pictures_say_what_instances_look_like(make, clip):
    generator = make(instance_features=FEATURES)
    frame = clip(1)[0]
    ids, numbers = frame.ids[None], frame.instances[None]
    picture = torch.rand(1, 3, 16, 24) * 2 - 1
    features = generator.features_of(picture, ids, numbers)
    assert features.shape == (1, 3, 16, 24)
    assert torch.equal(features, paint_features(generator.feature_encoder(picture), ids, numbers))
    with pytest.raises(InputError, match="takes no instance features"):
        make().features_of(picture, ids, numbers)


def test_features_change_what_is_painted_where_they_are(make, clip):
    generator = make(instance_features=FEATURES, foreground=(), foreground_filters=0)
    frames = clip(3)
    paint = torch.zeros(3, 16, 24)
    paint[:, :, :6] = 1
    plain = [s.frame for s in synthesize(generator, frames)]
    asked = [s.frame for s in synthesize(generator, [replace(f, features=paint) for f in frames])]
    assert all((a - b).abs().mean() > 1e-3 for a, b in zip(plain, asked, strict=True))


def test_features_that_do_not_fit_are_refused(make, clip):
    frame = clip(1)[0]
    with pytest.raises(
        InputError, match=r"expected 3 numbers an instance for 24x16 pixels, got \[2, 16, 24\]"
    ):
        make(instance_features=FEATURES).encode(replace(frame, features=torch.zeros(2, 16, 24)))
    with pytest.raises(InputError, match="expected 0 numbers"):
        make().encode(LabelFrame(frame.ids, frame.instances, torch.zeros(2, 16, 24)))


def test_sizes_must_fit_the_encoder(make):
    config = make(instance_features=FeatureConfig(3, 2, 4)).config
    assert config.size_multiple == 16
