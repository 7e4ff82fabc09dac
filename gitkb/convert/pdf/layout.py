"""Lines of PDF pages to blocks: paragraphs, lists, code, tables and headings; running heads are removed.

Pure: it sees lines with their place, not the file. Invariant: apart from running heads and page numbers every line's words
come out, in the order of the page, after the anchor of the page on which their sentence begins.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.convert.pdf.lines import Cell, Line, without_links
from gitkb.convert.pdf.tables import table_at
from gitkb.text.language.detect import function_words

_BULLET = re.compile(r"^(?:[•◦‣▪■●○∙·*∗–—➢➤❖✓◆⁃\uf0b7\uf0a7\uf0d8]|o(?=\s[A-Z])|-)\s+(?=\S)")
_NUMBER = re.compile(
    r"^(\d{1,3})([.)])\s+(?=\S)|^\(([a-z]|[ivx]{1,4}|\d{1,2})\)\s+(?=\S)|^(?:[a-z]|[ivx]{2,4})\)\s+(?=\S)"
    r"|^\[[^\]\s]{1,16}\]\s+(?=\S)"
)
_ADDRESS = re.compile(r"[\w.}-]@[\w-]+\.\w|^(?:https?://|www\.)\S+$|^[\w-]+(?:\.[\w-]+)+$")
_CAPTION = re.compile(
    r"^(?:Table|Tab\.|Tabelle|Tableau|Figure|Fig\.|FIGURE|TABLE|Abbildung|Abb\.|Algorithm|Listing)\s*"
    r"(?:[\dIVX]+(?:\.\d+)*|[A-Z]\.?\d+)(?:[.:|]|\s[A-Z(]|$)"
)
_NOTE = re.compile(r"^(?:[¹²³⁴⁵⁶⁷⁸⁹⁰]+|[*∗†‡§]|\d{1,2}(?=[“\"(]?[A-Z](?:[a-z]|\s)|https?:))\s?(?=\S)")
_ABSTRACT = re.compile(r"^(abstract|zusammenfassung|résumé|summary)\s*(?:[—–:.]|-\s)+\s*(?=\S)", re.IGNORECASE)
_LEADERS = re.compile(r"\s*(?:\.\s?){4,}\s*([\divxlc]{1,6})?$|(?:\s\.){2,}\s*(\d+)$|\s*…{2,}\s*(\d+)?$")
_INDEXED = re.compile(r",\s*[\divxlc]{1,5}(?:(?:,\s*|[–-])[\divxlc]{1,5})*\.?,?$")
_END = re.compile(r"[.!?:;。！？]['\"”’)\]]*$")
_HEAD_END = re.compile(r"[.:?!—–]['\"”’)\]]*$")
_LONGEST_HEAD, _MOST_HEAD_WORDS = 110, 14


class Page(Struct, frozen=True):
    """The lines of one page, `number` counted from 1, and pictures as (y of their top, name); `lost`: it could not be
    read; `scan`: it is a picture without text; `turned`: the texts that run in another direction than the page's."""

    number: int
    height: float
    lines: tuple[Line, ...]
    pictures: tuple[tuple[float, str], ...] = ()
    lost: bool = False
    scan: bool = False
    turned: tuple[str, ...] = ()


class PdfBlock(Struct):
    """One block of text in the making: kind is anchor, heading, paragraph, item, code, table, picture, entry or note."""

    kind: str
    lines: list[Line] = field(default_factory=list)
    level: int = 0
    text: str = ""
    rows: list[list[str]] = field(default_factory=list)


class Look(Struct, frozen=True):
    """What is usual in a document: the size of its body text and the distance of its lines, in points."""

    size: float
    pitch: float


def look_of(pages: Sequence[Page]) -> Look:
    """The usual look: what most characters have."""
    sizes: Counter[float] = Counter()
    steps: list[float] = []
    for page in pages[:400]:
        for line in page.lines:
            if not line.mono:
                sizes[round(line.size * 2) / 2] += len(line.text)
        steps += [a.y - b.y for a, b in pairwise(page.lines) if 4 < a.y - b.y < 30 and abs(a.size - b.size) < 0.6]
    size = sizes.most_common(1)[0][0] if sizes else 10.0
    return Look(size, median(steps) if steps else size * 1.2)


