"""A tree that exists in memory only: another tree with some changes.

Invariant: writes no object. It answers everything that a tree answers, and its id depends on its content alone.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gitkb.model.documents import Tree, TreeChange
from gitkb.model.path_changes import PathChanges
from gitkb.store.objects import object_id


@dataclass(frozen=True, slots=True)
class Overlay:
    """The tree that results from a base with changes. Files that are known only by the ids of their blobs cannot be read. A
    `Tree`."""

    base: Tree
    changes: PathChanges
    blobs: Mapping[str, bytes] = field(init=False)
    oid: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "blobs", {object_id("blob", data): data for data in self.changes.written.values()})
        named = [self.base.oid, *(f"{path}\0{self.blob(path)}" for path in sorted(self.changes.paths))]
        # It stands for a tree in the catalog's tables, where nothing of it is kept.
        object.__setattr__(
            self, "oid", hashlib.sha1("\n".join(named).encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
        )

    def read(self, path: str) -> bytes | None:
        return self.changes.read(path, self.base)

    def read_blob(self, oid: str) -> bytes:
        found = self.blobs.get(oid)
        return self.base.read_blob(oid) if found is None else found

    def blob(self, path: str) -> str | None:
        if path not in self.changes:
            return self.base.blob(path)
        data = self.changes.written.get(path)
        return self.changes.known.get(path) if data is None else object_id("blob", data)

    def files(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        inside = f"{prefix.strip('/')}/" if prefix else ""
        found = {path: oid for path, oid in self.base.files(prefix) if path not in self.changes}
        found |= {path: oid for path, oid in self.changes.known.items() if path.startswith(inside)}
        found |= {path: object_id("blob", data) for path, data in self.changes.written.items() if path.startswith(inside)}
        yield from sorted(found.items())

    def changes_since(self, old: str | None) -> list[TreeChange]:
        found = {change.path: change for change in self.base.changes_since(old)}
        for path in self.changes.paths:
            before = found[path].old if path in found else self.base.blob(path)
            found[path] = TreeChange(path, before, self.blob(path))
        return [change for _, change in sorted(found.items()) if change.old != change.new]
