"""Networks of transformers, from a folder, the Hub's cache or the Hub itself."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from huggingface_hub import HfApi

from ..errors import InputError, MissingExtraError
from ..weights.hub import ANSWER_SECONDS
from ..weights.hub_errors import TRANSPORT_ERRORS
from ..weights.patience import OutOfPatienceError, within

_HUB_ERRORS: tuple[type[BaseException], ...] = (*TRANSPORT_ERRORS, ValueError)
"""ValueError: a name that no repository can have."""


@dataclass(frozen=True)
class NetworkKind:
    """What a job takes."""

    job: str
    """What can't be done without transformers, "turning ..."."""
    fits: Callable[[str], bool]
    """Whether a class of transformers, by its name, can do it."""
    wanted: str
    """What to choose instead of one that can't."""
    choices: str
    """What to give instead of one that can't be had."""


class Parts(NamedTuple):
    """What transformers makes of a repository."""

    config: Any
    processor: Any
    network: Any

    @property
    def version(self) -> str:
        """Which weights these are, as far as anyone knows."""
        return str(getattr(self.config, "_commit_hash", None) or "")


def load_parts(repository: str, download: bool, kind: NetworkKind) -> Parts:
    """From a folder or the cache, without asking the network; where that fails, from the Hub, if `download` allows it.

    InputError where it can't be had or can't do the job; MissingExtraError without transformers.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError(kind.job, "annotators") from error
    with _quiet(transformers):
        return _load(transformers, repository, download, kind)


def _load(transformers: Any, repository: str, download: bool, kind: NetworkKind) -> Parts:
    try:
        with _without_bars(transformers):
            return _parts(transformers, repository, kind, local_files_only=True)
    except InputError:
        raise
    except (OSError, ValueError) as error:
        if Path(repository).is_dir():
            problem = "its folder holds no network that transformers can load"
            raise _explained(repository, problem, error, kind) from error
        if not download:
            raise InputError(f"{repository}: not on this machine; switch on 'download' to get it") from error
    try:
        within(ANSWER_SECONDS, lambda: HfApi().model_info(repository))
        return _parts(transformers, repository, kind, local_files_only=False)
    except InputError:
        raise
    except OutOfPatienceError as error:
        problem = "not on this machine, and the Hub can't be reached"
        raise _explained(repository, problem, error, kind) from error
    except _HUB_ERRORS as error:
        problem = "not on this machine, and the Hub doesn't give it"
        raise _explained(repository, problem, error, kind) from error


def _parts(transformers: Any, repository: str, kind: NetworkKind, *, local_files_only: bool) -> Parts:
    config = transformers.AutoConfig.from_pretrained(repository, local_files_only=local_files_only)
    name = (config.architectures or ["unknown kind"])[0]
    if not kind.fits(name) or not hasattr(transformers, name):
        raise InputError(f"{repository}: a network of kind {name}; choose {kind.wanted}")
    processor = transformers.AutoImageProcessor.from_pretrained(repository, local_files_only=local_files_only)
    network = getattr(transformers, name).from_pretrained(repository, local_files_only=local_files_only)
    return Parts(config, processor, network)


def _explained(repository: str, problem: str, error: BaseException, kind: NetworkKind) -> InputError:
    """One sentence, with the beginning of what the library said."""
    reason = " ".join(str(error).split()).split(". ")[0][:160]
    return InputError(f"{repository}: {problem}{f' ({reason})' if reason else ''}; give {kind.choices}")


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Only errors of transformers while the block runs: its advice is for programmers."""
    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        transformers.logging.set_verbosity(level)


@contextmanager
def _without_bars(transformers: Any) -> Iterator[None]:
    """No bar while the block runs: what lies on this machine is read in a moment."""
    shown = transformers.logging.is_progress_bar_enabled()
    transformers.logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers.logging.enable_progress_bar()
