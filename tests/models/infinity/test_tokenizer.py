"""The tokenizer's sizes, its codes, and what it refuses."""

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.infinity.tokenizer import Tokenizer
from maliang_video.models.infinity.tokenizer_config import published_config


@pytest.fixture
def picture():
    return torch.rand(2, 3, 24, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize(
    ("arguments", "millions"), [((1024, 256), 72.14), ((16384, 256), 76.07), ((16384, 8, True), 71.88)]
)
def test_published_networks_have_the_published_size(arguments, millions):
    with torch.device("meta"):
        tokenizer = Tokenizer(published_config(*arguments))
    assert sum(p.numel() for p in tokenizer.parameters()) / 1e6 == pytest.approx(millions, abs=0.005)
    config = tokenizer.config
    assert (config.factor, config.decoder_halo, config.latent_reach) == (16, 7, 11)


def test_shapes_and_numbers(make, picture):
    tokenizer = make()
    indices = tokenizer.encode(picture)
    assert indices.shape == (2, 6, 8)
    assert indices.dtype == torch.int64
    assert len(indices.unique()) > 5
    assert tokenizer.decode(indices).shape == picture.shape
    assert torch.equal(tokenizer(picture), tokenizer.decode(indices))


def test_a_batch_is_its_pictures(make, picture):
    tokenizer = make()
    for one, many in zip(picture.split(1), tokenizer.encode(picture).split(1), strict=True):
        assert torch.equal(tokenizer.encode(one), many)
        torch.testing.assert_close(tokenizer.decode(many), tokenizer(one))


def test_codes_of_length_one(make, picture):
    """Neither the length of a latent nor that of a code matters then, to what is chosen and to what is decoded."""
    tokenizer = make(unit_codes=True)
    latent = tokenizer.latent(picture)
    indices, decoded = tokenizer.nearest(latent), tokenizer(picture)
    assert torch.equal(tokenizer.nearest(latent * 3), indices)
    tokenizer.codes *= torch.linspace(0.5, 4, 32)[:, None]
    assert torch.equal(tokenizer.nearest(latent), indices)
    torch.testing.assert_close(tokenizer.decode(indices), decoded)
    plain = make()
    before = plain.nearest(latent)
    plain.codes *= torch.linspace(0.5, 4, 32)[:, None]
    assert not torch.equal(plain.nearest(latent), before)


@pytest.mark.parametrize(
    ("size", "offered"), [((24, 30), "30x24 .* take 32x24"), ((3, 32), "32x3 .* take 32x4")]
)
def test_a_picture_with_a_part_of_a_cell(make, size, offered):
    with pytest.raises(InputError, match=offered):
        make().encode(torch.zeros(1, 3, *size))


def test_zeros_are_put_to_the_right_and_below(make):
    """Half the size by hand: the stride-2 convolution looks at its own pixel and at those after it."""
    halve = make().encoder.halves[0]
    halve.weight.zero_()
    halve.bias.zero_()
    halve.weight[0, 0] = torch.tensor([[1.0, 10, 100], [0, 0, 0], [0, 0, 1000]])
    x = torch.arange(16.0).view(1, 1, 4, 4).repeat(1, 4, 1, 1) + 1
    first = 1 + 20 + 300 + 11000  # pixels are numbered from 1, row after row
    right = 3 + 40  # nothing stands to the right of the fourth column
    below = 9 + 100 + 1100
    assert halve(x)[0, 0].tolist() == [[first, right], [below, 11 + 120]]
