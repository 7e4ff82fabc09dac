"""The wiki's pages at one commit, as answers see them: texts, outlines, anchors, and the place of a line.

Invariant: everything is read from one tree, so an answer never mixes two states of the knowledge base. Only files below wiki/
can be read here, whatever path is asked for.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from gitkb.compile.read_document import heading_place, page_place
from gitkb.convert.outline import outline
from gitkb.errors import FormatError
from gitkb.formats.records import decode, record_path
from gitkb.model.documents import Heading, Place, Tree
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import anchors, named_anchors

WIKI = "wiki/"
_KEPT = 64
_SECTION = 150
_PAGES = re.compile(r"(?:p{1,2}\.?|pages?|slides?|sheets?)?[ .-]*(\d{1,6})(?:\s*[-–]\s*(\d{1,6}))?", re.IGNORECASE)
_PAGE_MARK = re.compile(r"<a name=\"((?:page|slide|sheet)-[\w-]{1,40})\"></a>")


class Page(Struct, frozen=True):
    """A page's `lines`, numbered from 1 with its front matter; `first` is the line where its body begins."""

    path: str
    title: str
    description: str
    lines: Sequence[str]
    first: int

    @property
    def body(self) -> str:
        """The text without the front matter."""
        return "\n".join(self.lines[self.first - 1 :])


class Pages:
    """Reads pages; the last few are remembered. Paths are those of the repository ("wiki/sources/papers/aries.md"). Of several
    knowledge bases, given by name, each is seen as a folder of one wiki: "wiki/NAME/sources/papers/aries.md"."""

    def __init__(self, tree: Tree | Mapping[str, Tree], days: Callable[[str], Mapping[str, str]] = lambda kb: {}) -> None:
        """`days` gives the days on which the documents of a knowledge base changed; it is asked once, where one is wanted."""
        self.trees: Mapping[str, Tree] = tree if isinstance(tree, Mapping) else {"": tree}
        self._days = lru_cache(len(self.trees))(days)
        self._dated = lru_cache(_KEPT)(self._newest_date)
        self._summaries = lru_cache(1)(self._all_summaries)
        self.page = lru_cache(_KEPT)(self._page)
        self.outline = lru_cache(_KEPT)(self._outline)
        self.marks = lru_cache(_KEPT)(self._marks)
        self._anchors = lru_cache(_KEPT)(self._all_anchors)

    def exists(self, path: str) -> bool:
        """Whether the wiki has a file there."""
        kb, inside = self.split(path)
        return kb in self.trees and inside.startswith(WIKI) and self.trees[kb].blob(inside) is not None

    def split(self, path: str) -> tuple[str, str]:
        """(knowledge base, path in it); the name is "" if there is only one, or if the path begins with no name."""
        for kb in self.trees:
            if kb and path.startswith(f"{WIKI}{kb}/"):
                return kb, WIKI + path.removeprefix(f"{WIKI}{kb}/")
        return "", path

    def named(self, name: str, folders: Sequence[str]) -> Iterator[str]:
        """Where a document or page of this bare name may stand in these folders, of the knowledge base that the name begins with,
        else of each."""
        kb, inside = self.split(f"{WIKI}{name}")
        bare = inside.removeprefix(WIKI)
        for each in (kb,) if kb in self.trees else self.trees:
            yield from (_seen(each, f"{WIKI}{folder}/{bare}.md") for folder in folders)

    def is_source(self, path: str) -> bool:
        """Whether a page is the text of a document."""
        return self.split(path)[1].startswith("wiki/sources/")

    def document_of(self, path: str) -> str:
        """The document that a page of sources/ or summaries/ belongs to, "" for other pages."""
        inside = self.split(path)[1]
        for folder in ("wiki/sources/", "wiki/summaries/"):
            if inside.startswith(folder):
                return inside.removeprefix(folder).removesuffix(".md").partition("--")[0]
        return ""

    def day(self, path: str) -> str:
        """The day (ISO 8601) on which the document of a page last changed here, "" where there is none."""
        document = self.document_of(path)
        return self._days(self.split(path)[0]).get(document, "") if document else ""

    def dated(self, path: str) -> str:
        """The newest day (ISO 8601) that the document of a page states for itself, "" where it states none."""
        document = self.document_of(path)
        return self._dated(self.split(path)[0], document) if document else ""

    def _newest_date(self, kb: str, document: str) -> str:
        path = record_path(document)
        content = self.trees[kb].read(path)
        try:
            dates = decode(content, path).dates if content is not None else {}
        except FormatError:
            return ""  # gitkb check says what is wrong with it
        return max((date[:10] for date in dates.values()), default="")

    def has(self, path: str, anchor: str) -> bool:
        """Whether a page has something that a fragment leads to; "" leads to every page."""
        page = self.page(path)
        return page is not None and (not anchor or anchor in named_anchors(page.body) or anchor in self._anchors(path))

    def place(self, path: str, line: int) -> Place:
        """The place of a line: its source page if the text has pages, otherwise its section; without an anchor above the first
        heading."""
        marks = [anchor for number, anchor in self.marks(path) if number <= line]
        if marks:
            found = page_place(marks[-1])
        else:
            page = self.page(path)
            title = page.title if page is not None else ""
            above = [heading for heading in self.outline(path) if heading.line <= line]
            found = heading_place(above[-1]) if above else Place("", "", title)
        return Place(path.removeprefix(WIKI), found.anchor, found.label)

    def chapters(self, path: str) -> list[str]:
        """The chapter files of a source page, in order; empty if its text is in one file."""
        kb, inside = self.split(path)
        stem, folder = f"{inside.removesuffix('.md')}--", inside.rpartition("/")[0]
        found = (each for each, _ in self.trees[kb].files(folder)) if kb in self.trees else ()
        return sorted(_seen(kb, each) for each in found if each.startswith(stem) and each.endswith(".md"))

    def summaries(self) -> Sequence[str]:
        """The paths of all documents' summaries, sorted."""
        return self._summaries()

    def _all_summaries(self) -> Sequence[str]:
        found = (_seen(kb, path) for kb, tree in self.trees.items() for path, _ in tree.files(f"{WIKI}summaries"))
        return sorted(path for path in found if path.endswith(".md") and not path.endswith("/index.md"))

    def _page(self, path: str) -> Page | None:
        kb, inside = self.split(path)
        is_page = kb in self.trees and inside.startswith(WIKI) and inside.endswith(".md")
        content = self.trees[kb].read(inside) if is_page else None
        if content is None:
            return None
        text = content.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        header, body = frontmatter.cut(text)
        first = 1 if header is None else header.count("\n") + 3
        meta = _meta(header)
        title = str(meta.get("title") or "") or _first_heading(body) or path.rpartition("/")[2].removesuffix(".md")
        return Page(path, title, str(meta.get("description") or ""), text.split("\n"), first)

    def _outline(self, path: str) -> tuple[Heading, ...]:
        page = self.page(path)
        if page is None:
            return ()
        found = outline(page.body)
        return tuple(Heading(each.level, each.title, each.anchor, each.line + page.first - 1) for each in found)

    def _marks(self, path: str) -> tuple[tuple[int, str], ...]:
        """(line, anchor) of every page, slide and sheet that begins in a converted text."""
        page = self.page(path)
        if page is None or not self.is_source(path):
            return ()
        numbered = enumerate(page.lines, 1)
        return tuple((number, anchor) for number, line in numbered if "<a " in line for anchor in _PAGE_MARK.findall(line))

    def _all_anchors(self, path: str) -> frozenset[str]:
        page = self.page(path)
        return frozenset(anchors(page.body)) if page is not None else frozenset()


