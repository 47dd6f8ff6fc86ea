import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.models.labels.edits import EditedLabels, LabelEdit, LabelEdits
from maliang_video.models.labels.encoding import instance_edges
from maliang_video.models.labels.frames import LabelFrame, LabelFrames
from maliang_video.models.labels.palette import LabelClass, Palette, builtin_palette

CITY = builtin_palette("cityscapes")
ROAD, BUILDING, TREE, SKY, PERSON, CAR, TRUCK = 7, 11, 21, 23, 24, 26, 27
TREES_TO_BUILDINGS = LabelEdit(("vegetation",), "building")


def frame(ids, instances=None):
    return LabelFrame(
        torch.tensor(ids, dtype=torch.uint8),
        None if instances is None else torch.tensor(instances, dtype=torch.int32),
    )


def edited(edit, ids, instances=None):
    result = edit.apply(frame(ids, instances), CITY)
    return result.ids.tolist(), None if result.instances is None else result.instances.tolist()


def test_a_class_becomes_another():
    before = frame([[TREE, SKY], [ROAD, TREE]])
    after = TREES_TO_BUILDINGS.apply(before, CITY)
    assert after.ids.tolist() == [[BUILDING, SKY], [ROAD, BUILDING]]
    assert after.ids.dtype == torch.uint8
    assert after.instances is None
    assert before.ids.tolist() == [[TREE, SKY], [ROAD, TREE]]


def test_several_classes_by_number_and_synonym():
    edit = LabelEdit(("trees", "23"), "7")
    assert edited(edit, [[TREE, SKY, CAR]]) == ([[ROAD, ROAD, CAR]], None)


def test_within_a_mask():
    edit = LabelEdit(("vegetation",), "building", mask=torch.tensor([[True, False, True]]))
    assert edited(edit, [[TREE, TREE, SKY]])[0] == [[BUILDING, TREE, SKY]]


def test_within_frames():
    clip = LabelFrames(torch.full((5, 1, 1), TREE, dtype=torch.uint8), CITY)
    edits = LabelEdits((LabelEdit(("vegetation",), "building", 1, 3), LabelEdit(("vegetation",), "sky", 4)))
    shown = [int(f.ids) for f in EditedLabels(clip, edits).frames()]
    assert shown == [TREE, BUILDING, BUILDING, TREE, SKY]
    assert [int(f.ids) for f in EditedLabels(clip, edits).frames(2)] == shown[2:]


def test_edits_follow_one_another():
    edits = LabelEdits((TREES_TO_BUILDINGS, LabelEdit(("building",), "wall")))
    assert edits.apply(frame([[TREE, BUILDING]]), 0, CITY).ids.tolist() == [[12, 12]]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.booleans())
def test_the_inverse_edit_restores(seed, shared):
    """Where the new class didn't occur before: with one value for all stuff, and with the class id for stuff."""
    chance = torch.Generator().manual_seed(seed)
    present = torch.tensor([ROAD, SKY, TREE, CAR])
    ids = present[torch.randint(0, 4, (6, 7), generator=chance)].to(torch.uint8)
    instances = torch.full_like(ids, 255).int() if shared else ids.int()
    instances[ids == CAR] = CAR * 1000 + 3
    if not all((ids == c).any() for c in (ROAD, SKY)):
        return  # stuff with one value left says nothing about the others
    before = LabelFrame(ids, instances)
    after = LabelEdit(("building",), "vegetation").apply(TREES_TO_BUILDINGS.apply(before, CITY), CITY)
    assert torch.equal(after.ids, before.ids)
    assert torch.equal(after.instances, before.instances)


def test_stuff_takes_the_instance_of_its_like():
    ids, instances = [[TREE, BUILDING, BUILDING, BUILDING]], [[21, 900, 11, 11]]
    assert edited(TREES_TO_BUILDINGS, ids, instances)[1] == [[11, 900, 11, 11]]


def test_new_stuff_takes_what_all_stuff_shares():
    ids, instances = [[CAR, ROAD, SKY]], [[3, 255, 255]]
    assert edited(LabelEdit(("car",), "building"), ids, instances) == (
        [[BUILDING, ROAD, SKY]],
        [[255, 255, 255]],
    )


