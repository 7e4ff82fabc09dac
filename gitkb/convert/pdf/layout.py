"""Lines of PDF pages to blocks: paragraphs, lists, code, tables and headings; running heads are removed.

Pure. Invariant: a table is only claimed where several lines in a row fall into the same columns and read like cells; columns of
running text never become one.

Pure: it sees lines with their place, not the file. Invariant: apart from running heads and page numbers every line's words
come out, in the order of the page, after the anchor of the page on which their sentence begins.
"""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from gitkb.convert.pdf.lines import Cell, Line

MIN_ROWS = 3
MAX_ROWS = 400


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a table and how many lines it takes."""

    rows: list[list[str]]
    count: int


def table_at(lines: Sequence[Line], start: int, headings: Container[int], pitch: float) -> Found | None:
    """The table that begins with a line, None where there is none."""
    if len(lines[start].cells) < 2 or lines[start].mono:
        return None
    end = start
    while end < len(lines) and end - start < MAX_ROWS and end not in headings and _belongs(lines, start, end, pitch):
        end += 1
    while end > start and len(lines[end - 1].cells) < 2:
        end -= 1
    run = lines[start:end]
    many = [line for line in run if len(line.cells) > 1]
    if len(many) < MIN_ROWS:
        return None
    columns = _columns([cell for line in many for cell in line.cells])
    if not 2 <= len(columns) <= 20:
        return None
    filled = sum(len({_column(cell, columns) for cell in line.cells}) for line in many) / (len(many) * len(columns))
    lengths = sorted(len(cell.text) for line in many for cell in line.cells)
    if filled < 0.5 or (lengths[len(lengths) // 2] > 40 and len(columns) < 4):
        return None
    return Found(_rows(run, columns), end - start)


def _belongs(lines: Sequence[Line], start: int, index: int, pitch: float) -> bool:
    line = lines[index]
    if line.mono and len(line.cells) < 2:
        return False
    if index > start and not -1 < lines[index - 1].y - line.y < pitch * 2.2:
        return False
    if len(line.cells) > 1:
        return True
    above = lines[index - 1]
    return line.x0 > lines[start].cells[0].x1 and len(line.text) < 60 and above.y - line.y < pitch * 1.3


def _columns(cells: Sequence[Cell]) -> list[tuple[float, float]]:
    """Intervals that overlap are one column."""
    columns: list[tuple[float, float]] = []
    for cell in sorted(cells, key=lambda cell: cell.x0):
        if columns and cell.x0 < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], cell.x1))
        else:
            columns.append((cell.x0, cell.x1))
    return columns


def _column(cell: Cell, columns: Sequence[tuple[float, float]]) -> int:
    return max(range(len(columns)), key=lambda i: min(cell.x1, columns[i][1]) - max(cell.x0, columns[i][0]))


def _rows(run: Sequence[Line], columns: Sequence[tuple[float, float]]) -> list[list[str]]:
    rows: list[list[str]] = []
    for line in run:
        placed = [(_column(cell, columns), cell.text) for cell in line.cells]
        if len(placed) == 1 and rows and placed[0][0] > 0:
            column, text = placed[0]
            rows[-1][column] = f"{rows[-1][column]} {text}".strip()
            continue
        row = [""] * len(columns)
        for column, text in placed:
            row[column] = f"{row[column]} {text}".strip()
        rows.append(row)
    return rows


_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:page |seite |p\. ?)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s?(?:of|/|von|sur|de)\s?\d+)?[-–—\s.]*", re.IGNORECASE
)
_COUNT = re.compile(r"[\d/|.–—-]+|[ivxlc]+")
_BULLET = re.compile(r"^(?:[•◦‣▪■●○∙·*∗–—➢➤❖✓◆⁃\uf0b7\uf0a7\uf0d8]|o(?=\s[A-Z])|-)\s+(?=\S)")
_NUMBER = re.compile(r"^(\d{1,2})([.)])\s+(?=\S)|^\(([a-z]|[ivx]{1,4}|\d{1,2})\)\s+(?=\S)")
_LEADERS = re.compile(r"\s*(?:\.\s?){4,}\s*([\divxlc]{1,6})?$|(?:\s\.){2,}\s*(\d+)$|\s*…{2,}\s*(\d+)?$")
_INDEXED = re.compile(r",\s*[\divxlc]{1,5}(?:(?:,\s*|[–-])[\divxlc]{1,5})*\.?,?$")
_END = re.compile(r"[.!?:;。！？]['\"”’)\]]*$")


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of one page, `number` counted from 1, and pictures as (y of their top, name); `lost`: it could not be
    read; `turned`: the texts that run in another direction than the page's."""

    number: int
    height: float
    lines: tuple[Line, ...]
    pictures: tuple[tuple[float, str], ...] = ()
    lost: bool = False
    turned: tuple[str, ...] = ()


@dataclass(slots=True)
class Block:
    """One block of text in the making: kind is anchor, heading, paragraph, item, code, table, picture, entry or note."""

    kind: str
    lines: list[Line] = field(default_factory=list)
    level: int = 0
    text: str = ""
    rows: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Look:
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

    return [_trimmed(page, runs) for page in pages]


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


