"""The command `maliang`: one file a command group, each with `add_commands(subparsers)`.

Group files build their parsers with the standard library alone and import the rest of the package inside the
functions that run, so that `maliang --help` answers at once.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence

from ..errors import InputError

Run = Callable[[argparse.Namespace], int | None]
"""What a command's parser sets as `run`: the exit code, None for success."""

WRONG_INPUT = 2
STOPPED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; what a user did wrong becomes one sentence on standard error and exit code 2."""
    always = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    always.add_argument("--debug", action="store_true", help="show where in the program an error came from")
    debug, rest = always.parse_known_args(argv)
    arguments = build_parser(always).parse_args(rest)
    run: Run = arguments.run
    try:
        with warnings.catch_warnings():
            warnings.showwarning = show_warning
            code = run(arguments) or 0
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("maliang: stopped; run the same command again to go on", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:  # whoever read our output has gone, as `head` does; nobody is left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STOPPED
    except (InputError, OSError) as error:
        if debug.debug:
            raise
        print(f"maliang: {sentence(error)}", file=sys.stderr)
        return WRONG_INPUT
    except (RuntimeError, MemoryError) as error:
        if debug.debug or not is_out_of_memory(error):
            raise
        print("maliang: too little free memory; take a smaller --size, or --dtype bf16", file=sys.stderr)
        return WRONG_INPUT


def build_parser(always: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The parser of every group; `always` holds the options that any command takes."""
    from .. import __version__
    from . import demo, faces, features, fewshot, flow, future, infinity, labels, train, vid2vid, weights

    parser = argparse.ArgumentParser(
        prog="maliang",
        description="Label maps, sketches and poses into video.",
        parents=[always],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"maliang {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in (demo, vid2vid, fewshot, faces, infinity, future, labels, flow, features, weights, train):
        group.add_commands(commands)
    return parser


def sentence(error: InputError | OSError) -> str:
    """An error in a user's words: the system's own errors lose their number and keep their file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def is_out_of_memory(error: RuntimeError | MemoryError) -> bool:
    """Whether memory ran out, of the computer or of a GPU: PyTorch has no common class for it."""
    return (
        isinstance(error, MemoryError) or "out of memory" in str(error) or "DefaultCPUAllocator" in str(error)
    )


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: object = None,
) -> None:
    """In place of `warnings.showwarning`: what a user should know, without the line of the program that said it."""
    print(f"maliang: {message}", file=sys.stderr)
