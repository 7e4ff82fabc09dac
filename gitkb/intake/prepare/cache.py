"""Remembers conversions and digests by the content they were made from, as JSON of frozen dataclasses.

Invariant: reading gives a value of exactly the declared types or raises `ValueError`; bytes from anywhere run nothing and make
no object but these. Fields are written in their order without their names, so whoever changes a class changes what stored
entries mean: the class's fields are part of what a cache's key is made from (`shape`).

Invariant: an entry is a pure function of its key, written by rename, so it is either whole or absent; a damaged one counts as
absent. It is data, never code: nothing that somebody puts here is run. It lies in `.git/gitkb/cache`, is never tracked or
shared, and may be deleted at any time.
"""

import contextlib
import hashlib
import json
import os
import random
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
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


SAMPLE = 8


class Cache:
    """Entries below one folder, by key texts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def remember(self, kind: type[T], key: tuple[str, ...], make: Callable[[], T]) -> T:
        """The entry of a key, made and stored when there is none; errors of `make` are not remembered."""
        declared: Any = kind
        file = self._file(shape(declared), key)
        with contextlib.suppress(OSError, ValueError):
            return loads(kind, file.read_bytes())
        made = make()
        self._store(file, made)
        return made

    def prune(self) -> int:
        """Deletes all entries; how many there were."""
        with contextlib.suppress(OSError):
            entries = list(_entries(sorted(self.folder.iterdir())))
            self._delete_oldest(entries, -1)
            return len(entries)
        return 0

    def trim(self, limit: int) -> None:
        """Deletes the entries used longest ago until at most `limit` bytes remain.

        Entries lie in folders by hash, so a few of these tell how much is in all: only when they say that more than half of
        the limit is used every entry is looked at. The few are others each time, so large entries are not missed for long.
        """
        with contextlib.suppress(OSError):
            folders = sorted(self.folder.iterdir())
            looked_at = random.sample(folders, min(SAMPLE, len(folders)))
            if sum(size for _, size, _ in _entries(looked_at)) * len(folders) > limit / 2 * len(looked_at):
                self._delete_oldest(sorted(_entries(folders)), limit)

    def _delete_oldest(self, entries: list[tuple[int, int, str]], limit: int) -> None:
        total = sum(size for _, size, _ in entries)
        for _, size, file in entries:
            if total <= limit:
                return
            with contextlib.suppress(OSError):
                Path(file).unlink()
                total -= size

    def _file(self, kind: str, key: tuple[str, ...]) -> Path:
        name = hashlib.sha256("\0".join((kind, *key)).encode()).hexdigest()
        return self.folder / name[:2] / name[2:]

    def _store(self, file: Path, value: object) -> None:
        """A full disk or a folder without write permission only costs the memory of the work."""
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=file.parent)
            try:
                with os.fdopen(handle, "wb") as out:
                    out.write(dumps(value))
                Path(name).replace(file)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise


def _entries(folders: Iterable[Path]) -> Iterator[tuple[int, int, str]]:
    """(time of use, size, file) of all entries in some of the cache's folders."""
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as found:
            for entry in found:
                status = entry.stat()
                yield status.st_mtime_ns, status.st_size, entry.path
