"""Other clips out of the same footage: turned, nearer, faster; labels, instances and flow stay true."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.models.flow.warp import warp
from maliang_video.models.labels.faces import MIRRORED, draw_face
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.training.augment import (
    choose_corner,
    cut,
    mirrored,
    spaced,
    stays_inside,
    zoomed,
)
from maliang_video.training.cache import ArrayCache
from maliang_video.training.clips import StreetClips
from maliang_video.training.drawn_clips import FaceClips, PuppetClips
from maliang_video.training.flow_teachers import dense_inverse_search
from maliang_video.training.folders import open_folder
from maliang_video.training.schedule import ClipShape
from maliang_video.training.sequences import FootageClips, Moment
from maliang_video.training.sheets import preview_shape
from maliang_video.training.worlds.faces import FaceWorld

SHAPE = ClipShape(width=64, height=32, frames=3, zooms=(1.0,))


class Same:
    """One shape for every clip."""

    def __init__(self, shape: ClipShape) -> None:
        self.shape = shape

    def __call__(self, index: int) -> ClipShape:
        return self.shape


def equal(a, b) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def moves_with_its_flow(clip) -> bool:
    """What the flow carries along is like the picture; what it would the other way is not."""
    now, before, visible = clip["pictures"][1:], clip["pictures"][:-1], clip["visible"][1:]
    right, wrong = (
        ((now - warp(before, sign * clip["flow"][1:])).abs() * visible).mean() for sign in (1, -1)
    )
    return bool(right < 0.6 * wrong)


def test_turned_left_to_right_by_hand():
    clip = {
        "ids": torch.tensor([[[7, 8, 9]]], dtype=torch.uint8),
        "instances": torch.tensor([[[1, 0, 2]]], dtype=torch.int32),
        "pictures": torch.arange(9.0).view(1, 3, 1, 3),
        "flow": torch.tensor([[[[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]]]),
        "visible": torch.tensor([[[[1.0, 0.0, 0.0]]]]),
        "exemplar_flow": torch.tensor([[[[[7.0, 8.0, 9.0]], [[4.0, 5.0, 6.0]]]]]),
        "style": torch.tensor([1.0, 0.0]),
    }
    turned = mirrored(clip)
    assert turned["exemplar_flow"].tolist() == [[[[[-9, -8, -7]], [[6, 5, 4]]]]]
    assert turned["ids"].tolist() == [[[9, 8, 7]]]
    assert turned["instances"].tolist() == [[[2, 0, 1]]]
    assert turned["pictures"][0, :, 0].tolist() == [[2, 1, 0], [5, 4, 3], [8, 7, 6]]
    assert turned["flow"].tolist() == [[[[-3, -2, -1]], [[6, 5, 4]]]]
    assert turned["visible"].tolist() == [[[[0, 0, 1]]]]
    assert turned["style"].tolist() == [1, 0]
    assert equal(mirrored(turned), clip)


def test_channels_that_know_left_from_right_change_places():
    drawn = torch.arange(6.0).view(1, 3, 1, 2)
    turned = mirrored({"drawn": drawn, "flow": torch.zeros(1, 2, 1, 2)}, (0, 2, 1))
    assert turned["drawn"].tolist() == [[[[1, 0]], [[5, 4]], [[3, 2]]]]


PARTNERS = [
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *range(54, 47, -1),
    *range(59, 54, -1),
    *range(64, 59, -1),
    *range(67, 64, -1),
]
"""Of the 68 landmarks of a face: the one on the other side."""


def test_a_turned_sketch_is_the_sketch_of_a_turned_face():
    points = torch.from_numpy(FaceWorld(5, None, 96, 96, subject=1).render(4).landmarks)
    sketch = draw_face(points, 96, 96, distance_maps=True)
    other = points[PARTNERS] * torch.tensor([-1.0, 1.0]) + torch.tensor([96.0, 0.0])
    wanted = draw_face(other, 96, 96, distance_maps=True)
    turned = mirrored({"drawn": sketch, "flow": torch.zeros(2, 96, 96)}, MIRRORED)["drawn"]
    unsorted = mirrored({"drawn": sketch, "flow": torch.zeros(2, 96, 96)}, tuple(range(15)))["drawn"]
    assert (turned - wanted)[1:].abs().amax(
        (1, 2)
    ).max() < 4 / 255  # a pixel or two: brushes have a left and a right
    assert sorted(MIRRORED) == list(range(15))
    for channel in (2, 3, 4, 6, 7, 8, 9, 10):
        assert (unsorted - wanted)[channel].abs().mean() > 2 * (turned - wanted)[channel].abs().mean()


def test_a_window_of_a_frame():
    x = torch.arange(8.0).expand(6, 8)
    frame = {
        "ids": x.to(torch.uint8),
        "pictures": torch.stack([x, x, x]),
        "flow": torch.stack([torch.full((6, 8), -2.0), torch.zeros(6, 8)]),
        "visible": torch.ones(1, 6, 8),
    }
    window = cut(frame, (1, 3), (4, 4))
    assert window["ids"].tolist() == [[3, 4, 5, 6]] * 4
    assert window["pictures"].shape == (3, 4, 4)
    assert window["visible"][0].tolist() == [[0, 0, 1, 1]] * 4
    down = stays_inside(torch.tensor([0.0, 1.5]).view(2, 1, 1).expand(2, 4, 1))
    assert down.flatten().tolist() == [1, 1, 0, 0]


def test_windows_lie_near_the_middle_and_begin_near_the_top():
    corners = [choose_corner(random.Random(n), (96, 72), (64, 48)) for n in range(400)]
    tops, lefts = (np.array(each) for each in zip(*corners, strict=True))
    assert (tops.min(), tops.max()) == (0, 96 // 8)
    assert 0 <= lefts.min() <= 3
    assert 21 <= lefts.max() <= 24
    assert lefts.mean() == pytest.approx(12, abs=1)
    assert lefts.std() == pytest.approx(4, abs=0.6)
    assert choose_corner(random.Random(0), (64, 48), (64, 48)) == (0, 0)
    assert zoomed((64, 48), 1.1) == (70, 52)


def test_frames_that_are_left_out_are_part_of_the_flow():
    def frame(t):
        flow = torch.zeros(2, 1, 8)
        flow[0] = -1.0
        visible = torch.ones(1, 1, 8)
        visible[..., 0] = 0
        return {"pictures": torch.full((3, 1, 8), float(t)), "flow": flow, "visible": visible}

    shown = list(spaced(map(frame, range(7)), 3))
    assert [each["pictures"][0, 0, 0].item() for each in shown] == [0, 3, 6]
    assert equal(shown[0], frame(0))
    for each in shown[1:]:
        assert torch.equal(each["flow"], 3 * frame(0)["flow"])
        assert each["visible"].flatten().tolist() == [0, 0, 0, 1, 1, 1, 1, 1]


def number_with(clips, wanted) -> int:
    return next(n for n in range(40) if wanted(n, clips))


def test_a_world_is_seen_faster():
    slow, fast = (StreetClips(3, Same(replace(SHAPE, longest_step=n, frames=4 - n))) for n in (1, 3))
    assert {fast.step(n) for n in range(20)} == {1, 2, 3}
    number = number_with(fast, lambda n, clips: clips.step(n) == 2)
    fast.shape_of = Same(replace(SHAPE, longest_step=3, frames=2))
    whole, clip = slow[number], fast[number]
    for name in ("pictures", "ids", "instances"):
        assert torch.equal(clip[name], whole[name][::2])
    assert moves_with_its_flow(clip)
    assert equal(fast[number], clip)


def test_a_world_is_seen_from_the_other_side():
    plain, both = (StreetClips(3, Same(replace(SHAPE, mirrored=wanted))) for wanted in (False, True))
    turned = [not equal(plain[n], both[n]) for n in range(8)]
    assert 1 < sum(turned) < 7
    number = turned.index(True)
    assert equal(mirrored(plain[number]), both[number])
    assert moves_with_its_flow(both[number])


def test_drawn_worlds_are_seen_nearer_and_dancers_never_turned():
    shape = ClipShape(32, 48, 2, (1.5,), mirrored=True, longest_step=2)
    dancers, faces = PuppetClips(0, Same(shape), 1), FaceClips(0, Same(replace(shape, width=48)), 1)
    for clips in (dancers, faces):
        number = number_with(
            clips,
            lambda n, clips: (
                clips.step(n) == 2 and clips.turned(n, {"flow": torch.ones(2, 1, 1)})["flow"][0] < 0
            ),
        )
        clip = clips[number]
        large = replace(clips.shape_of(0), width=clips.shape_of(0).width * 3 // 2, height=72, zooms=(1.0,))
        whole = clips.shaped(replace(large, mirrored=False))[number]
        top, left = choose_corner(
            _after_choice(clips, number), (72, large.width), (48, clips.shape_of(0).width)
        )
        window = cut(
            {k: v for k, v in whole.items() if k != "style"}, (top, left), (48, clips.shape_of(0).width)
        )
        wanted = window if clips is dancers else mirrored(window, MIRRORED)
        assert equal({k: v for k, v in clip.items() if k != "style"}, wanted)


def _after_choice(clips, number) -> random.Random:
    view = clips.chance(number, "view")
    view.choice(clips.shape_of(number).zooms)
    return view


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A texture that moves two pixels a frame; ids and instances say where and when a pixel is."""
    folder = tmp_path_factory.mktemp("moving")
    texture = np.random.default_rng(0).integers(0, 255, (8, 24, 3), np.uint8)
    large = np.asarray(Image.fromarray(texture).resize((192, 64), Image.Resampling.BICUBIC))
    for part in "AB":
        (folder / f"train_{part}" / "s").mkdir(parents=True)
    for t in range(9):
        columns = slice(2 * t, 2 * t + 128)
        Image.fromarray(large[:, columns]).save(folder / "train_B" / "s" / f"{t}.png")
        ids = np.arange(192, dtype=np.uint8)[None, columns].repeat(64, 0) // 8 % 34
        Image.fromarray(ids).save(folder / "train_A" / "s" / f"{t}.png")
    return folder


