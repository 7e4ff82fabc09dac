"""Converts the rows of a sheet, of any kind of workbook, and tells tables of records, forms, titles and notes apart.

Invariant: time and memory depend on the cells that are used, not on where the last one stands. Every cell given comes out once,
in order of rows; what is hidden is counted in the text.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time, timedelta
from typing import Any

from msgspec import Struct, field

from gitkb.convert.office.number_formats import date_text, formatted, plain
from gitkb.convert.tables import escape, paragraph, table
from gitkb.errors import ConversionError
from gitkb.model.documents import TitleCandidate

MAX_CELLS = 2_000_000
MAX_ROWS_SEEN = 3_000_000
Row = dict[int, str]
_NUMBER = re.compile(r"[-+(]?\W{0,4}\d[\d.,\s%/:()-]*\W{0,4}\w{0,3}$")
_MAX_GAP = 2
_LARGE_AREA = 200_000
_SCATTERED = 0.02
_NOTE = 40
"""In characters: a last row of a single cell that is longer is a note below the table."""


class Budget:
    """How many cells and rows a workbook may still take."""

    def __init__(self) -> None:
        self._cells = MAX_CELLS
        self._rows = MAX_ROWS_SEEN

    def take(self, cells: int) -> None:
        """Raises `ConversionError` where the workbook has more cells than can become readable text."""
        self._cells -= cells
        self._rows -= 1
        if self._cells < 0 or self._rows < 0:
            raise ConversionError(
                f"the workbook has more than {MAX_CELLS:,} cells in use.", "Export the sheets that matter as CSV, then add those."
            )


class Hidden(Struct):
    """Rows and columns (counted from 0) that the program does not show, and which of them had something in them."""

    rows: frozenset[int] = frozenset()
    columns: tuple[tuple[int, int], ...] = ()
    seen_rows: int = 0
    seen_columns: set[int] = field(default_factory=set)

    def shown(self, number: int, row: Row) -> Row | None:
        """The cells of a row that are shown; None for a row that is hidden."""
        if number in self.rows:
            self.seen_rows += bool(row)
            return None
        gone = {column for column in row if any(first <= column <= last for first, last in self.columns)} if self.columns else ()
        if not gone:
            return row
        self.seen_columns.update(gone)
        return {column: text for column, text in row.items() if column not in gone}

    @property
    def said(self) -> str:
        """What was left out, in words; '' for nothing."""
        counts = ((self.seen_rows, "row"), (len(self.seen_columns), "column"))
        parts = [f"{count:,} hidden {what}{'s' if count > 1 else ''}" for count, what in counts if count]
        if not parts:
            return ""
        one = len(parts) == 1 and sum(count for count, _ in counts) == 1
        return f"({' and '.join(parts)} of this sheet {'is' if one else 'are'} left out.)"


def hidden_sheets(names: Sequence[str]) -> list[str]:
    """A paragraph that names the sheets that are not shown."""
    if not names:
        return []
    listed = ", ".join(escape(name) for name in names[:20]) + (", ..." if len(names) > 20 else "")
    return [f"({len(names):,} hidden sheet{'s are' if len(names) > 1 else ' is'} left out: {listed}.)"]


def sheet_markdown(title: str, rows: Iterable[Row], below: Iterable[str] = ()) -> Iterator[str]:
    """The heading of a sheet, its blocks, and what stands below them (drawings, comments); nothing for an empty sheet."""
    headed = False
    for block in (*_blocks(rows), *below):
        if not headed:
            yield f"## {escape(title)}"
            headed = True
        yield block


def sheet_titles(parts: Sequence[str], sheets: int) -> tuple[TitleCandidate, ...]:
    """The line that stands alone above the first sheet's cells."""
    first = parts[1] if len(parts) > 1 else ""
    below = parts[2] if len(parts) > 2 else ""
    line = first.split("\n\n")[0]
    alone = not line.startswith(("|", "- ", "![", "**", "(", "[")) and (line != first or below.startswith(("|", "- ")))
    return (TitleCandidate("opening", line, "line above the first sheet's cells"),) if alone and 2 < len(line) < 150 else ()


