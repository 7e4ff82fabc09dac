"""The diff of two revisions: finds the two sides, projects what can differ between them, and looks into their trees.

Invariant: reads only, and costs what differs: records, pages and texts that no differing document can touch are not read.
Both sides are projected, so a branch that carries no pages commits is compared by the pages that it would have.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import overload

from msgspec import Struct

from gitkb.branch.altered_records import altered_records
from gitkb.branch.landed import landed_commit
from gitkb.branch.older_versions import Coming, older
from gitkb.branch.renames import renames
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.commands.diff.attention import Seen
from gitkb.commands.diff.compare import compare
from gitkb.commands.diff.report import DiffReport, SourceChange, WebLinks, web_links
from gitkb.commands.diff.shown_pages import Side, keys_touched, new_keys, views
from gitkb.commands.diff.trees import Trees
from gitkb.errors import FormatError, RepositoryError
from gitkb.formats import approvals, records
from gitkb.formats.approvals import Approval, Confirmation
from gitkb.formats.decisions import Decision, is_decision
from gitkb.formats.decisions import decode as decode_decision
from gitkb.formats.declared_sources import SOURCES, decode_source, synced_at
from gitkb.formats.settings import Settings
from gitkb.formats.topic_rows import topic_path
from gitkb.model.documents import Record, TreeChange
from gitkb.model.results import Older
from gitkb.pages.scope import topics_of
from gitkb.store.history import Ancestors, Ancestry
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot

MAIN = "main"
_TOKENS = re.compile(r"^Gitkb-Tokens: *(\d+)(?: in, *(\d+) out)?", re.MULTILINE)


class _Named(Struct, frozen=True):
    """A side as the person named it."""

    name: str
    tree: Snapshot


def diff(
    store: Store, catalog: Catalog, settings: Settings, base: str | None, head: str | None, *, forked: bool = False
) -> DiffReport:
    """What leads from one revision to another; if `forked`, from where the head left the base. Without a head it is what is
    checked out; without a base, see `_base`."""
    name = head or _checked_out(store)
    after = _Named(name, store.snapshot(head))
    if base is None:
        before = _base(store, settings, name, after.tree)
    elif forked:
        before = _left(store, _Named(base, store.snapshot(base)), after.tree)
    else:
        before = _Named(base, store.snapshot(base))
    return _Comparison(store, catalog, before, after).report()


def _checked_out(store: Store) -> str:
    try:
        return store.branch()
    except RepositoryError:
        return "HEAD"


def links(store: Store) -> WebLinks | None:
    """Links into the hosting service of origin; None if its host is not known."""
    return web_links(Ancestry(store.git_dir).remote_url(), inside=store.inside)


def _base(store: Store, settings: Settings, branch: str, head: Snapshot) -> _Named:
    """What a branch is compared with: where it left the branch that a request would go to, as the remote has it; on that one,
    what is not shared yet, else the last run. A detached HEAD that this branch contains is compared as that branch would be."""
    ancestry = Ancestry(store.git_dir)
    target = MAIN if settings.pages.branch == "*" else settings.pages.branch
    if branch != target:
        for found in _targets(ancestry, target):
            left = _left(store, _Named(found[0], store.snapshot(found[1])), head, needed=False)
            if left is not None and (branch != "HEAD" or left.tree.commit != head.commit):
                return left
    upstream = ancestry.upstream(branch)
    base = ancestry.merge_base(upstream, head.commit) if upstream else None
    if base is not None and base != head.commit:
        return _Named("its upstream", store.snapshot(base))
    return _Named("before the last run", _before_last_run(store, ancestry, head))


def _targets(ancestry: Ancestry, target: str) -> Iterator[tuple[str, str]]:
    """(name, tip) of the branch that a request would go to: the remote's, then the local one."""
    remote, local = ancestry.remote_branch(target), ancestry.branch(target)
    if remote is not None:
        yield remote
    if local is not None:
        yield target, local


