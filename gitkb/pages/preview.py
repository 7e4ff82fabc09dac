"""Predicts the shared pages after a change, without making it: for `--dry-run`.

Invariant: writes no object, takes no lock, stores nothing in the catalog. The prediction is what the run then does to the branch,
path by path, as long as nobody writes meanwhile and no model is asked.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from urllib.parse import unquote

from msgspec import Struct

from gitkb.branch.overlay import Overlay
from gitkb.branch.path_changes import PathChanges
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.formats.settings import Settings
from gitkb.model.documents import Tree
from gitkb.model.results import DeadLink, Foreseen, PageChanges
from gitkb.pages.refresh import carries_pages, foresee_refresh, history_base, page_changes, without_page
from gitkb.pages.scope import differences, scope_of
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.text.markdown.links import links, resolve
from gitkb.wiki.hand_edits import edited_path, settle
from gitkb.wiki.projection import MADE, PROJECTION, made_by, newer, project

_TARGET = re.compile(r"(?:\]\(\s*<?|\[\[|^ {0,3}\[[^\]\n]+\]:\s*<?)([^()\s<>|\]]+)", re.MULTILINE)


class ForeseenPages(Struct, frozen=True):
    """The shared pages that would differ: what would happen to them, and their new content by path; `besides` are the files that
    would be written or deleted with them: projections kept of edited pages, overviews of pages that are no more, and the note of
    which projection made the pages."""

    pages: PageChanges
    contents: Mapping[str, bytes | None]
    besides: tuple[str, ...] = ()


def uncommitted(store: Store, branch: str, tip: Snapshot) -> dict[str, bytes | None]:
    """The edits to tracked pages in the worktree: a run would commit those that it touches first."""
    if store.worktree is None or branch not in ("", store.branch()):
        return {}
    files = {path: store.worktree / path for path in store.status().edited if tip.blob(path)}
    return {path: file.read_bytes() if file.is_file() and not file.is_symlink() else None for path, file in files.items()}


def foresee(
    store: Store, catalog: Catalog, tip: Snapshot, changes: Mapping[str, bytes | None], edits: Mapping[str, bytes | None]
) -> ForeseenPages:
    """The effect of a refresh on the pages that these changes of documents and pages concern; `edits` are made before."""
    now, tree = Overlay(tip, edits), Overlay(tip, {**edits, **changes})
    with catalog.at(tree, RECORDS, keep=False) as db:
        projected = project(RecordCorpus(db), scope_of(tree, differences(tip, tree, changes)))
    base = history_base(store, tip.commit)
    contents, besides = {}, []
    for path, content in projected.items():
        kept = tree.read(edited_path(path))
        settled = settle(path, tree.read(path), content, lambda path=path, kept=kept: kept or base(path))  # type: ignore[misc]
        if settled.content != now.read(path):
            contents[path] = settled.content
        if settled.edited_base != tip.read(edited_path(path)):
            besides.append(edited_path(path))
    besides += without_page(tip, projected)
    if (contents or besides) and made_by(tip) < PROJECTION:
        besides.append(MADE)
    return ForeseenPages(_page_changes(tip, contents), contents, tuple(sorted(besides)))


def dead_links(tip: Tree, gone: Collection[str], contents: Mapping[str, bytes | None]) -> Iterator[DeadLink]:
    """The links of the pages that stay which lead to a file that will be gone; `contents` are pages that will differ."""
    names: dict[str, list[str]] = {}
    for path in sorted(gone):
        names.setdefault(_name(path), []).append(path)
    for page, oid in tip.files("wiki"):
        data = contents[page] if page in contents else tip.read_blob(oid) if page.endswith(".md") else None
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


def _page_changes(tip: Snapshot, contents: Mapping[str, bytes | None]) -> PageChanges:
    return PageChanges(
        created=tuple(path for path, content in contents.items() if content is not None and tip.blob(path) is None),
        changed=tuple(path for path, content in contents.items() if content is not None and tip.blob(path) is not None),
        removed=tuple(path for path, content in contents.items() if content is None),
    )


def foresee_run(
    store: Store, catalog: Catalog, settings: Settings, branch: str, tip: Snapshot, changes: PathChanges
) -> tuple[PageChanges, Foreseen]:
    """The shared pages and the other files that a run on a branch would touch, whose commits make these changes. Links are looked
    for on the pages whose new text is at hand."""
    carried = carries_pages(settings, branch) and not newer(tip)
    writes = foresee_refresh(store, catalog, tip, changes, uncommitted(store, branch, tip)) if carried else {}
    contents = {path: content for path, content in writes.items() if isinstance(content, bytes | None)}
    besides = {path: content for path, content in contents.items() if not path.startswith("wiki/")}
    pages = page_changes(tip, contents)
    comes = dict.fromkeys(changes.coming, True) | dict.fromkeys(changes.deleted, False)
    comes |= {path: content is not None for path, content in besides.items()}
    written, deleted = (tuple(sorted(path for path in comes if comes[path] is wanted)) for wanted in (True, False))
    unread = dict.fromkeys(changes.known)
    links = tuple(dead_links(tip, {*deleted, *pages.removed}, {**unread, **changes.contents, **contents}))
    return pages, Foreseen(written, deleted, links)
