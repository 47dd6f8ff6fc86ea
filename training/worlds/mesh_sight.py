"""What a still camera sees of a model at one moment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .mesh import Float, Ints, Model
from .mesh_raster import Cover, cover

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StillCamera:
    """Looks along -z of the world (x right, y up, z towards the viewer); pixel centres lie at +0.5."""

    eye: tuple[float, float, float]
    focal: float
    """In pixels."""
    width: int
    height: int
    centre: tuple[float, float] = (0.5, 0.5)
    """Where the axis meets the picture, as shares of width and height."""

    def project(self, points: NDArray[np.floating]) -> tuple[Array, Array, Array]:
        """World points `[n 3]` -> x, y in pixels and the distance along the axis, `[n]` each."""
        depth = self.eye[2] - points[:, 2].astype(np.float64)
        scale = self.focal / depth
        x = self.width * self.centre[0] + (points[:, 0] - self.eye[0]) * scale
        y = self.height * self.centre[1] - (points[:, 1] - self.eye[1]) * scale
        return x, y, depth


@dataclass(frozen=True, eq=False)
class MeshSight:
    """Samples lie at pixel corners (even rows and columns of a grid of half pixels) and centres (odd ones)."""

    model: Model
    camera: StillCamera
    points: Float
    """Of the model in the world, `[n 3]`."""
    x: Array
    y: Array
    """Their places in the picture, pixels, `[n]`."""
    depth: Array
    """`[n]`."""
    cover: Cover
    """Over half pixels: `[2h+1 2w+1]`, every second one is a sample; planes of 1/depth over places in half pixels."""

    @property
    def centres(self) -> Ints:
        """Triangle at every pixel's centre, `[h w]`."""
        return np.ascontiguousarray(self.cover.winner[1::2, 1::2])


def look(model: Model, points: Float, camera: StillCamera) -> MeshSight:
    """See the model with its points at these places."""
    x, y, depth = camera.project(points)
    rows, columns = 2 * camera.height + 1, 2 * camera.width + 1
    found = cover(2 * x, 2 * y, 1 / depth, model.triangles, rows, columns, checkered=True)
    return MeshSight(model, camera, points, x, y, depth, found)


def shares(sight: MeshSight, triangle: Ints, x: Array, y: Array) -> Float:
    """How much of each corner is in the points of triangles `[n]` that are seen at pixels (x, y), `[3 n]`.

    Shares on the surface itself, not on the picture.
    """
    corner = sight.model.triangles[triangle].T
    xs, ys = sight.x[corner], sight.y[corner]
    after, last = [1, 2, 0], [2, 0, 1]
    part = (xs[after] - x) * (ys[last] - y) - (xs[last] - x) * (ys[after] - y)
    part /= sight.depth[corner]
    part /= part[0] + part[1] + part[2]
    return part.astype(np.float32)


def blend(table: NDArray[np.floating], corners: Ints, part: Float) -> Float:
    """Values of points `[n k]` at samples: corners `[3 m]`, shares `[3 m]` -> `[m k]`."""
    out = table[corners[0]] * part[0][:, None]
    out += table[corners[1]] * part[1][:, None]
    out += table[corners[2]] * part[2][:, None]
    return np.asarray(out)