def footage(root, shape, cache=None) -> FootageClips:
    sequences = open_folder(root, builtin_palette("cityscapes"))
    return FootageClips(sequences, Same(shape), 0, 0, dense_inverse_search(), cache)


WIDE = ClipShape(128, 64, 3, (1.0,))


def test_footage_is_seen_faster_and_its_flow_estimated_anew(root):
    clips = footage(root, replace(WIDE, longest_step=3))
    steps = {clips.step(n, 4) for n in range(30)}
    assert steps == {1, 2, 3}
    for step in steps:
        number = number_with(clips, lambda n, clips, step=step: clips.step(n, 4) == step)
        clip = clips[number]
        inner = clip["flow"][1:, :, 16:-16, 16:-16]
        assert inner[:, 0].mean().item() == pytest.approx(2 * step, abs=0.3)
        first = clip["ids"][0, 0].long()
        assert torch.equal(clip["ids"][1, 0, : -2 * step].long(), first[2 * step :])
    assert clips.step(0, 1) == 1  # a sequence that is too short for more


def test_kept_flow_knows_how_many_frames_it_spans(root, tmp_path):
    shape = replace(WIDE, frames=2, longest_step=3)
    plain, kept = footage(root, shape), footage(root, shape, ArrayCache(tmp_path, 10**8))
    for _ in range(2):
        assert all(torch.allclose(kept[n]["flow"], plain[n]["flow"], atol=0.01) for n in range(12))


