"""From samples to a picture: paint every material, light it, put air before it, blend samples into pixels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import paint_ground as ground
from . import paint_things as things
from . import paint_walls as walls
from .corners import NONE, corner_winners
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


@dataclass(frozen=True, eq=False)
class Queue:
    """Samples in the order in which they are painted: sky first, then patch by patch, material by material."""

    x: Float
    y: Float
    """Where they lie in the picture, pixels, `[n]`."""
    order: NDArray[np.intp]
    """Their numbers: first all pixel centres, row by row, then the corners that `corners` names, `[n]`."""
    sky: int
    """So many at the start are sky."""
    patches: NDArray[np.int64]
    """Which patches (numbers in the view) follow, `[m]`."""
    counts: NDArray[np.int64]
    """How many samples each has, `[m]`."""


def line_up(sight: Sight, corners: NDArray[np.int16]) -> Queue:
    """Sort the samples; `corners` as `corner_winners` gives them."""
    h, w = sight.winner.shape
    by_material = np.argsort(sight.scene.patches.material[sight.view.index], kind="stable")
    rank = np.zeros(by_material.size + 1, np.int16)
    rank[1 + by_material] = 1 + np.arange(by_material.size)
    row, column = np.nonzero(corners != NONE)
    ranks = rank[np.concatenate([sight.winner.ravel(), corners[row, column]]).astype(np.intp)]
    counts = np.bincount(ranks, minlength=rank.size)
    seen = np.flatnonzero(counts[1:])
    order = np.argsort(ranks, kind="stable")
    x = np.concatenate([np.tile(np.arange(0.5, w), h), column]).astype(np.float32)
    y = np.concatenate([np.repeat(np.arange(0.5, h), w), row]).astype(np.float32)
    return Queue(x[order], y[order], order, int(counts[0]), by_material[seen], counts[1 + seen])


def shade(sight: Sight, look: Look) -> NDArray[np.uint8]:
    """The picture, uint8 `[h w 3]`."""
    corners = corner_winners(sight.scene.patches, sight.view, sight.winner)
    queue = line_up(sight, corners)
    to_world = (sight.pose.axes @ np.linalg.inv(sight.lens.matrix)).astype(np.float32)
    rays = np.stack([float(a) * queue.x + (float(b) * queue.y + float(c)) for a, b, c in to_world])
    color = np.empty_like(rays)
    sky = queue.sky
    color[:, :sky] = paint_sky(rays[:, :sky], 1 / sight.lens.focal, look)
    color[:, sky:] = _paint(sight, queue, look, rays[:, sky:])
    samples = np.empty_like(color)
    samples[:, queue.order] = to_display(color, look.exposure)
    picture = _blend(sight.winner, corners, samples)
    add_halos(picture, sight, look)
    return np.ascontiguousarray((picture * 255 + 0.5).clip(0, 255).astype(np.uint8).transpose(1, 2, 0))


def _paint(sight: Sight, queue: Queue, look: Look, rays: Float) -> Float:
    """Colour of the samples that see a patch, `[3 n]`."""
    depth, surface = _surface(sight, queue, look, rays)
    material = sight.scene.patches.material[sight.view.index[queue.patches]]
    ends = np.concatenate([[0], np.cumsum(queue.counts)])
    first = np.searchsorted(material, np.arange(len(Material) + 1))
    light = _light(sight, queue, look, surface, int(ends[first[Material.GRASS + 1]]))
    color = np.empty_like(rays)
    for kind, paint in _PAINTERS.items():
        group = slice(first[kind], first[kind + 1])
        part = slice(ends[group.start], ends[group.stop])
        if part.start < part.stop:
            albedo, shine = paint(_cut(surface, part, group))
            np.multiply(albedo, light[:, part], out=color[:, part])
            if shine is not None:
                color[:, part] += shine
    return add_haze(color, rays, depth, look)


def _surface(sight: Sight, queue: Queue, look: Look, rays: Float) -> tuple[Float, Surface]:
    """Depth and place on the patch of samples that see one."""
    x, y = queue.x[queue.sky :], queue.y[queue.sky :]
    patches = sight.scene.patches
    chosen = sight.view.index[queue.patches]
    sizes = [np.linalg.norm(edge[chosen], axis=1)[None] for edge in (patches.across, patches.up)]
    table = np.concatenate([sight.view.inverse[queue.patches].reshape(-1, 9).T, *sizes]).astype(np.float32)
    ux, uy, u0, vx, vy, v0, wx, wy, w0, width, height = (np.repeat(row, queue.counts) for row in table)
    depth = _linear(wx, wy, w0, x, y)
    np.divide(1, depth, out=depth)
    u, blur_u = _place_and_blur(ux, uy, u0, wx, wy, x, y, depth)
    v, blur_v = _place_and_blur(vx, vy, v0, wx, wy, x, y, depth)
    for values, size in ((u, width), (blur_u, width), (v, height), (blur_v, height)):
        values *= size
    eye = np.array([[sight.pose.x], [sight.pose.y], [sight.pose.z]], np.float32)
    traits = np.ascontiguousarray(patches.traits[chosen].T)
    world = eye + rays * depth
    return depth, Surface(u, v, width, height, blur_u, blur_v, traits, queue.counts, world, look)


def _place_and_blur(
    a: Float, b: Float, c: Float, wx: Float, wy: Float, x: Float, y: Float, depth: Float
) -> tuple[Float, Float]:
    """(a x + b y + c) depth, and how much that changes from pixel to pixel; w changes by (wx, wy). Overwrites a, b."""
    place = _linear(a, b, c, x, y)
    place *= depth
    a -= place * wx
    b -= place * wy
    blur = np.maximum(np.abs(a, out=a), np.abs(b, out=b), out=a)
    blur *= depth
    return place, blur


def _linear(a: Float, b: Float, c: Float, x: Float, y: Float) -> Float:
    """a x + b y + c"""
    total, second = a * x, b * y
    total += second
    total += c
    return total


def _cut(s: Surface, part: slice, group: slice) -> Surface:
    """The samples `part`, which belong to the patches `group`."""
    return Surface(
        s.u[part], s.v[part], s.width[part], s.height[part], s.blur_u[part], s.blur_v[part], s.traits[:, group],
        s.counts[group], s.world[:, part], s.look,
    )  # fmt: skip


def _light(sight: Sight, queue: Queue, look: Look, surface: Surface, ground_end: int) -> Float:
    """Light that arrives at every sample, `[3 n]`; the first `ground_end` samples lie on the ground."""
    patches, chosen = sight.scene.patches, sight.view.index[queue.patches]
    normal = -np.cross(patches.across[chosen], patches.up[chosen])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    facing = np.maximum(normal @ look.sun_axis, 0)
    facing = np.where(np.isin(patches.material[chosen], (Material.CROWN, Material.CLOTH)), 0.55, facing)
    world = surface.world
    nearby = ground_map(sight.scene, sight.pose.z, look)
    sun = np.repeat(facing.astype(np.float32), queue.counts) * sun_reaches(world, sight.scene.skyline, look)
    sky = np.repeat((0.66 + 0.34 * normal[:, 1]).astype(np.float32), queue.counts)
    free = nearby.read(nearby.open_, world[0, :ground_end], world[2, :ground_end])
    sun[:ground_end] *= free
    sky[:ground_end] *= 0.45 + 0.55 * free
    rows = zip(look.sun_light, look.sky_light, strict=True)
    light = np.stack([sun * np.float32(a) + sky * np.float32(b) for a, b in rows])
    if look.lamps:
        lamp = nearby.read(nearby.glow, world[0], world[2])
        lamp[ground_end:] *= 0.62 * np.exp(np.maximum(world[1, ground_end:] - 2, 0) * np.float32(-0.28))
        light += np.array(LAMP, np.float32)[:, None] * lamp
    return light


def _blend(winner: NDArray[np.int16], corners: NDArray[np.int16], samples: Float) -> Float:
    """Half of a pixel is its centre, an eighth each of its corners, `[3 h w]`.

    A corner that shows the same patch counts as the centre: what is painted on a patch is free of aliasing by itself.
    """
    h, w = winner.shape
    centre = samples[:, : h * w]
    picture = centre.copy()
    number = np.cumsum(corners != NONE).reshape(corners.shape) + (h * w - 1)  # of a corner's sample
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        part = (slice(down, down + h), slice(right, right + w))
        at = np.flatnonzero((corners[part] != NONE) & (corners[part] != winner))
        corner = number[part].ravel()[at]
        for channel, middle, sample in zip(picture, centre, samples, strict=True):
            channel[at] += (sample[corner] - middle[at]) * np.float32(0.125)
    return picture.reshape(3, h, w)
