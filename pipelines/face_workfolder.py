"""The work folder of one face in one clip: what every stage made, and of what, so that nothing stale is ever used.

A stage's result is some files and a record, `<stage>.json`, written last. The record holds the hashes of what the
result was made of, the options, and the hashes of the files themselves. A stage whose inputs have changed since is
stale: who needs it is told which command to run again. The folder belongs to a clip by the hash of its content.

| stage | made of | files |
|---|---|---|
| track | clip | track.safetensors |
| crops | track | alignment.safetensors, crops.mkv |
| masks | crops | masks.mkv |
| codes | crops | codes.safetensors |
| tune | crops, codes | tuned.safetensors, checkpoint.safetensors |
| edit | codes, tune | edited.safetensors, edited.mkv |
| stitch | crops, masks, edit | stitched.mkv |

Other stages join by a name of their own. Memory: none; hashing reads a piece at a time, about a second a gigabyte.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..media.outputs import write_whole, writing
from ..weights.digest import sha256_of

_CLIP = "clip.json"
COMMANDS = {"track": "detect", "crops": "align", "masks": "mask", "codes": "invert"}
"""Stage -> the command of `maliang faces` that makes it, where the names differ."""
_FORMAT = 1


@dataclass(frozen=True)
class ClipRecord:
    """Which clip a folder belongs to."""

    digest: str
    """Of its content."""
    source: str
    """Where it was; a hint, not a part of its identity."""
    width: int
    height: int


@dataclass(frozen=True)
class StageRecord:
    """What a finished stage made, and of what."""

    stage: str
    clip: str
    """Digest of the clip."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Stage that the result was made of -> its digest."""
    given: Mapping[str, str] = field(default_factory=dict)
    """Name of what came from outside of the folder (weights, landmarks) -> its digest."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """As JSON keeps them."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Name in the folder -> sha256."""

    @property
    def job(self) -> str:
        """Fingerprint of everything that determines the result."""
        return fingerprint([self.stage, self.clip, dict(self.inputs), dict(self.given), dict(self.options)])

    @property
    def digest(self) -> str:
        """Of the result itself: the same files made once more have the same."""
        return fingerprint(dict(self.files))


def fingerprint(value: Any) -> str:
    """Of anything that JSON can hold; 32 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class FaceWorkFolder:
    """A folder that belongs to a clip; `open_workfolder` and `find_workfolder` make these."""

    def __init__(self, path: Path, clip: ClipRecord) -> None:
        self.path = path
        self.clip = clip
        self._hashes: dict[tuple[Path, int, int], str] = {}

    def file(self, name: str) -> Path:
        return self.path / name

    def record(self, stage: str) -> StageRecord | None:
        """What the stage's record says, whether it still holds or not; None where there is none."""
        content = _read(self.file(f"{stage}.json"))
        return None if content is None else StageRecord(**content)

    def require(self, stage: str) -> StageRecord:
        """The record of a finished stage that is not stale; else an InputError that says which command to run."""
        record = self.record(stage)
        if record is None:
            raise InputError(
                f"{self.path}: the stage {stage!r} is missing; run maliang faces {_command(stage)} first"
            )
        problem = self._problem(record)
        if problem:
            raise InputError(
                f"{self.path}: the stage {stage!r} {problem}; run maliang faces {_command(stage)} again"
            )
        return record

    def plan(
        self,
        stage: str,
        needs: Sequence[str] = (),
        options: Mapping[str, Any] | None = None,
        given: Mapping[str, str] | None = None,
    ) -> StageRecord:
        """The record that a run of a stage will leave, without its files. InputError where a needed one isn't ready."""
        inputs = {name: self.require(name).digest for name in needs}
        return StageRecord(stage, self.clip.digest, inputs, dict(given or {}), dict(options or {}))

    def holds(self, planned: StageRecord) -> bool:
        """Whether the stage was finished with exactly these inputs and options, and its files are still whole."""
        record = self.record(planned.stage)
        return record is not None and record.job == planned.job and not self._problem(record)

    def finish(self, planned: StageRecord, files: Sequence[str]) -> StageRecord:
        """Write the record of a stage whose files, by their names in the folder, are all there."""
        hashes = {name: sha256_of(self.file(name)) for name in files}
        record = replace(planned, files=hashes)
        _write(self.file(f"{record.stage}.json"), asdict(record))
        return record

    def _problem(self, record: StageRecord) -> str:
        """What is wrong with a stage's result, empty if nothing."""
        if record.clip != self.clip.digest:
            return "was made for another clip"
        for name, digest in record.inputs.items():
            before = self.record(name)
            if before is None or before.digest != digest or self._problem(before):
                return f"was made of another {name!r} than is there now"
        for name, digest in record.files.items():
            path = self.file(name)
            if not path.is_file():
                return f"is incomplete, {name} is missing"
            if self._hash(path) != digest:
                return f"has been changed since it was made ({name})"
        return ""

    def _hash(self, path: Path) -> str:
        """sha256 of a file, read again only when its size or its time of change is another."""
        facts = path.stat()
        key = path, facts.st_size, facts.st_mtime_ns
        if key not in self._hashes:
            self._hashes[key] = sha256_of(path)
        return self._hashes[key]


def open_workfolder(path: Path, clip: ClipRecord) -> FaceWorkFolder:
    """The work folder of a clip, made if there is none. InputError if it is another clip's, or holds something else."""
    if path.is_file():
        raise InputError(f"{path}: is a file; give the name of a folder for the work on a face")
    known = _read(path / _CLIP)
    if known is None:
        if path.is_dir() and any(path.iterdir()):
            raise InputError(f"{path}: holds other files than the work on a face; give another folder")
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
    elif known.get("digest") != clip.digest:
        raise InputError(
            f"{path}: is the work folder of another clip ({known.get('source')}); give that clip, or another folder"
        )
    if known is None or known != asdict(clip):
        _write(path / _CLIP, asdict(clip))
    return FaceWorkFolder(path, clip)


def find_workfolder(path: Path) -> FaceWorkFolder:
    """A work folder that is there; its clip is not looked at. InputError for any other folder."""
    known = _read(path / _CLIP)
    if known is None:
        raise InputError(f"{path}: is no work folder of a face; run maliang faces detect first")
    return FaceWorkFolder(path, ClipRecord(**known))


def _command(stage: str) -> str:
    return COMMANDS.get(stage, stage)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    with writing(path):
        write_whole(path, json.dumps({"format": _FORMAT, **content}, indent=1).encode())


def _read(path: Path) -> dict[str, Any] | None:
    """None where there is no such file; InputError for one that this version didn't write."""
    try:
        content = json.loads(path.read_bytes())
        if content.pop("format") != _FORMAT:
            raise ValueError("another version's")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, AttributeError) as error:
        raise InputError(
            f"{path}: damaged, or written by another version; remove its folder and start again"
        ) from error
    return dict(content)
