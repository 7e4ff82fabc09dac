"""Decides that two names mean the same, or that they do not: a commit with the decisions, then the pages.

Invariant: a decision holds for every later document until a person decides otherwise; it and the end of what said otherwise
are one commit. Pages follow from it, and a person's words on them stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gitkb.branch.commit_messages import decide_message
from gitkb.branch.overlay import Overlay
from gitkb.branch.tips import in_transaction, start_of
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.commands.inspect.find import Found, find_topic
from gitkb.errors import UsageError
from gitkb.formats.settings import Settings
from gitkb.formats.topic_rows import FOLDERS, topic_path
from gitkb.model.documents import Tree
from gitkb.model.listener import Listener
from gitkb.model.options import ChangeOptions
from gitkb.model.results import DecideSummary, PageChanges
from gitkb.pages import refresh
from gitkb.pages.name_decisions import Deciding
from gitkb.pages.preview import ForeseenPages, foresee, uncommitted
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit
from gitkb.wiki.hand_edits import Seal, state

if TYPE_CHECKING:
    from gitkb.pages.author import Author


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to hold of two names."""

    name: Found
    other: Found
    same: bool

    def changes(self, deciding: Deciding) -> dict[str, bytes | None]:
        decide = deciding.same if self.same else deciding.apart
        return decide(self.name.key, self.other.key)

    @property
    def said(self) -> str:
        """The decision as a sentence without its full stop."""
        return f"{self.name.title} {'means' if self.same else 'is not the same as'} {self.other.title}"


@dataclass(frozen=True, slots=True)
class DecideRun:
    """One `same` or `apart`; `settings` are those of the branch, `author` writes about the pages that change."""

    store: Store
    catalog: Catalog
    settings: Settings
    options: ChangeOptions
    listener: Listener
    author: "Author | None" = None

    def __call__(self, name: str, other: str, *, same: bool) -> DecideSummary:
        """Decides about two names as people type them; `NotFound` and `UsageError` before anything is changed."""
        tip = start_of(self.store, self.options.branch, "")
        wish = self._wish(tip, name, other, same)
        if self.options.dry_run:
            return self._preview(tip, wish)
        what, branch = f"decide: {wish.said}", self.options.branch or None
        with self.store.begin(what, branch=branch, on_wait=self.listener.message) as run:
            done = in_transaction(run, self.listener, lambda transaction: self._transact(transaction, wish))
            changes = refresh.refresh(self.store, run, self.catalog, self.settings, self.listener, self.author)
        self.store.maintain()
        tip = start_of(self.store, run.branch, "")
        return replace(done, branch=run.branch, commit=tip.commit, pages=changes, page=self._page(tip, wish.name.key))

    def _wish(self, tip: Snapshot, name: str, other: str, same: bool) -> Wish:
        with self.catalog.at(tip, RECORDS, keep=not self.options.branch) as db:
            corpus = RecordCorpus(db)
            wish = Wish(find_topic(corpus, name), find_topic(corpus, other), same)
        if wish.name.key == wish.other.key:
            raise UsageError(
                f"{name!r} and {other!r} are one name here ({wish.name.key}): case, punctuation and plural make no other.",
                "Name two pages.",
            )
        return wish

    def _transact(self, transaction: Transaction, wish: Wish) -> DecideSummary:
        tip = transaction.tip
        changes = wish.changes(Deciding(self.catalog, tip, self._by()))
        if changes:
            transaction.publish([PlannedCommit(decide_message([wish.said]), changes)], "decision")
        paths = [topic_path(kind, wish.name.key) for kind in FOLDERS]
        edits = {edit.path: edit.content for edit in transaction.edits(paths).values()}
        return _summary(tip, wish, changes, edits)

    def _preview(self, tip: Snapshot, wish: Wish) -> DecideSummary:
        changes = wish.changes(Deciding(self.catalog, tip, self._by()))
        branch = self.options.branch or self.store.branch()
        edits = uncommitted(self.store, self.options.branch, tip)
        carried = bool(changes) and refresh.carries_pages(self.settings, branch)
        foreseen = foresee(self.store, self.catalog, tip, changes, edits) if carried else ForeseenPages(PageChanges(), {})
        page = self._page(Overlay(tip, changes), wish.name.key)
        done = _summary(tip, wish, changes, edits)
        return replace(done, branch=branch, page=page, pages=foreseen.pages, besides=foreseen.besides)

    def _by(self) -> str:
        """Who decides; git may know no address of theirs."""
        email = self.store.email()
        return f"human:{email}" if email else "human"

    def _page(self, tree: Tree, name: str) -> str:
        """The page on which the claims of a name stand in a tree, "" for none."""
        with self.catalog.at(tree, RECORDS, keep=False) as db:
            corpus = RecordCorpus(db)
            target = corpus.names.target(name)
            found = [page for kind in FOLDERS if (page := corpus.page(kind, target)) is not None and not page.target]
        return found[0].path if found else ""


def _summary(tip: Snapshot, wish: Wish, changes: Mapping[str, bytes | None], edits: Mapping[str, bytes | None]) -> DecideSummary:
    written = tuple(path for path, content in sorted(changes.items()) if content is not None)
    deleted = tuple(path for path, content in sorted(changes.items()) if content is None)
    words = tuple(_edited(Overlay(tip, edits), wish.name.key)) if wish.same and changes else ()
    return DecideSummary("", tip.commit, wish.name.title, wish.other.title, "", written, deleted, words=words)


def _edited(tree: Tree, key: str) -> list[str]:
    """The pages of a name that hold a person's words."""
    found = ((topic_path(kind, key), tree.read(topic_path(kind, key))) for kind in FOLDERS)
    return [path for path, page in found if page is not None and state(page) is not Seal.GENERATED]
