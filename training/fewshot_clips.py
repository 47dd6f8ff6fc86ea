"""Clips of many subjects, each with exemplars: other moments of the same subject at the same place.

Subjects are numbers: a recipe trains on 0 to n - 1; `HELD_OUT` and what follows are never trained on, and are what
clips with numbers below 0 show. Everything about a clip follows from the seed and its number.
"""

import random
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
import torch

from ..models.fewshot.stages import Stage, face_plane
from ..models.labels.convert import map_classes
from ..models.labels.faces import with_skull
from ..models.labels.palette import builtin_palette
from ..models.labels.pose_lines import EVEN, FEWSHOT, IMAGINAIRE
from ..models.labels.poses import draw_pose, pose_input
from .augment import choose_corner, cut, spaced, zoomed
from .clips import Batch, Clips, window_of
from .fewshot_recipe import DENSEPOSE_CHANNELS, FewShotRecipe, Layout
from .schedule import ClipShape
from .worlds.faces import FaceWorld
from .worlds.frame import FaceFrame, PuppetFrame, WorldFrame
from .worlds.looks import LOOKS
from .worlds.puppets import PuppetWorld
from .worlds.stage_looks import STAGE_LOOKS
from .worlds.street import StreetWorld

HELD_OUT = 1_000_000
"""Number of the first subject that is never trained on."""
FIRST_FRAMES = 2000
"""Clips begin at one of the first frames of a world, which has no end."""
SURFACES = (1, 2, 4)
"""Faces are drawn this many times larger than the network takes them, as they are drawn on large pictures: scaled down,
their lines are thinner and darker."""

STROKES = {"nvlabs": FEWSHOT, "imaginaire": IMAGINAIRE, "even": EVEN}
"""Of poses."""

WorldT = TypeVar("WorldT", FaceWorld, PuppetWorld, StreetWorld)
Size = tuple[int, int]
"""(height, width)."""
Range = tuple[int, int]


class SubjectClips(Clips, Generic[WorldT]):
    """Endless clips of a world's subjects.

    Beside what `clips.Batch` lists: exemplar_pictures float `[K 3 h w]` with exemplar_drawn float `[K c h w]` or
    exemplar_ids uint8 `[K h w]`; of faces and dancers exemplar_flow `[t K 2 h w]` and exemplar_visible `[t K 1 h w]`,
    as `flow` and `visible`, but from every frame to every exemplar. There are no styles.
    """

    def __init__(
        self,
        seed: int,
        shape_of: Callable[[int], ClipShape],
        exemplars_of: Callable[[int], Range],
        subjects: int,
        apart: Range,
    ) -> None:
        """exemplars_of: the fewest and the most of clip n; subjects, apart: as in `FewShotRecipe`."""
        super().__init__(seed, shape_of)
        self.exemplars_of, self.subjects, self.apart = exemplars_of, subjects, apart

    def subject(self, index: int) -> int:
        """Whom clip `index` shows."""
        return subject_of(self.chance(index, "subject"), index, self.subjects)

    def __getitem__(self, index: int) -> Batch:
        draw, view, shape = self.chance(index), self.chance(index, "view"), self.shape_of(index)
        small = shape.height, shape.width
        size = zoomed(small, view.choice(shape.zooms))
        corner = choose_corner(view, size, small)
        world = self.world(self.subject(index), draw, size)
        start, step = draw.randrange(FIRST_FRAMES), self.step(index)
        last = start + (shape.frames - 1) * step
        surface = view.choice(SURFACES)

        def moment(t: int) -> Batch:
            return self.moment(world, t, corner, small, surface)

        frames = list(spaced(map(moment, range(start, last + 1)), step))
        clip = {key: torch.stack([frame[key] for frame in frames]) for key in frames[0]}
        times = exemplar_times(draw, self.exemplars_of(index), (start, last), self.apart, None)
        clip |= as_exemplars([moment(t) for t in times])
        if self.flow_to_exemplars:
            clip |= self._to_exemplars(world, range(start, last + 1, step), times, corner, small)
        return self.turned(index, clip, () if self.turns else None)

    turns = True
    """Left and right mean the same in the labels."""
    flow_to_exemplars = True
    """Clips say where exemplars show each pixel; False where two moments have nothing in common."""

    def moment(self, world: WorldT, t: int, corner: Size, small: Size, surface: int) -> Batch:
        """One frame of a world through a window: what `clips.Batch` lists, without t."""
        frame = world.render(t)
        whole = window_of(frame, np.s_[..., :, :])
        shown = cut({key: whole[key] for key in ("pictures", "flow", "visible")}, corner, small)
        return shown | self.labels(frame, corner, small, surface)

    def _to_exemplars(
        self, world: WorldT, shown: Sequence[int], times: Sequence[int], corner: Size, small: Size
    ) -> Batch:
        """Flow from every frame that is shown to every exemplar."""
        assert not isinstance(world, StreetWorld), "drives on: what it shows once it never shows again"

        def beside(t: int, other: int) -> Batch:
            truth = world.truth_beside(t, other)
            flow, hidden = torch.from_numpy(truth.flow), torch.from_numpy(truth.occlusion)
            return cut({"flow": flow, "visible": 1 - hidden[None].float()}, corner, small)

        pairs = [[beside(t, other) for other in times] for t in shown]
        return {
            f"exemplar_{key}": torch.stack([torch.stack([pair[key] for pair in row]) for row in pairs])
            for key in ("flow", "visible")
        }

    @abstractmethod
    def world(self, subject: int, draw: random.Random, size: Size) -> WorldT:
        """A place and time where the subject is."""

    @abstractmethod
    def labels(self, frame: WorldFrame, corner: Size, small: Size, surface: int) -> Batch:
        """What the network is given of a window of a frame: drawn `[c h w]` or ids `[h w]`."""


