"""Running heads, feet and page numbers of PDF pages, and what publishers and programs print at their edges, taken away.

Pure. Invariant: only lines at the upper or lower edge of a page go, never a large line of the first page: that is the title.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

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
"""What programs and publishers print at the edge of a page, also where only one page is at hand."""
_COUNT = re.compile(r"[\d/|.–—-]+|[ivxlc]+")


def without_running_heads(pages: Sequence[Page], look: Look) -> list[Page]:
    """The pages without the lines that repeat at their edges, and without page numbers."""
    texts: Counter[tuple[bool, str]] = Counter()
    bands: Counter[tuple[bool, int]] = Counter()
    for page in pages:
        for top, line in _edges(page):
            texts[top, _shape(line.text)] += 1
            bands[top, round(line.y / 4)] += 1
    repeated: Counter[tuple[bool, int]] = Counter()
    for page in pages:
        for top, line in _edges(page):
            repeated[top, round(line.y / 4)] += texts[top, _shape(line.text)] >= 3 or bool(_PAGE_NUMBER.fullmatch(line.text))
    few = max(3, len(pages) // 50)

    def runs(top: bool, line: Line, nearest: Line | None) -> bool:
        if _EDGE.search(line.text) and line.size <= look.size and (nearest is None or abs(nearest.y - line.y) > 1.4 * look.pitch):
            return True
        if _PAGE_NUMBER.fullmatch(line.text) and (len(line.text) < 14):
            return True
        if texts[top, _shape(line.text)] >= few:
            return True
        band = (top, round(line.y / 4))
        apart = nearest is None or abs(nearest.y - line.y) > look.pitch * 1.25
        if len(pages) == 2 and texts[top, _shape(line.text)] == 2 and apart:
            return True
        return (
            repeated[band] >= max(3, bands[band] * 0.3)
            and bands[band] > len(pages) * 0.25
            and apart
            and line.size < look.size * 1.3
        )

    def on_first(top: bool, line: Line, nearest: Line | None) -> bool:
        """Like `runs`, but a large line of the first page is the title, though later pages repeat it."""
        return line.size < look.size * 1.25 and runs(top, line, nearest)

    return [_trimmed(page, runs if number else on_first) for number, page in enumerate(pages)]


def _trimmed(page: Page, runs: Callable[[bool, Line, Line | None], bool]) -> Page:
    lines = list(page.lines)
    for top in (True, False):
        for _ in range(3):
            if not lines:
                break
            ordered = sorted(lines, key=lambda line: -line.y if top else line.y)
            if not runs(top, ordered[0], next((x for x in ordered if abs(x.y - ordered[0].y) > 2), None)):
                break
            lines.remove(ordered[0])
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
