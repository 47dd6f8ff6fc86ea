import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.media.label_folder import LabelFolderWriter
from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.labels.palette import LabelClass, Palette, builtin_palette

CITY = builtin_palette("cityscapes")


def frame(number, instances=False):
    ids = torch.full((2, 3), number, dtype=torch.uint8)
    return LabelFrame(ids, ids.int() + 40_000 if instances else None)


def write(path, numbers, job="job", palette=CITY):
    with LabelFolderWriter(path, palette, job=job) as writer:
        for number in numbers:
            writer.write(frame(number))


def test_palette_pictures_hold_ids_and_show_colors(tmp_path):
    write(tmp_path / "out", [7, 26])
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["000000.png", "000001.png", "out"]
    with Image.open(tmp_path / "out" / "000001.png") as picture:
        assert picture.mode == "P"
        assert np.array(picture).tolist() == [[26] * 3] * 2
        assert picture.convert("RGB").getpixel((0, 0)) == (0, 0, 142)


def test_large_ids_are_16_bit(tmp_path):
    wide = Palette("wide", (LabelClass(0, "a", (0, 0, 0)), LabelClass(300, "b", (0, 0, 0))))
    with LabelFolderWriter(tmp_path / "out", wide, job="j") as writer:
        writer.write(LabelFrame(torch.tensor([[0, 300]], dtype=torch.int16)))
    with Image.open(tmp_path / "out" / "000000.png") as picture:
        assert np.array(picture).tolist() == [[0, 300]]


def test_instances_lie_inside(tmp_path):
    with LabelFolderWriter(tmp_path / "out", CITY, job="j") as writer:
        writer.write(frame(26, instances=True))
    with Image.open(tmp_path / "out" / "instances" / "000000.png") as picture:
        assert np.array(picture).tolist() == [[40_026] * 3] * 2


def test_numbers_of_instances_outlive_a_stop(tmp_path):
    def clip_frame(*instances):
        ids = torch.full((1, len(instances)), 26, dtype=torch.uint8)
        return LabelFrame(ids, torch.tensor([instances], dtype=torch.int32))

    with pytest.raises(KeyboardInterrupt), LabelFolderWriter(tmp_path / "out", CITY, job="j") as writer:  # noqa: PT012
        writer.write(clip_frame(0, 900_000, 800_000))
        raise KeyboardInterrupt
    with LabelFolderWriter(tmp_path / "out", CITY, job="j") as writer:
        writer.write(clip_frame(700_000, 900_000, 5))
    shown = [np.array(Image.open(p)).tolist() for p in sorted((tmp_path / "out" / "instances").iterdir())]
    assert shown == [[[0, 65534, 65535]], [[65533, 65534, 5]]]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["000000.png", "000001.png", "instances"]


def stop_after(path, numbers, job="job"):
    with pytest.raises(KeyboardInterrupt), LabelFolderWriter(path, CITY, job=job) as writer:  # noqa: PT012
        for number in numbers:
            writer.write(frame(number))
        raise KeyboardInterrupt


def test_a_stopped_run_goes_on(tmp_path):
    stop_after(tmp_path / "out", [1, 2])
    assert not (tmp_path / "out").exists()
    with LabelFolderWriter(tmp_path / "out", CITY, job="job") as writer:
        assert writer.done == 2
        writer.write(frame(3))
    values = [int(np.array(Image.open(p))[0, 0]) for p in sorted((tmp_path / "out").iterdir())]
    assert values == [1, 2, 3]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_another_job_starts_anew(tmp_path):
    stop_after(tmp_path / "out", [1, 2])
    write(tmp_path / "out", [9], job="other")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["000000.png"]


def test_a_frame_cut_short_does_not_count(tmp_path):
    stop_after(tmp_path / "out", [1, 2])
    (tmp_path / "out.parts" / "000001.png").rename(tmp_path / "out.parts" / ".000001.png.part")
    with LabelFolderWriter(tmp_path / "out", CITY, job="job") as writer:
        assert writer.done == 1


def test_nothing_of_others_is_removed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="the folder is not empty"):
        write(tmp_path / "out", [1])
    (tmp_path / "new.parts").mkdir()
    (tmp_path / "new.parts" / "000000.png").write_text("mine")
    with pytest.raises(InputError, match=r"new\.parts: is in the way and not left by an earlier run"):
        write(tmp_path / "new", [1])
    assert (tmp_path / "new.parts" / "000000.png").read_text() == "mine"


def test_no_frames(tmp_path):
    with pytest.raises(InputError, match="there are no frames to write"):
        write(tmp_path / "out", [])
    assert list(tmp_path.iterdir()) == []


def test_into_an_empty_folder(tmp_path):
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", [1])
    assert (tmp_path / "out" / "000000.png").is_file()
