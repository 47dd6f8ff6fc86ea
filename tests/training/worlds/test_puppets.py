"""Dancers: their truth is exact, keypoints lie on the parts they name, and the same question gets the same answer."""

import numpy as np
import pytest
import torch

from maliang_video.models.flow.warp import warp
from maliang_video.models.labels.poses import draw_pose
from maliang_video.training.worlds.mesh_sight import look
from maliang_video.training.worlds.puppet_bones import Bone, reach, sizes_of, solve
from maliang_video.training.worlds.puppet_dance import bones_at, pose_at
from maliang_video.training.worlds.puppet_parts import BodyPart
from maliang_video.training.worlds.puppet_person import draw_dancer
from maliang_video.training.worlds.puppets import PuppetWorld, puppet_model

TRUTH = ("rgb", "ids", "instances", "flow", "occlusion", "depth", "surface")
TORSO = {BodyPart.TORSO_BACK, BodyPart.TORSO_FRONT}


def parts(frame, point, radius=2):
    """Parts within so many pixels of a keypoint."""
    x, y = (int(v) for v in point[:2])
    window = frame.ids[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
    return {BodyPart(int(n)) for n in np.unique(window)}


@pytest.fixture(scope="module")
def clip():
    world = PuppetWorld(4, "studio")
    return [world.render(t) for t in range(20, 24)]


def test_shapes_types_and_ranges(clip):
    frame = clip[2]
    assert (frame.rgb.shape, frame.rgb.dtype) == ((192, 128, 3), np.uint8)
    assert (frame.ids.shape, frame.ids.dtype) == ((192, 128), np.uint8)
    assert (frame.flow.shape, frame.flow.dtype) == ((2, 192, 128), np.float32)
    assert (frame.depth.shape, frame.depth.dtype) == ((192, 128), np.float32)
    assert np.isfinite(frame.depth).all()
    assert np.array_equal(frame.instances, (frame.ids > 0).astype(np.int32))
    assert frame.flow[:, frame.ids == 0] == pytest.approx(0)
    assert (frame.surface.shape, frame.surface.dtype) == ((2, 192, 128), np.float32)
    assert not frame.surface[:, frame.ids == 0].any()
    assert 0.9 < frame.surface[:, frame.ids > 0].max() <= 1
    assert frame.depth[frame.ids > 0].mean() == pytest.approx(5.2, abs=0.5)
    person = frame.people[0]
    assert [list(p.shape) for p in person.parts().values()] == [[25, 3], [70, 3], [21, 3], [21, 3]]


def test_the_same_question_gets_the_same_answer_in_any_order(clip):
    again = PuppetWorld(4, "studio")
    for t in (23, 21, 20):
        frame = again.render(t)
        for name in TRUTH:
            assert np.array_equal(getattr(frame, name), getattr(clip[t - 20], name)), name
        assert torch.equal(frame.people[0].pose, clip[t - 20].people[0].pose)


@pytest.mark.parametrize(("seed", "t"), [(4, 23), (45, 40), (60, 31)])
def test_the_picture_moves_with_the_flow(seed, t):
    world = PuppetWorld(seed, "daylight")
    before, now = world.render(t - 1), world.render(t)
    seen = ~now.occlusion & (now.ids > 0)
    old = torch.from_numpy(before.rgb.astype(np.float32)).permute(2, 0, 1)[None]
    warped = warp(old, torch.from_numpy(now.flow)[None])[0].permute(1, 2, 0).numpy()
    error = np.abs(warped - now.rgb)[seen].mean()
    unmoved = np.abs(before.rgb.astype(np.float32) - now.rgb)[seen].mean()
    assert error < 0.6 * unmoved
    assert error < 13


@pytest.mark.parametrize(("seed", "t"), [(4, 23), (45, 40), (60, 31)])
def test_what_is_not_occluded_is_found_where_the_flow_says(seed, t):
    world = PuppetWorld(seed, "studio")
    before, now = world.render(t - 1), world.render(t)
    h, w = now.ids.shape
    left = np.floor(np.arange(w) + now.flow[0]).astype(int)
    top = np.floor(np.arange(h)[:, None] + now.flow[1]).astype(int)
    found = np.zeros((h, w), bool)
    for dy in (0, 1):
        for dx in (0, 1):
            there = before.ids[np.clip(top + dy, 0, h - 1), np.clip(left + dx, 0, w - 1)]
            found |= there == now.ids
    seen = ~now.occlusion
    assert found[seen & (now.ids > 0)].mean() > 0.99
    assert found[seen].mean() > 0.998
    assert now.occlusion[now.ids == 0].sum() > 0  # the dancer uncovers the stage
    assert now.occlusion.mean() < 0.1


def test_shadows_fall_on_the_floor():
    """The stage is darker where the dancer keeps the light away than it is without the dancer's shadow."""
    world = PuppetWorld(4, "evening")
    a, b = world.render(10), world.render(22)
    still = (a.ids == 0) & (b.ids == 0)
    assert np.abs(a.rgb.astype(int) - b.rgb)[still].max() > 20


@pytest.mark.parametrize("seed", [4, 40, 45, 48])
def test_keypoints_lie_on_the_parts_they_name(seed):
    """Joints that nothing hides are on or next to their limbs."""
    world = PuppetWorld(seed, "studio", 256, 384)
    frame = world.render(12)
    pose = frame.people[0].pose.numpy()
    anything = set(BodyPart) - {BodyPart.BACKGROUND}
    for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14):
        if pose[number, 2] > 0:
            assert parts(frame, pose[number], 4) & anything, number
    depth = {n: frame.depth[int(pose[n, 1]), int(pose[n, 0])] for n in (10, 13) if pose[n, 2]}
    assert all(np.isfinite(d) for d in depth.values())
    for toe, part in ((19, BodyPart.LEFT_FOOT), (22, BodyPart.RIGHT_FOOT)):
        if pose[toe, 2] > 0:
            assert part in parts(frame, pose[toe], 6) or frame.ids[int(pose[toe, 1]), int(pose[toe, 0])] > 0


