"""What went wrong between us and the Hub, as one sentence that says what to do."""

import errno
from pathlib import Path

from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from ..errors import InputError
from .presets import HubPreset

TRANSPORT_ERRORS: tuple[type[BaseException], ...] = (OSError, EntryNotFoundError, *HfHubHTTPError.__bases__)
"""All that a download may raise. The bases of the Hub's HTTP error hold the base class of the HTTP library in use,
which is requests, httpx or httpx2 by version."""
DOWNLOAD_ERRORS: tuple[type[BaseException], ...] = (*TRANSPORT_ERRORS, RuntimeError)
"""The same while content is on its way: hf_xet, which fetches it for newer clients, knows RuntimeError only."""


def explain(error: BaseException, preset: HubPreset, endpoint: str, cache: Path, begun: bool) -> InputError:
    """One of `TRANSPORT_ERRORS` in a user's words.

    begun: the Hub has answered, the error came later; cache: the folder of the download.
    """
    reason = _reason(error, preset, endpoint, cache)
    if reason is None and begun:
        reason = f"the download broke off ({_text(error)}); try again"
    elif reason is None:
        reason = (
            f"{endpoint} can't be reached ({_text(error)}); check the network, or on a machine that has one run "
            f"maliang weights get {preset.name} and copy {cache} over"
        )
    return InputError(f"{preset.name}: {reason}")


def _reason(error: BaseException, preset: HubPreset, endpoint: str, cache: Path) -> str | None:
    """What it is, other than a broken connection. The order matters: the Hub's errors derive from each other."""
    page = f"{endpoint}/{preset.repository}"
    if isinstance(error, OfflineModeIsEnabled):
        return (
            "not on this machine, and HF_HUB_OFFLINE forbids to download it; unset it for one run of "
            f"maliang weights get {preset.name}"
        )
    if isinstance(error, GatedRepoError):
        return (
            f"its owner wants its terms accepted first: open {page} and accept them, log in with "
            "`hf auth login` (or set HF_TOKEN), then try again"
        )
    if isinstance(error, RevisionNotFoundError):
        return f"{page} has no revision {preset.revision} any more; a newer Maliang may know the new one"
    if isinstance(error, EntryNotFoundError) and isinstance(error, HfHubHTTPError):
        return f"{page} has no file {preset.file} at revision {preset.revision}; a newer Maliang may know its new name"
    if isinstance(error, RepositoryNotFoundError):
        return f"{page} does not exist, or is private: then log in with `hf auth login` (or set HF_TOKEN)"
    if isinstance(error, HfHubHTTPError):
        return f"{endpoint} answered {error.response.status_code}; try again later"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"no space left in {cache}; make room, or set HF_HOME to a folder on another disk"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; set HF_HOME to a folder that you can write to"
    return None


def _text(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
