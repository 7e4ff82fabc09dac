"""Merges another history into a branch: by fast-forward if possible, otherwise with a merge commit of the united documents.

Invariant: a merge happens whole or not at all, in one transaction. Edits that a person has not committed are committed as theirs
first if the merge changes those files. A conflict changes nothing and names both sides.
"""

from functools import partial

from gitkb.branch.commit_messages import merge_message
from gitkb.branch.renames import renamed_documents
from gitkb.branch.stored_documents import edit_commit, own_edits
from gitkb.branch.tips import refuse_newer_settings, settings_at
from gitkb.commands.change import Change, ChangeContext
from gitkb.commands.merge.histories import Histories
from gitkb.commands.merge.remade import Remake
from gitkb.commands.merge.three_way import United
from gitkb.formats.records import RECORDS, document_of
from gitkb.model.options import MergeChoices
from gitkb.model.results import MergeSummary
from gitkb.store.history import Ancestors
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit


class Merging:
    """Merges into the branch of one change."""

    def __init__(
        self, context: ChangeContext, change: Change, choices: MergeChoices, command: str, remake: Remake | None = None
    ) -> None:
        """`command` is what a person types to merge again with a choice; `remake` makes documents that stand on neither side."""
        self._change, self._graph = change, Ancestors(context.store.git_dir)
        self._histories = Histories(context.store, context.listener, change.run.branch, choices, command, remake)

    def __call__(self, theirs: Snapshot, source: str) -> MergeSummary:
        """Merges a commit that people know as `source`, and brings the pages up to date where the branch carries them."""
        act = partial(self._change.transact, partial(self._transact, theirs=theirs, source=source))
        united = self._histories.making(self._change.tip, theirs, act)
        if united is None:
            self._tell_undone(theirs)
        self._change.refresh(settings_at(self._change.tip()))  # the settings may have come with the merge
        found = united or United()
        kinds = (found.added, found.updated, found.removed, found.renamed)
        added, updated, removed, renamed = (tuple(sorted(names)) for names in kinds)
        branch, commit, pages = self._change.run.branch, self._change.commit, self._change.pages
        return MergeSummary(
            branch, commit, source, united is not None, added, updated, removed, pages, renamed, tuple(found.dropped)
        )

    def _tell_undone(self, theirs: Snapshot) -> None:
        """Says that documents of a branch which was merged before were taken away since, and how they come back."""
        tip = self._change.tip()
        gone = [path for path, _ in theirs.files(RECORDS) if document_of(path) and tip.blob(path) is None]
        by: dict[str, list[str]] = {}
        for path in gone:
            commit = next(self._histories.store.history(path, tip.commit), None)
            if commit is not None:
                by.setdefault(f"{commit.oid[:12]} ({commit.message.partition(chr(10))[0]})", []).append(document_of(path) or "")
        for taken, documents in by.items():
            more = f" and {len(documents) - 1} more" if len(documents) > 1 else ""
            back = taken.partition(" ")[0]
            self._histories.listener.message(
                f"{documents[0]}{more}: merged before, and taken away since by {taken}. To bring back: gitkb undo {back}"
            )

    def _transact(self, transaction: Transaction, theirs: Snapshot, source: str) -> United | None:
        """One attempt under the lock; None if the branch contains the commit already."""
        for side in (transaction.tip, theirs):
            refuse_newer_settings(side)
        if self._graph.holds(transaction.tip.commit, theirs.commit):
            return None
        self._commit_edits(transaction, {change.path for change in theirs.changes_since(transaction.tip.oid)})
        ours = transaction.tip
        if self._graph.holds(theirs.commit, ours.commit):
            self._histories.refuse_unusual(source, self._graph.unusual(ours.whole.oid, theirs.whole.oid))
            united = _difference(ours, theirs)
            transaction.advance(theirs.commit)
            return united
        united = self._histories.unite(ours, theirs, source)
        documents = {
            "added": united.added,
            "updated": united.updated,
            "renamed": united.renamed,
            "removed": united.removed,
        }
        commit = PlannedCommit(merge_message(source, documents), united.changes, (theirs.commit,))
        transaction.publish([commit], f"{sum(map(len, documents.values()))} documents")
        return united

    def _commit_edits(self, transaction: Transaction, paths: set[str]) -> None:
        edits = own_edits(transaction, sorted(paths))
        if edits:
            transaction.publish([edit_commit(edits)])


def _difference(ours: Snapshot, theirs: Snapshot) -> United:
    """The documents that come, change and go when the branch moves forward."""
    united = United()
    changes = theirs.changes_since(ours.oid)
    names = renamed_documents(theirs, changes)
    united.renamed.extend(names.values())
    for change in changes:
        document = document_of(change.path)
        if document is not None and document not in {*names, *united.renamed}:
            kind = united.added if change.old is None else united.removed if change.new is None else united.updated
            kind.append(document)
    return united