def test_new_stuff_among_class_ids_takes_its_own():
    ids, instances = [[CAR, ROAD, SKY]], [[26001, ROAD, SKY]]
    assert edited(LabelEdit(("car",), "building"), ids, instances)[1] == [[BUILDING, ROAD, SKY]]


def test_things_that_become_things_stay_apart():
    ids, instances = [[CAR, CAR, PERSON, ROAD]], [[4, 5, 6, 0]]
    assert edited(LabelEdit(("car", "person"), "truck"), ids, instances) == (
        [[TRUCK, TRUCK, TRUCK, ROAD]],
        instances,
    )


def test_stuff_that_becomes_a_thing_is_one_new_instance():
    ids, instances = [[TREE, TREE, CAR, ROAD]], [[255, 255, 9, 255]]
    assert edited(LabelEdit(("vegetation",), "car"), ids, instances)[1] == [[256, 256, 9, 255]]


def test_edges_are_those_of_the_edited_scene():
    """A tree in front of a building becomes the building: no outline of the tree is left."""
    ids = [[BUILDING] * 4, [BUILDING, TREE, TREE, BUILDING], [ROAD] * 4]
    instances = [[11] * 4, [11, 21, 21, 11], [7] * 4]
    after = TREES_TO_BUILDINGS.apply(frame(ids, instances), CITY)
    assert instance_edges(after.instances[None])[0, 0].tolist() == [[0] * 4, [1] * 4, [1] * 4]


def test_nothing_to_replace_changes_nothing():
    ids, instances = [[ROAD, CAR]], [[0, 5]]
    assert edited(TREES_TO_BUILDINGS, ids, instances) == (ids, instances)


def test_ids_above_255():
    wide = Palette("wide", tuple(LabelClass(i, f"c{i}", (0, 0, 0)) for i in (0, 44, 300)))
    after = LabelEdit(("c0",), "c300").apply(LabelFrame(torch.tensor([[0, 44]], dtype=torch.uint8)), wide)
    assert after.ids.tolist() == [[300, 44]]
    assert after.ids.dtype == torch.int16
    same = LabelEdit(("c300",), "c0").apply(LabelFrame(torch.tensor([[44]], dtype=torch.uint8)), wide)
    assert same.ids.tolist() == [[44]]


def test_wrong_edits():
    with pytest.raises(InputError, match="name at least one class to replace"):
        LabelEdit((), "car")
    with pytest.raises(InputError, match="frames 5:5 are none"):
        LabelEdit(("car",), "bus", 5, 5)
    with pytest.raises(InputError, match="a mask is bool"):
        LabelEdit(("car",), "bus", mask=torch.ones(2, 2))
    wrong_size = LabelEdit(("car",), "bus", mask=torch.ones(2, 3, dtype=torch.bool), mask_file="m.png")
    with pytest.raises(
        InputError, match=r"mask m\.png is 3x2 pixels, the label maps are 1x1; give it their size"
    ):
        wrong_size.apply(frame([[CAR]]), CITY)
    with pytest.raises(InputError, match=r"mask m\.png has not been read"):
        LabelEdit(("car",), "bus", mask_file="m.png").apply(frame([[CAR]]), CITY)
    clip = LabelFrames(torch.zeros(1, 1, 1, dtype=torch.uint8), CITY)
    with pytest.raises(InputError, match="no class 'dragon'"):
        EditedLabels(clip, LabelEdits((LabelEdit(("car",), "dragon"),)))


