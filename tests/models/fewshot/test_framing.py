"""Windows that follow a subject: what must hold whatever it does."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.models.fewshot.framing import REACH, around_head, follow, moved_into
from maliang_video.models.fewshot.sightings import (
    Area,
    Sighting,
    sight_body,
    sight_face,
    sight_mask,
)
from maliang_video.models.fewshot.windows import Window
from maliang_video.models.labels.people import Person

FIRST = Window(100, 80, 120, 240)
few = settings(max_examples=15, deadline=None)


def landmarks() -> np.ndarray:
    """Some face of 100 pixels."""
    generator = np.random.default_rng(5)
    face = generator.uniform(-50, 50, (68, 2))
    jaw = np.linspace(np.pi, 0, 17)
    face[:17] = np.stack([50 * np.cos(jaw), 55 * np.sin(jaw)], 1)
    return face + np.array([160, 170])


def body() -> np.ndarray:
    """Someone of 230 pixels who stands, `[25 3]`."""
    pose = np.zeros((25, 3))
    places = {0: (0, -35), 1: (0, 0), 8: (0, 70), 15: (-4, -40), 16: (4, -40), 17: (-9, -38), 18: (9, -38)}
    for side, shoulder, hip in ((-1, 2, 9), (1, 5, 12)):
        places |= {shoulder + n: (side * (20 + 4 * n), 36.0 * n) for n in range(3)}
        places |= {hip + n: (side * 12, 70 + 58.0 * n) for n in range(3)}
    for number, place in places.items():
        pose[number] = (*place, 1)
    return pose + (160, 180, 0) * (pose[:, 2:] > 0)


@st.composite
def walks(draw: st.DrawFn) -> list[Sighting]:
    """A subject that goes anywhere, jumps, comes nearer."""
    steps = draw(
        st.lists(st.tuples(*[st.floats(-40, 40)] * 2, st.floats(-0.2, 0.2)), min_size=1, max_size=45)
    )
    x, y, size, walk = 160.0, 200.0, 50.0, []
    for right, down, nearer in steps:
        x, y, size = x + right, y + down, size * float(np.exp(nearer))
        walk.append(Sighting(x, y, size, Area(x - 20, y - 90, x + 20, y - 40)))
    return walk


@few
@given(walks())
def test_the_aspect_and_the_head_are_kept(walk):
    windows = list(follow(FIRST, walk))
    assert len(windows) == len(walk)
    for window, seen in zip(windows, walk, strict=True):
        assert window.width / window.height == pytest.approx(0.5, rel=1e-12)
        assert window.left <= seen.head.left
        assert window.top <= seen.head.top
        assert window.left + window.width >= seen.head.right - 1e-9
        assert window.top + window.height >= seen.head.bottom - 1e-9


@few
@given(walks(), st.floats(-500, 500), st.floats(-500, 500))
def test_a_moved_subject_has_moved_windows(walk, right, down):
    moved = [
        Sighting(
            s.x + right, s.y + down, s.size,
            Area(s.head.left + right, s.head.top + down, s.head.right + right, s.head.bottom + down),
        )
        for s in walk
    ]  # fmt: skip
    ours = follow(FIRST._replace(left=FIRST.left + right, top=FIRST.top + down), moved)
    for window, other in zip(ours, follow(FIRST, walk), strict=True):
        assert window == pytest.approx((other.left + right, other.top + down, *other[2:]), abs=1e-6)


@few
@given(walks(), st.floats(0.3, 3))
def test_a_larger_picture_has_larger_windows(walk, factor):
    larger = [
        Sighting(s.x * factor, s.y * factor, s.size * factor, Area(*(v * factor for v in s.head)))
        for s in walk
    ]
    ours = follow(Window(*(v * factor for v in FIRST)), larger)
    for window, other in zip(ours, follow(FIRST, walk), strict=True):
        assert window == pytest.approx([v * factor for v in other], rel=1e-6, abs=1e-6)


@few
@given(walks(), st.integers(0, 44))
def test_gaps_are_passed_over(walk, gap):
    gap = min(gap, len(walk) - 1)
    lost = [None if n == gap else s for n, s in enumerate(walk)]
    held = [walk[max(0, n - (n == gap))] for n in range(len(walk))]
    if gap == 0 and len(walk) > 1:
        held[0] = walk[1]
    if any(lost):
        assert list(follow(FIRST, lost)) == list(follow(FIRST, held))
    else:
        assert not list(follow(FIRST, lost))


def test_only_a_few_frames_are_read_ahead():
    read = 0

    def sightings():
        nonlocal read
        for n in range(100):
            read += 1
            yield Sighting(3.0 * n, 0.0, 50.0, None)

    windows = follow(FIRST, sightings())
    for number in range(100):
        next(windows)
        assert read == min(100, number + REACH + 1)


def test_a_steady_walk_is_followed_without_lag():
    walk = [Sighting(160 + 4.0 * n, 200.0, 50.0, None) for n in range(100)]
    windows = list(follow(FIRST, walk, slack=0.0))
    assert [w.left for w in windows] == pytest.approx([FIRST.left + 4 * n for n in range(100)])
    pulled = list(follow(FIRST, walk))
    assert np.diff([w.left for w in pulled[2 * REACH :]]) == pytest.approx(4)
    lag = FIRST.left + 4 * 50 - pulled[50].left
    assert 0 < lag <= 0.05 * FIRST.width


def sightings_of(kind: str, noise: float, speed: float, frames: int = 150) -> list[Sighting]:
    generator = np.random.default_rng(11)
    seen = []
    for n in range(frames):
        move = (speed * n, 0.3 * speed * n)
        if kind == "face":
            seen.append(sight_face(landmarks() + move + noise * generator.standard_normal((68, 2))))
        else:
            pose = body()
            pose[:, :2] += (move + noise * generator.standard_normal((25, 2))) * (pose[:, 2:] > 0)
            seen.append(sight_body(Person(torch.from_numpy(pose))))
    return seen


@pytest.mark.parametrize("kind", ["face", "body"])
@pytest.mark.parametrize("speed", [0.0, 2.0])
def test_a_pixel_of_noise_moves_no_border_by_a_fifth(kind, speed):
    still, shaken = (np.array(list(follow(FIRST, sightings_of(kind, noise, speed)))) for noise in (0.0, 1.0))
    borders = [w[:, [0, 1]] for w in (still, shaken)] + [w[:, [0, 1]] + w[:, [2, 3]] for w in (still, shaken)]
    for quiet, noisy in (borders[:2], borders[2:]):
        jitter = (noisy - quiet)[2 * REACH : -REACH]
        assert np.diff(jitter, axis=0).std(0).max() < 0.2
        assert (jitter - jitter.mean(0)).std(0).max() < (1e-9 if speed == 0 else 0.4)


def test_windows_stay_in_the_picture_where_they_fit():
    assert moved_into(Window(-5, 30, 50, 100), (120, 100)) == Window(0, 20, 50, 100)
    assert moved_into(Window(-5, 30, 150, 100), (120, 100)) == Window(-5, 20, 150, 100)
    walk = [Sighting(160 - 3.0 * n, 200.0, 50.0, None) for n in range(60)]
    assert min(w.left for w in follow(FIRST, walk, canvas=(400, 300))) == 0
    assert min(w.left for w in follow(FIRST, walk)) < -60


def test_a_head_that_is_too_large_makes_the_window_grow():
    grown = around_head(FIRST, Area(90, 100, 330, 200))
    assert grown == Window(90, -40, 240, 480)


def test_sightings_don_t_depend_on_mouths_and_hands():
    face = landmarks()
    talking = face.copy()
    talking[48:] += 7
    assert sight_face(face)[:3] == sight_face(talking)[:3]
    assert sight_face(face).head.top < face[:, 1].min() - 5 or face[:, 1].min() < 130
    waving = body()
    waving[[4, 7], :2] += (40, -60)
    ours, theirs = (sight_body(Person(torch.from_numpy(p))) for p in (body(), waving))
    assert ours[:2] == theirs[:2]


def test_a_body_is_seen_by_its_trunk():
    pose = body()
    seen = sight_body(Person(torch.from_numpy(pose)))
    assert (seen.x, seen.y) == pytest.approx((160, 180 + 35))
    assert seen.size == pytest.approx(230, rel=0.1)
    assert seen.head.left < 151
    assert seen.head.top < 140
    assert seen.head.bottom < 180
    pose[[0, 15, 16, 17, 18], 2] = 0
    assert sight_body(Person(torch.from_numpy(pose))).head is None
    pose[[1, 2, 5], 2] = 0
    assert sight_body(Person(torch.from_numpy(pose))) is None


def test_a_mask_is_seen_by_its_middle():
    mask = torch.zeros(60, 40, dtype=torch.bool)
    mask[10:26, 4:20] = True
    head = torch.zeros_like(mask)
    head[10:14, 8:12] = True
    assert sight_mask(mask, head) == Sighting(12, 18, 16, Area(8, 10, 12, 14))
    assert sight_mask(mask).head == Area(4, 10, 20, 26)
    assert sight_mask(torch.zeros_like(mask)) is None
