"""Worlds by name: what the texts mean, and one sentence for every mistake."""

from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from maliang_video.errors import InputError
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.training.worlds import open_world
from maliang_video.training.worlds.face_parts import Part
from maliang_video.training.worlds.puppet_parts import BodyPart


def test_every_setting():
    stream = open_world("world:street?seed=7&frames=48&size=96x64&look=night&fps=30000/1001")
    assert (stream.world.seed, stream.world.look) == (7, "night")
    assert (stream.width, stream.height, stream.frame_count) == (96, 64, 48)
    assert stream.frame_rate == Fraction(30000, 1001)


def test_defaults():
    stream = open_world("world:street")
    assert (stream.world.seed, stream.world.look, stream.width, stream.height) == (0, None, 256, 128)
    assert (stream.frame_count, stream.frame_rate) == (120, 24)


@pytest.mark.parametrize(
    ("name", "size", "palette"),
    [
        ("street", (256, 128), "cityscapes"),
        ("faces", (128, 128), "celebamask_hq"),
        ("puppets", (128, 192), "densepose"),
    ],
)
def test_every_world_has_its_size_and_its_classes(name, size, palette):
    assert (open_world(f"world:{name}").width, open_world(f"world:{name}").height) == size
    stream = open_world(f"world:{name}?seed=4&frames=2&size=64x64")
    assert stream.palette == builtin_palette(palette)
    frames = list(stream.frames())
    assert len(frames) == 2
    assert {int(n) for n in frames[1].ids.unique()} <= set(stream.palette.by_id)
    assert np.array_equal(next(stream.truth(1)).ids, frames[1].ids)


def test_who_is_seen_can_be_chosen():
    for name in ("faces", "puppets"):
        stream = open_world(f"world:{name}?seed=7&subject=12&look=neon")
        assert (stream.world.seed, stream.world.subject, stream.world.look) == (7, 12, "neon")
        assert stream.fingerprint != open_world(f"world:{name}?seed=7&look=neon").fingerprint
    assert open_world("world:faces").fingerprint != open_world("world:puppets?size=128x128").fingerprint


def test_classes_are_named_as_the_palettes_name_them():
    for parts, palette in ((Part, "celebamask_hq"), (BodyPart, "densepose")):
        known = builtin_palette(palette).by_id
        assert {int(p) for p in parts} == set(known)
    names = {c.id: c.name for c in builtin_palette("densepose").classes}
    assert all(names[p] == p.name.lower().replace("_", " ") for p in BodyPart)
    faces = {c.id: c.name for c in builtin_palette("celebamask_hq").classes}
    assert (faces[Part.GLASSES], faces[Part.L_LIP], faces[Part.HAIR]) == ("eye_g", "l_lip", "hair")


def test_frames_start_anywhere_and_end_on_time():
    stream = open_world("world:street?frames=5&size=32x16&seed=3")
    whole = list(stream.frames())
    assert len(whole) == 5
    tail = list(stream.frames(3))
    assert len(tail) == 2
    assert np.array_equal(whole[3].ids, tail[0].ids)
    assert np.array_equal(whole[4].instances, tail[1].instances)
    truth = next(stream.truth(4))
    assert np.array_equal(truth.ids, whole[4].ids)


def test_a_world_may_be_endless():
    stream = open_world("world:street?frames=endless&size=32x16")
    assert stream.frame_count is None
    assert len(list(islice(stream.frames(1_000), 3))) == 3


def test_fingerprints_tell_worlds_apart():
    specs = ["", "?seed=1", "?frames=9", "?size=64x32", "?look=snow", "?fps=25"]
    prints = {open_world("world:street" + s).fingerprint for s in specs}
    assert len(prints) == len(specs)
    assert open_world("world:street").fingerprint == open_world("world:street?seed=0").fingerprint


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("world:forest", "no world 'world:forest'"),
        ("street", "no world 'street'"),
        ("world:forest", "there is: world:street, world:faces, world:puppets"),
        ("world:street?subject=3", "no setting 'subject'"),
        ("world:faces?look=night", "there are: studio, daylight, evening, neon"),
        ("world:faces?smile=1", "there are: seed, frames, size, look, fps, subject"),
        ("world:faces?subject=me", "subject must be a whole number"),
        ("world:puppets?subject=-1", "subject must be a whole number"),
        ("world:puppets?size=9x9", "both even"),
        ("world:street?weather=rain", "no setting 'weather'"),
        ("world:street?seed=seven", "seed must be a whole number"),
        ("world:street?seed=-1", "seed must be a whole number"),
        ("world:street?seed", "key=value"),
        ("world:street?seed=1&seed=2", "once only"),
        ("world:street?frames=0", "frames must be a whole number of 1 or more"),
        ("world:street?size=10000x64", "between 16 and 8192"),
        ("world:street?size=255x128", "both even"),
        ("world:street?size=8x8", "between 16 and 8192"),
        ("world:street?size=big", "WIDTHxHEIGHT"),
        ("world:street?look=rain", "there are: noon, dusk, night, snow"),
        ("world:street?fps=0", "fps must be a number from 1 to 240"),
        ("world:street?fps=1e3", "fps must be a number from 1 to 240"),
    ],
)
def test_every_mistake_gets_its_sentence(spec, says):
    with pytest.raises(InputError) as error:
        open_world(spec)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
