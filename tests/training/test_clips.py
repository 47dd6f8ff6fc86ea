"""Training clips: decided by their number, cut from the world where they say, with flow that is true."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset

from maliang_video.errors import InputError, MissingExtraError
from maliang_video.models.flow.warp import warp
from maliang_video.training import clips as module
from maliang_video.training.clips import Clips, StreetClips, load_clips, read_clip
from maliang_video.training.schedule import ClipShape
from maliang_video.training.worlds.frame import WorldFrame
from maliang_video.training.worlds.looks import LOOKS

SMALL = ClipShape(width=64, height=32, frames=3, zooms=(1.0, 2.0))


def street(seed: int = 0, shape: ClipShape = SMALL) -> StreetClips:
    return StreetClips(seed, lambda number: shape)


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def test_a_clip_depends_on_seed_and_number_alone():
    once, again = street(), street()
    later = again[3]
    assert equal(once[3], later)
    assert not equal(once[3], once[4])
    assert not equal(once[3], street(seed=1)[3])


def test_shapes_types_and_ranges():
    clip = street()[0]
    described = {key: (list(value.shape), value.dtype) for key, value in clip.items()}
    assert described == {
        "ids": ([3, 32, 64], torch.uint8),
        "instances": ([3, 32, 64], torch.int32),
        "pictures": ([3, 3, 32, 64], torch.float32),
        "flow": ([3, 2, 32, 64], torch.float32),
        "visible": ([3, 1, 32, 64], torch.float32),
        "style": ([4], torch.float32),
    }
    assert clip["pictures"].min() >= -1
    assert clip["pictures"].max() <= 1
    assert sorted(clip["style"].tolist()) == [0, 0, 0, 1]


@pytest.mark.parametrize("zoom", [1.0, 2.0])
def test_flow_leads_to_the_same_class_in_the_frame_before(zoom):
    clip = street(shape=ClipShape(64, 32, 3, (zoom,)))[1]
    now, visible = clip["ids"][1:], clip["visible"][1:, 0] > 0
    assert 0.5 < visible.float().mean() < 1
    x = (torch.arange(64) + clip["flow"][1:, 0]).round().long()
    y = (torch.arange(32)[:, None] + clip["flow"][1:, 1]).round().long()
    t = torch.arange(2)[:, None, None]
    assert x[visible].min() >= 0
    assert x[visible].max() <= 63
    assert y[visible].min() >= 0
    assert y[visible].max() <= 31
    before = clip["ids"][t, y.clamp(0, 31), x.clamp(0, 63)]
    still = clip["ids"][:-1]
    assert (before != now)[visible].float().mean() < min(0.06, 0.7 * (still != now)[visible].float().mean())


def test_pictures_move_with_the_flow():
    clip = street(shape=ClipShape(128, 64, 2, (2.0,)))[2]
    now, before = clip["pictures"][1:], clip["pictures"][:1]
    visible = clip["visible"][1:]
    moved = ((now - warp(before, clip["flow"][1:])).abs() * visible).mean()
    other_way = ((now - warp(before, -clip["flow"][1:])).abs() * visible).mean()
    still = ((now - before).abs() * visible).mean()
    assert moved < 0.8 * still
    assert moved < 0.6 * other_way


@dataclass(frozen=True)
class Grid:
    """A world whose pixels say where and when they are; the whole of it moves three pixels to the right a frame."""

    seed: int
    look: str
    width: int
    height: int

    def render(self, t: int) -> WorldFrame:
        y, x = np.mgrid[: self.height, : self.width]
        flow = np.stack([np.full(x.shape, -3.0), np.zeros(x.shape)]).astype(np.float32)
        hidden = (x % 16 == 5) & (y % 8 == 2)
        return WorldFrame(
            np.stack([x, y, np.full(x.shape, t % 256)], -1).astype(np.uint8),
            (x % 30).astype(np.uint8),
            (1000 * y).astype(np.int32),
            flow,
            hidden,
            np.ones(x.shape, np.float32),
        )


@pytest.mark.parametrize("zoom", [1.0, 1.5, 2.0])
def test_the_window_is_cut_out_of_a_larger_world(monkeypatch, zoom):
    seen = []
    monkeypatch.setattr(module, "StreetWorld", lambda *given: seen.append(given) or Grid(*given))
    lefts = set()
    for number in range(6):
        clip = street(shape=ClipShape(64, 32, 3, (zoom,)))[number]
        x, y, t = ((clip["pictures"] + 1) * 127.5).round().long().unbind(1)
        left, top = int(x[0, 0, 0]), int(y[0, 0, 0])
        lefts.add(left)
        assert torch.equal(x, (left + torch.arange(64)).expand(3, 32, 64))
        assert torch.equal(y, (top + torch.arange(32))[:, None].expand(3, 32, 64))
        assert torch.equal(t[:, 0, 0] - t[0, 0, 0], torch.arange(3)) or int(t[-1, 0, 0]) < 3
        assert torch.equal(clip["ids"].long(), x % 30)
        assert torch.equal(clip["instances"].long(), 1000 * y)
        hidden = (x % 16 == 5) & (y % 8 == 2)
        outside = torch.arange(64) < 3  # of the window, wherever that lies in the world
        assert torch.equal(clip["visible"][:, 0] == 0, hidden | outside)
    assert {given[2:] for given in seen} == {(round(64 * zoom), round(32 * zoom))}
    assert max(lefts) <= 64 * zoom - 64
    assert (len(lefts) > 1) == (zoom > 1)


def test_style_is_the_look_of_the_world(monkeypatch):
    seen = []
    monkeypatch.setattr(module, "StreetWorld", lambda *given: seen.append(given[1]) or Grid(*given))
    styles = [street()[number]["style"].argmax().item() for number in range(24)]
    assert [LOOKS[style] for style in styles] == seen
    assert set(seen) == set(LOOKS)


def test_a_network_without_styles_sees_one_look(monkeypatch):
    seen = []
    monkeypatch.setattr(module, "StreetWorld", lambda *given: seen.append(given[1]) or Grid(*given))
    clips = StreetClips(0, lambda number: SMALL, styles=0)
    assert {clips[number]["style"].shape for number in range(6)} == {(0,)}
    assert set(seen) == {LOOKS[0]}


@pytest.mark.parametrize("workers", [0, 1])
def test_clips_are_loaded_in_order_in_batches_of_one(clips, workers):
    batches = [read.clip for read in load_clips(clips, range(1, 4), workers)]
    assert len(batches) == 3
    for number, batch in enumerate(batches, 1):
        assert equal(batch, {key: value[None] for key, value in clips[number].items()})


class Broken(Dataset):
    """Clips 1 and 4 can't be read, nor can those that stand in for clip 4; clip 3 stands on a disk that has gone."""

    def __getitem__(self, index):
        if index % 10 == 4 or index == 1:
            raise InputError(f"{index % 10}.png: damaged")
        if index == 3:
            raise OSError(5, "Input/output error")
        return {"ids": torch.tensor(index)}


