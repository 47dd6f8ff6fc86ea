"""Stitching tuning: borders meet the source, windows go over into each other, and any of it can be stopped."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.faces.stylegan2.generator import StyleGAN2
from maliang_video.training.stitching_tuning import (
    PUBLISHED,
    USUAL,
    StitchFrame,
    stitch,
    stitch_alone,
)

WINDOWS = replace(USUAL, updates=2, window=3, rank=2, learning_rate=0.02)


@pytest.fixture
def generator(tiny_stylegan2) -> StyleGAN2:
    return tiny_stylegan2(blocks=3)


@pytest.fixture
def frames(generator: StyleGAN2, face_codes) -> Callable[[int], StitchFrame]:
    """Seven frames: inside the face is moved along a direction, around it stays."""
    codes = face_codes(generator, 7)
    border = torch.zeros(1, 1, 16, 16)
    border[..., 2:14, 2:14] = 1
    border[..., 5:11, 5:11] = 0
    content = torch.zeros(1, 1, 16, 16)
    content[..., 5:11, 5:11] = 1
    with torch.no_grad():
        source, edited = generator(codes), generator(codes + 0.4)

    def frame(number: int) -> StitchFrame:
        k = slice(number, number + 1)
        return StitchFrame(codes[k] + 0.4, source[k], edited[k], border, content)

    return frame


def test_a_frame_alone_meets_its_border_and_keeps_the_edit(generator, frames) -> None:
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    result = stitch_alone(generator, frames(2), replace(PUBLISHED, updates=25, learning_rate=0.01))
    assert result.updates == 25
    assert len(result.border) == 26
    assert result.border[-1] < 0.2 * result.border[0]
    assert result.content[0] == pytest.approx(0, abs=1e-9)
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_it_stops_before_the_update_that_is_not_needed(generator, frames) -> None:
    plan = replace(PUBLISHED, updates=25, learning_rate=0.01)
    long = stitch_alone(generator, frames(0), plan)
    short = stitch_alone(generator, frames(0), replace(plan, enough=long.border[7] * 1.0001))
    assert short.updates <= 7
    assert short.border == long.border[: short.updates + 1]
    assert short.border[-1] < long.border[7] * 1.0001 <= short.border[-2]


def test_styles_are_stitched_like_codes(generator, frames) -> None:
    frame = frames(0)
    styles = replace(frame, latent=[style.detach() for style in generator.styles(frame.latent)])
    plan = replace(PUBLISHED, updates=2)
    results = [stitch_alone(generator, each, plan) for each in (frame, styles)]
    assert results[0].border[0] == pytest.approx(results[1].border[0], abs=1e-6)
    assert results[1].border[2] < results[1].border[0]


@pytest.mark.parametrize("rank", [0, 2])
def test_windows_meet_borders_with_few_updates(generator, frames, rank: int) -> None:
    plan = replace(WINDOWS, rank=rank, updates=8)
    start = [
        float(stitch_alone(generator, frames(k), replace(PUBLISHED, updates=1)).border[0]) for k in range(7)
    ]
    results = list(stitch(generator, frames, 7, plan))
    assert len(results) == 7
    assert all(result.updates == 8 for result in results)
    assert sum(result.border[0] for result in results) < 0.5 * sum(start)


def test_frames_of_different_windows_go_over_into_each_other(generator, frames) -> None:
    """The same face in every frame: what changes from picture to picture are weights alone, and they change evenly."""
    still = frames(0)
    pictures = [each.picture for each in stitch(generator, lambda k: still, 7, WINDOWS)]
    steps = [float((b - a).abs().mean()) for a, b in pairwise(pictures)]
    assert min(steps) > 0
    assert max(steps) < 2.5 * sum(steps) / len(steps)


@pytest.mark.parametrize("plan", [WINDOWS, replace(WINDOWS, rank=0), replace(PUBLISHED, updates=1)])
def test_it_goes_on_where_a_state_was_given_out(generator, frames, plan) -> None:
    whole = list(stitch(generator, frames, 7, plan))
    for number, result in enumerate(whole[:-1]):
        if result.state is not None and number >= 3:
            rest = list(stitch(generator, frames, 7, plan, number + 1, result.state))
            assert len(rest) == 6 - number
            assert all(
                torch.equal(a.picture, b.picture) for a, b in zip(rest, whole[number + 1 :], strict=True)
            )
    assert sum(result.state is not None for result in whole) == (3 if plan.window else 7)


def test_a_window_ends_when_its_borders_are_near_enough(generator, frames) -> None:
    assert all(each.updates == 1 for each in stitch(generator, frames, 7, replace(WINDOWS, enough=1e9)))


def test_nothing_is_computed_before_it_is_asked_for(generator, frames) -> None:
    asked: list[int] = []

    def counted(number: int) -> StitchFrame:
        asked.append(number)
        return frames(number)

    pictures = stitch(generator, counted, 7, WINDOWS)
    assert not asked
    next(pictures)
    assert max(asked) == 1  # windows of 2, 3, 2 frames


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"updates": 0}, "updates: give 1 or more"),
        ({"window": -1}, "window: frames, or 0 for each alone"),
        ({"rank": -1}, "rank: 1 or more, or 0"),
        ({"learning_rate": 2.0}, "learning rate: 2 is none"),
        ({"content_weight": -0.1}, "can't be negative"),
        ({"enough": -1.0}, "can't be negative"),
    ],
)
def test_plans_that_nothing_can_be_stitched_with_are_refused(generator, frames, changes, message) -> None:
    with pytest.raises(InputError, match=message):
        next(stitch(generator, frames, 7, replace(WINDOWS, **changes)))


@pytest.mark.parametrize("window", [0, 3])
def test_an_empty_mask_and_broken_pictures_are_refused(generator, frames, window: int) -> None:
    plan = replace(WINDOWS, window=window)
    empty = replace(frames(0), border=torch.zeros(1, 1, 16, 16))
    with pytest.raises(InputError, match="the mask is empty"):
        next(stitch(generator, lambda k: empty, 7, plan))
    broken = replace(frames(0), source=torch.full((1, 3, 16, 16), float("nan")))
    with pytest.raises(InputError, match=r"stitching: at frame \d of the crops the error is not finite"):
        next(stitch(generator, lambda k: broken, 7, plan))
