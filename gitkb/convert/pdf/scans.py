"""Reads the pages of a PDF that are pictures: scans, text that was drawn as curves, a picture of text with a stamp on it.

Invariant: text that a PDF holds is never replaced by what is read of its picture: that only adds what stands elsewhere.
"""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from gitkb.convert.ocr.sight import Sight
from gitkb.convert.pdf.layout import Page
from gitkb.convert.pdf.lines import Line
from gitkb.convert.pdf.seen_lines import lines_on
from gitkb.convert.pictures import jpeg_of
from gitkb.model.documents import Picture

if TYPE_CHECKING:
    import pypdfium2

_FEW = 100
"""Characters: a page with fewer, of which a picture covers the most, may be a scan with a stamp."""
_MOST = 0.6
_LARGEST_SCALE = 8.0
_DRAWN_SIDE = 1_568
"""Pixels: what models that see are given of a page at most; they would scale down a larger one."""
DRAWN = "scan-{}.jpg"
"""The name of the drawing of a page."""
MOST_DRAWN = 100
"""Pages of a document that are drawn."""


class Looked(NamedTuple):
    """The pages of a PDF, the numbers of those on which OCR found text, and who looked, "" where there was nothing to look at."""

    pages: list[Page]
    seen: tuple[int, ...] = ()
    engine: str = ""


def with_scans_read(document: "pypdfium2.PdfDocument", pages: Sequence[Page], sight: Sight) -> Looked:
    """The pages, those that are pictures with the lines that were read."""
    import pypdfium2

    found: list[Page] = []
    seen: list[int] = []
    engine = ""
    for page in pages:
        read = page
        if not page.lost and sum(len(line.text) for line in page.lines) < _FEW:
            with contextlib.suppress(pypdfium2.PdfiumError), contextlib.closing(document[page.number - 1]) as opened:
                if _is_picture(opened, has_text=bool(page.lines or page.turned)):
                    read = _read(opened, page, sight)
                    engine = sight.engine.name
        seen += [page.number] if read is not page else []
        found.append(read)
    return Looked(found, tuple(seen), engine)


def with_scans_drawn(
    document: "pypdfium2.PdfDocument", pages: Sequence[Page], room: int = MOST_DRAWN
) -> tuple[list[Page], tuple[Picture, ...]]:
    """The pages, those that are pictures with the name of one; and the drawings of at most `room` of them."""
    import pypdfium2

    found: list[Page] = []
    drawn: list[Picture] = []
    for page in pages:
        is_scan = False
        if not page.lost and sum(len(line.text) for line in page.lines) < _FEW:
            with contextlib.suppress(pypdfium2.PdfiumError), contextlib.closing(document[page.number - 1]) as opened:
                if is_scan := _is_picture(opened, has_text=bool(page.lines or page.turned)):
                    picture = _drawn(opened) if len(drawn) < room else b""
                    is_scan = picture is not None
                    drawn += [Picture(DRAWN.format(page.number), picture, "image/jpeg")] if picture else []
        shown = ((page.height, DRAWN.format(page.number)),)
        found.append(replace(page, pictures=shown, scan=False) if is_scan else page)
    return found, tuple(drawn)


def _drawn(page: "pypdfium2.PdfPage") -> bytes | None:
    """A page as a JPEG, None for an empty one."""
    scale = min(_LARGEST_SCALE, _DRAWN_SIDE / max(*page.get_size(), 1.0))
    found = jpeg_of(page.render(scale=scale, may_draw_forms=False).to_pil(), _DRAWN_SIDE)
    return found[0] if found else None


def _is_picture(page: "pypdfium2.PdfPage", *, has_text: bool) -> bool:
    """Whether a page with little text shows more than that: a picture over most of it or, where it has no text, anything."""
    import pypdfium2.raw as pdfium

    from gitkb.convert.pdf.raw.page_objects import pictures_on

    if not has_text:
        return bool(pdfium.FPDFPage_CountObjects(page) > 0)
    width, height = page.get_size()
    covered = 0.0
    for number, picture in enumerate(pictures_on(page)):
        left, bottom, right, top = picture.get_bounds()
        covered += max(0.0, min(right, width) - max(left, 0.0)) * max(0.0, min(top, height) - max(bottom, 0.0))
        if number > 200:
            break
    return bool(covered > _MOST * width * height)


def _read(page: "pypdfium2.PdfPage", known: Page, sight: Sight) -> Page:
    """A page with the lines that its picture shows besides; as it was where it shows none."""
    width, height = page.get_size()
    pixels = min(_LARGEST_SCALE, sight.engine.side / max(width, height, 1.0))
    picture = page.render(scale=pixels, may_draw_forms=False).to_pil()
    seen = lines_on(sight.pieces(picture), width, height, 1 / pixels)
    more = [line for line in seen.lines if not any(_overlap(line, other) for other in known.lines)]
    if not more:
        return known
    lines = sorted([*known.lines, *more], key=lambda line: -line.y) if known.lines else more
    return replace(known, lines=tuple(lines), turned=known.turned or seen.turned, scan=False)


def _overlap(line: Line, other: Line) -> bool:
    return abs(line.y - other.y) < 0.7 * max(line.size, other.size) and line.x0 < other.x1 and line.x1 > other.x0
