"""The pictures among the objects of a page, of which most are letters and lines.

Invariant: no Python object is made for what is no picture; pictures inside of forms are found down to `DEPTH` levels.
"""

import ctypes
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium

from gitkb.convert.pdf.raw.glyphs import declared

if TYPE_CHECKING:
    import pypdfium2

DEPTH = 3
_INT, _ADDRESS = ctypes.c_int, ctypes.c_void_p
_OF_PAGE = (
    declared("FPDFPage_CountObjects", _INT, _ADDRESS),
    declared("FPDFPage_GetObject", _ADDRESS, _ADDRESS, _INT),
)
_OF_FORM = (
    declared("FPDFFormObj_CountObjects", _INT, _ADDRESS),
    declared("FPDFFormObj_GetObject", _ADDRESS, _ADDRESS, ctypes.c_ulong),
)
_kind = declared("FPDFPageObj_GetType", _INT, _ADDRESS)


def pictures_on(page: "pypdfium2.PdfPage") -> "Iterator[pypdfium2.PdfImage]":
    """The pictures of a page, in the order in which they are drawn."""
    import pypdfium2

    address = ctypes.cast(page.raw, _ADDRESS).value
    for picture, form in _below(address, None, 1):
        kept = pypdfium2.PdfObject(_handle(form), page=page) if form else None
        found = pypdfium2.PdfObject(_handle(picture), page=page, container=kept)
        if isinstance(found, pypdfium2.PdfImage):
            yield found


def _handle(address: int) -> object:
    return ctypes.cast(address, pdfium.FPDF_PAGEOBJECT)


def _below(parent: int | None, form: int | None, level: int) -> Iterator[tuple[int, int | None]]:
    """The pictures of a page or a form, each with the form that it stands in."""
    count, at = _OF_FORM if form else _OF_PAGE
    for number in range(count(parent)):
        found = at(parent, number)
        kind = _kind(found) if found else pdfium.FPDF_PAGEOBJ_UNKNOWN
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            yield found, form
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and level < DEPTH:
            yield from _below(found, found, level + 1)
