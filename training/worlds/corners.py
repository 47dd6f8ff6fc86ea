"""Extra samples at pixel corners, where patches meet: they soften the edges of the picture."""

import numpy as np
from numpy.typing import NDArray

from .patches import Patches
from .raster import View, covers

NONE = -1
"""No sample is needed here."""


def corner_winners(patches: Patches, view: View, winner: NDArray[np.int16]) -> NDArray[np.int16]:
    """Which patch each pixel corner shows, out of those that the pixels around it show, `[h+1 w+1]`.

    Numbers as in `winner` `[h w]`, the patches at the pixel centres; NONE where the pixels around agree.
    """
    padded = np.pad(winner, 1, mode="edge")
    around = [padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]]
    mixed = (around[0] != around[1]) | (around[0] != around[2]) | (around[0] != around[3])
    at = np.flatnonzero(mixed)
    y, x = (a.astype(np.float32) for a in np.divmod(at.astype(np.int32), mixed.shape[1]))
    candidates = [a[mixed].astype(np.intp) for a in around]
    best = np.full(at.size, NONE, np.int16)
    table = np.concatenate([np.full((1, 9), -1.0), view.inverse.reshape(-1, 9)]).astype(np.float32)
    rows = np.ascontiguousarray(table.T)
    nearest = np.zeros(at.size, np.float32)
    for n, candidate in enumerate(candidates):
        best[(candidate == 0) & (best == NONE)] = 0  # the sky lies behind everything
        new = np.flatnonzero(np.all([candidate != c for c in candidates[:n]], 0) if n else candidate)
        number, x_new, y_new = candidate[new], x[new], y[new]
        u, v, w = (
            rows[i][number] * x_new + rows[i + 1][number] * y_new + rows[i + 2][number] for i in (0, 3, 6)
        )
        hit = np.flatnonzero((np.minimum(u, v) >= 0) & (np.maximum(u, v) <= w) & (w > nearest[new]))
        hit = hit[covers(patches, view.index[number[hit] - 1], u[hit] / w[hit], v[hit] / w[hit])]
        best[new[hit]], nearest[new[hit]] = number[hit], w[hit]
    corners = np.full(mixed.shape, NONE, np.int16)
    corners.ravel()[at] = best
    return corners
