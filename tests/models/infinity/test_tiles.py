"""Tiles are the whole, whatever their size; what is measured is what the whole has."""

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.infinity.norm_statistics import Frozen, Recorder
from maliang_video.models.infinity.tiles import TiledDecoder, TiledEncoder, reading, sample
from maliang_video.models.infinity.tokenizer_layers import live
from maliang_video.models.infinity.windows import Box, whole

SIZES = (1, 3, 5, 8, 13)


@pytest.fixture
def codes():
    return torch.randint(0, 32, (9, 13), generator=torch.Generator().manual_seed(2))


def assembled(decoder, size):
    height, width = (side * decoder.factor for side in decoder.canvas.shape)
    picture = torch.full((1, 3, height, width), torch.nan)
    for tile in decoder.tiles(size):
        h, w = tile.pixels.shape[2:]
        picture[:, :, tile.top : tile.top + h, tile.left : tile.left + w] = tile.pixels
    return picture


@pytest.mark.parametrize(
    "changes", [{}, {"middle_attention": False, "deepest_attention": False}, {"blocks": 2}]
)
@torch.inference_mode()
def test_decoded_tiles_equal_the_whole(make, codes, changes):
    tokenizer = make(**changes)
    picture = tokenizer.decode(codes[None])
    assert picture.std() > 0.1
    for size in SIZES:
        torch.testing.assert_close(
            assembled(TiledDecoder(tokenizer, codes), size), picture, atol=1e-4, rtol=0
        )
    bands = torch.cat(list(TiledDecoder(tokenizer, codes).bands(rows=4, size=11)), 2)
    torch.testing.assert_close(bands, picture, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_one_cell_less_of_halo_would_show(make, codes):
    """The halo is as small as it can be: a tile without its outermost cells differs."""
    tokenizer = make()
    decoder = TiledDecoder(tokenizer, codes, statistics=TiledDecoder(tokenizer, codes).statistics)
    whole_picture = tokenizer.decode(codes[None])
    decoder._halo -= 1
    assert (decoder.region(Box(4, 5, 5, 6)) - whole_picture[:, :, 16:20, 20:24]).abs().max() > 1e-4


@torch.inference_mode()
def test_tiles_that_normalise_by_themselves_have_seams(make, codes):
    """What frozen statistics are for."""
    tokenizer = make()
    decoder = TiledDecoder(tokenizer, codes, statistics=TiledDecoder(tokenizer, codes).statistics)
    decoder._normalize = live
    assert (assembled(decoder, 4) - tokenizer.decode(codes[None])).square().mean().sqrt() > 0.02


@pytest.mark.parametrize("changes", [{}, {"middle_attention": False, "deepest_attention": False}])
@torch.inference_mode()
def test_encoded_tiles_equal_the_whole(make, changes):
    tokenizer = make(**changes)
    picture = torch.rand(3, 36, 52, generator=torch.Generator().manual_seed(3)) * 2 - 1
    latent, codes = tokenizer.latent(picture[None]), tokenizer.encode(picture[None])[0]
    measured = TiledEncoder(tokenizer, reading(picture), (36, 52))
    assert torch.equal(measured.whole(), codes)
    for size in SIZES:
        encoder = TiledEncoder(
            tokenizer, reading(picture), (36, 52), tile=size, statistics=measured.statistics
        )
        torch.testing.assert_close(encoder.latent(encoder.canvas), latent, atol=1e-4, rtol=0)
        assert torch.equal(encoder.whole(), codes)


class TestLargeCanvases:
    """More cells than one window, and than are measured."""

    @torch.inference_mode()
    def test_every_part_is_the_same_however_it_is_cut(self, make):
        tokenizer = make()
        codes = torch.randint(0, 32, (34, 50), generator=torch.Generator().manual_seed(2))
        decoder = TiledDecoder(tokenizer, codes, window=32, measured=400)
        picture = decoder.region(decoder.canvas)
        again = TiledDecoder(tokenizer, codes, window=32, statistics=decoder.statistics)
        for size in (7, 33):
            torch.testing.assert_close(assembled(again, size), picture, atol=1e-4, rtol=0)

    @torch.inference_mode()
    def test_the_picture_is_near_that_of_the_whole_and_has_no_seam(self, make):
        """Attention reaches as far as its window and four places are measured: near, not equal. Tiles alone are far."""
        tokenizer = make()
        codes = torch.randint(0, 32, (34, 50), generator=torch.Generator().manual_seed(2))
        picture = tokenizer.decode(codes[None])
        large = TiledDecoder(tokenizer, codes, window=32, measured=600)
        assert (large.region(large.canvas) - picture).square().mean().sqrt() < 0.25 * picture.std()
        boxes = [Box(top, left, top + 8, left + 8) for top in range(0, 32, 8) for left in range(0, 48, 8)]
        alone = [tokenizer.decode(box.of(codes, whole(34, 50))[None])[0] for box in boxes]
        there = torch.stack([box.of(picture, whole(34, 50), 4)[0] for box in boxes])
        assert (torch.stack(alone) - there).square().mean().sqrt() > 0.5 * picture.std()

    @torch.inference_mode()
    def test_without_attention_measuring_all_gives_the_whole(self, make):
        tokenizer = make(middle_attention=False, deepest_attention=False)
        codes = torch.randint(0, 32, (34, 50), generator=torch.Generator().manual_seed(2))
        whole_picture = tokenizer.decode(codes[None])
        statistics = recorded(tokenizer, codes)
        decoder = TiledDecoder(tokenizer, codes, window=32, statistics=statistics)
        torch.testing.assert_close(assembled(decoder, 16), whole_picture, atol=1e-4, rtol=0)

    @torch.inference_mode()
    def test_large_pictures_are_encoded_alike_however_they_are_read(self, make):
        tokenizer = make()
        picture = torch.rand(3, 136, 200, generator=torch.Generator().manual_seed(3)) * 2 - 1
        first = TiledEncoder(tokenizer, reading(picture), (136, 200), window=32, measured=400, tile=16)
        latent = first.latent(first.canvas)
        for tile in (11, 32):
            other = TiledEncoder(
                tokenizer, reading(picture), (136, 200), window=32, statistics=first.statistics, tile=tile
            )
            torch.testing.assert_close(other.latent(other.canvas), latent, atol=1e-4, rtol=0)
        same = (first.whole() == tokenizer.encode(picture[None])[0]).float().mean()
        assert same > 0.8, "nearly the codes of the whole"


def recorded(tokenizer, codes):
    """Statistics of a canvas that is decoded at once."""
    decoder = tokenizer.decoder
    recorder = Recorder(decoder, tuple(codes.shape), (0, 0))
    decoder.above_cells(decoder.at_cells(tokenizer.embed(codes[None]), recorder), recorder)
    return recorder.statistics


def test_statistics_by_hand():
    norm = torch.nn.GroupNorm(2, 4, eps=0.0)
    norm.weight.data.copy_(torch.tensor([1.0, 2, 3, 4]))
    norm.bias.data.copy_(torch.tensor([0.0, 0, 0, 10]))
    network = torch.nn.Sequential(norm)
    x = torch.zeros(1, 4, 2, 4)
    x[0, 2:, :, 1:3] = torch.tensor([1.0, 5.0])  # mean 3, variance 4 without the first and the last column
    x[0, :2, 0, 1:3] = 2
    recorder = Recorder(network, (2, 4), (0, 1))
    recorder(norm, x)
    assert recorder.statistics["0"].tolist() == [[1, 3], [1, 4]]
    result = Frozen(network, recorder.statistics)(norm, torch.ones(1, 4, 1, 1))
    assert result.flatten().tolist() == [0, 0, -3, 6]
    with pytest.raises(ValueError, match=r"statistics: 1 \[2, 2\] is no group norm"):
        Frozen(network, {"1": torch.zeros(2, 2)})


def test_what_is_measured():
    assert sample(whole(30, 40), 1200, 7) == [whole(30, 40)]
    boxes = sample(whole(128, 2432), 2304, 7)
    assert [box.shape for box in boxes] == [(24, 24)] * 4
    assert len({box.top for box in boxes}) == len({box.left for box in boxes}) == 4
    assert [box.shape for box in sample(whole(8, 2432), 2304, 7)] == [(8, 72)] * 4
    assert [box.shape for box in sample(whole(1000, 1000), 100, 7)] == [(21, 21)] * 4


def test_memory_does_not_grow_with_the_canvas(make, peak):
    tokenizer = make()
    most = []
    for columns in (100, 200):
        codes = torch.zeros(20, columns, dtype=torch.uint8)
        counter = type(peak)()
        with counter, torch.inference_mode():
            for _ in TiledDecoder(tokenizer, codes, window=32, measured=400).tiles(20):
                pass
        most.append(counter.most)
    assert most[1] < 1.02 * most[0]


@pytest.mark.parametrize("box", [Box(0, 0, 10, 3), Box(-1, 0, 3, 3), Box(3, 3, 3, 5)])
def test_a_region_that_is_not_there(make, codes, box):
    with pytest.raises(InputError, match="no part of a canvas of 13x9 cells"):
        TiledDecoder(make(), codes).region(box)
    with pytest.raises(InputError, match="no part of a canvas of 13x9 cells"):
        TiledEncoder(make(), reading(torch.zeros(3, 36, 52)), (36, 52)).region(box)


def test_a_picture_with_a_part_of_a_cell(make):
    with pytest.raises(InputError, match="take 32x24"):
        TiledEncoder(make(), reading(torch.zeros(3, 25, 32)), (25, 32))
