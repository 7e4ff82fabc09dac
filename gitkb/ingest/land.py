"""Turns prepared documents into commits: the step of a run that holds the lock.

Invariant: a group is planned against the tip that the lock protects and published as a whole or not at all. A person's
edits to a document's own pages are committed as theirs first and then merged, never overwritten.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitkb import records
from gitkb.errors import FormatError
from gitkb.ingest.messages import document_message, edit_message
from gitkb.ingest.plan import Item, Known
from gitkb.ingest.prepare import Prepared
from gitkb.model import Outcome
from gitkb.store import PlannedCommit, Snapshot, Transaction, pointer
from gitkb.wiki.edits import settle
from gitkb.wiki.generated import Seal, state

EDITED = ".gitkb/edited"
Base = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Ready:
    """A prepared document on its way into a group."""

    item: Item
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tip says of a ready document: land it, or it became known meanwhile, or its name did and it needs another."""

    outcome: Outcome | None = None
    reason: str = ""
    rename: bool = False


def judge(ready: Ready, known: Known) -> Verdict:
    """Looks at a document again under the lock: another process may have added it, or taken its name."""
    item = ready.item
    before = known.source(item.source.path)
    if before is not None:
        if before[1] == item.sha256:
            return Verdict(Outcome.SKIPPED, "unchanged")
        return Verdict(rename=before[0] != item.document)
    twin = known.duplicate(item.sha256)
    if twin is not None:
        return Verdict(Outcome.SKIPPED, f"same bytes as {twin}")
    return Verdict(rename=known.taken(item.document))


def plan_commits(
    transaction: Transaction, group: Sequence[Ready], scratch: Path, base: Base
) -> tuple[list[PlannedCommit], list[int]]:
    """The commits of a group and, for each document, the index of its own; a person's uncommitted edits come before it."""
    commits: list[PlannedCommit] = []
    own: list[int] = []
    for ready in group:
        operation, changes, edits = _changes(transaction, ready, scratch, base)
        if edits:
            commits.append(PlannedCommit(edit_message(sorted(edits)), edits))
        own.append(len(commits))
        prepared = ready.prepared
        message = document_message(
            operation, ready.item.document, prepared.title, ready.item.sha256, prepared.usage, prepared.ungrounded
        )
        commits.append(PlannedCommit(message, changes))
    return commits, own


def own_edits(transaction: Transaction, paths: Sequence[str]) -> dict[str, bytes | Path | None]:
    """The edits to tracked pages that a person has neither committed nor staged: what a commit of their own will hold."""
    wiki = [path for path in paths if path.startswith("wiki/")]
    return {edit.path: edit.content for edit in transaction.edits(wiki).values() if edit.tracked and not edit.staged}


def _changes(
    transaction: Transaction, ready: Ready, scratch: Path, base: Base
) -> tuple[str, dict[str, bytes | Path | None], dict[str, bytes | Path | None]]:
    tip, document, large = transaction.tip, ready.item.document, ready.prepared.large
    changes: dict[str, bytes | Path | None] = {path: scratch / path for path in ready.prepared.files}
    if large:
        changes[large] = pointer(ready.item.sha256, ready.prepared.original)
    old = _old_files(tip, document)
    if not old:
        return "add", changes, {}
    changes.update({path: None for path in old if path not in changes})
    edits = own_edits(transaction, sorted(old))
    for path in sorted(old):
        if path.startswith("wiki/") and path.endswith(".md"):
            current = edits.get(path, tip.read(path))
            if isinstance(current, bytes) and state(current) is Seal.EDITED:
                _keep_edits(path, current, changes, tip, base)
    return "update", changes, edits


def _keep_edits(path: str, current: bytes, changes: dict[str, bytes | Path | None], tip: Snapshot, base: Base) -> None:
    new = changes[path]
    projected = new.read_bytes() if isinstance(new, Path) else new
    settled = settle(path, current, projected, lambda: tip.read(f"{EDITED}/{path}") or base(path))
    changes[path] = settled.content
    if settled.edited_base is not None or tip.blob(f"{EDITED}/{path}"):
        changes[f"{EDITED}/{path}"] = settled.edited_base


def _old_files(tip: Snapshot, document: str) -> set[str]:
    """All files that the tip holds for a document, its record included; none when it is new."""
    path = records.record_path(document)
    content = tip.read(path)
    if content is None:
        return set()
    try:
        files = records.decode(content, path).files
    except FormatError:
        files = ()
    return {file for file in files if tip.blob(file)} | {path}
