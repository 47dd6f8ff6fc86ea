"""Large pictures: tiles in any order, the file whole or not there."""

import shutil
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from maliang_video.errors import InputError, MissingExtraError
from maliang_video.media import outputs
from maliang_video.media.gigapixel import open_canvas


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (700, 1100, 3), np.uint8)


@pytest.mark.parametrize("ending", ["tif", "TIFF", "png"])
@pytest.mark.parametrize("side", [100, 512, 900])
def test_tiles_in_any_order_make_the_picture(tmp_path, pixels, ending, side):
    path = tmp_path / f"large.{ending}"
    places = [(top, left) for top in range(0, 700, side) for left in range(0, 1100, side)]
    np.random.default_rng(1).shuffle(places)
    with open_canvas(path, 700, 1100) as canvas:
        for top, left in places:
            canvas.write(top, left, pixels[top : top + side, left : left + side])
        assert not path.exists()
    read = np.asarray(Image.open(path)) if ending == "png" else tifffile.imread(path)
    assert np.array_equal(read, pixels)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_the_tiff_is_a_tiled_bigtiff(tmp_path):
    with open_canvas(tmp_path / "a.tif", 600, 600):
        pass
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.is_bigtiff
        assert file.pages[0].is_tiled
        assert file.pages[0].shape == (600, 600, 3)


@pytest.mark.parametrize("ending", ["tif", "png"])
def test_nothing_stays_of_a_picture_that_fails(tmp_path, ending):
    with pytest.raises(RuntimeError), open_canvas(tmp_path / f"a.{ending}", 60, 60):
        raise RuntimeError("stopped")
    assert list(tmp_path.iterdir()) == []


class TestRefusals:
    def test_other_endings(self, tmp_path):
        with pytest.raises(InputError, match=r"written as \.tif, others as \.png"):
            open_canvas(tmp_path / "a.jpg", 60, 60)

    def test_too_many_pixels_for_png(self, tmp_path):
        with pytest.raises(InputError, match=r"38912x2048 pixels are too many for PNG .* ends in \.tif"):
            open_canvas(tmp_path / "a.png", 2048, 38912)

    def test_a_disk_that_is_too_small(self, tmp_path, monkeypatch):
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(outputs.shutil, "disk_usage", lambda folder: usage._replace(free=100 << 20))
        with pytest.raises(InputError, match="needs 228 MB, the disk has 100 MB free"):
            open_canvas(tmp_path / "a.tif", 2048, 38912)

    def test_without_tifffile(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "tifffile", None)
        with (
            pytest.raises(MissingExtraError, match=r"maliang-video\[gigapixel\]"),
            open_canvas(tmp_path / "a.tif", 9, 9),
        ):
            pass

    def test_parts_beside_the_picture(self, tmp_path):
        with (
            open_canvas(tmp_path / "a.tif", 60, 60) as canvas,
            pytest.raises(ValueError, match="are not on 60x60"),
        ):
            canvas.write(50, 0, np.zeros((20, 10, 3), np.uint8))
