import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.models.labels.palette import LabelClass, Palette, builtin_palette, builtin_palette_names
from maliang_video.models.labels.synonyms import spelling, synonym_groups, synonyms_in

CITY = builtin_palette("cityscapes")


def test_the_builtin_palettes():
    counts = {name: len(builtin_palette(name).classes) for name in builtin_palette_names()}
    assert counts == {
        "ade20k": 151,  # 150 and unlabeled
        "apolloscape": 36,
        "celebamask_hq": 19,  # 18 parts and background
        "cityscapes": 35,
        "cityscapes_fewshot": 20,  # 19 and unlabeled
        "cityscapes_train": 20,  # 19 and unlabeled
        "coco_stuff": 183,  # 182 and unlabeled
        "densepose": 25,  # 24 parts and background
    }
    for name in counts:
        assert builtin_palette(name).name == name
        assert len(builtin_palette(name).source) > 40


@pytest.mark.parametrize(
    ("palette", "number", "name", "color", "thing"),
    [
        ("cityscapes", 0, "unlabeled", (0, 0, 0), False),
        ("cityscapes", 7, "road", (128, 64, 128), False),
        ("cityscapes", 21, "vegetation", (107, 142, 35), False),
        ("cityscapes", 26, "car", (0, 0, 142), True),
        ("cityscapes", 33, "bicycle", (119, 11, 32), True),
        ("cityscapes", 34, "license plate", (0, 0, 142), False),
        ("cityscapes_fewshot", 10, "person", (220, 20, 60), True),
        ("cityscapes_fewshot", 18, "sky", (70, 130, 180), False),
        ("cityscapes_train", 0, "road", (128, 64, 128), False),
        ("cityscapes_train", 18, "bicycle", (119, 11, 32), True),
        ("cityscapes_train", 255, "unlabeled", (0, 0, 0), False),
        ("ade20k", 1, "wall", (120, 120, 120), False),
        ("ade20k", 21, "car", (0, 102, 200), True),
        ("ade20k", 150, "flag", (92, 0, 255), True),
        ("coco_stuff", 0, "person", (220, 20, 60), True),
        ("coco_stuff", 90, "hair brush", None, True),
        ("coco_stuff", 91, "banner", None, False),
        ("coco_stuff", 181, "wood", None, False),
        ("apolloscape", 33, "car", (0, 0, 142), True),
        ("apolloscape", 49, "road", (192, 128, 192), False),
        ("apolloscape", 113, "vegatation", (128, 128, 64), False),
        ("apolloscape", 161, "car_groups", (0, 0, 142), True),
    ],
)
def test_what_the_data_sets_say(palette, number, name, color, thing):
    found = builtin_palette(palette).by_id[number]
    assert (found.name, found.thing) == (name, thing)
    if color:
        assert found.color == color


def test_cityscapes_things_are_people_and_vehicles():
    assert [c.id for c in CITY.classes if c.thing] == list(range(24, 34))


def test_colors_and_channels():
    palette = Palette("p", (LabelClass(4, "b", (1, 2, 3)), LabelClass(1, "a", (4, 5, 6))))
    assert palette.channels == 5
    assert palette.colors.dtype == np.uint8
    assert palette.colors.tolist() == [[0, 0, 0], [4, 5, 6], [0, 0, 0], [0, 0, 0], [1, 2, 3]]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("car", "car"),
        (" Traffic_Light ", "traffic light"),
        ("26", "car"),
        ("trees", "vegetation"),
        ("light", "traffic light"),
        ("pavement", "sidewalk"),
        ("void", "unlabeled"),
    ],
)
def test_find(asked, found):
    assert CITY.find(asked).name == found


def test_find_prefers_the_palettes_own_name():
    assert builtin_palette("ade20k").find("light").id == 83
    assert builtin_palette("coco_stuff").find("mirror").id == 65
    assert builtin_palette("ade20k").find("trees").name == "tree"


def test_find_tells_what_is_close():
    with pytest.raises(InputError, match="no class 'border'; did you mean 'rectification border'"):
        CITY.find("border")
    with pytest.raises(InputError, match="did you mean 'vegetation'"):
        CITY.find("vegitation")
    with pytest.raises(InputError, match="no class 'xyzzy'; it has: unlabeled, ego vehicle"):
        CITY.find("xyzzy")


def test_the_void_class():
    assert CITY.void == CITY.by_id[0]
    assert builtin_palette("apolloscape").void == builtin_palette("apolloscape").by_id[255]
    assert Palette("p", (LabelClass(0, "grass", (0, 9, 0)),)).void is None


def test_unknown_builtin_palette():
    with pytest.raises(InputError, match="no palette 'city'; there are: ade20k, apolloscape"):
        builtin_palette("city")
    with pytest.raises(InputError, match="no palette"):
        builtin_palette("../palettes/cityscapes")


