"""Places, sizes and fonts of the characters of a page, asked of pdfium as cheaply as Python can.

Invariant: functions are declared with plain addresses, so that a call makes no object for an argument; what all characters of one
text object share is asked once. Answers are those of pypdfium2's functions of the same names.
"""

import ctypes
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium
from pypdfium2 import PdfTextPage

_BOLD = re.compile(r"bold|black|heavy|cmbx|cmssbx|sfbx|-b\b|bx\d|demi|\.b$|medi(?=$|-)", re.IGNORECASE)
_MONO = re.compile(
    r"mono|courier|typewriter|consol|cmtt|cmsltt|cmcsc?tt|sftt|lmtt|lmmono|inconsolata|menlo|txtt|ectt|code", re.IGNORECASE
)
_ITALIC = re.compile(
    r"ital|obliq|slant|cmti|cmsl(?!tt)|cmmib|sfti|sfsl|lmroman\w*-(?:italic|slant)|(?<=[-,])(?:it|i)$|\.i$", re.IGNORECASE
)
_DOUBLE = 8
_LONGEST_NAME = 128


def declared(name: str, result: Any, *arguments: Any) -> Any:
    """A function of pdfium that takes addresses and numbers. It keeps Python's lock, as such a call is over at once."""
    address = ctypes.cast(getattr(pdfium, name), ctypes.c_void_p).value
    return ctypes.PYFUNCTYPE(result, *arguments)(address or 0)


_INT, _ADDRESS = ctypes.c_int, ctypes.c_void_p
_char_box = declared("FPDFText_GetCharBox", _INT, _ADDRESS, _INT, _ADDRESS, _ADDRESS, _ADDRESS, _ADDRESS)
_loose_box = declared("FPDFText_GetLooseCharBox", _INT, _ADDRESS, _INT, _ADDRESS)
_origin = declared("FPDFText_GetCharOrigin", _INT, _ADDRESS, _INT, _ADDRESS, _ADDRESS)
_unicode = declared("FPDFText_GetUnicode", ctypes.c_uint, _ADDRESS, _INT)
_angle = declared("FPDFText_GetCharAngle", ctypes.c_float, _ADDRESS, _INT)
_font_size = declared("FPDFText_GetFontSize", ctypes.c_double, _ADDRESS, _INT)
_font_info = declared("FPDFText_GetFontInfo", ctypes.c_ulong, _ADDRESS, _INT, _ADDRESS, ctypes.c_ulong, _ADDRESS)
_matrix = declared("FPDFText_GetMatrix", _INT, _ADDRESS, _INT, _ADDRESS)
_text_object = declared("FPDFText_GetTextObject", _ADDRESS, _ADDRESS, _INT)


class Style(NamedTuple):
    """Whether a font is bold, of even widths, italic."""

    bold: bool
    mono: bool
    italic: bool


@lru_cache(maxsize=2_000)
def _style_of(font: str, flags: int) -> Style:
    """What a font's name and the flags of its description say."""
    mono, italic = bool(_MONO.search(font)) or bool(flags & 1), bool(_ITALIC.search(font)) or bool(flags & 64)
    return Style(bool(_BOLD.search(font)), mono, italic)


class Glyphs:
    """The characters of a page by their index; the page must stay open."""

    def __init__(self, page: PdfTextPage) -> None:
        self._page = ctypes.cast(page.raw, _ADDRESS).value
        self._room = (ctypes.c_double * 4)()
        self._at = ctypes.addressof(self._room)
        self._rectangle = pdfium.FS_RECTF()
        self._rectangle_at = ctypes.addressof(self._rectangle)
        self._turn = (ctypes.c_float * 6)()
        self._turn_at = ctypes.addressof(self._turn)
        self._flags = ctypes.c_int()
        self._name = ctypes.create_string_buffer(_LONGEST_NAME)
        self._info_at = ctypes.addressof(self._name), ctypes.addressof(self._flags)
        self._styles: dict[int, Style] = {}
        self._sizes: dict[int, float] = {}

    def code(self, index: int) -> int:
        """The number of a character, 0 for none."""
        code: int = _unicode(self._page, index)
        return code

    def angle(self, index: int) -> float:
        """How far a character is turned, in radians; below 0 where that is not known."""
        angle: float = _angle(self._page, index)
        return angle

    def spans(self, firsts: Sequence[int], lasts: Sequence[int]) -> tuple[list[float], list[float]]:
        """Where words begin and end from the left, by the indices of their first and last characters."""
        count, page, low, high = len(firsts), self._page, self._at, self._at + _DOUBLE
        room = (ctypes.c_double * (3 * count + 1))()
        place = ctypes.addressof(room)
        for first, last in zip(firsts, lasts, strict=True):
            _char_box(page, first, place, place + _DOUBLE, low, high)
            if last > first:
                _char_box(page, last, low, place + 2 * _DOUBLE, low, high)
            place += 3 * _DOUBLE
        found: list[float] = room[:]
        rights, ends = found[1 : 3 * count : 3], found[2 : 3 * count : 3]
        return found[0 : 3 * count : 3], [
            max(right, end) if last > first else right
            for right, end, first, last in zip(rights, ends, firsts, lasts, strict=True)
        ]

    def box(self, index: int) -> tuple[float, float, float, float]:
        """The left, right, lower and upper edge of what a character draws."""
        _char_box(self._page, index, self._at, self._at + _DOUBLE, self._at + 2 * _DOUBLE, self._at + 3 * _DOUBLE)
        left, right, bottom, top = self._room
        return left, right, bottom, top

    def loose_span(self, index: int) -> tuple[float, float]:
        """Where the room that a character takes on its line begins and ends."""
        _loose_box(self._page, index, self._rectangle_at)
        return self._rectangle.left, self._rectangle.right

    def origin(self, index: int) -> tuple[float, float]:
        """Where a character stands on its line, from the left and from the bottom."""
        _origin(self._page, index, self._at, self._at + _DOUBLE)
        return self._room[0], self._room[1]

    def size(self, index: int) -> float:
        """How large a character's font is shown, in points: programs scale it, from 1 as well as from 24."""
        text: int | None = _text_object(self._page, index)
        size = self._sizes.get(text, 0.0) if text else 0.0
        if size:
            return size
        size = float(_font_size(self._page, index))
        if _matrix(self._page, index, self._turn_at):
            size *= math.hypot(self._turn[2], self._turn[3])
        if size > 2.5:
            if text:
                self._sizes[text] = size
            return size
        # A size of 1 is scaled by a matrix: take the glyph's height.
        _loose_box(self._page, index, self._rectangle_at)
        return abs(self._rectangle.top - self._rectangle.bottom) or 10.0

    def style(self, index: int) -> Style:
        """The kind of a character's font."""
        text: int | None = _text_object(self._page, index)
        style = self._styles.get(text) if text else None
        if style is None:
            style = _style_of(self.font(index), self._flags.value)
            if text:
                self._styles[text] = style
        return style

    def font(self, index: int) -> str:
        """The name of a character's font."""
        name, flags = self._info_at
        length = _font_info(self._page, index, name, _LONGEST_NAME, flags)
        return self._name.raw[: max(0, min(length, _LONGEST_NAME) - 1)].decode("utf-8", "replace")
