"""Endless talking faces: pictures of heads that speak, blink, turn and smile, with all that is true about them.

Everything is a function of (seed, subject, look, time): who it is (`face_person`), the shape of the head and how its
muscles pull (`face_shape`, `face_muscles`), what it does (`face_motion`), what the camera sees (`mesh_sight`), what is
true (`mesh_truth`, `face_landmarks`), what it looks like (`face_skin`, `mesh_shade`).
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .chance import draw
from .face_art import Art, in_stone, marble, oil
from .face_backdrop import backdrop
from .face_landmarks import landmarks_of
from .face_model import FaceModel, face_model, place
from .face_motion import Moment, moment_at
from .face_person import Subject, describe, draw_subject
from .frame import FaceFrame
from .memory import keep_freed_memory
from .mesh import Float, normals
from .mesh_shade import Lighting, PointLight, shade_mesh
from .mesh_shadow import lit
from .mesh_sight import MeshSight, StillCamera, look
from .mesh_truth import MeshTruth, truth_of_mesh
from .stage_looks import STAGE_LOOKS, stage_light

_DISTANCE = 95.0
"""From the camera to the face, centimetres."""
_SHOWN = 35.0
"""Centimetres from the upper to the lower border of the picture, at the face."""
_SHADOW_CELLS = 80


@dataclass(frozen=True)
class FaceWorld:
    """One talking head. `look` None: one of `STAGE_LOOKS`, drawn from the seed. The same at every size."""

    seed: int
    """What it does, and the light."""
    look: str | None = None
    width: int = 128
    height: int = 128
    frame_rate: Fraction = Fraction(24)
    subject: int | None = None
    """Who it is; None: the seed says so too."""
    art: Art | None = None
    """Painted in oil, or carved in marble; None: a photograph."""

    @property
    def person(self) -> Subject:
        person = draw_subject(self.seed if self.subject is None else self.subject)
        return in_stone(person) if self.art == "marble" else person

    @property
    def shown_look(self) -> str:
        """The look that is drawn."""
        return self.look or STAGE_LOOKS[int(draw(self.seed, 0, 33, 1)[0] * len(STAGE_LOOKS))]

    @property
    def camera(self) -> StillCamera:
        focal = self.height * (_DISTANCE - 6) / _SHOWN
        return StillCamera((0.0, -2.4, _DISTANCE), focal, self.width, self.height)

    def moment(self, t: int) -> Moment:
        """What the face does at frame `t`."""
        return moment_at(self.seed, float(t / Fraction(self.frame_rate)))

    def render(self, t: int) -> FaceFrame:
        """Frame number `t`, 0 or more; frames may be asked for in any order."""
        keep_freed_memory()
        person = self.person
        frame = render_face(person, self.moment(t), self.moment(t - 1), self.camera, self.shown_look)
        if self.art == "marble":
            return replace(frame, rgb=marble(frame.rgb, frame.ids, person.seed))
        return replace(frame, rgb=oil(frame.rgb, person.seed)) if self.art == "oil" else frame

    def truth_beside(self, t: int, other: int) -> MeshTruth:
        """What is true about frame `t`, flow and occlusion looking at frame `other` in place of the one before."""
        face = face_model(self.person)
        now, then = (_see(face, self.moment(time), self.camera) for time in (t, other))
        return truth_of_mesh(now, then)


def render_face(
    person: Subject, now: Moment, before: Moment, camera: StillCamera, look_name: str
) -> FaceFrame:
    """A person at one moment; flow and occlusion look back at another."""
    face = face_model(person)
    seen, was = _see(face, now, camera), _see(face, before, camera)
    lighting = stage_light(look_name)
    light = _light(face, seen, now, lighting)
    rgb = shade_mesh(seen, light, lighting, _behind(person, lighting, camera))
    truth = truth_of_mesh(seen, was)
    marks = landmarks_of(face, seen.points)
    x, y, _ = camera.project(marks)
    expression = np.array([*now.face, *now.pose], np.float32)
    return FaceFrame(
        rgb, truth.ids, (truth.ids > 0).astype(np.int32), truth.flow, truth.occlusion, truth.depth / np.float32(100),
        np.stack([x, y], 1).astype(np.float32), describe(person), expression,
    )  # fmt: skip


@lru_cache(maxsize=16)
def _see(face: FaceModel, moment: Moment, camera: StillCamera) -> MeshSight:
    """The last few are kept: each frame also needs the one before it."""
    return look(face.model, place(face, moment), camera)


@lru_cache(maxsize=4)
def _behind(person: Subject, lighting: Lighting, camera: StillCamera) -> Float:
    return backdrop(person, lighting, camera)


def _light(face: FaceModel, seen: MeshSight, moment: Moment, lighting: Lighting) -> PointLight:
    model = face.model
    normal = normals(seen.points, model.triangles, model.weld)
    key = lit(seen.points, face.casts, lighting.key.axis, _SHADOW_CELLS)
    open_ = face.open_.copy()
    for side in ("left", "right"):
        where = model.starts[f"eye {side}"]
        shade = _lid_shade(face, seen.points, side)
        open_[where] = 0.95 * shade
        key[where] *= shade
        lash = model.starts[f"lashes {side}"]
        open_[lash], key[lash] = 0.3, 0.2
    inside = 0.5 + 0.45 * min(max(moment.face.jaw, 0.0), 1.0)
    for name in ("teeth above", "teeth below", "tongue", "mouth"):
        open_[model.starts[name]] = inside
        key[model.starts[name]] *= 0.25 + 0.5 * inside
    return PointLight(normal, key, open_, face.strands)


def _lid_shade(face: FaceModel, points: Float, side: str) -> NDArray[np.float32]:
    """Dimness of an eyeball's points below the upper lid: 0..1."""
    lashes = points[face.model.starts[f"lashes {side}"]]
    rim = lashes[lashes.shape[0] // 2 :]
    ball = points[face.model.starts[f"eye {side}"]]
    order = np.argsort(rim[:, 0])
    lid = np.interp(ball[:, 0], rim[order, 0], rim[order, 1])
    return np.asarray(0.42 + 0.58 * np.clip((lid - ball[:, 1]) / 0.5, 0, 1), np.float32)
