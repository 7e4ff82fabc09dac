"""Finds out which shared pages a change concerns, and keeps local markers of the tree for which pages were last brought up to
date.

Invariant: everything that the projection reads (records, decisions, overviews) and writes is looked at; a record that cannot be
read takes part in no page. Reads blobs only. A marker is a hint about a tree, valid for one version of the projection. If it is
lost, more is looked at again.
"""

from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from gitkb.errors import FormatError
from gitkb.formats import approvals, records
from gitkb.formats.decisions import concerned, told_otherwise
from gitkb.formats.overviews import page_of
from gitkb.model.documents import Record, Tree, TreeChange
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.wiki.projection import PROJECTION, Scope, concerns_pages, names_in


def scope_of(tree: Tree, changes: Iterable[TreeChange]) -> Scope:
    """The scope of what differs between another tree and this one; `tree` can read the blobs of both."""
    found = list(changes)
    before = [record for change in found if (record := _record(tree, change, change.old)) is not None]
    after = [record for change in found if (record := _record(tree, change, change.new)) is not None]
    return Scope(before, after, {change.path for change in found if concerns_pages(change.path)}, topics_of(tree, found))


def topics_of(tree: Tree, changes: Iterable[TreeChange]) -> set[str]:
    """The keys of the topics about which something was decided, confirmed or written."""
    keys: set[str] = set()
    for change in changes:
        page = page_of(change.path) or approvals.page_of(change.path)
        keys |= concerned(tree, change) if page is None else {page[1]}
        for document in told_otherwise(tree, change):  # a page lists what its documents define besides
            path = records.record_path(document)
            record = _record(tree, TreeChange(path, None, oid), oid) if (oid := tree.blob(path)) is not None else None
            keys.update(names_in(record) if record is not None else ())
    return keys


def differences(base: Tree, tree: Tree, paths: Iterable[str]) -> list[TreeChange]:
    """The differences between two trees at some paths."""
    return [TreeChange(path, base.blob(path), tree.blob(path)) for path in sorted(paths)]


def _record(tree: Tree, change: TreeChange, oid: str | None) -> Record | None:
    if oid is None or records.document_of(change.path) is None:
        return None
    try:
        return records.decode(tree.read_blob(oid), change.path)
    except FormatError:
        return None  # `check` reports it; it takes part in no page


class Marker(StrEnum):
    """WHOLE: the pages were their projection; TOLD: names had been compared and overviews asked for."""

    WHOLE = "whole"
    TOLD = "told"


def scope_since(store: Store, marker: Marker, tip: Snapshot) -> Scope | None:
    """The changes since the tree of a marker; None if unknown, so that everything has to be looked at."""
    try:
        tree = marked_tree(store, marker)
        return scope_of(tip, tip.changes_since(tree)) if tree else None
    except KeyError:
        return None  # that tree has been collected


def marked_tree(store: Store, marker: Marker) -> str:
    """The id of a marker's tree, "" if there is none."""
    try:
        version, _, tree = (store.local / marker).read_text(encoding="ascii").strip().partition(" ")
    except (OSError, ValueError):
        return ""
    return tree if version == str(PROJECTION) and len(tree) == 40 else ""


def remember(store: Store, marker: Marker, tip: Snapshot, scratch: Path | None = None) -> None:
    """Marks a tree. The marker is made in a run's scratch folder, so that a kill leaves nothing behind; without a folder it is
    written in place, where a torn marker counts as none. If it cannot be written the old one stays: it names an older tree, and
    is still true."""
    new = (scratch or store.local) / marker
    with suppress(OSError):
        new.write_text(f"{PROJECTION} {tip.oid}\n", encoding="ascii")
        new.replace(store.local / marker)


def forget(store: Store, marker: Marker) -> None:
    """Removes a marker, so that everything is looked at again."""
    (store.local / marker).unlink(missing_ok=True)
