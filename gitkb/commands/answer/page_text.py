"""Parts of pages, and the links between pages, as programs ask for them.

Invariant: reads one tree, and only below wiki/. A text is bounded, and says where it goes on.
"""

import re
from urllib.parse import unquote

from gitkb.commands.answer.page_reader import WIKI, Pages, lines_of
from gitkb.commands.inspect.find import find_page
from gitkb.errors import NotFound
from gitkb.model.documents import Tree
from gitkb.model.rows import PageLinks, PageText
from gitkb.text.markdown.links import is_external, links, resolve

_TARGET = re.compile(rb"\]\(<?([^)\s>]+)")
_MOST_KEPT = 200_000
_MOST_HEADINGS = 200


def page_text(tree: Tree, name: str, place: str, first: int, most: int) -> PageText:
    """Lines of a page or of a document's summary, from line `first` on; with a place in it ("page-12", "12-14", a heading or its
    anchor) those of the place. Whole lines of at most `most` characters in all; a longer line is cut. `NotFound` names candidates
    and places."""
    path, document = find_page(tree, name.partition("#")[0])
    pages = Pages(tree)
    place = place or name.partition("#")[2]
    start, end = first, 0
    if place:
        path, begin, end = _found(pages, path, place)
        start = max(first, begin)
    page = pages.page(path)
    if page is None:
        raise NotFound(f"{path} is no page.", "gitkb search finds pages.")
    start, last = max(start, page.first), min(end or len(page.lines), len(page.lines))
    kept: list[str] = []
    size = 0
    for line in page.lines[start - 1 : last]:
        size += len(line) + 1
        if kept and size > most:
            break
        kept.append(line)
    cut = max(0, len(kept[0]) - most) if kept else 0
    headings = tuple((each.line, each.level, each.anchor, each.title) for each in pages.outline(path)[:_MOST_HEADINGS])
    return PageText(
        path=path,
        document=document or "",
        title=page.title,
        text="\n".join(kept)[:most] if cut else "\n".join(kept),
        first=start,
        last=start + len(kept) - 1,
        lines=len(page.lines),
        description=page.description,
        headings=headings,
        end=last,
        cut=cut,
    )


def _found(pages: Pages, path: str, place: str) -> tuple[str, int, int]:
    """(the file, first line, last line) of a place in a page, or in one of its chapters."""
    for each in (path, *pages.chapters(path)):
        lines = lines_of(pages, each, place)
        if lines is not None:
            return each, *lines
    raise NotFound(f"{path} has no place {place!r}.", "Its headings and their anchors are listed where the page is read.")


class LinkMap:
    """Who links to whom. What a file links to is remembered by the id of its bytes, so that only what changed is read again."""

    def __init__(self) -> None:
        self._targets: dict[str, tuple[str, ...]] = {}
        self._exact: dict[tuple[str, str], frozenset[str]] = {}

    def links(self, tree: Tree, name: str) -> PageLinks:
        """The links from a page and to it; `NotFound` names the candidates."""
        path, _ = find_page(tree, name)
        pages = Pages(tree)
        page = pages.page(path)
        return PageLinks(path, page.title if page is not None else "", _to(pages, path), tuple(self._of(tree, pages, path)))

    def _of(self, tree: Tree, pages: Pages, path: str) -> list[str]:
        name = path.rpartition("/")[2]
        near = [(each, oid) for each, oid in tree.files("wiki") if each.endswith(".md") and name in self._names(tree, oid)]
        return sorted(each for each, oid in near if each != path and path in self._links_of(pages, each, oid))

    def _links_of(self, pages: Pages, path: str, oid: str) -> frozenset[str]:
        """The pages to which the page with these bytes links."""
        known = self._exact.get((path, oid))
        if known is None:
            if len(self._exact) > _MOST_KEPT:
                self._exact.clear()
            known = self._exact[path, oid] = frozenset(_to(pages, path))
        return known

    def _names(self, tree: Tree, oid: str) -> tuple[str, ...]:
        """The file names to which a page's links may lead, judged quickly: code may be among them."""
        known = self._targets.get(oid)
        if known is None:
            if len(self._targets) > _MOST_KEPT:
                self._targets.clear()
            found = {unquote(each.decode("utf-8", "replace")).partition("#")[0] for each in _TARGET.findall(tree.read_blob(oid))}
            known = self._targets[oid] = tuple(sorted({each.rpartition("/")[2] for each in found if each.endswith(".md")}))
        return known


def _to(pages: Pages, path: str) -> tuple[str, ...]:
    page = pages.page(path)
    if page is None:
        return ()
    targets = [each.target for each in links(page.body) if not each.image and not is_external(each.target)]
    found = {place[0] for target in targets if (place := resolve(path, target)) is not None}
    return tuple(sorted(each for each in found if each.startswith(WIKI) and each != path))