class FaceSubjects(SubjectClips[FaceWorld]):
    """Talking heads as lines."""

    def world(self, subject: int, draw: random.Random, size: Size) -> FaceWorld:
        return FaceWorld(draw.randrange(2**31), draw.choice(STAGE_LOOKS), size[1], size[0], subject=subject)

    def labels(self, frame: WorldFrame, corner: Size, small: Size, surface: int) -> Batch:
        assert isinstance(frame, FaceFrame), "of a world of faces"
        points = (frame.landmarks.astype(np.float64) - (corner[1], corner[0])) * surface
        height, width = small[0] * surface, small[1] * surface
        stage = Stage((height, width), (0, 0, width, height))
        return {"drawn": face_plane(with_skull(points), stage, small)}


class PuppetSubjects(SubjectClips[PuppetWorld]):
    """Dancers as poses."""

    turns = False

    def __init__(
        self,
        seed: int,
        shape_of: Callable[[int], ClipShape],
        exemplars_of: Callable[[int], Range],
        subjects: int,
        apart: Range,
        with_densepose: bool = True,
        layout: Layout = "even",
    ) -> None:
        """layout: whose strokes."""
        super().__init__(seed, shape_of, exemplars_of, subjects, apart)
        self.with_densepose, self.layout = with_densepose, layout

    def world(self, subject: int, draw: random.Random, size: Size) -> PuppetWorld:
        return PuppetWorld(draw.randrange(2**31), draw.choice(STAGE_LOOKS), size[1], size[0], subject=subject)

    def labels(self, frame: WorldFrame, corner: Size, small: Size, surface: int) -> Batch:
        assert isinstance(frame, PuppetFrame), "of a world of puppets"
        people = [person.moved((1.0, 1.0), (-corner[1], -corner[0])) for person in frame.people]
        drawing = draw_pose(people, *small, rules=STROKES[self.layout].without_face())
        if not self.with_densepose:
            return {"drawn": pose_input(None, drawing)}
        surface_map = (frame.surface * 255).round().astype(np.uint8)
        planes = torch.from_numpy(np.concatenate([surface_map, frame.ids[None]]))
        top, left = corner
        return {"drawn": pose_input(planes[:, top : top + small[0], left : left + small[1]], drawing)}


class StreetSubjects(SubjectClips[StreetWorld]):
    """Streets as label maps; a subject is a street, in one of four lights."""

    flow_to_exemplars = False

    def __init__(
        self,
        seed: int,
        shape_of: Callable[[int], ClipShape],
        exemplars_of: Callable[[int], Range],
        subjects: int,
        apart: Range,
        palette: str = "cityscapes",
    ) -> None:
        """palette: a built-in one, which the world's labels become by name."""
        super().__init__(seed, shape_of, exemplars_of, subjects, apart)
        self.mapping = map_classes(builtin_palette("cityscapes"), builtin_palette(palette))

    def world(self, subject: int, draw: random.Random, size: Size) -> StreetWorld:
        return StreetWorld(subject, draw.choice(LOOKS), size[1], size[0])

    def labels(self, frame: WorldFrame, corner: Size, small: Size, surface: int) -> Batch:
        top, left = corner
        ids = torch.from_numpy(frame.ids[top : top + small[0], left : left + small[1]].copy())
        return {"ids": self.mapping.apply(ids)}


def subject_of(draw: random.Random, index: int, subjects: int) -> int:
    """Number of the subject of clip `index`."""
    return draw.randrange(subjects) if index >= 0 else HELD_OUT - 1 - index


def exemplar_times(
    draw: random.Random, count: Range, clip: Range, apart: Range, frames: int | None
) -> list[int]:
    """Frames that exemplars are taken from: before or after a clip's first and last frame.

    frames: how many there are in all (None: there is no end). Where no frame is that far away, the farthest are taken.
    """
    first, last = clip
    times = []
    for _ in range(draw.randint(*count)):
        far, before = draw.randint(*apart), draw.random() < 0.5
        room = first, (apart[1] if frames is None else frames - 1 - last)
        if room[not before] < far and room[before] > room[not before]:
            before = not before
        far = min(far, room[not before])
        times.append(first - far if before else last + far)
    return times


def as_exemplars(moments: list[Batch]) -> Batch:
    """Frames of a clip as its exemplars."""
    return {
        f"exemplar_{key}": torch.stack([moment[key] for moment in moments])
        for key in ("pictures", "drawn", "ids")
        if key in moments[0]
    }


def fewshot_world_clips(recipe: FewShotRecipe) -> Clips:
    """The endless clips of the world that a recipe names."""
    told = recipe.seed, recipe.shape, recipe.exemplars, recipe.subjects, recipe.apart
    if recipe.world == "faces":
        return FaceSubjects(*told)
    if recipe.world == "puppets":
        with_densepose = recipe.generator.label_channels == DENSEPOSE_CHANNELS
        return PuppetSubjects(*told, with_densepose=with_densepose, layout=recipe.layout)
    return StreetSubjects(*told, palette=recipe.generator.palette)
