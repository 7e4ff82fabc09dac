"""Excel workbooks to Markdown: a heading per sheet, a table per block of used cells, then its charts, text boxes and comments.

Invariant: time and memory depend on the cells that are used, not on where the last one stands. Formulas are not computed: the
values that Excel stored are shown, and the formula itself where a program stored none. Nothing is lost silently: hidden sheets,
rows and columns are left out and counted in the text.
"""

import html
import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from msgspec import Struct, field

from gitkb.convert.archive import (
    DAMAGED,
    damaged,
    damaged_as,
    office_properties,
    open_archive,
    parse_xml,
    read_member,
    transitional,
)
from gitkb.convert.draft import Draft
from gitkb.convert.html.markdown import safe_target
from gitkb.convert.office.drawings import chart, choose_alternatives, diagram, diagram_markdown
from gitkb.convert.office.sheet_layout import Budget, Hidden, Row, cell_value, hidden_sheets, linked, sheet_markdown, sheet_titles
from gitkb.convert.pictures import Gallery
from gitkb.convert.tables import escape, paragraph
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

if TYPE_CHECKING:
    from lxml import etree

_ROW = re.compile(rb"<(?:\w{1,20}:)?row\b([^<>]{0,400})>")
_COLUMN = re.compile(rb"<(?:\w{1,20}:)?col\b([^<>]{0,400})>")
_LINK = re.compile(rb"<(?:\w{1,20}:)?hyperlink\b([^<>]{0,9000})>")
_DRAWING = re.compile(rb"<(?:\w{1,20}:)?drawing\b([^<>]{0,400})>")
_FORMULA = re.compile(
    rb"<(?:\w{1,20}:)?c\b([^<>]{0,400})>\s*<(?:\w{1,20}:)?f\b([^<>]{0,400}?)(?:/>|>([^<]{0,9000})</(?:\w{1,20}:)?f>)"
    rb"\s*(?:<(?:\w{1,20}:)?v>\s*</(?:\w{1,20}:)?v>|<(?:\w{1,20}:)?v\s*/>)?\s*</(?:\w{1,20}:)?c>"
)
_ATTRIBUTE = re.compile(rb"([\w:]{1,40})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MAX_LINKED = 100_000
_THREADED = re.compile(r"^\[Threaded comment\].*?Comment:\s*", re.DOTALL)
Place = tuple[int, int]


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of an xlsx workbook."""
    import warnings

    from openpyxl import load_workbook

    gallery = Gallery()
    with open_archive(file, settings.max_bytes) as archive:
        about = office_properties(archive)
        package = _Package(archive)
        shown = [sheet for sheet in package.sheets if not sheet.hidden] or package.sheets
        try:
            with warnings.catch_warnings(), ExitStack() as stack:
                warnings.simplefilter("ignore")  # openpyxl warns about extensions that only matter to Excel
                opened = stack.enter_context(package.packed(file))
                book = load_workbook(opened, read_only=True, data_only=True, keep_links=False)
                cells = {sheet.title: sheet for sheet in book.worksheets}
                budget = Budget()
                parts: list[str] = []
                for sheet in shown:
                    facts = package.facts(sheet)
                    rows = _rows(cells[sheet.name], facts, budget) if sheet.name in cells else iter(())
                    parts += sheet_markdown(sheet.name, rows, package.below(sheet, facts, gallery))
                book.close()
        except (RecursionError, MemoryError, ConversionError):
            raise
        except Exception as error:  # openpyxl raises errors of many kinds on hostile XML
            raise damaged(error) from error
    return Draft(
        markdown="\n\n".join(parts + (hidden_sheets([s.name for s in package.sheets if s not in shown]) if parts else [])),
        titles=(*sheet_titles(parts, len(shown)), TitleCandidate("metadata", about.title)),
        language=about.language,
        pages=len(shown),
        unit="sheet",
        pictures=gallery.pictures,
        authors=about.authors,
        dates=about.dates,
        description=about.description,
    )


class _Sheet(Struct, frozen=True):
    name: str
    path: str
    hidden: bool


class _Facts(Struct):
    """Facts about a sheet that openpyxl does not give when it reads row by row. Rows and columns count from 0."""

    hidden: Hidden
    formulas: dict[int, Row] = field(default_factory=dict)
    links: dict[Place, str] = field(default_factory=dict)
    drawing: str = ""


class _Package:
    """The parts of a workbook besides the cells. A missing sheet is an error: openpyxl would silently leave it out."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        links = next((path for kind, path in self._relations("").values() if kind == "officeDocument"), "xl/workbook.xml")
        relations = self._relations(links)
        self.sheets: list[_Sheet] = []
        self._drawn_parts: set[str] = set()
        for sheet in self._tree(links).iter("{*}sheet"):
            kind, path = relations.get(str(sheet.get(f"{_R}id") or ""), ("", ""))
            if kind in ("worksheet", "chartsheet"):
                if path not in archive.NameToInfo:
                    raise damaged_as("a sheet is missing")
                self.sheets.append(_Sheet(str(sheet.get("name") or ""), path, str(sheet.get("state") or "visible") != "visible"))

    def packed(self, file: Path) -> BinaryIO:
        """The file, or a copy in the usual form of the format of one in the strict form."""
        if b"http://purl.oclc.org/ooxml/" not in read_member(
            self._archive, "xl/workbook.xml" if self._has_workbook() else "[Content_Types].xml"
        ):
            return file.open("rb")
        copy = io.BytesIO()
        try:
            with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as target:
                for name in self._archive.NameToInfo:
                    target.writestr(name, transitional(name, read_member(self._archive, name)))
        except DAMAGED as error:
            raise damaged(error) from error
        copy.seek(0)
        return copy

    def _has_workbook(self) -> bool:
        return "xl/workbook.xml" in self._archive.NameToInfo

    def facts(self, sheet: _Sheet) -> _Facts:
        """What the sheet's XML says beside its cells; `ConversionError` where its rows are out of order."""
        data = transitional(sheet.path, read_member(self._archive, sheet.path))
        facts = _Facts(Hidden(_hidden_rows(data), _hidden_columns(data)))
        facts.formulas = _formulas(data)
        relations = self._relations(sheet.path)
        outside = {name: path for name, (kind, path) in relations.items() if kind == "external"}
        for found in _LINK.finditer(data):
            link = _attributes(found[1])
            target = safe_target(outside.get(link.get("r:id", ""), ""))
            if target and link.get("location"):
                target = f"{target.partition('#')[0]}#{safe_target(link['location'])}"
            for place in _places(link.get("ref", "")) if target and len(facts.links) < _MAX_LINKED else ():
                facts.links[place] = target
        drawing = _DRAWING.search(data)
        facts.drawing = relations.get(_attributes(drawing[1]).get("r:id", ""), ("", ""))[1] if drawing else ""
        return facts

    def below(self, sheet: _Sheet, facts: _Facts, gallery: Gallery) -> Iterator[str]:
        """What comes below the cells: what is hidden, drawings and comments. To be called after the rows have been read."""
        if facts.hidden.said:
            yield facts.hidden.said
        if facts.drawing in self._archive.NameToInfo:
            yield from self._drawn(facts.drawing, gallery)
        comments = next((path for kind, path in self._relations(sheet.path).values() if kind == "comments"), "")
        if comments in self._archive.NameToInfo and (lines := list(_comments(self._tree(comments)))):
            yield "**Comments:**\n\n" + "\n".join(f"- {line}" for line in lines)

    def _drawn(self, path: str, gallery: Gallery) -> Iterator[str]:
        """Text boxes, charts, diagrams and pictures in the order of the rows at which they stand."""
        root, relations = self._tree(path), self._relations(path)
        choose_alternatives(root)
        anchors = [anchor for anchor in root if isinstance(anchor.tag, str) and anchor.tag.endswith("Anchor")]
        for anchor in sorted(anchors, key=_anchored):
            for part in anchor.iter("{*}chart", "{*}relIds", "{*}txBody", "{*}blip"):
                kind = part.tag.rpartition("}")[2]
                target = relations.get(str(part.get(f"{_R}{_REFERS[kind]}") or ""), ("", ""))[1] if kind in _REFERS else ""
                if kind == "txBody":
                    texts = ("".join(t.text or "" for t in p.iter("{*}t")) for p in part.iter("{*}p"))
                    yield from (paragraph(text) for text in texts if text.strip())
                elif target not in self._archive.NameToInfo or (kind != "blip" and target in self._drawn_parts):
                    continue
                elif kind == "blip":
                    if picture := gallery.add(read_member(self._archive, target)):
                        alt = next((str(p.get("descr") or "") for p in anchor.iter("{*}cNvPr")), "")
                        yield f"![{escape(alt[:200]).replace('[', '').replace(']', '')}]({picture})"
                elif text := self._text_of(kind, target):
                    yield text

    def _text_of(self, kind: str, path: str) -> str:
        """A chart or a diagram as Markdown. Each counts once: a small file could ask for a large one again and again."""
        self._drawn_parts.add(path)
        root = self._tree(path)
        return chart(root).markdown if kind == "chart" else diagram_markdown(diagram(root))

    def _tree(self, path: str) -> "etree._Element":
        return parse_xml(transitional(path, read_member(self._archive, path)))

    def _relations(self, path: str) -> dict[str, tuple[str, str]]:
        """Kind and member of each relationship of a part, by id; "external" and the address where it leads out of the file."""
        folder, base = posixpath.split(path)
        rels = posixpath.join(folder, "_rels", f"{base}.rels")
        if rels not in self._archive.NameToInfo:
            if path == "xl/workbook.xml":
                raise damaged_as("a part that it needs is missing")
            return {}
        found = {}
        for one in self._tree(rels):
            target = str(one.get("Target") or "")
            inside = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            kind = str(one.get("Type") or "").rpartition("/")[2]
            found[str(one.get("Id") or "")] = ("external", target) if one.get("TargetMode") == "External" else (kind, inside)
        return found


_REFERS = {"chart": "id", "relIds": "dm", "blip": "embed"}


def _anchored(anchor: "etree._Element") -> Place:
    row, column = anchor.findtext("{*}from/{*}row") or "0", anchor.findtext("{*}from/{*}col") or "0"
    return (int(row) if row.isdecimal() else 0, int(column) if column.isdecimal() else 0)


def _comments(root: "etree._Element") -> Iterator[str]:
    authors = ["".join(author.itertext()).strip() for author in root.iterfind("{*}authors/{*}author")]
    for comment in root.iter("{*}comment"):
        text = _THREADED.sub("", "".join(t.text or "" for t in comment.iter("{*}t")))
        number = str(comment.get("authorId") or "")
        author = authors[int(number)] if number.isdecimal() and int(number) < len(authors) else ""
        author = "" if author.startswith("tc=") else author
        text = " ".join(text.split()).removeprefix(f"{author}:").strip()
        if text:
            who = f" ({escape(author)})" if author else ""
            yield f"{escape(str(comment.get('ref') or ''))}{who}: {escape(text)}"


def _attributes(tag: bytes) -> dict[str, str]:
    """The attributes of a tag; a prefix other than r counts as r, as only relationships have one here."""
    found = {}
    for name, double, single in _ATTRIBUTE.findall(tag):
        key = re.sub(r"^\w+:", "r:", name.decode("ascii", "replace"))
        found[key] = html.unescape((double or single).decode("utf-8", "replace"))
    return found


def _hidden_rows(data: bytes) -> frozenset[int]:
    """The rows that are not shown; raises `ConversionError` where rows are out of order, which openpyxl passes over."""
    before, hidden = 0, set()
    for found in _ROW.finditer(data):
        row = _attributes(found[1])
        if not row.get("r", "").isdecimal():
            continue
        number = int(row["r"])
        if number <= before:
            raise damaged_as("the rows of a sheet are out of order")
        before = number
        if row.get("hidden") in ("1", "true"):
            hidden.add(number - 1)
    return frozenset(hidden)


def _hidden_columns(data: bytes) -> tuple[Place, ...]:
    found = (_attributes(tag[1]) for tag in _COLUMN.finditer(data[: data.find(b"<sheetData")]))
    return tuple(
        (int(column["min"]) - 1, int(column["max"]) - 1)
        for column in found
        if column.get("hidden") in ("1", "true") and column.get("min", "").isdecimal() and column.get("max", "").isdecimal()
    )


def _formulas(data: bytes) -> dict[int, Row]:
    """The formulas for which no value is stored, by row and column. One that shares another's is moved to its own cell."""
    found: dict[int, Row] = {}
    shared: dict[str, tuple[str, str]] = {}
    if b"<f" not in data and b":f" not in data:
        return found
    for cell, formula, text in _FORMULA.findall(data):
        about, kind = _attributes(cell), _attributes(formula)
        reference, words = about.get("r", ""), html.unescape(text.decode("utf-8", "replace")).strip()
        if about.get("t") == "str" or not (places := list(_places(reference))):
            continue
        if kind.get("t") == "shared" and words:
            shared[kind.get("si", "")] = (reference, words)
        elif kind.get("t") == "shared" and kind.get("si", "") in shared:
            words = _moved(*shared[kind.get("si", "")], reference)
        row, column = places[0]
        found.setdefault(row, {})[column] = escape(f"={words}")
    return found


def _moved(origin: str, formula: str, to: str) -> str:
    from openpyxl.formula.translate import Translator

    try:
        return str(Translator(f"={formula}", origin=origin).translate_formula(to)).removeprefix("=")
    except Exception:  # no valid formula: it is shown unchanged
        return formula


def _places(reference: str) -> Iterator[Place]:
    """The cells of a reference ("B2", "B2:C4"), rows and columns from 0."""
    corners = [(int(row) - 1, _column(letters)) for letters, row in _REFERENCE.findall(reference)[:2]]
    if not corners:
        return
    (top, left), (bottom, right) = corners[0], corners[-1]
    if (bottom - top + 1) * (right - left + 1) > _MAX_LINKED:
        return
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            yield row, column


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _rows(sheet: Any, facts: _Facts, budget: Budget) -> Iterator[Row]:
    from openpyxl.cell.read_only import ReadOnlyCell

    def only_cells(row: list[dict[str, Any]], *_: Any) -> tuple[Any, ...]:
        return tuple(ReadOnlyCell(sheet, **cell) for cell in row)

    # openpyxl fills each row up to its last cell: a diagonal of 18 KB makes 134 million cells. There is no public way around.
    sheet._get_row = only_cells
    sheet.reset_dimensions()  # what the sheet says of its size is not to be trusted
    for number, cells in enumerate(sheet.iter_rows()):
        if not cells and number not in facts.formulas:  # a gap: there may be a million
            budget.take(0)
            yield {}
            continue
        row = {
            cell.column - 1: text
            for cell in cells
            if cell.value is not None and (text := cell_value(cell.value, str(cell.number_format or "")))
        }
        if number in facts.formulas:
            row = dict(sorted((facts.formulas[number] | row).items()))
        for column in [c for c in row if (number, c) in facts.links] if facts.links else ():
            row[column] = linked(row[column], facts.links[number, column])
        budget.take(len(row))
        if (left := facts.hidden.shown(number, row)) is not None:
            yield left
