"""Pictures and folders of pictures."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.media import limits
from maliang_video.media.folders import natural_key, pictures_in
from maliang_video.media.pictures import picture_size, read_picture
from maliang_video.media.reader import open_frames

RED, BLUE = (255, 0, 0), (0, 0, 255)


def save(path, color=RED, size=(6, 4), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path, **options)
    return path


def test_folder_in_natural_order(tmp_path):
    for number in (10, 2, 1):
        save(tmp_path / f"frame_{number}.png", (number, 0, 0))
    (tmp_path / "notes.txt").write_text("ignored")
    save(tmp_path / ".hidden.png", BLUE)
    with open_frames(tmp_path, frame_rate=Fraction(10)) as reader:
        frames = list(reader)
        assert [f.pixels[0, 0, 0] for f in frames] == [1, 2, 10]
        assert [f.time for f in frames] == [0, Fraction(1, 10), Fraction(1, 5)]
        assert [f.pixels[0, 0, 0] for f in reader.frames(2)] == [10]
        assert list(reader.frames(3)) == []
        assert (reader.info.width, reader.info.height, reader.info.frame_count) == (6, 4, 3)
        assert (reader.info.duration, reader.info.time_base, reader.audio) == (Fraction(3, 10), None, None)


@given(st.lists(st.integers(0, 10**6), unique=True, max_size=8))
def test_numbers_sort_by_value(numbers):
    names = sorted((f"x{n}y.png" for n in numbers), key=natural_key)
    assert names == [f"x{n}y.png" for n in sorted(numbers)]


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=6), max_size=6))
def test_any_names_can_be_sorted(names):
    assert sorted(sorted(names, key=natural_key, reverse=True), key=natural_key) == sorted(
        names, key=natural_key
    )


def test_a_window_of_pictures(tmp_path):
    for number in range(10):
        save(tmp_path / f"{number}.png", (number, 0, 0))
    with open_frames(tmp_path, start_time=0.25, duration=0.25, frame_rate=Fraction(8)) as reader:
        assert [f.pixels[0, 0, 0] for f in reader] == [2, 3]
    with pytest.raises(InputError, match=r"no frames in the window that starts at 5 seconds"):
        open_frames(tmp_path, start_time=5)
    with pytest.raises(InputError, match=r"give a frame rate above 0"):
        open_frames(tmp_path, frame_rate=Fraction(0))


def test_a_single_picture_is_a_clip_of_one_frame(tmp_path):
    with open_frames(save(tmp_path / "one.jpg", quality=95)) as reader:
        assert len(list(reader)) == 1


def test_a_folder_with_one_folder_stands_for_it(tmp_path):
    save(tmp_path / "seg_maps" / "seq0001" / "a.png")
    assert pictures_in(tmp_path) == [tmp_path / "seg_maps" / "seq0001" / "a.png"]
    save(tmp_path / "seg_maps" / "seq0002" / "a.png")
    with pytest.raises(
        InputError, match=r"seg_maps: holds no pictures but several folders; .*seq0001, seq0002"
    ):
        pictures_in(tmp_path)


def test_symbolic_links_are_followed(tmp_path):
    target = save(tmp_path / "elsewhere" / "a.png")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "a.png").symlink_to(target)
    with open_frames(tmp_path / "links") as reader:
        assert next(iter(reader)).pixels[0, 0].tolist() == list(RED)


def test_wrong_folders_are_named(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty: the folder is empty; frames end in .*png"):
        open_frames(tmp_path / "empty")
    (tmp_path / "empty" / "notes.txt").write_text("words")
    with pytest.raises(InputError, match=r"empty: holds no pictures; frames end in"):
        open_frames(tmp_path / "empty")
    save(tmp_path / "mixed" / "a.png")
    save(tmp_path / "mixed" / "b.png", size=(4, 6))
    with pytest.raises(InputError, match=r"b.png: 4x6 pixels, but a.png has 6x4; all frames of a clip must"):
        open_frames(tmp_path / "mixed")


def test_orientation_of_cameras_is_applied(tmp_path):
    image = Image.new("RGB", (6, 4), RED)
    image.paste(BLUE, (0, 0, 3, 4))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its right side: turn clockwise
    for name in ("a.jpg", "a.png"):
        image.save(tmp_path / name, exif=exif)
        assert picture_size(tmp_path / name) == (4, 6)
        pixels = read_picture(tmp_path / name)
        assert pixels.shape == (6, 4, 3)
        assert pixels[0, 0].argmax() == 2
        assert pixels[5, 3].argmax() == 0


def test_kinds_of_pictures(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.array([[0, 257, 32896, 65535]], np.uint16)).save(path)
    assert read_picture(path)[0, :, 1].tolist() == [0, 1, 128, 255]
    Image.new("RGBA", (2, 1), (200, 100, 50, 51)).save(path)
    assert read_picture(path).tolist() == [[[40, 20, 10]] * 2]
    palette = Image.new("P", (2, 1), 1)
    palette.putpalette([0, 0, 0, 9, 8, 7])
    palette.save(path)
    assert read_picture(path).tolist() == [[[9, 8, 7]] * 2]
    palette.save(path, transparency=1)
    assert read_picture(path).tolist() == [[[0, 0, 0]] * 2]
    for mode, color in (("1", 1), ("L", 255), ("LA", (255, 255))):
        Image.new(mode, (2, 1), color).save(path)
        assert read_picture(path).tolist() == [[[255] * 3] * 2]
    Image.new("CMYK", (2, 1), (0, 0, 0, 0)).save(tmp_path / "a.jpg")
    assert read_picture(tmp_path / "a.jpg").min() > 250


def test_wrong_pictures_are_named(tmp_path, monkeypatch):
    whole = save(tmp_path / "whole.png", size=(64, 64)).read_bytes()
    broken = tmp_path / "broken.png"
    broken.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"broken.png: not a picture that can be read, or damaged"):
        next(iter(open_frames(broken)))
    (tmp_path / "words.png").write_text("no picture")
    with pytest.raises(InputError, match=r"words.png: not a picture"):
        open_frames(tmp_path / "words.png")
    with pytest.raises(InputError, match=r"gone.png: no such file"):
        open_frames(tmp_path / "gone.png")
    Image.fromarray(np.array([[1.5]], np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(InputError, match=r"float.tif: its values are not colours"):
        read_picture(tmp_path / "float.tif")
    monkeypatch.setattr(limits, "MAX_PIXELS", 64 * 64 - 1)
    with pytest.raises(InputError, match=r"whole.png: a frame of 64x64 pixels is too large"):
        open_frames(tmp_path / "whole.png")


def test_a_bomb_is_refused_by_its_header(tmp_path):
    """A small file that claims 200,000 x 200,000 pixels."""
    image = tmp_path / "bomb.png"
    content = bytearray(save(image).read_bytes())
    content[16:24] = (200_000).to_bytes(4, "big") * 2
    image.write_bytes(content)
    with pytest.raises(InputError, match=r"bomb.png: .*too large|bomb.png: not a picture"):
        open_frames(image)


def test_other_programs_are_not_started(tmp_path):
    path = tmp_path / "script.png"
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(InputError, match=r"script.png: not a picture"):
        open_frames(path)
