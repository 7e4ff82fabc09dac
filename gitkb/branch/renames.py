"""Renames of documents: between two sets of records, and along the history of one document's file.

Invariant: a rename is read from the difference of a commit in `.gitkb/documents/`: one record gone and one come with the same
bytes of the original; never from messages, so it is found after squash, rebase and merge. Where a person only looks on, a text
that moved and was edited counts, too, as it does for git. Reads only.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from gitkb.branch.stored_documents import moved_path, owner_of
from gitkb.errors import FormatError
from gitkb.formats import records
from gitkb.model.documents import Record, Tree, TreeChange
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.values import Commit


def renames(before: Mapping[str, Record], after: Mapping[str, Record]) -> dict[str, str]:
    """Old names of documents to new ones: documents whose original has the same bytes, one only before and one only after."""
    gone = {before[name].source.sha256: name for name in sorted(before.keys() - after.keys(), reverse=True)}
    found = {}
    for name in sorted(after.keys() - before.keys()):
        old = gone.pop(after[name].source.sha256, None)
        if old is not None:
            found[old] = name
    return found


_ALIKE = 0.5
"""The share of its lines that a moved text must have kept: what `git diff --find-renames` takes, too."""
_COMMON = 20


def edited_renames(gone: Mapping[str, str], come: Mapping[str, str]) -> dict[str, str]:
    """Old names of documents to new ones by their texts: those that are more alike than not, the most alike first.

    Costs about the length of the texts: a line that many of them have says nothing.
    """
    lines = {name: Counter(filter(None, map(str.strip, text.splitlines()))) for name, text in (*gone.items(), *come.items())}
    sizes = {name: sum(len(line) * count for line, count in each.items()) for name, each in lines.items()}
    bearers: dict[str, list[str]] = {}
    for name in sorted(gone):
        for line in lines[name]:
            bearers.setdefault(line, []).append(name)
    rated = []
    for new in sorted(come):
        shared: Counter[str] = Counter()
        for line, count in lines[new].items():
            for old in bearers.get(line, ())[:_COMMON]:
                shared[old] += len(line) * min(count, lines[old][line])
        rated += [(-size / max(sizes[old], sizes[new]), old, new) for old, size in shared.items()]
    found: dict[str, str] = {}
    for share, old, new in sorted(rated):
        if -share >= _ALIKE and old not in found and new not in found.values():
            found[old] = new
    return found


def follow(store: Store, path: str, commit: str) -> Iterator[tuple[Commit, str]]:
    """The commits that changed a file, newest first, each with the path that the file had after it; a file of a document is
    followed to what it was called before a rename."""
    while True:
        step: tuple[str, str] | None = None
        for found in store.history(path, commit):
            yield found, path
            step = _before(store, found, path)
            if step is not None:
                break
        if step is None:
            return
        commit, path = step


def renamed_to(store: Store, path: str, commit: str) -> str:
    """The path that a document's missing file has at a commit, after one or several renames; "" if the document was not
    renamed."""
    document, tip = owner_of(path), store.snapshot(commit)
    seen: set[str] = set()
    while document is not None and document not in seen:
        seen.add(document)
        gone = next(store.history(records.record_path(document), commit), None)
        if gone is None or not gone.parents:
            return ""
        after = store.snapshot(gone.oid)
        new = renamed_documents(after, after.changes_since(store.snapshot(gone.parents[0]).oid)).get(document)
        if new is None:
            return ""
        path, document = moved_path(path, {document: new}), new
        if tip.blob(records.record_path(new)) is not None:
            return path
    return ""


def former_documents(store: Store, tip: Snapshot) -> frozenset[str]:
    """Names that documents had in the history of a commit and that none has there now, because of a removal or a rename."""
    paths = store.last_changes(records.RECORDS, tip.commit)
    return frozenset(name for path in paths if (name := records.document_of(path)) and tip.blob(path) is None)


def renamed_documents(tree: Tree, changes: Sequence[TreeChange]) -> dict[str, str]:
    """Old names of documents to new ones, of what differs between two trees; `tree` can read the blobs of both."""
    own = [change for change in changes if records.document_of(change.path)]
    if all(change.old is not None for change in own) or all(change.new is not None for change in own):
        return {}
    before, after = _records(tree, own, old=True), _records(tree, own, old=False)
    return renames(before, after)


def _before(store: Store, commit: Commit, path: str) -> tuple[str, str] | None:
    """(the parent, the path there) if this commit renamed the document of a file."""
    document = records.document_of(path) or owner_of(path)
    if document is None:
        return None
    after = store.snapshot(commit.oid)
    for parent in commit.parents:
        before = store.snapshot(parent)
        if before.blob(path) is None and after.blob(path) is not None:
            names = renamed_documents(after, after.changes_since(before.oid))
            old = next((old for old, new in names.items() if new == document), None)
            if old is not None:
                is_record = records.document_of(path) is not None
                return parent, records.record_path(old) if is_record else moved_path(path, {document: old})
    return None


def _records(tree: Tree, changes: Sequence[TreeChange], *, old: bool) -> Mapping[str, Record]:
    """The records that only one side has, by document."""
    found: dict[str, Record] = {}
    for change in changes:
        oid, other = (change.old, change.new) if old else (change.new, change.old)
        if oid is not None and other is None and records.document_of(change.path):
            try:
                record = records.decode(tree.read_blob(oid), change.path)
            except FormatError:
                continue
            found[record.document] = record
    return found
