"""Removes documents: for each a commit that deletes all its own files, then the pages.

Invariant: the result is as if the document had never been added, except for what people wrote: their words stay on shared pages,
and in the history for the document's own pages. A group of removals is published whole or not at all.
"""

from collections import Counter
from collections.abc import Container, Sequence
from functools import partial

from msgspec import Struct

from gitkb.branch.commit_messages import document_message
from gitkb.branch.stored_documents import edit_commit, find_document, own_edits, own_files, record_of
from gitkb.commands.change import GROUP_DOCUMENTS, ChangeContext
from gitkb.errors import NotFound
from gitkb.formats.decisions import Removed, encode_removed, removed_path
from gitkb.formats.records import label_of
from gitkb.model.documents import Tree
from gitkb.model.listener import Listener
from gitkb.model.path_changes import PathChanges
from gitkb.model.results import RemovedDocument, RemoveSummary
from gitkb.pages.preview import dead_links
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit
from gitkb.wiki.hand_edits import Seal, state


class RemoveRun(Struct, frozen=True):
    """One `remove`."""

    context: ChangeContext
    dry_run: bool

    def __call__(self, names: Sequence[str]) -> RemoveSummary:
        """Removes documents by name or path; `NotFound` before anything is changed."""
        tip = self.context.tip()
        with self.context.records(tip) as corpus:
            known = corpus.documents()
        documents = list(dict.fromkeys(find_document(tip, name, known) for name in names))
        if self.dry_run:
            return self._preview(tip, documents)
        removed: list[RemovedDocument] = []
        with self.context.change(f"remove {_shown(documents)}") as change:
            for start in range(0, len(documents), GROUP_DOCUMENTS):
                group = documents[start : start + GROUP_DOCUMENTS]
                removed += change.transact(partial(self._transact, documents=group))
        return RemoveSummary(change.branch, change.commit, tuple(removed), change.pages)

    def _transact(self, transaction: Transaction, documents: Sequence[str]) -> list[RemovedDocument]:
        for document in documents:
            if not own_files(transaction.tip, document):
                raise NotFound(f"{document} was removed meanwhile.", "gitkb log shows by whom.")
        return remove_group(transaction, documents, self.context.listener, decided=True)

    def _preview(self, tip: Snapshot, documents: Sequence[str]) -> RemoveSummary:
        removed = tuple(removed_document(tip, document) for document in documents)
        gone = PathChanges(deleted=frozenset(path for each in removed for path in each.files))
        foreseen = self.context.foresee(tip, gone)
        labels = [label_of(document) for document in documents]
        claims = {path: _claims(tip, path, labels) for path in (*foreseen.pages.changed, *foreseen.pages.removed)}
        links = tuple(dead_links(tip, {*gone.deleted, *foreseen.pages.removed}, foreseen.contents))
        branch = self.context.name
        claims = {path: count for path, count in claims.items() if count}
        return RemoveSummary(branch, tip.commit, removed, foreseen.pages, claims, links)


def remove_group(
    transaction: Transaction, documents: Sequence[str], listener: Listener, *, decided: bool = False
) -> list[RemovedDocument]:
    """Removes documents of the tip, each in a commit of its own; if `decided`, they do not return by themselves. A person's
    uncommitted edits of their pages are committed first, and the listener is told where to read them."""
    tip = transaction.tip
    commits: list[PlannedCommit] = []
    removals: list[tuple[int, RemovedDocument, list[str]]] = []
    for document in documents:
        removed = removed_document(tip, document)
        edits = PathChanges(own_edits(transaction, removed.files).written)
        if edits:
            commits.append(edit_commit(edits))
        removals.append((len(commits), removed, _edited(tip, removed.files, edits.written)))
        changes: dict[str, bytes | None] = dict.fromkeys(removed.files)
        if decided:
            changes[removed_path(document)] = encode_removed(Removed(document))
        commits.append(PlannedCommit(_message(tip, removed), changes))
    oids = transaction.publish(commits, f"{len(documents)} documents")
    for index, _, edited in removals:
        for path in edited:
            listener.message(
                f"{path} held words of a person; they are in the history: git show {oids[index]}~:{transaction.full(path)}"
            )
    return [RemovedDocument(each.document, each.title, each.files, oids[index]) for index, each, _ in removals]


def removed_document(tip: Tree, document: str) -> RemovedDocument:
    """A document with all paths that belong to it alone in a tree."""
    record = record_of(tip, document)
    return RemovedDocument(document, record.title if record else "", own_files(tip, document))


def _message(tip: Tree, removed: RemovedDocument) -> str:
    record = record_of(tip, removed.document)
    return document_message("remove", removed.document, removed.title, record.source.sha256 if record else "")


def _edited(tip: Tree, files: Sequence[str], edits: Container[str]) -> list[str]:
    """Those of a document's own pages that hold a person's words."""
    own = [path for path in files if path.startswith("wiki/") and path.endswith(".md")]
    return [path for path in own if path in edits or state(tip.read(path) or b"") is Seal.EDITED]


def _claims(tip: Tree, path: str, labels: Sequence[str]) -> int:
    """The number of claims on a page that come from the documents with these labels."""
    text = (tip.read(path) or b"").decode("utf-8", "replace")
    counts = Counter(line.rpartition("[^")[2] for line in text.split("\n") if line.endswith("]"))
    return sum(counts[f"{label}]"] for label in labels)


def _shown(documents: Sequence[str]) -> str:
    return documents[0] if len(documents) == 1 else f"{len(documents)} documents"
