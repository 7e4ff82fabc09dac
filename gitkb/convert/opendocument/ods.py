"""OpenDocument workbooks (ods) to Markdown: a heading per sheet, a table per block of used cells, then pictures and comments.

Invariant: cells are shown as the program shows them, formulas are not computed, and what is hidden is left out and counted.
A row or cell that the file states to be repeated costs no more than `MAX_REPEATED` cells in a workbook.
"""

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from gitkb.convert.draft import Draft
from gitkb.convert.html.markdown import safe_target
from gitkb.convert.office.sheet_layout import Budget, Hidden, Row, cell_value, hidden_sheets, linked, sheet_markdown, sheet_titles
from gitkb.convert.opendocument.package import Package, attribute, body_of, count_of, local, opened
from gitkb.convert.opendocument.text_content import TextContent, rows_of
from gitkb.convert.pictures import Gallery
from gitkb.convert.tables import escape
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

if TYPE_CHECKING:
    from lxml import etree

MAX_REPEATED = 20_000
MAX_REPEATED_CELLS = 256
_GAP = 4
_HIDDEN = ("collapse", "filter")


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a workbook."""
    gallery = Gallery()
    with opened(file, settings, gallery) as package:
        about = package.properties()
        sheets = list(body_of(package, "spreadsheet").iterchildren("{*}table"))
        shown = [sheet for sheet in sheets if package.property_of(attribute(sheet, "style-name"), "display") != "false"] or sheets
        reader = _Sheets(package, gallery)
        parts = [part for sheet in shown for part in reader.parts(sheet)]
    hidden = [attribute(sheet, "name") for sheet in sheets if sheet not in shown]
    return Draft(
        markdown="\n\n".join(parts + (hidden_sheets(hidden) if parts else [])),
        titles=(*sheet_titles(parts, len(shown)), TitleCandidate("metadata", about.title)),
        language=about.language,
        pages=len(shown),
        unit="sheet",
        pictures=gallery.pictures,
        authors=about.authors,
        dates=about.dates,
        description=about.description,
    )


class _Sheets:
    """Reads the sheets of one workbook, which share its budget."""

    def __init__(self, package: Package, gallery: Gallery) -> None:
        self._budget = Budget()
        self._repeated = MAX_REPEATED
        self._left_out = 0
        self._text = TextContent(package, gallery)

    def parts(self, sheet: "etree._Element") -> Iterator[str]:
        """The Markdown of a sheet, block by block."""
        hidden = Hidden(frozenset({-1}), _hidden_columns(sheet))
        self._left_out = 0
        self._text.comments.clear()
        return sheet_markdown(attribute(sheet, "name"), self._rows(sheet, hidden), self._below(sheet, hidden))

    def _rows(self, sheet: "etree._Element", hidden: Hidden) -> Iterator[Row]:
        for row, _ in rows_of(sheet):
            cells = self._cells(row)
            shown = hidden.shown(-1 if attribute(row, "visibility") in _HIDDEN else 0, cells)
            if shown is None:
                continue
            more = count_of(row, "number-rows-repeated") - 1
            if not shown:
                yield from ({} for _ in range(min(more + 1, _GAP)))
                continue
            kept = min(more, self._repeated // len(shown))
            self._repeated -= kept * len(shown)
            self._left_out += more - kept
            for _ in range(1 + kept):
                self._budget.take(len(shown))
                yield shown

    def _cells(self, row: "etree._Element") -> Row:
        cells: Row = {}
        column = 0
        for cell in row:
            if local(cell) not in ("table-cell", "covered-table-cell"):
                continue
            more = count_of(cell, "number-columns-repeated") - 1
            if text := self._shown(cell):
                kept = min(more, self._repeated, MAX_REPEATED_CELLS)
                self._repeated -= kept
                cells |= dict.fromkeys(range(column, column + 1 + kept), text)
            column += 1 + more
        return cells

    def _shown(self, cell: "etree._Element") -> str:
        """A cell as the program shows it; comments in it are collected."""
        lines: list[str] = []
        target = ""
        for child in cell:
            if local(child) == "annotation":
                self._text.comment(child)
            elif local(child) == "p":
                lines.append("".join(map(str, child.itertext())))
                target = target or next((attribute(link, "href") for link in child.iter("{*}a")), "")
        text = cell_value("\n".join(lines)) if any(lines) else ""
        return linked(text, safe_target(unescape(target))) if target and text else text

    def _below(self, sheet: "etree._Element", hidden: Hidden) -> Iterator[str]:
        if hidden.said:
            yield hidden.said
        if self._left_out:
            yield f"({self._left_out:,} repetitions of rows of this sheet are left out.)"
        for frame in sheet.iter("{*}frame"):
            if part := self._text.framed(frame):
                yield part
        if self._text.comments:
            yield "**Comments:**\n\n" + "\n".join(f"- {escape(comment)}" for comment in self._text.comments)


def _hidden_columns(sheet: "etree._Element") -> tuple[tuple[int, int], ...]:
    found, column = [], 0
    for one in sheet.iter("{*}table-column"):
        width = count_of(one, "number-columns-repeated")
        if attribute(one, "visibility") in _HIDDEN:
            found.append((column, column + width - 1))
        column += width
    return tuple(found)
