"""Excel workbooks of the old kind (xls) to Markdown, in the shape of the new ones.

Invariant: as for xlsx: only used cells count, stored values are shown, nothing is lost silently.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gitkb.convert.archive import damaged
from gitkb.convert.draft import Draft
from gitkb.convert.office.xlsx import Budget, Row, cell_value, sheet_markdown
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of an xls workbook."""
    import xlrd

    try:
        book = xlrd.open_workbook(str(file), logfile=io.StringIO(), on_demand=True)
        budget = Budget()
        shown = [sheet for sheet in book.sheets() if sheet.visibility == 0] or book.sheets()
        parts = [part for sheet in shown for part in sheet_markdown(sheet.name, _rows(sheet, book.datemode, budget))]
    except (RecursionError, MemoryError, ConversionError):
        raise
    except Exception as error:  # xlrd raises whatever its parsing of hostile records runs into
        if "encrypted" in str(error).lower():
            raise ConversionError(
                "the workbook is protected by a password.", "Save it without a password, then add it again."
            ) from error
        raise damaged(error) from error
    author = str(getattr(book, "user_name", "") or "").strip()
    return Draft(markdown="\n\n".join(parts), pages=len(shown), unit="sheet", authors=(author,) if author else ())


def _rows(sheet: Any, datemode: int, budget: Budget) -> Iterator[Row]:
    for number in range(sheet.nrows):
        cells = enumerate(sheet.row(number))
        row = {column: text for column, cell in cells if (text := _value(cell, datemode))}
        budget.take(len(row))
        yield row


def _value(cell: Any, datemode: int) -> str:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return cell_value(xlrd.xldate_as_datetime(cell.value, datemode))
        except (ValueError, OverflowError, xlrd.xldate.XLDateError):
            return cell_value(cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return cell_value(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    return cell_value(cell.value)
