"""Discriminators: the reference's numbers, its layout, and the same answer for planes as for dense maps."""

from functools import partial

import pytest
import torch
from golden_cases import Agree, Case
from reference_discriminator import reference_discriminator

from maliang_video.models.labels.planes import LabelPlanes
from maliang_video.models.vid2vid.discriminator import DiscriminatorConfig, MultiscaleDiscriminator


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.mark.parity("vid2vid.discriminator_image", "vid2vid.discriminator_temporal")
def test_agrees_with_the_reference(case: Case, agree: Agree) -> None:
    discriminator = reference_discriminator(case.manifest())
    tensors = case.tensors()
    with torch.no_grad():
        copies = discriminator(tensors.pop("x"))
    ours = {f"scale{i}.layer{j}": out for i, copy in enumerate(copies) for j, out in enumerate(copy)}
    agree(ours, tensors, lambda name: max(1e-4, 5 * case.float64_difference(name)))


def test_coarser_copies_have_twice_the_filters_up_to_64():
    built = MultiscaleDiscriminator(DiscriminatorConfig(channels=5, filters=16, scales=4, strided_layers=3))
    first = [copy.layers[0][0].out_channels for copy in built.copies]
    last = [copy.layers[3][0].out_channels for copy in built.copies]
    assert first == [16, 32, 64, 64]
    assert last == [128, 256, 512, 512]


def test_fewer_strided_layers_judge_smaller_patches():
    built = MultiscaleDiscriminator(DiscriminatorConfig(channels=3, filters=2, scales=1, strided_layers=1))
    assert [list(out.shape) for out in built(torch.zeros(1, 3, 32, 64))[0]] == [
        [1, 2, 17, 33],
        [1, 4, 18, 34],
        [1, 1, 19, 35],
    ]


def test_sizes_of_the_decision_maps():
    built = MultiscaleDiscriminator(DiscriminatorConfig(channels=3, filters=2, scales=2, strided_layers=3))
    fine, coarse = built(torch.zeros(2, 3, 32, 64))
    assert [list(out.shape) for out in fine] == [
        [2, 2, 17, 33],
        [2, 4, 9, 17],
        [2, 8, 5, 9],
        [2, 16, 6, 10],
        [2, 1, 7, 11],
    ]
    assert list(coarse[-1].shape) == [2, 1, 5, 7]


def test_planes_give_what_dense_maps_give():
    torch.manual_seed(0)
    built = MultiscaleDiscriminator(DiscriminatorConfig(channels=6, filters=4, scales=2, strided_layers=3))
    planes = LabelPlanes(torch.rand(2, 3, 32, 32), torch.tensor([0, 2, 5]), 6)
    for sparse, dense in zip(built(planes), built(planes.dense()), strict=True):
        for ours, theirs in zip(sparse, dense, strict=True):
            assert torch.allclose(ours, theirs, atol=1e-5)


def test_norm_uses_the_batch_at_hand_in_evaluation_too():
    torch.manual_seed(0)
    built = MultiscaleDiscriminator(DiscriminatorConfig(channels=3, filters=4, scales=1, strided_layers=3))
    x = torch.rand(1, 3, 32, 32)
    training, evaluation = built.train()(x), built.eval()(x)
    assert torch.equal(training[0][-1], evaluation[0][-1])
    normed = built.copies[0].layers[1][0](training[0][0])  # before the norm
    mean, deviation = normed.mean((0, 2, 3), keepdim=True), normed.std((0, 2, 3), correction=0, keepdim=True)
    by_hand = torch.nn.functional.leaky_relu((normed - mean) / (deviation**2 + 1e-5).sqrt(), 0.2)
    assert torch.allclose(training[0][1], by_hand, atol=1e-5)


def test_gradients_reach_the_input_in_float64():
    torch.manual_seed(0)
    built = MultiscaleDiscriminator(
        DiscriminatorConfig(channels=2, filters=2, scales=2, strided_layers=3)
    ).double()
    x = torch.rand(1, 2, 16, 16, dtype=torch.float64, requires_grad=True)
    loss = partial(decisions, built)
    assert torch.autograd.gradcheck(loss, x, atol=1e-6, fast_mode=True)


def decisions(discriminator: MultiscaleDiscriminator, x: torch.Tensor) -> torch.Tensor:
    return torch.stack([copy[-1].square().mean() for copy in discriminator(x)]).sum()
