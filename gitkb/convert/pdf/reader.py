"""Converts PDF documents: pypdfium2 reads the text with its places and the outline; pypdf reads what pypdfium2 refuses.

Invariant: the text of each page, by either reader, follows a line `<a name="page-N"></a>`, N counted from 1; a page that cannot
be read says so. Nothing in a document is run: form code, attachments and links to other files are not even looked at. A file
whose end is missing is refused; blanks, zeros or what a server added after the end are no damage. What neither reader can read is
a `ConversionError` that says what is wrong with the file, not with the readers.
"""

import contextlib
import mmap
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gitkb.convert.draft import Draft, Parts, one_line
from gitkb.convert.ocr.sight import sight_of
from gitkb.convert.pdf.headings import Entry, headings_of
from gitkb.convert.pdf.layout import Page, look_of
from gitkb.convert.pdf.lines import with_links
from gitkb.convert.pdf.markdown import to_markdown
from gitkb.convert.pdf.page_ranges import Reading, read_pages
from gitkb.convert.pdf.running_heads import without_running_heads
from gitkb.convert.pdf.title_lines import title_lines
from gitkb.convert.tables import escape, paragraph
from gitkb.errors import ConversionError, EmptyDocument
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

if TYPE_CHECKING:
    import pypdfium2
    from pypdf import PdfReader


_TAIL = 4096
_OBJECT = re.compile(rb"\d+\s+\d+\s+obj\b")


def cut_off(file: Path) -> bool:
    """Whether the end of a PDF is missing: no mark of an end, or objects behind the last one."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.rfind(b"%%EOF", max(0, len(data) - _TAIL)) >= 0 or data.rfind(b"startxref", max(0, len(data) - _TAIL)) >= 0:
            return False
        last = data.rfind(b"%%EOF")
        return last < 0 or _OBJECT.search(data, last) is not None


def locked_error() -> ConversionError:
    """The error for a PDF that asks for a password."""
    return ConversionError("the PDF is protected by a password.", "Save it without a password, then add it again.")


def damaged_error(what: str) -> ConversionError:
    """The error for a PDF that neither reader can read."""
    return ConversionError(f"the PDF is damaged: {what}.", "Save it again from the program that made it, or fetch it once more.")


MAX_PAGES = 20_000
MAX_ENTRIES = 20_000
_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(Z|[+-]\d\d)?'?(\d\d)?")


def read(
    file: Path, name: str, settings: ConversionSettings, beat: Callable[[], None] = lambda: None, parts: Parts | None = None
) -> Draft:
    """The draft of a PDF document. `parts`: ranges of its pages may be read elsewhere, or have been."""
    import pypdfium2

    if cut_off(file):
        raise ConversionError("the PDF is cut off: its end is missing.", "Fetch it once more, or save it again.")
    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        return read_with_pypdf(file, name, locked=error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD)
    with contextlib.closing(document):
        check_count(len(document), MAX_PAGES)
        reading = read_pages(document, sight_of(settings, beat), parts, draw=settings.drawn)
        pages = reading.pages
        lost = sum(page.lost for page in pages)
        blank = not document.get_formtype() and not any(page.lines for page in pages) and _is_blank(document)
        if lost * 2 > len(pages) or blank:
            return read_with_pypdf(file, name, lost=lost, count=len(pages))
        draft = _draft(document, reading, name)
        if not document.get_formtype() or (draft.markdown and not _has_widgets(document)):
            return draft
    filled = form_fields(file)
    if not draft.markdown and not filled and not any(page.scan for page in pages):
        raise _empty(len(pages), is_form=filled is not None)
    return replace(draft, markdown="\n\n".join(filter(None, (draft.markdown, filled))))


def check_count(count: int, most: int) -> None:
    """Raises `ConversionError` for more pages than can be read in reasonable time; none are left out silently."""
    if count > most:
        raise ConversionError(
            f"the PDF has {count:,} pages, or says so; at most {most:,} are read.", "Split it, then add its parts."
        )


def _is_blank(document: "pypdfium2.PdfDocument") -> bool:
    """Whether the first pages have nothing on them at all, not even a scan's picture."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    for index in range(min(len(document), 20)):
        with contextlib.suppress(pypdfium2.PdfiumError), contextlib.closing(document[index]) as page:
            if pdfium.FPDFPage_CountObjects(page) > 0:
                return False
    return True


