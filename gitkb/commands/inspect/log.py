"""The history of a knowledge base as people read it: which commit did what to which document.

Invariant: what a commit did is read from its difference in `.gitkb/documents/`, never from trailers, so it survives
squash and rebase merges.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from gitkb.branch.commit_messages import agent_of
from gitkb.branch.renames import follow, renamed_documents
from gitkb.commands.inspect.find import find_page
from gitkb.errors import FormatError
from gitkb.formats import approvals, records
from gitkb.formats.decisions import is_decision
from gitkb.model.documents import Tree, TreeChange
from gitkb.model.rows import LogEntry
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.values import Commit


def log(store: Store, tip: Snapshot, name: str | None, limit: int | None) -> Iterator[LogEntry]:
    """The commits that lead to a tip, newest first; only those of one document or page when it is named."""
    path = ""
    if name is not None:
        page, document = find_page(tip, name)
        path = records.record_path(document) if document else page
    commits = (commit for commit, _ in follow(store, path, tip.commit)) if path else store.history("", tip.commit)
    for commit in islice(commits, limit):
        yield _entry(store, commit)


def _entry(store: Store, commit: Commit) -> LogEntry:
    documents = _changes(store, commit, records.RECORDS)
    operation, document = _what(store, commit, [change for change in documents if records.document_of(change.path)])
    subject = commit.message.partition("\n")[0]
    if not operation:
        operation = _other(subject, _changes(store, commit))
    when = datetime.fromtimestamp(commit.time, UTC).isoformat()
    author = f"{commit.author_name} <{commit.author_email}>"
    return LogEntry(commit.oid, when, author, subject, operation, document, agent_of(commit.message))


def _changes(store: Store, commit: Commit, folder: str = "") -> list[TreeChange]:
    parent = store.snapshot(commit.parents[0]).oid if commit.parents else None
    return store.snapshot(commit.oid).changes_since(parent, folder)


def _other(subject: str, changes: list[TreeChange]) -> str:
    """The word for a commit that changed no record; "approve" also if somebody withdrew an approval."""
    if changes and all(approvals.page_of(change.path) for change in changes):
        return "approve"
    if changes and all(is_decision(change.path) for change in changes):
        return "decide"
    return "pages" if subject.startswith("pages: ") else "edit"


def _what(store: Store, commit: Commit, changes: list[TreeChange]) -> tuple[str, str]:
    """(what was done: "add", "update", "recompile", "rename", "remove" or "several"; the document, by its new name) of the
    records that changed; ("", "") when none did."""
    tree = store.snapshot(commit.oid)
    if not changes:
        return "", ""
    if len(changes) == 2 and (names := renamed_documents(tree, changes)):
        return "rename", next(iter(names.values()))
    if len(changes) > 1:
        return "several", ""
    change = changes[0]
    operation = "add" if change.old is None else "remove" if change.new is None else _changed(tree, change)
    return operation, records.document_of(change.path) or ""


def _changed(tree: Tree, change: TreeChange) -> str:
    """The word for a document that existed before: other bytes, another path of its source, or the same made again."""
    try:
        old, new = (records.decode(tree.read_blob(oid or ""), change.path).source for oid in (change.old, change.new))
    except FormatError:
        return "update"
    return "update" if old.sha256 != new.sha256 else "rename" if old.path != new.path else "recompile"
