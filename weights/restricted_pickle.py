"""Pickles that other people made, read without running anything that is in them.

A pickle is a program. What can be harmful in it are five instructions: those that fetch something by its name, call it,
make an instance of it, set an object's state, and put entries into whatever object there is. Here

* a name never becomes what it names, but a `Named`: a note with one of our own functions beside it, or a refusal where
  the reader at hand doesn't expect the name. No module is imported, whatever is called what;
* REDUCE and NEWOBJ take such a note and nothing else, and call the function beside it. These functions make records,
  numbers and views of bytes, out of arguments that they check;
* BUILD takes a `Record` of ours and nothing else, and hands it the state as a value;
* entries go into lists and dictionaries that this pickle has made itself, under keys that are text or small numbers
  (hashing a nested tuple can take for ever, and so can telling large numbers apart whose hashes are made to be equal);
* what isn't in the table at the end doesn't exist: other ways to call (INST, OBJ, NEWOBJ_EX), names by number (EXT1 and
  its like), buffers from outside, the text instructions of protocol 0, and what nobody has heard of yet.

The rest, numbers, texts, tuples, the stack and the memo, is Python's own `pickle._Unpickler`, the one written in
Python: it keeps its memo in a dictionary, where the other fills the memory that a forged index asks for.

Memory: `Tape` gives no byte that is not in the file, counts instructions and the bytes that they copy, and gives long
bytes as views. What a pickle builds is thus bounded by `Budget`, however long it says that something is.
"""

import pickle
import pickletools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import InputError

MAX_STEPS = 2_000_000
"""Reads of one piece (an instruction takes one to three); the three networks of a 1024 px StyleGAN2 take
0.14 million."""
MAX_COPIED = 16 << 20
"""Bytes of instructions, names and texts, of which such a file has one million; views of bytes don't count."""

Make = Callable[..., Any]
"""Makes what the call of a name stands for, out of its arguments. It must run nothing that they bring."""
Names = Mapping[tuple[str, str], Make]
"""What a reader expects to be named: (module, name) as they stand in the pickle."""
Bytes = bytes | memoryview
_CODES = {operation.name: ord(operation.code) for operation in pickletools.opcodes}
_PYTHONS = (
    "PROTO", "STOP", "GLOBAL", "STACK_GLOBAL", "BINPERSID",
    "MARK", "POP", "POP_MARK", "DUP", "BINPUT", "LONG_BINPUT", "MEMOIZE", "BINGET", "LONG_BINGET",
    "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT",
    "BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "SHORT_BINBYTES",
    "TUPLE", "EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "EMPTY_DICT",
)  # fmt: skip
"""Instructions that Python carries out as it always does. Names and persistent ids come back to methods of ours."""


class NotAllowedError(Exception):
    """A pickle asks for something that could run code, or for more than it may."""


@dataclass(frozen=True, slots=True)
class Named:
    """Stands on the machine's stack for something that was named. Can't be called, changed or looked into."""

    name: str
    make: Make


class Record(ABC):
    """An object of ours that a pickle may give a state to."""

    @abstractmethod
    def accept(self, state: Any) -> None:
        """Keep what there is to know about it, as a value."""


@dataclass
class Budget:
    """What reading one file may cost, pickles inside of it included."""

    steps: int = MAX_STEPS
    copied: int = MAX_COPIED

    def take(self, count: int) -> None:
        """Another read, of `count` bytes."""
        self.steps -= 1
        self.copied -= count
        if self.steps < 0 or self.copied < 0:
            raise NotAllowedError("it has far more instructions than weights need")


class Tape:
    """Bytes that are read from beginning to end. EOFError where there are fewer than asked for."""

    def __init__(self, content: Any, budget: Budget) -> None:
        """content: bytes, a memoryview of them, or a mapped file."""
        self._content = memoryview(content)
        self._at = 0
        self.budget = budget

    def view(self, count: int) -> memoryview:
        """The next bytes, without a copy."""
        if not 0 <= count <= len(self._content) - self._at:
            raise EOFError("it ends early")
        self._at += count
        return self._content[self._at - count : self._at]

    def read(self, count: int) -> bytes:
        self.budget.take(count)
        return bytes(self.view(count))

    def readline(self) -> bytes:
        length = 0
        while True:
            piece = bytes(self._content[self._at + length : self._at + length + 1024])
            if not piece:
                raise EOFError("it ends early")
            found = piece.find(b"\n")
            if found >= 0:
                return self.read(length + found + 1)
            length += len(piece)


class _Table(dict[int, Callable[[Any], None]]):
    """Code of an instruction -> what carries it out."""

    def __missing__(self, code: int) -> NoReturn:
        name = next((name for name, known in _CODES.items() if known == code), hex(code))
        raise NotAllowedError(f"it has the instruction {name}, which weights don't need")


