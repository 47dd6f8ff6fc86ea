"""A clip in chunks: the same frames whatever the chunks, gradients through as many frames as asked for."""

import pytest
import torch

from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.labels.planes import LabelPlanes
from maliang_video.models.vid2vid.rollout import synthesize
from maliang_video.training.chunks import begin, first_frame, paint_chunk, split, stack_planes
from maliang_video.training.networks import build_networks
from maliang_video.training.schedule import ClipShape


@pytest.fixture
def generator(recipe):
    return build_networks(recipe, torch.device("cpu")).generator


@pytest.fixture
def batch(clips):
    clip = clips.shaped(ClipShape(32, 32, 7, (1.0,)))[0]
    return {key: value[None] for key, value in clip.items()}


def painted(generator, batch, from_real, chunk, unrolled=1):
    carried, chunks = begin(generator, batch, from_real), []
    for frames in split(first_frame(generator, from_real), 7, chunk):
        made, carried = paint_chunk(generator, batch, frames, carried, unrolled)
        chunks.append(made)
    return chunks


def test_a_clip_is_split_without_a_gap():
    assert list(split(2, 9, 3)) == [range(2, 5), range(5, 8), range(8, 9)]
    assert list(split(0, 2, 5)) == [range(0, 2)]


@pytest.mark.parametrize("from_real", [True, False])
@pytest.mark.parametrize("chunk", [1, 2, 5])
def test_chunks_go_on_where_the_one_before_ended(generator, batch, from_real, chunk):
    generator.double()  # what is the same everywhere, as a blank past, has no variance but that of its rounding
    frames = torch.cat([made.frame for made in painted(generator, batch, from_real, chunk)], 1)
    labels = [LabelFrame(batch["ids"][0, t], batch["instances"][0, t]) for t in range(7)]
    first = batch["pictures"][:, :2] if from_real else None
    whole = [each.frame for each in synthesize(generator, labels, first=first, style=batch["style"])]
    expected = torch.stack(whole[2:] if from_real else whole, 1)
    assert torch.allclose(frames, expected, atol=1e-6)


def test_what_a_chunk_knows_of_its_frames(generator, batch):
    one, two = painted(generator, batch, False, 4)
    assert (one.frames, two.frames) == (range(4), range(4, 7))
    assert one.started == (False, True, True, True)
    assert two.started == (True, True, True)
    assert torch.equal(two.real, batch["pictures"][:, 4:7])
    assert torch.equal(two.before[:, 0], one.frame[:, 3])
    assert torch.equal(two.before[:, 1:], two.frame[:, :-1])
    assert not two.before.requires_grad
    assert one.labels.values.shape[0] == 4
    (real,) = painted(generator, batch, True, 5)
    assert torch.equal(real.before[:, 0], batch["pictures"][:, 1])


@pytest.mark.parametrize(("unrolled", "reached"), [(1, False), (2, True), (5, True)])
def test_gradients_flow_through_as_many_frames_as_asked_for(generator, batch, monkeypatch, unrolled, reached):
    """The second frame's own gradient, or also that of the first, from which it was made."""
    calls = []
    step = type(generator).step

    def watched(self, window, past, style=None, **named):
        calls.append(past.frames[-1].requires_grad)
        return step(self, window, past, style, **named)

    monkeypatch.setattr(type(generator), "step", watched)
    painted(generator, batch, True, 4, unrolled)
    assert calls[0] is False
    assert calls[1] is reached
    assert calls[2] is (unrolled == 5)  # two frames unrolled: the third begins anew
    assert calls[4] is False  # the next chunk


def test_planes_of_several_frames_are_those_of_one_batch():
    one = LabelPlanes(torch.full((2, 2, 4, 4), 1.0), torch.tensor([1, 5]), 7)
    two = LabelPlanes(torch.full((2, 1, 4, 4), 2.0), torch.tensor([3]), 7)
    both = stack_planes([one, two])
    assert both.channels.tolist() == [1, 3, 5]
    dense = torch.stack([one.dense(), two.dense()], 1).flatten(0, 1)
    assert torch.equal(both.dense(), dense)
    assert stack_planes([one]) is one
