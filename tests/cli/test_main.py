"""The command itself: groups, exit codes, what a user reads when something goes wrong."""

import argparse
import errno
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

from maliang_video import __version__
from maliang_video.cli import WRONG_INPUT, build_parser, demo, is_out_of_memory, main, sentence
from maliang_video.errors import InputError, MissingExtraError


def fails_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `maliang demo` do nothing but raise `error`."""

    def run(arguments: argparse.Namespace) -> None:
        raise error

    monkeypatch.setattr(demo, "run", run)


def test_every_group_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"\n    {group} " in shown for group in ("demo", "vid2vid", "labels", "weights", "train"))


def test_every_command_says_what_it_does() -> None:
    def parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
        groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        below = [child for group in groups for child in group.choices.values()]
        return below + [grandchild for child in below for grandchild in parsers(child)]

    found = parsers(build_parser(argparse.ArgumentParser(add_help=False)))
    assert len(found) > 5
    for parser in found:
        leaf = not any(isinstance(action, argparse._SubParsersAction) for action in parser._actions)
        assert not leaf or callable(parser.get_default("run")), parser.prog


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert (exit_.value.code, capsys.readouterr().out) == (0, f"maliang {__version__}\n")


def test_the_package_runs_as_a_module(tmp_path: Path) -> None:
    asked = [sys.executable, "-m", "maliang_video", "--version"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == f"maliang {__version__}\n"


def test_no_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([])
    assert exit_.value.code == WRONG_INPUT
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            InputError("clip.mp4: holds no frames; choose another"),
            "clip.mp4: holds no frames; choose another",
        ),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out.mp4"), "out.mp4: No space left on device"),
        (OSError("the network is away"), "the network is away"),
        (
            MissingExtraError("Optical flow", "flow"),
            "Optical flow needs an optional dependency: pip install 'maliang-video[flow]'",
        ),
    ],
)
def test_a_users_mistake_is_one_sentence(
    error: InputError | OSError,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fails_with(error, monkeypatch)
    assert main(["demo"]) == WRONG_INPUT
    assert capsys.readouterr() == ("", f"maliang: {said}\n")
    assert sentence(error) == said


def test_the_size_of_a_tensor_too_large_is_lack_of_memory() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize("arguments", [["--debug", "demo"], ["demo", "--debug"]])
def test_debug_shows_where_it_came_from(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    fails_with(InputError("wrong"), monkeypatch)
    with pytest.raises(InputError, match="wrong"):
        main(arguments)


@pytest.mark.parametrize("error", [ZeroDivisionError(), RuntimeError("sizes differ")])
def test_our_own_faults_are_not_hidden(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    fails_with(error, monkeypatch)
    with pytest.raises(type(error)):
        main(["demo"])


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 9 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_too_little_memory_says_what_to_lower(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fails_with(error, monkeypatch)
    assert main(["demo"]) == WRONG_INPUT
    assert (
        capsys.readouterr().err == "maliang: too little free memory; take a smaller --size, or --dtype bf16\n"
    )


def test_ctrl_c_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fails_with(KeyboardInterrupt(), monkeypatch)
    assert main(["demo"]) == 130
    assert capsys.readouterr().err == "maliang: stopped; run the same command again to go on\n"


def test_a_warning_is_a_sentence_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(arguments: argparse.Namespace) -> None:
        warnings.warn("12 pixels were off-palette", stacklevel=2)

    monkeypatch.setattr(demo, "run", run)
    before = warnings.showwarning
    assert main(["demo"]) == 0
    assert capsys.readouterr() == ("", "maliang: 12 pixels were off-palette\n")
    assert warnings.showwarning is before


def test_a_reader_that_leaves_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(arguments: argparse.Namespace) -> None:
        sys.stdout.write("a line that nobody reads")

    ours, theirs = os.pipe()
    os.close(ours)
    monkeypatch.setattr(demo, "run", run)
    with os.fdopen(theirs, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        assert main(["demo"]) == 130
    assert capsys.readouterr().err == ""
