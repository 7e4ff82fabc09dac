"""Finds what would turn a knowledge base back: bytes that were replaced, documents that were removed, names that were changed.

Invariant: reads only, and judges from the history of records and from recorded removals, never from times or messages; so it
holds after squash and rebase. A shallow clone knows only a part of the history, and says nothing about the rest.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from gitkb.errors import FormatError
from gitkb.formats import records
from gitkb.formats.decisions import removed_path
from gitkb.model.documents import Source, Tree
from gitkb.model.results import Older, OlderKind
from gitkb.store.history import PathChange
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot


class Coming(Struct, frozen=True):
    """A document as it is about to be: its name, the path and hash of its original, and its name now if it is renamed."""

    document: str
    source: str
    sha256: str
    before: str = ""


def older(store: Store, tip: Snapshot, coming: Iterable[Coming]) -> list[Older]:
    """Those of the documents that are older than a commit has them, in their order."""
    asked = list(coming)
    if not asked:
        return []
    past = store.all_changes([records.record_path(each.document) for each in asked], tip.commit)
    removals = store.all_changes(_removals(tip, asked), tip.commit)
    return [found for each in asked for found in _Past(tip, past, removals).older(each)]


def _removals(tip: Tree, asked: Sequence[Coming]) -> list[str]:
    """Where it is recorded that some of these documents were removed."""
    return [path for each in asked if tip.blob(path := removed_path(each.document)) is not None]


class _Past(Struct, frozen=True):
    """The history of a commit's records and removals, the newest first."""

    tip: Tree
    records: Mapping[str, list[PathChange]]
    removals: Mapping[str, list[PathChange]]

    def older(self, coming: Coming) -> Iterator[Older]:
        """What speaks against a document: at most one thing."""
        path = records.record_path(coming.document)
        current = self.tip.blob(path)
        changes = self.records.get(path, [])
        if coming.before and coming.before != coming.document:
            if current is None and (found := self._renamed(changes)):
                yield _told(coming, OlderKind.RENAMED, found)
        elif coming.before:
            yield from self._moved_back(coming, changes)
        elif current is None:
            yield from self._returning(coming, changes)
        elif (found := self._replaced(changes, coming)) is not None:
            yield _told(coming, OlderKind.REPLACED, found)

    def _renamed(self, changes: list[PathChange]) -> PathChange | None:
        """The commit that gave up a name that a document had."""
        return next((change for change in changes if change.new is None), None)

    def _moved_back(self, coming: Coming, changes: list[PathChange]) -> Iterator[Older]:
        """A document of the same name whose file moved, and moves back to where it was."""
        for change in changes:
            if (source := self._source(change.old)) is not None and source.path == coming.source:
                yield _told(coming, OlderKind.RENAMED, change)
                return

    def _returning(self, coming: Coming, changes: list[PathChange]) -> Iterator[Older]:
        decided = removed_path(coming.document)
        gone = self._renamed(changes)
        if self.tip.blob(decided) is not None:
            noted = next(iter(self.removals.get(decided, [])), gone)
            if noted is not None:
                yield _told(coming, OlderKind.REMOVED, noted, decided=True)
        elif gone is not None and any(self._has(change.old, coming.sha256) for change in changes):
            yield _told(coming, OlderKind.REMOVED, gone)

    def _replaced(self, changes: list[PathChange], coming: Coming) -> PathChange | None:
        """The commit that put other bytes in the place of these."""
        return next(
            (c for c in changes if self._has(c.old, coming.sha256) and c.new and not self._has(c.new, coming.sha256)), None
        )

    def _has(self, blob: str | None, sha256: str) -> bool:
        source = self._source(blob)
        return source is not None and source.sha256 == sha256

    def _source(self, blob: str | None) -> Source | None:
        if blob is None:
            return None
        try:
            return records.source_in(self.tip.read_blob(blob))
        except (FormatError, KeyError):
            return None  # what cannot be read tells nothing


def _told(coming: Coming, kind: OlderKind, change: PathChange, *, decided: bool = False) -> Older:
    day = datetime.fromtimestamp(change.time, UTC).date().isoformat()
    return Older(coming.document, coming.source, kind, change.commit, change.author, day, coming.before, decided)
