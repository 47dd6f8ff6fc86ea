"""The network that reads labels off pictures: sizes, classes, and that it can learn to."""

import pytest
import torch
import torch.nn.functional as F

from maliang_video.models.labels.reader import LabelReader, ReaderConfig

CONFIG = ReaderConfig(palette="cityscapes", classes=(7, 23, 26), widths=(4, 6, 8, 10), blocks=1, height=32)


@pytest.fixture
def reader() -> LabelReader:
    torch.manual_seed(0)
    return LabelReader(CONFIG).eval()


def pictures(height: int, width: int, count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_what_comes_out(reader):
    reading = reader(pictures(16, 24))
    assert reading.scores.shape == (2, 3, 16, 24)
    assert reading.fine.shape == (2, 4, 16, 24)
    assert reading.coarse.shape == (2, 10, 2, 3)
    assert reading.fine.min() >= 0
    assert reading.coarse.min() >= 0
    torch.testing.assert_close(reading.scores, reader.to_scores(reading.fine))


def test_the_likeliest_class_by_its_id(reader):
    scores = torch.tensor([[0.1, 0.2, 3.0], [2.0, 0.0, -1.0], [0.0, 5.0, 4.0]]).T.reshape(1, 3, 1, 3)
    assert reader.ids(scores).tolist() == [[[26, 7, 23]]]


@pytest.mark.parametrize("size", [(13, 21), (1, 1), (8, 9)])
def test_any_size_is_continued_at_the_right_and_at_the_bottom(reader, size):
    picture = pictures(*size)
    height, width = -size[0] % 8, -size[1] % 8
    whole = reader(F.pad(picture, (0, width, 0, height), mode="replicate"))
    reading = reader(picture)
    assert reading.scores.shape[2:] == size
    torch.testing.assert_close(reading.scores, whole.scores[..., : size[0], : size[1]])
    torch.testing.assert_close(reading.coarse, whole.coarse)


def test_one_picture_does_not_change_what_is_read_off_another(reader):
    both = pictures(16, 16)
    torch.testing.assert_close(reader(both).scores[:1], reader(both[:1]).scores, rtol=1e-4, atol=1e-5)


def test_every_layer_matters():
    torch.manual_seed(0)
    reader = LabelReader(CONFIG)
    reader(pictures(16, 16)).scores.square().mean().backward()
    assert all(p.grad is not None and p.grad.any() for p in reader.parameters())
