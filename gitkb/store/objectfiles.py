"""The objects of a repository as gitkb reads them: packs through libgit2, loose files through Python's zlib.

Invariant: a file that is torn, damaged or lies about its size is an object that is not there. libgit2 1.9 reads such files for
ever (libgit2 issue 7342) or writes past its buffer (issue 7177), and one is enough: left by a power failure, or put there by
somebody else. Reads only.
"""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

_KINDS = {b"commit": ObjectType.COMMIT, b"tree": ObjectType.TREE, b"blob": ObjectType.BLOB, b"tag": ObjectType.TAG}
_PACKS_FIRST, _THEN_FILES = 2, 1
_LONGEST_HEAD = 64
_DEEPEST = 5
"""How many repositories borrow from one another in a row, as git allows."""


def object_database(folder: Path, also: Path | None = None) -> pygit2.Odb:
    """The objects in a repository's folder of objects, in those that it borrows from, and in one more."""
    database = pygit2.Odb()
    for each in dict.fromkeys([*_folders(folder, 0), *([also] if also is not None else [])]):
        database.add_backend(pygit2.OdbBackendPack(str(each)), _PACKS_FIRST)
        database.add_backend(LooseObjects(each), _THEN_FILES)
    return database


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    """The folder and those that its `info/alternates` names, one a line."""
    yield folder
    try:
        lines = (folder / "info" / "alternates").read_bytes().splitlines()
    except OSError:
        return
    for line in lines if depth < _DEEPEST else ():
        if line and not line.startswith(b"#"):
            yield from _folders(folder / os.fsdecode(line), depth + 1)


class LooseObjects(pygit2.OdbBackend):
    """Objects in files of their own, by id; `KeyError` for what is not there or not whole."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = os.fspath(folder)

    def read_cb(self, oid: object) -> tuple[int, bytes]:
        """(kind, bytes) of an object."""
        name = str(oid)
        try:
            with open(f"{self._folder}/{name[:2]}/{name[2:]}", "rb") as file:
                content = file.read()
        except OSError as error:
            raise KeyError(name) from error
        return _decoded(content, name)

    def read_header_cb(self, oid: object) -> tuple[int, int]:
        """(kind, size in bytes) of an object."""
        kind, data = self.read_cb(oid)
        return kind, len(data)

    def read_prefix_cb(self, prefix: object) -> tuple[int, bytes, pygit2.Oid]:
        """(kind, bytes, id) of the only object whose id begins like this."""
        oid = self.exists_prefix_cb(prefix)
        return *self.read_cb(oid), oid

    def exists_cb(self, oid: object) -> bool:
        """Whether there is a file for an object."""
        name = str(oid)
        return os.path.exists(f"{self._folder}/{name[:2]}/{name[2:]}")  # noqa: PTH110 - asked for each object that is read

    def exists_prefix_cb(self, prefix: object) -> pygit2.Oid:
        """The only id that begins like this; `ValueError` where there are several."""
        start = str(prefix)
        try:
            names = [f"{start[:2]}{file.name}" for file in Path(self._folder, start[:2]).iterdir()]
        except OSError as error:
            raise KeyError(start) from error
        found = [name for name in names if name.startswith(start) and len(name) == pygit2.GIT_OID_HEXSZ]
        if len(found) > 1:
            raise ValueError(f"{start} is ambiguous")
        if not found:
            raise KeyError(start)
        return pygit2.Oid(hex=found[0])

    def refresh_cb(self) -> None:
        """Nothing is remembered."""


def _decoded(content: bytes, name: str) -> tuple[int, bytes]:
    stream = zlib.decompressobj()
    try:
        head, nul, start = stream.decompress(content, _LONGEST_HEAD).partition(b"\0")
        kind, _, size = head.partition(b" ")
        if not nul or not size.isdigit():
            raise KeyError(name)
        # One byte more than promised shows a file that holds more, and no more of it is unpacked.
        data = start + stream.decompress(stream.unconsumed_tail, max(1, int(size) - len(start) + 1))
    except (zlib.error, ValueError, OverflowError) as error:
        raise KeyError(name) from error
    if len(data) != int(size) or not stream.eof or kind not in _KINDS:
        raise KeyError(name)
    return int(_KINDS[kind]), data
