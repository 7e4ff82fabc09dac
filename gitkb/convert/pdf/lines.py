"""The lines of PDF pages with their place, size and kind of font, read through pypdfium2.

Invariant: a page costs a few calls per word, not several per character, as thousands of pages must be read in seconds. Every line
has text without line breaks; a hyphen at a line's end is marked, not yet undone. What stands outside of the page is left out; what
is turned against the rest of its page is marked as such.
"""

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import pypdfium2.raw as pdfium
from pypdfium2 import PdfTextPage

_BOLD = re.compile(r"bold|black|heavy|cmbx|cmssbx|sfbx|-b\b|bx\d|demi|\.b$|medi(?=$|-)", re.IGNORECASE)
_MONO = re.compile(
    r"mono|courier|typewriter|consol|cmtt|cmsltt|cmcsc?tt|sftt|lmtt|lmmono|inconsolata|menlo|txtt|ectt|code", re.IGNORECASE
)
_LIGATURES = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st"}
    | {"\ufffe": "-", "\u00ad": "-", "\ufdd0": None}
)
_FILLER = "\ufdd0"
"""Stands behind a letter above U+FFFF, which pdfium counts as two."""
_RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_LOWERED = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")
_SHIFT = 29
"""How far the numbers of a font's glyphs lie from ASCII where a program wrote them instead of characters: 3 is a blank."""
_RECT = pdfium.FS_RECTF()
_WORD = re.compile(r"[^\s]+")
_GLUED = re.compile(r"[^\W\d_]{6,}")
HYPHEN = "\ufffe"
CELL_GAP = 1.3
"""Blanks of so many times the size of the font part cells."""
RawWord = tuple[int, int, str]
"""The indices of a word's first and last character on its page, and the word."""


class Word(NamedTuple):
    """A word, and where it stands (points from the left)."""

    x0: float
    x1: float
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Words of a line that stand together, and where (points from the left)."""

    x0: float
    x1: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page: `y` is its baseline (points from the bottom), `size` its font's; `hyphen`: its last word goes on;
    `turned`: it runs in another direction than its page's other lines."""

    cells: tuple[Cell, ...]
    y: float
    size: float
    bold: bool = False
    mono: bool = False
    hyphen: bool = False
    words: tuple[Word, ...] = ()
    turned: bool = False
    text: str = ""

    def __post_init__(self) -> None:
        if not self.text:
            object.__setattr__(self, "text", " ".join([cell.text for cell in self.cells]))

    @property
    def x0(self) -> float:
        return self.cells[0].x0

    @property
    def x1(self) -> float:
        return self.cells[-1].x1


class Box(NamedTuple):
    """The visible part of a page, in points."""

    left: float
    bottom: float
    right: float
    top: float


def lines_of(page: PdfTextPage, box: Box, links: Sequence[tuple[Box, str]] = (), known: set[str] | None = None) -> list[Line]:
    """The lines of a page in the order of its content; those on one baseline that follow each other are joined.

    `links` are places on the page and what stands before and behind a word in them; `known` collects the words that were found to
    have no blank inside, so that each is looked at once.
    """
    probe = _Probe(page, set() if known is None else known)
    raw = [(probe.angle(words), words) for words in probe.words()]
    usual = Counter[int]()
    for angle, words in raw:
        usual[angle] += sum(len(word) for _, _, word in words)
    upright = usual.most_common(1)[0][0] if usual else 0
    lines: list[Line] = []
    for angle, words in raw:
        line = probe.line(words, angle, box, links)
        if line is None:
            continue
        if angle != upright:
            lines.append(replace(line, turned=True))
        elif lines and not lines[-1].turned and _goes_on(lines[-1], line):
            lines.append(_united(lines.pop(), line))
        else:
            lines.append(line)
    return lines


def cells_of(words: Sequence[Word], gap: float) -> tuple[Cell, ...]:
    """Words as cells, parted where the blank between two is at least so wide (points)."""
    cells: list[list[Word]] = []
    for word in words:
        if cells and word.x0 - cells[-1][-1].x1 < gap:
            cells[-1].append(word)
        else:
            cells.append([word])
    return tuple(Cell(cell[0].x0, cell[-1].x1, " ".join([word.text for word in cell])) for cell in cells)


def _united(last: Line, line: Line) -> Line:
    size = max(last.size, line.size)
    mono = last.mono and line.mono
    words = last.words + line.words
    return Line(cells_of(words, CELL_GAP * size), last.y, size, last.bold, mono, line.hyphen, words)


def _raw_lines(text: str) -> Iterator[list[RawWord]]:
    start = 0
    for found in re.finditer(r"\r\n|\n|\r|(?<=\ufffe)(?![\r\n])|$", text):
        part = text[start : found.start()]
        yield [(start + word.start(), start + word.end() - 1, word[0]) for word in _WORD.finditer(part)]
        start = found.end()


