"""Rollouts: one picture for every label frame, wherever the clip is cut, in constant memory."""

from collections.abc import Iterator

import pytest
import torch
from safetensors.torch import load, save

from maliang_video.errors import InputError
from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.vid2vid.generator import Past, Vid2VidGenerator
from maliang_video.models.vid2vid.rollout import (
    Synthesis,
    lead_frames,
    paint_first,
    synthesize,
    synthesize_encoded,
)

COUNT = 6
STARTS = ("blank", "given", "painted")


@pytest.fixture
def start(request, make, first_frame) -> tuple[Vid2VidGenerator, torch.Tensor | None]:
    """A generator, and the first pictures that it is given."""
    if request.param == "painted":
        return make(first_frame=first_frame), None
    given = torch.rand(1, 2, 3, 16, 24, generator=torch.Generator().manual_seed(4)) * 2 - 1
    return make(), given if request.param == "given" else None


def saved(past: Past) -> Past:
    return Past.from_tensors(load(save(past.to_tensors())))


@pytest.mark.parametrize("cut", range(COUNT))
@pytest.mark.parametrize("start", STARTS, indirect=True)
def test_a_rollout_that_was_cut_goes_on_with_the_same_frames(start, clip, cut):
    generator, first = start
    labels = clip(COUNT)
    whole = list(synthesize(generator, labels, first=first))
    past = saved(whole[cut].past)
    resumed = list(
        synthesize(generator, labels[cut + 1 - lead_frames(generator, past) :], first=first, past=past)
    )
    assert len(resumed) == COUNT - cut - 1
    for ours, theirs in zip(resumed, whole[cut + 1 :], strict=True):
        assert torch.equal(ours.frame, theirs.frame)
        assert ours.past.painted == theirs.past.painted
        assert all(torch.equal(a, b) for a, b in zip(ours.past.frames, theirs.past.frames, strict=True))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("start", STARTS, indirect=True)
def test_every_label_frame_gets_a_picture(start, clip, count):
    generator, first = start
    made = list(synthesize(generator, clip(5)[:count], first=first))
    assert [m.past.painted for m in made] == list(range(1, count + 1))
    assert all(m.frame.shape == (1, 3, 16, 24) and m.frame.isfinite().all() for m in made)


def test_given_pictures_come_first_as_they_are(make, clip):
    given = torch.rand(1, 2, 3, 16, 24) * 2 - 1
    made = list(synthesize(make(), clip(3), first=given))
    assert torch.equal(torch.stack([m.frame for m in made[:2]], 1), given)
    assert made[0].details is made[1].details is None
    assert torch.equal(made[2].frame, made[2].details.frame)


def test_the_first_frame_network_paints_each_of_the_first_frames_from_its_labels(make, clip, first_frame):
    generator, labels = make(first_frame=first_frame), clip(3)
    made = list(synthesize(generator, labels))
    with torch.inference_mode():
        alone = [paint_first(generator, generator.encode(frame)) for frame in labels[:2]]
    assert all(torch.equal(m.frame, picture) for m, picture in zip(made, alone, strict=False))
    assert not torch.equal(alone[0], alone[1])


def test_a_blank_start_repeats_the_first_label_frame_and_warps_nothing(make, clip):
    generator, labels = make(), clip(2)
    made = next(synthesize(generator, labels))
    assert torch.equal(made.details.frame, made.details.raw)
    window = [generator.encode(labels[0])] * 3
    with torch.inference_mode():
        assert torch.equal(made.frame, generator.step(window, generator.blank_past((16, 24))).frame)


def test_two_rollouts_can_take_turns(make, clip):
    generator = make()
    clips = [clip(4, seed=seed) for seed in (1, 2)]
    alone = [[m.frame for m in synthesize(generator, labels)] for labels in clips]
    in_turns = zip(*(synthesize(generator, labels) for labels in clips), strict=True)
    for t, pair in enumerate(in_turns):
        assert all(torch.equal(made.frame, alone[i][t]) for i, made in enumerate(pair))


