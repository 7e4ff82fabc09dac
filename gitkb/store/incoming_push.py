"""What a push brings into a repository: its new commits, and every entry of their trees as it was written.

Invariant: reads only, takes no lock, and shows what a `TreeView` hides: links, submodules, and names that no file may have.
Costs what the commits change, however large the trees are.
"""

from collections.abc import Iterator
from functools import lru_cache

import pygit2
from msgspec import Struct
from pygit2.enums import SortMode

from gitkb.errors import RepositoryError
from gitkb.store.local.durable_files import history_errors
from gitkb.store.snapshot import MAX_DEPTH, Entry, ObjectReader
from gitkb.store.tree_builder import TREE_MODE, decode_tree

_FOLDERS_IN_MEMORY = 256


class RawEntry(Struct, frozen=True):
    """A new or changed entry of a tree: the names of the folders above it, its own, its mode, and all names beside it."""

    above: bytes
    name: bytes
    mode: int
    beside: frozenset[bytes]

    @property
    def path(self) -> bytes:
        return self.above + self.name


class Received:
    """The commits of a repository, those of a push that is not accepted yet included."""

    def __init__(self, reader: ObjectReader) -> None:
        self._reader = reader
        self._folder = lru_cache(_FOLDERS_IN_MEMORY)(self._decoded)

    def head(self) -> str:
        """The full name of the branch that HEAD names, "" where it names none."""
        target = self._reader.repository.lookup_reference("HEAD").target
        return target if isinstance(target, str) else ""

    def commit(self, oid: str) -> str | None:
        """The commit that an object is or that a tag leads to, None where it is something else."""
        found = self._reader.repository.get(oid)
        try:
            return str(found.peel(pygit2.Commit).id) if found is not None else None
        except (ValueError, pygit2.GitError):
            return None

    def holds(self, commit: str, ancestor: str) -> bool:
        """Whether a commit is another one or has it among its ancestors."""
        with history_errors():
            return commit == ancestor or self._reader.repository.descendant_of(commit, ancestor)

    def shared(self, commit: str, ref: str) -> str | None:
        """The best common ancestor of a commit and a ref, None where there is no such ref or they have none."""
        repository = self._reader.repository
        try:
            known = self.commit(str(repository.lookup_reference(ref).resolve().target))
        except (KeyError, ValueError):
            return None
        with history_errors():
            found = repository.merge_base(commit, known) if known is not None else None
        return None if found is None else str(found)

    def commits(self, tip: str) -> Iterator[str]:
        """The commits of a tip that no ref of this repository has, oldest first."""
        repository = self._reader.repository
        with history_errors():
            yield from self._new_to(repository, tip)

    def _new_to(self, repository: pygit2.Repository, tip: str) -> Iterator[str]:
        walker = repository.walk(tip, SortMode.TOPOLOGICAL | SortMode.REVERSE)
        for name in repository.references:
            known = self.commit(str(repository.lookup_reference(name).resolve().target))
            if known is not None:
                walker.hide(known)
        for commit in walker:
            yield str(commit.id)

    def entries(self, commit: str) -> Iterator[RawEntry]:
        """What a commit's tree has that none of its parents' trees has, folders included."""
        found = self._reader.commit(commit)
        parents = [str(self._reader.commit(str(oid)).tree_id) for oid in found.parent_ids]
        yield from self._differing(parents, str(found.tree_id), b"")

    def between(self, old: str | None, new: str) -> Iterator[RawEntry]:
        """What a root tree has that another one (None: the empty one) has not, folders included."""
        yield from self._differing([old] if old is not None else [], new, b"")

    def _differing(self, old: list[str], new: str, above: bytes) -> Iterator[RawEntry]:
        if new in old:
            return
        if above.count(b"/") > MAX_DEPTH:
            raise RepositoryError(f"Folders are nested more than {MAX_DEPTH} deep.", "Take them out of the commit.")
        now = self._folder(new)
        before = [dict(self._folder(oid)) for oid in old]
        names = [name for name, _ in now]
        beside = frozenset(names)
        for name, entry in now:
            was = [folder[name] for folder in before if name in folder]
            # The same name twice in one folder is for the reader to judge, not to be taken for known.
            if entry in was and len(names) == len(beside):
                continue
            yield RawEntry(above, name, entry[0], beside)
            if entry[0] == TREE_MODE:
                yield from self._differing([oid for mode, oid in was if mode == TREE_MODE], entry[1], above + name + b"/")

    def _decoded(self, oid: str) -> tuple[tuple[bytes, Entry], ...]:
        return tuple((name, (mode, child)) for name, mode, child in decode_tree(self._reader.raw_tree(oid)))
