"""Reads the pages of a PDF range by range, and joins what was read: several processes may read those of a long document.

Invariant: a range is a function of the document, its number and the settings alone, and what is joined is the same wherever and
in whatever order ranges were read, as a document has the same ranges everywhere. Nothing of a range knows of another: numbers of
links and pictures are given anew when they are joined. A range is kept as data, of which every value is checked when it is taken
back.
"""

import contextlib
import ctypes
import io
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gitkb.convert.draft import NeedsParts, Parts
from gitkb.convert.ocr.sight import Sight
from gitkb.convert.pdf.columns import in_columns
from gitkb.convert.pdf.layout import Page
from gitkb.convert.pdf.lines import Cell, Line, Word, renumbered
from gitkb.convert.pdf.scans import MOST_DRAWN, Looked, with_scans_drawn, with_scans_read
from gitkb.convert.pdf.seen_lines import with_measured_sizes_evened
from gitkb.convert.pictures import Gallery
from gitkb.model.documents import Picture

if TYPE_CHECKING:
    import pypdfium2

    from gitkb.convert.pdf.lines import Box

RANGE = 100
"""Pages of a range."""
SPREAD_ABOVE = 2 * RANGE
"""Pages: a document that has more is worth being read by several processes."""
MAX_LINKS = 4_000
MAX_PAGE_LINKS = 300
MAX_PICTURE_PAGES = 400
_STAMP = re.compile(r"download(?:ed|\s+date)\b|authorized licensed use", re.IGNORECASE)
_WEB = re.compile(r"(?:https?://|mailto:)[^\s<>()\[\]\"\\^`{|}]+")


class Reading(Struct, frozen=True):
    """What was read of the pages of a document, or of a range of them: links lead to `targets` by their numbers, `pictures` have
    the names that pages use, `seen` are the numbers of the pages that `engine` read by OCR, `drawn` are pages that are
    pictures."""

    pages: tuple[Page, ...]
    targets: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    seen: tuple[int, ...] = ()
    engine: str = ""
    drawn: tuple[Picture, ...] = ()


def read_pages(
    document: "pypdfium2.PdfDocument", sight: Sight | None, parts: Parts | None, size: int = RANGE, *, draw: bool = False
) -> Reading:
    """All pages of a document, `size` in a range; with `draw` those that are pictures are drawn. Raises `NeedsParts` where that
    is worth it and `parts` allows it."""
    count = math.ceil(len(document) / size)
    if parts and parts.folder is None and len(document) > SPREAD_ABOVE:
        raise NeedsParts(count)
    folder = parts.folder if parts else None
    read = (_kept(folder, number) or _range(document, number, sight, size, draw=draw) for number in range(count))
    return _joined(read) if count > 1 else next(read, Reading(()))


def keep_range(file: Path, number: int, sight: Sight | None, folder: Path, *, draw: bool = False) -> None:
    """Reads one range of a document for somebody who joins it with the others."""
    import pypdfium2

    with contextlib.closing(pypdfium2.PdfDocument(file)) as document:
        read = _range(document, number, sight, RANGE, draw=draw)
    with contextlib.suppress(UnicodeEncodeError):  # halves of characters cannot be kept: who joins the ranges reads this one anew
        (folder / str(number)).write_bytes(msgspec.msgpack.encode(read))


def _kept(folder: Path | None, number: int) -> Reading | None:
    """A range that was read elsewhere; None where there is none that can be used."""
    if folder is None:
        return None
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.msgpack.decode((folder / str(number)).read_bytes(), type=Reading)
    return None


def _range(document: "pypdfium2.PdfDocument", number: int, sight: Sight | None, size: int, *, draw: bool) -> Reading:
    gallery, links = Gallery(), Links()
    known: set[str] = set()
    first = number * size
    pages = [_page(document, index, gallery, links, known) for index in range(first, min(first + size, len(document)))]
    looked = with_scans_read(document, pages, sight) if sight else Looked(pages)
    shown, drawn = with_scans_drawn(document, looked.pages) if draw else (looked.pages, ())
    return Reading(tuple(shown), tuple(links.targets), gallery.pictures, looked.seen, looked.engine, drawn)


def _joined(ranges: Iterable[Reading]) -> Reading:
    """Ranges as one: links and pictures are numbered as if they had been met one after the other."""
    gallery, links = Gallery(), Links()
    pages: list[Page] = []
    seen: list[int] = []
    drawn: list[Picture] = []
    engine = ""
    for part in ranges:
        numbers = [links.number(target) for target in part.targets]
        names = {picture.name: gallery.add(picture.data) for picture in part.pictures}
        names.update({picture: picture for page in part.pages for _, picture in page.pictures if picture not in names})
        drawn += part.drawn
        pages += _renamed(part.pages, numbers, names)
        seen += part.seen
        engine = engine or part.engine
    return Reading(tuple(pages), tuple(links.targets), gallery.pictures, tuple(seen), engine, tuple(drawn[:MOST_DRAWN]))