def blocks_of(page: Page, headings: dict[int, tuple[int, int]], look: Look) -> list[PdfBlock]:
    """The blocks of one page. `headings` maps a line's index to (level, number of lines) of the heading that begins there."""
    blocks: list[PdfBlock] = [PdfBlock("anchor", text=f"page-{page.number}")]
    if page.lost:
        return [*blocks, PdfBlock("note", text="(This page is damaged and could not be read.)")]
    if page.scan:
        return [*blocks, PdfBlock("note", text="(This page is a scan without text.)")]
    lines, notes = _notes_apart(page, look)
    margins = _margins(lines)
    indexed = len(lines) > 12 and sum(bool(_INDEXED.search(line.text)) for line in lines) > 0.5 * len(lines)
    pictures = sorted(page.pictures, reverse=True)
    index = 0
    while index < len(lines):
        line = lines[index]
        while pictures and pictures[0][0] > line.y and (index == 0 or lines[index - 1].y > line.y):
            blocks.append(PdfBlock("picture", text=pictures.pop(0)[1]))
        if (found_abstract := _ABSTRACT.match(line.text)) and page.number < 4:
            blocks.append(PdfBlock("heading", [line], 2, found_abstract[1].capitalize()))
            _add(blocks, _behind(line, found_abstract.end()), look, line.x1, False)
            index += 1
            continue
        if page.number < 4 and line.text.strip(" .:—").lower() in ("abstract", "a b s t r a c t", "zusammenfassung", "résumé"):
            blocks.append(PdfBlock("heading", [line], 2, "Abstract" if line.text[:1] in "aA" else line.text.strip(" .:—")))
            index += 1
            continue
        if index in headings:
            level, count = headings[index]
            blocks.append(PdfBlock("heading", list(lines[index : index + count]), level))
            index += count
            continue
        if not indexed and (found := table_at(lines, index, headings, look.pitch)):
            blocks.append(PdfBlock("table", rows=found.rows))
            index += found.count
            continue
        _add(blocks, line, look, next(right for middle, right in margins if line.x1 <= middle), indexed)
        index += 1
    return blocks + [PdfBlock("picture", text=name) for _, name in pictures] + notes + [_aside(text) for text in page.turned]


def _aside(text: str) -> PdfBlock:
    """Text that runs in another direction than its page, such as a stamp at the margin."""
    return PdfBlock("note", text=text)


def _behind(line: Line, start: int) -> Line:
    """A line without the first characters of its text."""
    words, left = list(line.words), len(line.text[:start].split())
    kept = words[left:] or words
    text = line.text[start:]
    return replace(line, cells=(Cell(line.x0, line.x1, text),), words=tuple(kept), text=text, bold=False)


def _notes_apart(page: Page, look: Look) -> tuple[tuple[Line, ...], list[PdfBlock]]:
    """The lines of a page without the footnotes, and those as blocks: small print below the text of a column that begins with a
    mark."""
    lines = page.lines
    notes: list[PdfBlock] = []
    kept: list[Line] = []
    inside = False
    for index, line in enumerate(lines):
        small = line.size < look.size * 0.93 and not line.mono
        if small and _NOTE.match(line.text) and line.y < 0.5 * page.height and not _has_text_below(lines, index, look):
            notes.append(PdfBlock("note", [line]))
            inside = True
        elif inside and small and 0 < lines[index - 1].y - line.y < 1.6 * line.size:
            notes[-1].lines.append(line)
        else:
            inside = False
            kept.append(line)
    return (tuple(kept), notes) if notes and kept else (lines, [])


def _has_text_below(lines: Sequence[Line], index: int, look: Look) -> bool:
    line = lines[index]
    return any(
        other.y < line.y and other.size > look.size * 0.95 and other.x0 < line.x1 and other.x1 > line.x0
        for other in lines[index + 1 :]
    )


