"""Ears, glasses, hats."""

import numpy as np

from .face_clothes import SKIN, Parts, around
from .face_parts import Part
from .face_person import Subject
from .face_shape import Array, skull, step
from .mesh import Material, Piece, Texture, grid_places, grid_triangles, plain
from .mesh_shapes import ring_weld, tube

_EAR = (9, 21)
_RING, _TUBE = 25, 5
_HAT = (16, 61)


def ears(subject: Subject) -> tuple[list[Piece], Parts]:
    rings, columns = _EAR
    r = np.linspace(1.0, 0.0, rings)[:, None]
    turn = np.linspace(0, 2 * np.pi, columns)[None]
    egg = 1 + 0.16 * np.cos(turn)
    across, up = r * 1.55 * np.sin(turn) * egg, r * 3.05 * np.cos(turn) + 0 * egg
    rim = 0.55 * np.exp(-(((r - 0.86) / 0.10) ** 2)) * (0.35 + 0.65 * step(-1, 0.1, np.cos(turn)))
    inner = 0.30 * np.exp(-(((r - 0.52) / 0.12) ** 2))
    bowl = -0.45 * np.exp(-((r / 0.33) ** 2))
    out = 0.45 + rim + inner + bowl - 0.9 * step(0.93, 1.0, r)
    pieces, made = [], {}
    for side, name, part in ((-1, "ear left", Part.L_EAR), (1, "ear right", Part.R_EAR)):
        lean = 0.42
        z = -0.6 - across * np.cos(lean) + 0.16 * up
        x = side * (6.75 + out + across * np.sin(lean))
        points = np.stack([x, -1.4 + up - 0.1 * across, z], -1)
        order = points if side > 0 else points[:, ::-1]
        made[name] = order.reshape(-1, 3)
        dark = 0.55 + 0.45 * step(0.10, 0.5, np.linspace(1, 0, rings))[::1]
        color = np.asarray(subject.skin) * np.array([1.02, 0.84, 0.82]) * dark[:, None, None]
        texture = Texture(
            np.repeat(color, 2, 1).astype(np.float32),
            np.full((rings, 2), part, np.uint8),
            np.full((rings, 2), 0.6, np.float32),
        )
        weld = ring_weld(rings, columns)
        pieces.append(
            Piece(name, grid_triangles(rings, columns), grid_places(rings, columns), texture, SKIN, weld)
        )
    return pieces, made


def glasses(subject: Subject) -> tuple[list[Piece], Parts]:
    """Frames, and dark lenses where they are sunglasses."""
    power = {"round": 1.0, "square": 0.45, "sun": 0.62}[subject.glasses]
    wide, high = {"round": (2.35, 2.1), "square": (2.75, 1.75), "sun": (2.9, 2.2)}[subject.glasses]
    frame = plain(subject.glasses_color, Part.GLASSES, 1.0)
    hard = Material(shine=0.6, exponent=40, wrap=(0.05, 0.05, 0.05), rim=0.6)
    thick = 0.16 if subject.glasses == "round" else 0.22
    turn = np.linspace(0, 2 * np.pi, _RING)
    pieces, made = [], {}

    def add(name: str, path: Array, side: tuple[float, float, float]) -> None:
        rows = path.shape[0]
        made[name] = tube(path, thick, _TUBE, side).astype(np.float64)
        pieces.append(
            Piece(name, grid_triangles(rows, _TUBE, ring=True), grid_places(rows, _TUBE), frame, hard)
        )

    def front(x: Array, y: Array) -> Array:
        return np.stack([x, y, 9.75 - 0.055 * x * x], -1)

    for side, name in ((-1, "left"), (1, "right")):
        c, s = np.cos(turn), np.sin(turn)
        x = side * 3.3 + wide * np.sign(c) * np.abs(c) ** power
        y = -0.25 + high * np.sign(s) * np.abs(s) ** power * np.where(s < 0, 1.0, 0.92)
        add(f"rim {name}", front(x, y), (0, 0, 1))
        edge = np.array([side * (3.3 + wide), 0.35, 9.75 - 0.055 * (3.3 + wide) ** 2])
        hook = np.array([side * 7.05, 0.5, 3.0])
        end = np.array([side * 7.1, 0.2, -0.8])
        add(
            f"temple {name}",
            np.stack([edge, edge * 0.45 + hook * 0.55 + (side * 0.25, 0, 0), hook, end]),
            (side, 0, 0),
        )
        if subject.glasses == "sun":
            share = np.linspace(1, 0, 6)[:, None]
            lens = front(side * 3.3 + (x - side * 3.3) * share, -0.25 + (y + 0.25) * share)
            made[f"lens {name}"] = lens[:, ::-1].reshape(-1, 3)
            dusk = np.linspace((0.012, 0.010, 0.010), (0.03, 0.022, 0.018), 6)
            tint = Texture(
                np.repeat(dusk[:, None], 2, 1).astype(np.float32),
                np.full((6, 2), Part.GLASSES, np.uint8), np.ones((6, 2), np.float32),
            )  # fmt: skip
            mirror = Material(shine=1.6, exponent=60, rim=0.8)
            pieces.append(
                Piece(f"lens {name}", grid_triangles(6, _RING), grid_places(6, _RING), tint, mirror)
            )
    bridge = np.linspace(-(3.3 - wide), 3.3 - wide, 6)
    add("bridge", front(bridge, 0.7 - 0.5 * (bridge / (3.3 - wide)) ** 2), (0, 0, 1))
    return pieces, made


def hat(subject: Subject) -> tuple[list[Piece], Parts]:
    """A knitted cap."""
    rows, columns = _HAT
    angle = around(columns)
    down = np.linspace(0, 1, rows)[:, None]
    low = 5.0 - 5.0 * (1 - np.cos(angle)) / 2
    reach = np.where(low > 4, np.arccos(np.clip((low - 4) / 7.6, -1, 1)), np.pi / 2 + (4 - low) / 7.6)
    turn = down * reach
    height = np.where(turn < np.pi / 2, 4 + 7.6 * np.cos(turn), 4 - (turn - np.pi / 2) * 7.6)
    base = skull(angle, np.clip(height, -3, 11.6))
    way = np.stack([base[..., 0], np.maximum(height - 1.5, 0) * 0.9, base[..., 2] + 0.5], -1)
    way /= np.linalg.norm(way, axis=-1, keepdims=True)
    fold = 0.7 * step(0.70, 0.74, down) * step(1.0, 0.97, down)
    thick = 1.5 + fold + 0.9 * (1 - down) ** 2
    points = base + way * thick[..., None]
    u, v = np.linspace(0, 1, 960)[None], np.linspace(0, 1, 120)[:, None]
    shade = 0.80 + 0.20 * np.cos(u * 2 * np.pi * 80) * (0.75 + 0.25 * np.cos(v * 180))
    color = np.asarray(subject.hat_color) * shade[..., None] * (1 + 0 * v[..., None])
    texture = Texture(
        color.clip(0.004, 1).astype(np.float32),
        np.full(color.shape[:2], Part.HAT, np.uint8),
        np.full(color.shape[:2], 0.3, np.float32),
    )
    cloth = Material(shine=0.04, exponent=8, wrap=(0.15, 0.15, 0.15), rim=0.4)
    weld = ring_weld(rows, columns).reshape(rows, columns)
    weld[0] = 0
    pieces = [
        Piece("hat", grid_triangles(rows, columns), grid_places(rows, columns), texture, cloth, weld.ravel())
    ]
    made = {"hat": points.reshape(-1, 3)}
    return pieces, made
