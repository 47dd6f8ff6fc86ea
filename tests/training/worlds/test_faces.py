"""Talking faces: their truth is exact, landmarks lie on what they name, and the same question gets the same answer."""

import dataclasses

import numpy as np
import pytest
import torch

from maliang_video.models.flow.warp import warp
from maliang_video.training.worlds.face_motion import HeadPose, Moment, moment_at
from maliang_video.training.worlds.face_muscles import Expression
from maliang_video.training.worlds.face_parts import Part
from maliang_video.training.worlds.face_person import ATTRIBUTES, describe, draw_subject
from maliang_video.training.worlds.faces import FaceWorld, render_face
from maliang_video.training.worlds.stage_looks import STAGE_LOOKS

TRUTH = ("rgb", "ids", "instances", "flow", "occlusion", "depth", "landmarks", "identity", "motion")
PLAIN = dataclasses.replace(draw_subject(3), glasses="none", hair_style="short", hat="none", beard="none")
CAMERA = FaceWorld(0).camera


def shown(expression=None, pose=None, person=PLAIN, camera=CAMERA):
    moment = Moment(expression or Expression(), pose or HeadPose(), 0.0, 0.0)
    return render_face(person, moment, moment, camera, "studio")


@pytest.fixture(scope="module")
def clip():
    world = FaceWorld(5, "studio")
    return [world.render(t) for t in range(30, 35)]


@pytest.fixture(scope="module")
def straight():
    return shown()


