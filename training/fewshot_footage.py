"""Few-shot clips from footage: moments of many sequences, each of one subject, with other moments as exemplars."""

from collections.abc import Callable, Sequence

import torch

from ..errors import InputError
from ..media.pixels import to_file, to_model
from .augment import choose_corner, cut, zoomed
from .cache import ArrayCache
from .clips import Batch
from .fewshot_clips import Range, as_exemplars, exemplar_times
from .flow_teachers import FlowTeacher, kept_flow
from .schedule import ClipShape
from .sequences import FootageClips, FootageSequence


class FewShotFootage(FootageClips):
    """Random moments of sequences. One clip is in memory at a time.

    They have what `fewshot_clips.SubjectClips` lists, but flow to exemplars only where there is a single one: a teacher
    takes too long for several, of which a frame needs one.
    """

    def __init__(
        self,
        sequences: Sequence[FootageSequence],
        shape_of: Callable[[int], ClipShape],
        exemplars_of: Callable[[int], Range],
        apart: Range,
        seed: int,
        teacher: FlowTeacher,
        cache: ArrayCache | None = None,
    ) -> None:
        """exemplars_of, apart: as in `FewShotRecipe`; the others as of `FootageClips`."""
        super().__init__(sequences, shape_of, 0, seed, teacher, cache)
        self.exemplars_of, self.apart = exemplars_of, apart

    def __getitem__(self, index: int) -> Batch:
        sequence, times = self.place(index)
        clip = self.consecutive(index, sequence, times)
        chance, span = self.chance(index, "exemplars"), (times[0], times[-1])
        numbers = exemplar_times(chance, self.exemplars_of(index), span, self.apart, sequence.frames)
        clip |= as_exemplars([self._still(index, sequence, t) for t in numbers])
        if len(numbers) == 1:
            clip |= self._to_exemplar(clip)
        return self.turned(index, clip, sequence.order)

    def _still(self, index: int, sequence: FootageSequence, t: int) -> Batch:
        """One frame through the window of clip `index`."""
        shape, view = self.shape_of(index), self.chance(index, "view")
        small = shape.height, shape.width
        size = zoomed(small, view.choice(shape.zooms))
        corner = choose_corner(view, size, small)
        moment = next(sequence.moments(t, *size), None)
        if moment is None:
            raise InputError(f"{sequence.name}: frame {t} can't be read; it ends before")
        still = torch.zeros(2, *size)  # of its motion nothing is known
        whole = moment.labels | {"pictures": to_model(moment.picture), "flow": still, "visible": still[:1]}
        return cut(whole, corner, small)

    def _to_exemplar(self, clip: Batch) -> Batch:
        there = to_file(clip["exemplar_pictures"][0])
        flows = [kept_flow(self.teacher, None, "", to_file(frame), there) for frame in clip["pictures"]]
        return {
            "exemplar_flow": torch.stack([flow.displacement for flow in flows]),
            "exemplar_visible": torch.stack([1 - flow.occlusion for flow in flows]),
        }
