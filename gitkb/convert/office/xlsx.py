"""Excel workbooks to Markdown: a heading per sheet, a table per block of used cells.

Invariant: time and memory depend on the cells that are used, not on where the last one stands. Formulas are not computed: the
values that Excel stored are shown. Nothing is lost silently: rows left out are counted in the text.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from gitkb.convert.archive import damaged, damaged_as, office_properties, open_archive, read_member, read_xml
from gitkb.convert.draft import Draft
from gitkb.convert.tables import escape, paragraph, table
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

_ROW = re.compile(rb"<(?:\w{1,20}:)?row\b[^<>]{0,300}?\br=[\"'](\d{1,9})[\"']")
MAX_CELLS = 2_000_000
MAX_ROWS_SEEN = 3_000_000
Row = dict[int, str]


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of an xlsx workbook."""
    import warnings

    from openpyxl import load_workbook

    with open_archive(file, settings.max_bytes) as archive:
        about = office_properties(archive)
        check_parts(archive)
    try:
        with file.open("rb") as opened, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns about extensions that only matter to Excel
            book = load_workbook(opened, read_only=True, data_only=True, keep_links=False)
            shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
            budget = Budget()
            parts = [part for sheet in shown for part in sheet_markdown(sheet.title, _rows(sheet, budget))]
            book.close()
    except (RecursionError, MemoryError, ConversionError):
        raise
    except Exception as error:  # openpyxl raises whatever its parsing of hostile XML runs into
        raise damaged(error) from error
    return Draft(
        markdown="\n\n".join(parts),
        titles=(TitleCandidate("metadata", about.title),),
        language=about.language,
        pages=len(shown),
        unit="sheet",
        authors=about.authors,
        dates=about.dates,
        description=about.description,
    )


def check_parts(archive: zipfile.ZipFile) -> None:
    """Raises `ConversionError` where a sheet is missing or its rows are out of order: openpyxl passes over both in silence."""
    links = read_xml(archive, "xl/_rels/workbook.xml.rels")
    for link in links:
        target = str(link.get("Target") or "")
        if not str(link.get("Type") or "").endswith("/worksheet"):
            continue
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        if path not in archive.NameToInfo:
            raise damaged_as("a sheet is missing")
        _check_order(read_member(archive, path))


def _check_order(sheet: bytes) -> None:
    before = 0
    for found in _ROW.finditer(sheet):
        number = int(found[1])
        if number <= before:
            raise damaged_as("the rows of a sheet are out of order")
        before = number


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


def sheet_markdown(title: str, rows: Iterable[Row]) -> Iterator[str]:
    """The heading of a sheet and its blocks: tables, and single cells as paragraphs; nothing for an empty sheet."""
    headed = False
    for block in _blocks(rows):
        if not headed:
            yield f"## {escape(title)}"
            headed = True
        yield block


def cell_value(value: Any, number_format: str = "") -> str:
    """A cell's value as a person would write it, escaped."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return (
            value.date().isoformat()
            if value.time() == time(0)
            else value.isoformat(" ", "minutes" if not value.second else "seconds")
        )
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, int | float):
        return _number(value, number_format)
    return "<br>".join(escape(line) for line in str(value).splitlines() if line.strip())


def _number(value: float, number_format: str) -> str:
    if "%" in number_format:
        return f"{round(value * 100, 2):g}%"
    if isinstance(value, int):
        return str(value)
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.10g}"


def _rows(sheet: Any, budget: Budget) -> Iterator[Row]:
    sheet.reset_dimensions()  # what the sheet says of its size is not to be trusted
    for cells in sheet.iter_rows():
        row = {
            number: text
            for number, cell in enumerate(cells)
            if (text := cell_value(cell.value, str(getattr(cell, "number_format", "") or "")))
        }
        budget.take(len(row))
        yield row


def _blocks(rows: Iterable[Row]) -> Iterator[str]:
    """Rows without a gap between them are one block."""
    block: list[Row] = []
    for row in rows:
        if row:
            block.append(row)
        elif block:
            yield _block(block)
            block = []
    if block:
        yield _block(block)


def _block(block: Sequence[Row]) -> str:
    """A table, with leading rows of a single cell above it as paragraphs; columns that no row uses are left out."""
    used = sorted({column for row in block for column in row})
    start = 0
    if len(used) > 1:
        while start < len(block) - 1 and len(block[start]) == 1 and min(block[start]) == used[0]:
            start += 1
    titles = [paragraph_cell(next(iter(row.values()))) for row in block[:start]]
    rest = block[start:]
    if len(used) == 1:
        return (
            "\n\n".join(paragraph_cell(row[used[0]]) for row in rest)
            if len(rest) < 3
            else table([[row[used[0]]] for row in rest])
        )
    used = sorted({column for row in rest for column in row})
    return "\n\n".join([*titles, table([[row.get(column, "") for column in used] for row in rest])])


def paragraph_cell(text: str) -> str:
    """A cell's escaped text as a paragraph."""
    return paragraph(text) if "\\" not in text and "<br>" not in text else text.replace("<br>", "\\\n")
