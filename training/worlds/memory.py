"""How the allocator treats the many large arrays of a frame."""

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=1)
def keep_freed_memory() -> None:
    """Give one large block back to the allocator, once.

    glibc hands freed memory back to the system, page by page, until it has seen a large block come and go; every
    frame would pay for that with thousands of page faults, a tenth of its time. Elsewhere this does nothing.
    """
    np.empty(24 << 20, np.uint8)
