"""A pickle machine in which nothing can run: whatever could is refused by name, and nothing grows."""

import os
import pickle
import resource
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from maliang_video.errors import InputError
from maliang_video.weights.nvlabs_pickle import module_names
from maliang_video.weights.pickled_tensors import MAGIC, load_from_bytes
from maliang_video.weights.restricted_pickle import _CODES, Budget, Machine, Tape, plainly

NATIVE = os.system.__module__
"""The module that a pickle of os.system names."""


STEPS = 100_000


def read(content: bytes) -> object:
    """What a reader of published networks makes of it, with all the names that it knows, in fewer steps."""
    budget = Budget(STEPS)
    names = {**module_names(budget), ("torch.storage", "_load_from_bytes"): load_from_bytes(budget)}
    with plainly("x.pkl", "a plain pickle"):
        return Machine(Tape(content, budget), names).load()


@pytest.fixture
def refusal(watched: Callable[[], AbstractContextManager[None]]) -> Callable[[bytes], str]:
    """The sentence that refuses a pickle; nothing is run, imported, opened or looked up on the way to it."""

    def refuse(content: bytes) -> str:
        with watched(), pytest.raises(InputError) as caught:
            read(content)
        text = str(caught.value)
        assert text.startswith("x.pkl: not a plain pickle")
        assert "\n" not in text
        assert len(text) < 300
        return text

    return refuse


def op(name: str, operand: bytes = b"") -> bytes:
    return bytes([_CODES[name]]) + operand


def text(value: str) -> bytes:
    return op("BINUNICODE", len(value).to_bytes(4, "little") + value.encode())


def named(module: str, name: str) -> bytes:
    return op("GLOBAL", f"{module}\n{name}\n".encode())


def put(index: int) -> bytes:
    return op("BINPUT", bytes([index]))


def get(index: int) -> bytes:
    return op("BINGET", bytes([index]))


START, STOP = op("PROTO", b"\x04"), op("STOP")
ORDERED = named("collections", "OrderedDict")
RUN = named(NATIVE, "system") + text("touch ran") + op("TUPLE1") + op("REDUCE")


class Calls:
    """Pickles as this call, and what comes after it."""

    def __init__(self, *parts: object) -> None:
        self.parts = parts

    def __reduce__(self):
        return self.parts


class SetsState:
    def __setstate__(self, state: object) -> None:
        Path(state["marker"]).touch()


def test_plain_values_are_read_at_every_binary_protocol():
    value = {
        "a": [1, -2, 70000, 1 << 40, 1.5, None, True, False],
        "b": ((), (1,), ("\u00e9", "x" * 300)),
        7: {},
    }
    for protocol in range(2, 6):
        assert read(pickle.dumps(value, protocol)) == value
        assert read(pickle.dumps([b"x" * 300, b"y"], protocol)) == [b"x" * 300, b"y"]
        assert read(pickle.dumps({"s": {"a"}}, protocol)) == {"s": ["a"]}


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_that_is_named_is_run(refusal, tmp_path, protocol):
    marker = tmp_path / "ran"
    command = f"touch {marker}"
    code = f"__import__('os').system({command!r})"
    hostile = {
        f"{NATIVE}.system": Calls(os.system, (command,)),
        "builtins.eval": Calls(eval, (code,)),
        "builtins.exec": Calls(exec, (code,)),
        "builtins.getattr": Calls(getattr, (1, "real")),
        "functools.partial": partial(os.system, command),
        "subprocess.Popen": Calls(subprocess.Popen, (["touch", str(marker)],)),
        "SetsState": _with_state(marker),
    }
    for name, payload in hostile.items():
        for around in (payload, {"G_ema": payload}, [payload], (1, payload)):
            said = refusal(pickle.dumps(around, protocol))
            if protocol >= 2:
                last = name.rpartition(".")[2]
                assert f".{last}, which could run anything; nothing was run" in said
    assert not marker.exists()
    pickle.loads(pickle.dumps(hostile[f"{NATIVE}.system"], protocol))
    assert marker.exists(), "the payload is a real one"