def _renamed(pages: Iterable[Page], numbers: list[int | None], names: dict[str, str]) -> Iterator[Page]:
    same = numbers == list(range(len(numbers))) and all(name == kept for name, kept in names.items())
    for page in pages:
        if same:
            yield page
            continue
        pictures = tuple((top, names[name]) for top, name in page.pictures if names.get(name))
        yield replace(page, lines=tuple(_relinked(line, numbers) for line in page.lines), pictures=pictures)


def _relinked(line: Line, numbers: list[int | None]) -> Line:
    text = renumbered(line.text, numbers)
    if text == line.text:
        return line
    words = tuple(Word(word.x0, word.x1, renumbered(word.text, numbers)) for word in line.words)
    cells = tuple(Cell(cell.x0, cell.x1, renumbered(cell.text, numbers)) for cell in line.cells)
    return replace(line, cells=cells, words=words, text=text)


def _page(document: "pypdfium2.PdfDocument", index: int, gallery: Gallery, links: "Links", known: set[str]) -> Page:
    import pypdfium2

    from gitkb.convert.pdf.lines import Box, lines_of

    try:
        page = document[index]
        with contextlib.closing(page):
            box = Box(*page.get_bbox())
            text = _upright(page)
            with contextlib.closing(text):
                every = lines_of(text, box, links.on(document, page), known)
            lines = tuple(in_columns(with_measured_sizes_evened([line for line in every if not line.turned])))
            turned = tuple(line.text for line in every if line.turned and not _STAMP.match(line.text))
            pictures = _pictures(page, gallery) if index < MAX_PICTURE_PAGES and lines else ()
            scan = not every and _has_picture(page)
            return Page(index + 1, page.get_height(), lines, pictures, scan=scan, turned=turned)
    except pypdfium2.PdfiumError:
        return Page(index + 1, 0.0, (), lost=True)  # one damaged page is no reason to refuse the others


def _upright(page: "pypdfium2.PdfPage") -> "pypdfium2.PdfTextPage":
    """The text of a page, read as somebody would who turns the page until its text stands upright."""
    from gitkb.convert.pdf.lines import direction_of

    text = page.get_textpage()
    wanted = -direction_of(text) % 360
    if wanted == page.get_rotation():
        return text
    text.close()
    page.set_rotation(wanted)
    return page.get_textpage()


class Links:
    """The addresses on the web to which links of a document lead, numbered as they are met."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, address: str) -> int | None:
        """The number of an address, None for one too many."""
        number = self._numbers.get(address)
        if number is None and len(self.targets) < MAX_LINKS:
            number = self._numbers[address] = len(self.targets)
            self.targets.append(address)
        return number

    def on(self, document: "pypdfium2.PdfDocument", page: "pypdfium2.PdfPage") -> "list[tuple[Box, str]]":
        """The places of a page's links, and the mark of where each leads. Links to files or within the document are skipped."""
        import pypdfium2.raw as pdfium

        from gitkb.convert.pdf.lines import Box, link_mark

        position, link = ctypes.c_int(0), pdfium.FPDF_LINK()
        rectangle, target = pdfium.FS_RECTF(), ctypes.create_string_buffer(2048)
        found: list[tuple[Box, str]] = []
        while len(found) < MAX_PAGE_LINKS and pdfium.FPDFLink_Enumerate(page, position, link):
            action = pdfium.FPDFLink_GetAction(link)
            length = pdfium.FPDFAction_GetURIPath(document, action, target, len(target)) if action else 0
            address = target.raw[: max(0, length - 1)].decode("utf-8", "replace") if 0 < length <= len(target) else ""
            if _WEB.fullmatch(address) and pdfium.FPDFLink_GetAnnotRect(link, rectangle):
                number = self.number(address)
                if number is not None:
                    box = Box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
                    found.append((box, link_mark(number)))
        return found


def _pictures(page: "pypdfium2.PdfPage", gallery: Gallery) -> tuple[tuple[float, str], ...]:
    """The raster pictures of a page that are large enough to mean something, and not the page itself."""
    import pypdfium2

    from gitkb.convert.pdf.raw.page_objects import pictures_on

    found: list[tuple[float, str]] = []
    width, height = page.get_size()
    for picture in pictures_on(page):
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


def _has_picture(page: "pypdfium2.PdfPage") -> bool:
    from gitkb.convert.pdf.raw.page_objects import pictures_on

    return next(pictures_on(page), None) is not None


def _picture(picture: "pypdfium2.PdfImage", gallery: Gallery) -> str:
    import pypdfium2

    try:
        filters = picture.get_filters()
        if filters == ["DCTDecode"]:
            return gallery.add(bytes(picture.get_data(decode_simple=False)))
        image = picture.get_bitmap(render=False).to_pil()
        out = io.BytesIO()
        image.convert("RGB" if image.mode not in ("L", "1") else "L").save(out, "PNG", compress_level=1)
        return gallery.add(out.getvalue())
    except (pypdfium2.PdfiumError, OSError, ValueError, RuntimeError, NotImplementedError, KeyError):
        return ""
