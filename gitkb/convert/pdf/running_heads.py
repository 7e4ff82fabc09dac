"""Removes running heads, feet and page numbers of PDF pages, and what publishers and programs print at their edges.

Pure. Invariant: only lines at the upper or lower edge of a page go, never a large line of the first page: that is the title.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from gitkb.convert.pdf.layout import Look, Page
from gitkb.convert.pdf.lines import Line

_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:page |seite |p\. ?)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s?(?:of|/|von|sur|de)\s?\d+)?[-–—\s.]*", re.IGNORECASE
)
_DAY = r"\d{1,2}\.? ?[A-Z][a-z]{2,8}\.? \d{4}"
_EDGE = re.compile(
    rf"^(?:downloaded (?:from|by)|download date|published by|printed (?:on|by)|revision:? [\d.]+$|p/n \S+$|{_DAY}$)"
    r"|\|.*\b(?:volume|vol\.|issue|www\.|page \d)|\bet al\.: \S|^(?:page|seite) \d+ (?:of|von) \d+",
    re.IGNORECASE,
)
"""What programs and publishers print at the edge of a page; it is recognised even on a single page."""
_FETCHED = re.compile(r"^download(?:ed (?:from|by)|\s+date)\b", re.IGNORECASE)
"""What a server prints above or below a page, however close to the text."""
_COUNT = re.compile(r"[\d/|.–—-]+|[ivxlc]+")


class _Repeated:
    """What the edges of the pages have in common: texts, and the heights (in steps of 4 points) at which these stand."""

    def __init__(self, pages: Sequence[Page], look: Look) -> None:
        self._look, self._count = look, len(pages)
        edges = [(top, line) for page in pages for top, line in _edges(page)]
        self._texts = Counter((top, _shape(line.text)) for top, line in edges)
        self._bands = Counter((top, round(line.y / 4)) for top, line in edges)
        self._heads: Counter[tuple[bool, int]] = Counter()
        for top, line in edges:
            heads = self._texts[top, _shape(line.text)] >= 3 or bool(_PAGE_NUMBER.fullmatch(line.text))
            self._heads[top, round(line.y / 4)] += heads

    def runs(self, top: bool, line: Line, nearest: Line | None) -> bool:
        """Whether the outermost line of a page is a running head or foot; `nearest` is the next line to it."""
        gap = abs(nearest.y - line.y) if nearest else 1e9
        small = line.size <= 1.3 * self._look.size
        if small and (_FETCHED.search(line.text) or (gap > 1.4 * self._look.pitch and _is_printed(line))):
            return True
        if _PAGE_NUMBER.fullmatch(line.text) and len(line.text) < 14:
            return True
        times = self._texts[top, _shape(line.text)]
        apart = gap > self._look.pitch * 1.25
        if times >= max(3, self._count // 50) or (self._count == 2 and times == 2 and apart):
            return True
        return apart and line.size < self._look.size * 1.3 and self._is_band((top, round(line.y / 4)))

    def _is_band(self, band: tuple[bool, int]) -> bool:
        """Whether running heads usually stand at this height."""
        return self._heads[band] >= max(3, self._bands[band] * 0.3) and self._bands[band] > self._count * 0.25


def _is_speck(line: Line, page: Page) -> bool:
    """Whether a line at the rim of the paper has neither letters nor figures, as what is read of a scan's shadow has none."""
    return not any(map(str.isalnum, line.text)) and not 0.03 * page.height < line.y < 0.97 * page.height


def _is_numbered_head(line: Line, below: Line | None, page: Page) -> bool:
    """Whether a line spread over its page is a book's head ("400 BRITISH HUSBANDRY [Ch. XIX"): a page number at an edge, capitals
    in the middle, and prose of about its size below."""
    texts = [cell.text for cell in line.cells]
    edges = [text for text in (texts[0], texts[-1]) if text.isdigit() and len(text) < 5]
    if below is None or len(texts) not in (2, 3) or len(edges) != 1 or line.y < 0.8 * page.height:
        return False
    prose = len(below.cells) < 3 and len(below.text) > len(line.text) and below.x1 - below.x0 > 0.9 * (line.x1 - line.x0)
    return prose and line.size < 1.5 * below.size and any(text.isupper() and len(text) > 3 for text in texts)


def _is_printed(line: Line) -> bool:
    """Whether a line, or each of its cells, is what programs and publishers print at the edge of a page."""
    if _EDGE.search(line.text):
        return True
    prints = [bool(_EDGE.search(cell.text)) for cell in line.cells]
    return any(prints) and all(known or _PAGE_NUMBER.fullmatch(cell.text) for known, cell in zip(prints, line.cells, strict=True))


def without_running_heads(pages: Sequence[Page], look: Look) -> list[Page]:
    """The pages without the lines that repeat at their edges, and without page numbers."""
    repeated = _Repeated(pages, look)

    def on_first(top: bool, line: Line, nearest: Line | None) -> bool:
        """A large line of the first page is the title, though later pages repeat it."""
        return line.size < look.size * (1.25 if top else 1.35) and repeated.runs(top, line, nearest)

    return [_trimmed(page, repeated.runs if number else on_first) for number, page in enumerate(pages)]


def _trimmed(page: Page, runs: Callable[[bool, Line, Line | None], bool]) -> Page:
    lines = list(page.lines)
    for top in (True, False):
        for _ in range(3):
            if not lines:
                break
            ordered = sorted(lines, key=lambda line: -line.y if top else line.y)
            outermost, nearest = ordered[0], next((x for x in ordered if abs(x.y - ordered[0].y) > 2), None)
            if (
                not _is_speck(outermost, page)
                and not _is_numbered_head(outermost, nearest, page)
                and not runs(top, outermost, nearest)
            ):
                break
            lines.remove(outermost)
    return replace(page, lines=tuple(lines))


def _edges(page: Page) -> Iterable[tuple[bool, Line]]:
    ordered = sorted(page.lines, key=lambda line: -line.y)
    for line in ordered[:2]:
        if line.y > page.height * 0.75:
            yield True, line
    for line in ordered[-2:]:
        if line.y < page.height * 0.25:
            yield False, line


def _shape(text: str) -> str:
    """A line without the page number at either end."""
    words = text.lower().split()
    while words and _COUNT.fullmatch(words[-1]):
        words.pop()
    while words and _COUNT.fullmatch(words[0]):
        words.pop(0)
    return " ".join(words) or "#"
