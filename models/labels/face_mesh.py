"""The 68 landmarks out of MediaPipe's face mesh of 478 (or 468) points."""

import torch
from torch import Tensor

from ...errors import InputError

_MESH = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),  # jaw
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),  # brows
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # mouth
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner mouth
)
"""The vertex of the mesh next to each landmark of iBUG 300-W."""


def landmarks_of_mesh(points: Tensor) -> Tensor:
    """`[n 2]` vertices (n at least 468) -> `[68 2]` landmarks, float64."""
    if points.dim() != 2 or points.shape[0] < 468 or points.shape[1] < 2:
        raise InputError(f"face mesh: expected 468 or 478 points (x, y), got {list(points.shape)}")
    return points[list(_MESH), :2].to(torch.float64)
