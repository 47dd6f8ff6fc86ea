"""Frozen dataclasses as JSON text and back, strictly: a config that is cut, misspelt or of another version is an
error that names the field, never a default.

Fields may be bool, int, float, str, `Literal`, `X | None`, `tuple[X, ...]`, `tuple[X, Y]` and dataclasses of these.
A field that came later than files did has `metadata={"absent_if_default": True}`: it isn't written while it holds its
default, so that those files stay what they are, and older programs can read the new ones that don't use it.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from ..errors import InputError

T = TypeVar("T")


def to_json(config: Any) -> str:
    """A dataclass instance as one line of JSON, its fields in their order."""
    return json.dumps(_encode(config), allow_nan=False, ensure_ascii=False)


def from_json(kind: type[T], text: str, where: str) -> T:
    """What `to_json` wrote, as an instance of the dataclass `kind`.

    where: what the text is, for the message: "street.safetensors: config".
    InputError: not JSON; a field that is unknown, missing (even where `kind` has a default, unless it came later),
    twice there, or of another type.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not readable JSON ({error})") from error
    result: T = _decode(kind, value, where)
    return result


def _encode(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_encode(each) for each in value]
    if not is_dataclass(value):
        return value
    held = ((field, getattr(value, field.name)) for field in fields(value))
    return {field.name: _encode(v) for field, v in held if not (_came_later(field) and v == field.default)}


def _came_later(field: "Field[Any]") -> bool:
    return bool(field.metadata.get("absent_if_default"))


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(n for n in names if names.count(n) > 1)!r} stands there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that JSON knows")


def _decode(kind: Any, value: Any, where: str) -> Any:
    """`value`, as `json` reads it, in the type that a field's annotation `kind` asks for."""
    origin = get_origin(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return _decode_fields(kind, value, where)
    if origin is tuple:
        return _decode_tuple(get_args(kind), value, where)
    if origin in (Union, UnionType):
        (inner,) = (arm for arm in get_args(kind) if arm is not NoneType)
        return None if value is None else _decode(inner, value, where)
    if origin is Literal:
        if value in get_args(kind) and isinstance(value, str):
            return value
        raise _wrong(" or ".join(json.dumps(choice) for choice in get_args(kind)), value, where)
    if kind is float and type(value) is int:
        value = _whole_as_float(value, where)
    if kind not in (bool, int, float, str):
        raise TypeError(f"{where}: a config can't hold {kind}")
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        raise _wrong(kind.__name__, value, where)
    if kind is int and not -(1 << 63) <= value < 1 << 63:
        raise _wrong("a number of 64 bits", value, where)
    return value


def _decode_fields(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong("an object", value, where)
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    needed = [field.name for field in fields(kind) if not _came_later(field)]
    faults = [f"unknown field {_show(name)}" for name in value if name not in names]
    faults += [f"missing field {name!r}" for name in needed if name not in value]
    if faults:
        more = f" and {len(faults) - 4} more" if len(faults) > 4 else ""
        raise InputError(f"{where}: {', '.join(faults[:4])}{more}")
    there = [name for name in names if name in value]
    return kind(**{name: _decode(hints[name], value[name], f"{where}.{name}") for name in there})


def _decode_tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong("a list", value, where)
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise _wrong(f"a list of {len(kinds)}", value, where)
    return tuple(
        _decode(kind, v, f"{where}[{i}]") for i, (kind, v) in enumerate(zip(kinds, value, strict=True))
    )


def _whole_as_float(value: int, where: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise _wrong("float", value, where) from error


def _wrong(wanted: str, value: Any, where: str) -> InputError:
    return InputError(f"{where}: expected {wanted}, got {_show(value)}")


def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
