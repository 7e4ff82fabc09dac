"""Collects the changes to paths of a tree: new bytes, a blob that is known by its id alone, or a deletion.

Invariant: a path has one kind of change, and only if the tree would differ. Content and ids are never mixed up.
"""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from gitkb.model.documents import Tree
from gitkb.store.objects import file_blob_id, object_id
from gitkb.store.values import Content, Stored


class PathChanges(Struct, frozen=True):
    """`written` has new bytes by path, `known` the blob ids of new files whose bytes nobody will ask for, `deleted` what goes."""

    written: Mapping[str, bytes] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()

    @property
    def paths(self) -> frozenset[str]:
        """All paths that would differ."""
        return frozenset({*self.written, *self.known, *self.deleted})

    @property
    def coming(self) -> tuple[str, ...]:
        """The paths that would hold something new, sorted."""
        return tuple(sorted({*self.written, *self.known}))

    @property
    def contents(self) -> dict[str, bytes | None]:
        """New bytes by path, None for a deletion; without blobs that are known by their ids alone."""
        return {**self.written, **dict.fromkeys(self.deleted)}


class ChangeNotes:
    """Gathers what the commits of a dry run would change, one after another. What no shared page is made of (originals, pictures,
    a document's own pages) is kept as the id of its blob and its file is deleted, so that a dry run of much takes little memory
    and disk."""

    def __init__(self) -> None:
        self._written: dict[str, bytes] = {}
        self._known: dict[str, str] = {}
        self._deleted: set[str] = set()

    def note(self, tip: Tree, changes: Mapping[str, Content]) -> None:
        """Adds what a planned commit changes; deletes the files of the scratch folder that it names."""
        for path, content in changes.items():
            assert not isinstance(content, Stored)
            self._forget(path)
            oid = _blob_id(content)
            if oid is None:
                if tip.blob(path) is not None:
                    self._deleted.add(path)
            elif oid != tip.blob(path):
                if isinstance(content, Path) and not path.startswith(".gitkb/"):
                    self._known[path] = oid
                else:
                    self._written[path] = content.read_bytes() if isinstance(content, Path) else content or b""
            if isinstance(content, Path):
                content.unlink()

    def _forget(self, path: str) -> None:
        self._written.pop(path, None)
        self._known.pop(path, None)
        self._deleted.discard(path)

    def result(self) -> PathChanges:
        """The changes collected so far."""
        return PathChanges(dict(self._written), dict(self._known), frozenset(self._deleted))


def _blob_id(content: bytes | Path | None) -> str | None:
    if content is None:
        return None
    return file_blob_id(content) if isinstance(content, Path) else object_id("blob", content)
