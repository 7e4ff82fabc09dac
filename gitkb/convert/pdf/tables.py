"""Finds tables on PDF pages: lines whose cells form columns, with the lines that belong to their rows.

Pure. Invariant: lines are a table only if several rows have the same columns and read like cells; columns of prose never
become one. No word of these lines is lost: in the head, what spans several columns is repeated in each of them, elsewhere it
stands in the first. A cell of several lines is one cell.
"""

import re
from collections import Counter
from collections.abc import Container, Sequence
from itertools import pairwise
from statistics import median

from msgspec import Struct, field

from gitkb.convert.pdf.lines import Cell, Line

MIN_ROWS = 3
MAX_ROWS = 400
_MOST_COLUMNS = 24
_CAPTION = re.compile(r"^(?:Table|Tab\.|Tabelle|Tableau|Figure|Fig\.|Abbildung|Abb\.)\s*[\dIVX]+", re.IGNORECASE)
_LABEL = re.compile(r"\[[^\]\s]{1,16}\]|\(?(?:\d{1,3}|[a-z]|[ivx]+)[).]|[•–-]")
_BROKEN = re.compile(r"[^\W\d_]-$")
_SIGN = re.compile(r"[$€£¥]|US\$")
_SIGNS = "$€£¥%)"
_FIGURE = re.compile(r"[-–−+(±<>~≈]?\s*[$€£¥]?\s*\d[\d.,:/%\s()±×–−+-]*[A-Za-z%*†‡]{0,3}\)?|[-–—−]+|n/?a|✓|✗|×|•", re.IGNORECASE)


class FoundTable(Struct, frozen=True):
    """The rows of a table, and the number of lines of which it is made."""

    rows: list[list[str]]
    count: int


class _Row(Struct):
    """One row in the making: its cells and the heights of its highest and lowest line (points from the bottom)."""

    cells: list[Cell]
    top: float
    bottom: float
    stacked: list[Cell] = field(default_factory=list)


def table_at(lines: Sequence[Line], start: int, headings: Container[int], pitch: float) -> FoundTable | None:
    """The table that begins with a line, None where there is none."""
    first = _first_row(lines, start, headings)
    if first is None:
        return None
    end = first
    lowest = lines[start].y
    while end < len(lines) and end - start < MAX_ROWS and _belongs(lines, first, end, lowest, pitch):
        if end in headings and not _goes_on(lines, first, end):
            break
        lowest = min(lowest, lines[end].y)
        end += 1
    while end > first and len(lines[end - 1].cells) < 2 and not _beside(lines[end - 1], lines[first : end - 1]):
        end -= 1
    run = lines[start:end]
    many = [line for line in run if len(_merged(line.cells)) > 1]
    if len(many) < MIN_ROWS:
        return None
    columns = _columns([_merged(line.cells) for line in many])
    if not 2 <= len(columns) <= _MOST_COLUMNS or not _reads_like_cells(many, columns, len(run)):
        return None
    rows = _rows(run, columns)
    return FoundTable(_texts(rows, columns), end - start) if len(rows) >= MIN_ROWS else None


def _first_row(lines: Sequence[Line], start: int, headings: Container[int]) -> int | None:
    """The first line with several cells; above it may stand up to two short lines over the columns behind the first one."""
    if lines[start].mono or _CAPTION.match(lines[start].text):
        return None
    for index in range(start, min(start + 3, len(lines))):
        line = lines[index]
        if index in headings or (index > start and not 0 < lines[index - 1].y - line.y < 2.2 * line.size):
            return None
        if len(line.cells) > 1:
            body = next((row for row in lines[index : index + 4] if len(row.cells) > 2), None)
            over = body is not None and all(body.cells[0].x1 < above.x0 for above in lines[start:index])
            return index if index == start or over else None
        if len(line.text) > 40 or line.text.endswith((".", ":", ";")):
            return None
    return None


def _belongs(lines: Sequence[Line], first: int, index: int, lowest: float, pitch: float) -> bool:
    line = lines[index]
    if index == first:
        return True
    if line.mono and len(line.cells) < 2:
        return False
    step = lowest - line.y
    room = 5.0 if index == first + 1 and len(line.cells) > len(lines[first].cells) else 2.6
    if not -3.5 * line.size < step < max(pitch, line.size * 1.2) * room or line.y > lines[first].y + line.size:
        return False
    if len(line.cells) > 1:
        return True
    if _CAPTION.match(line.text) or len(line.text) > 80:
        return False
    left, right = min(row.x0 for row in lines[first:index]), max(row.x1 for row in lines[first:index])
    inside = line.x0 > left - 2 * line.size and line.x1 < right + 2 * line.size
    ahead = any(
        len(row.cells) > 1 and -1.5 * line.size < line.y - row.y < 3 * max(pitch, line.size)
        for row in lines[index + 1 : index + 4]
    )
    return (
        inside
        and (ahead or (line.x0 > lines[first].cells[0].x1 and step < pitch * 1.3))
        and line.x1 - line.x0 < 0.75 * (right - left)
    )


