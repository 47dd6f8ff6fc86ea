import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.models.labels.convert import ConvertedLabels, map_classes
from maliang_video.models.labels.frames import LabelFrames
from maliang_video.models.labels.palette import LabelClass, Palette, builtin_palette, builtin_palette_names

CITY = builtin_palette("cityscapes")
TRAIN = builtin_palette("cityscapes_train")


def becomes(source, target):
    mapping = map_classes(builtin_palette(source), builtin_palette(target))
    return {old.name: new.name for old, new in zip(mapping.source.classes, mapping.classes, strict=True)}


def test_cityscapes_ids_to_train_ids_as_the_data_set_does():
    ignored = 255
    official = [ignored] * 7 + [0, 1, ignored, ignored, 2, 3, 4, ignored, ignored, ignored, 5, ignored, 6, 7]
    official += [8, 9, 10, 11, 12, 13, 14, 15, ignored, ignored, 16, 17, 18, ignored]
    mapping = map_classes(CITY, TRAIN)
    assert mapping.apply(torch.arange(35, dtype=torch.uint8)).tolist() == official
    assert mapping.unmapped[:3] == ("ego vehicle", "rectification border", "out of roi")
    assert "unlabeled" not in mapping.unmapped
    assert mapping.unmapped[-1] == "license plate"
    assert mapping.rest == TRAIN.by_id[255]


def test_train_ids_to_cityscapes_ids():
    ids = torch.tensor([[0, 8, 18, 255]], dtype=torch.uint8)
    assert map_classes(TRAIN, CITY).apply(ids).tolist() == [[7, 21, 33, 0]]
    assert map_classes(TRAIN, CITY).unmapped == ()


def test_synonyms():
    apollo = becomes("apolloscape", "cityscapes")
    assert apollo["siderwalk"] == "sidewalk"
    assert apollo["vegatation"] == "vegetation"
    assert apollo["motorbicycle_group"] == "motorcycle"
    assert apollo["overpass"] == "bridge"
    assert apollo["others"] == "unlabeled"
    assert apollo["traffic_cone"] == "unlabeled"
    ade = becomes("ade20k", "cityscapes")
    assert (ade["tree"], ade["palm"], ade["house"]) == ("vegetation", "vegetation", "building")
    assert (ade["minibike"], ade["van"], ade["grass"]) == ("motorcycle", "car", "terrain")
    assert ade["light"] == "unlabeled"  # a lamp: ADE20K has traffic lights of its own
    assert becomes("cityscapes", "ade20k")["vegetation"] == "tree"
    coco = becomes("cityscapes", "coco_stuff")
    assert (coco["building"], coco["wall"], coco["sky"]) == ("building-other", "wall-other", "sky-other")


def test_short_names_of_street_classes():
    short = Palette("short", (LabelClass(0, "light", (1, 1, 1)), LabelClass(1, "sign", (2, 2, 2))))
    assert map_classes(short, CITY).apply(torch.tensor([0, 1])).tolist() == [19, 20]


def test_palettes_of_different_things_are_not_converted():
    with pytest.raises(InputError, match="'celebamask_hq' and 'cityscapes' have no class in common"):
        map_classes(builtin_palette("celebamask_hq"), CITY)
    assert map_classes(builtin_palette("celebamask_hq"), CITY, "person").rest == CITY.find("person")


SCENES = [name for name in builtin_palette_names() if name not in ("celebamask_hq", "densepose")]
"""Palettes of whole pictures; the others are of faces and bodies and share nothing with them."""


@pytest.mark.parametrize("there", SCENES)
@pytest.mark.parametrize("back", SCENES)
def test_there_and_back_keeps_shared_classes(there, back):
    one, other = builtin_palette(there), builtin_palette(back)
    shared = {c.name for c in one.classes} & {c.name for c in other.classes}
    ids = torch.tensor([c.id for c in one.classes if c.name in shared], dtype=torch.int16)
    away = map_classes(one, other).apply(ids)
    assert [other.by_id[int(i)].name for i in away] == [one.by_id[int(i)].name for i in ids]
    assert map_classes(other, one).apply(away).tolist() == ids.tolist()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([c.id for c in CITY.classes]), min_size=1, max_size=30))
def test_to_the_same_palette_is_the_identity(values):
    ids = torch.tensor(values, dtype=torch.uint8)
    converted = map_classes(CITY, CITY).apply(ids)
    assert converted.dtype == torch.uint8
    assert converted.tolist() == values


def test_a_class_without_partner_becomes_the_one_asked_for():
    mapping = map_classes(CITY, TRAIN, unmapped="building")
    assert mapping.apply(torch.tensor([16, 9, 0])).tolist() == [2, 2, 255]


def test_a_palette_without_void_needs_to_be_told():
    narrow = Palette("narrow", (LabelClass(3, "road", (0, 0, 0)), LabelClass(700, "car", (0, 0, 0), True)))
    with pytest.raises(
        InputError, match=r"palette 'narrow' has nothing for unlabeled, ego vehicle, .* say which"
    ):
        map_classes(CITY, narrow)
    mapping = map_classes(CITY, narrow, unmapped="road")
    converted = mapping.apply(torch.tensor([[26, 21]], dtype=torch.uint8))
    assert converted.dtype == torch.int16
    assert converted.tolist() == [[700, 3]]


@pytest.mark.parametrize("stray", [19, 200, 256, -1])
def test_ids_that_the_palette_lacks(stray):
    ids = torch.tensor([[0, stray, stray]], dtype=torch.int16)
    with pytest.raises(
        InputError, match=f"frame 7: 2 pixels have ids, such as {stray}, that palette 'cityscapes_tr"
    ):
        map_classes(TRAIN, CITY).apply(ids, "frame 7")


def test_converted_labels():
    clip = LabelFrames(
        torch.tensor([[[7, 26]], [[21, 24]]], dtype=torch.uint8), CITY, torch.tensor([[[0, 1]], [[0, 2]]])
    )
    converted = ConvertedLabels(clip, TRAIN)
    assert converted.palette == TRAIN
    assert (converted.height, converted.width, converted.frame_count) == (1, 2, 2)
    assert converted.frame_rate == clip.frame_rate
    (frame,) = converted.frames(1)
    assert frame.ids.tolist() == [[8, 11]]
    assert frame.instances.tolist() == [[0, 2]]
    prints = {
        clip.fingerprint,
        converted.fingerprint,
        ConvertedLabels(clip, TRAIN, "car").fingerprint,
        ConvertedLabels(clip, builtin_palette("ade20k")).fingerprint,
    }
    assert len(prints) == 4
    assert converted.fingerprint == ConvertedLabels(clip, TRAIN).fingerprint


def test_a_stray_id_names_its_frame():
    clip = LabelFrames(torch.tensor([[[7]], [[40]]], dtype=torch.uint8), CITY)
    with pytest.raises(InputError, match="frame 1: 1 pixels"):
        list(ConvertedLabels(clip, TRAIN).frames())
