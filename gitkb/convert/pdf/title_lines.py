"""Finds the lines of a PDF's first page that may be its title: the largest that are no banner, cover, form number or section.

Pure. Invariant: never the text of a line that is turned, never a part of the document ("1 Introduction"). What it finds is a
candidate; `gitkb.convert.title` chooses.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from gitkb.convert.pdf.layout import Look, Page
from gitkb.convert.pdf.lines import Line, without_links
from gitkb.text.language.boilerplate import is_structural

_MARK = re.compile(r"\s*(?:[*∗⋆†‡§¶#✩⇤]|(?<=[^\W\d])[¹²³⁴⁵⁶⁷⁸⁹⁰]+)+(?:\s*,\s*[*∗†‡])*$")
_NUMBERED = re.compile(r"^(?:\d{1,2}|[IVX]{1,4})(?:\.\d{1,2})*[.)]?\s+[^\W\d]")
_PART = re.compile(r"(?:chapter|part|appendix|lecture|kapitel|teil|chapitre)\s+[\divxlc]{1,5}[.:]?$", re.IGNORECASE)
_FORM = re.compile(r"(?:form|formular|formulaire)\s+(?=\S*\d)[\w-]{1,8}", re.IGNORECASE)
_FORMULA, _MONEY = re.compile(r"[=∑∫∈≤≥∀∃∂]"), re.compile(r"[$€£¥]\s?\d")
_COVER = re.compile(
    r"this paper is included in|open access to the|see discussions, stats, and author profiles|this is a repository copy|"
    r"downloaded from|this version is available at|please cite|provided by .* repository|terms of use|"
    r"this article was published in|accepted manuscript",
    re.IGNORECASE,
)
_BANNER = re.compile(
    r"this paper is included in|open access to|arxiv:\s?\d{4}|^preprint\b|proceedings of the|^vol(?:ume)?\.? \d|issn|doi\.org|"
    r"https?://|www\.|@\w|provided by|computer vision foundation|contents lists available|journal homepage|^sciencedirect$|"
    r"^(?:invited|original|research|review|regular|short|technical) (?:paper|article|report|note)s?$|^research article|"
    r"published as a conference paper|under review|^ieee transactions|^elsevier|^springer|^table of contents$",
    re.IGNORECASE,
)


_ADDRESS = re.compile(
    r"^\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}$|(?:^|\b)(?:tel|phone|telephone|fax|telefon)\b[.:]|,\s[A-Z]{2}\s\d{5}(?:-\d{4})?\b"
    r"|^\d{1,5}(?: [A-Z]\w+){1,3} (?:street|st|avenue|ave|boulevard|blvd|road|rd|lane|drive|dr|highway)\b\.?",
    re.IGNORECASE,
)
_DAY = re.compile(r"\d{4}$|^\d{1,2}[./ -]")


class TitleLines(Struct, frozen=True):
    """Where the title stands: page and first line (both from 0), how many lines, and its text without footnote marks."""

    page: int
    line: int
    count: int
    text: str


def title_lines(pages: Sequence[Page], look: Look, name: str = "") -> TitleLines | None:
    """The lines of the first page with text that say what the file is called (`name`), else the largest that may be a title; None
    where nothing stands out.

    A banner, a cover of the publisher, a bare number of a form, a letterhead above it and the names of authors are no title: then
    the next largest lines are looked at, and behind a cover the next page.
    """
    shown = [number for number, page in enumerate(pages[:4]) if page.lines][:2]
    if pages and pages[0].scan:  # the page is a picture, and the title is in it
        return None
    if shown and (named := _named(pages[shown[0]], shown[0], look, name)):
        return named
    for number in shown:
        page = pages[number]
        if any(_COVER.search(line.text) for line in page.lines[:40]) and len(page.lines) < 40 and number != shown[-1]:
            continue
        found = _title_on(page, number, look) or (_on_cover(page, number, look) if number == 0 and len(pages) > 1 else None)
        if found or len(page.lines) > 8:
            return found
    return None


_LEAST_LETTERS, _LONG_PART, _MOST_PARTS, _MOST_LINES = 10, 20, 6, 4
_BETWEEN = re.compile(r"\s[-–—]\s")


def _named(page: Page, number: int, look: Look, name: str) -> TitleLines | None:
    """The lines that are the file's name: nobody names a file after the event or the speaker that a slide shows larger."""
    stem = name.rpartition("/")[2].rpartition(".")[0] or name
    split = [_letters(part) for part in _BETWEEN.split(stem)][:_MOST_PARTS]
    parts = ["".join(split[start:end]) for start in range(len(split)) for end in range(start + 1, len(split) + 1)]
    parts = sorted((part for part in parts if len(part) >= _LONG_PART), key=len, reverse=True)
    named = [each for each in dict.fromkeys((_letters(stem), *parts)) if len(each) >= _LEAST_LETTERS and not each.isdigit()]
    return next((found for each in named if (found := _lines_that_say(page, number, look, each))), None)


def _lines_that_say(page: Page, number: int, look: Look, wanted: str) -> TitleLines | None:
    for start, line in enumerate(page.lines):
        text = ""
        for count in range(1, _MOST_LINES + 1):
            if start + count > len(page.lines) or line.size < look.size:
                break
            text += _letters(page.lines[start + count - 1].text)
            if text == wanted:
                return TitleLines(number, start, count, _joined_title(page.lines[start : start + count]))
            if not wanted.startswith(text):
                break
    return None


def _letters(text: str) -> str:
    """The letters and digits of a text in small letters; "&" is "and"."""
    return "".join(c for c in without_links(text).replace("&", "and").casefold() if c.isalnum())


