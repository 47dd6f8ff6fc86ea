"""From samples to a picture: paint every material, light it, put air before it, blend samples into pixels."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from . import paint_ground as ground
from . import paint_things as things
from . import paint_walls as walls
from .halo import add_halos
from .light import LAMP, ground_map, sun_reaches
from .looks import Look, to_display
from .patches import Material
from .sight import Sight
from .sky import add_haze, paint_sky
from .surface import Paint, Surface

Float = NDArray[np.float32]

_PAINTERS: dict[Material, Callable[[Surface], Paint]] = {
    Material.ROAD: ground.road, Material.PAVEMENT: ground.pavement, Material.KERB: ground.kerb,
    Material.GRASS: ground.grass, Material.FACADE: walls.facade, Material.WALL: walls.wall,
    Material.ROOF: walls.roof, Material.CROWN: things.crown, Material.TRUNK: things.trunk,
    Material.METAL: things.metal, Material.LAMP: things.lamp, Material.CAR_SIDE: things.car_side,
    Material.CAR_END: things.car_end, Material.CAR_TOP: things.car_top, Material.GLASS: things.glass,
    Material.CLOTH: things.cloth, Material.SIGN: things.sign, Material.SIGNAL: things.signal,
}  # fmt: skip


def shade(sight: Sight, look: Look) -> NDArray[np.uint8]:
    """The picture, uint8 `[h w 3]`."""
    material = np.concatenate([[0], sight.scene.patches.material[sight.view.index]]).astype(np.uint8)
    winner = sight.winner.ravel()
    order = np.argsort(material[winner], kind="stable")
    sorted_winner = winner[order]
    starts = np.searchsorted(material[sorted_winner], np.arange(len(Material) + 1)).tolist()
    x, y = _positions(sight, order)
    to_world = (sight.pose.axes @ np.linalg.inv(sight.lens.matrix)).astype(np.float32)
    rays = _transform(to_world, x, y)
    color = np.empty((3, order.size), np.float32)
    color[:, : starts[1]] = paint_sky(rays[:, : starts[1]], 1 / sight.lens.focal, look)
    solid = slice(starts[1], order.size)
    depth, surface = _surface(sight, look, sorted_winner[solid] - 1, (x[solid], y[solid]), rays[:, solid])
    lit = _light(sight, look, surface, sorted_winner[solid] - 1)
    painted = color[:, solid]
    for kind, paint in _PAINTERS.items():
        part = slice(starts[kind] - starts[1], starts[kind + 1] - starts[1])
        if part.start < part.stop:
            albedo, shine = paint(_cut(surface, part))
            painted[:, part] = albedo * lit[:, part] if shine is None else albedo * lit[:, part] + shine
    color[:, solid] = add_haze(painted, rays[:, solid], depth, look)
    samples = np.empty_like(color)
    samples[:, order] = to_display(color, look.exposure)
    return _resolve(sight, samples, look)


def _positions(sight: Sight, order: NDArray[np.intp]) -> tuple[Float, Float]:
    """Where the samples lie in the picture, pixels."""
    across, down = sight.lens.width + 1, sight.lens.height + 1
    layer, rest = np.divmod(order.astype(np.int32), across * down)
    row, column = np.divmod(rest, across)
    half = (0.5 - 0.5 * layer).astype(np.float32)
    return column + half, row + half


def _transform(matrix: Float, x: Float, y: Float) -> Float:
    """`matrix @ (x, y, 1)` for every sample, `[3 n]`."""
    return np.stack([float(a) * x + (float(b) * y + float(c)) for a, b, c in matrix])


def _surface(
    sight: Sight, look: Look, patch: NDArray[np.int16], at: tuple[Float, Float], rays: Float
) -> tuple[Float, Surface]:
    """Depth and surface position of samples that see a patch."""
    x, y = at
    chosen = sight.view.index
    patches = sight.scene.patches
    sizes = np.stack([np.linalg.norm(patches.across[chosen], axis=1), np.linalg.norm(patches.up[chosen], axis=1)])
    table = np.concatenate([sight.view.inverse.reshape(-1, 9), sizes.T], 1).astype(np.float32)
    ux, uy, u0, vx, vy, v0, wx, wy, w0, width, height = np.ascontiguousarray(table[patch].T)
    depth = 1 / (wx * x + wy * y + w0)
    u, v = (ux * x + uy * y + u0) * depth, (vx * x + vy * y + v0) * depth
    blur_u = np.maximum(np.abs(ux - u * wx), np.abs(uy - u * wy)) * depth * width
    blur_v = np.maximum(np.abs(vx - v * wx), np.abs(vy - v * wy)) * depth * height
    eye = np.array([[sight.pose.x], [sight.pose.y], [sight.pose.z]], np.float32)
    traits = patches.traits[chosen][patch]
    return depth, Surface(u * width, v * height, width, height, blur_u, blur_v, traits, eye + rays * depth, look)


def _cut(s: Surface, part: slice) -> Surface:
    return Surface(
        s.u[part], s.v[part], s.width[part], s.height[part], s.blur_u[part], s.blur_v[part], s.traits[part],
        s.world[:, part], s.look,
    )  # fmt: skip


def _light(sight: Sight, look: Look, surface: Surface, patch: NDArray[np.int16]) -> Float:
    """Light that arrives at every sample, `[3 n]`."""
    chosen = sight.view.index
    normal = -np.cross(sight.scene.patches.across[chosen], sight.scene.patches.up[chosen])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    facing = np.maximum(normal @ look.sun_axis, 0).astype(np.float32)
    material = sight.scene.patches.material[chosen]
    facing = np.where(np.isin(material, (Material.CROWN, Material.CLOTH)), np.float32(0.55), facing)
    open_sky = (0.66 + 0.34 * normal[:, 1]).astype(np.float32)
    flat = (normal[:, 1] > 0.9) & (material != Material.CAR_TOP)
    world = surface.world
    free, glow = ground_map(sight.scene, sight.pose.z, look).read(world[0], world[2])
    free = np.where(flat[patch], free, 1)
    sun = facing[patch] * sun_reaches(world, sight.scene.skyline, look) * free
    sky = open_sky[patch] * (0.45 + 0.55 * free)
    lamp = glow * np.exp(np.maximum(world[1] - 2.0, 0) * np.float32(-0.28)) * (0.62 + 0.38 * flat[patch])
    rows = zip(look.sun_light, look.sky_light, LAMP, strict=True)
    return np.stack([sun * np.float32(a) + sky * np.float32(b) + lamp * np.float32(c) for a, b, c in rows])


def _resolve(sight: Sight, samples: Float, look: Look) -> NDArray[np.uint8]:
    """Half of a pixel is its centre, an eighth each of its corners."""
    h, w = sight.lens.height, sight.lens.width
    centre, corner = samples.reshape(3, 2, h + 1, w + 1).swapaxes(0, 1)
    rows = corner[:, 1:] + corner[:, :-1]
    picture = 0.5 * centre[:, :h, :w] + 0.125 * (rows[:, :, 1:] + rows[:, :, :-1])
    add_halos(picture, sight, look)
    return np.ascontiguousarray((picture * 255 + 0.5).clip(0, 255).astype(np.uint8).transpose(1, 2, 0))