def test_a_batch_of_two_clips_is_two_clips(make, clip):
    generator, clips = make(), [clip(4, seed=seed) for seed in (1, 2)]
    pairs = zip(*clips, strict=True)
    batch = [
        LabelFrame(torch.stack([a.ids, b.ids]), torch.stack([a.instances, b.instances])) for a, b in pairs
    ]
    both = torch.stack([m.frame for m in synthesize(generator, batch)])
    for i, labels in enumerate(clips):
        alone = torch.cat([m.frame for m in synthesize(generator, labels)])
        assert torch.allclose(both[:, i], alone, atol=1e-4)


def test_labels_are_read_one_at_a_time(make, clip):
    read = []

    def stream() -> Iterator[LabelFrame]:
        for t, frame in enumerate(clip(4)):
            read.append(t)
            yield frame

    rollout = synthesize(make(), stream())
    for t in range(4):
        next(rollout)
        assert read == list(range(t + 1))


def test_no_graph_is_kept(make, clip):
    made: Synthesis = next(synthesize(make(), clip(1)))
    assert not made.frame.requires_grad


def test_drawn_maps_roll_out_like_label_maps(make, clip):
    generator = make(foreground=(), foreground_filters=0)
    labels = clip(4)
    maps = [generator.encode(frame)[0].dense() for frame in labels]
    drawn = synthesize_encoded(generator, (generator.encode_drawn(m) for m in maps))
    for ours, theirs in zip(drawn, synthesize(generator, labels), strict=True):
        assert torch.allclose(ours.frame, theirs.frame, atol=1e-4)


def test_a_style_holds_for_the_whole_rollout(make, clip):
    generator, style = make(style_names=("day", "night")), torch.tensor([[0.0, 1.0]])
    whole = list(synthesize(generator, clip(4), style=style))
    resumed = list(synthesize(generator, clip(4)[1:], style=style, past=whole[2].past))
    assert torch.equal(resumed[0].frame, whole[3].frame)
    with pytest.raises(InputError, match="needs a style"):
        next(synthesize(generator, clip(1)))


def test_frames_of_another_size_are_refused(make, clip):
    labels = [*clip(2), *clip(1, width=28)]
    rollout = synthesize(make(), labels)
    next(rollout), next(rollout)
    with pytest.raises(InputError, match="label frame 2 is 28x16, the frames before it are 24x16"):
        next(rollout)


def test_a_past_of_another_size_is_refused(make, clip):
    generator = make()
    past = next(synthesize(generator, clip(1))).past
    with pytest.raises(InputError, match="label maps are 28x16, the frames to go on from are 24x16"):
        next(synthesize(generator, clip(2, width=28), past=past))


def test_going_on_needs_the_label_frames_before(make, clip):
    generator = make()
    past = list(synthesize(generator, clip(3)))[-1].past
    with pytest.raises(InputError, match="too few frames to go on from"):
        next(synthesize(generator, clip(1), past=past))


def test_first_pictures_of_another_size_are_refused(make, clip):
    with pytest.raises(InputError, match=r"first pictures: expected \[b t 3 16 24\]"):
        next(synthesize(make(), clip(3), first=torch.zeros(1, 2, 3, 8, 8)))


def test_too_few_first_pictures_are_refused(make, clip):
    rollout = synthesize(make(), clip(3), first=torch.zeros(1, 1, 3, 16, 24))
    next(rollout)
    with pytest.raises(InputError, match="give one picture for each of the first label frames"):
        next(rollout)


def test_a_network_for_faces_needs_pictures(make, clip, first_frame):
    from dataclasses import replace

    styled = replace(first_frame, kind="styled", style_channels=2, encoder_filters=2, encoder_downsamplings=1)
    with pytest.raises(InputError, match="give the first pictures"):
        next(synthesize(make(first_frame=styled), clip(1)))
