"""Fixes what needs no person's judgement: names that surely mean the same by a rule, and links whose targets moved.

Invariant: there is one commit for each kind of fix; all are published together or not at all, then the pages are refreshed. Only
a plan that was made for the tip under the lock is written. A page with edits that are not committed is left as it is and named.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.branch.commit_messages import decide_message, link_message
from gitkb.branch.overlay import Overlay
from gitkb.branch.renames import former_documents, renamed_to
from gitkb.catalog.record_tables import RECORDS
from gitkb.commands.change import ChangeContext
from gitkb.commands.lint.dead_links import RepairedPage, repaired_pages
from gitkb.commands.lint.similar_names import merges
from gitkb.commands.lint.tree import Base
from gitkb.formats import decisions
from gitkb.formats.decisions import SameAs
from gitkb.model.path_changes import PathChanges
from gitkb.model.results import FixSummary, PageChanges
from gitkb.pages.preview import ForeseenPages
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit

LINT_RULE = "rule gitkb-lint/1"
NEAR_DUPLICATE, DEAD_LINK = "near-duplicate", "dead-link"


class _Plan(Struct, frozen=True):
    """What to do on a tip: decisions with their words, and pages with new links. `gone`: pages that vanish because their name
    moves to another page. `left`: pages that are not touched because they have edits that are not committed."""

    merged: Mapping[str, str] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    mended: tuple[RepairedPage, ...] = ()
    gone: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def decided(self) -> PathChanges:
        made = [SameAs(key, into, LINT_RULE) for key, into in self.merged.items()]
        return PathChanges({each.path: decisions.encode(each) for each in made})

    @property
    def pages(self) -> PathChanges:
        return PathChanges({each.page.path: each.content for each in self.mended})


class FixRun(Struct, frozen=True):
    """One `lint --fix`; `codes` are the kinds of findings that are wanted."""

    context: ChangeContext
    dry_run: bool
    codes: frozenset[str]

    def __call__(self) -> FixSummary:
        """Fixes what is safe, and also makes pages that are pending, for example after a run that was killed."""
        tip = self.context.tip()
        plan = self._plan(tip, self.context.uncommitted(tip).paths)
        if self.dry_run:
            return self._preview(tip, plan)
        with self.context.change("lint --fix") as change:
            done = change.transact(partial(self._transact, tip=tip, plan=plan))
        return replace(done, branch=change.branch, commit=change.commit, pages=change.pages)

    def _plan(self, tip: Snapshot, edited: Collection[str]) -> _Plan:
        """Plans the fixes for a tip; pages with `edited` paths have edits that are not committed and are left out."""
        plan = _Plan()
        if NEAR_DUPLICATE in self.codes:
            with self._base(tip, PathChanges()) as base:
                merged = merges(base, edited)
                left = sorted(base.by_key[key].path for key in merges(base) if key not in merged)
                titles = {key: base.corpus.names.title(key) for pair in merged.items() for key in pair}
                gone = tuple(base.by_key[key].path for key in merged)
            said = tuple(f"{titles[key]} means {titles[into]}" for key, into in merged.items())
            plan = _Plan(merged, said, gone=gone, left=tuple(left))
        if DEAD_LINK in self.codes:
            with self._base(tip, plan.decided) as base:
                made = tuple(repaired_pages(base))
            left = [each.page.path for each in made if each.page.path in edited]
            made = tuple(each for each in made if each.page.path not in edited)
            plan = replace(plan, mended=made, left=(*plan.left, *left))
        return plan

    @contextmanager
    def _base(self, tip: Snapshot, changes: PathChanges) -> Iterator[Base]:
        tree = Overlay(tip, changes) if changes else tip
        with self.context.catalog.at(tree, RECORDS, keep=not changes and not self.context.branch) as db:
            renamed = lru_cache(lambda path: renamed_to(self.context.store, path, tip.commit))
            yield Base(tree, db, renamed, lambda: former_documents(self.context.store, tip))

    def _transact(self, transaction: Transaction, tip: Snapshot, plan: _Plan) -> FixSummary:
        edited = transaction.edits((*plan.gone, *plan.pages.written))
        if transaction.tip.oid != tip.oid or edited:  # somebody was quicker than the plan
            tip = transaction.tip
            plan = self._plan(tip, {*edited, *self.context.uncommitted(tip).paths})
        commits = []
        if plan.merged:
            commits.append(PlannedCommit(decide_message(plan.said, LINT_RULE), plan.decided.written))
        if plan.mended:
            lines = [(each.page.path, *at) for each in plan.mended for at in _lines(each)]
            commits.append(PlannedCommit(link_message(lines), plan.pages.written))
        transaction.publish(commits, "fixes")
        return _summary(tip, plan)

    def _preview(self, tip: Snapshot, plan: _Plan) -> FixSummary:
        changes = plan.pages.over(plan.decided)
        carried = bool(changes) and self.context.carries_pages
        foreseen = self.context.foresee(tip, changes) if carried else ForeseenPages(PageChanges())
        return replace(_summary(tip, plan), branch=self.context.name, pages=foreseen.pages, besides=foreseen.besides)


def _lines(made: RepairedPage) -> Iterator[tuple[int, str]]:
    for link, target in zip(made.links, made.targets, strict=True):
        yield link.line, target


def _summary(tip: Snapshot, plan: _Plan) -> FixSummary:
    counts = {each.page.path: len(each.links) for each in plan.mended}
    return FixSummary("", tip.commit, plan.merged, counts, plan.left, plan.decided.coming)