def test_save_and_replay():
    edits = LabelEdits(
        (
            LabelEdit(
                ("vegetation", "terrain"),
                "building",
                10,
                50,
                torch.ones(1, 1, dtype=torch.bool),
                "m/left.png",
            ),
            LabelEdit(("car",), "bus"),
        )
    )
    assert json.loads(edits.to_json()) == {
        "edits": [
            {
                "replace": ["vegetation", "terrain"],
                "by": "building",
                "start": 10,
                "stop": 50,
                "mask": "m/left.png",
            },
            {"replace": ["car"], "by": "bus", "start": 0},
        ]
    }
    first, second = LabelEdits.from_json(edits.to_json()).edits
    assert (first.source, first.target, first.start, first.stop) == (
        ("vegetation", "terrain"),
        "building",
        10,
        50,
    )
    assert first.mask is None
    assert first.mask_file == "m/left.png"
    assert (second.source, second.target, second.start, second.stop) == (("car",), "bus", 0, None)
    with pytest.raises(InputError, match="label edit 1: its mask has no file"):
        LabelEdits((LabelEdit(("car",), "bus", mask=torch.ones(1, 1, dtype=torch.bool)),)).to_json()


def one(**change):
    fields = {"replace": ["car"], "by": "bus"} | change
    return json.dumps({"edits": [{k: v for k, v in fields.items() if v != "left out"}]})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[}", "label edits: not JSON, line 1 column 2"),
        ("[" * 100_000, "label edits: not a list of edits, its JSON is nested too deeply or its numbers"),
        (" " * 4_000_001, "label edits: 4,000,001 characters are too many"),
        ("[]", 'label edits: expected an object {"edits": [...]}'),
        ('{"edits": [], "x": 1}', "label edits: expected an object"),
        (json.dumps({"edits": [{}] * 10_001}), "label edits: 10001 edits are too many; at most 10000"),
        ('{"edits": [3]}', "label edit 1: expected an object"),
        (one(Stop=3), "label edit 1: unknown field 'Stop'; the fields are replace, by, start, stop, mask"),
        (one(replace=[]), "label edit 1: replace must be a list of class names, got []"),
        (one(replace=[1]), "label edit 1: replace must be a list of class names, got [1]"),
        (one(by="x" * 101), "label edit 1: by must be a class name, got 'xxxx"),
        (one(by="left out"), "label edit 1: by must be a class name, got None"),
        (one(start=-1), "start and stop must be frame numbers from 0 on, got -1 and None"),
        (one(stop=1.5), "start and stop must be frame numbers from 0 on, got 0 and 1.5"),
        (one(start=True), "start and stop must be frame numbers from 0 on, got True and None"),
        (one(start=9, stop=3), "frames 9:3 are none"),
        (one(mask=4), "label edit 1: mask must be the name of a picture, got 4"),
        (one(mask=""), "mask must be the name of a picture, got ''"),
        (
            one(mask="../m.png"),
            "label edit 1: mask '../m.png' must lie in the folder of the edits or below it",
        ),
        (one(mask="a/../../m.png"), "must lie in the folder of the edits or below it"),
        (one(mask="a\\..\\..\\m.png"), "must lie in the folder of the edits or below it"),
        (one(mask="/etc/m.png"), "must lie in the folder of the edits or below it"),
        (one(mask="C:m.png"), "must lie in the folder of the edits or below it"),
        (one(mask="\\\\host\\share\\m.png"), "must lie in the folder of the edits or below it"),
        (one(mask="."), "must lie in the folder of the edits or below it"),
    ],
)
def test_mistakes_in_saved_edits(text, sentence):
    with pytest.raises(InputError) as error:
        LabelEdits.from_json(text)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_one_name_may_stand_without_brackets():
    (edit,) = LabelEdits.from_json('{"edits": [{"replace": "car", "by": "bus"}]}').edits
    assert edit.source == ("car",)


def test_the_fingerprint_follows_edits_and_masks():
    clip = LabelFrames(torch.zeros(1, 2, 2, dtype=torch.uint8), CITY)
    mask = torch.tensor([[True, False], [False, False]])
    variants = [
        LabelEdits(),
        LabelEdits((TREES_TO_BUILDINGS,)),
        LabelEdits((LabelEdit(("vegetation",), "building", 3),)),
        LabelEdits((LabelEdit(("vegetation",), "building", mask=mask),)),
        LabelEdits((LabelEdit(("vegetation",), "building", mask=~mask),)),
    ]
    prints = {clip.fingerprint} | {EditedLabels(clip, v).fingerprint for v in variants}
    assert len(prints) == 6
    assert EditedLabels(clip, variants[3]).fingerprint in prints
