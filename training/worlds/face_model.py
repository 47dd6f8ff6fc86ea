"""A person's head and shoulders as one model, and where all of its points are at any moment."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .face_clothes import SKIN, neck, torso
from .face_eyes import (
    eye_centre,
    eye_points,
    eyeballs,
    lash_columns,
    lash_points,
    lashes,
)
from .face_hair import hair_pieces, hair_points, has_hair, with_roots
from .face_motion import HeadPose, Moment
from .face_mouth import mouth_pieces, mouth_points
from .face_muscles import Expression, pulls
from .face_person import Subject
from .face_shape import EYE_RADIUS, Array, face_grid, sculpt, step, warp_to_person
from .face_skin import beard_zone, paint_skin
from .face_wear import ears, glasses, hat
from .mesh import Float, Model, Piece, join, normals
from .mesh_shadow import openness

_PIVOT = np.array([0.0, -9.0, -1.5])
"""Where the head turns on the neck."""
_LID = 0.07
"""Thickness of the lids over the eyeballs."""
_MUSCLES = (
    "lid_left", "lid_right", "squint", "jaw", "smile", "smirk", "wide", "pucker", "upper_lip", "lower_lip", "press",
    "brows", "frown",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FaceModel:
    """Everything about a person that is worked out once."""

    subject: Subject
    model: Model
    rest: Float
    """Points with eyes and mouth shut, head straight, `[n 3]`."""
    moves: Float
    """Pulls of the face's muscles, `[muscles face_points*3]`."""
    jaw: Float
    """How points of all else move with the jaw, `[n 3]`."""
    follow: Float
    """Share of the head's turning in the motion of every point, `[n 1]`; 0: goes with the shoulders."""
    strands: Float
    open_: Float
    """Share of the surroundings' light, `[n]`."""
    casts: np.ndarray[tuple[int, int], np.dtype[np.int32]]
    """Triangles that throw shadows."""


@lru_cache(maxsize=16)
def face_model(subject: Subject) -> FaceModel:
    """Build a person; takes a moment, so the last few are kept."""
    grid = face_grid()
    shut = _add_beard(sculpt(subject), subject)
    painted = paint_skin(subject)
    if has_hair(subject):
        painted = with_roots(painted, subject)
    skin = Piece("face", grid.triangles, _face_places(), painted, SKIN, grid.weld)
    mouth, mouth_pulls = mouth_points()
    pieces, shapes = (
        [skin, *eyeballs(subject), *lashes(subject), *mouth_pieces(subject)],
        {"face": shut.reshape(-1, 3), **mouth},
    )
    follow: dict[str, Array | float] = {}
    makers = [neck, torso, ears]
    makers += [glasses] if subject.glasses != "none" else []
    makers += [hat] if subject.hat != "none" else []
    for make in makers:
        new, points = make(subject)
        pieces += new
        shapes.update(points)
    strands: dict[str, Array] = {}
    if has_hair(subject):
        points, strands = hair_points(subject)
        pieces += hair_pieces(subject)
        shapes.update(points)
        follow["hair"] = step(-19.0, -9.0, points["hair"][:, 1])
    follow["neck"] = step(-17.5, -8.0, shapes["neck"][:, 1])
    follow |= {"torso": 0.0, "collar": 0.12 if subject.neckline != "turtleneck" else 0.45}
    model = join(pieces)
    rest, jaw = np.zeros((model.size, 3)), np.zeros((model.size, 3), np.float32)
    part, fibres = np.ones((model.size, 1), np.float32), np.zeros((model.size, 3), np.float32)
    for name, where in model.starts.items():
        if name in shapes:
            as_is = name in ("torso", "collar", "neck")
            rest[where] = shapes[name] if as_is else warp_to_person(shapes[name], subject)
        if name in mouth_pulls:
            jaw[where] = mouth_pulls[name]
        part[where, 0] = follow.get(name, 1.0)
        fibres[where] = strands.get(name, 0.0)
    moved = pulls(grid, shut)
    base = rest[model.starts["face"]]
    moves = np.stack(
        [(warp_to_person(shut + moved[m], subject).reshape(-1, 3) - base).ravel() for m in _MUSCLES]
    ).astype(np.float32)
    made = FaceModel(
        subject, model, rest.astype(np.float32), moves, jaw, part, fibres, np.ones(model.size, np.float32),
        _casting(model),
    )  # fmt: skip
    still = place(made, Moment(Expression(), HeadPose(), 0.0, 0.0))
    light = openness(still, made.casts, normals(still, model.triangles, model.weld))
    return FaceModel(**{**made.__dict__, "open_": _soften(light)})