@pytest.mark.parametrize("workers", [0, 1])
def test_another_clip_is_taken_in_place_of_a_broken_one(workers):
    read = list(load_clips(Broken(), [0, 1, 2, 3], workers))
    numbers = [int(each.clip["ids"]) for each in read]
    assert numbers[::2] == [0, 2]
    assert numbers[1] != 1
    assert [each.faults for each in read] == [(), ("1.png: damaged",), (), ("[Errno 5] Input/output error",)]
    again = list(load_clips(Broken(), [1], 0))
    assert torch.equal(again[0].clip["ids"], read[1].clip["ids"])


class Damaged(Clips):
    """Clip 1 can't be read."""

    def __getitem__(self, index):
        if index == 1:
            raise InputError("damaged")
        return {"size": torch.tensor(self.shape_of(index).width), "number": torch.tensor(index)}


def test_a_clip_in_place_of_another_looks_as_that_one_would():
    data = Damaged(0, lambda number: replace(SMALL, width=32 if number < 2 else 64))
    sizes = [int(read.clip["size"]) for read in load_clips(data, range(4), 0)]
    assert sizes == [32, 32, 64, 64]
    assert int(read_clip(data, 1).clip["number"]) > 1000


class NeverRead(Dataset):
    def __getitem__(self, index):
        raise MissingExtraError("flow", "flow")


@pytest.mark.parametrize("workers", [0, 1])
def test_where_nothing_can_be_read_it_stays_one_sentence(workers):
    with pytest.raises(InputError) as caught:
        next(load_clips(NeverRead(), [0], workers))
    assert str(caught.value).startswith(
        "16 clips in a row could not be read; the last one: flow needs an optional"
    )
    assert "\n" not in str(caught.value)
