"""A set that never moves before a camera that never moves: its light is worked out once, only shadows change."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .mesh import Float, Ints, Model, normals
from .mesh_shade import Lighting, PointLight, light_at
from .mesh_sight import StillCamera, blend, look


@dataclass(frozen=True, eq=False)
class StillStage:
    """Every second half pixel is a sample, `[(2h+1)*(2w+1)]`, as in `MeshSight`."""

    points: Float
    """`[n 3]`."""
    samples: NDArray[np.intp]
    """Numbers of the samples that see the set, `[m]`."""
    corners: Ints
    """Points around them, `[3 m]`."""
    shares: Float
    """How much of each is in them, `[3 m]`."""
    dark: Float
    """Light without the lamp that throws shadows, linear, `[m 3]`."""
    lamp: Float
    """What that lamp adds, `[m 3]`."""
    depth: Float
    """Distance along the camera's axis, `[h w]`; infinite where the set isn't."""
    shape: tuple[int, int]

    def show(self, key: Float, open_: Float) -> Float:
        """The set's light, `[2h+1 2w+1 3]`; how much of the lamp, and of all light, reaches its points, `[n]` each."""
        both = blend(np.stack([key, open_], 1), self.corners, self.shares)
        picture = np.zeros((self.shape[0] * self.shape[1], 3), np.float32)
        picture[self.samples] = (self.dark + self.lamp * both[:, :1]) * both[:, 1:]
        return picture.reshape(*self.shape, 3)


def still_stage(model: Model, points: Float, camera: StillCamera, lighting: Lighting) -> StillStage:
    """Light a set."""
    sight = look(model, points, camera)
    normal, ones = normals(points, model.triangles, model.weld), np.ones(model.size, np.float32)
    lights = [light_at(sight, PointLight(normal, key * ones, ones, 0 * normal), lighting) for key in (0, 1)]
    seen = lights[0]
    depth = np.full(sight.cover.winner.size, np.inf, np.float32)
    depth[seen.samples] = blend(sight.depth[:, None], seen.corners, seen.shares)[:, 0]
    rows, columns = sight.cover.winner.shape
    return StillStage(
        points, seen.samples, seen.corners, seen.shares, seen.color, lights[1].color - seen.color,
        np.ascontiguousarray(depth.reshape(rows, columns)[1::2, 1::2]), (rows, columns),
    )  # fmt: skip
