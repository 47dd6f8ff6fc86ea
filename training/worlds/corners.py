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
    at = np.flatnonzero((around[0] != around[1]) | (around[0] != around[2]) | (around[0] != around[3]))
    candidates = np.stack([a.ravel()[at] for a in around])
    new = candidates > 0
    new[1] &= candidates[1] != candidates[0]
    new[2] &= (candidates[2] != candidates[0]) & (candidates[2] != candidates[1])
    new[3] &= (candidates[3] != candidates[0:3]).all(0)
    asked = np.flatnonzero(new)
    number = candidates.ravel()[asked].astype(np.intp) - 1
    y, x = (a.astype(np.float32) for a in np.divmod(at.astype(np.int32), winner.shape[1] + 1))
    x, y = np.tile(x, 4)[asked], np.tile(y, 4)[asked]
    rows = np.ascontiguousarray(view.inverse.reshape(-1, 9).T, np.float32)
    u, v, w = (rows[i][number] * x + rows[i + 1][number] * y + rows[i + 2][number] for i in (0, 3, 6))
    hit = np.flatnonzero((np.minimum(u, v) >= 0) & (np.maximum(u, v) <= w) & (w > 0))
    u, v, w = u[hit], v[hit], w[hit]
    nearness = np.full(candidates.shape, -1, np.float32)
    nearness[candidates == 0] = 0  # the sky lies behind everything
    shown = covers(patches, view.index[number[hit]], u / w, v / w)
    nearness.ravel()[asked[hit[shown]]] = w[shown]
    best = nearness.argmax(0)
    every = np.arange(at.size)
    corners = np.full((winner.shape[0] + 1, winner.shape[1] + 1), NONE, np.int16)
    corners.ravel()[at] = np.where(nearness[best, every] < 0, NONE, candidates[best, every])
    return corners
