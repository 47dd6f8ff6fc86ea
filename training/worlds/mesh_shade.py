"""From samples to a picture of a model: colour, light, shadow and highlights; samples are blended into soft pixels."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .looks import to_display
from .mesh import Float, Ints, Model
from .mesh_raster import NOTHING
from .mesh_sight import MeshSight, blend, shares

Vector = tuple[float, float, float]
Real = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Lamp:
    """One distant light."""

    direction: Vector
    """Towards it; any length."""
    color: Vector

    @property
    def axis(self) -> Float:
        axis = np.array(self.direction, np.float32)
        return np.asarray(axis / np.linalg.norm(axis))


@dataclass(frozen=True)
class Lighting:
    """Light on a stage, linear colours."""

    key: Lamp
    """The light that throws shadows and makes highlights."""
    back: Lamp
    """From behind: draws outlines."""
    above: Vector
    """Light of the surroundings on what faces up."""
    below: Vector
    exposure: float = 1.3


@dataclass(frozen=True, eq=False)
class PointLight:
    """What is known about the points of a model beforehand."""

    normals: Float
    """`[n 3]`."""
    key: Float
    """How much of the key light reaches them, `[n]`."""
    open_: Float
    """How much of the surroundings' light, `[n]`."""
    strands: Float
    """Direction of fibres, `[n 3]`; 0 where there are none."""


class SampleLight(NamedTuple):
    """Samples that see the model: numbers `[n]`, points around them and their shares `[3 n]`, linear light `[n 3]`."""

    samples: NDArray[np.intp]
    corners: Ints
    shares: Float
    color: Float


def light_at(sight: MeshSight, light: PointLight, lighting: Lighting) -> SampleLight:
    """Light that reaches the camera from every sample where the model is."""
    columns = sight.cover.winner.shape[1]
    triangle = sight.cover.winner.ravel()
    at = np.flatnonzero(triangle != NOTHING)
    seen = triangle[at]
    row, column = np.divmod(at, columns)
    part = shares(sight, seen, column * 0.5, row * 0.5)
    corners = sight.model.triangles[seen].T
    table = np.concatenate([light.normals, light.key[:, None], light.open_[:, None], sight.model.places], 1)
    values = np.ascontiguousarray(blend(table, corners, part).T)
    stranded = np.array([p.material.strands for p in sight.model.pieces])[sight.model.piece_of[seen]]
    fibres = np.flatnonzero(stranded)
    strands = blend(light.strands, corners[:, fibres], part[:, fibres]).T
    camera = sight.camera
    rays = np.stack(
        [
            (column * 0.5 - camera.width * camera.centre[0]) / camera.focal,
            (camera.height * camera.centre[1] - row * 0.5) / camera.focal,
            np.full(at.size, -1.0),
        ]
    ).astype(np.float32)
    rays = np.asarray(rays / np.sqrt(_dot(rays, rays)), np.float32)
    color = _lit(sight.model, seen, values, Fibres(fibres, strands), rays, lighting).T
    return SampleLight(at, corners, part, color)


def shade_mesh(sight: MeshSight, light: PointLight, lighting: Lighting, backdrop: Float) -> NDArray[np.uint8]:
    """The picture, uint8 `[h w 3]`.

    backdrop: light behind the model, linear, at every half pixel, `[2h+1 2w+1 3]`.
    """
    found = light_at(sight, light, lighting)
    picture = backdrop.reshape(-1, 3).copy()
    picture[found.samples] = found.color
    shown = to_display(picture, lighting.exposure).reshape(*sight.cover.winner.shape, 3)
    return np.asarray((into_pixels(shown) * 255 + 0.5).clip(0, 255).astype(np.uint8))


def into_pixels(samples: Float) -> Float:
    """Half the centre, half the mean of the corners (a quincunx), `[2h+1 2w+1 c]` -> `[h w c]`."""
    corners = samples[::2, ::2]
    sides = corners[:, :-1] + corners[:, 1:]
    return np.asarray(samples[1::2, 1::2] * np.float32(0.5) + (sides[:-1] + sides[1:]) * np.float32(1 / 8))


