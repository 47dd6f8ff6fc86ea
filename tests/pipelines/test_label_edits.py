"""Edits as widgets give them."""

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.labels.edits import LabelEdits
from maliang_video.models.labels.frames import LabelFrames
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.pipelines.label_edits import edit_of, with_edits, within_masks

ROAD, BUILDING, TREE, SKY = 7, 11, 21, 23


def clip(frames: int = 3) -> LabelFrames:
    ids = torch.tensor([[TREE, ROAD], [SKY, TREE]], dtype=torch.uint8)
    return LabelFrames(ids.expand(frames, 2, 2), builtin_palette("cityscapes"))


def test_names_in_one_line():
    edit = edit_of(" vegetation , sky ", " building ", 1, 2)
    assert (edit.source, edit.target, edit.start, edit.stop) == (("vegetation", "sky"), "building", 1, 2)


def test_no_name_is_refused():
    with pytest.raises(InputError, match="name at least one class"):
        edit_of(" , ", "building")


def test_edits_add_up_in_one_list():
    first = with_edits(clip(), LabelEdits((edit_of("vegetation", "building"),)))
    both = with_edits(first, LabelEdits((edit_of("building", "sky", 1),)))
    assert [e.target for e in both.edits.edits] == ["building", "sky"]
    assert both.stream is first.stream
    ids = [frame.ids.flatten().tolist() for frame in both.frames()]
    assert ids[0] == [BUILDING, ROAD, SKY, BUILDING]
    assert ids[1] == [SKY, ROAD, SKY, SKY]


def test_one_mask_holds_for_all_frames():
    left = torch.zeros(1, 4, 4)
    left[..., :2] = 1
    edits = within_masks(edit_of("vegetation", "building"), left, 2, 2)
    for frame in with_edits(clip(), edits).frames():
        assert frame.ids.flatten().tolist() == [BUILDING, ROAD, SKY, TREE]


def test_a_mask_for_every_frame():
    masks = torch.zeros(2, 2, 2)
    masks[0, 0, 0] = masks[1, 1, 1] = 0.8
    edits = within_masks(edit_of("vegetation", "building", start=1), masks, 2, 2)
    ids = [frame.ids.flatten().tolist() for frame in with_edits(clip(), edits).frames()]
    assert ids == [[TREE, ROAD, SKY, TREE], [BUILDING, ROAD, SKY, TREE], [TREE, ROAD, SKY, BUILDING]]


def test_too_few_masks_are_refused():
    with pytest.raises(InputError, match="2 masks for 3 frames"):
        within_masks(edit_of("vegetation", "building", 0, 3), torch.ones(2, 2, 2), 2, 2)
