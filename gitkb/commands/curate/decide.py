"""Decides that two names mean the same, or that they do not: a commit with the decisions, then the pages.

Invariant: a decision holds for every later document until a person decides otherwise; it and the end of what said otherwise
are one commit. Pages follow from it, and a person's words on them stay.
"""

from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from gitkb.branch.commit_messages import decide_message
from gitkb.branch.overlay import Overlay
from gitkb.branch.stored_documents import find_document
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.commands.change import ChangeContext
from gitkb.commands.inspect.find import FoundTopic, find_topic
from gitkb.errors import UsageError
from gitkb.formats.topic_rows import FOLDERS, page_key, topic_path
from gitkb.model.documents import Tree
from gitkb.model.path_changes import PathChanges
from gitkb.model.results import DecideSummary, PageChanges
from gitkb.pages.name_decisions import DecisionPlanner
from gitkb.pages.preview import ForeseenPages
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit
from gitkb.text.markdown.links import one_line
from gitkb.wiki.hand_edits import Seal, state


class Wish(Struct, frozen=True):
    """A decision that a person wants: `name` and `other` are the same, or are not; or in some `documents` the name means the
    other one, which may be new."""

    name: FoundTopic
    other: FoundTopic
    same: bool
    documents: tuple[str, ...] = ()

    def changes(self, planner: DecisionPlanner) -> PathChanges:
        if self.documents:
            return planner.other_sense(self.name.key, self.other.key, self.other.title, self.documents)
        plan = planner.same if self.same else planner.apart
        return plan(self.name.key, self.other.key)

    @property
    def shown(self) -> str:
        """The key on whose page the claims are of which it was decided."""
        return self.other.key if self.documents else self.name.key

    @property
    def said(self) -> str:
        """The decision as a sentence without its full stop."""
        if self.documents:
            return f"{self.name.title} means {self.other.title} in {', '.join(self.documents)}"
        return f"{self.name.title} {'means' if self.same else 'is not the same as'} {self.other.title}"


class DecideRun(Struct, frozen=True):
    """One `same` or `apart`."""

    context: ChangeContext
    dry_run: bool

    def __call__(self, name: str, other: str, documents: Sequence[str] = (), *, same: bool) -> DecideSummary:
        """Decides about two names as people type them; `NotFound` and `UsageError` before anything is changed."""
        tip = self.context.tip()
        wish = self._sense(tip, name, other, documents) if documents else self._wish(tip, name, other, same)
        if self.dry_run:
            return self._preview(tip, wish)
        with self.context.change(f"decide: {wish.said}") as change:
            done = change.transact(partial(self._transact, wish=wish))
        tip = change.tip()
        page = self._page(tip, wish.shown)
        return replace(done, branch=change.branch, commit=tip.commit, pages=change.pages, page=page)

    def _wish(self, tip: Snapshot, name: str, other: str, same: bool) -> Wish:
        with self.context.records(tip) as corpus:
            wish = Wish(find_topic(corpus, name), find_topic(corpus, other), same)
        if wish.name.key == wish.other.key:
            raise UsageError(
                f"{name!r} and {other!r} are one name here ({wish.name.key}): case, punctuation and plural make no other.",
                "Name two pages.",
            )
        return wish

    def _sense(self, tip: Snapshot, name: str, title: str, documents: Sequence[str]) -> Wish:
        with self.context.records(tip) as corpus:
            found = find_topic(corpus, name)
            key = page_key(title, "en")
            names = sorted({find_document(tip, each, corpus.documents()) for each in documents})
            other = FoundTopic(key, corpus.spelling(key) if corpus.knows(key) else one_line(title))
        if found.key == key:
            raise UsageError(
                f"{title!r} is the same name as {found.title}.",
                f'Give the other meaning a name of its own: "{found.title} (...)".',
            )
        return Wish(found, other, same=False, documents=tuple(names))

    def _transact(self, transaction: Transaction, wish: Wish) -> DecideSummary:
        tip = transaction.tip
        changes = wish.changes(DecisionPlanner(self.context.catalog, tip, decider(self.context)))
        if changes:
            transaction.publish([PlannedCommit(decide_message([wish.said]), dict(changes.items()))], "decision")
        paths = [topic_path(kind, wish.name.key) for kind in FOLDERS]
        edits = PathChanges.of((edit.path, edit.content) for edit in transaction.edits(paths).values())
        return _summary(tip, wish, changes, edits)

    def _preview(self, tip: Snapshot, wish: Wish) -> DecideSummary:
        changes = wish.changes(DecisionPlanner(self.context.catalog, tip, decider(self.context)))
        edits = self.context.uncommitted(tip)
        carried = bool(changes) and self.context.carries_pages
        foreseen = self.context.foresee(tip, changes) if carried else ForeseenPages(PageChanges())
        page = self._page(Overlay(tip, changes), wish.shown)
        done = _summary(tip, wish, changes, edits)
        return replace(done, branch=self.context.name, page=page, pages=foreseen.pages, besides=foreseen.besides)

    def _page(self, tree: Tree, name: str) -> str:
        """The path of the page that shows the claims of a name in a tree, "" for none."""
        with self.context.catalog.at(tree, RECORDS, keep=False) as db:
            corpus = RecordCorpus(db)
            target = corpus.names.target(name)
            found = [page for kind in FOLDERS if (page := corpus.page(kind, target)) is not None and not page.target]
        return found[0].path if found else ""


def _summary(tip: Snapshot, wish: Wish, changes: PathChanges, edits: PathChanges) -> DecideSummary:
    deleted = tuple(sorted(changes.deleted))
    words = tuple(edited_pages(Overlay(tip, edits), wish.name.key)) if wish.same and changes else ()
    names = (wish.name.title, wish.other.title)
    return DecideSummary("", tip.commit, *names, "", changes.coming, deleted, words=words, documents=wish.documents)


def decider(context: ChangeContext) -> str:
    """The person who decides: their address, if git knows it."""
    email = context.store.email()
    return f"human:{email}" if email else "human"


def edited_pages(tree: Tree, key: str) -> list[str]:
    """The pages of a name that hold a person's words."""
    found = ((topic_path(kind, key), tree.read(topic_path(kind, key))) for kind in FOLDERS)
    return [path for path, page in found if page is not None and state(page) is not Seal.GENERATED]
