"""Brings the shared pages of a branch up to date in one commit: what `refresh` does and every run ends with.

Invariant: afterwards each shared page is the projection of the tip's records, or that projection merged with a person's
words. Which pages can differ is found by comparing the tip with the tree that was last seen whole; without that note
everything is projected.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.branch.commit_messages import pages_message
from gitkb.branch.overlay import Overlay
from gitkb.branch.stored_documents import edit_commit, own_edits
from gitkb.branch.tips import refuse_newer_settings
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.errors import ModelError
from gitkb.formats.overviews import OVERVIEWS
from gitkb.formats.settings import Settings
from gitkb.model.documents import Tree
from gitkb.model.listener import Listener
from gitkb.model.path_changes import PathChanges, PathChangesBuilder
from gitkb.model.results import PageChanges
from gitkb.model.usage import Usage
from gitkb.pages.scope import Marker, differences, remember, scope_of, scope_since, topics_of
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.transaction.run import Run
from gitkb.store.values import PlannedCommit
from gitkb.wiki.hand_edits import EDITED, Seal, reconcile, state
from gitkb.wiki.projection import MADE, PROJECTION, Scope, is_page, is_shared, made_by, newer, note, project

if TYPE_CHECKING:
    from gitkb.pages.author import Author, Written


class Tally(Struct):
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


def refresh(
    store: Store, run: Run, catalog: Catalog, settings: Settings, listener: Listener, author: "Author | None" = None
) -> PageChanges:
    """Makes the pages commit if pages are pending on a branch that carries them; returns what it changed.

    An `author` asks a model for what it writes about pages, before the lock is taken; what it cannot get is said and left out.
    Pages that a newer gitkb made are left to it, and that is said.
    """
    if not carries_pages(settings, run.branch):
        return PageChanges()
    tip = store.snapshot(f"refs/heads/{run.branch}") if author else None
    written = _written(author, tip, listener) if author and tip and not newer(tip) else None
    changes = run.transact(lambda transaction: _refresh(store, run, transaction, catalog, listener, written))
    if author and tip and written:
        author.done(tip, written, run.scratch)
    return changes


def project_tree(catalog: Catalog, tree: Tree, *, keep: bool, scope: Scope | None = None, whole: bool = True) -> PathChanges:
    """The shared pages that a tree's records make; all of them without a scope, and then as deleted those that the tree has and
    the projection has not. `NewerFormat` if a record cannot be read here; with `whole` False pages are made without it."""
    with catalog.at(tree, RECORDS, keep=keep) as db:
        corpus = RecordCorpus(db)
        if whole:
            corpus.refuse_newer()
        projected = project(corpus, scope)
    if scope is None:
        stale = frozenset(path for path, _ in tree.files("wiki") if is_shared(path) and path not in projected)
        projected = PathChanges(deleted=stale).over(projected)
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


def pending(store: Store, catalog: Catalog, tip: Snapshot, *, keep: bool) -> PageChanges:
    """The changes that a refresh of this tip would make, without making them; empty if a newer gitkb made the pages. `keep` as in
    `Catalog.at`."""
    if newer(tip):
        return PageChanges()
    scope = scope_since(store, Marker.WHOLE, tip)
    if scope is not None and not scope:
        return PageChanges()
    projected = project_tree(catalog, tip, keep=keep, scope=scope)
    return page_changes(tip, _reconcile(tip, projected, PathChanges(), history_base(store, tip.commit), Listener()))


def foresee_refresh(store: Store, catalog: Catalog, tip: Snapshot, changes: PathChanges, edits: PathChanges) -> PathChanges:
    """What a refresh would write if these changes were committed and these edits were in the worktree.
    Changes nothing. Pages that it would not touch are left out, also if somebody has edited them."""
    tree, scope = Overlay(tip, changes), scope_since(store, Marker.WHOLE, tip)
    if scope is not None:
        scope = scope.with_(scope_of(tree, differences(tip, tree, changes.paths)))
        if not scope:
            return PathChanges()
    projected = project_tree(catalog, tree, keep=False, scope=scope)
    return _writes(tip, projected, edits, history_base(store, tip.commit), Listener())


def unwritten(store: Store, catalog: Catalog, tip: Snapshot, *, keep: bool) -> int:
    """The number of pages that want an overview and have none; `keep` as in `Catalog.at`."""
    from gitkb.pages.author import waiting

    scope = scope_since(store, Marker.TOLD, tip)
    if scope is not None and not scope:
        return 0
    with catalog.at(tip, RECORDS, keep=keep) as db:
        return len(waiting(RecordCorpus(db), scope))


def _written(author: "Author", tip: Snapshot, listener: Listener) -> "Written | None":
    """A model's texts about the pages of the branch as it is; if the server cannot be used, only the overviews are missing."""
    try:
        written = author.write(tip)
    except ModelError as error:
        listener.message(f"Pages are made without what the model has not written yet. {error.message} {error.hint}".rstrip())
        return None
    for failed in written.failed:
        listener.unwritten(failed)
    return written


