"""The discriminator of StyleGAN2: its sizes, its deviation plane, the strength of its signals."""

import pytest
import torch

from maliang_video.models.faces.stylegan2.discriminator import (
    Discriminator,
    DiscriminatorConfig,
    DownBlock,
    with_deviation,
)


@pytest.fixture
def judge() -> Discriminator:
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        return Discriminator(DiscriminatorConfig(channels=(8, 6, 4), group=2))


def test_a_score_for_every_picture(judge):
    assert judge.config.resolution == 16
    scores = judge(torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
    assert scores.shape == (4,)
    assert scores.dtype == torch.float32
    with pytest.raises(ValueError, match=r"expected \[b 3 16 16\], got \[4, 3, 8, 16\]"):
        judge(torch.zeros(4, 3, 8, 16))


def test_a_picture_is_judged_beside_its_group_alone(judge):
    pictures = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    before = judge(pictures)
    pictures[1] = 0  # picture 1 belongs with picture 3
    after = judge(pictures)
    changed = (before != after).tolist()
    assert changed == [False, True, False, True]


def test_the_deviation_of_a_group():
    x = torch.zeros(4, 2, 4, 4)
    x[0], x[2] = 1.0, 3.0  # group (0, 2): deviation 1; group (1, 3): none
    plane = with_deviation(x, 2)
    assert plane.shape == (4, 3, 4, 4)
    assert torch.equal(plane[:, :2], x)
    assert plane[:, 2].mean((1, 2)).tolist() == pytest.approx([1, 1e-4, 1, 1e-4], abs=1e-6)
    assert with_deviation(x[:3], 2)[:, 2].max() == pytest.approx(1e-4)  # three pictures: each for itself


def test_blocks_keep_the_variance():
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        block = DownBlock(32, 48)
        smooth = torch.nn.functional.interpolate(torch.randn(4, 32, 8, 8), scale_factor=4.0, mode="bilinear")
    out = block(smooth / smooth.std())
    assert out.shape == (4, 48, 16, 16)
    assert 0.5 < float(out.detach().std()) < 1.5


def test_gradients_of_gradients(judge):
    exact = judge.double()
    pictures = torch.randn(1, 3, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    assert torch.autograd.gradgradcheck(
        lambda scale: exact(pictures * scale), (torch.ones(1, dtype=torch.float64, requires_grad=True),)
    )