def _draft(document: "pypdfium2.PdfDocument", reading: Reading, name: str) -> Draft:
    pages = list(reading.pages)
    if _is_typed(pages):
        pages = [replace(page, lines=tuple(replace(line, mono=False) for line in page.lines)) for page in pages]
    look = look_of(pages)
    trimmed = without_running_heads(pages, look)
    pages = trimmed if any(page.lines for page in trimmed) else pages
    title = title_lines(pages, look, name)
    headings = headings_of(pages, _outline(document), look, title)
    info = {key: str(value) for key, value in document.get_metadata_dict(skip_empty=True).items()}
    titles = [TitleCandidate("metadata", info.get("Title", ""))]
    if title is not None:
        titles.append(TitleCandidate("largest", title.text, f"largest text of page {pages[title.page].number}"))
    return Draft(
        markdown=with_links(to_markdown(pages, headings, look, title.text if title else ""), reading.targets)
        if any(page.lines for page in pages) or reading.drawn
        else "",
        titles=tuple(titles),
        pages=len(pages),
        pictures=(*reading.pictures, *reading.drawn),
        ocr=reading.engine,
        seen=reading.seen,
        authors=authors_of(info.get("Author", "")),
        dates=dates_of(info),
        description=info.get("Subject", "") if len(info.get("Subject", "")) > 25 else "",
    )


def _is_typed(pages: list[Page]) -> bool:
    """Whether a document is set in one font of even widths, as typescripts and the text of scans are: then it marks no code."""
    typed = sum(len(line.text) for page in pages for line in page.lines if line.mono)
    return typed > 0.7 * sum(len(line.text) for page in pages for line in page.lines)


def _has_widgets(document: "pypdfium2.PdfDocument") -> bool:
    """Whether one of the first pages shows a field of a form; many programs write a form without any."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    for index in range(min(len(document), 50)):
        with contextlib.suppress(pypdfium2.PdfiumError), contextlib.closing(document[index]) as page:
            for number in range(min(pdfium.FPDFPage_GetAnnotCount(page), 200)):
                annotation = pdfium.FPDFPage_GetAnnot(page, number)
                subtype = pdfium.FPDFAnnot_GetSubtype(annotation)
                pdfium.FPDFPage_CloseAnnot(annotation)
                if subtype == pdfium.FPDF_ANNOT_WIDGET:
                    return True
    return False


def _outline(document: "pypdfium2.PdfDocument") -> list[Entry]:
    import logging

    logging.getLogger("pypdfium2").setLevel(logging.CRITICAL)
    entries: list[Entry] = []
    for bookmark in document.get_toc(max_depth=6):
        target = bookmark.get_dest()
        page = target.get_index() if target else None
        title = bookmark.get_title().strip()
        if page is not None and page >= 0 and title:
            entries.append(Entry(bookmark.level, title, page))
        if len(entries) >= MAX_ENTRIES:
            break
    return entries


def authors_of(text: str) -> tuple[str, ...]:
    """The names in an author field; a program's or a file's left-over is none."""
    names = re.split(r"\s*(?:;|\band\b|&|\|)\s*|,\s+(?=[A-Z][\w.'-]*\s)", text)
    return tuple(name.strip(" ,") for name in names[:50] if len(name.strip(" ,")) > 2 and "@" not in name and not name.isdigit())


def dates_of(info: dict[str, str]) -> dict[str, str]:
    """The dates of a PDF's information as ISO 8601."""
    found = {}
    for key, name in (("CreationDate", "created"), ("ModDate", "modified")):
        match = _DATE.match(info.get(key, ""))
        if match and "1900" < match[1] < "2200":
            year, month, day, hour, minute, second, zone, zone_minutes = match.groups()
            date = "-".join(part for part in (year, month, day if month else None) if part)
            if day and hour and minute:
                offset = "" if not zone else "Z" if zone == "Z" else f"{zone}:{zone_minutes or '00'}"
                date += f"T{hour}:{minute}:{second or '00'}{offset}"
            found[name] = date
    return found


