import numpy as np
import pytest
import torch

from maliang_video.media.pixels import from_image, to_file, to_image, to_model

ALL = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)


def test_every_value_survives_the_way_to_the_model_and_back():
    assert np.array_equal(to_file(to_model(ALL)), ALL)


def test_every_value_survives_the_way_through_an_image():
    image = to_image(to_model(ALL)[None])
    assert np.array_equal(to_file(from_image(image)[0]), ALL)


def test_ranges_and_layouts():
    pixels = np.array([[[0, 255, 51], [255, 0, 102]]], np.uint8)
    model = to_model(pixels)
    assert model.shape == (3, 1, 2)
    assert model.dtype == torch.float32
    torch.testing.assert_close(model[:, 0, 0], torch.tensor([-1.0, 1.0, -0.6]))
    image = to_image(model[None])
    assert image.shape == (1, 1, 2, 3)
    torch.testing.assert_close(image[0, 0, 1], torch.tensor([1.0, 0.0, 0.4]))


def test_to_file_rounds_and_clamps():
    values = torch.tensor([-7.0, -1.0, 0.0, 0.0031, 1.0, 9.0, float("nan")])
    pixels = to_file(values.expand(3, 1, 7))
    assert pixels[0, :, 0].tolist() == [0, 0, 128, 128, 255, 255, 0]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_to_file_takes_any_float(dtype):
    assert to_file(torch.full((3, 2, 2), 0.5, dtype=dtype)).tolist() == [[[191] * 3] * 2] * 2


def test_from_image_leaves_alpha_out():
    image = torch.tensor([[[[0.0, 0.5, 1.0, 0.3]]]])
    torch.testing.assert_close(from_image(image), torch.tensor([[[[-1.0]], [[0.0]], [[1.0]]]]))


def test_to_model_takes_views():
    assert torch.equal(to_model(ALL[::-1, ::2]), to_model(ALL[::-1, ::2].copy()))
