"""Brings the shared pages of a branch up to date in one commit: what `refresh` does and every run ends with.

Invariant: afterwards each shared page is the projection of the tip's records, or that projection merged with a person's
words. Which pages can differ is found by comparing the tip with the tree that was last seen whole; without that note
everything is projected.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gitkb import records
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.records import RECORDS, RecordCorpus
from gitkb.config import Settings
from gitkb.errors import FormatError, RefMoved, RepositoryError
from gitkb.events import Listener
from gitkb.ingest.land import EDITED, own_edits
from gitkb.ingest.messages import edit_message, pages_message
from gitkb.model import PageChanges, Record, TreeChange
from gitkb.store import PlannedCommit, Run, Snapshot, Store, Transaction
from gitkb.wiki.edits import settle
from gitkb.wiki.generated import Seal, state
from gitkb.wiki.projection import PROJECTION, Scope, is_shared, project

ATTEMPTS = 50


@dataclass
class Tally:
    """Adds up the page changes of several pages commits of one run."""

    created: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)

    def add(self, changes: PageChanges) -> None:
        for path in changes.created:
            (self.changed if path in self.removed else self.created).add(path)
            self.removed.discard(path)
        self.changed.update(path for path in changes.changed if path not in self.created)
        for path in changes.removed:
            if path in self.created:
                self.created.discard(path)
            else:
                self.removed.add(path)
            self.changed.discard(path)

    def result(self) -> PageChanges:
        return PageChanges(tuple(sorted(self.created)), tuple(sorted(self.changed)), tuple(sorted(self.removed)))


def carries_pages(settings: Settings, branch: str) -> bool:
    """Whether pages commits are made on a branch."""
    return settings.pages.branch in ("*", branch)


def refresh(store: Store, run: Run, catalog: Catalog, settings: Settings, listener: Listener) -> PageChanges:
    """Makes the pages commit if pages are pending on a branch that carries them; returns what it changed."""
    if not carries_pages(settings, run.branch):
        return PageChanges()
    for _ in range(ATTEMPTS):
        try:
            with run.locked(listener.message) as transaction:
                return _refresh(store, run, transaction, catalog, listener)
        except RefMoved:
            continue
    raise RepositoryError("The branch kept moving under every attempt to commit the pages.", "Run gitkb refresh.")


def is_topic_page(path: str) -> bool:
    """Whether a path is a concept's or an entity's page, not an index."""
    name = path.rpartition("/")[2]
    return (
        path.startswith(("wiki/concepts/", "wiki/entities/"))
        and path.endswith(".md")
        and not name.startswith(("index.md", "index--"))
    )


def project_tree(
    store: Store, catalog: Catalog, tree: Snapshot, *, keep: bool, scope: Scope | None = None
) -> dict[str, bytes | None]:
    """The shared pages that a tree's records make, by path; all of them without a scope. Pages that the tree has and
    the projection has not are None."""
    with catalog.at(tree, RECORDS, keep=keep) as db:
        projected = project(RecordCorpus(db), scope)
    if scope is None:
        stale = {path: None for path, _ in tree.files("wiki") if is_shared(path) and path not in projected}
        projected = {**projected, **stale}
    return projected


def history_base(store: Store, commit: str) -> Callable[[str], bytes | None]:
    """A function from a page's path to its last generated version in the history of a commit."""

    def find(path: str) -> bytes | None:
        for past in store.history(path, commit):
            content = store.snapshot(past.oid).read(path)
            if content is not None and state(content) is Seal.GENERATED:
                return content
        return None

    return find


def pending(store: Store, catalog: Catalog, tip: Snapshot) -> PageChanges:
    """What a refresh of this tip would change, without changing anything."""
    scope = _scope(store, tip)
    if scope is not None and not (scope.records_before or scope.records_after or scope.pages):
        return PageChanges()
    projected = project_tree(store, catalog, tip, keep=True, scope=scope)
    return _changes(tip, _settle(tip, projected, {}, history_base(store, tip.commit), Listener()))


