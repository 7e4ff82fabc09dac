"""Predicts the shared pages after a change, without making it: for `--dry-run`.

Invariant: writes no object, takes no lock, stores nothing in the catalog. The prediction is what the run then does to the branch,
path by path, as long as nobody writes meanwhile and no model is asked.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from urllib.parse import unquote

from msgspec import Struct, field

from gitkb.branch.overlay import Overlay
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.formats.settings import Settings
from gitkb.model.documents import Tree
from gitkb.model.path_changes import PathChanges, PathChangesBuilder
from gitkb.model.results import DeadLink, Foreseen, PageChanges
from gitkb.pages.refresh import carries_pages, foresee_refresh, history_base, page_changes, without_page
from gitkb.pages.scope import differences, scope_of
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.text.markdown.links import links, resolve
from gitkb.wiki.hand_edits import edited_path, reconcile
from gitkb.wiki.projection import MADE, PROJECTION, made_by, newer, project

_TARGET = re.compile(r"(?:\]\(\s*<?|\[\[|^ {0,3}\[[^\]\n]+\]:\s*<?)([^()\s<>|\]]+)", re.MULTILINE)


class ForeseenPages(Struct, frozen=True):
    """The shared pages that would differ: what would happen to them, and their new content; `besides` are the files that
    would be written or deleted with them: projections kept of edited pages, overviews of pages that are no more, and the note of
    which projection made the pages."""

    pages: PageChanges
    contents: PathChanges = field(default_factory=PathChanges)
    besides: tuple[str, ...] = ()


def uncommitted(store: Store, branch: str, tip: Snapshot) -> PathChanges:
    """The edits to tracked pages in the worktree: a run would commit those that it touches first."""
    if store.worktree is None or branch not in ("", store.branch()):
        return PathChanges()
    files = {path: store.worktree / path for path in store.status().edited if tip.blob(path)}
    is_there = {path: file.is_file() and not file.is_symlink() for path, file in files.items()}
    return PathChanges.of((path, file.read_bytes() if is_there[path] else None) for path, file in files.items())


def foresee(store: Store, catalog: Catalog, tip: Snapshot, changes: PathChanges, edits: PathChanges) -> ForeseenPages:
    """The effect of a refresh on the pages that these changes of documents and pages concern; `edits` are made before."""
    now, tree = Overlay(tip, edits), Overlay(tip, changes.over(edits))
    with catalog.at(tree, RECORDS, keep=False) as db:
        projected = project(RecordCorpus(db), scope_of(tree, differences(tip, tree, changes.paths)))
    base = history_base(store, tip.commit)
    contents, besides = PathChangesBuilder(), []
    for path, content in projected.items():
        kept = tree.read(edited_path(path))
        reconciled = reconcile(path, tree.read(path), content, lambda path=path, kept=kept: kept or base(path))  # type: ignore[misc]
        if reconciled.content != now.read(path):
            contents.write(path, reconciled.content)
        if reconciled.edited_base != tip.read(edited_path(path)):
            besides.append(edited_path(path))
    besides += without_page(tip, projected)
    pages = contents.result()
    if (pages or besides) and made_by(tip) < PROJECTION:
        besides.append(MADE)
    return ForeseenPages(page_changes(tip, pages), pages, tuple(sorted(besides)))


def dead_links(tip: Tree, gone: Collection[str], contents: PathChanges) -> Iterator[DeadLink]:
    """The links of the pages that stay which lead to a file that will be gone; `contents` are pages that will differ. Pages
    whose new text is not at hand are left out."""
    names: dict[str, list[str]] = {}
    for path in sorted(gone):
        names.setdefault(_name(path), []).append(path)
    for page, oid in tip.files("wiki"):
        data = contents.written.get(page) if page in contents else tip.read_blob(oid) if page.endswith(".md") else None
        if data is None or page in gone:
            continue
        text = data.decode("utf-8", "replace")
        # A quick look first: reading a page as Markdown is slow, and most pages link none of them.
        near = (target for target in _TARGET.findall(text) if _name(target) in names)
        if any(_resolved(page, target, gone) or _wiki_target(target, names) for target in near):
            for link in links(text):
                target = _wiki_target(link.target, names) if link.wiki else _resolved(page, link.target, gone)
                if target:
                    yield DeadLink(page, link.line, target)


def _name(target: str) -> str:
    return unquote(target.partition("#")[0].partition("?")[0]).rpartition("/")[2].removesuffix(".md")


def _resolved(page: str, target: str, gone: Collection[str]) -> str:
    found = resolve(page, target)
    return found[0] if found is not None and found[0] in gone else ""


def _wiki_target(target: str, names: Mapping[str, Sequence[str]]) -> str:
    """The page that a wikilink names, by its path below the wiki or the end of it; `names` has the paths by their last part."""
    wanted = target.partition("#")[0].strip().removesuffix(".md")
    found = names.get(wanted.rpartition("/")[2], ()) if wanted else ()
    return next((path for path in found if path.startswith("wiki/") and path.endswith(f"/{wanted}.md")), "")


def foresee_run(
    store: Store, catalog: Catalog, settings: Settings, branch: str, tip: Snapshot, changes: PathChanges
) -> tuple[PageChanges, Foreseen]:
    """The shared pages and the other files that a run on a branch would touch, whose commits make these changes. Links are looked
    for on the pages whose new text is at hand."""
    carried = carries_pages(settings, branch) and not newer(tip)
    writes = foresee_refresh(store, catalog, tip, changes, uncommitted(store, branch, tip)) if carried else PathChanges()
    besides = writes.only(path for path in writes.paths if not path.startswith("wiki/")).over(changes)
    pages = page_changes(tip, writes)
    links = tuple(dead_links(tip, {*besides.deleted, *pages.removed}, writes.over(changes)))
    return pages, Foreseen(besides.coming, tuple(sorted(besides.deleted)), links)
