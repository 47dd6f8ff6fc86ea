"""RGB frames into a GIF, every frame with the 256 colours that suit it best."""

from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from .codecs import VideoPlan
from .colors import from_rgb


class GifEncoder:
    """The encoder of a GIF stream that `codecs.add_video` made. Memory: three frames.

    Pictures of at most 256 colours (label maps, drawings) keep them to one level; others are dithered. GIF counts
    time in hundredths of a second.
    """

    def __init__(self, stream: Any, plan: VideoPlan) -> None:
        self._stream = stream
        self._plan = plan
        self._graph = _palette_graph(plan)

    def encode(self, pixels: NDArray[np.uint8], ticks: int) -> Iterator[Any]:
        """uint8 `[h w 3]` RGB at a time in ticks of the plan -> the packets that are ready (`av.Packet`)."""
        frame = from_rgb(pixels, "rgb24")
        frame.pts = ticks
        frame.time_base = self._plan.time_base
        self._graph.push(frame)
        yield from self._ready()

    def flush(self) -> Iterator[Any]:
        """The packets that are still to come."""
        self._graph.push(None)
        yield from self._ready()
        yield from self._stream.encode(None)

    def _ready(self) -> Iterator[Any]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            yield from self._stream.encode(frame)


def _palette_graph(plan: VideoPlan) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=plan.width, height=plan.height, format=av.VideoFormat("rgb24"), time_base=plan.time_base
    )
    split = graph.add("split")
    palette = graph.add("palettegen", "stats_mode=single:reserve_transparent=0")
    painted = graph.add("paletteuse", "new=1")
    source.link_to(split)
    split.link_to(painted, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(painted, 0, 1)
    painted.link_to(graph.add("buffersink"))
    graph.configure()
    return graph
