"""Takes back an earlier change of a branch as a new commit, however much came after.

Invariant: what a change was is read from the difference between a commit and its first parent, never from messages; so it
works after squash, merge and rebase, and on an undo. Where something was changed since, nothing is done and the later
commits are named.
"""

from functools import partial
from itertools import islice
from pathlib import Path

from msgspec import Struct

from gitkb.branch.commit_messages import undo_message
from gitkb.branch.renames import renamed_documents
from gitkb.branch.stored_documents import edit_commit, exact_document, find_document, own_edits, owner_of, record_of
from gitkb.commands.change import ChangeContext
from gitkb.commands.curate.inverse_change import Moment, TakeBack, TakenBack, unmakes
from gitkb.errors import ChangedSince, NotFound, NothingToUndo
from gitkb.formats import records
from gitkb.model.path_changes import PathChanges
from gitkb.model.results import PageChanges, UndoSummary
from gitkb.pages import refresh
from gitkb.store.history import Ancestors
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import Commit, Content, PlannedCommit

LARGE = 1024 * 1024
NAMED = 3
_OURS = (".gitkb/", "raw/", "wiki/")


class Target(Struct, frozen=True):
    """The change to take back: a commit, or its part that concerns one document."""

    commit: Commit
    document: str | None = None


class UndoRun(Struct, frozen=True):
    """One `undo`."""

    context: ChangeContext
    dry_run: bool
    rest: bool = False
    """Of a change that others changed since, take back what nobody touched."""

    def __call__(self, what: str | None) -> UndoSummary:
        """Takes back a commit, or the last change of a document (`name@rev`: the last at that revision), by default the last
        change of the branch. `NothingToUndo`, `ChangedSince` and `NotFound` leave everything as it was."""
        tip = self.context.tip()
        target = self._last(tip) if what is None else self._target(tip, what)
        if self.dry_run:
            edits = self.context.uncommitted(tip)
            found = self._judged(target, tip, edits)
            foreseen = self.context.foresee(tip, _read(tip, found.changes))
            return _summary(self.context.name, tip, target, found, foreseen.pages)
        with self.context.change(f"undo {target.commit.oid[:12]}") as change:
            found = change.transact(partial(self._transact, scratch=change.run.scratch, target=target))
        return _summary(change.branch, change.tip(), target, found, change.pages)

    # What is meant.

    def _target(self, tip: Snapshot, what: str) -> Target:
        document = exact_document(tip, what)
        if document is not None:
            return self._last_of(document, tip.commit)
        commit = self._commit(what)
        if commit is not None:
            return Target(commit)
        name, _, rev = what.rpartition("@")
        at = self._commit(rev) if name and rev else None
        return self._named(tip, name, at.oid) if at is not None else self._named(tip, what, tip.commit)

    def _named(self, tip: Snapshot, name: str, rev: str) -> Target:
        """The last change, at a revision, of a document that the tip has, or that had this very name."""
        if any(True for _ in self.context.store.history(records.record_path(name), rev)):
            return self._last_of(name, rev)
        with self.context.records(tip) as corpus:
            known = corpus.documents()
        return self._last_of(find_document(tip, name, known), rev)

    def _last_of(self, document: str, rev: str) -> Target:
        last = next(self.context.store.history(records.record_path(document), rev), None)
        if last is None:
            raise NotFound(f"{document} has no change at or before {rev[:12]}.", f"gitkb log {document} shows its changes.")
        ancestors = Ancestors(self.context.store.git_dir)
        for path in (f"wiki/sources/{document}.md", f"wiki/summaries/{document}.md"):
            # They may have been made again while the record stayed as it was.
            commit = next(self.context.store.history(path, rev), None)
            if commit is not None and commit.parents and ancestors.holds(commit.oid, last.oid):
                now = self.context.store.snapshot(rev)
                last = commit if self._change(commit, now, PathChanges())(document).considered else last
        return Target(last, document)

    def _last(self, tip: Snapshot) -> Target:
        """The last commit that did more than bring pages up to date, along first parents."""
        commit: Commit | None = self._commit(tip.commit)
        while commit is not None and commit.parents:
            change = self._change(commit, tip, PathChanges())
            if any(path.startswith(_OURS) for path in change.concerns()) and change().considered:
                return Target(commit)
            commit = self._commit(commit.parents[0])
        raise NothingToUndo("Nothing has been changed in this knowledge base yet.")

    def _commit(self, rev: str) -> Commit | None:
        try:
            return next(iter(islice(self.context.store.log(self.context.store.snapshot(rev).commit), 1)))
        except NotFound:
            return None

    # What takes it back.

    def _change(self, commit: Commit, now: Snapshot, edits: PathChanges) -> TakeBack:
        if not commit.parents:
            raise NothingToUndo(f"{commit.oid[:12]} made the knowledge base; there is nothing before it.")
        before, after = self.context.store.snapshot(commit.parents[0]), self.context.store.snapshot(commit.oid)
        return TakeBack(self._moment(before), self._moment(after), self._moment(now), edits)

    def _moment(self, tree: Snapshot) -> Moment:
        return Moment(tree, refresh.history_base(self.context.store, tree.commit))

    def _judged(self, target: Target, tip: Snapshot, edits: PathChanges) -> TakenBack:
        """The file changes that take the target back; raises if there are none, or if it is impossible."""
        change = self._change(target.commit, tip, edits)
        found = change(target.document)
        shown = f"{target.commit.oid[:12]} ({target.commit.message.partition(chr(10))[0]})"
        if found.blocked and not (self.rest and found.changes):
            raise self._changed_since(found, change, tip, edits)
        if not found.considered:
            hint = "Undo the commits of the documents: gitkb log shows them."
            raise NothingToUndo(f"{shown} only brought pages up to date, and they follow from the documents.", hint)
        if not found.changes:
            raise NothingToUndo(f"{shown} is taken back already.", "gitkb log shows by what.")
        if unmakes(found.changes):
            raise NothingToUndo(f"{shown} made the knowledge base.", "To give it up, delete .gitkb, raw and wiki.")
        return found

    def _changed_since(self, found: TakenBack, change: TakeBack, tip: Snapshot, edits: PathChanges) -> ChangedSince:
        path = found.blocked[0]
        name = records.document_of(path) or owner_of(path) if tip.blob(path) and not path.startswith("wiki/") else None
        others = [records.document_of(each) or each for each in found.blocked[1:]]
        more = f" (and {len(others)} more: {', '.join(others)})" if others else ""
        if path in edits:
            return ChangedSince(f"{path}{more} has edits that are not committed.", "Commit them or take them back first.")
        made = change.after.tree.blob(path)
        later = []
        for commit in self.context.store.history(path, tip.commit):
            if self.context.store.snapshot(commit.oid).blob(path) == made:
                break
            later.append(f"{commit.oid[:12]} ({commit.message.partition(chr(10))[0]})")
        by = "; ".join(later[:NAMED]) + (f"; and {len(later) - NAMED} more" if len(later) > NAMED else "")
        document = records.document_of(path) or owner_of(path)
        hint = f"Undo the later change first, or take the document away: gitkb remove {document}" if document else ""
        if found.changes:
            hint = f"{hint}{'. ' if hint else ''}To take back what nobody changed since: --rest"
        return ChangedSince(f"{name or path}{more} was changed since, by {by or 'a commit of another branch'}.", hint)

    # The commit.

    def _transact(self, transaction: Transaction, scratch: Path, target: Target) -> TakenBack:
        tip = transaction.tip
        concerned = self._change(target.commit, tip, PathChanges()).concerns()
        edits = own_edits(transaction, sorted(concerned))
        found = self._judged(target, tip, edits)
        changes = found.changes
        mine = edits.only(changes.paths)
        commits = [edit_commit(mine)] if mine else []
        commits.append(PlannedCommit(self._message(target, found), _contents(scratch, tip, changes)))
        transaction.publish(commits, target.commit.oid[:12])
        return found

    def _message(self, target: Target, found: TakenBack) -> str:
        commit, documents = target.commit, found.documents
        what = commit.message.partition("\n")[0]
        if len(documents) == 1:
            before, after = (record_of(self.context.store.snapshot(rev), documents[0]) for rev in (commit.parents[0], commit.oid))
            operation = "add" if before is None else "remove" if after is None else "update"
            record = before or after
            what = f"{operation} {documents[0]}: {record.title if record else ''}"
        elif len(documents) == 2:
            tree = self.context.store.snapshot(commit.oid)
            for old, new in renamed_documents(
                tree, tree.changes_since(self.context.store.snapshot(commit.parents[0]).oid)
            ).items():
                if {old, new} == set(documents):
                    record = record_of(tree, new)
                    what = f"rename {old} -> {new}: {record.title if record else ''}"
        return undo_message(commit.oid, what, documents)


def _contents(scratch: Path, tip: Snapshot, changes: PathChanges) -> dict[str, Content]:
    """The changes for a commit. A large file goes by way of the scratch folder, so that not all are in memory at once."""
    found: dict[str, Content] = {**dict.fromkeys(changes.deleted), **changes.written}
    for path, oid in changes.known.items():
        data = tip.read_blob(oid)
        found[path] = data
        if len(data) >= LARGE:
            file = scratch / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            found[path] = file
    return found


def _read(tip: Snapshot, changes: PathChanges) -> PathChanges:
    """The changes with the bytes of all that is named by its id."""
    return PathChanges({**changes.written, **{path: tip.read_blob(oid) for path, oid in changes.known.items()}}, changes.deleted)


def _summary(branch: str, tip: Snapshot, target: Target, found: TakenBack, pages: PageChanges) -> UndoSummary:
    changes = found.changes
    return UndoSummary(
        branch=branch,
        commit=tip.commit,
        undone=target.commit.oid,
        subject=target.commit.message.partition("\n")[0],
        documents=tuple(found.documents),
        restored=changes.coming,
        deleted=tuple(sorted(changes.deleted)),
        pages=pages,
        left=tuple(sorted(found.blocked)),
    )
