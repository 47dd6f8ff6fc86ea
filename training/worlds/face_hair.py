"""Hair: a shell of strands that falls from the crown, outside down and inside up again, in a dozen styles."""

from dataclasses import dataclass

import numpy as np

from .chance import draw
from .face_parts import Part
from .face_person import Subject
from .face_shape import Array, curve, skull, step
from .face_skin import canvas
from .mesh import Float, Material, Piece, Texture, grid_places, grid_triangles
from .mesh_shapes import ball
from .texture import noise

COLUMNS = 121
OUTER, INNER = 18, 4
ROWS = OUTER + INNER
_BALL = (12, 24)


@dataclass(frozen=True)
class Cut:
    """A hair style. Centimetres; lines are heights where hair ends, at 0, 25, 45, 60, 75, 90, 110, 140, 180 degrees."""

    ends: tuple[float, ...]
    top: float
    """Thickness on the crown."""
    side: float
    fringe: float = 0.0
    """Extra thickness above the forehead."""
    sweep: float = 0.0
    """Radians by which the front is combed to one side."""
    ragged: float = 0.5
    """How uneven the ends are."""
    clumps: float = 0.12
    curls: float = 0.0
    free: float = 0.0
    """1: ends hang free and keep their thickness."""
    bun: bool = False


_ANGLES = tuple(np.radians((0, 25, 45, 60, 75, 90, 110, 140, 180)))
_CUTS = {
    "short": Cut((7.5, 7.9, 6.8, 4.2, 0.2, -1.2, -3.0, -6.0, -7.0), 1.3, 0.45, 0.5, 0.25, 0.5, 0.16),
    "swept": Cut((7.5, 7.6, 6.9, 4.6, 0.0, -1.5, -3.2, -6.5, -7.5), 1.7, 0.5, 1.5, 0.65, 0.35, 0.22),
    "bob": Cut(
        (8.0, 7.6, 6.0, -6.0, -9.6, -10.0, -10.2, -10.2, -10.2), 1.1, 1.25, 0.3, 0.25, 0.45, 0.14, free=1
    ),
    "long": Cut(
        (8.2, 8.2, 6.9, -4.0, -19.0, -21.0, -21.5, -21.5, -21.5), 1.1, 1.3, 0.3, 0.2, 1.2, 0.18, free=1
    ),
    "curly": Cut(
        (5.8, 5.6, 4.6, 1.0, -3.5, -6.0, -7.5, -8.5, -8.5), 2.9, 2.3, 0.8, 0.0, 0.8, 0.05, 0.55, 0.8
    ),
    "bangs": Cut(
        (2.75, 2.7, 2.4, -4.0, -10.0, -11.5, -12.0, -12.0, -12.0), 1.1, 1.15, 0.5, 0.05, 0.55, 0.12, free=1
    ),
    "bun": Cut((7.7, 7.7, 6.8, 4.4, 0.6, -0.9, -2.5, -6.5, -8.0), 0.6, 0.35, 0.1, 0.0, 0.25, 0.12, bun=True),
}


def has_hair(subject: Subject) -> bool:
    """Whether there is more than what is painted on the scalp."""
    return subject.hair_style in _CUTS


def hair_pieces(subject: Subject) -> list[Piece]:
    """The shell, and the bun; points as `hair_points` gives them."""
    cut = _CUTS[subject.hair_style]
    texture = paint_hair(subject, cut)
    material = Material(
        shine=0.30, exponent=34 if not cut.curls else 14, wrap=(0.25, 0.22, 0.2), rim=0.9, strands=True
    )
    weld = np.arange(ROWS * COLUMNS, dtype=np.int32).reshape(ROWS, COLUMNS)
    weld[:, -1] = weld[:, 0]
    weld[0] = 0
    out = [
        Piece(
            "hair", grid_triangles(ROWS, COLUMNS), grid_places(ROWS, COLUMNS), texture, material, weld.ravel()
        )
    ]
    if cut.bun:
        out.append(Piece("bun", grid_triangles(*_BALL, ring=True), grid_places(*_BALL), texture, material))
    return out