def _goes_on(lines: Sequence[Line], first: int, index: int) -> bool:
    """Whether a line that looks like a heading stands between rows of one table."""
    after = next((line for line in lines[index + 1 : index + 3] if len(line.cells) > 1), None)
    same = after is not None and abs(len(after.cells) - max(len(line.cells) for line in lines[first:index])) <= 1
    return same and lines[index].size <= lines[first].size * 1.05


def _beside(line: Line, rows: Sequence[Line]) -> bool:
    """Whether a line of one cell is a cell of a row that stands at its height, or just above it."""
    return any(len(row.cells) > 1 and -0.8 * line.size < row.y - line.y < 1.35 * line.size for row in rows)


def _merged(cells: Sequence[Cell]) -> list[Cell]:
    """The cells, with signs of currency joined to the figure behind them, and closing signs to the figure before them."""
    out: list[Cell] = []
    if not any(sign in cell.text for cell in cells for sign in _SIGNS):
        return list(cells)
    for cell in cells:
        text = cell.text
        trailing = re.fullmatch(r"(.*\S)\s+([$€£¥])", text)
        if out and _SIGN.fullmatch(out[-1].text):
            out[-1] = (
                Cell(out[-1].x0, cell.x1, f"{out[-1].text}{text}")
                if not trailing
                else Cell(out[-1].x0, cell.x1, out[-1].text + trailing[1])
            )
        elif out and text in (")", "%", ")%"):
            out[-1] = Cell(out[-1].x0, cell.x1, out[-1].text + text)
            continue
        else:
            out.append(Cell(cell.x0, cell.x1, trailing[1]) if trailing else cell)
        if trailing:
            out.append(Cell(cell.x1, cell.x1, trailing[2]))
    if len(out) > 1 and _SIGN.fullmatch(out[-1].text):
        out.pop()
    return out


def _columns(rows: Sequence[Sequence[Cell]]) -> list[tuple[float, float]]:
    """Intervals of which cells overlap; cells that span several columns, as heads do, are left out."""
    usual = Counter(len(row) for row in rows)
    most = max((count for count in usual if usual[count] >= 2 or len(rows) < 5), default=max(usual))
    full = [row for row in rows if len(row) >= max(2, most * 0.7)]
    columns = _united([cell for row in full for cell in row])
    if len(columns) < most:  # a cell that spans columns would join them, so rows with fewer cells are left out
        best = _united([cell for row in full if len(row) >= most for cell in row])
        columns = best if len(best) > len(columns) else columns
    rest = [cell for row in rows for cell in row if not any(cell.x0 < x1 and cell.x1 > x0 for x0, x1 in columns)]
    return sorted([*columns, *_united(rest)])


def _united(cells: Sequence[Cell]) -> list[tuple[float, float]]:
    columns: list[tuple[float, float]] = []
    for cell in sorted(cells, key=lambda cell: cell.x0):
        if columns and cell.x0 < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], cell.x1))
        else:
            columns.append((cell.x0, cell.x1))
    return columns


def _spanned(cell: Cell, columns: Sequence[tuple[float, float]]) -> list[int]:
    """The columns that a cell covers: at least one, the nearest."""
    covered = [
        i for i, (x0, x1) in enumerate(columns) if min(cell.x1, x1) - max(cell.x0, x0) > 0.3 * min(cell.x1 - cell.x0, x1 - x0)
    ]
    middle = (cell.x0 + cell.x1) / 2
    return covered or [min(range(len(columns)), key=lambda i: max(columns[i][0] - middle, middle - columns[i][1]))]


