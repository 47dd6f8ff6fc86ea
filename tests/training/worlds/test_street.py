"""The procedural street: its truth is exact, it is the same whoever asks, and it is the same at every size."""

import numpy as np
import pytest

from maliang_video.models.flow.warp import warp
from maliang_video.training.worlds.looks import LOOKS
from maliang_video.training.worlds.sight import see
from maliang_video.training.worlds.street import StreetWorld

torch = pytest.importorskip("torch")

CITYSCAPES = {7, 8, 11, 17, 19, 20, 21, 22, 23, 24, 26}


def sources(flow):
    """Where each pixel comes from: the four surrounding pixels of the frame before, `[4 h w]` rows and columns."""
    h, w = flow.shape[1:]
    x = np.arange(w) + flow[0]
    y = np.arange(h)[:, None] + flow[1]
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    rows = np.stack([np.clip(top + d, 0, h - 1) for d in (0, 0, 1, 1)])
    columns = np.stack([np.clip(left + d, 0, w - 1) for d in (0, 1, 0, 1)])
    return rows, columns


@pytest.fixture(scope="module")
def clip():
    """Twelve frames of one street."""
    world = StreetWorld(5, "noon")
    return [world.render(t) for t in range(12)]


def test_shapes_types_and_ranges(clip):
    frame = clip[3]
    assert (frame.rgb.shape, frame.rgb.dtype) == ((128, 256, 3), np.uint8)
    assert (frame.ids.shape, frame.ids.dtype) == ((128, 256), np.uint8)
    assert (frame.instances.shape, frame.instances.dtype) == ((128, 256), np.int32)
    assert (frame.flow.shape, frame.flow.dtype) == ((2, 128, 256), np.float32)
    assert (frame.occlusion.shape, frame.occlusion.dtype) == ((128, 256), np.bool_)
    assert (frame.depth.shape, frame.depth.dtype) == ((128, 256), np.float32)
    assert np.isfinite(frame.flow).all()
    assert frame.depth.min() > 0.3


def test_the_same_question_gets_the_same_answer_in_any_order(clip):
    see.cache_clear()
    again = StreetWorld(5, "noon")
    for t in (11, 4, 5, 0):
        frame = again.render(t)
        for name in ("rgb", "ids", "instances", "flow", "occlusion", "depth"):
            assert np.array_equal(getattr(frame, name), getattr(clip[t], name)), name


def test_ids_are_cityscapes_ids_and_a_drive_meets_them_all():
    met = set()
    for seed, t in ((0, 0), (1, 200), (2, 400), (3, 90), (4, 700)):
        met |= set(np.unique(StreetWorld(seed, "noon").render(t).ids).tolist())
    assert met == CITYSCAPES


def test_only_cars_and_people_are_instances(clip):
    for frame in clip:
        things = (frame.ids == 24) | (frame.ids == 26)
        assert np.array_equal(frame.instances > 0, things)


def test_an_instance_is_one_thing_of_one_class_for_as_long_as_it_is_seen(clip):
    kind = {}
    for frame in clip:
        for number in np.unique(frame.instances[frame.instances > 0]):
            classes = np.unique(frame.ids[frame.instances == number])
            assert classes.size == 1
            assert kind.setdefault(int(number), int(classes[0])) == classes[0]
    first, last = (set(np.unique(f.instances).tolist()) for f in (clip[0], clip[-1]))
    assert len(first & last) > 5


def test_sky_has_no_end_and_nothing_else_is_without_end(clip):
    assert np.array_equal(np.isinf(clip[2].depth), clip[2].ids == 23)


@pytest.mark.parametrize(("seed", "t"), [(5, 7), (8, 300), (21, 64), (33, 161)])
def test_what_is_not_occluded_is_found_where_the_flow_says(seed, t):
    world = StreetWorld(seed, "noon")
    before, now = world.render(t - 1), world.render(t)
    seen = ~now.occlusion
    rows, columns = sources(now.flow)
    for name in ("ids", "instances"):
        found = getattr(before, name)[rows, columns] == getattr(now, name)
        assert found.any(0)[seen].all(), name
    assert seen.mean() > 0.85


def test_depth_of_still_things_follows_from_the_flow_and_the_camera():
    """Points of the still world, moved into the frame before by the two cameras alone, land where the flow says."""
    world = StreetWorld(8, "noon")
    now, sight = world.render(40), see(8, 40, 256, 128, world.frame_rate)
    still = np.isfinite(now.depth) & (now.instances == 0)
    y, x = np.nonzero(still)
    pixels = np.stack([x + 0.5, y + 0.5, np.ones_like(x)])
    local = np.linalg.inv(sight.lens.matrix) @ pixels * now.depth[still].astype(np.float64)
    eye, was = (np.array([[p.x], [p.y], [p.z]]) for p in (sight.pose, sight.was))
    points = sight.lens.matrix @ sight.was.axes.T @ (sight.pose.axes @ local + eye - was)
    moved = points[:2] / points[2] - pixels[:2]
    assert np.abs(moved - now.flow[:, still]).max() < 2e-3
    assert np.hypot(*now.flow[:, still]).mean() > 0.3


def test_depth_one_frame_earlier_agrees_with_the_depth_that_was_seen():
    world = StreetWorld(8, "noon")
    before, now, sight = world.render(39), world.render(40), see(8, 40, 256, 128, world.frame_rate)
    flat = (now.ids == 11) & ~now.occlusion
    y, x = np.nonzero(flat)
    local = np.linalg.inv(sight.lens.matrix) @ np.stack([x + 0.5, y + 0.5, np.ones_like(x)]) * now.depth[flat]
    eye, was = (np.array([[p.x], [p.y], [p.z]]) for p in (sight.pose, sight.was))
    expected = (sight.was.axes.T @ (sight.pose.axes @ local + eye - was))[2]
    rows, columns = sources(now.flow)
    seen = before.depth[rows, columns][:, flat]
    between = (seen.min(0) * 0.999 <= expected) & (expected <= seen.max(0) * 1.001)
    assert between.mean() > 0.99


