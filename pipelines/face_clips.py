"""Clips of faces by their names, with the hash of their content; and the clips that stages leave in a work folder."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..media.folders import pictures_in
from ..media.reader import open_frames
from ..training.worlds import open_world
from ..weights.digest import sha256_of
from .drawings import Footage
from .face_workfolder import ClipRecord
from .world_drawings import WorldClip

WORLD = "world:"


def open_face_clip(source: str | Path) -> Footage:
    """A video, a folder of pictures, or a procedural world by its text; its fingerprint is the hash of its content.

    Close `footage.clip` after use. InputError for what is none, and for a world without end.
    """
    if str(source).startswith(WORLD):
        world = open_world(str(source))
        if world.frame_count is None:
            raise InputError(f"{source}: has no end; give its number of frames, such as &frames=120")
        return Footage(WorldClip(world), world.fingerprint)
    path = Path(source)
    return Footage(open_frames(path), content_of(path))


def content_of(path: Path) -> str:
    """Hash of a file's bytes, or of those of all pictures of a folder, in order. About a second a gigabyte."""
    if not path.is_dir():
        return sha256_of(path)
    return digest_of([sha256_of(picture) for picture in pictures_in(path)])


def digest_of(parts: Sequence[str]) -> str:
    """One hash of many."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def clip_record(footage: Footage, source: str | Path) -> ClipRecord:
    """What a work folder remembers of its clip."""
    height, width = footage.size
    place = str(source) if str(source).startswith(WORLD) else str(Path(source).resolve())
    return ClipRecord(footage.fingerprint, place, width, height)