@overload
def _left(store: Store, base: _Named, head: Snapshot) -> _Named: ...
@overload
def _left(store: Store, base: _Named, head: Snapshot, *, needed: bool) -> _Named | None: ...
def _left(store: Store, base: _Named, head: Snapshot, *, needed: bool = True) -> _Named | None:
    """Where a head left a base: the newest commit of the head whose documents the base has. Where a shallow clone does not know
    it, the base itself; without anything in common None, or `RepositoryError` if it is `needed`."""
    found = Ancestry(store.git_dir).merge_base(base.tree.commit, head.commit)
    if found is not None:
        landed = landed_commit(store, base.tree, head, store.snapshot(found))
        return _Named(f"{base.name}, which has the rest" if landed else base.name, store.snapshot(landed or found))
    if Ancestors(store.git_dir).is_shallow():
        return _Named(f"{base.name} as it is now, since this clone is shallow", base.tree)
    if needed:
        raise RepositoryError(
            f"{base.name} and this branch have no history in common.", f"Compare them as they are: {base.name}.."
        )
    return None


def _before_last_run(store: Store, ancestry: Ancestry, head: Snapshot) -> Snapshot:
    """The commit before the newest unbroken row of document commits, pages commits after them aside."""
    last, seen = head, False
    for oid in ancestry.first_parents(head.commit):
        commit = store.snapshot(oid)
        differs = commit.entry(records.RECORDS) != last.entry(records.RECORDS)
        if seen and not differs:
            return last
        seen = seen or differs
        last = commit
    return last


class _Comparison(Struct, frozen=True):
    store: Store
    catalog: Catalog
    base: _Named
    head: _Named

    def report(self) -> DiffReport:
        base, head = self.base.tree, self.head.tree
        changes = head.changes_since(base.oid)
        before, _ = _read(head, changes, old=True)
        after, unreadable = _read(head, changes, old=False)
        self._warm()
        touching = _Touching((*before.values(), *after.values()), topics_of(head, changes))
        base_side = self._side(self.base, before, touching, None)
        head_side = self._side(self.head, after, touching, base_side)
        trees = Trees(base, head, changes, base_side, head_side)
        moved = trees.links()
        given = {**_approvals(base, base_side), **_approvals(head, head_side)}
        seen = Seen(
            edited=trees.edited(),
            broken=moved.broken,
            mended=moved.mended,
            committed=trees.committed(),
            committed_before=trees.committed_before(),
            unreadable=unreadable,
            approved=_approved(given, head, head_side),
            said_verified={page: words for page, words in trees.said_verified().items() if page not in given},
            letters=trees.letters(),
            tokens=self._tokens(),
            decided=_decided(head, changes),
            confirmed=_confirmed(head, changes),
            texts=trees.texts(),
            forms=trees.forms(),
            short=trees.short(),
            renamed=trees.renamed(),
            older=self._older(before, after),
            sources=_sources(base, head),
            altered=altered_records(before, after),
        )
        return compare(base_side, head_side, seen)

    def _warm(self) -> None:
        """Catches the catalog up with the tip for good, so that neither side starts from nothing."""
        with self.catalog.at(self.store.snapshot(), RECORDS):
            pass

    def _side(self, named: _Named, own: Mapping[str, Record], touching: "_Touching", base: Side | None) -> Side:
        with self.catalog.at(named.tree, RECORDS, keep=False) as db:
            corpus = RecordCorpus(db)
            keys = keys_touched(corpus, touching.records) | corpus.affected(touching.topics)
            found = views(corpus, keys, None if base is None else base.views.keys())
            alike = () if base is None else corpus.sharing_a_sign(new_keys(found, base.views))
            return Side(named.tree.commit, named.name, own, found, corpus.paths(), tuple(alike))

    def _older(self, before: Mapping[str, Record], after: Mapping[str, Record]) -> list[Older]:
        """The documents that the head turns back."""
        old_names = {new: old for old, new in renames(before, after).items()}
        coming = []
        for name, record in after.items():
            was = before.get(name)
            if was is None or was.source.sha256 != record.source.sha256:
                coming.append(Coming(name, record.source.path, record.source.sha256, old_names.get(name, "")))
        return older(self.store, self.base.tree, coming)

    def _tokens(self) -> int:
        """The number of tokens that the commits in between report."""
        commits = Ancestry(self.store.git_dir).between(self.base.tree.commit, self.head.tree.commit)
        return sum(int(number) for commit in commits for found in _TOKENS.findall(commit.message) for number in found if number)