def _with_state(marker: Path) -> SetsState:
    made = SetsState()
    made.marker = str(marker)
    return made


@pytest.mark.parametrize("call", [Calls(os.system, ("true",)), Calls(eval, ("1",)), Calls(len, ((),))])
def test_the_watch_sees_what_python_itself_would_run(watched, call):
    with pytest.raises(AssertionError), watched():
        pickle.loads(pickle.dumps(call))


HOSTILE = {
    "posix": (named("posix", "system"), "asks for posix.system, which could run anything"),
    "by stack": (text("os") + text("system") + op("STACK_GLOBAL"), "asks for os.system"),
    "dotted": (
        text("collections") + text("OrderedDict.__init__.__globals__") + op("STACK_GLOBAL"),
        "asks for collections.OrderedDict.__init__.__globals__",
    ),
    "another of the module": (named("torch._utils", "_rebuild_tensor"), "asks for torch._utils._rebuild_tensor"),
    "constructor": (named("copyreg", "_reconstructor"), "asks for copyreg._reconstructor"),
    "to the terminal": (named("o\x1b[2Js", "sys\ttem"), "asks for o?[2Js.sys?tem"),
    "set without its name": (named("builtins", "set") + op("DUP") + op("BUILD"), "sets the state of a builtins.set"),
    "call of a text": (text("os.system") + op("EMPTY_TUPLE") + op("REDUCE"), "it calls a str"),
    "call of a result": (ORDERED + (op("EMPTY_TUPLE") + op("REDUCE")) * 2, "it calls a dict"),
    "instance of a text": (text("x") + op("EMPTY_TUPLE") + op("NEWOBJ"), "it calls a str"),
    "call with a list": (ORDERED + op("EMPTY_LIST") + op("REDUCE"), "it calls a collections.OrderedDict"),
    "call with entries": (
        ORDERED + op("EMPTY_LIST") + op("NONE") + op("APPEND") + op("TUPLE1") + op("REDUCE"),
        "it makes a dictionary out of entries",
    ),
    "state of a name": (ORDERED + op("EMPTY_DICT") + op("BUILD"), "sets the state of a collections.OrderedDict"),
    "state of a dictionary": (op("EMPTY_DICT") + op("EMPTY_DICT") + op("BUILD"), "sets the state of a dict"),
    "state of a network": (
        named("torch_utils.persistence", "_reconstruct_persistent_obj")
        + op("EMPTY_DICT") + op("MARK") + text("type") + text("class") + text("class_name") + text("G")
        + text("state") + op("EMPTY_DICT") + op("SETITEMS") + op("TUPLE1") + op("REDUCE")
        + op("EMPTY_DICT") + op("BUILD"),
        "sets the state of a Module",
    ),
    "entry of a name": (ORDERED + text("a") + text("b") + op("SETITEM"), "puts entries into a collections.OrderedDict"),
    "entry of a tuple": (op("EMPTY_TUPLE") + text("a") + op("APPEND"), "puts entries into a tuple"),
    "entries of a text": (text("x") + op("MARK") + text("a") + op("APPENDS"), "puts entries into a str"),
    "append to a dictionary": (op("EMPTY_DICT") + op("MARK") + text("a") + op("ADDITEMS"), "puts entries into a dict"),
    "tuple as a key": (op("EMPTY_DICT") + op("EMPTY_TUPLE") + op("NONE") + op("SETITEM"), "has a key of type tuple"),
    "large key": (
        op("EMPTY_DICT") + op("LONG1", b"\x08" + bytes(7) + b"\x20") + op("NONE") + op("SETITEM"),
        "has a key of type int",
    ),
    "from outside": (text("x") + op("BINPERSID"), "refers to something outside of itself"),
    "encoding": (
        named("_codecs", "encode") + text("x") + text("zlib") + op("TUPLE2") + op("REDUCE"),
        "calls _codecs.encode for something else",
    ),
    "call of an array's type": (named("numpy", "ndarray") + op("EMPTY_TUPLE") + op("REDUCE"), "calls numpy.ndarray"),
    "nothing that is known": (b"\xff", "has the instruction 0xff"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_could_run_or_change_something_is_refused(refusal, name):
    body, message = HOSTILE[name]
    said = refusal(START + body + STOP)
    assert message in said
    assert said.endswith("; nothing was run")


@pytest.mark.parametrize(
    "name", sorted(set(_CODES) - {n for n, code in _CODES.items() if code in Machine.dispatch})
)
def test_instructions_that_weights_do_not_need_do_not_exist(refusal, name):
    before = op("MARK") + ORDERED + text("a") if name in ("INST", "OBJ") else ORDERED + op("EMPTY_TUPLE")
    assert f"has the instruction {name}, which weights don't need" in refusal(
        START + before + op(name) + b"os\nsystem\n"
    )


def test_these_are_the_instructions_that_could_be_used_to_run_something():
    unknown = {name for name, code in _CODES.items() if code not in Machine.dispatch}
    assert {
        "INST",
        "OBJ",
        "NEWOBJ_EX",
        "EXT1",
        "EXT2",
        "EXT4",
        "PERSID",
        "NEXT_BUFFER",
        "BYTEARRAY8",
    } <= unknown
    python = {
        n for n, code in _CODES.items() if Machine.dispatch.get(code) == pickle._Unpickler.dispatch[code]
    }
    assert not python & {
        "REDUCE",
        "NEWOBJ",
        "BUILD",
        "APPEND",
        "APPENDS",
        "ADDITEMS",
        "SETITEM",
        "SETITEMS",
        "DICT",
    }


def blob(
    described: bytes, keys: bytes = op("EMPTY_LIST") + text("0") + op("APPEND"), rest: bytes = b""
) -> bytes:
    """A pickle whose storage is a file of PyTorch's older format."""
    head = [pickle.dumps(part, 2) for part in (MAGIC, 1001, {"little_endian": True})]
    inner = b"".join(head) + START + described + STOP + START + keys + STOP + rest
    held = op("BINBYTES", len(inner).to_bytes(4, "little") + inner)
    return START + named("torch.storage", "_load_from_bytes") + held + op("TUPLE1") + op("REDUCE") + STOP


def storage(kind: str = "FloatStorage", count: bytes = op("BININT1", b"\2")) -> bytes:
    fields = text("storage") + named("torch", kind) + text("0") + text("cpu") + count + op("NONE")
    return op("MARK") + fields + op("TUPLE") + op("BINPERSID")


def test_a_storage_inside_of_a_pickle_is_read():
    held = read(blob(storage(), rest=b"\2\0\0\0\0\0\0\0" + b"abcdefgh"))
    assert (held.count, bytes(held.read())) == (2, b"abcdefgh")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (blob(RUN), f"asks for {NATIVE}.system"),
        (blob(named("torch.storage", "_load_from_bytes")), "asks for torch.storage._load_from_bytes"),
        (blob(named("torch_utils.persistence", "_reconstruct_persistent_obj")), "asks for torch_utils.persistence"),
        (blob(storage(), RUN), f"asks for {NATIVE}.system"),
        (blob(storage("UntypedStorage")), "asks for torch.UntypedStorage"),
        (blob(named("torch", "FloatStorage") + op("EMPTY_TUPLE") + op("REDUCE")), "calls a type of storages"),
        (blob(op("NONE")), "something else than one storage"),
        (blob(text("x") + op("BINPERSID")), "no storage"),
        (blob(storage(), op("EMPTY_LIST")), "something else than one storage"),
        (blob(storage(), rest=b"\3\0\0\0\0\0\0\0" + bytes(8)), "says it has another length"),
        (blob(storage(), rest=b"\2\0\0\0\0\0\0\0" + bytes(7)), "it ends early"),
        (blob(storage(count=op("LONG1", b"\x05" + b"\0\0\0\0\x40")), rest=b"\0\0\0\0\x40\0\0\0"), "it ends early"),
        (blob(storage(count=op("BININT", b"\xff\xff\xff\xff"))), "without a type, a key or a length"),
        (blob(storage()).replace(b"\xa8P\x19", b"\xa8Q\x19"), "another format"),
    ],
)  # fmt: skip
def test_a_hostile_or_broken_storage_inside_of_a_pickle_is_refused(refusal, content, message):
    assert message in refusal(content)