def test_the_left_is_the_dancers_own():
    """Seen from in front, the left hand is on the viewer's right; parts and keypoints agree."""
    for seed in range(30):
        world = PuppetWorld(seed, "studio", subject=4)
        if abs(pose_at(seed, sizes_of(world.dancer), 0.0).turn) < 0.4:
            frame = world.render(0)
            pose = frame.people[0].pose.numpy()
            assert pose[5, 0] > pose[2, 0]
            columns = np.nonzero(frame.ids == BodyPart.LEFT_LOWER_LEG_FRONT)[1]
            others = np.nonzero(frame.ids == BodyPart.RIGHT_LOWER_LEG_FRONT)[1]
            if columns.size > 20 and others.size > 20:
                assert columns.mean() > others.mean()
                return
    raise AssertionError("no dancer faces the viewer")


def test_bones_keep_their_lengths_and_feet_the_floor():
    dancer = draw_dancer(8)
    sizes = sizes_of(dancer)
    for seconds in np.linspace(-1, 9, 41):
        bones = bones_at(8, sizes, float(seconds))
        for n in (0, 1):
            upper = np.linalg.norm(bones.place[Bone.FOREARM_L + n] - bones.place[Bone.UPPER_ARM_L + n])
            thigh = np.linalg.norm(bones.place[Bone.SHIN_L + n] - bones.place[Bone.THIGH_L + n])
            assert upper == pytest.approx(sizes.elbow_x - sizes.shoulder_x, rel=1e-6)
            assert thigh == pytest.approx(sizes.hip - sizes.knee, rel=1e-6)
            assert bones.place[Bone.FOOT_L + n][1] > sizes.ankle - 0.6
        turns = bones.turn[:15]
        assert np.abs(turns @ turns.swapaxes(1, 2) - np.eye(3)).max() < 1e-9
        assert (np.linalg.det(turns) > 0).all()


def test_two_bones_reach_what_can_be_reached():
    root, pole = np.zeros(3), np.array([0.0, 0.0, 1.0])
    middle, end, axis = reach(root, np.array([0.0, -7.0, 0.0]), (5.0, 4.0), pole)
    assert end == pytest.approx([0, -7, 0])
    assert np.linalg.norm(middle) == pytest.approx(5)
    assert np.linalg.norm(end - middle) == pytest.approx(4)
    assert middle[2] > 1
    assert axis == pytest.approx([1, 0, 0])
    far = reach(root, np.array([0.0, -70.0, 0.0]), (5.0, 4.0), pole)[1]
    assert far == pytest.approx([0, -0.998 * 9, 0])


