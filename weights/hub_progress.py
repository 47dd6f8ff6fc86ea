"""The Hub client's progress bars as calls of our progress protocol."""

from typing import Any

from tqdm import tqdm

from ..progress import Progress


def bar_class(progress: Progress, size: int) -> "type[tqdm[Any]]":
    """A tqdm class that shows nothing itself: each advance calls `progress(bytes so far, size)`.

    One download may have two bars, bytes received and bytes written: the one that is further counts.
    """
    furthest = 0

    class Bar(tqdm):  # type: ignore[misc]  # tqdm has no types
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs | {"disable": True})

        def update(self, n: float | None = 1) -> None:
            nonlocal furthest
            self.n += n or 0
            if furthest < self.n <= size:
                furthest = int(self.n)
                progress(furthest, size)

    return Bar
