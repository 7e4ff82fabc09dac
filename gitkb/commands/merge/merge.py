"""Merges another history into a branch: by fast-forward if possible, otherwise with a merge commit of the united documents.

Invariant: a merge happens whole or not at all, in one transaction. Edits that a person has not committed are committed as theirs
first if the merge changes those files. A conflict changes nothing and names both sides.
"""

from datetime import UTC, datetime
from functools import partial
from shlex import quote

from gitkb.branch.commit_messages import edit_message, merge_message
from gitkb.branch.renames import renamed_documents
from gitkb.branch.stored_documents import own_edits
from gitkb.branch.tips import refuse_newer_settings, settings_at
from gitkb.commands.change import Change, ChangeContext
from gitkb.commands.merge.earlier_versions import newer_sides
from gitkb.commands.merge.page_merge import Side
from gitkb.commands.merge.three_way import Clash, Sides, United, Uniting, plain
from gitkb.errors import MergeConflict, RepositoryError
from gitkb.formats.records import RECORDS, document_of
from gitkb.model.options import MergeChoices
from gitkb.model.results import MergeSummary
from gitkb.pages import refresh
from gitkb.store.history import Ancestors, merge_lines
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit

NAMED = 10


class Merging:
    """Merges into the branch of one change."""

    def __init__(self, context: ChangeContext, change: Change, choices: MergeChoices, command: str) -> None:
        """`command` is what a person types to merge again with a choice."""
        self._context, self._change, self._command = context, change, command
        self._choices = {**{plain(name): "ours" for name in choices.ours}, **{plain(name): "theirs" for name in choices.theirs}}
        self._graph = Ancestors(context.store.git_dir)

    def __call__(self, theirs: Snapshot, source: str) -> MergeSummary:
        """Merges a commit that people know as `source`, and brings the pages up to date where the branch carries them."""
        united = self._change.transact(partial(self._transact, theirs=theirs, source=source))
        if united is None:
            self._tell_undone(theirs)
        self._change.refresh(settings_at(self._change.tip()))  # the settings may have come with the merge
        found = united or United()
        kinds = (found.added, found.updated, found.removed, found.renamed)
        added, updated, removed, renamed = (tuple(sorted(names)) for names in kinds)
        branch, commit, pages = self._change.run.branch, self._change.commit, self._change.pages
        return MergeSummary(branch, commit, source, united is not None, added, updated, removed, pages, renamed)

    def _tell_undone(self, theirs: Snapshot) -> None:
        """Says that documents of a branch which was merged before were taken away since, and how they come back."""
        tip = self._change.tip()
        gone = [path for path, _ in theirs.files(RECORDS) if document_of(path) and tip.blob(path) is None]
        by: dict[str, list[str]] = {}
        for path in gone:
            commit = next(self._context.store.history(path, tip.commit), None)
            if commit is not None:
                by.setdefault(f"{commit.oid[:12]} ({commit.message.partition(chr(10))[0]})", []).append(document_of(path) or "")
        for taken, documents in by.items():
            more = f" and {len(documents) - 1} more" if len(documents) > 1 else ""
            back = taken.partition(" ")[0]
            self._context.listener.message(
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
            self._refuse_unusual(source, self._graph.unusual(ours.oid, theirs.oid))
            united = _difference(ours, theirs)
            transaction.advance(theirs.commit)
            return united
        united = self._unite(ours, theirs, source)
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
            transaction.publish([PlannedCommit(edit_message(sorted(edits)), edits)])

    def _unite(self, ours: Snapshot, theirs: Snapshot, source: str) -> United:
        bases = [self._context.store.snapshot(oid) for oid in self._graph.bases(ours.commit, theirs.commit)]
        if not bases:
            hint = "Fetch the rest of this clone's history: git fetch --unshallow" if self._graph.is_shallow() else ""
            raise RepositoryError(f"{source} and {self._change.run.branch} have no history in common.", hint or _UNRELATED)
        apart = self._graph.unusual(ours.oid, theirs.oid)
        self._refuse_unusual(source, {path for base in bases for path in self._graph.unusual(base.oid, theirs.oid)} & apart)
        sides = Sides(tuple(map(self._side, bases)), self._side(ours), self._side(theirs))
        newer = newer_sides(self._context.store, bases[0], ours, theirs)
        choices = {**newer, **self._choices}
        united = Uniting(sides, theirs, choices, partial(merge_lines, self._context.store.git_dir))()
        if united.clashes:
            raise self._conflict(united.clashes, ours, theirs, source)
        for name in sorted(set(self._choices) - united.chosen):
            self._context.listener.message(f"{name} was not in conflict, so nothing had to be chosen.")
        return united

    def _side(self, snapshot: Snapshot) -> Side:
        return Side(snapshot, refresh.history_base(self._context.store, snapshot.commit))

    def _refuse_unusual(self, source: str, paths: set[str]) -> None:
        if paths and self._context.store.worktree is not None:
            named = ", ".join(sorted(paths)[:NAMED])
            hint = f"Merge it with git itself, then bring the pages up to date: git merge {source}; gitkb refresh"
            raise RepositoryError(f"{source} changes what gitkb does not write (links, submodules, file modes): {named}.", hint)

    def _conflict(self, clashes: list[Clash], ours: Snapshot, theirs: Snapshot, source: str) -> MergeConflict:
        lines = []
        for clash in clashes[:NAMED]:
            blocks = f" ({'; '.join(clash.blocks)})" if clash.blocks else ""
            lines.append(f"{clash.kind} {clash.name}{blocks}: here {self._did(clash, ours)}; there {self._did(clash, theirs)}")
        lines += [f"and {len(clashes) - NAMED} more"] if len(clashes) > NAMED else []
        listed = "; ".join(lines) if len(lines) == 1 else "\n".join(f"  {line}" for line in lines)
        one = quote(clashes[0].name)
        return MergeConflict(
            f"{self._change.run.branch} and {source} changed the same things:{' ' if len(lines) == 1 else chr(10)}{listed}",
            f"Nothing was changed. Choose a side for each: {self._command} --ours {one}, or --theirs {one}. Or settle it in an"
            f" editor: git merge {quote(source)}, edit, git commit, gitkb refresh.",
        )

    def _did(self, clash: Clash, side: Snapshot) -> str:
        """The last commit of one side that changed the path of a clash, and its author."""
        commit = next(self._context.store.history(clash.path, side.commit), None)
        if commit is None:
            return "nothing is known"
        day = datetime.fromtimestamp(commit.time, UTC).date().isoformat()
        return f"{commit.oid[:7]} {commit.message.partition(chr(10))[0]!r} ({commit.author_name}, {day})"


_UNRELATED = "They are two knowledge bases. Add the documents of one to the other."


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
