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

if TYPE_CHECKING:
    import pypdfium2

_FEW = 100
"""Characters: a page with fewer, of which a picture covers the most, may be a scan with a stamp."""
_MOST = 0.6
_LARGEST_SCALE = 8.0


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
    for index, page in enumerate(pages):
        read = page
        if not page.lost and sum(len(line.text) for line in page.lines) < _FEW:
            with contextlib.suppress(pypdfium2.PdfiumError), contextlib.closing(document[index]) as opened:
                if _is_picture(opened, has_text=bool(page.lines or page.turned)):
                    read = _read(opened, page, sight)
                    engine = sight.engine.name
        seen += [page.number] if read is not page else []
        found.append(read)
    return Looked(found, tuple(seen), engine)


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
