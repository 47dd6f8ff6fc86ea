"""The simplest pictures, worked out by hand."""

import pytest
import torch

from maliang_video.training.baselines import FlatColors, MeanPictures, mean_colors, mean_pictures


def clip(style: int, ids: list[int], grey: list[float]) -> dict[str, torch.Tensor]:
    return {
        "ids": torch.tensor(ids, dtype=torch.uint8).reshape(1, 1, 2),
        "pictures": torch.tensor(grey).expand(3, 2).reshape(1, 3, 1, 2),
        "style": torch.eye(4)[style],
    }


CLIPS = [clip(0, [7, 7], [0.2, 0.4]), clip(0, [7, 23], [0.9, -0.5]), clip(2, [7, 23], [-1.0, 1.0])]


def test_mean_colours_are_means_over_a_class_in_a_style():
    colors = mean_colors(CLIPS, 4)
    assert colors.shape == (4, 256, 3)
    assert colors[0, 7].tolist() == pytest.approx([0.5] * 3)
    assert colors[0, 23].tolist() == pytest.approx([-0.5] * 3)
    assert colors[2, 7].tolist() == pytest.approx([-1.0] * 3)
    assert not colors[1].any()


def test_every_class_is_painted_in_its_colour():
    (picture,) = FlatColors(CLIPS, 4)(clip(0, [23, 7], [0.0, 0.0]))
    assert picture.shape == (1, 3, 1, 2)
    assert picture[0, 1, 0].tolist() == pytest.approx([-0.5, 0.5])


def test_mean_pictures_are_means_over_a_style():
    pictures = mean_pictures(CLIPS, 4)
    assert pictures.shape == (4, 3, 1, 2)
    assert pictures[0, 0, 0].tolist() == pytest.approx([0.55, -0.05])
    assert not pictures[1].any()
    (picture,) = MeanPictures(CLIPS, 4)(clip(2, [0, 0], [0.0, 0.0]))
    assert torch.equal(picture, CLIPS[2]["pictures"])
