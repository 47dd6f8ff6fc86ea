"""Presets on the Hugging Face Hub: looked for on this machine first, then downloaded, their sha256 checked by us.

Uses only what huggingface_hub has had under the same name from 0.30 to 2.x. HF_HOME, HF_ENDPOINT, HF_HUB_OFFLINE,
HF_TOKEN and proxies are its own and hold here; HF_HUB_ETAG_TIMEOUT is how long the Hub may take to answer.
"""

import os
import shutil
from inspect import signature
from pathlib import Path
from typing import Any

from huggingface_hub import (
    constants,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)

from ..errors import InputError
from ..progress import Progress, silent
from .digest import check_sha256
from .hub_errors import DOWNLOAD_ERRORS, explain
from .hub_progress import bar_class
from .patience import OutOfPatienceError, within
from .presets import HubPreset

ANSWER_SECONDS = 4.0
"""For the first answer: without a network the Hub's own client would retry for 23 s before it says so."""


def find_cached(preset: HubPreset, *, cache: Path | None = None) -> Path | None:
    """The preset's file in the cache, as it is, its sha256 not checked; None where it isn't there."""
    found = try_to_load_from_cache(preset.repository, preset.file, cache_dir=cache, revision=preset.revision)
    return Path(found) if isinstance(found, str) else None


def cached(preset: HubPreset, *, cache: Path | None = None) -> Path | None:
    """The preset's file in the cache, its sha256 checked; None where it isn't there. Never touches the network.

    cache: the Hub's cache folder (None: where HF_HOME says). A file with another hash is removed: InputError.
    """
    path = find_cached(preset, cache=cache)
    if path is not None:
        _check(preset, path, cache)
    return path


def download(
    preset: HubPreset,
    *,
    accept_licence: bool = False,
    cache: Path | None = None,
    endpoint: str | None = None,
    progress: Progress = silent,
    answer_seconds: float | None = None,
) -> Path:
    """The preset's file, out of the cache if it is there, else downloaded into it, its sha256 checked.

    accept_licence: a person has read the preset's licence and accepts it, which one that forbids commercial use needs;
    endpoint: of the Hub (None: what HF_ENDPOINT says); progress: counts bytes, may raise to stop;
    answer_seconds: None for HF_HUB_ETAG_TIMEOUT or `ANSWER_SECONDS`.
    InputError for everything that can go wrong outside of us, saying what to do; a file with another hash is removed.
    """
    present = cached(preset, cache=cache)
    if present is not None:
        return present
    check_licence(preset, accept_licence)
    begun = False
    try:
        _ask(preset, cache, endpoint, _patience(answer_seconds))
        begun = True
        path = hf_hub_download(
            preset.repository,
            preset.file,
            revision=preset.revision,
            cache_dir=cache,
            endpoint=endpoint,
            **_progress_argument(progress, preset.size),
        )
    except DOWNLOAD_ERRORS as error:
        folder = cache or _default_cache()
        raise explain(error, preset, endpoint or constants.ENDPOINT, folder, begun) from error
    _check(preset, Path(path), cache)
    return Path(path)


def check_licence(preset: HubPreset, accepted: bool) -> None:
    """InputError that shows the licence, where it forbids commercial use and nobody has accepted that."""
    if preset.non_commercial and not accepted:
        raise InputError(
            f"{preset.name}: its licence, {preset.licence}, forbids commercial use; to accept that: maliang weights "
            f"get {preset.name} --accept-licence, or in ComfyUI switch on 'accept_licence'"
        )


def _progress_argument(progress: Progress, size: int) -> dict[str, Any]:
    """Hub clients before 1.0 can't be told where to show progress; they show their own bar."""
    known = signature(hf_hub_download).parameters
    return {"tqdm_class": bar_class(progress, size)} if "tqdm_class" in known else {}


def _ask(preset: HubPreset, cache: Path | None, endpoint: str | None, seconds: float) -> None:
    """One question to the Hub before the download: is it there, is the file the right one, is there room for it?"""
    url = hf_hub_url(preset.repository, preset.file, revision=preset.revision, endpoint=endpoint)
    try:
        answer = within(seconds, lambda: get_hf_file_metadata(url, timeout=seconds))
    except OutOfPatienceError as error:
        raise TimeoutError(f"no answer in {seconds:g} s") from error
    if answer.size is not None and answer.size != preset.size:
        raise InputError(
            f"{preset.name}: {preset.repository} offers a file of {answer.size} bytes, should be {preset.size}; "
            f"nothing was downloaded"
        )
    folder = cache or _default_cache()
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < preset.size:
        raise InputError(
            f"{preset.name}: needs {preset.size / 1e6:.0f} MB in {folder}, where {free / 1e6:.0f} MB are free; "
            f"make room, or set HF_HOME to a folder on another disk"
        )


def _patience(seconds: float | None) -> float:
    if seconds is not None:
        return seconds
    return float(constants.HF_HUB_ETAG_TIMEOUT) if "HF_HUB_ETAG_TIMEOUT" in os.environ else ANSWER_SECONDS


def _default_cache() -> Path:
    return Path(constants.HF_HUB_CACHE)


def _check(preset: HubPreset, path: Path, cache: Path | None) -> None:
    try:
        check_sha256(path, preset.sha256, preset.name)
    except InputError as error:
        _remove(path, (cache or _default_cache()).resolve())
        raise InputError(
            f"{error}; it was removed from the cache: try again, and if that brings the same, "
            f"{preset.repository} has been tampered with"
        ) from error


def _remove(path: Path, cache: Path) -> None:
    """The file and every link on the way to it, as far as they lie in the cache."""
    while path.is_symlink():
        target = path.parent / path.readlink()
        path.unlink()
        path = target
    if path.resolve().is_relative_to(cache):
        path.unlink(missing_ok=True)