def hair_points(subject: Subject) -> tuple[dict[str, Array], dict[str, Array]]:
    """Points on the average head, and the direction of the strands there."""
    cut = _CUTS[subject.hair_style]
    shell = _shell(subject, cut)
    rows = shell.reshape(ROWS, COLUMNS, 3)
    along = np.asarray(np.gradient(rows, axis=0))
    along[0] = along[1]
    points, strands = {"hair": shell}, {"hair": along.reshape(-1, 3)}
    if cut.bun:
        knot = ball(*_BALL).astype(np.float64)
        swirl = 1 + 0.06 * np.sin(5 * np.arctan2(knot[:, 0], knot[:, 2]) + 7 * knot[:, 1])
        high = draw(subject.seed, 0, 82, 1)[0]
        points["bun"] = knot * swirl[:, None] * (2.9, 2.5, 2.7) + (0, 12.2 - 5 * high, -5.0 - 5.5 * high)
        strands["bun"] = np.stack([knot[:, 2], 0.5 + 0 * knot[:, 0], -knot[:, 0]], 1)
    return points, strands


def ends_at(angle: Array, subject: Subject, cut: Cut) -> Array:
    """Height where the hair ends at angles around the head."""
    ends = list(cut.ends)
    if cut.free == 0:
        recede = max(0.0, subject.masculine - 0.4) * subject.age * 1.7
        for n, share in enumerate((0.9, 1.4, 1.0, 0.3)):
            ends[n] += recede * share
    part = 0.2 * (1 if subject.seed % 2 else -1) * (cut.ends[0] > 5) * (cut.free or cut.sweep)
    return curve(
        np.minimum(
            np.abs(
                np.arctan2(
                    np.sin(angle - part * np.cos(angle / 2) ** 2),
                    np.cos(angle - part * np.cos(angle / 2) ** 2),
                )
            ),
            np.pi,
        ),
        _ANGLES,
        tuple(ends),
    )


def with_roots(skin: Texture, subject: Subject) -> Texture:
    """The face's texture with hair that begins in the skin around the shell's edge, so that it has no hard line."""
    cut, c = _CUTS[subject.hair_style], canvas()
    angle = np.arctan2(c.x, c.z)
    over = c.y - ends_at(angle, subject, cut)
    scalp = (cut.ends[0] > 5) | (np.abs(angle) > 1.0)
    grain = np.cos(61 * angle + subject.seed) + np.cos(97 * angle + 1) + np.cos(143 * angle + 2)
    cover = step(-0.55, 0.35, over + 0.13 * grain) * scalp * step(-6.5, -4.0, c.y)
    color = skin.color + (np.asarray(subject.hair) * 0.72 - skin.color) * (0.95 * cover)[..., None]
    labels = np.where(cover > 0.5, Part.HAIR, skin.labels).astype(np.uint8)
    return Texture(color.astype(np.float32), labels, (skin.gloss * (1 - 0.8 * cover)).astype(np.float32))


def _wave(angle: Array, seed: int, salt: int, low: int, high: int) -> Array:
    """Smooth noise around the head with `low` to `high` turns, deviation about 1."""
    chance = np.random.default_rng((seed, salt))
    turns = np.arange(low, high)
    size, phase = chance.normal(size=turns.size), chance.random(turns.size) * 2 * np.pi
    return np.asarray((size * np.cos(angle[..., None] * turns + phase)).sum(-1) / np.sqrt(turns.size / 2))