def _goes_on(last: Line, line: Line) -> bool:
    gap = line.x0 - last.x1
    mark = len(last.text) < 3 and last.size < line.size and last.y > line.y and gap < line.size  # a footnote's raised number
    return abs(last.y - line.y) < (0.6 * line.size if mark else 0.25 * last.size) and gap > -1 and not last.hyphen


def unshifted(text: str) -> str:
    """Text of which the numbers of glyphs were taken for characters ("7KH\x03SDULVK"), as it is meant; other text as it is."""
    if "\x03" not in text:
        return text
    return "".join(chr(ord(c) + _SHIFT) if "\x03" <= c <= "\x61" and c not in "\r\n\t " else c for c in text)


class _Probe:
    """Asks pdfium about single characters, with buffers that are made once."""

    def __init__(self, page: PdfTextPage, known: set[str]) -> None:
        self._page = page
        self._known = known
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
        return _astral("".join(chr(code) if 0 < code < 0x110000 else " " for code in codes))

    def words(self) -> Iterator[list[RawWord]]:
        """The words of each line that has any."""
        return (line for line in _raw_lines(self.text()) if line)

    def angle(self, words: list[RawWord]) -> int:
        """The direction of a line, in degrees counted in steps of 5."""
        turned: float = pdfium.FPDFText_GetCharAngle(self._page, max(words, key=lambda word: word[1] - word[0])[0])
        return round(math.degrees(turned) / 5) * 5 % 360 if turned > 0 else 0

    def line(self, words: list[RawWord], angle: int, box: Box, links: Sequence[tuple[Box, str]]) -> Line | None:
        """The line that words make, None outside of the page. `angle`: how the whole page is turned."""
        hyphen = words[-1][2].endswith((HYPHEN, "\u00ad"))
        longest = max(words, key=lambda word: word[1] - word[0])[0]
        size = max(1.0, min(200.0, self._size(longest)))
        x, y = self._origin(words[0][0])
        if not (box.left - size < x < box.right + size and box.bottom - size < y < box.top + size):
            return None
        found: list[Word] = []
        for first, last, word in words:
            if angle:
                along, along_end, y = self._turned(first, last, angle)
                found.append(Word(along, along_end, word.translate(_LIGATURES)))
                continue
            x0, x1 = self._span(first, last)
            if word.isalpha() and word not in self._known and len(word) > 5 and _GLUED.match(word) and last - first < 200:
                parts = self._parted(first, last, word, size)
            elif len(word) < 16 and (word[-1].isdigit() or word[0].isdigit()) and last > first:
                parts = [Word(x0, x1, self._with_powers(first, last, word, size))]
            else:
                parts = [Word(x0, x1, word)]
            for part in parts:
                shown = unshifted(part.text).translate(_LIGATURES)
                if links:
                    shown = _linked(shown, (part.x0 + part.x1) / 2, y + size * 0.3, links)
                if found and _POWER.search(found[-1].text) and part.x0 - found[-1].x1 < 0.12 * size:
                    found[-1] = Word(found[-1].x0, part.x1, found[-1].text + shown)
                else:
                    found.append(Word(part.x0, part.x1, shown))
        fonts = [self._font(index) for index in {words[0][0], longest, words[-1][0]}]
        return Line(
            cells=cells_of(found, CELL_GAP * size),
            y=y,
            size=round(size, 1),
            bold=all(bold for bold, _ in fonts),
            mono=all(mono for _, mono in fonts),
            hyphen=hyphen,
            words=tuple(found),
        )

    def _turned(self, first: int, last: int, angle: int) -> tuple[float, float, float]:
        """Where a word on a page that is turned as a whole begins and ends along its line, and how high the line is."""
        turn = math.radians(-angle)
        places = [self._origin(index) for index in (first, last)]
        along = [x * math.cos(turn) + y * math.sin(turn) for x, y in places]
        height = places[0][1] * math.cos(turn) - places[0][0] * math.sin(turn)
        return min(along), max(along) + self._size(last) * 0.5, height

    def _parted(self, first: int, last: int, word: str, size: float) -> list[Word]:
        """The words in what pdfium took for one, as the blanks between them are narrow: those wider than between letters."""
        boxes = []
        for index in range(first, last + 1):
            pdfium.FPDFText_GetLooseCharBox(self._page, index, _RECT)
            boxes.append((_RECT.left, _RECT.right))
        gaps = [after[0] - before[1] for before, after in pairwise(boxes)]
        usual = sorted(gaps)[len(gaps) // 2]
        cuts = [i + 1 for i, gap in enumerate(gaps) if gap > 0.07 * size and gap - usual > 0.06 * size]
        ends = [0, *cuts, len(word)]
        spread = any(b - a == 1 and word[a].lower() not in "aioy" for a, b in pairwise(ends))
        if not cuts or spread or len(cuts) > len(word) // 3:  # letters that are spread out have wide gaps everywhere
            if max(gaps) < 0.05 * size:
                self._known.add(word)
            return [Word(boxes[0][0], boxes[-1][1], word)]
        return [Word(boxes[a][0], boxes[b - 1][1], word[a:b]) for a, b in pairwise(ends)]

    def _with_powers(self, first: int, last: int, word: str, size: float) -> str:
        """A word with the figures that stand above or below its line shown as such ("10⁵", "x₂")."""
        if len(word) != last - first + 1:
            return word
        heights = [self._origin(first)[1], self._origin(last)[1]]
        if abs(heights[0] - heights[1]) < 0.08 * size:
            return word
        heights = [self._origin(index)[1] for index in range(first, last + 1)]
        letters = Counter(round(height, 1) for height, c in zip(heights, word, strict=True) if c.isalpha())
        base, count = letters.most_common(1)[0] if letters else (heights[0], 0)
        base = base if count > 2 else heights[0]
        shown = []
        for height, c in zip(heights, word, strict=True):
            up = height - base
            known = c.isdigit() or c in "+-−"
            shown.append(
                c.translate(_RAISED)
                if known and up > 0.12 * size
                else c.translate(_LOWERED)
                if known and up < -0.08 * size
                else c
            )
        return "".join(shown)

    def _span(self, first: int, last: int) -> tuple[float, float]:
        left, right, bottom, top = self._box
        pdfium.FPDFText_GetCharBox(self._page, first, left, right, bottom, top)
        x0, x1 = left.value, right.value
        if last > first:
            pdfium.FPDFText_GetCharBox(self._page, last, left, right, bottom, top)
            x1 = max(x1, right.value)
        return x0, x1

    def _origin(self, index: int) -> tuple[float, float]:
        x, y = self._box[0], self._box[1]
        pdfium.FPDFText_GetCharOrigin(self._page, index, x, y)
        return x.value, y.value

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


_POWER = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉]$")
_LINK_START, _LINK_END = 0xF0000, "\U000ffffd"
MAX_LINKS = 20_000


