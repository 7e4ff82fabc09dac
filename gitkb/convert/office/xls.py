"""Excel workbooks of the old kind (xls) to Markdown, in the shape of the new ones.

Invariant: as for xlsx: only used cells count, stored values are shown in their number format, nothing is lost silently.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gitkb.convert.archive import damaged
from gitkb.convert.draft import Draft
from gitkb.convert.html.markdown import safe_target
from gitkb.convert.office.sheet_layout import Budget, Hidden, Row, cell_value, hidden_sheets, linked, sheet_markdown, sheet_titles
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of an xls workbook."""
    try:
        book = _opened(file)
        budget = Budget()
        sheets = book.sheets()
        shown = [sheet for sheet in sheets if sheet.visibility == 0] or sheets
        parts: list[str] = []
        for sheet in shown:
            hidden = _hidden(sheet)
            rows = _rows(sheet, book, hidden, budget)
            parts += sheet_markdown(sheet.name, rows, _said(hidden))
    except (RecursionError, MemoryError, ConversionError):
        raise
    except Exception as error:  # xlrd raises errors of many kinds on hostile records
        if "encrypted" in str(error).lower():
            raise ConversionError(
                "the workbook is protected by a password.", "Save it without a password, then add it again."
            ) from error
        raise damaged(error) from error
    parts += hidden_sheets([sheet.name for sheet in sheets if sheet not in shown]) if parts else []
    author = str(getattr(book, "user_name", "") or "").strip()
    return Draft(
        markdown="\n\n".join(parts),
        titles=sheet_titles(parts, len(shown)),
        pages=len(shown),
        unit="sheet",
        authors=(author,) if author else (),
    )


def _opened(file: Path) -> Any:
    """The workbook with its formats; without them if they are damaged, because the cells may be good."""
    import xlrd

    try:
        return xlrd.open_workbook(str(file), logfile=io.StringIO(), formatting_info=True, ragged_rows=True)
    except (RecursionError, MemoryError):
        raise
    except Exception:
        return xlrd.open_workbook(str(file), logfile=io.StringIO(), ragged_rows=True)


def _said(hidden: Hidden) -> Iterator[str]:
    if hidden.said:
        yield hidden.said


def _hidden(sheet: Any) -> Hidden:
    rows = frozenset(number for number, info in sheet.rowinfo_map.items() if info.hidden)
    columns = tuple((number, number) for number, info in sorted(sheet.colinfo_map.items()) if info.hidden)
    return Hidden(rows, columns)


def _rows(sheet: Any, book: Any, hidden: Hidden, budget: Budget) -> Iterator[Row]:
    for number in range(sheet.nrows):
        row = {}
        for column in range(sheet.row_len(number)):
            cell = sheet.cell(number, column)
            if cell.value != "" and (text := _value(cell, book)):
                link = sheet.hyperlink_map.get((number, column))
                target = safe_target(str(link.url_or_path or "")) if link is not None and link.type == "url" else ""
                row[column] = linked(text, target)
        budget.take(len(row))
        if (left := hidden.shown(number, row)) is not None:
            yield left


def _value(cell: Any, book: Any) -> str:
    import xlrd

    code = _format(cell, book)
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return cell_value(xlrd.xldate_as_datetime(cell.value, book.datemode), code)
        except (ValueError, OverflowError, xlrd.xldate.XLDateError):
            return cell_value(cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return cell_value(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    return cell_value(cell.value, code)


def _format(cell: Any, book: Any) -> str:
    """The number format of a cell, '' where the workbook states none."""
    if cell.xf_index is None or cell.xf_index >= len(book.xf_list):
        return ""
    found = book.format_map.get(book.xf_list[cell.xf_index].format_key)
    return str(found.format_str or "") if found is not None else ""
