"""Where files of weights are looked for: folders handed in (ComfyUI's), `MALIANG_MODELS`, the package's own.

A name is a file's path inside one of these folders, with or without `.safetensors`; it never leads out of them.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

ENVIRONMENT_VARIABLE = "MALIANG_MODELS"
SUFFIX = ".safetensors"


def demo_folder() -> Path:
    """The weights in the package."""
    return Path(__file__).parent / "demo"


def search_folders(extra: Sequence[Path] = ()) -> tuple[Path, ...]:
    """All folders in the order of the search: `extra`, those that `MALIANG_MODELS` lists, the package's own.

    extra: ComfyUI's nodes give `folder_paths.get_folder_paths("maliang")`, which knows extra_model_paths.yaml.
    """
    listed = os.environ.get(ENVIRONMENT_VARIABLE, "").split(os.pathsep)
    return (*map(Path, extra), *(Path(folder).expanduser() for folder in listed if folder), demo_folder())


def find_file(name: str, folders: Sequence[Path]) -> Path | None:
    """The first file of that name; None where no folder has it, or where the name is not one."""
    if not is_name(name):
        return None
    for folder in folders:
        for candidate in (folder / name, folder / f"{name}{SUFFIX}"):
            if candidate.suffix == SUFFIX and candidate.is_file():
                return candidate
    return None


def is_name(text: str) -> bool:
    """Whether `text` stays inside a folder that it is appended to, on any system."""
    parts = text.replace("\\", "/").split("/")
    return ":" not in text and "\0" not in text and all(part not in ("", ".", "..") for part in parts)


def list_files(folders: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Every file of weights, (name, path), names in order; of two with the same name the one that is found first."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob(f"*{SUFFIX}")):
            if path.is_file():
                name = PurePosixPath(path.relative_to(folder).as_posix()).with_suffix("")
                found.setdefault(str(name), path)
    yield from sorted(found.items())


def typed(text: str) -> str | Path:
    """What a person typed where a name or a file may stand: the file's path if there is one, else the name."""
    path = Path(text).expanduser()
    looks_like_path = path.is_absolute() or text.startswith(".") or path.is_file()
    return path if looks_like_path else text