def _reads_like_cells(many: Sequence[Line], columns: Sequence[tuple[float, float]], lines: int) -> bool:
    cells = [_merged(line.cells) for line in many]
    filled = sum(len({_spanned(cell, columns)[0] for cell in row}) for row in cells) / (len(many) * len(columns))
    lengths = sorted(len(cell.text) for row in cells for cell in row)
    figures = sum(bool(_FIGURE.fullmatch(cell.text)) for row in cells for cell in row) / len(lengths)
    listed = sum(bool(_LABEL.fullmatch(row[0].text)) for row in cells)
    sourced = sum(row[0].text.startswith("[") and bool(_LABEL.fullmatch(row[0].text)) for row in cells)
    if (listed >= 0.25 * len(cells) and len(columns) < 4) or sourced > 2:  # numbered items, or a list of references
        return False
    if sum(bool(_BROKEN.search(row[-1].text)) for row in cells) > 1:  # words are broken at the end of lines of prose
        return False
    if filled < (0.35 if figures > 0.4 else 0.5):
        return False
    middle = lengths[len(lengths) // 2]
    return (
        middle <= 40 or len(columns) >= 4 or (len(columns) == 2 and middle <= 60 and len(many) >= 0.8 * lines and _keyed(cells))
    )


def _keyed(rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether the first cells are short, as the keys of entries are."""
    return median(len(row[0].text) for row in rows) <= 25


def _rows(run: Sequence[Line], columns: Sequence[tuple[float, float]]) -> list[_Row]:
    rows: list[_Row] = []
    for line in sorted((line for line in run if len(line.cells) > 1), key=lambda line: -line.y):
        cells = _merged(line.cells)
        if rows and abs(rows[-1].bottom - line.y) < 0.3 * line.size:
            rows[-1].cells += cells
        elif rows and _continues(rows[-1], cells, line, columns):
            rows[-1].cells += cells
            rows[-1].bottom = line.y
        else:
            rows.append(_Row(cells, line.y, line.y))
    steps = [above.bottom - row.top for above, row in pairwise(rows)]
    step = median(steps) if steps else 0.0
    for stack in _stacks([line for line in run if len(line.cells) == 1]):
        _place(stack, rows, step)
    return sorted(rows, key=lambda row: -row.top)


def _continues(row: _Row, cells: Sequence[Cell], line: Line, columns: Sequence[tuple[float, float]]) -> bool:
    """Whether a line of several cells is the second line of a row: it stands close below, its first cell is empty, and it has no
    figures of its own."""
    near = 0 < row.bottom - line.y < 1.25 * line.size
    return (
        near
        and _spanned(cells[0], columns)[0] > 0
        and len(cells) < len(columns)
        and not any(_FIGURE.fullmatch(cell.text) for cell in cells)
    )


def _stacks(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines of one cell that stand right below each other, as the lines of one cell do."""
    stacks: list[list[Line]] = []
    for line in lines:
        last = stacks[-1][-1] if stacks else None
        if last and 0 < last.y - line.y < 1.3 * max(last.size, line.size) and line.x0 < last.x1 and line.x1 > last.x0:
            stacks[-1].append(line)
        else:
            stacks.append([line])
    return stacks


def _place(stack: list[Line], rows: list[_Row], step: float) -> None:
    """Puts the lines of a cell into the row at their height, or close above; else they are a row of their own."""
    cells = [Cell(line.x0, line.x1, line.text) for line in stack]
    top, bottom, size = stack[0].y, stack[-1].y, stack[0].size
    inside = [row for row in rows if row.bottom <= top + 0.5 * size and row.top >= bottom - 0.5 * size]
    above = [row for row in rows if 0 < row.bottom - top < 1.35 * size and row.bottom - top < 0.85 * step]
    row = min(inside, key=lambda row: abs(row.top - (top + bottom) / 2)) if inside else above[-1] if above else None
    if row is None:
        for cell, line in zip(cells, stack, strict=True):
            rows.append(_Row([cell], line.y, line.y))
    else:
        row.stacked += cells


def _texts(rows: Sequence[_Row], columns: Sequence[tuple[float, float]]) -> list[list[str]]:
    out: list[list[str]] = []
    figured = _figured(rows, columns)
    cells = [cell for row in rows for cell in row.cells]
    head = sum(bool(_FIGURE.fullmatch(cell.text)) for cell in cells) > 0.3 * len(cells)
    first: list[str] = []
    for row in rows:
        cells = [*row.cells, *row.stacked]
        head = head and not any(_FIGURE.fullmatch(cell.text) for cell in cells if _spanned(cell, columns)[0] > 0)
        texts = [""] * len(columns)
        over = _over(cells, columns, figured) if head and len(out) < 3 else {}
        for cell in cells:
            for column in over.get(cell) or _spanned(cell, columns)[:1]:
                texts[column] = f"{texts[column]} {cell.text}".strip()
        if over and out == []:
            first = texts
        elif first and head and len(out) == 1:  # names beside the groups of a head belong to both of its rows
            for column in range(min(column for column, text in enumerate(first) if text)):
                if not any(c.isdigit() for c in texts[column]):
                    first[column], texts[column] = texts[column], ""
        out.append(texts)
    return out


def _figured(rows: Sequence[_Row], columns: Sequence[tuple[float, float]]) -> set[int]:
    """The columns of which most cells hold figures, heads aside."""
    texts: list[list[str]] = [[] for _ in columns]
    for row in rows[1:]:
        for cell in (*row.cells, *row.stacked):
            texts[_spanned(cell, columns)[0]].append(cell.text)
    return {column for column, each in enumerate(texts) if sum(bool(_FIGURE.fullmatch(text)) for text in each) > 0.5 * len(each)}


def _over(cells: Sequence[Cell], columns: Sequence[tuple[float, float]], figured: set[int]) -> dict[Cell, list[int]]:
    """The columns over which each cell of a head's row stands, the nearest to its middle; none where each column has its own. To
    the left of the first cell and of the columns of figures nothing is covered."""
    if not cells or len(cells) > len(columns) // 2 or any(cell.x0 < columns[0][1] for cell in cells):
        return {}
    found: dict[Cell, list[int]] = {cell: [] for cell in cells}
    least = min((column for column in figured if column), default=1)
    for column, (x0, x1) in enumerate(columns):
        if column >= least or (x1 > cells[0].x0 and column) or len(columns) == 1:
            nearest = min(cells, key=lambda cell: abs(cell.x0 + cell.x1 - x0 - x1))
            found[nearest].append(column)
    return found
