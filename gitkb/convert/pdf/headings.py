"""Finds the headings among the lines of a PDF: those that its outline names, else those in larger or bolder type than the text.

Pure. Invariant: levels begin at 2, as 1 belongs to the document's title; a line is part of at most one heading.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

from msgspec import Struct

from gitkb.convert.pdf.layout import Look, Page
from gitkb.convert.pdf.title_lines import TitleLines

_NUMBERING = re.compile(
    r"^(?:(?:chapter|appendix|part|section|kapitel|chapitre)\s+)?(?:[\divxA-Z]{1,4}(?:\.\d{1,3})*\.?\s+)(?=\S)", re.IGNORECASE
)
_DECIMAL = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2}){0,4}\.?|[A-Z]\.\d{1,2}(?:\.\d{1,2}){0,3})\s+[^\W\d]")
MAX_HEADING = 160


class Entry(Struct, frozen=True):
    """One entry of a PDF's outline: `level` from 0, `page` from 0."""

    level: int
    title: str
    page: int


Headings = dict[int, dict[int, tuple[int, int]]]
"""Page index to line index to (level, number of lines)."""


def headings_of(pages: Sequence[Page], entries: Sequence[Entry], look: Look, title: TitleLines | None) -> Headings:
    """All headings: from the outline if it fits the text, else by their type; the lines of the title get level 1."""
    found, matched = _from_outline(pages, entries)
    if matched < max(1, len(entries) * 0.3):
        found = _by_looks(pages, look, title)
    if title is not None:
        taken = found.setdefault(title.page, {})
        for index in range(title.line, title.line + title.count):
            taken.pop(index, None)
        taken[title.line] = (1, title.count)
    return found


def _from_outline(pages: Sequence[Page], entries: Sequence[Entry]) -> tuple[Headings, int]:
    found: Headings = {}
    matched = 0
    bare = cache(lambda page: [(_plain(line.text), line.text) for line in pages[page].lines])
    for entry in entries:
        wanted = {_plain(entry.title), _plain(_NUMBERING.sub("", entry.title))} - {""}
        for page in (entry.page, entry.page + 1):
            if page >= len(pages) or not wanted:
                continue
            place = _place(bare(page), wanted, found.get(page, {}))
            if place:
                line, count = place
                found.setdefault(page, {})[line] = (min(6, entry.level + 2), count)
                matched += 1
                break
    return found, matched


def _place(lines: Sequence[tuple[str, str]], wanted: set[str], taken: dict[int, tuple[int, int]]) -> tuple[int, int] | None:
    """The place of one to three lines that have the words of a title, its number aside; `lines` are their bare letters and
    their texts."""
    longest = max(map(len, wanted))
    inside = {each for start, (_, count) in taken.items() for each in range(start, start + count)}
    for line in range(len(lines)):
        if line in inside:
            continue
        plain = text = ""
        for count in range(1, 4):
            if line + count > len(lines):
                break
            more, words = lines[line + count - 1]
            plain, text = plain + more, f"{text} {words}".strip()
            if plain in wanted or (_NUMBERING.match(text) and _plain(_NUMBERING.sub("", text)) in wanted):
                return line, count
            if len(plain) > longest + 12:
                break
    return None


def _by_looks(pages: Sequence[Page], look: Look, title: TitleLines | None) -> Headings:
    first = pages[title.page].lines[title.line : title.line + title.count] if title else ()
    sizes = Counter(
        round(x.size) for page in pages for x in page.lines if _stands_out(x.size, look) and _headlike(x.text) and x not in first
    )
    total = sum(len(page.lines) for page in pages)
    ranked = [size for size in sorted(sizes, reverse=True) if sizes[size] < max(8, total * 0.12)]
    levels = {size: min(5, 2 + rank) for rank, size in enumerate(ranked[-4:])}
    below = min(6, max(levels.values(), default=1) + 1)
    found: Headings = {}
    for number, page in enumerate(pages):
        index = 0
        while index < len(page.lines):
            line = page.lines[index]
            level = levels.get(round(line.size), 0) if _stands_out(line.size, look) and _headlike(line.text) else 0
            if not level and _is_bold_heading(page, index, look):
                level = below
            count = 1
            while level and level != below and index + count < len(page.lines) and count < 4:
                following = page.lines[index + count]
                if (
                    round(following.size) != round(line.size)
                    or not 0 < page.lines[index + count - 1].y - following.y < line.size * 1.8
                ):
                    break
                count += 1
            if level:
                found.setdefault(number, {})[index] = (level, count)
            index += count
    return found


def _stands_out(size: float, look: Look) -> bool:
    return size >= look.size * 1.12 + 0.2


def _headlike(text: str) -> bool:
    letters = sum(c.isalpha() for c in text)
    return letters >= 2 and len(text) <= MAX_HEADING and letters > len(text) * 0.4 and "...." not in text.replace(" ", "")


def _is_bold_heading(page: Page, index: int, look: Look) -> bool:
    line = page.lines[index]
    if (
        not line.bold
        or line.mono
        or len(line.cells) > 2
        or not _headlike(line.text)
        or len(line.text) > 90
        or line.text.endswith((".", ",", ";"))
    ):
        return False
    above = page.lines[index - 1] if index else None
    below = page.lines[index + 1] if index + 1 < len(page.lines) else None
    if below is not None and below.lead and line.y - below.y < look.pitch * 1.3 and line.x1 > below.x1 - 3 * line.size:
        return False  # the first line of a heading that runs into its text
    if below is None or below.bold or (above is not None and above.bold and above.y - line.y < look.pitch * 1.3):
        return False
    apart = above is None or above.y - line.y > look.pitch * 1.25
    return (apart and line.size >= look.size * 0.95) or bool(_DECIMAL.match(line.text))


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())
