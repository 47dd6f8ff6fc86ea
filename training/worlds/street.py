"""An endless street through the windscreen of a car: pictures with exact labels, instances, flow and depth.

Everything is a function of (seed, look, time). A frame is made in four steps: what stands where (`layout`), which
flat patch every sample sees (`sight`, `raster`), what is true about it (`truth`), what it looks like (`shade`).
Samples lie at pixel centres, which also carry the truth, and, where patches meet, at pixel corners; a pixel's colour is
their weighted mean (a quincunx), so edges are soft while labels are hard.
"""

from dataclasses import dataclass
from fractions import Fraction

from .chance import draw
from .frame import WorldFrame
from .looks import LOOKS, find_look
from .memory import keep_freed_memory
from .shade import shade
from .sight import Sight, see
from .truth import Truth, truth_of


@dataclass(frozen=True)
class StreetWorld:
    """One street. `look` None: one of `LOOKS`, drawn from the seed. The same at every size."""

    seed: int
    look: str | None = None
    width: int = 256
    height: int = 128
    frame_rate: Fraction = Fraction(24)

    @property
    def shown_look(self) -> str:
        """The look that is drawn."""
        return self.look or LOOKS[int(draw(self.seed, 0, 12, 1)[0] * len(LOOKS))]

    def render(self, t: int) -> WorldFrame:
        """Frame number `t`, 0 or more; frames may be asked for in any order."""
        keep_freed_memory()
        before, now = self._see(t - 1), self._see(t)
        return WorldFrame(shade(now, find_look(self.shown_look)), *truth_of(now, before))

    def truth(self, t: int) -> Truth:
        """What is true about frame number `t`, without its picture, which takes most of the time."""
        keep_freed_memory()
        return truth_of(self._see(t), self._see(t - 1))

    def _see(self, t: int) -> Sight:
        return see(self.seed, t, self.width, self.height, Fraction(self.frame_rate))
