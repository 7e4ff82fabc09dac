"""New trees for a group of commits: only the folders on the way to a changed path are read and written again.

Invariant: the same changes on the same tree give the same ids. Folders stay decoded for the whole group, so a commit
costs what it touches. Must not write objects anywhere but into the buffer, and accepts no path that leaves the tree.
"""

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator

from gitkb.errors import InTheWay, RepositoryError
from gitkb.store.objects import ObjectBuffer
from gitkb.store.values import Version
from gitkb.text.names.slugs import is_gits_own

TREE_MODE = 0o40000
FILE_MODES = frozenset({0o100644, 0o100664, 0o100755})
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
MAX_SEGMENT_BYTES = 255
_ENTRY = re.compile(rb"([0-7]+) ([^\0]*)\0(.{20})", re.DOTALL)
_TREE = re.compile(rb"(?>[0-7]+ [^\0]*\0.{20})*+", re.DOTALL)


def raw_entries(data: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """(mode, name, id) of a tree object's entries as they stand there, in git's order; `RepositoryError` for no tree."""
    if not _TREE.fullmatch(data):
        raise RepositoryError("A tree of the repository is damaged.", "git fsck names it.")
    entries: list[tuple[bytes, bytes, bytes]] = _ENTRY.findall(data)
    return entries


def decode_tree(data: bytes) -> Iterator[tuple[bytes, int, str]]:
    """(name, mode, hex id) of a tree object's entries, in git's order; errors as of `raw_entries`."""
    for mode, name, oid in raw_entries(data):
        yield name, int(mode, 8), oid.hex()


def checked_segments(path: str) -> list[bytes]:
    """The names along a path, as bytes; `RepositoryError` for a path that could leave the worktree or touch git's own."""
    segments = path.encode("utf-8", "surrogateescape").split(b"/")
    for segment in segments:
        unsafe = segment in (b"", b".", b"..") or b"\0" in segment or is_gits_own(segment.decode("utf-8", "surrogateescape"))
        if unsafe or len(segment) > MAX_SEGMENT_BYTES:
            raise RepositoryError(f"{path!r} cannot be the path of a file in a knowledge base.")
    return segments


class _Folder:
    """A decoded tree: entries by sort key (git sorts folders as if their names ended in '/')."""

    def __init__(self, data: bytes) -> None:
        self.modes: dict[bytes, int] = {}
        self.oids: dict[bytes, str] = {}
        self.keys: list[bytes] = []
        self.lines: dict[bytes, bytes] = {}
        for name, mode, oid in decode_tree(data):
            self.set(name, mode, oid)

    def set(self, name: bytes, mode: int, oid: str) -> None:
        if self.modes.get(name, mode) != mode:
            self.remove(name)
        key = name + b"/" if mode == TREE_MODE else name
        if name not in self.modes:
            # Entries come sorted from git, so this is an append there.
            insort(self.keys, key)
        self.modes[name], self.oids[name] = mode, oid
        self.lines[key] = b"%o %s\0" % (mode, name) + bytes.fromhex(oid)

    def remove(self, name: bytes) -> None:
        key = name + b"/" if self.modes.pop(name) == TREE_MODE else name
        del self.oids[name], self.lines[key]
        del self.keys[bisect_left(self.keys, key)]

    def encode(self) -> bytes:
        return b"".join([self.lines[key] for key in self.keys])


class TreeEditor:
    """The tree of the group's last commit, changed path by path and written commit by commit."""

    def __init__(self, read_tree: Callable[[str], bytes], buffer: ObjectBuffer, root: str) -> None:
        """`read_tree` returns the raw bytes of an existing tree."""
        self._read_tree = read_tree
        self._buffer = buffer
        self._folders: dict[tuple[bytes, ...], _Folder] = {(): self._load(root)}
        self._dirty: set[tuple[bytes, ...]] = set()

    def _load(self, oid: str) -> _Folder:
        return _Folder(b"" if oid == EMPTY_TREE else self._read_tree(oid))

    def version(self, path: str) -> Version:
        """What stands at a path now; a folder, link or submodule there is in the way."""
        *parents, name = checked_segments(path)
        folder = self._folder(tuple(parents), path)
        if folder is None or name not in folder.modes:
            return Version(None)
        emptied = self._folders.get((*parents, name))
        if folder.modes[name] == TREE_MODE and emptied is not None and not emptied.keys:
            return Version(None)
        if folder.modes[name] not in FILE_MODES:
            raise InTheWay(f"{path} is not a file in the commit, so gitkb does not write it.", "Rename what stands there.")
        return Version(folder.oids[name], folder.modes[name])

    def put(self, path: str, version: Version) -> None:
        """Set a path; a version without oid removes it."""
        *parents, name = checked_segments(path)
        where = tuple(parents)
        if version.oid is None:
            folder = self._folder(where, path)
            if folder is not None and name in folder.modes:
                folder.remove(name)
                self._touch(where)
            return
        for depth in range(1, len(where) + 1):
            self._folders.setdefault(where[:depth], self._folder(where[:depth], path) or _Folder(b""))
        self._folders[where].set(name, version.mode, version.oid)
        self._touch(where)

    def _touch(self, where: tuple[bytes, ...]) -> None:
        self._dirty.update(where[:depth] for depth in range(len(where) + 1))

    def _folder(self, where: tuple[bytes, ...], path: str) -> _Folder | None:
        if where in self._folders:
            return self._folders[where]
        parent = self._folder(where[:-1], path)
        if parent is None or where[-1] not in parent.modes:
            return None
        if parent.modes[where[-1]] != TREE_MODE:
            standing = b"/".join(where).decode("utf-8", "replace")
            raise InTheWay(
                f"{standing} is not a folder in the commit, so {path} cannot be below it.", "Rename what stands there."
            )
        self._folders[where] = self._load(parent.oids[where[-1]])
        return self._folders[where]

    def write(self) -> str:
        """Put all changed trees into the buffer, deepest first, and return the root's id. Empty folders vanish."""
        for where in sorted(self._dirty, key=lambda where: (-len(where), where)):
            if not where:
                continue
            folder, parent = self._folders[where], self._folders[where[:-1]]
            if folder.keys:
                parent.set(where[-1], TREE_MODE, self._buffer.put("tree", folder.encode()))
            elif where[-1] in parent.modes and parent.modes[where[-1]] == TREE_MODE:
                parent.remove(where[-1])
        self._dirty.clear()
        return self._buffer.put("tree", self._folders[()].encode())