def label_near(frame, mark, radius):
    """Classes within so many pixels of a landmark."""
    x, y = np.floor(frame.landmarks[mark]).astype(int)
    part = frame.ids[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
    return {Part(int(n)) for n in np.unique(part)}


def test_shapes_types_and_ranges(clip):
    frame = clip[2]
    assert (frame.rgb.shape, frame.rgb.dtype) == ((128, 128, 3), np.uint8)
    assert (frame.ids.shape, frame.ids.dtype) == ((128, 128), np.uint8)
    assert (frame.flow.shape, frame.flow.dtype) == ((2, 128, 128), np.float32)
    assert (frame.occlusion.shape, frame.occlusion.dtype) == ((128, 128), np.bool_)
    assert (frame.landmarks.shape, frame.landmarks.dtype) == ((68, 2), np.float32)
    assert (frame.identity.shape, frame.identity.dtype) == ((len(ATTRIBUTES),), np.float32)
    assert frame.motion.shape == (len(Expression._fields) + len(HeadPose._fields),)
    assert np.array_equal(frame.instances, (frame.ids > 0).astype(np.int32))
    assert np.array_equal(np.isinf(frame.depth), frame.ids == Part.BACKGROUND)
    assert frame.depth.dtype == np.float32
    assert frame.depth[frame.ids == Part.SKIN].mean() == pytest.approx(0.9, abs=0.06)


def test_the_same_question_gets_the_same_answer_in_any_order(clip):
    again = FaceWorld(5, "studio")
    for t in (34, 31, 30):
        frame = again.render(t)
        for name in TRUTH:
            assert np.array_equal(getattr(frame, name), getattr(clip[t - 30], name)), name


@pytest.mark.parametrize(("seed", "look"), [(5, "studio"), (11, "daylight"), (36, "evening"), (12, "neon")])
def test_the_picture_moves_with_the_flow(seed, look):
    """Warped by the true flow, the frame before is this frame where that was visible, far more than unwarped."""
    world = FaceWorld(seed, look, 256, 256, subject=5)
    before = world.render(40)
    now = render_face(world.person, world.moment(52), world.moment(40), world.camera, look)
    seen = ~now.occlusion & (now.ids > 0)
    old = torch.from_numpy(before.rgb.astype(np.float32)).permute(2, 0, 1)[None]
    warped = warp(old, torch.from_numpy(now.flow)[None])[0].permute(1, 2, 0).numpy()
    error = np.abs(warped - now.rgb)[seen].mean()
    unmoved = np.abs(before.rgb.astype(np.float32) - now.rgb)[seen].mean()
    assert np.hypot(*now.flow)[seen].mean() > 1
    assert error < 0.5 * unmoved
    assert error < 6


@pytest.mark.parametrize("seed", [5, 21, 36])
def test_what_is_not_occluded_is_found_where_the_flow_says(seed):
    world = FaceWorld(seed, "studio", subject=5)
    before, now = world.render(49), world.render(50)
    h, w = now.ids.shape
    left = np.floor(np.arange(w) + now.flow[0]).astype(int)
    top = np.floor(np.arange(h)[:, None] + now.flow[1]).astype(int)
    found = np.zeros((h, w), bool)
    for dy in (0, 1):
        for dx in (0, 1):
            there = before.ids[np.clip(top + dy, 0, h - 1), np.clip(left + dx, 0, w - 1)]
            found |= there == now.ids
    seen = ~now.occlusion
    assert found[seen].mean() > 0.995
    assert seen.mean() > 0.93


def test_depth_and_flow_of_a_turn_follow_from_geometry(straight):
    """Points of the skull, turned back by hand, land where the flow says."""
    pose = HeadPose(yaw=0.06)
    person = dataclasses.replace(PLAIN, hair_style="bald")
    still, turned = (Moment(Expression(), p, 0.0, 0.0) for p in (HeadPose(), pose))
    frame = render_face(person, turned, still, CAMERA, "studio")
    y, x = np.nonzero((frame.ids == Part.SKIN) & ~frame.occlusion)
    depth = frame.depth[y, x] * 100.0
    scale = depth / CAMERA.focal
    points = np.stack([(x + 0.5 - 64) * scale, CAMERA.eye[1] - (y + 0.5 - 64) * scale, 95 - depth], 1)
    pivot = np.array([0.0, -9.0, -1.5])
    c, s = np.cos(0.06), np.sin(0.06)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    before = (points - pivot) @ turn + pivot
    old_x, old_y, _ = CAMERA.project(before)
    assert np.abs(old_x - x - 0.5 - frame.flow[0, y, x]).max() < 2e-2
    assert np.abs(old_y - y - 0.5 - frame.flow[1, y, x]).max() < 2e-2
    assert np.abs(frame.flow[0, y, x]).max() > 1.0
    assert not np.array_equal(frame.rgb, straight.rgb)


def test_landmarks_lie_on_what_they_name(straight):
    assert all(Part.L_BROW in label_near(straight, n, 1) for n in range(17, 22))
    assert all(Part.R_BROW in label_near(straight, n, 1) for n in range(22, 27))
    assert all(Part.NOSE in label_near(straight, n, 1) for n in range(27, 36))
    assert all(Part.L_EYE in label_near(straight, n, 1) for n in range(36, 42))
    assert all(Part.R_EYE in label_near(straight, n, 1) for n in range(42, 48))
    assert all(Part.U_LIP in label_near(straight, n, 1) for n in (*range(49, 54), *range(61, 64)))
    assert all(Part.L_LIP in label_near(straight, n, 1) for n in (*range(55, 60), *range(65, 68)))
    assert all(label_near(straight, n, 2) & {Part.SKIN, Part.NECK} for n in range(17))


def test_landmarks_stand_as_ibug_numbers_them(straight):
    x, y = straight.landmarks.T
    assert (np.diff(x[:17]) > 0).all()
    assert y[8] == y[:17].max()
    assert (np.diff(x[17:27]) > 0).all()
    assert (np.diff(y[27:31]) > 0).all()
    assert (np.diff(x[31:36]) > 0).all()
    assert x[36] < x[37] < x[38] < x[39] < x[42] < x[43] < x[44] < x[45]
    assert (y[[37, 38, 43, 44]] < y[[41, 40, 47, 46]]).all()
    assert (np.diff(x[48:55]) > 0).all()
    assert (np.diff(x[55:60]) < 0).all()


def test_landmarks_move_with_the_skin():
    """A landmark's own motion is the flow at its place."""
    world = FaceWorld(21, "studio", 256, 256, subject=5)
    before, now = world.render(49), world.render(50)
    inner = [n for n in range(17, 36) if n not in (31, 35)]
    for mark in inner:
        x, y = np.floor(now.landmarks[mark]).astype(int)
        if now.ids[y, x] in (Part.SKIN, Part.NOSE, Part.L_BROW, Part.R_BROW):
            moved = before.landmarks[mark] - now.landmarks[mark]
            assert np.hypot(*(moved - now.flow[:, y, x])) < 0.35


def test_an_open_mouth_shows_its_inside_and_shut_eyes_none():
    opened = shown(Expression(jaw=1.0))
    assert (opened.ids == Part.MOUTH).sum() > 40
    assert (shown().ids == Part.MOUTH).sum() == 0
    assert opened.landmarks[66, 1] - opened.landmarks[62, 1] > 4
    assert (shown().ids == Part.R_EYE).sum() > 30
    wink = shown(Expression(lid_left=0.0))
    assert (wink.ids == Part.L_EYE).sum() < 0.45 * (wink.ids == Part.R_EYE).sum()
    height = wink.landmarks[[41, 40, 47, 46], 1] - wink.landmarks[[37, 38, 43, 44], 1]
    assert height[:2].max() < 0.4 < 2 < height[2:].min()


def test_a_smile_lifts_the_corners_of_the_mouth(straight):
    smiling = shown(Expression(smile=1.0))
    for corner in (48, 54):
        assert smiling.landmarks[corner, 1] < straight.landmarks[corner, 1] - 1
    assert (
        smiling.landmarks[54, 0] - smiling.landmarks[48, 0]
        > straight.landmarks[54, 0] - straight.landmarks[48, 0] + 1
    )


def test_poses_turn_the_way_they_say(straight):
    right, up = shown(pose=HeadPose(yaw=0.4)), shown(pose=HeadPose(pitch=0.2))
    assert right.landmarks[30, 0] > straight.landmarks[30, 0] + 4
    assert up.landmarks[30, 1] < straight.landmarks[30, 1] - 2
    tilted = shown(pose=HeadPose(roll=0.3))
    assert tilted.landmarks[45, 1] - tilted.landmarks[36, 1] > 5


def test_every_part_is_drawn_by_someone():
    wearing = dataclasses.replace(
        PLAIN, glasses="square", hat="beanie", hair_style="bob", neckline="crew", beard="full"
    )
    met = set(np.unique(shown(Expression(jaw=1.0), person=wearing).ids).tolist())
    bare = dataclasses.replace(PLAIN, hair_style="bald")
    met |= set(np.unique(shown(person=bare).ids).tolist())
    assert met == {int(p) for p in Part} - {Part.EARRING, Part.NECKLACE}


def test_subjects_differ_and_are_described():
    vectors = np.stack([describe(draw_subject(n)) for n in range(40)])
    assert len(np.unique(vectors, axis=0)) == 40
    kinds = [n for n in ATTRIBUTES if n.startswith("hair_style_")]
    assert (vectors[:, [ATTRIBUTES.index(k) for k in kinds]].sum(1) == 1).all()
    age = vectors[:, ATTRIBUTES.index("age")]
    assert 0 <= age.min() < 0.1 < 0.6 < age.max() <= 1


def test_the_seed_moves_and_the_subject_is_who():
    one, other = FaceWorld(5, "studio", subject=9), FaceWorld(6, "studio", subject=9)
    a, b = one.render(10), other.render(10)
    assert np.array_equal(a.identity, b.identity)
    assert not np.array_equal(a.motion, b.motion)
    assert np.array_equal(a.motion, FaceWorld(5, "studio", subject=5).render(10).motion)
    assert np.array_equal(
        FaceWorld(9, "studio").render(3).rgb, FaceWorld(9, "studio", subject=9).render(3).rgb
    )


def test_size_changes_sharpness_only():
    small, large = FaceWorld(9, "daylight").render(33), FaceWorld(9, "daylight", 256, 256).render(33)
    halved = large.rgb.reshape(128, 2, 128, 2, 3).mean((1, 3))
    assert np.abs(halved - small.rgb).mean() < 4
    assert np.abs(large.landmarks / 2 - small.landmarks).max() < 1e-3
    whole = large.flow.reshape(2, 128, 2, 128, 2).mean((2, 4)) / 2
    assert np.median(np.abs(whole - small.flow)) < 0.02


def test_a_wider_frame_shows_more_of_the_background_and_the_same_face():
    square, wide = FaceWorld(9, "studio", 128, 128).render(3), FaceWorld(9, "studio", 192, 128).render(3)
    assert np.array_equal(wide.ids[:, 32:160], square.ids)
    assert np.abs(wide.rgb[:, 40:152].astype(int) - square.rgb[:, 8:120]).max() <= 1


def test_looks_change_light_and_nothing_else():
    frames = [FaceWorld(9, look).render(15) for look in STAGE_LOOKS]
    for a in range(len(frames)):
        assert np.array_equal(frames[a].ids, frames[0].ids)
        for b in range(a):
            assert np.abs(frames[a].rgb.astype(int) - frames[b].rgb).mean() > 6
    assert {FaceWorld(seed).shown_look for seed in range(40)} == set(STAGE_LOOKS)


def test_motion_is_that_of_somebody_who_speaks():
    moments = [moment_at(7, t / 24) for t in range(480)]
    jaw = np.array([m.face.jaw for m in moments])
    lids = np.array([m.face.lid_left for m in moments])
    yaw = np.array([m.pose.yaw for m in moments])
    assert jaw.min() >= 0
    assert 0.3 < np.percentile(jaw, 95) < 1.1
    assert (jaw < 0.05).mean() > 0.1  # pauses
    assert 3 <= ((lids[1:] < 0.3) & (lids[:-1] >= 0.3)).sum() <= 14  # blinks in 20 s
    assert np.abs(np.diff(yaw)).max() < 0.05
    assert np.ptp(yaw) > 0.25
    assert np.abs(np.diff(jaw)).max() < 0.45


def test_frame_rate_changes_the_step_not_the_face():
    slow, fast = FaceWorld(9, "studio", 64, 64, 12), FaceWorld(9, "studio", 64, 64, 24)
    assert np.array_equal(slow.render(10).rgb, fast.render(20).rgb)