def _title_on(page: Page, number: int, look: Look) -> TitleLines | None:
    if any(_FORM.fullmatch(line.text.strip()) for line in page.lines[:8]):
        return None
    height = page.height or max(line.y for line in page.lines)
    lettered = [i for i, x in enumerate(page.lines) if sum(c.isalpha() for c in x.text) > 2 and x.y > 0.3 * height]
    if lettered and page.lines[lettered[0]].size >= 1.4 * look.size:  # a chapter's heading below may be larger
        largest = max(page.lines[i].size for i in lettered)
        found = _from(page, number, lettered[0], page.lines[lettered[0]].size, look)
        if found is not None and page.lines[lettered[0]].size > 0.65 * largest:
            return found
    sizes = sorted({page.lines[i].size for i in lettered}, reverse=True)
    for size in sizes:
        if size < look.size * 1.12:
            break
        for first in lettered:
            if page.lines[first].size <= size * 0.97 or page.lines[first].size > size * 1.03:
                continue
            found = _from(page, number, first, size, look)
            if found is not None:
                return found
    return _opening(page, number, look)


def _from(page: Page, number: int, first: int, size: float, look: Look) -> TitleLines | None:
    """The title that begins with a line of the largest size, None where those lines are something else."""
    start = first
    above = page.lines[first - 1] if first else None
    if above and _same_block(above, page.lines[first], size) and not _BANNER.search(above.text):
        start -= 1  # a title's first line may be a little smaller: "WAV2VEC" in small capitals
    count = first - start + 1
    while (
        start + count < len(page.lines)
        and count < 6
        and _same_block(page.lines[start + count - 1], page.lines[start + count], size)
    ):
        count += 1
    text = _joined_title(page.lines[start : start + count])
    if _is_letterhead(page.lines[start : start + count], page.lines[start + count :]):
        return None
    if _BANNER.search(text) or _PART.match(text) or (count == 1 and _NUMBERED.match(text)) or sum(c.isalpha() for c in text) < 3:
        return None
    if (is_structural(text) and len(text.split()) < 3) or (_FORMULA.search(text) and size < 1.4 * look.size):
        return None
    if (text[:1].islower() and text.endswith((",", "-", "."))) or (_MONEY.search(text) and len(text.split()) < 4):
        return None
    return TitleLines(number, start, count, text)


def _is_letterhead(lines: Sequence[Line], below: Sequence[Line]) -> bool:
    """Whether a line is the name of a house: its address or telephone number stands right below it."""
    near = [line for line in below[:4] if 0 < lines[-1].y - line.y < 5 * lines[-1].size]
    return len(lines) == 1 and len(lines[0].text.split()) < 7 and any(_ADDRESS.search(line.text) for line in near)


def _same_block(above: Line, line: Line, size: float) -> bool:
    near = -0.3 * size < above.y - line.y < 1.9 * size
    if near and (above.hyphen or (above.text.isupper() and line.text.isupper())) and 0.75 < line.size / above.size < 1.35:
        return True  # small capitals: the size of a line depends on its letters
    return near and abs(above.size - line.size) < 0.12 * size and abs(line.size - size) < 0.12 * size


def _opening(page: Page, number: int, look: Look) -> TitleLines | None:
    """Bold lines, or lines in capitals, that open a page above the text, where nothing is larger."""
    for start, line in enumerate(page.lines[:4]):
        if _BANNER.search(line.text) or line.size < look.size * 0.95:
            continue
        if not (line.bold or line.text.isupper()) or len(line.text) < 8 or _NUMBERED.match(line.text) or is_structural(line.text):
            return None
        if _is_letterhead([line], page.lines[start + 1 :]):
            return None
        count = 1
        while (
            start + count < len(page.lines)
            and count < 4
            and (page.lines[start + count].bold == line.bold and page.lines[start + count].text.isupper() == line.text.isupper())
            and _same_block(page.lines[start + count - 1], page.lines[start + count], line.size)
        ):
            count += 1
        text = _joined_title(page.lines[start : start + count])
        return TitleLines(number, start, count, text) if len(text) < 200 and not text.endswith((".", ",", ";")) else None
    return None


_MOST_COVER_LINES, _LONGEST_COVER_LINE = 12, 60


def _on_cover(page: Page, number: int, look: Look) -> TitleLines | None:
    """The first lines of a cover that is set in one size of type: few lines, and much room between them and the next."""
    lines = page.lines
    if not 2 <= len(lines) <= _MOST_COVER_LINES or any(len(line.text) > _LONGEST_COVER_LINE or line.cells[1:] for line in lines):
        return None
    start = next(
        (at for at, line in enumerate(lines) if not _BANNER.search(line.text) and not _DAY.search(line.text)), len(lines)
    )
    count = 1
    while start + count < len(lines) and 0 < lines[start + count - 1].y - lines[start + count].y < 1.7 * lines[start].size:
        count += 1
    text = _joined_title(lines[start : start + count])
    apart = start + count < len(lines) and lines[start + count - 1].y - lines[start + count].y > 2.4 * lines[start].size
    plain = sum(map(str.isalpha, text)) >= _LEAST_LETTERS and len(text) < 200 and not text.endswith((".", ":", ";", ","))
    if not apart or count > _MOST_LINES or not plain or not text[0].isupper() or _NUMBERED.match(text) or is_structural(text):
        return None
    return TitleLines(number, start, count, text)


def _joined_title(lines: Sequence[Line]) -> str:
    """Lines as one title: a word that a hyphen broke is whole again, marks of footnotes are gone."""
    text = ""
    for line in lines:
        part = without_links(line.text)
        if text.endswith("-") and line is not lines[0] and (part[:1].islower() or text[:-1].isupper()):
            text = text[:-1] + part
        else:
            text = f"{text} {part}".strip()
    return _MARK.sub("", text).strip().removeprefix("· ").removeprefix("• ")
