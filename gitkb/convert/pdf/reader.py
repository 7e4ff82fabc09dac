"""PDF documents to Markdown: pypdfium2 reads the text, its place and the outline; pypdf reads what pypdfium2 refuses.

Invariant: a file is only called cut off where what stands at its end cannot be the end of a PDF; what follows the end (blanks,
zeros, what a server added) is no damage.

Invariant: each page's text follows a line `<a name="page-N"></a>`, N counted from 1; a page that cannot be read says so, and a
file whose end is missing is refused. Nothing in a document is run: form code, attachments and links to other files are not even
looked at.

Invariant: what it returns has the same page anchors as the first reader's; what it cannot read either is a `ConversionError` that
says what is wrong with the file, not with the readers.
"""

import contextlib
import io
import mmap
import re
from pathlib import Path
from typing import TYPE_CHECKING

from gitkb.convert.draft import Draft
from gitkb.convert.pdf.headings import Entry, headings_of, title_lines
from gitkb.convert.pdf.layout import Page, look_of, without_running_heads
from gitkb.convert.pdf.markdown import to_markdown
from gitkb.convert.pictures import Gallery
from gitkb.convert.tables import paragraph
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

if TYPE_CHECKING:
    import pypdfium2


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


def refused(what: str) -> ConversionError:
    """The error for a PDF that no reader opens."""
    return ConversionError(f"the PDF is damaged: {what}.", "Save it again from the program that made it, or fetch it once more.")


MAX_PAGES = 20_000
MAX_ENTRIES = 20_000
MAX_PICTURE_PAGES = 400
_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(Z|[+-]\d\d)?'?(\d\d)?")


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a PDF document."""
    import pypdfium2

    if cut_off(file):
        raise ConversionError("the PDF is cut off: its end is missing.", "Fetch it once more, or save it again.")
    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        return read_second(file, name, locked=error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD)
    with contextlib.closing(document):
        check_count(len(document), MAX_PAGES)
        gallery = Gallery()
        pages = [_page(document, index, gallery) for index in range(len(document))]
        lost = sum(page.lost for page in pages)
        if lost * 2 > len(pages) or (not any(page.lines for page in pages) and _is_blank(document)):
            return read_second(file, name, lost=lost, count=len(pages))
        return _draft(document, name, pages, gallery)


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


def _draft(document: "pypdfium2.PdfDocument", name: str, pages: list[Page], gallery: Gallery) -> Draft:
    look = look_of(pages)
    trimmed = without_running_heads(pages, look)
    pages = trimmed if any(page.lines for page in trimmed) else pages
    headings = headings_of(pages, _outline(document), look)
    info = {key: str(value) for key, value in document.get_metadata_dict(skip_empty=True).items()}
    titles = [TitleCandidate("metadata", info.get("Title", ""))]
    if place := title_lines(pages, look):
        page, line, lines = place
        text = " ".join(x.text for x in pages[page].lines[line : line + lines])
        titles.append(TitleCandidate("largest", text, f"largest text of page {page + 1}"))
    return Draft(
        markdown=to_markdown(pages, headings, look) if any(page.lines for page in pages) else "",
        titles=tuple(titles),
        pages=len(pages),
        pictures=gallery.pictures,
        authors=authors_of(info.get("Author", "")),
        dates=dates_of(info),
        description=info.get("Subject", "") if len(info.get("Subject", "")) > 25 else "",
    )


def _page(document: "pypdfium2.PdfDocument", index: int, gallery: Gallery) -> Page:
    import pypdfium2

    from gitkb.convert.pdf.lines import lines_of

    try:
        page = document[index]
        with contextlib.closing(page):
            text = page.get_textpage()
            with contextlib.closing(text):
                lines = tuple(lines_of(text))
            pictures = _pictures(page, gallery) if index < MAX_PICTURE_PAGES and lines else ()
            return Page(index + 1, page.get_height(), lines, pictures)
    except pypdfium2.PdfiumError:
        return Page(index + 1, 0.0, (), lost=True)  # one damaged page does not spoil the others


def _pictures(page: "pypdfium2.PdfPage", gallery: Gallery) -> tuple[tuple[float, str], ...]:
    """The raster pictures of a page that are large enough to mean something, and not the page itself."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    found: list[tuple[float, str]] = []
    width, height = page.get_size()
    for picture in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        try:
            left, bottom, right, top = picture.get_bounds()
            columns, rows = picture.get_px_size()
        except pypdfium2.PdfiumError:
            continue
        large = (right - left) * (top - bottom) > 0.85 * width * height
        if large or min(right - left, top - bottom) < 30 or min(columns, rows) < 48 or columns * rows > 12_000_000:
            continue
        if kept := _picture(picture, gallery):
            found.append((top, kept))
        if len(found) >= 20:
            break
    return tuple(found)


def _picture(picture: "pypdfium2.PdfImage", gallery: Gallery) -> str:
    import pypdfium2

    try:
        filters = picture.get_filters()
        if filters == ["DCTDecode"]:
            return gallery.add(bytes(picture.get_data(decode_simple=False)))
        image = picture.get_bitmap(render=False).to_pil()
        out = io.BytesIO()
        image.convert("RGB" if image.mode not in ("L", "1") else "L").save(out, "PNG")
        return gallery.add(out.getvalue())
    except (pypdfium2.PdfiumError, OSError, ValueError, RuntimeError, NotImplementedError, KeyError):
        return ""


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


def read_second(file: Path, name: str, *, locked: bool = False, lost: int = 0, count: int = 0) -> Draft:
    """The draft of a PDF document. `locked`: the first reader asked for a password; `lost` of `count` pages it could not read."""
    import logging

    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise locked_error()
        check_count(len(reader.pages), MAX_FALLBACK_PAGES)
        texts = [page.extract_text() for page in reader.pages]
        info = {key.lstrip("/"): str(value) for key, value in (reader.metadata or {}).items()}
    except (
        PyPdfError,
        DependencyError,
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
    ) as error:
        raise (locked_error() if locked else refused(_what(lost, count))) from error
    if not texts:
        raise ConversionError("the PDF has no pages.", "Save it again from the program that made it.")
    filled = sum(bool(text.strip()) for text in texts)
    if not filled or (lost and filled <= count - lost):
        raise refused(_what(lost, count) if lost else "its pages are empty")
    return Draft(
        markdown=plain_pages(texts),
        titles=(TitleCandidate("metadata", info.get("Title", "")),),
        pages=len(texts),
        authors=authors_of(info.get("Author", "")),
        dates=dates_of(info),
    )


def _what(lost: int, count: int) -> str:
    return f"{lost:,} of its {count:,} pages cannot be read" if lost else "its structure cannot be read"
