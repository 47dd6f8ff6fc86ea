"""An endless street through the windscreen of a car: pictures with exact labels, instances, flow and depth.

Everything is a function of (seed, look, time). A frame is made in four steps: what stands where (`layout`), which
flat patch every sample sees (`sight`, `raster`), what is true about it (`truth`), what it looks like (`shade`).
Samples lie at pixel centres, which also carry the truth, and, where patches meet, at pixel corners; a pixel's colour is
their weighted mean (a quincunx), so edges are soft while labels are hard.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from .chance import draw
from .frame import WorldFrame
from .looks import LOOKS, find_look
from .shade import shade
from .sight import Sight, see
from .truth import truth_of


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
        _keep_freed_memory()
        before, now = self._see(t - 1), self._see(t)
        return WorldFrame(shade(now, find_look(self.shown_look)), *truth_of(now, before))

    def _see(self, t: int) -> Sight:
        return see(self.seed, t, self.width, self.height, Fraction(self.frame_rate))


@lru_cache(maxsize=1)
def _keep_freed_memory() -> None:
    """Give one large block back to the allocator, once.

    glibc hands freed memory back to the system, page by page, until it has seen a large block come and go; every
    frame would pay for that with thousands of page faults, a tenth of its time. Elsewhere this does nothing.
    """
    np.empty(24 << 20, np.uint8)
