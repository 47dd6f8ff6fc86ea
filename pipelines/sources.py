"""Where label maps come from: files or a procedural world, named the same way at every door."""

from pathlib import Path

from ..media.labels import open_labels, read_palette
from ..models.labels.frames import LabelStream
from ..training.worlds import open_world

WORLD = "world:"


def open_label_source(
    source: str, *, palette: str | None = None, instances: Path | None = None
) -> LabelStream:
    """A stream of label maps.

    source: a folder of label maps, a video of them, or a procedural world such as `world:street?seed=7&frames=48`;
    palette: what a file's ids or colours mean, a built-in palette's name or a JSON file (None: read off the files);
    instances: a folder of instance maps, one for every label map. A world brings both itself.
    """
    if source.startswith(WORLD):
        return open_world(source)
    return open_labels(Path(source), palette=read_palette(palette) if palette else None, instances=instances)