def _refresh(
    store: Store, run: Run, transaction: Transaction, catalog: Catalog, listener: Listener, written: "Written | None"
) -> PageChanges:
    tip = transaction.tip
    refuse_newer_settings(tip)
    if said := newer(tip):
        listener.message(f"{said}: this one leaves them as they are. Documents are in; upgrade gitkb to make their pages.")
        return PageChanges()
    told = written.changes.differing(tip) if written else PathChanges()
    tree, scope = Overlay(tip, told), scope_since(store, Marker.WHOLE, tip)
    if scope is not None:
        scope = replace(scope, topics={*scope.topics, *topics_of(tree, differences(tip, tree, told.paths))})
        if not scope:
            return PageChanges()
    with catalog.at(tip, RECORDS) as db:  # catches up for good, before it looks at a tree that does not exist yet
        damaged = RecordCorpus(db).damaged()
    if damaged:
        listener.message(
            f"{damaged[0].message.rstrip('.')}. Pages stay as they are until it is mended; gitkb status says what is damaged."
        )
        return PageChanges()
    projected = project_tree(catalog, tree if told else tip, keep=not told, scope=scope)
    edits = own_edits(transaction, _different(tip, projected))
    writes = _writes(tip, projected, edits, history_base(store, tip.commit), listener, told)
    changes = page_changes(tip, writes)
    if writes:
        commits = [edit_commit(edits)] if edits else []
        usage, ungrounded = (written.usage, written.ungrounded) if written else (Usage(), 0)
        commits.append(PlannedCommit(pages_message(changes, usage, ungrounded), dict(writes.items())))
        tip = store.snapshot(transaction.publish(commits, "pages")[-1])
    remember(store, Marker.WHOLE, tip, run.scratch)
    return changes


def _different(tip: Snapshot, projected: PathChanges) -> list[str]:
    """The pages that are not their projection, or that somebody has edited."""
    return sorted(path for path, content in projected.items() if content != tip.read(path) or tip.blob(f"{EDITED}/{path}"))


def _writes(
    tip: Snapshot,
    projected: PathChanges,
    edits: PathChanges,
    base: Callable[[str], bytes | None],
    listener: Listener,
    told: PathChanges | None = None,
) -> PathChanges:
    """All that a pages commit holds: the pages, what is kept beside edited ones, what a model wrote (`told`), and which
    projection made them."""
    writes = _reconcile(tip, projected.only(_different(tip, projected)), edits, base, listener)
    writes = PathChanges(deleted=without_page(tip, projected)).over((told or PathChanges()).over(writes))
    return PathChanges({MADE: note()}).over(writes) if writes and made_by(tip) < PROJECTION else writes


def without_page(tip: Snapshot, projected: PathChanges) -> frozenset[str]:
    """The overviews of pages that are no more."""
    gone = [path for path in projected.deleted if is_page(path)]
    paths = (f"{OVERVIEWS}/{path.removeprefix('wiki/').removesuffix('.md')}.json" for path in gone)
    return frozenset(path for path in paths if tip.blob(path) is not None)


def _reconcile(
    tip: Snapshot,
    projected: PathChanges,
    edits: PathChanges,
    base: Callable[[str], bytes | None],
    listener: Listener,
) -> PathChanges:
    """The files to write for pages whose projection differs from the tip: generated pages are replaced, edited ones merged."""
    writes = PathChangesBuilder()
    for path, content in projected.items():
        edit = edits.written.get(path)
        current = tip.read(path) if edit is None else edit
        kept = tip.read(f"{EDITED}/{path}")
        reconciled = reconcile(path, current, content, lambda path=path, kept=kept: kept or base(path))  # type: ignore[misc]
        if reconciled.content != current:
            writes.write(path, reconciled.content)
        if reconciled.edited_base != kept:
            writes.write(f"{EDITED}/{path}", reconciled.edited_base)
        for clash in reconciled.clashes:
            listener.message(f"{path}: your words were kept where the new projection differs ({clash}).")
    return writes.result()


def page_changes(tip: Snapshot, writes: PathChanges) -> PageChanges:
    """The pages of a tip that these changes add, change and remove."""
    coming, gone = _pages(writes.coming), _pages(writes.deleted)
    return PageChanges(
        created=tuple(path for path in coming if tip.blob(path) is None),
        changed=tuple(path for path in coming if tip.blob(path) is not None),
        removed=tuple(gone),
    )


def _pages(paths: Iterable[str]) -> list[str]:
    return sorted(path for path in paths if path.startswith("wiki/"))
