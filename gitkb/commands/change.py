"""The one way in which commands change a branch.

A command opens a `ChangeContext` (dead runs are cleared up, an older format is migrated, the settings of the branch are read, a
model is reached where they want one), plans, and makes its change:

    with context.change("remove docs/x") as change:
        removed = change.transact(lambda transaction: ...)
    return Summary(change.branch, change.commit, removed, change.pages)

Invariant: whoever waits for another process is told so. What `transact` is given runs under the lock, sees the branch as it is
then, and runs again where the branch moved meanwhile. When the block ends, pages that are pending are brought up to date, before
the run ends; whatever stops it before, the branch stands at its last whole group of commits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from shlex import quote
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from gitkb.branch.migrate import migrate_first
from gitkb.branch.tips import branch_tip, settings_at, start_of
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.errors import FormatError, GitkbError, NotFound
from gitkb.formats.settings import Settings
from gitkb.pages import refresh
from gitkb.pages.preview import ForeseenPages, foresee, uncommitted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitkb.catalog.catalog import Catalog
    from gitkb.model.documents import Tree
    from gitkb.model.findings import Problem
    from gitkb.model.listener import Listener
    from gitkb.model.path_changes import PathChanges
    from gitkb.model.results import PageChanges
    from gitkb.model.usage import Usage
    from gitkb.pages.model_session import Asking, Session
    from gitkb.store.repository import Store
    from gitkb.store.snapshot import Snapshot
    from gitkb.store.transaction.publish import Transaction
    from gitkb.store.transaction.run import Run

T = TypeVar("T")
GROUP_DOCUMENTS = 100
"""So many documents are committed, or removed, in one transaction at most."""


class ChangeContext(Struct, frozen=True):
    """Everything that a command needs to change a branch. `branch`: its name, "" for the checked-out one. `start`: the commit
    where a new branch begins. `settings`: those in force for the command. `session`: reaches a model if the settings want one."""

    store: Store
    catalog: Catalog
    listener: Listener
    settings: Settings
    branch: str
    start: str
    session: Session | None = None

    @property
    def name(self) -> str:
        """The name of the branch."""
        return self.branch or self.store.branch()

    @property
    def carries_pages(self) -> bool:
        """Whether pages commits are made on the branch."""
        return refresh.carries_pages(self.settings, self.name)

    def tip(self) -> Snapshot:
        """Where the branch is now, or where it would begin."""
        if not self.branch:
            return self.store.snapshot()
        try:
            return branch_tip(self.store, self.branch)
        except NotFound:
            return self.store.snapshot(self.start)

    @contextmanager
    def records(self, tree: Tree) -> Iterator[RecordCorpus]:
        """The records of a tree. Tables are kept only for the checked-out branch."""
        with self.catalog.at(tree, RECORDS, keep=not self.branch) as db:
            yield RecordCorpus(db)

    def uncommitted(self, tip: Snapshot) -> PathChanges:
        """Edits of tracked pages in the worktree, if the branch is checked out there."""
        return uncommitted(self.store, self.branch, tip)

    def foresee(self, tip: Snapshot, changes: PathChanges) -> ForeseenPages:
        """The changes that a refresh would make to pages because of these changes of documents and decisions."""
        return foresee(self.store, self.catalog, tip, changes, self.uncommitted(tip))

    @contextmanager
    def change(self, what: str, *, dry_run: bool = False, signs: bool = True, searchable: bool = False) -> Iterator[Change]:
        """A change of the branch, described by `what` for whoever looks at runs under way ("add papers/"). In a `dry_run` pages
        stay as they are, and so must the branch. Unless it `signs`, a key is asked for only if a commit is made after all. The
        index of the search is kept in step; with `searchable` it is also made where there is none."""
        begun = self.store.begin(
            what, branch=self.branch or None, start=self.start, on_wait=self.listener.message, signs=signs and not dry_run
        )
        with begun as run:
            change = Change(self, run)
            yield change
            if not dry_run:
                change.refresh_if_changed()
        if not dry_run:
            self.store.maintain()
            self._index(anew=searchable)

    def _index(self, *, anew: bool) -> None:
        """Brings what searches read up to the checked-out branch, so that nobody waits for it later; where there is none yet,
        only if it may be made `anew`. Whatever stops it stops nothing else: a search brings it up, too."""
        from gitkb.catalog.search.passage_index import PASSAGES, Passages
        from gitkb.model.listener import Indexing

        try:
            if (self.branch and self.branch != self.store.branch()) or not (anew or self.catalog.has(PASSAGES)):
                return
            tip = self.store.snapshot()
            self.catalog.bring_up(tip, RECORDS)
            self.catalog.bring_up(tip, Passages(lambda done, pages: self.listener.indexing(Indexing(pages, done))))
        except (GitkbError, KeyError, OSError, sqlite3.Error) as error:
            self.listener.message(f"The index of the search was not brought up to date ({error}); the next search does it.")


class Change:
    """One change of a branch while it is made, and its results after the block. Made by `ChangeContext.change`."""

    def __init__(self, context: ChangeContext, run: Run) -> None:
        self.run = run
        self._context = context
        self._pages = refresh.Tally()
        self._is_fresh = False

    def transact(self, act: Callable[[Transaction], T]) -> T:
        """Runs `act` under the lock and returns its result; runs it again if the branch moved meanwhile."""
        self._is_fresh = False
        return self.run.transact(act)

    def refresh(self, settings: Settings | None = None) -> None:
        """Makes the pages commit if pages are pending and the branch carries them, under the settings of the context unless the
        change brought others. An end of the block without this does it too."""
        context = self._context
        author = context.session.author if context.session else None
        wanted = settings or context.settings
        self._pages.add(refresh.refresh(context.store, self.run, context.catalog, wanted, context.listener, author))
        self._is_fresh = True

    def refresh_if_changed(self) -> None:
        """Refreshes the pages, unless that was done since the last transaction."""
        if not self._is_fresh:
            self.refresh()

    @property
    def branch(self) -> str:
        """The branch that was changed; the checked-out one where another was not made, because there was nothing to commit."""
        try:
            branch_tip(self._context.store, self.run.branch)
        except NotFound:
            return self._context.store.branch()
        return self.run.branch

    def tip(self) -> Snapshot:
        """Where the branch stands now."""
        return start_of(self._context.store, self.run.branch, "")

    @property
    def commit(self) -> str:
        """The commit (hex) at which the branch stands now."""
        return self.tip().commit

    @property
    def pages(self) -> PageChanges:
        """The shared pages that the change has touched so far."""
        return self._pages.result()

    @property
    def usage(self) -> Usage:
        """The tokens and calls of the model so far."""
        from gitkb.model.usage import Usage

        return self._context.session.client.usage if self._context.session else Usage()


class ModelWish(Struct, frozen=True):
    """The model that a command wants: it may spend `max_tokens` (0: no limit), and is asked in batches with `batch`. If it is
    `needed` and cannot be reached, that is an error; otherwise pages are made without its texts."""

    max_tokens: int = 0
    needed: bool = False
    batch: bool = False


Adjust = Callable[[Settings], Settings]
"""Gives the settings that are in force for one command."""


@contextmanager
def change_context(
    asking: Asking,
    branch: str = "",
    start: str = "",
    *,
    dry_run: bool = False,
    adjust: Adjust | None = None,
    model: ModelWish | None = None,
    mends: bool = False,
) -> Iterator[ChangeContext]:
    """Gets a branch ready to be changed, and reaches a model where the settings want one and the command has use for it
    (`model`). A dry run clears up nothing, migrates nothing and asks no model.

    Raises `NewerFormat` where a file is a newer gitkb's, before anything is changed that this one does not understand, and
    `FormatError` where one is damaged, except for a command that can mend it (`mends`).
    """
    store, listener = asking.store, asking.listener
    if not dry_run:
        store.recover(listener.message)
    if migrate_first(store, listener, branch, start, dry_run=dry_run):
        start = ""  # the branch stands already
    context = context_at(asking, branch, start, adjust)
    tip = context.tip()
    with context.records(tip) as corpus:
        corpus.refuse_newer()
        if not mends and (damaged := corpus.damaged()):
            raise FormatError(*damage(store, tip, damaged))
    if dry_run or model is None:
        yield context
        return
    most, needed, batch = model.max_tokens, model.needed, model.batch
    with asking.session(context.settings, tip, max_tokens=most, needed=needed, batch=batch) as session:
        yield replace(context, session=session)


def damage(store: Store, tip: Snapshot, damaged: Sequence[Problem]) -> tuple[str, str]:
    """What is wrong with files that cannot be read, and how the first of them comes back."""
    first = damaged[0]
    more = f" So are {len(damaged) - 1:,} more." if len(damaged) > 1 else ""
    remedy = f"git log -- {first.path} shows what happened to it."
    for commit in store.history(first.path, tip.commit):
        for parent in commit.parents[:1]:
            if store.snapshot(parent).blob(first.path) is not None:
                remedy = f"Bring it back: git checkout {parent[:12]} -- {quote(first.path)}, commit it, and go on."
        break
    return f"{first.message.rstrip('.')}.{more} What it says would go off every page.", remedy


def context_at(asking: Asking, branch: str = "", start: str = "", adjust: Adjust | None = None) -> ChangeContext:
    """The context of a branch as it is: nothing is cleared up or migrated, and no model is reached."""
    tip = start_of(asking.store, branch, start)
    settings = settings_at(tip)
    settings = adjust(settings) if adjust else settings
    return ChangeContext(asking.store, asking.catalog, asking.listener, settings, branch, tip.commit)