def _table(**ours: Callable[[Any], None]) -> _Table:
    """Python's harmless instructions, and ours."""
    pythons = {_CODES[name]: pickle._Unpickler.dispatch[_CODES[name]] for name in _PYTHONS}
    return _Table(pythons | {_CODES[name]: carry_out for name, carry_out in ours.items()})


class Machine(pickle._Unpickler):
    """Runs one pickle of a tape: `load` returns what it builds. NotAllowedError, or whatever a broken one raises."""

    stack: list[Any]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]

    def __init__(
        self, tape: Tape, names: Names, *, persistent: Make | None = None, encoding: str = "latin1"
    ) -> None:
        """persistent: makes what a persistent id stands for (None: there are none); encoding: of Python 2's texts."""
        super().__init__(tape, encoding=encoding)
        self._tape = tape
        self._names = names
        self._persistent = persistent

    def find_class(self, module: str, name: str) -> Any:
        make = self._names.get((module, name))
        if make is None:
            raise NotAllowedError(f"it asks for {module[:80]}.{name[:80]}, which could run anything")
        return Named(f"{module}.{name}", make)

    def persistent_load(self, pid: Any) -> Any:
        if self._persistent is None:
            raise NotAllowedError("it refers to something outside of itself")
        return self._persistent(pid)

    def _call(self) -> None:
        arguments = self.stack.pop()
        named = self.stack[-1]
        if type(named) is not Named or type(arguments) is not tuple:
            raise NotAllowedError(f"it calls a {_kind(named)}")
        self.stack[-1] = named.make(*arguments)

    def _set_state(self) -> None:
        state = self.stack.pop()
        built = self.stack[-1]
        if not isinstance(built, Record):
            raise NotAllowedError(f"it sets the state of a {_kind(built)}")
        built.accept(state)

    def _read_ahead(self) -> None:
        self._tape.read(8)

    def _bytes(self) -> None:
        self.append(self._tape.view(int.from_bytes(self._tape.read(4), "little")))

    def _many_bytes(self) -> None:
        self.append(self._tape.view(int.from_bytes(self._tape.read(8), "little")))

    def _empty_set(self) -> None:
        self.append([])

    def _append(self) -> None:
        self._extend([self.stack.pop()])

    def _appends(self) -> None:
        self._extend(self.pop_mark())

    def _extend(self, items: list[Any]) -> None:
        held = self.stack[-1]
        if type(held) is not list:
            raise NotAllowedError(f"it puts entries into a {_kind(held)}")
        held.extend(items)

    def _set_item(self) -> None:
        value = self.stack.pop()
        self._fill([self.stack.pop(), value])

    def _set_items(self) -> None:
        self._fill(self.pop_mark())

    def _fill(self, items: list[Any]) -> None:
        held = self.stack[-1]
        if type(held) is not dict:
            raise NotAllowedError(f"it puts entries into a {_kind(held)}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not (type(key) is str or (type(key) is int and 0 <= key < 1 << 32)):
                raise NotAllowedError(f"it has a key of type {_kind(key)}")
            held[key] = value

    dispatch = _table(
        REDUCE=_call,
        NEWOBJ=_call,
        BUILD=_set_state,
        FRAME=_read_ahead,
        BINBYTES=_bytes,
        BINBYTES8=_many_bytes,
        EMPTY_SET=_empty_set,
        ADDITEMS=_appends,
        APPEND=_append,
        APPENDS=_appends,
        SETITEM=_set_item,
        SETITEMS=_set_items,
    )
    """FRAME says how much to read ahead, which a tape has no use for. A set becomes a list, which needs no hashing."""


def new_dictionary(entries: Any = ()) -> dict[Any, Any]:
    """For names of dictionaries of all sorts, which are made empty and filled afterwards, by instructions of ours."""
    if len(entries):
        raise NotAllowedError("it makes a dictionary out of entries")
    return {}


def _kind(value: Any) -> str:
    return value.name[:80] if type(value) is Named else type(value).__name__


@contextmanager
def plainly(where: str, what: str) -> Iterator[None]:
    """All that a foreign file makes a reader raise as an InputError that begins with `where`.

    what: it should have been: "a plain array".
    """
    try:
        yield
    except InputError:
        raise
    except NotAllowedError as error:
        raise InputError(f"{where}: not {what}: {printable(str(error))}; nothing was run") from error
    except Exception as error:  # a broken pickle makes its reader raise anything: all of it means the same
        reason = printable(f"{type(error).__name__}: {error}"[:120])
        raise InputError(f"{where}: not {what}, or cut short or damaged ({reason}); get it again") from error


def printable(text: str) -> str:
    """Without the characters by which a name in a file could steer a terminal."""
    return "".join(each if each.isprintable() else "?" for each in text)
