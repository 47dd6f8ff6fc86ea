"""Endless dancers: pictures of people who dance on a stage, with all that is true about them.

Everything is a function of (seed, subject, look, time): who it is (`puppet_person`), the body and its clothes
(`puppet_body`, `puppet_clothes`), the dance (`puppet_dance`) that moves its bones (`puppet_bones`), the stage
(`puppet_stage`), keypoints (`puppet_points`); drawn and measured like faces (`mesh_sight`, `mesh_truth`, `mesh_shade`).
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from .chance import draw
from .frame import PuppetFrame
from .memory import keep_freed_memory
from .mesh import Float, Model, join, normals
from .mesh_shade import Lighting, PointLight, shade_mesh
from .mesh_shadow import lit, openness
from .mesh_sight import MeshSight, StillCamera, look
from .mesh_stage import StillStage, still_stage
from .mesh_truth import MeshTruth, surface_of, truth_of_mesh
from .puppet_body import dancer_flesh
from .puppet_bones import Array, Bones, sizes_of
from .puppet_dance import bones_at
from .puppet_person import Dancer, draw_dancer, dressed
from .puppet_points import person_at
from .puppet_stage import stage
from .stage_looks import STAGE_LOOKS, stage_light

_DISTANCE = 520.0
"""From the camera to the middle of the stage, centimetres."""
_SHOWN = 228.0
"""Centimetres from the upper to the lower border of the picture, at the dancer."""
_SHADOW_CELLS = 88


@dataclass(frozen=True, eq=False)
class PuppetModel:
    """Everything about a dancer that is worked out once."""

    dancer: Dancer
    model: Model
    rest: Array
    """Points at rest, `[n 3]`."""
    weights: Array
    """Of the bones, `[n 17]`."""
    open_: Float
    """Share of the surroundings' light that reaches them, `[n]`."""


@dataclass(frozen=True)
class PuppetWorld:
    """One dancer. `look` None: one of `STAGE_LOOKS`, drawn from the seed. The same at every size."""

    seed: int
    """The dance, and the light."""
    look: str | None = None
    width: int = 128
    height: int = 192
    frame_rate: Fraction = Fraction(24)
    subject: int | None = None
    """Who dances; None: the seed says so too."""
    clothes: int | None = None
    """Whose clothes they wear; None: their own."""

    @property
    def dancer(self) -> Dancer:
        dancer = draw_dancer(self.seed if self.subject is None else self.subject)
        return dancer if self.clothes is None else dressed(dancer, draw_dancer(self.clothes))

    @property
    def shown_look(self) -> str:
        """The look that is drawn."""
        return self.look or STAGE_LOOKS[int(draw(self.seed, 0, 133, 1)[0] * len(STAGE_LOOKS))]

    @property
    def camera(self) -> StillCamera:
        return StillCamera(
            (0.0, 118.0, _DISTANCE), self.height * _DISTANCE / _SHOWN, self.width, self.height, (0.5, 0.43)
        )

    def render(self, t: int) -> PuppetFrame:
        """Frame number `t`, 0 or more; frames may be asked for in any order."""
        keep_freed_memory()
        dancer, lighting = self.dancer, stage_light(self.shown_look)
        puppet, behind = puppet_model(dancer), _stage(dancer, self.shown_look, self.camera)
        before, now = _see(puppet, self, t - 1), _see(puppet, self, t)
        light, backdrop = _light(puppet, now, behind, lighting)
        truth = truth_of_mesh(now, before)
        body = truth.ids > 0
        depth = np.where(body, truth.depth, behind.depth).astype(np.float32) / np.float32(100)
        person = person_at(sizes_of(dancer), _bones(self, t), self.camera)
        return PuppetFrame(
            shade_mesh(now, light, lighting, backdrop), truth.ids, body.astype(np.int32), truth.flow,
            truth.occlusion, depth, (person,), surface_of(now),
        )  # fmt: skip

    def truth_beside(self, t: int, other: int) -> MeshTruth:
        """What is true about frame `t`, flow and occlusion looking at frame `other` in place of the one before."""
        puppet = puppet_model(self.dancer)
        return truth_of_mesh(_see(puppet, self, t), _see(puppet, self, other))


@lru_cache(maxsize=8)
def _bones(world: PuppetWorld, t: int) -> Bones:
    return bones_at(world.seed, sizes_of(world.dancer), float(t / Fraction(world.frame_rate)))


@lru_cache(maxsize=16)
def puppet_model(dancer: Dancer) -> PuppetModel:
    """Build a dancer; takes a moment, so the last few are kept."""
    flesh = dancer_flesh(dancer)
    model = join([f.piece for f in flesh])
    rest = np.concatenate([f.points for f in flesh])
    still = rest.astype(np.float32)
    light = openness(still, model.triangles, normals(still, model.triangles, model.weld), cells=90)
    open_ = np.asarray(0.25 + 0.75 * np.clip(light * 1.1, 0, 1), np.float32)
    return PuppetModel(dancer, model, rest, np.concatenate([f.weights for f in flesh]), open_)


@lru_cache(maxsize=4)
def _stage(dancer: Dancer, look_name: str, camera: StillCamera) -> StillStage:
    pieces = stage(dancer)
    points = np.concatenate([points for _, points in pieces]).astype(np.float32)
    return still_stage(join([piece for piece, _ in pieces]), points, camera, stage_light(look_name))


@lru_cache(maxsize=16)
def _see(puppet: PuppetModel, world: PuppetWorld, t: int) -> MeshSight:
    """The last few are kept: each frame also needs the one before it."""
    points = _bones(world, t).skin(puppet.rest, puppet.weights).astype(np.float32)
    return look(puppet.model, points, world.camera)


def _light(
    puppet: PuppetModel, seen: MeshSight, behind: StillStage, lighting: Lighting
) -> tuple[PointLight, Float]:
    """Light on the dancer's points, and the stage with the dancer's shadow, as `shade_mesh` takes them."""
    model = puppet.model
    normal = normals(seen.points, model.triangles, model.weld)
    every = np.concatenate([seen.points, behind.points])
    key = lit(every, model.triangles, lighting.key.axis, _SHADOW_CELLS)
    contact = np.ones(len(behind.points), np.float32)
    for name in ("shoe L", "shoe R"):
        foot = seen.points[model.starts[name]].mean(0)
        far = ((behind.points - foot) ** 2).sum(1)
        contact *= 1 - np.float32(0.45) * np.exp(-far / np.float32(240))
    own, rest = key[: model.size], key[model.size :]
    return PointLight(normal, own, puppet.open_, np.zeros_like(normal)), behind.show(rest, contact)
