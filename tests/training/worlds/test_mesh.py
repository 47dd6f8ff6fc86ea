"""Triangles: who is in front, where seams join, what light reaches, and that nothing of it depends on luck."""

import numpy as np
import pytest

from maliang_video.training.worlds.mesh import (
    Material,
    Piece,
    grid_places,
    grid_triangles,
    join,
    normals,
    plain,
)
from maliang_video.training.worlds.mesh_raster import NOTHING, cover
from maliang_video.training.worlds.mesh_shade import into_pixels
from maliang_video.training.worlds.mesh_shadow import lit
from maliang_video.training.worlds.mesh_shapes import ball, ring_weld, spread, tube
from maliang_video.training.worlds.mesh_sight import StillCamera, blend, look, shares
from maliang_video.training.worlds.mesh_truth import truth_of_mesh


def square(z, size=1.0):
    x, y = np.meshgrid([-size, size], [size, -size])
    return np.stack([x.ravel(), y.ravel(), np.full(4, z)], 1).astype(np.float32)


def piece(name, label):
    return Piece(name, grid_triangles(2, 2), grid_places(2, 2), plain((0.5, 0.4, 0.3), label), Material())


def test_every_sample_is_covered_once_and_only_inside():
    """A grid of triangles over the samples leaves no gap and reaches no further, wherever its seams run."""
    chance = np.random.default_rng(4)
    u, v = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 8))
    u[1:-1, 1:-1] += chance.uniform(-0.04, 0.04, (6, 7))
    x, y = 3.5 + 20 * u.ravel(), 2.5 + 14 * v.ravel()
    found = cover(x, y, np.ones(x.size), grid_triangles(8, 9), 20, 30)
    inside = np.zeros((20, 30), bool)
    inside[3:17, 4:24] = True
    assert np.array_equal(found.winner != NOTHING, inside)


def test_the_nearest_wins_and_backs_are_not_seen():
    x, y = np.array([0.0, 0, 9, 9] * 2), np.array([0.0, 9, 0, 9] * 2)
    near = np.repeat([1.0, 2.0], 4)
    triangles = np.concatenate([grid_triangles(2, 2)[:, [0, 1, 2]], grid_triangles(2, 2) + 4])
    order = np.array([0, 2, 1, 3])
    x, y = np.concatenate([x[:4][order], x[4:][order]]), np.concatenate([y[:4][order], y[4:][order]])
    assert (cover(x, y, near, triangles, 8, 8).winner >= 2).all()
    assert (cover(x, y, near[::-1].copy(), triangles, 8, 8).winner < 2).all()
    assert (cover(x, y, near, triangles[:, ::-1], 8, 8).winner == NOTHING).all()


def test_checkered_samples_agree_with_all():
    chance = np.random.default_rng(1)
    points = chance.uniform(-3, 33, (60, 2))
    triangles = chance.permutation(60).reshape(-1, 3).astype(np.int32)
    near = chance.uniform(1, 2, 60)
    whole = cover(points[:, 0], points[:, 1], near, triangles, 31, 31).winner
    half = cover(points[:, 0], points[:, 1], near, triangles, 31, 31, checkered=True).winner
    rows, columns = np.indices(whole.shape)
    even = (rows + columns) % 2 == 0
    assert (whole[even] != NOTHING).sum() > 50
    assert np.array_equal(half[even], whole[even])
    assert (half[~even] == NOTHING).all()


def test_shares_are_perspective_correct():
    model = join([piece("tilted", 3)])
    points = square(0.0)
    points[:2, 2] = -3.0  # the upper edge is further away
    camera = StillCamera((0, 0, 6), 40.0, 32, 32)
    sight = look(model, points, camera)
    triangle = sight.centres[10, 20]
    x, y = np.array([20.5]), np.array([10.5])
    part = shares(sight, np.array([triangle]), x, y)
    place = blend(points.astype(np.float64), model.triangles[[triangle]].T, part)
    back = camera.project(place)
    assert back[0][0] == pytest.approx(20.5, abs=1e-4)
    assert back[1][0] == pytest.approx(10.5, abs=1e-4)
    assert place[0, 2] == pytest.approx(-3 * (place[0, 1] + 1) / 2, abs=1e-5)


def test_flow_occlusion_and_depth_of_a_known_move():
    model = join([piece("back", 1), piece("front", 2)])
    camera = StillCamera((0, 0, 10), 80.0, 32, 32)
    before = np.concatenate([square(0.0, 1.5), square(5.0, 0.4)])
    now = before.copy()
    now[4:, 0] += 0.25
    truth = truth_of_mesh(look(model, now, camera), look(model, before, camera))
    assert set(np.unique(truth.ids)) == {0, 1, 2}
    assert truth.flow[0][truth.ids == 2] == pytest.approx(-0.25 * 80 / 5)
    assert truth.flow[1][truth.ids == 2] == pytest.approx(0, abs=1e-5)
    assert truth.flow[:, truth.ids != 2] == pytest.approx(0, abs=1e-5)
    assert truth.depth[truth.ids == 2] == pytest.approx(5)
    assert truth.depth[truth.ids == 1] == pytest.approx(10)
    assert np.isinf(truth.depth[truth.ids == 0]).all()
    shown = look(model, before, camera).centres
    assert np.array_equal(truth.occlusion, (truth.ids == 1) & (shown >= 2))
    assert truth.occlusion.sum() == 4 * 12


def test_a_balls_normals_point_outwards():
    points = ball(15, 24)
    out = normals(points, grid_triangles(15, 24, ring=True), np.arange(points.shape[0], dtype=np.int32))
    assert ((out * points).sum(1)[24:-24] > 0.98).all()


def test_welded_seams_have_one_normal():
    path = np.stack([np.zeros(6), np.linspace(3, 0, 6), np.zeros(6)], 1)
    points = tube(path, 1.0, 12)
    points = np.concatenate([points.reshape(6, 12, 3), points.reshape(6, 12, 3)[:, :1]], 1).reshape(-1, 3)
    weld = ring_weld(6, 13)
    out = normals(points, grid_triangles(6, 13), weld).reshape(6, 13, 3)
    assert np.array_equal(out[:, 0], out[:, -1])
    around = points.reshape(6, 13, 3) * (1, 0, 1)
    assert ((out * around).sum(2)[1:-1] > 0.95).all()


def test_shadows_fall_away_from_the_light():
    plate, ground = square(3.0, 0.5), np.array([[0, 0, 0], [3.0, 0, 0], [0, 2.5, 0]], np.float32)
    points = np.concatenate([plate, ground])
    light = lit(points, grid_triangles(2, 2), np.array([0.01, 0.0, 1.0]), 40)
    assert light[4] < 0.05
    assert light[5] > 0.95
    assert light[6] > 0.95
    assert (light[:4] > 0.9).all()  # nothing shadows itself
    aside = lit(points, grid_triangles(2, 2), np.array([-1.0, 0.0, 1.0]), 40)
    assert aside[5] < 0.05 < 0.95 < aside[4]


def test_points_between_points():
    table = np.array([[0.0, 2.0], [4.0, 6.0]])
    assert spread(table, 2).tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]


def test_pixels_are_half_centre_half_corners():
    samples = np.zeros((3, 3, 1), np.float32)
    samples[1, 1] = 1
    assert into_pixels(samples).item() == 0.5
    samples[::2, ::2] = 1
    assert into_pixels(samples).item() == 1