def _margins(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """The right margin of each column, as (how far right a line of that column may reach, its margin)."""
    if not lines:
        return []
    middle = (min(line.x0 for line in lines) + max(line.x1 for line in lines)) / 2
    left = [line.x1 for line in lines if line.x1 < middle * 1.03]
    beyond = [line.x1 for line in lines if line.x0 > middle * 0.97]
    fewer = min(len(left), len(beyond))
    if (len(lines) > 20 and fewer > 0.25 * len(lines)) or (fewer >= 4 and len(left) + len(beyond) > 0.8 * len(lines)):
        return [(middle * 1.03, _usual(left)), (float("inf"), _usual(beyond))]
    return [(float("inf"), _usual([line.x1 for line in lines]))]


def _usual(edges: list[float]) -> float:
    return sorted(edges)[int(len(edges) * 0.9)]


def _add(blocks: list[PdfBlock], line: Line, look: Look, right: float, indexed: bool) -> None:
    last = blocks[-1]
    text = line.text
    if indexed or ((text.count(".") > 1 or "…" in text) and _LEADERS.search(text)):
        blocks.append(PdfBlock("entry", [line], text=_LEADERS.sub(_page_reference, text)))
    elif (
        line.mono
        and (last.kind == "code" or len(text) > 2)
        and not _ADDRESS.search(text)
        and not _ends_sentence(last, line, look, right)
    ):
        near = last.kind == "code" and -2 < last.lines[-1].y - line.y < look.pitch * 3
        if near:
            last.lines.append(line)
        else:
            blocks.append(PdfBlock("code", [line]))
    elif _CAPTION.match(text) and not (
        last.kind == "paragraph" and _goes_on(last, line, look, right) and not _END.search(last.lines[-1].text)
    ):
        blocks.append(PdfBlock("caption", [line]))
    elif (
        last.kind == "caption"
        and last.lines[-1].y - line.y < 1.4 * line.size
        and abs(last.lines[-1].size - line.size) < 0.3
        and line.y < last.lines[-1].y
    ):
        last.lines.append(line)
    elif (_BULLET.match(text) and not _is_dash(last, line, look, right)) or (
        _NUMBER.match(text) and not (last.kind == "paragraph" and _goes_on(last, line, look, right))
    ):
        blocks.append(PdfBlock("item", [line]))
    elif last.kind in ("paragraph", "item") and _goes_on(last, line, look, right):
        last.lines.append(line)
    else:
        blocks.append(PdfBlock("paragraph", [line]))


class RunIn(Struct, frozen=True):
    """A heading that stands at the beginning of a paragraph: its words up to the end of `lines` lines of the paragraph, without
    the last `rest` words of these. `marked`: a full stop or the like ends it."""

    lines: int
    rest: int
    marked: bool


def run_in_of(lines: Sequence[Line]) -> RunIn | None:
    """The heading that opens a paragraph in bold or italic type and goes on as its text, None where there is none.

    What has no mark at its end is a heading only if a wide blank follows and then a capital: else it is a part of the sentence.
    """
    count = next((number for number, line in enumerate(lines[:3]) if not line.bold or line.lead), None)
    if count is None or not lines[count].lead:
        return None
    line = lines[count]
    head = [word for word in line.words if word.x1 <= line.lead + 0.5]
    rest = line.words[len(head) :]
    if not head or not rest:
        return None
    text = without_links(" ".join([*(above.text for above in lines[:count]), *(word.text for word in head)]))
    bare = _BULLET.sub("", text)
    letters = sum(map(str.isalpha, bare))
    if not 3 <= letters <= _LONGEST_HEAD or letters < 0.4 * len(bare) or len(bare.split()) > _MOST_HEAD_WORDS:
        return None
    if not (bare[0].isupper() or bare[0].isdigit() or bare[0] in "([") or _CAPTION.match(bare) or re.search(r"\bal\.$", bare):
        return None
    following = without_links(rest[0].text)[:1]
    if _HEAD_END.search(bare):
        return RunIn(count + 1, len(rest), marked=True) if not following.islower() or bare.endswith((":", "—", "–")) else None
    gaps = sorted(after.x0 - before.x1 for before, after in pairwise(rest)) or [0.0]
    wide = rest[0].x0 - head[-1].x1 >= max(0.5 * line.size, 1.6 * gaps[len(gaps) // 2])
    return RunIn(count + 1, len(rest), marked=False) if wide and following.isupper() and len(rest) > 1 else None


def _is_dash(last: PdfBlock, line: Line, look: Look, right: float) -> bool:
    """Whether a dash at the beginning of a line stands inside a sentence."""
    return (
        line.text[0] in "-–—"
        and last.kind == "paragraph"
        and not _END.search(last.lines[-1].text)
        and last.lines[-1].x1 > right - 3 * line.size
        and _goes_on(last, line, look, right)
    )


def _ends_sentence(last: PdfBlock, line: Line, look: Look, right: float) -> bool:
    """Whether a line in a code font is the rest of a sentence above, as addresses and file names are."""
    if last.kind != "paragraph" or last.lines[-1].mono or _END.search(last.lines[-1].text):
        return False
    near = last.lines[-1].y - line.y < look.pitch * 1.2
    return near and abs(line.x0 - last.lines[-1].x0) < 2 and _goes_on(last, line, look, right)


def _page_reference(found: re.Match[str]) -> str:
    """What stands for dot leaders and the page number behind them."""
    number = found[1] or found[2] or found[3]
    return f", {number}" if number else ""


def _goes_on(block: PdfBlock, line: Line, look: Look, right: float) -> bool:
    """Whether a line continues a paragraph or list item."""
    last = block.lines[-1]
    step = last.y - line.y
    if last.hyphen:
        return abs(last.size - line.size) < 0.25 * look.size
    apart = step > 1.06 * look.pitch or abs(line.x0 - last.x0) > 0.8 * line.size or last.x1 < right - 2 * line.size
    if line.lead and apart and _END.search(last.text) and run_in_of([line]):
        return False
    if abs(last.size - line.size) > 0.15 * look.size or (
        last.bold != line.bold and len(block.lines) == 1 and last.x1 < right - 8 * look.size
    ):
        return False
    if step < -2:
        return not _END.search(last.text)
    if step > 1.4 * max(look.pitch, line.size * 1.1):
        return False
    em = line.size
    column = _of_last_column(block.lines)
    first = column[0]
    if block.kind == "item":
        full = last.x1 > right - 4 * em and not _END.search(last.text) and line.x0 > first.x0 - 3 * em
        return line.x0 > first.x0 + 0.4 * em or full
    left = min(x.x0 for x in column[1:]) if len(column) > 1 else min(first.x0, line.x0)
    if len(column) == 1 and line.x0 > first.x0 + 0.8 * em:
        return not _END.search(last.text) and last.x1 > right - 6 * em
    drop_cap = abs(line.x0 - first.x0) < 0.3 * em and last.x1 > right - 3 * em and not _END.search(last.text)
    if len(column) > 1 and abs(line.x0 - left) > 0.8 * em and not drop_cap:
        return False
    if len(column) == 1 and first.x0 - line.x0 > 6 * em:
        return False
    short = last.x1 < right - 10 * em
    narrow = last.x1 - last.x0 < 0.4 * (right - left) and not _runs_on(last, line)
    return not (short and (_END.search(last.text) or narrow))


_FEWEST_WORDS = 3


def _runs_on(last: Line, line: Line) -> bool:
    """Whether a line in a narrow column is the middle of a sentence: the words at its end or the next one's beginning say so."""
    before, after = last.text.split(), line.text.split()
    if not before or not after or abs(line.x0 - last.x0) > 0.3 * line.size:
        return False
    joined = any(word in function_words(language) for word in (before[-1], after[0]) for language in ("en", "de", "fr"))
    return joined or (len(before) >= _FEWEST_WORDS and after[0][0].islower())


def _of_last_column(lines: list[Line]) -> list[Line]:
    """The lines since the text last continued at the top of another column."""
    start = next((i for i in range(len(lines) - 1, 0, -1) if lines[i].y > lines[i - 1].y + 2), 0)
    return lines[start:]


def continues(last: PdfBlock, block: PdfBlock, look: Look) -> bool:
    """Whether the first paragraph of a page continues that of the page before, whose last sentence has no end."""
    if last.kind not in ("paragraph", "item") or block.kind != "paragraph" or not last.lines:
        return False
    ended = bool(_END.search(last.lines[-1].text)) and not last.lines[-1].hyphen
    same = abs(last.lines[-1].size - block.lines[0].size) < 0.15 * look.size
    return same and not ended and (last.lines[-1].hyphen or block.lines[0].text[:1].islower() or len(last.lines) > 1)


def marker_of(text: str) -> tuple[str, str]:
    """A list item's Markdown marker and its text."""
    if found := _BULLET.match(text):
        return "-", text[found.end() :]
    found = _NUMBER.match(text)
    if found and found[1]:
        return f"{found[1]}{found[2]}", text[found.end() :]
    return "-", text
