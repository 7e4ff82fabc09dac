"""Remembers the pages of a site between two exports, so that after a small change only little is rendered.

Invariant: a page is used again only if everything that it was made of is the same: its text, the interface that made it, the
pages that link to it, and which of the pages to which it leads are published. What is damaged counts as absent, and the folder
may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from gitkb.web.view import HERE

_BUCKETS = 64
_MAKERS = ("gitkb", "jinja2", "latex2mathml", "markdown-it-py", "mdit-py-plugins", "nh3", "pygments")


class Facts(Struct, frozen=True):
    """What a page says of itself: its title, a line about it, the pages to which it leads."""

    title: str
    note: str
    targets: tuple[str, ...]


class Made(Struct, frozen=True):
    """A page as HTML: the words that are searched in it, and the pages to which its links lead, published or not."""

    html: bytes
    words: dict[str, int]
    led: tuple[str, ...]
    missed: tuple[str, ...]


class Kept(Struct, frozen=True):
    """What is remembered of a page: the id of its text, and what it was made with and among."""

    text: str
    facts: Facts
    among: str
    made: Made


_Bucket = dict[str, Kept]


class KeptPages:
    """The pages that the last export made."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` is where they are kept; None remembers nothing."""
        self._folder = folder
        self._known: dict[int, _Bucket] = {}
        self._now: dict[int, _Bucket] = {}

    def facts(self, path: str, text: str) -> Facts | None:
        """What is known of a page with a text of this id."""
        found = self._of(path)
        return found.facts if found is not None and found.text == text else None

    def made(self, path: str, text: str, among: str, published: frozenset[str]) -> Made | None:
        """The page, if it would be made the same."""
        found = self._of(path)
        if found is None or (found.text, found.among) != (text, among):
            return None
        made = found.made
        return made if published.issuperset(made.led) and published.isdisjoint(made.missed) else None

    def keep(self, path: str, kept: Kept) -> None:
        """Remembers a page for the next export."""
        self._now.setdefault(_bucket(path), {})[path] = kept

    def save(self) -> None:
        """Writes what was kept, and forgets the rest. A full disk is no error: the work is done again next time."""
        if self._folder is None:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            for number in range(_BUCKETS):
                now = self._now.get(number, {})
                if not _same(now, self._load(number)):
                    self._write(self._folder / f"{number:02}", now)

    def _write(self, file: Path, bucket: _Bucket) -> None:
        try:
            data = zlib.compress(msgspec.msgpack.encode(bucket), 1)
        except ValueError:  # a title with half of a surrogate pair
            data = b""
        handle, name = tempfile.mkstemp(dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _of(self, path: str) -> Kept | None:
        return self._load(_bucket(path)).get(path)

    def _load(self, number: int) -> _Bucket:
        if number not in self._known:
            self._known[number] = {}
            if self._folder is not None:
                with suppress(OSError, ValueError, zlib.error):
                    data = zlib.decompress((self._folder / f"{number:02}").read_bytes())
                    self._known[number] = msgspec.msgpack.decode(data, type=_Bucket)
        return self._known[number]


def _same(one: _Bucket, other: _Bucket) -> bool:
    return one.keys() == other.keys() and all(
        kept.text == other[path].text and kept.among == other[path].among and kept.made is other[path].made
        for path, kept in one.items()
    )


def _bucket(path: str) -> int:
    return zlib.crc32(path.encode()) % _BUCKETS


def among(*parts: Any) -> str:
    """The id of all that a page was made with, besides its text and its links."""
    return hashlib.sha256("\0".join((_maker(), *map(repr, parts))).encode("utf-8", "replace")).hexdigest()


def text_id(content: bytes) -> str:
    """The id of the bytes of a page."""
    return hashlib.sha256(content).hexdigest()


@lru_cache(1)
def _maker() -> str:
    """The id of what makes pages: the interface and the libraries below it."""
    found = hashlib.sha256()
    for file in sorted(each for each in HERE.rglob("*") if each.suffix in (".py", ".html")):
        found.update(file.read_bytes())
    for name in _MAKERS:
        found.update(f"{name} {version(name)}\0".encode())
    return found.hexdigest()
