"""What is true about a frame: labels, instances, depth, flow, occlusion. Only pixel centres count."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .camera import patch_to_camera
from .sight import Sight
from .street_plan import Label


class Truth(NamedTuple):
    """See `WorldFrame`."""

    ids: NDArray[np.uint8]
    instances: NDArray[np.int32]
    flow: NDArray[np.float32]
    occlusion: NDArray[np.bool_]
    depth: NDArray[np.float32]


def truth_of(now: Sight, before: Sight) -> Truth:
    """Compare two moments one frame apart."""
    h, w = now.lens.height, now.lens.width
    winner = now.winner.astype(np.intp)
    patches, index = now.scene.patches, now.view.index
    ids = np.concatenate([[Label.SKY], patches.label[index]]).astype(np.uint8)[winner]
    instances = np.concatenate([[0], patches.instance[index]]).astype(np.int32)[winner]
    x, y = np.arange(0.5, w), np.arange(0.5, h)[:, None]
    nearness = np.concatenate([np.zeros((1, 3)), now.view.inverse[:, 2]])
    with np.errstate(divide="ignore"):
        depth = 1 / _apply(nearness, winner, x, y)
    back = _homographies(now)
    old_x, old_y, old_z = (_apply(back[:, i], winner, x, y) for i in range(3))
    old_x, old_y = old_x / old_z, old_y / old_z
    flow = np.stack([old_x - x, old_y - y]).astype(np.float32)
    hidden = _hidden(now, before, old_x, old_y) | (old_z <= 0)
    return Truth(ids, instances, flow, hidden, depth.astype(np.float32))


def _apply(
    rows: NDArray[np.float64], winner: NDArray[np.intp], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The row (a, b, c) of every pixel's patch, times (x, y, 1): rows `[m+1 3]`, the others `[h w]`."""
    a, b, c = np.ascontiguousarray(rows.T)
    total, second = a[winner], b[winner]
    total *= x
    second *= y
    total += second
    total += c[winner]
    return np.asarray(total)


def _homographies(now: Sight) -> NDArray[np.float64]:
    """From a pixel to its place one frame earlier, for the sky and every patch in view, `[m+1 3 3]`."""
    patches, index, lens = now.scene.patches, now.view.index, now.lens.matrix
    was = patch_to_camera(
        now.was, patches.was_origin[index], patches.was_across[index], patches.was_up[index]
    )
    sky = lens @ now.was.axes.T @ now.pose.axes @ np.linalg.inv(lens)
    return np.concatenate([sky[None], lens @ was @ now.view.inverse])


def _hidden(now: Sight, before: Sight, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True where none of the four pixels around (x, y) of the frame before shows the same patch."""
    h, w = now.lens.height, now.lens.width
    keys = np.concatenate([[-1], now.scene.patches.key[now.view.index]])
    old_keys = np.concatenate([[-1], before.scene.patches.key[before.view.index]])
    names = np.unique(np.concatenate([keys, old_keys]))
    mine = np.searchsorted(names, keys).astype(np.int32)[now.winner.astype(np.intp)]
    theirs = np.searchsorted(names, old_keys).astype(np.int32)[before.winner.astype(np.intp)]
    inside = (x >= 0) & (x <= w) & (y >= 0) & (y <= h)
    bordered = np.pad(theirs, 1, mode="edge").ravel()  # so that all four neighbours of a point inside exist
    with np.errstate(invalid="ignore"):
        left, top = (np.floor(a - 0.5).astype(np.int32) for a in (x, y))
    at = (top + 1) * (w + 2) + (left + 1)
    at *= inside
    shown = bordered[at] == mine
    for step in (1, w + 2, w + 3):
        shown |= bordered[at + step] == mine
    return np.asarray(~(inside & shown))