def test_footage_is_seen_nearer(root):
    """Twice as large: every second pixel of a window is one of the picture, and things move twice as far."""
    shape = ClipShape(64, 32, 3, (2.0,), mirrored=True)
    clips = footage(root, shape)
    plain = clips.shaped(replace(shape, mirrored=False))
    for number in range(6):
        clip = plain[number]
        assert clip["pictures"].shape == (3, 3, 32, 64)
        assert clip["ids"].shape == clip["instances"].shape == (3, 32, 64)
        inner = clip["flow"][1:, 0, 8:-8, 8:-16]
        assert inner.median().item() == pytest.approx(2, abs=0.2)
        assert clip["visible"][1:, 0, 8:-8, -1].max() == 0  # flow leads out of the window there
        assert equal(clips[number], clip) or equal(clips[number], mirrored(clip))
    assert len({clips.turned(n, {"flow": torch.ones(2, 1, 1)})["flow"][0].item() for n in range(20)}) == 2
    whole = footage(root, ClipShape(128, 64, 3, (1.0,)))[0]
    near = plain[0]
    columns = [
        whole["pictures"][:, :, top : top + 32, left : left + 64] for top in range(9) for left in range(65)
    ]
    assert min((near["pictures"] - each).abs().max().item() for each in columns) == 0


def test_a_run_that_goes_on_sees_the_same_clips(root):
    shape = ClipShape(64, 32, 3, (1.0, 1.5), mirrored=True, longest_step=3)
    first, later = footage(root, shape), footage(root, shape)
    for number in (7, 5, 6):
        assert equal(first[number], later[number])


def test_faces_out_of_files_are_turned_by_their_channels(root):
    class Drawn:
        name, frames, state, order = "drawn", 4, "", (1, 0)

        def moments(self, start, height, width):
            for _ in range(start, self.frames):
                planes = torch.stack([torch.zeros(height, width), torch.ones(height, width)])
                yield Moment(np.zeros((height, width, 3), np.uint8), {"drawn": planes})

    clips = FootageClips([Drawn()], Same(replace(SHAPE, mirrored=True)), 0, 0, dense_inverse_search())
    assert {clips[n]["drawn"][0, 0, 0, 0].item() for n in range(12)} == {0, 1}
    Drawn.order = None
    assert {clips[n]["drawn"][0, 0, 0, 0].item() for n in range(12)} == {0}


def test_previews_show_the_footage_as_it_is(recipe):
    stage = replace(recipe.stages[0], shape=ClipShape(64, 32, 3, (1.5,), mirrored=True, longest_step=4))
    assert preview_shape(stage, 9) == ClipShape(64, 32, 4, (1.0,))
