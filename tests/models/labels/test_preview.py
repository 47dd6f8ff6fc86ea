import numpy as np
import pytest
import torch

from maliang_video.models.labels.palette import LabelClass, Palette, builtin_palette
from maliang_video.models.labels.preview import (
    BACKGROUND,
    MIN_WIDTH,
    OFF_PALETTE,
    class_shares,
    colorize,
    legend_order,
    share_text,
    with_legend,
)

CITY = builtin_palette("cityscapes")
ROAD, CAR, SKY = (128, 64, 128), (0, 0, 142), (70, 130, 180)


def test_colorize():
    picture = colorize(torch.tensor([[7, 26], [23, 0]], dtype=torch.uint8), CITY)
    assert picture.dtype == np.uint8
    assert picture.tolist() == [[list(ROAD), list(CAR)], [list(SKY), [0, 0, 0]]]


def test_unknown_ids_are_magenta():
    gap = Palette("p", (LabelClass(0, "a", (1, 2, 3)), LabelClass(5, "b", (4, 5, 6))))
    picture = colorize(torch.tensor([[0, 3, 5, 6, 300, -1]], dtype=torch.int16), gap)
    off = list(OFF_PALETTE)
    assert picture[0].tolist() == [[1, 2, 3], off, [4, 5, 6], off, off, off]


def test_shares():
    ids = torch.tensor([[7, 7, 7, 26], [23, 23, 7, 26]], dtype=torch.uint8)
    assert class_shares(ids) == {7: 0.5, 23: 0.25, 26: 0.25}
    assert legend_order(class_shares(ids)) == [7, 23, 26]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.0009, "< 0.1 %"), (0.001, "0.1 %"), (0.0344, "3.4 %"), (0.0996, "10 %"), (1, "100 %")],
)
def test_share_text(share, text):
    assert share_text(share) == text


def scene(height=128, width=256):
    ids = torch.full((height, width), 7, dtype=torch.uint8)
    ids[: height // 2] = 23
    ids[:, : width // 4] = 26
    return ids


def test_the_map_stands_above_its_legend():
    picture = with_legend(scene(), CITY)
    scale = -(-MIN_WIDTH // 256)
    assert picture.shape[1] == 256 * scale
    shown = picture[: 128 * scale : scale, ::scale]
    assert np.array_equal(shown, colorize(scene(), CITY))
    legend = picture[128 * scale :]
    assert legend.shape[0] < 128 * scale
    assert tuple(legend[-1, -1]) == BACKGROUND
    for color in (ROAD, CAR, SKY):  # a swatch at least, besides the strip
        assert (legend[14:] == color).all(-1).sum() > 100
    text = (legend[14:, 100:].min(-1) > 150).sum()
    assert text > 50


def test_the_strip_shows_the_shares():
    picture = with_legend(scene(480, 960), CITY)
    strip = picture[480 + 5]
    shares = {tuple(color): int((strip == color).all(-1).sum()) for color in (ROAD, CAR, SKY)}
    assert shares == {ROAD: 360, CAR: 240, SKY: 360}
    assert tuple(picture[481, 100]) == BACKGROUND


def test_frames_of_one_list_have_one_size():
    listed = [7, 23, 26, 24, 11]
    sizes = {with_legend(ids, CITY, listed).shape for ids in (scene(), scene() * 0, scene() * 0 + 26)}
    assert len(sizes) == 1
    longer = with_legend(scene(), CITY, range(35)).shape
    assert longer[0] > sizes.pop()[0]


def test_a_wide_map_gets_a_larger_legend():
    heights = [with_legend(scene(64, width), CITY).shape[0] - 64 for width in (960, 1920)]
    assert heights[1] == 2 * heights[0]


def test_long_names_and_unknown_ids_fit():
    palette = Palette("p", (LabelClass(0, "w" * 100, (10, 200, 10)),))
    picture = with_legend(torch.tensor([[0, 9]], dtype=torch.uint8), palette)
    assert (picture == OFF_PALETTE).all(-1).any()
    assert tuple(picture[-1, -1]) == BACKGROUND


def test_a_tall_narrow_map():
    assert with_legend(scene(300, 3), CITY).shape[1] == MIN_WIDTH
