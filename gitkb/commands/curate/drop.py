"""Decides that a name gets no page, or takes that back: a commit with the decision, then the pages.

Invariant: the decision holds for every later document until it is taken back. The name stays known: documents that speak of it
say so in their summaries, and what a person wrote on the page stays.
"""

from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from gitkb.branch.commit_messages import decide_message
from gitkb.branch.overlay import Overlay
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.commands.change import ChangeContext
from gitkb.commands.curate.decide import decider, edited_pages
from gitkb.commands.inspect.find import FoundTopic, find_topic
from gitkb.formats.topic_rows import FOLDERS, topic_path
from gitkb.model.documents import Tree
from gitkb.model.path_changes import PathChanges
from gitkb.model.results import DropSummary, PageChanges
from gitkb.pages.name_decisions import DecisionPlanner
from gitkb.pages.preview import ForeseenPages
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit


class DropRun(Struct, frozen=True):
    """One `drop`; `back` takes the decision back."""

    context: ChangeContext
    dry_run: bool
    back: bool

    def __call__(self, name: str) -> DropSummary:
        """Decides about a name as people type it; `NotFound` before anything is changed."""
        tip = self.context.tip()
        found = self._found(tip, name)
        if self.dry_run:
            return self._preview(tip, found)
        with self.context.change(f"decide: {self._said(found)}") as change:
            done = change.transact(partial(self._transact, found=found))
        tip = change.tip()
        page = done.page or self._page(tip, found.key)
        return replace(done, branch=change.branch, commit=tip.commit, pages=change.pages, page=page)

    def _found(self, tip: Snapshot, name: str) -> FoundTopic:
        """The name on whose page the claims stand that are meant."""
        with self.context.records(tip) as corpus:
            found = find_topic(corpus, name)
            key = corpus.names.target(found.key)
            return FoundTopic(key, corpus.spelling(key))

    def _said(self, found: FoundTopic) -> str:
        """The decision as a sentence without its full stop."""
        return f"{found.title} gets {'a page again' if self.back else 'no page'}"

    def _changes(self, tip: Snapshot, found: FoundTopic) -> PathChanges:
        planner = DecisionPlanner(self.context.catalog, tip, decider(self.context))
        return planner.restore(found.key) if self.back else planner.drop(found.key)

    def _transact(self, transaction: Transaction, found: FoundTopic) -> DropSummary:
        tip = transaction.tip
        changes = self._changes(tip, found)
        if changes:
            transaction.publish([PlannedCommit(decide_message([self._said(found)]), dict(changes.items()))], "decision")
        edits = transaction.edits([topic_path(kind, found.key) for kind in FOLDERS])
        return self._summary(
            tip, found, changes, Overlay(tip, PathChanges.of((edit.path, edit.content) for edit in edits.values()))
        )

    def _preview(self, tip: Snapshot, found: FoundTopic) -> DropSummary:
        changes = self._changes(tip, found)
        carried = bool(changes) and self.context.carries_pages
        foreseen = self.context.foresee(tip, changes) if carried else ForeseenPages(PageChanges())
        done = self._summary(tip, found, changes, Overlay(tip, self.context.uncommitted(tip)))
        page = done.page or self._page(Overlay(tip, changes), found.key)
        return replace(done, branch=self.context.name, page=page, pages=foreseen.pages, besides=foreseen.besides)

    def _summary(self, tip: Snapshot, found: FoundTopic, changes: PathChanges, tree: Tree) -> DropSummary:
        deleted = tuple(sorted(changes.deleted))
        words = tuple(edited_pages(tree, found.key)) if changes.coming else ()
        return DropSummary("", tip.commit, found.title, self._page(tip, found.key), changes.coming, deleted, words=words)

    def _page(self, tree: Tree, key: str) -> str:
        """The path of a key's page in a tree, "" for none."""
        with self.context.catalog.at(tree, RECORDS, keep=False) as db:
            pages = RecordCorpus(db)
            found = [page for kind in FOLDERS if (page := pages.page(kind, key)) is not None and not page.target]
        return found[0].path if found else ""
