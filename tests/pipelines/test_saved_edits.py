import json

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.models.labels.edits import LabelEdit, LabelEdits
from maliang_video.pipelines.saved_edits import read_edits, read_mask, save_edits

MASK = torch.tensor([[True, False, False], [False, True, True]])


def test_save_and_read(tmp_path):
    edits = LabelEdits(
        (
            LabelEdit(("car",), "bus", 3, 9),
            LabelEdit(("vegetation", "terrain"), "building", mask=MASK),
            LabelEdit(("sky",), "wall", mask=~MASK),
        )
    )
    save_edits(edits, tmp_path / "new" / "trees.json")
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
        "trees.json",
        "trees.mask1.png",
        "trees.mask2.png",
    ]
    first, second, third = read_edits(tmp_path / "new" / "trees.json").edits
    assert (first.source, first.target, first.start, first.stop, first.mask) == (("car",), "bus", 3, 9, None)
    assert second.source == ("vegetation", "terrain")
    assert torch.equal(second.mask, MASK)
    assert torch.equal(third.mask, ~MASK)


def test_saved_again_the_files_stay(tmp_path):
    save_edits(LabelEdits((LabelEdit(("car",), "bus", mask=MASK),)), tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text()
    save_edits(read_edits(tmp_path / "a.json"), tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text() == text
    assert len(list(tmp_path.iterdir())) == 2


def test_saved_elsewhere_the_masks_come_along(tmp_path):
    edits = LabelEdits((LabelEdit(("car",), "bus", mask=MASK), LabelEdit(("sky",), "bus", mask=~MASK)))
    save_edits(edits, tmp_path / "a.json")
    first, second = read_edits(tmp_path / "a.json").edits
    save_edits(LabelEdits((second, first)), tmp_path / "b" / "a.json")
    again = read_edits(tmp_path / "b" / "a.json").edits
    assert [torch.equal(e.mask, MASK) for e in again] == [False, True]


def test_no_mask_takes_the_place_of_another(tmp_path):
    save_edits(LabelEdits((LabelEdit(("car",), "bus", mask=MASK),)), tmp_path / "a.json")
    (old,) = read_edits(tmp_path / "a.json").edits
    save_edits(LabelEdits((LabelEdit(("sky",), "bus", mask=~MASK), old)), tmp_path / "a.json")
    new, kept = read_edits(tmp_path / "a.json").edits
    assert (new.mask_file, kept.mask_file) == ("a.mask2.png", "a.mask1.png")
    assert torch.equal(new.mask, ~MASK)
    assert torch.equal(kept.mask, MASK)


def write(folder, mask):
    path = folder / "edits.json"
    path.write_text(json.dumps({"edits": [{"replace": ["car"], "by": "bus", "mask": mask}]}))
    return path


def test_masks_in_a_folder_below(tmp_path):
    (tmp_path / "masks").mkdir()
    Image.fromarray(MASK.numpy()).save(tmp_path / "masks" / "m.png")
    (edit,) = read_edits(write(tmp_path, "masks/m.png")).edits
    assert torch.equal(edit.mask, MASK)


def test_a_mask_by_a_link_out_of_the_folder(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    Image.fromarray(MASK.numpy()).save(tmp_path / "m.png")
    (inside / "link.png").symlink_to(tmp_path / "m.png")
    with pytest.raises(InputError, match="leads out of the folder of the edits; copy the mask into it"):
        read_edits(write(inside, "link.png"))


def test_a_mask_that_is_missing(tmp_path):
    with pytest.raises(InputError, match=r"m\.png: no such file"):
        read_edits(write(tmp_path, "m.png"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe\x00", "its text is not UTF-8"),
        (b"{", "edits.json: label edits: not JSON, line 1"),
        (
            b'{"edits": [{"replace": "car", "by": "bus", "mask": "../m.png"}]}',
            "must lie in the folder of the edits",
        ),
    ],
)
def test_files_that_hold_no_edits(tmp_path, content, sentence):
    (tmp_path / "edits.json").write_bytes(content)
    with pytest.raises(InputError) as error:
        read_edits(tmp_path / "edits.json")
    assert sentence in str(error.value)


def test_no_file(tmp_path):
    with pytest.raises(InputError, match=r"none\.json: no such file of label edits"):
        read_edits(tmp_path / "none.json")


def test_a_mark_at_the_beginning_is_ignored(tmp_path):
    (tmp_path / "e.json").write_bytes(b'\xef\xbb\xbf{"edits": []}')
    assert read_edits(tmp_path / "e.json").edits == ()


def test_bright_pixels_are_the_mask(tmp_path):
    values = np.array([[0, 127, 128, 255]], np.uint8)
    Image.fromarray(values).save(tmp_path / "gray.png")
    assert read_mask(tmp_path / "gray.png").tolist() == [[False, False, True, True]]
    color = np.array([[[0, 0, 200, 255], [200, 200, 200, 10]]], np.uint8)
    Image.fromarray(color).save(tmp_path / "color.png")
    assert read_mask(tmp_path / "color.png").tolist() == [[True, False]]