def test_skin_at_rest_stays_at_rest():
    puppet = puppet_model(draw_dancer(2))
    assert puppet.weights.sum(1) == pytest.approx(1)
    assert puppet.weights.min() >= -1e-9
    bones = bones_at(2, sizes_of(puppet.dancer), 0.0)
    eye = np.tile(np.eye(3), (17, 1, 1))
    still = bones._replace(turn=eye, place=bones.rest)
    assert still.skin(puppet.rest, puppet.weights) == pytest.approx(puppet.rest)


def test_the_dance_is_smooth():
    sizes = sizes_of(draw_dancer(3))
    places = np.stack([bones_at(3, sizes, t / 24).place for t in range(96)])
    speed = np.linalg.norm(np.diff(places, axis=0), axis=2)
    assert speed[:, Bone.HAND_L].max() < 45
    assert speed[:, Bone.PELVIS].max() < 6
    assert speed[:, Bone.HAND_L].mean() > 2


def test_every_part_is_seen_in_a_dance():
    met = set()
    for seed in (4, 45):
        for t in range(0, 300, 23):
            met |= set(np.unique(PuppetWorld(seed, "studio", 64, 96, subject=4).render(t).ids).tolist())
    assert met == {int(p) for p in BodyPart}


def test_a_turned_face_has_no_confidence():
    world = PuppetWorld(0, "studio", 64, 96)
    seen = {}
    for t in range(0, 400, 7):
        bones = bones_at(0, sizes_of(world.dancer), t / 24)
        seen[float(bones.turn[Bone.HEAD][2, 2])] = t
    toward, away = world.render(seen[max(seen)]), world.render(seen[min(seen)])
    assert float(toward.people[0].face[:, 2].min()) == 1
    assert float(away.people[0].face[:, 2].max()) == float(max(seen) < 0)
    assert min(seen) < 0 < max(seen)


def test_keypoints_can_be_drawn(clip):
    drawn = draw_pose(clip[0].people, 192, 128)
    assert drawn.shape == (3, 192, 128)
    assert int((drawn > 0).any(0).sum()) > 300


def test_the_seed_dances_and_the_subject_is_who():
    a, b = PuppetWorld(5, "studio", 64, 96, subject=12), PuppetWorld(5, "studio", 64, 96, subject=13)
    assert a.dancer != b.dancer
    assert np.array_equal(
        pose_at(5, sizes_of(a.dancer), 1.0).hands, pose_at(5, sizes_of(b.dancer), 1.0).hands
    )
    assert not np.array_equal(a.render(3).rgb, b.render(3).rgb)
    same = PuppetWorld(12, "studio", 64, 96).render(3)
    assert np.array_equal(same.rgb, PuppetWorld(12, "studio", 64, 96, subject=12).render(3).rgb)


def test_solve_puts_the_hands_where_the_pose_asks():
    sizes = sizes_of(draw_dancer(1))
    pose = pose_at(1, sizes, 2.0)
    bones = solve(sizes, pose)
    arm = sizes.wrist_x - sizes.shoulder_x
    for n in (0, 1):
        goal = bones.place[Bone.UPPER_ARM_L + n] + bones.turn[Bone.CHEST] @ (pose.hands[n] * arm)
        assert bones.place[Bone.HAND_L + n] == pytest.approx(goal, abs=0.3)


def test_points_of_the_dancer_are_in_the_picture():
    world = PuppetWorld(7, "studio")
    puppet = puppet_model(world.dancer)
    sizes = sizes_of(world.dancer)
    inside = 0
    for t in range(0, 240, 24):
        points = bones_at(7, sizes, t / 24).skin(puppet.rest, puppet.weights).astype(np.float32)
        sight = look(puppet.model, points, world.camera)
        inside += ((sight.x > 0) & (sight.x < 128) & (sight.y > 0) & (sight.y < 192)).mean() / 10
    assert inside > 0.97