class _Touching(Struct, frozen=True):
    """Everything that can make pages differ: records of both sides, and topics about which something was decided or written."""

    records: tuple[Record, ...]
    topics: Collection[str]


def _sources(base: Snapshot, head: Snapshot) -> list[SourceChange]:
    """The declared sources that differ, by name. A declaration that cannot be read is left to `check`."""
    sides = [(_where(tree), {name: each.commit for name, each in synced_at(tree).items()}) for tree in (base, head)]
    (was, before), (now, after) = sides
    found = [
        SourceChange(name, before.get(name, ""), after.get(name, ""), was.get(name, ""), now.get(name, ""))
        for name in sorted({*was, *now, *before, *after})
    ]
    return [each for each in found if (each.before, each.was) != (each.after, each.now)]


def _where(tree: Snapshot) -> dict[str, str]:
    found = {}
    for path, oid in tree.files(SOURCES):
        with suppress(FormatError):
            source = decode_source(tree.read_blob(oid), path)
            found[source.name] = source.where
    return found


def _approvals(tree: Snapshot, side: Side) -> dict[str, Approval]:
    """The approvals of a side's pages, by the pages' paths; those that cannot be read are left out."""
    found = {}
    for page, view in side.views.items():
        path = approvals.approval_path(view.page.kind, view.page.key)
        content = tree.read(path)
        with suppress(FormatError):
            if content is not None:
                found[page] = approvals.decode(content, path)
    return found


def _approved(found: Mapping[str, Approval], head: Snapshot, side: Side) -> dict[str, Confirmation]:
    """What counts of the approvals of pages that are not, or no longer, what was approved; not of those that were taken back."""
    changed = {}
    for page, approval in found.items():
        view = side.views.get(page)
        shown = [approvals.mark(said.text) for said in view.said] if view is not None else []
        if head.blob(approval.path) is not None and not (shown and approval.holding(shown)):
            changed[page] = approval.newest
    return changed


def _confirmed(head: Snapshot, changes: list[TreeChange]) -> dict[str, list[Confirmation]]:
    """The confirmations that came, by the pages' paths."""
    found: dict[str, list[Confirmation]] = {}
    for change in changes:
        page = approvals.page_of(change.path)
        with suppress(FormatError):
            sides = [
                approvals.decode(head.read_blob(oid), change.path) if page and oid else None for oid in (change.old, change.new)
            ]
            old, new = (side.confirmations if side else () for side in sides)
            if page and (came := [each for each in new if each not in old]):
                found[topic_path(*page)] = came
    return found


def _decided(head: Snapshot, changes: list[TreeChange]) -> list[Decision]:
    """The decisions about names that came or changed."""
    found = []
    for change in changes:
        if change.new is not None and is_decision(change.path):
            with suppress(FormatError):
                found.append(decode_decision(head.read_blob(change.new), change.path))
    return found


def _read(tree: Snapshot, changes: list[TreeChange], *, old: bool) -> tuple[dict[str, Record], dict[str, str]]:
    """The records of one side that differ, by document; and what is wrong with those that cannot be read, by path."""
    found: dict[str, Record] = {}
    unreadable: dict[str, str] = {}
    for path, oid in _versions(changes, old=old):
        try:
            record = records.decode(tree.read_blob(oid), path)
            found[record.document] = record
        except FormatError as error:
            unreadable[path] = error.message
    return found, unreadable


def _versions(changes: list[TreeChange], *, old: bool) -> Iterator[tuple[str, str]]:
    for change in changes:
        oid = change.old if old else change.new
        if oid is not None and records.document_of(change.path) is not None:
            yield change.path, oid