def texel_at(model: Model, triangle: NDArray[np.int32], u: Float, v: Float) -> Float:
    """Colour and gloss between the four texels around (u, v), `[4 n]`."""
    begin, width, height = model.textures[model.piece_of[triangle]].T
    u, v = np.clip(u, 0, width - 1).astype(np.float32), np.clip(v, 0, height - 1).astype(np.float32)
    column, row = u.astype(np.int32), v.astype(np.int32)
    fu, fv = (u - column)[:, None], (v - row)[:, None]
    right = (column + 1 < width).astype(np.int32)
    down = np.where(row + 1 < height, width, 0)
    place = begin + row * width + column
    upper = model.texels[place]
    upper += fu * (model.texels[place + right] - upper)
    lower = model.texels[place + down]
    lower += fu * (model.texels[place + down + right] - lower)
    return np.ascontiguousarray((upper + fv * (lower - upper)).T)


def _dot(a: Real, b: Real) -> Float:
    return np.asarray(a[0] * b[0] + a[1] * b[1] + a[2] * b[2], np.float32)


def _soaked(light: Float, wrap: Float) -> Float:
    """Half-shade, where light creeps in sideways: a cheap stand-in for light ** (1 - wrap)."""
    return np.asarray(light + (light - light * light) * wrap * np.float32(1.2))


class Fibres(NamedTuple):
    """Which samples lie on strands `[m]`, and the direction of these there `[3 m]`."""

    samples: NDArray[np.intp]
    along: Float


def _lit(
    model: Model, triangle: Ints, values: Float, fibres: Fibres, rays: Float, lighting: Lighting
) -> Float:
    """Light from samples to the camera, `[3 n]`; values: normal, key, openness, (u, v), `[7 n]`."""
    normal = values[:3] / (np.sqrt(_dot(values[:3], values[:3])) + np.float32(1e-9))
    key, open_ = values[3], values[4]
    texel = texel_at(model, triangle, values[5], values[6])
    piece = model.piece_of[triangle]
    traits = np.array(
        [(m.shine, m.exponent, *m.wrap, m.rim, m.glow) for m in (p.material for p in model.pieces)],
        np.float32,
    )[piece].T
    shine, exponent, wrap, rim, glow = traits[0], traits[1], traits[2:5], traits[5], traits[6]
    axis: Float = lighting.key.axis
    facing = axis @ normal
    diffuse = np.clip((facing + wrap) / (1 + wrap), 0, None)
    diffuse *= _soaked(key, wrap)
    up = np.float32(0.5) + np.float32(0.5) * normal[1]
    lifted = _soaked(open_, wrap)
    view = -_dot(rays, normal)
    edge = np.clip(1 - view, 0, 1) ** 3
    back = np.clip(lighting.back.axis @ normal + np.float32(0.25), 0, 1) * edge * rim * open_
    half = np.asarray(axis[:, None] - rays, np.float32)
    half /= np.sqrt(_dot(half, half))
    spark = np.clip(_dot(half, normal), 0, 1) ** exponent
    fine = fibres.samples
    spark[fine] = _strand_spark(fibres.along, half[:, fine], texel[3, fine], exponent[fine])
    spark *= shine * texel[3] * key * np.clip(facing * 3 + np.float32(0.3), 0, 1)
    tint = np.ones((3, triangle.size), np.float32)
    tint[:, fine] = np.float32(0.12) + np.float32(2.2) * texel[:3, fine]
    out = np.empty((3, triangle.size), np.float32)
    for n in range(3):
        around = lighting.below[n] + (lighting.above[n] - lighting.below[n]) * up
        out[n] = texel[n] * (lighting.key.color[n] * diffuse[n] + around * lifted[n] + glow)
        out[n] += lighting.key.color[n] * spark * tint[n] + lighting.back.color[n] * back * (
            np.float32(0.25) + texel[n]
        )
    return out


def _strand_spark(strand: Float, half: Float, gloss: Float, exponent: Float) -> Float:
    """Highlight bands across fibres (Kajiya and Kay, SIGGRAPH 1989); `gloss` shifts them from strand to strand."""
    length = np.sqrt(_dot(strand, strand)) + np.float32(1e-9)
    along = _dot(strand, half) / length + (gloss - np.float32(0.5)) * np.float32(0.35)
    return np.asarray(np.sqrt(np.clip(1 - along * along, 0, 1)) ** exponent)
