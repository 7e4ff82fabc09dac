"""What a change does to the paths of a tree: new content, or a deletion.

Invariant: a path has one kind of change. Content and blob ids are never mixed up. Such a change need not make a difference: a
projection, for example, says of each shared page what it must hold, whatever it holds now.
"""

from collections.abc import Iterable, Iterator, Mapping, Set

from msgspec import Struct, field

from gitkb.model.documents import Tree


class PathChanges(Struct, frozen=True):
    """`written` has new bytes by path, `deleted` the paths that go, `known` the ids of blobs by path: new content that is named
    instead of held in memory."""

    written: Mapping[str, bytes] = field(default_factory=dict)
    deleted: Set[str] = field(default_factory=frozenset)
    known: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, contents: Iterable[tuple[str, bytes | None]]) -> "PathChanges":
        """The changes that these pairs describe: a path with its new bytes, or None for a deletion. The last of a path counts."""
        found = dict(contents)
        written = {path: content for path, content in found.items() if content is not None}
        return cls(written, found.keys() - written.keys())

    def __bool__(self) -> bool:
        return bool(self.written or self.deleted or self.known)

    def __contains__(self, path: str) -> bool:
        return path in self.written or path in self.deleted or path in self.known

    @property
    def paths(self) -> frozenset[str]:
        """All paths that are written or deleted."""
        return frozenset({*self.written, *self.known, *self.deleted})

    @property
    def coming(self) -> tuple[str, ...]:
        """The paths that get new content, sorted."""
        return tuple(sorted({*self.written, *self.known}))

    def items(self) -> Iterator[tuple[str, bytes | None]]:
        """Each path, sorted, with its new bytes, None for a deletion. `ValueError` if the bytes of a path are not here."""
        if self.known:
            raise ValueError(f"{min(self.known)} is known by its id alone")
        for path in sorted(self.paths):
            yield path, self.written.get(path)

    def read(self, path: str, tree: Tree) -> bytes | None:
        """What a path of a tree holds once these changes are made; None if there is no such file then. `KeyError` if its bytes
        are not here."""
        if path in self.known:
            raise KeyError(f"{path} is known by its id alone")
        return self.written.get(path) if path in self.written or path in self.deleted else tree.read(path)

    def over(self, earlier: "PathChanges") -> "PathChanges":
        """The earlier changes and these, which win where both concern a path."""
        return PathChanges(
            {**{path: data for path, data in earlier.written.items() if path not in self}, **self.written},
            frozenset({*(path for path in earlier.deleted if path not in self), *self.deleted}),
            {**{path: oid for path, oid in earlier.known.items() if path not in self}, **self.known},
        )

    def differing(self, tree: Tree) -> "PathChanges":
        """The part after which the tree is not as it was. `ValueError` if the bytes of a path are not here."""
        return PathChanges.of((path, content) for path, content in self.items() if content != tree.read(path))

    def only(self, paths: Iterable[str]) -> "PathChanges":
        """The part that concerns these paths."""
        wanted = frozenset(paths)
        return PathChanges(
            {path: data for path, data in self.written.items() if path in wanted},
            frozenset(self.deleted & wanted),
            {path: oid for path, oid in self.known.items() if path in wanted},
        )


class PathChangesBuilder:
    """Changes of paths while they are put together, one path at a time; what comes later replaces what was said of a path."""

    def __init__(self) -> None:
        self._written: dict[str, bytes] = {}
        self._deleted: set[str] = set()
        self._known: dict[str, str] = {}

    def write(self, path: str, content: bytes | None) -> None:
        """New bytes of a path; None deletes it."""
        self.forget(path)
        if content is None:
            self._deleted.add(path)
        else:
            self._written[path] = content

    def name(self, path: str, oid: str | None) -> None:
        """The blob with this id as the new content of a path; None deletes it."""
        self.forget(path)
        if oid is None:
            self._deleted.add(path)
        else:
            self._known[path] = oid

    def delete(self, *paths: str) -> None:
        for path in paths:
            self.write(path, None)

    def add(self, changes: PathChanges) -> None:
        """Other changes, upon those so far."""
        self.delete(*changes.deleted)
        for path, content in changes.written.items():
            self.write(path, content)
        for path, oid in changes.known.items():
            self.name(path, oid)

    def forget(self, path: str) -> None:
        """Leaves a path as it is."""
        self._written.pop(path, None)
        self._deleted.discard(path)
        self._known.pop(path, None)

    def result(self) -> PathChanges:
        """The changes so far."""
        return PathChanges(dict(self._written), frozenset(self._deleted), dict(self._known))
