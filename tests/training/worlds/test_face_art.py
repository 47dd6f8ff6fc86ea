"""Painted and carved faces: the same every time, of the right tones, and where the face is."""

import numpy as np
import pytest

from maliang_video.errors import InputError
from maliang_video.training.worlds import open_world
from maliang_video.training.worlds.face_art import in_stone, marble, oil
from maliang_video.training.worlds.face_parts import Part
from maliang_video.training.worlds.face_person import draw_subject
from maliang_video.training.worlds.puppet_person import draw_dancer, dressed


def test_a_painting_has_the_picture_s_colours_in_strokes():
    picture = np.full((32, 32, 3), (40, 90, 160), np.uint8)
    picture[:, 16:] = (200, 180, 90)
    painted = oil(picture, 3)
    assert np.array_equal(painted, oil(picture, 3))
    left, right = (painted[:, side].reshape(-1, 3).mean(0) for side in (np.s_[:12], np.s_[20:]))
    assert np.abs(left - (40, 90, 160)).max() < 35
    assert np.abs(right - (200, 180, 90)).max() < 35
    assert left[2] < 160, "blues are duller under varnish"
    assert 1 < painted[:, 20:].astype(float).std(axis=(0, 1)).max() < 25, "strokes are not all alike"


def test_marble_is_of_one_tone_and_follows_the_light():
    parts = np.full((32, 32), Part.BACKGROUND, np.uint8)
    parts[8:, 8:24] = Part.SKIN
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 200, 32).astype(np.uint8)
    stone = marble(picture, parts, 3)
    assert np.array_equal(stone, marble(picture, parts, 3))
    assert np.ptp(stone[parts == Part.SKIN].astype(int), axis=1).max() <= 16
    assert stone[10:, 20:23].mean() > stone[10:, 9:12].mean() + 40
    background = stone[:6].reshape(-1, 3)
    assert background.max() < 80
    empty = np.zeros((32, 32), np.uint8)
    assert np.ptp(marble(picture, empty, 3)[0].astype(int), axis=0).max() <= 1, "nobody there: a wall"


def test_a_statue_is_of_one_material():
    person = draw_subject(5)
    stone = in_stone(person)
    assert stone.skin == stone.hair == stone.iris == stone.cloth
    assert (stone.glasses, stone.hat, stone.freckles, stone.makeup) == ("none", "none", 0, 0)
    assert (stone.jaw, stone.nose_length, stone.hair_style) == (
        person.jaw,
        person.nose_length,
        person.hair_style,
    )


@pytest.mark.parametrize("art", ["oil", "marble"])
def test_art_changes_the_picture_and_not_what_is_true_about_it(art):
    spec = "world:faces?seed=3&subject=9&size=32x32&frames=1"
    (plain,), (made,) = (list(open_world(s).truth()) for s in (spec, f"{spec}&art={art}"))
    assert np.abs(plain.rgb.astype(int) - made.rgb).mean() > 4
    assert np.array_equal(plain.landmarks, made.landmarks)
    if art == "marble":
        assert np.ptp(made.rgb.astype(int), axis=2).max() <= 16


def test_a_dancer_wears_what_another_one_wears():
    mine, theirs = draw_dancer(3), draw_dancer(8)
    now = dressed(mine, theirs)
    assert (now.cloth, now.bottom, now.shoes) == (theirs.cloth, theirs.bottom, theirs.shoes)
    assert (now.seed, now.skin, now.hair, now.height, now.stage) == (
        3,
        mine.skin,
        mine.hair,
        mine.height,
        mine.stage,
    )
    assert open_world("world:puppets?subject=3&clothes=8").world.dancer == now


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("world:faces?art=bronze", "no art 'bronze'; there are: oil, marble"),
        (
            "world:puppets?art=oil",
            "no setting 'art'; there are: seed, frames, size, look, fps, subject, clothes",
        ),
        ("world:puppets?clothes=red", "clothes must be a whole number of 0 or more, not 'red'"),
        ("world:street?clothes=1", "no setting 'clothes'"),
    ],
)
def test_a_wish_that_no_world_fulfils_is_one_sentence(spec, said):
    with pytest.raises(InputError, match=said):
        open_world(spec)