@pytest.mark.parametrize("look", LOOKS)
def test_the_picture_moves_with_the_flow(look):
    """Warped by the true flow, the frame before resembles this one far more than it does unwarped."""
    world = StreetWorld(5, look)
    before, now = world.render(19), world.render(20)
    seen = ~now.occlusion & (now.ids != 23)
    old = torch.from_numpy(before.rgb.astype(np.float32)).permute(2, 0, 1)[None]
    warped = warp(old, torch.from_numpy(now.flow)[None])[0].permute(1, 2, 0).numpy()
    error = np.abs(warped - now.rgb)[seen].mean()
    unmoved = np.abs(before.rgb.astype(np.float32) - now.rgb)[seen].mean()
    assert error < 0.62 * unmoved
    assert error < 3.6


def test_cars_and_people_have_their_own_motion():
    """Some instances flow otherwise than a still thing at their depth would."""
    world = StreetWorld(5, "noon")
    now, sight = world.render(30), see(5, 30, 256, 128, world.frame_rate)
    y, x = np.nonzero(now.instances)
    pixels = np.stack([x + 0.5, y + 0.5, np.ones_like(x)])
    local = np.linalg.inv(sight.lens.matrix) @ pixels * now.depth[y, x]
    eye, was = (np.array([[p.x], [p.y], [p.z]]) for p in (sight.pose, sight.was))
    points = sight.lens.matrix @ sight.was.axes.T @ (sight.pose.axes @ local + eye - was)
    own = np.hypot(*(points[:2] / points[2] - pixels[:2] - now.flow[:, y, x]))
    movers = {int(n) for n in np.unique(now.instances[y, x][own > 0.02])}
    resting = {int(n) for n in np.unique(now.instances[y, x][own < 1e-3])}
    assert len(movers) >= 3
    assert len(resting) >= 3
    assert not movers & resting


def test_newly_visible_places_are_marked(clip):
    """What comes in at the border of the picture or from behind something is occluded, little else is."""
    h, w = clip[5].ids.shape
    now = clip[5]
    x, y = np.arange(w) + 0.5 + now.flow[0], np.arange(h)[:, None] + 0.5 + now.flow[1]
    outside = (x < 0) | (x > w) | (y < 0) | (y > h)
    assert now.occlusion[outside].all()
    assert 0.002 < now.occlusion[~outside].mean() < 0.12


def test_motion_is_that_of_a_car_in_a_town(clip):
    size = np.hypot(*clip[6].flow)
    assert 0.5 < np.percentile(size, 90) < 6
    assert np.median(size) > 0.1


def test_size_changes_sharpness_only():
    """At twice the size the corner between four pixels of the large picture is the centre of a small one's."""
    small = StreetWorld(9, "dusk", 256, 128).render(33)
    large = StreetWorld(9, "dusk", 512, 256).render(33)
    blocks = large.ids.reshape(128, 2, 256, 2).swapaxes(1, 2).reshape(128, 256, 4)
    assert (blocks == small.ids[..., None]).any(-1).mean() > 0.985
    halved = large.rgb.reshape(128, 2, 256, 2, 3).mean((1, 3))
    assert np.abs(halved - small.rgb).mean() < 4
    whole = large.flow.reshape(2, 128, 2, 256, 2).mean((2, 4)) / 2
    assert np.median(np.abs(whole - small.flow)) < 0.02


def test_frame_rate_changes_the_step_not_the_street():
    slow, fast = StreetWorld(3, "noon", 64, 32, 12), StreetWorld(3, "noon", 64, 32, 24)
    assert np.array_equal(slow.render(10).rgb, fast.render(20).rgb)
    ratio = np.hypot(*slow.render(10).flow).mean() / np.hypot(*fast.render(20).flow).mean()
    assert ratio == pytest.approx(2, rel=0.25)


def test_all_looks_differ_and_labels_stay():
    frames = [StreetWorld(6, look).render(15) for look in LOOKS]
    for a in range(len(LOOKS)):
        assert np.array_equal(frames[a].ids, frames[0].ids)
        for b in range(a):
            assert np.abs(frames[a].rgb.astype(int) - frames[b].rgb).mean() > 12
    brightness = dict(zip(LOOKS, (f.rgb.mean() for f in frames), strict=True))
    assert brightness["night"] < brightness["dusk"] < brightness["noon"]


def test_a_look_is_drawn_from_the_seed():
    drawn = [StreetWorld(seed, None, 64, 32).shown_look for seed in range(40)]
    assert set(drawn) == set(LOOKS)
    assert np.array_equal(
        StreetWorld(7, None, 64, 32).render(2).rgb, StreetWorld(7, drawn[7], 64, 32).render(2).rgb
    )


def test_far_away_frames_are_as_good_as_early_ones():
    frame = StreetWorld(2, "noon").render(5_000_000)
    assert {7, 11, 23} <= set(np.unique(frame.ids).tolist())
    assert np.isfinite(frame.flow).all()
    assert frame.occlusion.mean() < 0.15


def test_labels_are_hard_and_edges_of_the_picture_soft():
    frame = StreetWorld(4, "noon", 64, 32).render(3)
    assert set(np.unique(frame.ids).tolist()) <= CITYSCAPES
    assert len(np.unique(frame.rgb.reshape(-1, 3), axis=0)) > 500
