"""Finds documents of which one side of a merge holds an earlier version of the other's own: after a squash, the branch goes on.

Invariant: reads histories and trees; writes nothing. Such a document is simply newer on one side, however the graph of commits
looks; it counts only if all of its own files are as they were then, so that nothing that a person wrote since is passed over.
"""

from itertools import islice

from gitkb.branch.stored_documents import own_files
from gitkb.formats.records import RECORDS, document_of, record_path
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot

_MOST = 100
"""So many changes of one document are looked at."""


def newer_sides(store: Store, base: Snapshot, ours: Snapshot, theirs: Snapshot) -> dict[str, str]:
    """For each document that both sides changed and that one of them merely has in an older version: the side ("ours" or
    "theirs") with the newer one."""
    found: dict[str, str] = {}
    known, mine, other = (dict(side.files(RECORDS)) for side in (base, ours, theirs))
    for path in sorted(mine.keys() & other.keys()):
        document = document_of(path)
        if document is None or mine[path] == other[path] or known.get(path) in (mine[path], other[path]):
            continue
        if _had(store, theirs, ours, document):
            found[document] = "theirs"
        elif _had(store, ours, theirs, document):
            found[document] = "ours"
    return found


def _had(store: Store, newer: Snapshot, older: Snapshot, document: str) -> bool:
    """Whether the history of one side once had a document just as the other side has it now."""
    path, wanted = record_path(document), _state(older, document)
    for commit in islice(store.history(path, newer.commit), _MOST):
        then = store.snapshot(commit.oid)
        if then.blob(path) == older.blob(path) and _state(then, document) == wanted:
            return True
    return False


def _state(tree: Snapshot, document: str) -> dict[str, str | None]:
    return {path: tree.blob(path) for path in own_files(tree, document)}
