"""Data classes as JSON and back: what the cache stores, and what a worker process answers.

Invariant: reading gives a value of exactly the declared types or raises `ValueError`, whoever wrote the bytes: a worker that its
document has taken over, or somebody who put files into the cache. They run nothing and make no object but these.
"""

import json
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

from msgspec import Struct, convert, to_builtins

T = TypeVar("T")
BEAT = b""
"""What a worker answers between: it has read another page by OCR, and goes on. No value is written so."""


def dumps(value: object) -> bytes:
    """A data class, text, or tuple of such as one line of JSON.

    The standard library writes it: text from a damaged document may hold halves of surrogate pairs, which msgspec refuses.
    """
    return json.dumps(to_builtins(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def loads(kind: type[T], data: bytes) -> T:
    """The value of a type that `dumps` wrote; `ValueError` where the bytes are anything else."""
    try:
        return convert(json.loads(data.decode("utf-8", "surrogatepass"), parse_constant=_refuse), kind)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _is_data(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


@cache
def shape(kind: Any) -> str:
    """A description of a type's stored form: its fields by name and type, and those of the data classes among them.

    It belongs into the key of whatever is stored, because a field that is missing in old bytes would be read as its default.
    """
    if not _is_data(kind):
        return str(kind)
    hints = get_type_hints(kind)
    inner: dict[Any, None] = dict.fromkeys(one for hint in hints.values() for one in (hint, *get_args(hint)) if _is_data(one))
    return f"{kind}({', '.join(f'{name}: {hint}' for name, hint in hints.items())}){''.join(map(shape, inner))}"
