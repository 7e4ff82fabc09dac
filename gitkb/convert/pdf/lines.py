"""The lines of PDF pages with their place, size and kind of font, read through pypdfium2.

Invariant: a page costs a few calls per word, not several per character, as thousands of pages must be read in seconds. Every line
has text without line breaks; a hyphen at a line's end is marked, not yet undone.
"""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2.raw as pdfium
from pypdfium2 import PdfTextPage

_BOLD = re.compile(r"bold|black|heavy|cmbx|cmssbx|sfbx|-b\b|bx\d|demi", re.IGNORECASE)
_MONO = re.compile(
    r"mono|courier|typewriter|consol|cmtt|cmsltt|cmcsc?tt|sftt|lmtt|lmmono|inconsolata|menlo|txtt|ectt|code", re.IGNORECASE
)
_LIGATURES = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st"}
)
_RECT = pdfium.FS_RECTF()
_WORD = re.compile(r"[^\s]+")
HYPHEN = "\ufffe"
Word = tuple[int, int, str]
"""The indices of a word's first and last character on its page, and the word."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Words of a line that stand together, and where (points from the left)."""

    x0: float
    x1: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page: `y` is its baseline (points from the bottom), `size` its font's; `hyphen`: its last word goes on."""

    cells: tuple[Cell, ...]
    y: float
    size: float
    bold: bool = False
    mono: bool = False
    hyphen: bool = False

    @property
    def x0(self) -> float:
        return self.cells[0].x0

    @property
    def x1(self) -> float:
        return self.cells[-1].x1

    @property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells)


def lines_of(page: PdfTextPage) -> list[Line]:
    """The lines of a page in the order of its content; those on one baseline that follow each other are joined."""
    probe = _Probe(page)
    lines: list[Line] = []
    for words in probe.words():
        line = probe.line(words)
        if lines and _goes_on(lines[-1], line):
            last = lines.pop()
            line = Line(
                last.cells + line.cells, last.y, max(last.size, line.size), last.bold, last.mono and line.mono, line.hyphen
            )
        lines.append(line)
    return lines


def _raw_lines(text: str) -> Iterator[list[Word]]:
    start = 0
    for found in re.finditer(r"\r\n|\n|\r|(?<=\ufffe)(?![\r\n])|$", text):
        part = text[start : found.start()]
        yield [(start + word.start(), start + word.end() - 1, word[0]) for word in _WORD.finditer(part)]
        start = found.end()


def _goes_on(last: Line, line: Line) -> bool:
    gap = line.x0 - last.x1
    mark = len(last.text) < 3 and last.size < line.size and last.y > line.y and gap < line.size  # a footnote's raised number
    return abs(last.y - line.y) < (0.6 * line.size if mark else 0.25 * last.size) and gap > -1 and not last.hyphen


class _Probe:
    """Asks pdfium about single characters, with buffers that are made once."""

    def __init__(self, page: PdfTextPage) -> None:
        self._page = page
        self._box = [ctypes.c_double() for _ in range(4)]
        self._flags = ctypes.c_int()
        self._name = ctypes.create_string_buffer(128)

    def text(self) -> str:
        """The page's text with exactly one character for each of pdfium's."""
        count = self._page.count_chars()
        text = self._page.get_text_range() if count > 0 else ""
        if len(text) == count:
            return text
        codes = (pdfium.FPDFText_GetUnicode(self._page, index) for index in range(count))
        return "".join(chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes)

    def words(self) -> Iterator[list[Word]]:
        """The words of each line that has any."""
        return (line for line in _raw_lines(self.text()) if line)

    def line(self, words: list[Word]) -> Line:
        """The line that words make."""
        hyphen = words[-1][2].endswith((HYPHEN, "\u00ad"))
        cells: list[list[tuple[float, float, str]]] = []
        middle = words[len(words) // 2][0]
        size = max(1.0, min(200.0, self._size(middle)))
        for first, last, word in words:
            x0, x1 = self._span(first, last)
            shown = word.translate(_LIGATURES).replace(HYPHEN, "-").replace("\u00ad", "-")
            if cells and x0 - cells[-1][-1][1] < 1.3 * size:
                cells[-1].append((x0, x1, shown))
            else:
                cells.append([(x0, x1, shown)])
        fonts = [self._font(index) for index in {words[0][0], middle, words[-1][0]}]
        return Line(
            cells=tuple(Cell(cell[0][0], cell[-1][1], " ".join(word for _, _, word in cell)) for cell in cells),
            y=self._baseline(words[0][0]),
            size=round(size, 1),
            bold=all(bold for bold, _ in fonts),
            mono=all(mono for _, mono in fonts),
            hyphen=hyphen,
        )

    def _span(self, first: int, last: int) -> tuple[float, float]:
        left, right, bottom, top = self._box
        pdfium.FPDFText_GetCharBox(self._page, first, left, right, bottom, top)
        x0, x1 = left.value, right.value
        if last > first:
            pdfium.FPDFText_GetCharBox(self._page, last, left, right, bottom, top)
            x1 = max(x1, right.value)
        return x0, x1

    def _baseline(self, index: int) -> float:
        x, y = self._box[0], self._box[1]
        pdfium.FPDFText_GetCharOrigin(self._page, index, x, y)
        return y.value

    def _size(self, index: int) -> float:
        size = float(pdfium.FPDFText_GetFontSize(self._page, index))
        if size > 2.5:
            return size
        # A size of 1 is scaled by a matrix: take the glyph's height.
        pdfium.FPDFText_GetLooseCharBox(self._page, index, _RECT)
        return abs(_RECT.top - _RECT.bottom) or 10.0

    def _font(self, index: int) -> tuple[bool, bool]:
        length = pdfium.FPDFText_GetFontInfo(self._page, index, self._name, 128, self._flags)
        name = self._name.raw[: max(0, min(length, 128) - 1)].decode("utf-8", "replace")
        return bool(_BOLD.search(name)), bool(_MONO.search(name)) or bool(self._flags.value & 1)
