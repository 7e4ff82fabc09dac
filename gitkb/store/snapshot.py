"""Read-only views of one tree or commit, over pygit2; loose objects are read here, because libgit2 trusts damaged ones.

Invariant: never takes a lock, never changes anything, and shows regular files only: links and submodules of a tree are
invisible. A repack by somebody else between two reads is not an error: the repository is opened anew once. A loose object that
is torn, damaged or lies about its size is an object that is not there: libgit2 1.9 reads such files for ever (libgit2#7342) or
writes past its buffer (libgit2#7177), and one is enough, left by a power failure or put there by somebody else.
"""

import os
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pygit2
from pygit2.enums import ObjectType

from gitkb.errors import MissingObject, RepositoryError
from gitkb.model.documents import TreeChange
from gitkb.store.git_program import fetch_object
from gitkb.store.opening import read_pointer
from gitkb.store.tree_builder import EMPTY_TREE, FILE_MODES, TREE_MODE, decode_tree, raw_entries

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
        if len(start) == pygit2.GIT_OID_HEXSZ:  # libgit2 asks for whole ids in this way too, each time a tree is read
            if self.exists_cb(start):
                return pygit2.Oid(hex=start)
            raise KeyError(start)
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


_Object = TypeVar("_Object", pygit2.Blob, pygit2.Tree, pygit2.Commit)
Entry = tuple[int, str]
MAX_DEPTH = 400


class ObjectReader:
    """Objects of one repository by id, and those of one more folder of objects where it is given."""

    def __init__(self, git_dir: Path, also: Path | None = None) -> None:
        self.git_dir = git_dir
        self._also = also
        self.repository = self._open()

    def _open(self) -> pygit2.Repository:
        return open_bare(self.git_dir, self._also)

    def _get(self, oid: str, kind: type[_Object]) -> _Object:
        try:
            found = self.repository[pygit2.Oid(hex=oid)]  # told as text it is looked for as the beginning of an id
        except (KeyError, ValueError, pygit2.GitError):
            # A repack may have replaced the packs that this handle knows.
            self.repository = self._open()
            try:
                found = self._again(oid)
            except (KeyError, ValueError, pygit2.GitError) as error:
                raise MissingObject(oid) from error
        if not isinstance(found, kind):
            raise MissingObject(oid)
        return found

    def _again(self, oid: str) -> pygit2.Object:
        try:
            return self.repository[oid]
        except KeyError:
            if not _is_partial(self.repository):
                raise
        fetch_object(self.git_dir, oid)
        self.repository = self._open()
        return self.repository[oid]

    def blob(self, oid: str) -> bytes:
        """A blob's bytes; `KeyError` where there is none."""
        return self._get(oid, pygit2.Blob).data

    def tree(self, oid: str) -> pygit2.Tree:
        """A tree; `KeyError` where there is none."""
        return self._get(oid, pygit2.Tree)

    def raw_tree(self, oid: str) -> bytes:
        """A tree's bytes; `KeyError` where there is none."""
        return b"" if oid == EMPTY_TREE else self.tree(oid).read_raw()

    def commit(self, oid: str) -> pygit2.Commit:
        """A commit; `KeyError` where there is none."""
        return self._get(oid, pygit2.Commit)


def _is_partial(repository: pygit2.Repository) -> bool:
    """Whether `git clone --filter` made a repository, so that a remote has what is missing here."""
    config = repository.config
    names = [entry.name for entry in config if entry.name.startswith("remote.") and entry.name.endswith(".promisor")]
    return any(config.get_bool(name) for name in names)


def open_bare(git_dir: Path, also: Path | None = None) -> pygit2.Repository:
    """A handle that reads objects and nothing else, those in one more folder too; what appeared since is seen."""
    repository = pygit2.Repository(str(git_dir), pygit2.enums.RepositoryOpenFlag.NO_SEARCH)
    common = read_pointer(git_dir / "commondir")
    repository.set_odb(object_database((git_dir / common if common else git_dir) / "objects", also))
    return repository


def decode_path(path: bytes) -> str:
    """A path of the repository as text that `encode` with surrogateescape turns back into the same bytes."""
    return path.decode("utf-8", "surrogateescape")


def full_path(inside: str, path: str) -> str:
    """A path as it counts from the root of the repository, where the knowledge base is in the folder `inside`; one that begins
    with "/" does already."""
    if path.startswith("/"):
        return path[1:]
    return f"{inside}/{path}" if inside and path else path or inside


def short_path(inside: str, path: str) -> str:
    """A path of the repository as it counts from the root of the knowledge base, with "/" before it where it is not in there."""
    if not inside:
        return path
    return path[len(inside) + 1 :] if path.startswith(f"{inside}/") else f"/{path}"