def link_mark(number: int) -> str:
    """The character that stands before words which lead to the n-th target of a document, until the Markdown is written."""
    return chr(_LINK_START + number)


def _linked(text: str, x: float, y: float, links: Sequence[tuple[Box, str]]) -> str:
    for box, mark in links:
        if box.left <= x <= box.right and box.bottom <= y <= box.top:
            return f"{mark}{text}{_LINK_END}"
    return text


_LINKS = re.compile(f"([\U000f0000-\U000ff000])[^\U000f0000-\U000ffffd]*{_LINK_END}(?: \\1[^\U000f0000-\U000ffffd]*{_LINK_END})+")
_LINK = re.compile(f"([\U000f0000-\U000ff000])([^\U000f0000-\U000ffffd]*){_LINK_END}")


def with_links(markdown: str, targets: Sequence[str]) -> str:
    """Markdown with its marks of links written as links; words that follow each other and lead to one target are one link."""
    joined = re.sub(
        f"([\U000f0000-\U000ff000])([^\U000f0000-\U000ffffd]*){_LINK_END}(?: \\1[^\U000f0000-\U000ffffd]*{_LINK_END})+",
        _one_link,
        markdown,
    )
    return _LINK.sub(lambda found: _written(found[2], targets[ord(found[1]) - _LINK_START]), joined)


def _one_link(found: re.Match[str]) -> str:
    return f"{found[1]}{without_links(found[0])}{_LINK_END}"


def _written(text: str, target: str) -> str:
    if (
        not text.strip()
        or "](" in text
        or text.strip().rstrip("/") in (target.rstrip("/"), target.partition("://")[2].rstrip("/"))
    ):
        return text
    return f"[{text}]({target})"


def without_links(text: str) -> str:
    """Text without the marks of links."""
    return re.sub("[\U000f0000-\U000ffffd]", "", text)


def _astral(text: str) -> str:
    """Text of which letters above U+FFFF came as two halves; half letters become blanks. Keeps the length."""
    if not re.search("[\ud800-\udfff]", text):
        return text
    whole = re.sub("[\ud800-\udbff][\udc00-\udfff]", lambda pair: _pair(pair[0]) + _FILLER, text)
    return re.sub("[\ud800-\udfff]", " ", whole)


def _pair(halves: str) -> str:
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