def _shell(subject: Subject, cut: Cut) -> Array:
    angle = (np.linspace(-np.pi, np.pi, COLUMNS))[None]
    down = np.concatenate([np.linspace(0, 1, OUTER) ** 0.9, np.linspace(1.0, 0.45, INNER)])[:, None]
    inside = np.concatenate([np.zeros(OUTER), np.linspace(0.75, 1, INNER)])[:, None]
    ragged = cut.ragged * (
        0.38 * _wave(angle, subject.seed, 81, 26, 62) + 0.16 * _wave(angle, subject.seed, 83, 5, 14)
    )
    ends = ends_at(angle, subject, cut) + ragged
    bend = np.where(ends > 4, np.arccos(np.clip((ends - 4) / 7.6, -1, 1)), np.pi / 2 + (4 - ends) / 7.6)
    turn = down * bend
    height = np.where(turn < np.pi / 2, 4 + 7.6 * np.cos(turn), 4 - (turn - np.pi / 2) * 7.6)
    comb = cut.sweep * (1 if subject.seed % 2 else -1) * np.exp(-((angle / 0.9) ** 2))
    around = angle + comb * (down - 0.35) + 0.05 * _wave(angle, subject.seed, 84, 3, 9) * down * (height < 0)
    base = skull(around, np.clip(height, -3.2, 11.6))
    base[..., 1] = height
    out = np.stack([base[..., 0], np.maximum(height - 1.5, 0) * 0.9, base[..., 2] + 0.5], -1)
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    up = step(2.0, 9.0, height)
    thick = (
        cut.side
        + (cut.top - cut.side) * up
        + cut.fringe * np.exp(-((angle / 0.75) ** 2)) * step(5.0, 8.0, height) * step(11.6, 9.5, height)
    )
    hangs = cut.free if cut.ends[0] < 5 else cut.free * step(0.75, 1.1, np.abs(angle))
    thick = thick * (1 - (1 - hangs) * 0.93 * down**3.5)
    thick = thick * (1 + cut.clumps * _wave(angle + 0.35 * down, subject.seed, 85, 9, 34) * down**0.5)
    if cut.curls:
        thick = thick + cut.curls * _curls(base, subject.seed)
    hang = step(0.0, -14.0, height)
    thick = thick * (1 - 0.25 * hang) + 0.35 * hang * _wave(
        angle + 0.6 * np.sin(height / 3.2), subject.seed, 86, 4, 12
    )
    if subject.hat != "none":
        thick = np.minimum(thick, 0.5 + 3 * step(4.0, -1.0, height))
    thick = np.maximum(thick * (1 - inside) + 0.12 * inside, 0.06)
    return np.asarray((base + out * thick[..., None]).reshape(-1, 3))


def _curls(points: Array, seed: int) -> Array:
    """Bumps in all directions, about -1..1."""
    chance = np.random.default_rng((seed, 87))
    total = np.zeros(points.shape[:-1])
    for _ in range(10):
        way = chance.normal(size=3)
        way *= (1.5 + 1.6 * chance.random()) / np.linalg.norm(way)
        total += np.cos(points @ way + chance.random() * 7)
    return np.asarray(total / np.sqrt(10))


def paint_hair(subject: Subject, cut: Cut) -> Texture:
    """Strands: columns are places around the head, rows run from root to tip and back inside."""
    high, wide = 96, 720
    u = (np.linspace(0, 1, wide)[None] + 0 * np.linspace(0, 1, high)[:, None]).astype(np.float32)
    v = (np.linspace(0, 1, high)[:, None] + 0 * u).astype(np.float32)
    shift = np.float32(draw(subject.seed, 0, 88, 1)[0] * 9)
    tiny = np.full(u.size, 0.001, np.float32)

    def grain(scale: float, length: float, kind: str = "rough") -> Float:
        return noise(
            kind, (u * scale + shift).ravel(), (v * length + shift).ravel(), tiny, tiny, 8.0
        ).reshape(u.shape)

    fine, locks = grain(34, 0.9), grain(9, 0.7)
    if cut.curls:
        fine, locks = grain(16, 8, "leaf"), grain(6, 4, "leaf")
    light = 0.92 + 0.24 * fine + 0.16 * locks
    root = OUTER / ROWS
    light *= 0.72 + 0.34 * step(0.0, 0.5 * root, v)
    light *= 1 - 0.55 * step(root - 0.02, root + 0.04, v)
    color = np.asarray(subject.hair) * np.clip(light, 0.25, 1.9)[..., None]
    tips = np.clip(0.10 + 0.12 * fine, 0, 0.3) * step(0.3, root, v)
    color = color + (np.asarray(subject.hair) * np.array([1.5, 1.35, 1.2]) - color) * tips[..., None]
    gloss = np.clip(0.5 + 0.28 * fine + 0.12 * locks, 0, 1) * step(root + 0.02, root - 0.04, v)
    return Texture(
        np.clip(color, 0.003, 1).astype(np.float32),
        np.full(u.shape, Part.HAIR, np.uint8),
        gloss.astype(np.float32),
    )
