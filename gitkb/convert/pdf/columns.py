"""Splits lines that go across the columns of a page: prose is put into order column by column, cells of tables are separated.

Pure. Many programs draw a page row by row, so a line in the file may hold a line of each column, or cells of a table that are
closer to each other than the words of wide text. Columns are recognised by a gutter: a blank strip that many neighbouring lines
leave free.

Invariant: no word is lost or doubled; lines without a gutter stay as they are, in their order.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from gitkb.convert.pdf.lines import CELL_GAP, Cell, Line, Word, cells_of, is_stretched

MIN_ROWS = 4
_PROSE_CHARACTERS = 18
_MOST_COLUMNS = 4


class _Strip(Struct, frozen=True):
    """A blank strip between two columns, in points from the left."""

    x0: float
    x1: float

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2


def in_columns(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page, with those split that hold several columns: columns of prose follow each other, cells are
    separated."""
    out: list[Line] = []
    index = 0
    while index < len(lines):
        end, strips = _region(lines, index)
        if not strips:
            out.append(lines[index])
            index += 1
            continue
        out += _parted(lines[index:end], strips)
        index = end
    return out


def _region(lines: Sequence[Line], start: int) -> tuple[int, list[_Strip]]:
    """Where the rows end that begin with a line and share gutters, and the gutters; none where they are too few."""
    living = _gaps(lines[start])
    if not living:
        return start, []
    best: tuple[int, list[_Strip]] = (start, [])
    rows = 1
    for end in range(start + 1, len(lines) + 1):
        if rows >= MIN_ROWS:
            best = (end, living)
        if end == len(lines) or not _follows(lines[end - 1], lines[end]):
            break
        kept = [strip for gutter in living if (strip := _narrowed(gutter, lines[end])) is not None]
        if not kept or (len(kept) < len(living) and rows >= MIN_ROWS):
            break
        rows += any(lines[end].x0 < strip.x0 and lines[end].x1 > strip.x1 for strip in kept)
        living = kept
    wide = [strip for strip in best[1] if strip.x1 - strip.x0 >= 0.3 * lines[start].size]
    return (best[0], wide) if wide else (start, [])


def _follows(above: Line, line: Line) -> bool:
    return 0 < above.y - line.y < 3.2 * max(above.size, line.size) and abs(above.size - line.size) < 2 and not line.mono


def _gaps(line: Line) -> list[_Strip]:
    """The blanks of a line that are wider than its usual ones."""
    words = line.words
    if line.mono or len(words) < 2:
        return []
    widths = [after[0] - before[1] for before, after in pairwise(words)]
    if max(widths) < 0.45 * line.size or is_stretched(words, 0.8 * line.size):
        return []
    usual = median(widths) if len(widths) > 3 else 0.25 * line.size
    least = max(0.45 * line.size, min(1.6 * usual, CELL_GAP * line.size))
    return [_Strip(words[i].x1, words[i + 1].x0) for i, width in enumerate(widths) if width >= least]


def _narrowed(gutter: _Strip, line: Line) -> _Strip | None:
    """The part of a gutter that a line leaves free, None if it fills it; a line that ends before or begins behind it leaves
    all."""
    if line.x1 <= gutter.x0 + 1 or line.x0 >= gutter.x1 - 1:
        return _Strip(max(gutter.x0, line.x1 if line.x1 <= gutter.x0 + 1 else 0), gutter.x1)
    edges = [(gutter.x0, line.x0), *((a.x1, b.x0) for a, b in pairwise(line.words)), (line.x1, gutter.x1)]
    free = [(min(gutter.x1, x1) - max(gutter.x0, x0), max(gutter.x0, x0), min(gutter.x1, x1)) for x0, x1 in edges]
    width, x0, x1 = max(free)
    return _Strip(x0, x1) if width >= 0.3 * line.size else None


def _parted(rows: Sequence[Line], strips: list[_Strip]) -> list[Line]:
    columns = [[_part(line, left, right) for line in rows] for left, right in pairwise([-1e9, *(s.middle for s in strips), 1e9])]
    if len(columns) <= _MOST_COLUMNS and all(map(_is_prose, columns)):
        return [line for column in columns for line in column if line is not None]
    if len(strips) == 1 and not any(_is_label(column) for column in columns) and not _is_even(columns):
        return list(rows)
    middles = [strip.middle for strip in strips]
    return [replace(line, cells=_cut(line, middles), text="") for line in rows]


def _part(line: Line, left: float, right: float) -> Line | None:
    """The words of a line that stand in a column."""
    words = tuple(word for word in line.words if left <= (word.x0 + word.x1) / 2 < right)
    if not words:
        return None
    last = words[-1] is line.words[-1]
    cells = cells_of(words, CELL_GAP * line.size)
    return replace(line, cells=cells, words=words, text="", hyphen=line.hyphen if last else words[-1].text.endswith("-"))


def _is_prose(column: Sequence[Line | None]) -> bool:
    """Whether the cells of a column read like the lines of a text: long, and reaching to about one margin."""
    filled = [line for line in column if line is not None]
    if len(filled) < MIN_ROWS - 1:
        return False
    right, left = max(line.x1 for line in filled), min(line.x0 for line in filled)
    long = sum(len(line.text) >= _PROSE_CHARACTERS and line.x1 - left > 0.6 * (right - left) for line in filled)
    wordy = sum(len(line.text.split()) >= 3 for line in filled)
    figures = sum(c.isdigit() for line in filled for c in line.text) > 0.2 * sum(len(line.text) for line in filled)
    return long >= 0.6 * len(filled) and wordy >= 0.7 * len(filled) and not figures


def _is_label(column: Sequence[Line | None]) -> bool:
    """Whether a column holds short entries, as a table's do."""
    return median([len(line.text) for line in column if line is not None] or [99]) < _PROSE_CHARACTERS


def _is_even(columns: Sequence[Sequence[Line | None]]) -> bool:
    return all(sum(line is not None for line in column) > 0.8 * len(column) for column in columns)


def _cut(line: Line, middles: Sequence[float]) -> tuple[Cell, ...]:
    """The cells of a line, split at these places, too."""
    groups: list[list[Word]] = []
    column = -1
    for word in line.words:
        place = sum((word.x0 + word.x1) / 2 >= middle for middle in middles)
        if groups and place == column and word.x0 - groups[-1][-1].x1 < CELL_GAP * line.size:
            groups[-1].append(word)
        else:
            groups.append([word])
        column = place
    return tuple(Cell(group[0].x0, group[-1].x1, " ".join(word.text for word in group)) for group in groups)
