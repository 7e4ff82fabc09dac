"""Frozen dataclasses of plain data as JSON bytes, and back: what the cache holds.

Invariant: reading gives a value of exactly the declared types or raises `ValueError`; bytes from anywhere run nothing and make
no object but these. Fields are written in their order without their names, so whoever changes a class changes what stored
entries mean: the class's fields are part of what a cache's key is made from (`shape`).
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")
_SIMPLE = (str, int, float, bool)


def dumps(value: object) -> bytes:
    """A dataclass, text, or tuple of such as bytes."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def loads(kind: type[T], data: bytes) -> T:
    """The value of a type that `dumps` wrote; `ValueError` where the bytes are anything else."""
    declared: Any = kind
    try:
        value: T = _reader(declared)(json.loads(data.decode("utf-8", "surrogatepass"), parse_constant=_refuse))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value


@cache
def shape(kind: Any) -> str:
    """What the stored bytes of a type depend on: its fields by name and type, and those of the dataclasses among them."""
    if not is_dataclass(kind):
        return str(kind)
    hints = get_type_hints(kind)
    inner: dict[Any, None] = dict.fromkeys(one for hint in hints.values() for one in (hint, *get_args(hint)) if is_dataclass(one))
    return f"{kind}({', '.join(f'{name}: {hint}' for name, hint in hints.items())}){''.join(map(shape, inner))}"


def _plain(value: Any) -> Any:
    if isinstance(value, _SIMPLE):
        return value
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(getattr(value, field.name)) for field in fields(value)]


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """The function that makes a value of a declared type out of JSON."""
    if is_dataclass(kind):
        return _dataclass(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple and inner[1:] == (...,):
        return _tuple(_reader(inner[0]))
    if origin is Literal:
        return lambda value: _checked(value, isinstance(value, str) and value in inner)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(_reader(inner[1]))
    if kind is bytes:
        return lambda value: b64decode(_checked(value, isinstance(value, str)), validate=True)
    if kind is float:
        return lambda value: _checked(value, type(value) in (int, float))
    if kind in _SIMPLE:
        return lambda value: _checked(value, type(value) is kind)
    raise TypeError(f"{kind} is no plain data")


def _dataclass(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    readers = [_reader(hints[field.name]) for field in fields(kind)]

    def read(value: Any) -> Any:
        _checked(value, isinstance(value, list) and len(value) == len(readers))
        return kind(*[reader(item) for reader, item in zip(readers, value, strict=True)])

    return read


def _tuple(reader: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: tuple([reader(item) for item in _checked(value, isinstance(value, list))])


def _mapping(reader: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: {key: reader(item) for key, item in _checked(value, isinstance(value, dict)).items()}


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _checked(value: Any, right: bool) -> Any:
    if not right:
        raise ValueError(f"a value of another type was expected than {type(value).__name__}")
    return value