def test_json_round_trip():
    for name in builtin_palette_names():
        palette = builtin_palette(name)
        assert Palette.from_json(palette.to_json()) == palette


def test_a_palette_written_by_hand():
    text = '{"name": "Garden", "classes": [{"id": 3, "name": "Gnome", "color": "#c8A000", "thing": true}]}'
    assert Palette.from_json(text) == Palette("Garden", (LabelClass(3, "gnome", (200, 160, 0), True),))


def one_class(**change):
    fields = {"id": 0, "name": "lawn", "color": [1, 2, 3]} | change
    return {"name": "p", "classes": [{k: v for k, v in fields.items() if v != "left out"}]}


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ("{", "palette: not JSON, line 1 column 2"),
        ("[" * 100_000, "palette: not a palette, its JSON is nested too deeply or its numbers"),
        ("9" * 5000, "or its numbers are too long"),
        (" " * 2_000_001, "palette: 2,000,001 characters are too many"),
        ([1], "palette: expected an object"),
        ({"name": "p", "classes": {}}, "palette: expected an object"),
        (
            {"name": "p", "classes": [], "x": 1},
            "palette: unknown field 'x'; the fields are name, source, classes",
        ),
        (
            {"name": "", "classes": [1]},
            "palette: name must be a text of 1 to 100 printable characters, got ''",
        ),
        ({"name": "p", "classes": []}, "palette 'p': 0 classes; it takes 1 to 4096"),
        ({"name": "p", "classes": [{}] * 4097}, "palette 'p': 4097 classes"),
        ({"name": "p", "source": 3, "classes": [{}]}, "palette 'p': source must be a text, got 3"),
        ({"name": "p", "classes": [7]}, "palette 'p', class number 1: expected an object"),
        (
            one_class(colour=[1, 2, 3]),
            "class number 1: unknown field 'colour'; the fields are id, name, color, thing",
        ),
        (one_class(id="left out"), "class number 1: id must be a whole number from 0 to 32767, got None"),
        (one_class(id=-1), "id must be a whole number from 0 to 32767, got -1"),
        (one_class(id=32768), "id must be a whole number from 0 to 32767, got 32768"),
        (one_class(id=True), "id must be a whole number from 0 to 32767, got True"),
        (one_class(id="x" * 10_000), "id must be a whole number"),
        (one_class(id=1.5), "id must be a whole number"),
        (one_class(name=5), "class number 1: name must be a text"),
        (one_class(name="a\nb"), "class number 1: name must be a text"),
        (one_class(name="n" * 101), "class number 1: name must be a text"),
        (
            one_class(color=[1, 2]),
            'color must be three whole numbers from 0 to 255, or "#rrggbb", got [1, 2]',
        ),
        (one_class(color=[1, 2, 256]), "color must be three whole numbers from 0 to 255"),
        (one_class(color="#12345g"), "color must be three whole numbers from 0 to 255"),
        (one_class(color="left out"), "color must be three whole numbers from 0 to 255"),
        (one_class(thing="yes"), "thing must be true or false, got 'yes'"),
    ],
)
def test_mistakes_in_a_palette(raw, sentence):
    with pytest.raises(InputError) as error:
        Palette.from_json(raw if isinstance(raw, str) else json.dumps(raw))
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "classes", "id", "color", "thing", "x"]), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@settings(max_examples=40, deadline=None)
@given(JSON, JSON, JSON)
def test_any_json_is_a_palette_or_an_input_error(number, name, color):
    text = json.dumps({"name": "p", "classes": [{"id": number, "name": name, "color": color}]})
    try:
        (found,) = Palette.from_json(text).classes
    except InputError:
        return
    assert (found.id, found.name, list(found.color)) == (number, name.strip().lower(), color)


def test_ids_and_names_are_unique():
    def text(*classes):
        rows = [{"id": i, "name": n, "color": [0, 0, 0]} for i, n in classes]
        return json.dumps({"name": "p", "classes": rows})

    with pytest.raises(InputError, match="id 4 stands for both 'a' and 'b'"):
        Palette.from_json(text((4, "a"), (4, "b")))
    with pytest.raises(InputError, match="the name 'a-b' is used twice, for ids 1 and 2"):
        Palette.from_json(text((1, "A b"), (2, "a-b")))


def test_no_name_is_in_two_groups_of_synonyms():
    names = [name for group in synonym_groups().values() for name in group]
    assert len(names) == len(set(names))
    assert all(spelling(name) == name for name in names)


def test_short_names_mean_the_full_ones_only_where_those_are_missing():
    assert "traffic light" in synonyms_in("light", frozenset({"light", "road"}))
    assert synonyms_in("light", frozenset({"light", "traffic light"})) == ("light",)
