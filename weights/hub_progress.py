"""The Hub client's progress bars as calls of our progress protocol."""

from typing import Any

from tqdm import tqdm

from ..progress import Progress


def bar_class(progress: Progress) -> "type[tqdm[Any]]":
    """A tqdm class that shows nothing itself: each update calls `progress(bytes so far, bytes in all)`."""

    class Bar(tqdm):  # type: ignore[misc]  # tqdm has no types
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs | {"disable": True})

        def update(self, n: float | None = 1) -> None:
            self.n += n or 0
            progress(int(self.n), None if self.total is None else int(self.total))

    return Bar