def blocks_of(page: Page, headings: dict[int, tuple[int, int]], look: Look) -> list[Block]:
    """The blocks of one page. `headings` maps a line's index to (level, number of lines) of the heading that begins there."""
    blocks: list[Block] = [Block("anchor", text=f"page-{page.number}")]
    if page.lost:
        return [*blocks, Block("note", text="(This page is damaged and could not be read.)")]
    lines = page.lines
    margins = _margins(lines)
    indexed = len(lines) > 12 and sum(bool(_INDEXED.search(line.text)) for line in lines) > 0.5 * len(lines)
    pictures = sorted(page.pictures, reverse=True)
    index = 0
    while index < len(lines):
        line = lines[index]
        while pictures and pictures[0][0] > line.y and (index == 0 or lines[index - 1].y > line.y):
            blocks.append(Block("picture", text=pictures.pop(0)[1]))
        if index in headings:
            level, count = headings[index]
            blocks.append(Block("heading", list(lines[index : index + count]), level))
            index += count
            continue
        if not indexed and (found := table_at(lines, index, headings, look.pitch)):
            blocks.append(Block("table", rows=found.rows))
            index += found.count
            continue
        _add(blocks, line, look, next(right for middle, right in margins if line.x1 <= middle), indexed)
        index += 1
    return blocks + [Block("picture", text=name) for _, name in pictures]


def _margins(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """The right margin of each column, as (how far right a line of that column may reach, its margin)."""
    if not lines:
        return []
    middle = (min(line.x0 for line in lines) + max(line.x1 for line in lines)) / 2
    left = [line.x1 for line in lines if line.x1 < middle * 1.03]
    beyond = [line.x1 for line in lines if line.x0 > middle * 0.97]
    if len(lines) > 20 and min(len(left), len(beyond)) > 0.25 * len(lines):
        return [(middle * 1.03, _usual(left)), (float("inf"), _usual(beyond))]
    return [(float("inf"), _usual([line.x1 for line in lines]))]


def _usual(edges: list[float]) -> float:
    return sorted(edges)[int(len(edges) * 0.9)]


def _add(blocks: list[Block], line: Line, look: Look, right: float, indexed: bool) -> None:
    last = blocks[-1]
    text = line.text
    if indexed or _LEADERS.search(text):
        blocks.append(Block("entry", [line], text=_LEADERS.sub(_page_reference, text)))
    elif line.mono and (last.kind == "code" or len(text) > 2) and not _ends_sentence(last, line, look, right):
        near = last.kind == "code" and -2 < last.lines[-1].y - line.y < look.pitch * 3
        if near:
            last.lines.append(line)
        else:
            blocks.append(Block("code", [line]))
    elif _BULLET.match(text) or (_NUMBER.match(text) and not (last.kind == "paragraph" and _goes_on(last, line, look, right))):
        blocks.append(Block("item", [line]))
    elif last.kind in ("paragraph", "item") and _goes_on(last, line, look, right):
        last.lines.append(line)
    else:
        blocks.append(Block("paragraph", [line]))


def _ends_sentence(last: Block, line: Line, look: Look, right: float) -> bool:
    """Whether a line in a code font is the rest of a sentence above, as addresses and file names are."""
    if last.kind != "paragraph" or last.lines[-1].mono or _END.search(last.lines[-1].text):
        return False
    near = last.lines[-1].y - line.y < look.pitch * 1.2
    return near and abs(line.x0 - last.lines[-1].x0) < 2 and _goes_on(last, line, look, right)


def _page_reference(found: re.Match[str]) -> str:
    """What stands for dot leaders and the page number behind them."""
    number = found[1] or found[2] or found[3]
    return f", {number}" if number else ""


def _goes_on(block: Block, line: Line, look: Look, right: float) -> bool:
    """Whether a line continues a paragraph or list item."""
    last = block.lines[-1]
    step = last.y - line.y
    if last.hyphen:
        return True
    if abs(last.size - line.size) > 0.15 * look.size or (
        last.bold != line.bold and len(block.lines) == 1 and last.x1 < right - 8 * look.size
    ):
        return False
    if step < -2:
        return not _END.search(last.text)
    if step > 1.4 * max(look.pitch, line.size * 1.1):
        return False
    em = line.size
    first = block.lines[0]
    if block.kind == "item":
        return line.x0 > first.x0 + 0.4 * em
    left = min(x.x0 for x in block.lines[1:]) if len(block.lines) > 1 else min(first.x0, line.x0)
    if len(block.lines) == 1 and line.x0 > first.x0 + 0.8 * em:
        return not _END.search(last.text) and last.x1 > right - 6 * em
    if len(block.lines) > 1 and abs(line.x0 - left) > 0.8 * em:
        return False
    if len(block.lines) == 1 and first.x0 - line.x0 > 6 * em:
        return False
    short = last.x1 < right - 10 * em
    return not (short and (_END.search(last.text) or last.x1 - last.x0 < 0.4 * (right - left)))


def continues(last: Block, block: Block, look: Look) -> bool:
    """Whether a page's first paragraph goes on where the page before ended: its sentence had not."""
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
