"""Turns prepared documents into commits: the step of a run that holds the lock.

Invariant: a group is planned against the tip that the lock protects and published as a whole or not at all. A person's
edits to a document's own pages are committed as theirs first and then merged, never overwritten.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from gitkb.branch.commit_messages import document_message
from gitkb.branch.stored_documents import edit_commit, moved_page, moved_path, own_edits, own_files, record_of
from gitkb.commands.add.plan import Item, Known
from gitkb.formats.decisions import SENSES, removed_path, renamed_senses
from gitkb.intake.prepare.document import Prepared
from gitkb.model.path_changes import PathChanges
from gitkb.model.results import Outcome, SkipReason
from gitkb.store.lfs import pointer
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit
from gitkb.wiki.hand_edits import EDITED, Seal, edited_path, reconcile, state

Base = Callable[[str], bytes | None]
_VERBS = {Outcome.ADDED: "add", Outcome.UPDATED: "update", Outcome.RENAMED: "rename", Outcome.RECOMPILED: "recompile"}


class Ready(Struct, frozen=True):
    """A prepared document on its way into a group."""

    item: Item
    prepared: Prepared


class Verdict(Struct, frozen=True):
    """Whether a ready document can be committed on the tip: yes, or it became known meanwhile, or its name was taken and it needs
    another."""

    outcome: Outcome | None = None
    reason: str = ""
    other_name: bool = False
    skipped: SkipReason | None = None


class Landed(Struct, frozen=True):
    """The outcome of one document of a group, and the index of its commit (None if none of its files differ)."""

    outcome: Outcome
    index: int | None


def judge(ready: Ready, known: Known) -> Verdict:
    """Looks at a document again under the lock: another process may have added it, taken its name, or changed it."""
    item = ready.item
    holders = dict(known.holders(item.sha256))
    if item.again:
        gone = item.document not in holders
        return _skipped("removed or changed meanwhile", SkipReason.CHANGED_MEANWHILE) if gone else Verdict()
    before = known.source(item.source.path)
    if before is not None:
        if before[1] == item.sha256 and not item.restores:
            return _skipped("unchanged", SkipReason.UNCHANGED)
        return Verdict(other_name=before[0] != item.document)
    if item.before in holders:
        return Verdict(other_name=known.taken(item.document) and item.document != item.before)
    if holders:
        return _skipped(f"same bytes as {min(holders)}", SkipReason.SAME_BYTES)
    return Verdict(other_name=known.taken(item.document))


def _skipped(reason: str, why: SkipReason) -> Verdict:
    return Verdict(Outcome.SKIPPED, reason, skipped=why)


def plan_commits(
    transaction: Transaction, group: Sequence[Ready], scratch: Path, base: Base, moves: Mapping[str, str]
) -> tuple[list[PlannedCommit], list[Landed]]:
    """The commits of a group and what becomes of each document; a person's uncommitted edits come before its commit. `moves` are
    the old names of all documents that the run renames, with their new ones."""
    commits: list[PlannedCommit] = []
    landed: list[Landed] = []
    senses: dict[str, bytes] = {}
    for ready in group:
        change = _Change(transaction, ready, scratch, base, moves, senses)
        change.plan()
        if not change.changes:
            landed.append(Landed(Outcome.UNCHANGED, None))
            continue
        if change.edits:
            commits.append(edit_commit(change.edits))
        landed.append(Landed(change.outcome, len(commits)))
        commits.append(PlannedCommit(change.message(), change.changes))
    return commits, landed


class _Change(Struct):
    """The files that one document's commit changes (empty if none differ), and a person's edits to commit before it. `senses` are
    the decisions that earlier commits of the group wrote anew."""

    transaction: Transaction
    ready: Ready
    scratch: Path
    base: Base
    moves: Mapping[str, str]
    senses: dict[str, bytes]
    outcome: Outcome = Outcome.ADDED
    changes: dict[str, bytes | Path | None] = field(default_factory=dict)
    edits: PathChanges = field(default_factory=PathChanges)

    @property
    def tip(self) -> Snapshot:
        return self.transaction.tip

    def plan(self) -> None:
        item, prepared = self.ready.item, self.ready.prepared
        self.changes.update({path: self.scratch / path for path in prepared.files})
        if prepared.large:
            self.changes[prepared.large] = pointer(item.sha256, prepared.original)
        old = self._files(item.before) if item.before else ()
        self.outcome = Outcome.RENAMED if old else Outcome.ADDED
        if not old:
            old = self._files(item.document)
            if old:
                self.outcome = Outcome.RECOMPILED if item.again else Outcome.UPDATED
        self.changes.update({path: None for path in old if path not in self.changes})
        if self.tip.blob(removed_path(item.document)) is not None:
            self.changes[removed_path(item.document)] = None  # whoever adds it takes its removal back
        if self.outcome is Outcome.RENAMED and item.before != item.document:
            known = ((path, self.senses.get(path) or self.tip.read_blob(oid)) for path, oid in self.tip.files(SENSES))
            self.senses.update(renamed_senses(known, {item.before: item.document}))
            self.changes.update((path, content) for path, content in self.senses.items() if content != self.tip.read(path))
        self.edits = own_edits(self.transaction, old)
        self._keep_edits(old)
        if item.again:
            self._drop_same()

    def _files(self, document: str) -> list[str]:
        """All files that the tip holds for a document, its record included, sorted; none when it is new."""
        return [path for path in own_files(self.tip, document) if not path.startswith(f"{EDITED}/")]

    def _keep_edits(self, old: Iterable[str]) -> None:
        """Merges what a person wrote on the document's pages into the new pages, which may have new paths."""
        for path in old:
            if path.startswith("wiki/") and path.endswith(".md"):
                current = self.edits.read(path, self.tip)
                if current is not None and state(current) is not Seal.GENERATED:
                    self._keep_edit(path, current)
                elif self.tip.blob(edited_path(path)):
                    self.changes[edited_path(path)] = None

    def _keep_edit(self, path: str, current: bytes) -> None:
        item, renamed = self.ready.item, self.outcome is Outcome.RENAMED
        moves = {**self.moves, item.before: item.document}
        target = moved_path(path, moves) if renamed else path

        def moved(page: bytes | None) -> bytes | None:
            return moved_page(page, path, moves) if renamed and page is not None else page

        new = self.changes.get(target)
        projected = new.read_bytes() if isinstance(new, Path) else new

        def last() -> bytes | None:
            return moved(self.tip.read(edited_path(path)) or self.base(path))

        if self.ready.item.again and projected == last():
            del self.changes[target]  # the page stands upon what it is made of now
            return
        reconciled = reconcile(target, moved(current), projected, last)
        self.changes[target] = reconciled.content
        if self.tip.blob(edited_path(path)):
            self.changes[edited_path(path)] = None
        if reconciled.edited_base is not None:
            self.changes[edited_path(target)] = reconciled.edited_base

    def _drop_same(self) -> None:
        """Leaves out what the tip holds already; an original is the very one that it was made from."""
        for path, content in list(self.changes.items()):
            same = self.tip.blob(path) is not None if path.startswith("raw/") else _bytes(content) == self.tip.read(path)
            if same and content is not None:
                del self.changes[path]

    def message(self) -> str:
        item, prepared = self.ready.item, self.ready.prepared
        before = ""
        if self.outcome is Outcome.RENAMED:
            old = record_of(self.tip, item.before)
            before = item.before if item.before != item.document else old.source.path if old else ""
        what = item.source.path if before and item.before == item.document else item.document
        return document_message(
            _VERBS[self.outcome],
            item.document,
            prepared.title,
            item.sha256,
            prepared.usage,
            prepared.ungrounded,
            what=f"{before} -> {what}" if before else what,
        )


def _bytes(content: bytes | Path | None) -> bytes | None:
    return content.read_bytes() if isinstance(content, Path) else content