def _seen(kb: str, inside: str) -> str:
    """A path of a knowledge base as the path in all of them."""
    return f"{WIKI}{kb}/{inside.removeprefix(WIKI)}" if kb else inside


def lines_of(pages: Pages, path: str, place: str) -> tuple[int, int] | None:
    """The first and last line of some source pages ("12", "pp. 12-14"), or of a section by its heading or anchor; None where the
    page has no such place."""
    page = pages.page(path)
    end = len(page.lines) if page is not None else 0
    numbers, marks = _PAGES.fullmatch(place), pages.marks(path)
    if numbers and marks:
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        wanted = [at for at, (_, anchor) in enumerate(marks) if first <= _number(anchor) <= last]
        if not wanted:
            return None
        after = marks[wanted[-1] + 1][0] - 1 if wanted[-1] + 1 < len(marks) else end
        return marks[wanted[0]][0], after
    anchor = place.partition("#")[2] or place
    headings = pages.outline(path)
    for at, heading in enumerate(headings):
        if heading.anchor == anchor or heading.title.casefold() == place.casefold():
            following = (each.line - 1 for each in headings[at + 1 :] if each.level <= heading.level)
            return heading.line, next(following, end)
    return next(((line, line + _SECTION) for line, mark in marks if mark == anchor), None)


def _number(anchor: str) -> int:
    digits = anchor.rpartition("-")[2]
    return int(digits) if digits.isdecimal() and len(digits) < 12 else 0


def _meta(header: str | None) -> dict[str, object]:
    if header is None:
        return {}
    try:
        return frontmatter.split(f"---\n{header}---\n")[0]
    except FormatError:
        return {}  # a person's page is read all the same


def _first_heading(body: str) -> str:
    found = re.search(r"^# +(.+?) *#* *$", body[:4_000], re.MULTILINE)
    return found[1] if found else ""
