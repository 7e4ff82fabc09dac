"""Tables in PDF pages, found by cells that stand above each other.

Pure. Invariant: a table is only claimed where several lines in a row fall into the same columns and read like cells; columns of
running text never become one.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from gitkb.convert.pdf_lines import Cell, Line

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