def _soften(light: Float) -> Float:
    """Hollows are never black: light also comes off the skin around them."""
    return np.asarray(0.22 + 0.78 * np.clip(light * 1.15, 0, 1), np.float32)


def _casting(model: Model) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    throws = np.array([p.material.casts for p in model.pieces])
    return np.asarray(model.triangles[throws[model.piece_of]])


def _face_places() -> Float:
    grid = face_grid()
    v, u = np.mgrid[0 : 1 : grid.rows * 1j, 0 : 1 : grid.columns * 1j]
    return np.stack([u.ravel(), v.ravel()], 1).astype(np.float32)


def _add_beard(points: Array, subject: Subject) -> Array:
    """A full beard stands off the skin."""
    thick = {"short": 0.18, "full": 0.75, "moustache": 0.3}.get(subject.beard, 0.0)
    if not thick:
        return points
    grid = face_grid()
    zone = beard_zone(grid.x, grid.y, subject.beard) * step(-2.0, 1.5, grid.points[..., 2])
    lips = np.exp(-(((grid.y + 7.1) / 0.75) ** 2)) * step(3.2, 2.2, np.abs(grid.x))
    long = 1 + (1.1 * step(-8.5, -11.5, grid.y) if subject.beard == "full" else 0)
    out = points - np.array([0.0, -5.5, 1.0])
    out = out / np.linalg.norm(out, axis=-1, keepdims=True)
    tuft = 1 + 0.16 * np.cos(3.1 * grid.x + 2.0 * np.sin(2 * grid.y)) * np.cos(1.7 * grid.y + subject.seed)
    return np.asarray(points + out * (thick * zone * (1 - lips) * long * tuft)[..., None])


def place(face: FaceModel, moment: Moment) -> Float:
    """Where all points are, `[n 3]` float32, in the shoulders' axes."""
    grid, model, subject = face_grid(), face.model, face.subject
    points = face.rest + face.jaw * np.float32(moment.face.jaw)
    weights = np.array([getattr(moment.face, m) for m in _MUSCLES], np.float32)
    skin = points[model.starts["face"]]
    skin += (weights @ face.moves).reshape(-1, 3)
    rows = skin.reshape(grid.rows, grid.columns, 3)
    for side, name in ((-1, "left"), (1, "right")):
        centre = warp_to_person(eye_centre(side), subject)
        _clear_eyeball(rows, centre)
        points[model.starts[f"eye {name}"]] = centre + eye_points(
            side, moment.face.gaze_x, moment.face.gaze_y
        )
        rim = rows[grid.lid_rows[0], lash_columns(side)]
        points[model.starts[f"lashes {name}"]] = lash_points(rim, side, 0.12 + 0.22 * (1 - subject.masculine))
    return _carry(points, face.follow, moment)


def _clear_eyeball(rows: Float, centre: Array) -> None:
    """Lay lids that would lie inside an eyeball on its surface, in place."""
    grid = face_grid()
    band = slice(grid.lid_rows[0] - 9, grid.lid_rows[3] + 8)
    part = rows[band]
    away = part[..., :2] - centre[:2].astype(np.float32)
    row = np.arange(band.start, band.stop)[:, None]
    inner = (row == grid.lid_rows[1]) | (row == grid.lid_rows[2])
    radius = EYE_RADIUS + np.where(inner, 0.01, _LID)
    over = radius * radius - away[..., 0] ** 2 - away[..., 1] ** 2
    front = part[..., 2] > centre[2] - 2
    surface = np.where((over > 0) & front, centre[2] + np.sqrt(np.maximum(over, 0)), -np.inf)
    np.maximum(part[..., 2], surface, out=part[..., 2])


def _carry(points: Float, follow: Float, moment: Moment) -> Float:
    """Turn the head, lean the shoulders, breathe."""
    pose = moment.pose
    turned = (points - _PIVOT) @ rotation(pose).T + _PIVOT + (pose.x, pose.y, pose.z)
    still = points + np.array([moment.lean, 0.12 * moment.breath, 0.0])
    return np.asarray(still + (turned - still) * follow, np.float32)


def rotation(pose: HeadPose) -> Array:
    """Yaw, then pitch, then roll, `[3 3]`."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (pose.yaw, pose.pitch, pose.roll) for f in (np.cos, np.sin))
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    roll = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    return np.asarray(roll @ yaw @ pitch)
