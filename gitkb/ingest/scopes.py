"""What a difference of trees means to the shared pages: the `Scope` within which they have to be projected again.

Invariant: everything that the projection reads (records, decisions, overviews) and everything that it writes is looked at; a
record that cannot be read takes part in no page. Reads blobs only.
"""

from collections.abc import Iterable

from gitkb import approvals, records
from gitkb.decisions import concerned
from gitkb.errors import FormatError
from gitkb.model import Record, Tree, TreeChange
from gitkb.overviews import page_of
from gitkb.wiki.projection import Scope, concerns_pages


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
    return keys


def differences(base: Tree, tree: Tree, paths: Iterable[str]) -> list[TreeChange]:
    """How some paths differ between two trees."""
    return [TreeChange(path, base.blob(path), tree.blob(path)) for path in sorted(paths)]


def _record(tree: Tree, change: TreeChange, oid: str | None) -> Record | None:
    if oid is None or records.document_of(change.path) is None:
        return None
    try:
        return records.decode(tree.read_blob(oid), change.path)
    except FormatError:
        return None  # `check` reports it; it takes part in no page