class TreeView:
    """The files of one root tree."""

    def __init__(self, reader: ObjectReader, oid: str) -> None:
        reader.raw_tree(oid)
        self._reader = reader
        self._oid = oid

    @property
    def oid(self) -> str:
        """The hex id of the root tree."""
        return self._oid

    def blob(self, path: str) -> str | None:
        """The hex id of a file's blob, None where there is no file."""
        entry = self.entry(path)
        return entry[1] if entry is not None and entry[0] in FILE_MODES else None

    def entry(self, path: str) -> Entry | None:
        """(mode, id) of whatever stands at a path, None where nothing does."""
        if self._oid == EMPTY_TREE or not path or path.startswith("/") or "\0" in path:
            return None
        try:
            found = self._reader.tree(self._oid)[path]
        except (KeyError, ValueError):
            return None
        except pygit2.GitError as error:
            raise MissingObject(path) from error
        return (int(found.filemode), str(found.id))

    def folder(self, path: str) -> str | None:
        """The hex id of a folder's tree, None where there is no folder."""
        entry = self.entry(path)
        return entry[1] if entry is not None and entry[0] == TREE_MODE else None

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None where there is none."""
        oid = self.blob(path)
        return None if oid is None else self._reader.blob(oid)

    def read_blob(self, oid: str) -> bytes:
        """The bytes of a blob by its hex id; `KeyError` where there is none."""
        return self._reader.blob(oid)

    def files(self, prefix: str = "", without: Collection[str] = ()) -> Iterator[tuple[str, str]]:
        """All (path, blob id) below a folder, in git's order; all files for ''. Folders at the paths `without` are not looked
        into."""
        root: str | None = self._oid
        prefix = prefix.strip("/")
        if prefix:
            root = self.folder(prefix)
        if root is not None:
            yield from self._walk(root, f"{prefix}/" if prefix else "", frozenset(without))

    def _walk(self, root: str, start: str, without: Collection[str]) -> Iterator[tuple[str, str]]:
        """The files of a tree, whose paths begin with `start`; in one loop, since each level of generators costs every file."""
        open_folders = [(start, iter(decode_tree(self._reader.raw_tree(root))))]
        while open_folders:
            prefix, entries = open_folders[-1]
            for name, mode, child in entries:
                path = prefix + name.decode("utf-8", "surrogateescape")
                if mode in FILE_MODES:
                    yield path, child
                elif mode == TREE_MODE and path not in without:
                    _refuse_deep(len(open_folders), path)
                    open_folders.append((f"{path}/", iter(decode_tree(self._reader.raw_tree(child)))))
                    break
            else:
                open_folders.pop()

    def changes_since(self, old: str | None, folder: str = "") -> list[TreeChange]:
        """What differs from another root tree (None: the empty one) in a folder ("": everywhere), sorted by path; `KeyError`
        where that tree is gone."""
        found: list[tuple[bytes, str | None, str | None]] = []
        before, now = (None if oid == EMPTY_TREE else oid for oid in (old, self._oid))
        if folder:
            before, now = (None if oid is None else TreeView(self._reader, oid).folder(folder) for oid in (before, now))
        self._compare(before, now, f"{folder}/".encode() if folder else b"", found)
        return [TreeChange(path, before, now) for path, before, now in sorted((decode_path(p), a, b) for p, a, b in found)]

    def _differing(self, old: str | None, new: str | None) -> tuple[dict[bytes, Entry], dict[bytes, Entry]]:
        """The entries that two trees do not share. Most of a large folder is in both, and is not decoded."""
        before, now = (set(raw_entries(self._reader.raw_tree(oid))) if oid is not None else set() for oid in (old, new))
        return _by_name(before - now), _by_name(now - before)

    def _compare(
        self, old: str | None, new: str | None, prefix: bytes, found: list[tuple[bytes, str | None, str | None]], depth: int = 0
    ) -> None:
        if old == new:
            return
        _refuse_deep(depth, decode_path(prefix))
        before, now = self._differing(old, new)
        for name in before.keys() | now.keys():
            one, other = before.get(name), now.get(name)
            self._compare(_sub_tree(one), _sub_tree(other), prefix + name + b"/", found, depth + 1)
            was, is_ = _file(one), _file(other)
            if was != is_:
                found.append((prefix + name, was, is_))


def _by_name(entries: Iterable[tuple[bytes, bytes, bytes]]) -> dict[bytes, Entry]:
    return {name: (int(mode, 8), oid.hex()) for mode, name, oid in entries}


def _refuse_deep(depth: int, path: str) -> None:
    if depth > MAX_DEPTH:
        raise RepositoryError(f"Folders are nested more than {MAX_DEPTH} deep at {path[:60]}...", "Take them out of the commit.")


def _sub_tree(entry: Entry | None) -> str | None:
    return entry[1] if entry is not None and entry[0] == TREE_MODE else None


def _file(entry: Entry | None) -> str | None:
    return entry[1] if entry is not None and entry[0] in FILE_MODES else None


class Snapshot(TreeView):
    """The files of one commit, with who made it and when; `commit` is "" for a branch that has none yet. Where a knowledge base
    is in a folder of its repository (`inside`), its files are those of this folder, and `whole` are all."""

    def __init__(self, reader: ObjectReader, commit: str, inside: str = "") -> None:
        found = reader.commit(commit) if commit else None
        self.whole = TreeView(reader, str(found.tree_id) if found is not None else EMPTY_TREE)
        super().__init__(reader, (self.whole.folder(inside) or EMPTY_TREE) if inside else self.whole.oid)
        self.commit, self.inside = commit, inside
        self.time = found.commit_time if found is not None else 0
        self.author = f"{found.author.name} <{found.author.email}>" if found is not None else ""
