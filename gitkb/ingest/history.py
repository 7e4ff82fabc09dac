"""The history of a knowledge base as people read it: which commit did what to which document.

Invariant: what a commit did is read from its difference in `.gitkb/documents/`, never from trailers, so it survives
squash and rebase merges.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from gitkb import records
from gitkb.events import LogEntry
from gitkb.ingest.find import find_page
from gitkb.model import TreeChange
from gitkb.store import Commit, Snapshot, Store


def log(store: Store, tip: Snapshot, name: str | None, limit: int | None) -> Iterator[LogEntry]:
    """The commits that lead to a tip, newest first; only those of one document or page when it is named."""
    path = ""
    if name is not None:
        page, document = find_page(tip, name)
        path = records.record_path(document) if document else page
    for number, commit in enumerate(store.history(path, tip.commit)):
        if limit is not None and number >= limit:
            return
        yield _entry(store, commit)


def _entry(store: Store, commit: Commit) -> LogEntry:
    operation, document = _what(_record_changes(store, commit))
    subject = commit.message.partition("\n")[0]
    if not operation:
        operation = "pages" if subject.startswith("pages: ") else "edit"
    when = datetime.fromtimestamp(commit.time, UTC).isoformat()
    author = f"{commit.author_name} <{commit.author_email}>"
    return LogEntry(commit.oid, when, author, subject, operation, document)


def _record_changes(store: Store, commit: Commit) -> list[TreeChange]:
    parent = store.snapshot(commit.parents[0]).oid if commit.parents else None
    changes = store.snapshot(commit.oid).changes_since(parent)
    return [change for change in changes if records.document_of(change.path)]


def _what(changes: list[TreeChange]) -> tuple[str, str]:
    """("add" | "update" | "remove" | "merge", document) of the records that changed; ("", "") when none did."""
    if not changes:
        return "", ""
    if len(changes) > 1:
        return "several", ""
    change = changes[0]
    operation = "add" if change.old is None else "remove" if change.new is None else "update"
    return operation, records.document_of(change.path) or ""