def cell_value(value: Any, number_format: str = "") -> str:
    """A cell's value as the program shows it, escaped."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, date | time | timedelta):
        return escape(date_text(value, number_format))
    if isinstance(value, int | float):
        return escape(formatted(value, number_format) if number_format else plain(value))
    return "<br>".join(escape(line) for line in str(value).splitlines() if line.strip())


def linked(text: str, target: str) -> str:
    """The text of a cell that leads to an address."""
    if not target or "](" in text or "<br>" in text:
        return text
    label = text.replace("[", "\\[").replace("]", "\\]") if text.count("[") != text.count("]") else text
    return f"[{label}]({target.replace('(', '%28').replace(')', '%29')})"


def _blocks(rows: Iterable[Row]) -> Iterator[str]:
    """The blocks of a sheet: rows without a gap between them, and records that continue after a gap."""
    block: list[Row] = []
    gap = 0
    for row in rows:
        if row and gap and block and not _goes_on(block, row, gap):
            yield _block(block)
            block = []
        if row:
            block.append(row)
            gap = 0
        else:
            gap += 1
    if block:
        yield _block(block)


def _goes_on(before: Sequence[Row], row: Row, gap: int) -> bool:
    """Whether a row behind a gap is another record of the table above: numbers where the table has numbers, in its columns."""
    if gap > _MAX_GAP or len(before) < 3 or len(row) < 2:
        return False
    records = before[1:][-50:]
    columns = {column for one in before for column in one}
    numeric = [c for c in columns if sum(bool(_NUMBER.match(one.get(c, ""))) for one in records) > 0.7 * len(records)]
    told = [column for column in numeric if column in row]
    return bool(told) and set(row) <= columns and all(_NUMBER.match(row[column]) for column in told)


def _block(block: Sequence[Row]) -> str:
    """A table, with leading and closing rows of a single cell around it as paragraphs; columns that no row uses are left out."""
    used = sorted({column for row in block for column in row})
    if len(used) == 1:
        cells = [row[used[0]] for row in block]
        return "\n\n".join(map(paragraph_cell, cells)) if len(cells) < 3 else table([[cell] for cell in cells])
    start, end = 0, len(block)
    while start < end - 1 and len(block[start]) == 1 and min(block[start]) == used[0]:
        start += 1
    while end > start + 2 and len(block[end - 1]) == 1 and len(next(iter(block[end - 1].values()))) > _NOTE:
        end -= 1
    above, below = ([paragraph_cell(next(iter(row.values()))) for row in rows] for rows in (block[:start], block[end:]))
    rest = block[start:end]
    used = sorted({column for row in rest for column in row})
    inner = _form(rest) or _scattered(rest, len(used)) or table([[row.get(column, "") for column in used] for row in rest])
    return "\n\n".join(part for part in (*above, inner, *below) if part)


def _scattered(rows: Sequence[Row], columns: int) -> str:
    """Cells that are scattered over a large area, row by row: a table of them would be nearly empty."""
    area = len(rows) * columns
    if area < _LARGE_AREA or sum(map(len, rows)) > _SCATTERED * area:
        return ""
    return "\n".join("- " + " \\| ".join(row[column] for column in sorted(row)) for row in rows)


def _form(rows: Sequence[Row]) -> str:
    """The rows as labels with their values, if most rows are such: a label ends in a colon."""
    pairs: list[tuple[str, str]] = []
    labelled = 0
    for row in rows:
        cells = [row[column] for column in sorted(row)]
        found = _pairs(cells)
        labelled += bool(found[0][0])
        pairs += found
    if labelled < max(2, 0.6 * len(rows)):
        return ""
    return "\n".join(f"- {label} {value}".rstrip() if label else f"- {value}" for label, value in pairs)


def _pairs(cells: Sequence[str]) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for cell in cells:
        if cell.rstrip().endswith((":", "：")) and len(cell) < 80 and any(c.isalpha() for c in cell):
            out.append((cell.strip(), ""))
        elif out and out[-1][0]:
            label, value = out[-1]
            out[-1] = (label, f"{value}, {cell}" if value else cell)
        else:
            out.append(("", cell))
    return out


def paragraph_cell(text: str) -> str:
    """A cell's escaped text as a paragraph."""
    return paragraph(text) if "\\" not in text and "<br>" not in text and "](" not in text else text.replace("<br>", "\\\n")