def tensor(offset: int) -> bytes:
    """A view of three numbers from `offset` on, of a storage that has four."""
    held = blob(storage(count=op("BININT1", b"\4")), rest=b"\4" + bytes(7 + 16))[len(START) : -1]
    hooks = ORDERED + op("EMPTY_TUPLE") + op("REDUCE")
    sides = op("BININT1", b"\3") + op("TUPLE1") + op("BININT1", b"\1") + op("TUPLE1")
    given = op("MARK") + held + op("BININT1", bytes([offset])) + sides + op("NEWFALSE") + hooks + op("TUPLE")
    return START + named("torch._utils", "_rebuild_tensor_v2") + given + op("REDUCE") + STOP


def test_a_tensor_stays_inside_of_its_storage(refusal):
    assert read(tensor(1)).built().tolist() == [0.0, 0.0, 0.0]
    assert "a tensor that reaches to number 5 of a storage of 4" in refusal(tensor(2))


def peak() -> int:
    """Kilobytes that this process has needed so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


ENDLESS = b"\xff\xff\xff\x7f"
ENCODE = named("_codecs", "encode") + put(1) + text("x" * 100_000) + put(2) + text("latin1") + put(3)
BOMBS = {
    "bytes": op("BINBYTES", b"\xff\xff\xff\xff"),
    "many bytes": op("BINBYTES8", ENDLESS * 2),
    "text": op("BINUNICODE", ENDLESS),
    "long text": op("BINUNICODE8", ENDLESS * 2),
    "old text": op("BINSTRING", ENDLESS),
    "number": op("LONG4", ENDLESS),
    "frame": op("FRAME", ENDLESS * 2),
    "line": op("GLOBAL", b"x" * 1_000_000),
    "long line": op("GLOBAL", b"x" * (17 << 20) + b"\nx\n"),
    "a real text": op("BINUNICODE", (17 << 20).to_bytes(4, "little") + bytes(17 << 20)),
    "dictionaries": op("EMPTY_DICT") * (STEPS + 1),
    "marks": op("MARK") * (STEPS + 1),
    "copies": op("NONE") + op("DUP") * (STEPS + 1),
    "bytes out of texts": ENCODE + (get(1) + get(2) + get(3) + op("TUPLE2") + op("REDUCE")) * 10_000,
    "tuple of tuples as a key": (
        op("EMPTY_DICT") + op("EMPTY_TUPLE") + (op("DUP") + op("TUPLE2")) * 200 + op("NONE") + op("SETITEM")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_nothing_grows(refusal, name):
    content = START + BOMBS[name] + STOP
    before = peak()
    assert refusal(content)
    assert peak() - before < 60_000


def test_what_only_looks_large_is_read():
    far = op("LONG_BINPUT", b"\xfe\xff\xff\xff")
    assert read(START + op("NONE") + far + STOP) is None
    depth = STEPS // 3
    held = read(START + op("EMPTY_LIST") * depth + op("APPEND") * (depth - 1) + STOP)
    assert isinstance(held, list)
    assert len(held) == 1
    doubled = read(START + text("x") + (op("DUP") + op("TUPLE2")) * 200 + STOP)
    assert len(doubled) == 2


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_that_was_cut_is_refused(refusal, protocol):
    content = pickle.dumps({"a": [1, "b" * 300, b"c" * 300, (2.5, 1 << 70)]}, protocol)
    for length in range(len(content)):
        assert "cut short or damaged" in refusal(content[:length])
