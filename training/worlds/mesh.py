"""Things made of triangles: pieces with a texture each, joined into one model whose points move from frame to frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Texture:
    """What is painted on a piece; row 0 belongs to v = 0."""

    color: Float
    """How much light is thrown back, linear, `[h w 3]`."""
    labels: NDArray[np.uint8]
    """Class of every texel, `[h w]`."""
    gloss: Float
    """How much of the material's shine there is, `[h w]`."""


def plain(color: Float | Sequence[float], label: int, gloss: float = 1.0) -> Texture:
    """One colour for all of a piece."""
    shown = np.broadcast_to(np.asarray(color, np.float32), (1, 1, 3))
    return Texture(shown, np.full((1, 1), label, np.uint8), np.full((1, 1), gloss, np.float32))


class Material(NamedTuple):
    """How a piece takes light."""

    shine: float = 0.0
    exponent: float = 20.0
    """Sharpness of highlights."""
    wrap: tuple[float, float, float] = (0.1, 0.1, 0.1)
    """How far red, green and blue light creep round into the shade, 0..1."""
    rim: float = 0.3
    """Share of the light from behind that shows at the outline."""
    strands: bool = False
    """Highlights across fibres that run along v, instead of on a smooth surface."""
    glow: float = 0.0
    """Share of the colour that shows without light."""
    casts: bool = True
    """Throws shadows."""


@dataclass(frozen=True, eq=False)
class Piece:
    """One surface. Its points are given frame by frame, in the order of `places`."""

    name: str
    triangles: Ints
    """Corners, counter-clockwise seen from outside, `[m 3]`."""
    places: Float
    """(u, v) of every point on the texture, 0..1, `[n 2]`."""
    texture: Texture
    material: Material
    weld: Ints | None = None
    """Points with the same number share a normal, `[n]`; None: all are apart."""


@dataclass(frozen=True, eq=False)
class Model:
    """All pieces of a scene, end to end."""

    pieces: tuple[Piece, ...]
    triangles: Ints
    """`[m 3]`."""
    places: Float
    """(u, v) in texels of the own texture, `[n 2]`."""
    piece_of: NDArray[np.uint8]
    """Which piece a triangle belongs to, `[m]`."""
    weld: Ints
    """`[n]`."""
    texels: Float
    """Colour and gloss of all textures, `[k 4]`."""
    labels: NDArray[np.uint8]
    """`[k]`."""
    textures: Ints
    """Of every piece: where its texels begin, width, height, `[pieces 3]`."""
    starts: dict[str, slice]
    """The points of every piece, by its name."""

    @property
    def size(self) -> int:
        """How many points there are."""
        return len(self.places)


def join(pieces: Sequence[Piece]) -> Model:
    """One model of several pieces (at most 255)."""
    counts = [p.places.shape[0] for p in pieces]
    first = np.concatenate([[0], np.cumsum(counts)])
    sizes = [p.texture.labels.shape for p in pieces]
    begins = np.concatenate([[0], np.cumsum([h * w for h, w in sizes])])[:-1]
    triangles = [p.triangles + first[n] for n, p in enumerate(pieces)]
    welds = [(np.arange(counts[n]) if p.weld is None else p.weld) + first[n] for n, p in enumerate(pieces)]
    places = [
        p.places * np.array([max(w - 1, 0), max(h - 1, 0)], np.float32)
        for p, (h, w) in zip(pieces, sizes, strict=True)
    ]
    texels = [
        np.concatenate([p.texture.color, p.texture.gloss[..., None]], -1).reshape(-1, 4) for p in pieces
    ]
    return Model(
        tuple(pieces),
        np.concatenate(triangles).astype(np.int32),
        np.concatenate(places).astype(np.float32),
        np.repeat(np.arange(len(pieces)), [len(p.triangles) for p in pieces]).astype(np.uint8),
        np.concatenate(welds).astype(np.int32),
        np.concatenate(texels).astype(np.float32),
        np.concatenate([p.texture.labels.ravel() for p in pieces]),
        np.array([(b, w, h) for b, (h, w) in zip(begins, sizes, strict=True)], np.int32),
        {p.name: slice(int(first[n]), int(first[n + 1])) for n, p in enumerate(pieces)},
    )


def grid_triangles(rows: int, columns: int, *, ring: bool = False) -> Ints:
    """Triangles over points that lie in rows; outside is where rows go down and columns go right on the picture.

    ring: the last column is joined to the first.
    """
    r, c = np.mgrid[: rows - 1, : columns if ring else columns - 1]
    after = (c + 1) % columns
    a, b, d, e = r * columns + c, r * columns + after, (r + 1) * columns + c, (r + 1) * columns + after
    both = np.stack([np.stack([a, d, b], -1), np.stack([b, d, e], -1)], -2)
    return both.reshape(-1, 3).astype(np.int32)


def grid_places(rows: int, columns: int) -> Float:
    """(u, v) of points that lie in rows, evenly spread, `[rows*columns 2]`."""
    v, u = np.mgrid[:rows, :columns]
    return np.stack([u.ravel() / max(columns - 1, 1), v.ravel() / max(rows - 1, 1)], 1).astype(np.float32)


def normals(points: Float, triangles: Ints, weld: Ints) -> Float:
    """Unit normals at points `[n 3]`: means over the triangles around, by area."""
    a, b, c = (points[triangles[:, k]].T for k in range(3))
    (x1, y1, z1), (x2, y2, z2) = b - a, c - a
    faces = (y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2)
    corners = weld[triangles.T.ravel()]
    sums = [np.bincount(corners, np.tile(f, 3), points.shape[0]) for f in faces]
    total = np.stack(sums)[:, weld].astype(np.float32)
    total /= np.sqrt(total[0] ** 2 + total[1] ** 2 + total[2] ** 2) + np.float32(1e-12)
    return np.ascontiguousarray(total.T)
