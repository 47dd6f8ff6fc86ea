"""The filter 1-3-3-1: what it does to pictures that grow."""

import torch
import torch.nn.functional as F

from maliang_video.models.layers.binomial import binomial_kernel, doubled, smooth


def test_kernel():
    assert binomial_kernel().sum() == 1
    assert binomial_kernel(4.0)[1].tolist() == [3 / 16, 9 / 16, 9 / 16, 3 / 16]


def test_doubled_is_zeros_between_the_pixels_then_the_filter():
    picture = torch.randn(2, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    spread = torch.zeros(2, 3, 8, 12)
    spread[:, :, ::2, ::2] = picture
    padded = F.pad(spread, (2, 1, 2, 1)).reshape(6, 1, 11, 15)
    expected = F.conv2d(padded, binomial_kernel(4.0)[None, None]).reshape(2, 3, 8, 12)
    torch.testing.assert_close(doubled(picture), expected)


def test_a_flat_picture_stays_flat_inside_and_fades_at_the_border():
    wide = doubled(torch.ones(1, 1, 4, 4))[0, 0]
    assert wide[1:-1, 1:-1].tolist() == torch.ones(6, 6).tolist()
    assert wide[0, 3] == 0.75
    assert wide[0, 0] == 0.75**2


def test_smooth_filters_each_channel_alone():
    x = torch.zeros(1, 2, 5, 5)
    x[0, 1, 2, 2] = 1
    y = smooth(x, binomial_kernel())
    assert y.shape == (1, 2, 4, 4)
    assert not y[0, 0].any()
    torch.testing.assert_close(y[0, 1], binomial_kernel())