def plain_pages(texts: list[str]) -> str:
    """Markdown of pages of which only the text is known."""
    parts = []
    for number, text in enumerate(texts, 1):
        parts.append(f'<a name="page-{number}"></a>')
        for block in re.split(r"\n\s*\n", text):
            if block.strip():
                parts.append(paragraph(re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", block)))
    return "\n\n".join(parts)


MAX_FALLBACK_PAGES = 2_000
_FAULTS = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OSError,
    ArithmeticError,
    NotImplementedError,
    AssertionError,
    ImportError,
    RuntimeError,
)
"""What pypdf raises on damaged files besides its own errors, or if a library is missing."""


def read_with_pypdf(file: Path, name: str, *, locked: bool = False, lost: int = 0, count: int = 0) -> Draft:
    """The draft of a PDF document. `locked`: pypdfium2 asked for a password. `lost`: how many of `count` pages it could not
    read."""
    import logging

    from pypdf import PdfReader
    from pypdf.errors import DependencyError, DeprecationError, PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise locked_error()
        check_count(len(reader.pages), MAX_FALLBACK_PAGES)
        texts = [page.extract_text() for page in reader.pages]
        fields = _fields(reader)
        info = {key.lstrip("/"): str(value) for key, value in (reader.metadata or {}).items()}
    except (PyPdfError, DependencyError, DeprecationError, *_FAULTS) as error:
        raise (locked_error() if locked else damaged_error(_what(lost, count))) from error
    if not texts:
        raise ConversionError("the PDF has no pages.", "Save it again from the program that made it.")
    filled = sum(bool(text.strip()) for text in texts)
    if lost and filled <= count - lost:
        raise damaged_error(_what(lost, count))
    if not filled and not fields:
        raise _empty(len(texts), is_form=fields is not None)
    return Draft(
        markdown="\n\n".join(filter(None, (plain_pages(texts), fields))),
        titles=(TitleCandidate("metadata", info.get("Title", "")),),
        pages=len(texts),
        authors=authors_of(info.get("Author", "")),
        dates=dates_of(info),
    )


def _empty(pages: int, is_form: bool) -> EmptyDocument:
    """The error for a PDF that is whole and has no text."""
    what = "it is a form whose fields are empty" if is_form else "its pages are empty" if pages > 1 else "its page is empty"
    return EmptyDocument(f"no text in the document: {what}.", "Add it again when it has content.")


MAX_FIELDS = 1_000


def form_fields(file: Path) -> str | None:
    """What is filled into the form of a PDF, as a list of Markdown; None where there is no field, or the form cannot be read."""
    import logging

    from pypdf import PdfReader
    from pypdf.errors import DependencyError, DeprecationError, PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    with contextlib.suppress(PyPdfError, DependencyError, DeprecationError, *_FAULTS):
        return _fields(PdfReader(file))
    return None


def _fields(reader: "PdfReader") -> str | None:
    if "/AcroForm" not in (reader.trailer.get("/Root") or {}) or not reader.get_fields():
        return None
    found: dict[str, str] = {}
    for name, field in list((reader.get_fields() or {}).items())[:MAX_FIELDS]:
        value = field.get("/V")
        label = one_line(str(field.get("/TU") or name.rpartition(".")[2]))
        shown = one_line(str(value)) if isinstance(value, str) else ""
        if label and shown and shown != "/Off" and field.get("/FT") != "/Sig":
            found[label] = {"/Yes": "yes", "/On": "yes"}.get(shown, shown.removeprefix("/"))
    return "\n".join(f"- {escape(label)}: {escape(shown)}" for label, shown in found.items())


def _what(lost: int, count: int) -> str:
    return f"{lost:,} of its {count:,} pages cannot be read" if lost else "its structure cannot be read"
