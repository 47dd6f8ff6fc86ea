"""Blended tiles have no jump at their borders, whatever the decoder."""

import torch

from maliang_video.models.infinity.tiles_blended import BlendedDecoder
from maliang_video.models.infinity.windows import Box


def drifting(codes):
    """A foreign decoder (f2) whose brightness hangs on its tile's mean, as group norm's does."""
    pixels = codes.float().repeat_interleave(2, 1).repeat_interleave(2, 2)[:, None].expand(-1, 3, -1, -1)
    return pixels * 0 + codes.float().mean()


CODES = torch.arange(60).repeat(20, 1)


def test_a_drift_becomes_a_slope():
    decoder = BlendedDecoder(drifting, CODES, factor=2, tile=16, overlap=8)
    picture = decoder.region(Box(0, 0, 20, 60))
    assert picture.shape == (1, 3, 40, 120)
    steps = picture[0, 0, 0].diff()
    apart = torch.cat([drifting(CODES[None, :, left : left + 15]) for left in range(0, 60, 15)], 3)
    assert apart[0, 0, 0].diff().max() == 15
    assert 0 < steps.max() < 1.5
    assert steps.min() > -1e-4


def test_a_decoder_that_does_not_drift_is_left_as_it_is():
    def plain(codes):
        return codes.float()[:, None].repeat(1, 3, 1, 1)

    decoder = BlendedDecoder(plain, CODES, factor=1, tile=16, overlap=4)
    for tile in decoder.tiles(7):
        expected = CODES[tile.top : tile.top + 7, tile.left : tile.left + 7].float()
        torch.testing.assert_close(tile.pixels[0, 1], expected)