def _refresh(store: Store, run: Run, transaction: Transaction, catalog: Catalog, listener: Listener) -> PageChanges:
    tip = transaction.tip
    scope = _scope(store, tip)
    if scope is not None and not (scope.records_before or scope.records_after or scope.pages):
        return PageChanges()
    projected = project_tree(store, catalog, tip, keep=True, scope=scope)
    different = [path for path, content in projected.items() if content != tip.read(path) or tip.blob(f"{EDITED}/{path}")]
    edits = own_edits(transaction, sorted(different))
    writes = _settle(tip, {path: projected[path] for path in different}, edits, history_base(store, tip.commit), listener)
    changes = _changes(tip, writes)
    if writes:
        commits = [PlannedCommit(edit_message(sorted(edits)), edits)] if edits else []
        commits.append(PlannedCommit(pages_message(changes), writes))
        tip = store.snapshot(transaction.publish(commits, "pages")[-1])
    _remember_whole(store, run, tip)
    return changes


def _settle(
    tip: Snapshot,
    projected: Mapping[str, bytes | None],
    edits: Mapping[str, bytes | Path | None],
    base: Callable[[str], bytes | None],
    listener: Listener,
) -> dict[str, bytes | Path | None]:
    """What to write for pages whose projection differs from the tip: generated pages are replaced, edited ones merged."""
    writes: dict[str, bytes | Path | None] = {}
    for path, content in sorted(projected.items()):
        edit = edits.get(path)
        current = edit if isinstance(edit, bytes) else tip.read(path)
        kept = tip.read(f"{EDITED}/{path}")
        settled = settle(path, current, content, lambda path=path, kept=kept: kept or base(path))  # type: ignore[misc]
        if settled.content != current:
            writes[path] = settled.content
        if settled.edited_base != kept:
            writes[f"{EDITED}/{path}"] = settled.edited_base
        for clash in settled.clashes:
            listener.message(f"{path}: your words were kept where the new projection differs ({clash}).")
    return writes


def _changes(tip: Snapshot, writes: Mapping[str, object]) -> PageChanges:
    pages = sorted(path for path in writes if not path.startswith(f"{EDITED}/"))
    return PageChanges(
        created=tuple(p for p in pages if tip.blob(p) is None and writes[p] is not None),
        changed=tuple(p for p in pages if tip.blob(p) is not None and writes[p] is not None),
        removed=tuple(p for p in pages if writes[p] is None),
    )


def _scope(store: Store, tip: Snapshot) -> Scope | None:
    """What changed since the tree last seen whole; None when that is not known, so that everything is projected."""
    try:
        version, _, whole = (store.local / "whole").read_text(encoding="ascii").strip().partition(" ")
        changes = tip.changes_since(whole) if version == PROJECTION and len(whole) == 40 else None
    except (OSError, ValueError, KeyError):
        return None
    if changes is None:
        return None
    before = [record for change in changes if (record := _record(tip, change, change.old)) is not None]
    after = [record for change in changes if (record := _record(tip, change, change.new)) is not None]
    return Scope(before, after, {change.path for change in changes if is_shared(change.path)})


def _record(tip: Snapshot, change: TreeChange, oid: str | None) -> Record | None:
    if oid is None or records.document_of(change.path) is None:
        return None
    try:
        return records.decode(tip.read_blob(oid), change.path)
    except FormatError:
        return None  # `check` reports it; it takes part in no page


def _remember_whole(store: Store, run: Run, tip: Snapshot) -> None:
    """Notes a tree whose pages are its projection. Only a hint: it may be lost, and the next refresh is slower.

    Made in the run's folder, so that a kill leaves nothing beside the note; where it cannot be written, the old one stays: what
    it names is older, and still true.
    """
    new = run.scratch / "whole"
    with suppress(OSError):
        new.write_text(f"{PROJECTION} {tip.oid}\n", encoding="ascii")
        new.replace(store.local / "whole")
