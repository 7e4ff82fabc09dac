"""The lines of PDF pages with their place, size and kind of font, read through pypdfium2.

Invariant: a page costs a few calls per word, not several per character: thousands of pages must be read in seconds. Every line
has text without line breaks; a hyphen at a line's end is marked, not yet undone. What stands outside of the page is left out,
what is turned against the rest of its page is marked as such.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, groupby, pairwise
from operator import sub
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import force_setattr
from pypdfium2 import PdfTextPage

from gitkb.convert.pdf.raw.accents import FILLER, with_accents
from gitkb.convert.pdf.raw.glyphs import Glyphs, Style

_LIGATURES = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st"}
    | {"\ufffe": "-", "\u00ad": "-", FILLER: None}
)
RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_LOWERED = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")
_SHIFT = 29
"""The distance between ASCII and the numbers of glyphs, which some programs write instead of characters: 3 is a blank."""
_WORD = re.compile(r"[^\s]+")
_FIGURE_END = re.compile(r"\d[*∗†‡,.;:)]*$")
_GLUED = re.compile(r"[^\W\d_]{6,}")
HYPHEN = "\ufffe"
CELL_GAP = 1.3
"""A blank that is so many times as wide as the font is large separates cells."""
_FAR_BACK = 6
"""Sizes of the font: a word that begins so far left of the end of the one before, and below it, begins a line."""
_WIDE_BLANK = 30.0
"""Points: what stands so far behind in type of another size is a line of its own."""
_PARTS = re.compile("[^\r\ufffe]*(?:\ufffe\r?|\r)|[^\r\ufffe]+")
"""The lines within a line of pdfium's: a hyphen that it marks ends one."""


class Word(NamedTuple):
    """A word, and where it stands (points from the left)."""

    x0: float
    x1: float
    text: str


_word = partial(tuple.__new__, Word)
"""A word of a tuple, made without a call in Python."""


class Cell(Struct, frozen=True):
    """Words of a line that stand together, and where (points from the left)."""

    x0: float
    x1: float
    text: str


class Line(Struct, frozen=True):
    """One line of a page: `y` is its baseline (points from the bottom), `size` its font's; `hyphen`: its last word goes on;
    `turned`: it runs in another direction than its page's other lines; `rise`: how far its first word is raised (points);
    `lead`: where the words end that open it in bold or italic type before other type (points from the left), 0 for none."""

    cells: tuple[Cell, ...]
    y: float
    size: float
    bold: bool = False
    mono: bool = False
    hyphen: bool = False
    words: tuple[Word, ...] = ()
    turned: bool = False
    text: str = ""
    rise: float = 0.0
    lead: float = 0.0

    def __post_init__(self) -> None:
        if not self.text:
            force_setattr(self, "text", " ".join([cell.text for cell in self.cells]))

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
    raw = probe.words()
    usual = Counter[int]()
    for words in raw:
        usual[words.angle] += sum(words.lengths)
    upright = usual.most_common(1)[0][0] if usual else 0
    lines: list[Line] = []
    for words in raw:
        line = probe.line(words, box, links) if words.angle == upright else probe.turned_line(words, box)
        if line is None:
            continue
        if words.angle != upright:
            lines.append(line)
        elif lines and not lines[-1].turned and _goes_on(lines[-1], line):
            lines.append(_united(lines.pop(), line))
        else:
            lines.append(line)
    return _with_slanted_heads(lines)


_SAMPLES = 24


def direction_of(page: PdfTextPage) -> int:
    """In which direction most of a page's text runs, by some of its characters: 0, 90, 180 or 270 degrees."""
    count = page.count_chars()
    glyphs = Glyphs(page)
    usual = Counter[int]()
    for index in range(0, count, max(1, count // _SAMPLES)):
        if glyphs.code(index) > 0x20:
            turned = glyphs.angle(index)
            usual[round(math.degrees(turned) / 90) * 90 % 360 if turned > 0 else 0] += 1
    return usual.most_common(1)[0][0] if usual else 0


def _with_slanted_heads(lines: list[Line]) -> list[Line]:
    """Lines in which heads of columns that are turned, and begin at one height, are cells of one line."""
    out: list[Line] = []
    for line in lines:
        begins = line.turned and out and abs(out[-1].y - line.y) < 2 and out[-1].x1 < line.x0 and len(line.text) < 40
        if begins and (out[-1].turned or out[-1].words):
            words = (*out[-1].words, *line.words)
            cells = (*out[-1].cells, *line.cells)
            out[-1] = Line(cells, out[-1].y, line.size, out[-1].bold, words=words)
        else:
            out.append(line)
    return out


def cells_of(words: Sequence[Word], gap: float) -> tuple[Cell, ...]:
    """Words as cells: a blank that is at least so wide (points) begins a new one."""
    if not any(after[0] - before[1] >= gap for before, after in pairwise(words)) or is_stretched(words, gap):
        return (Cell(words[0].x0, words[-1].x1, " ".join([word.text for word in words])),) if words else ()
    cells: list[list[Word]] = []
    for word in words:
        if cells and word.x0 - cells[-1][-1].x1 < gap:
            cells[-1].append(word)
        else:
            cells.append([word])
    return tuple(Cell(cell[0].x0, cell[-1].x1, " ".join([word.text for word in cell])) for cell in cells)


def is_stretched(words: Sequence[Word], gap: float) -> bool:
    """Whether a line of prose is spread over its column: all its blanks are wide, and about equally so."""
    if len(words) < 4:
        return False
    gaps = [after.x0 - before.x1 for before, after in pairwise(words)]
    if max(gaps) < gap or min(gaps) < 0.3 * gap or max(gaps) > 3 * min(gaps):
        return False
    return sum(word.text[:1].islower() or word.text[-1:] in ",-" for word in words) >= 0.5 * len(words)


def _united(last: Line, line: Line) -> Line:
    size = max(last.size, line.size)
    words = last.words
    closes = _POWER.search(words[-1].text) and line.words[0].text[0] in "-–,.;:)]'’"
    if line.words[0].x0 - words[-1].x1 < (0.3 if closes else 0.1) * size and (
        shown := _index(words[-1].text, line.words[0].text, line.rise or line.y - last.y, size)
    ):
        words = (*words[:-1], Word(words[-1].x0, line.words[0].x1, words[-1].text + shown), *line.words[1:])
    else:
        words += line.words
    longer = line if line.x1 - line.x0 > last.x1 - last.x0 else last
    lead = last.lead or (last.x1 if last.bold and not line.bold else 0.0)
    return Line(
        cells_of(words, CELL_GAP * size),
        longer.y,
        line.size if len(last.text) < 3 and last.size > 1.6 * line.size else size,
        last.bold,
        last.mono and line.mono,
        line.hyphen,
        words,
        rise=last.rise,
        lead=lead,
    )


def _index(before: str, word: str, rise: float, size: float) -> str:
    """A word that stands right behind another without a blank, as it is shown there: raised, lowered; "" where it is apart."""
    if not rise and not _POWER.search(before) and word[0] != "′":
        return ""
    table = RAISED if rise > 0.12 * size else _LOWERED if rise < -0.08 * size else {}
    whole = len(word) < 4 and all(ord(c) in table for c in word)
    return word.translate(table) if whole else word


def _raw_lines(text: str) -> Iterator[tuple[list[str], list[int]]]:
    """The words of each line that has any, and where in the text each begins."""
    start = 0
    for whole in text.split("\n"):
        for part in _PARTS.findall(whole) if HYPHEN in whole or "\r" in whole[:-1] else (whole,):
            words = part.split()
            if words:
                starts = list(accumulate(map(len, words), lambda before, length: before + length + 1, initial=start))[:-1]
                if starts[-1] + len(words[-1]) != start + len(part.rstrip("\r")):  # some blanks are longer than one character
                    starts = [start + found.start() for found in _WORD.finditer(part)]
                yield words, starts
            start += len(part)
        start += 1


def _differ(size: float, other: float) -> bool:
    return not 1 / 1.6 < size / other < 1.6


def _goes_on(last: Line, line: Line) -> bool:
    """Whether a line is the rest of the one before: at its height, or, small and right behind it, raised or lowered."""
    gap = line.x0 - last.x1
    if gap <= -1 or last.hyphen:
        return False
    if gap > _WIDE_BLANK and _differ(last.size, line.size):
        return False
    apart = abs(last.y - line.y)
    index = (
        min(len(last.text), len(line.text)) < 4
        and abs(last.size - line.size) > 0.5
        and -0.3 < gap < 0.5 * max(last.size, line.size)
    )
    return apart < (0.6 * max(last.size, line.size) if index else 0.25 * last.size)


def unshifted(text: str) -> str:
    """Text of which the numbers of glyphs were taken for characters ("7KH\x03SDULVK"), as it is meant; other text as it is."""
    if "\x03" not in text:
        return text
    return "".join(chr(ord(c) + _SHIFT) if "\x03" <= c <= "\x61" and c not in "\r\n\t " else c for c in text)


class _Words(NamedTuple):
    """Words of one line that run in one direction: the indices of their first and last characters, their texts and lengths,
    where they begin and end, which of them is the longest, and their direction."""

    firsts: list[int]
    lasts: list[int]
    texts: list[str]
    lengths: list[int]
    x0: list[float]
    x1: list[float]
    longest: int
    angle: int

    def part(self, start: int, end: int, angle: int) -> "_Words":
        """The words from one to before another."""
        lengths = self.lengths[start:end]
        return _Words(
            self.firsts[start:end],
            self.lasts[start:end],
            self.texts[start:end],
            lengths,
            self.x0[start:end],
            self.x1[start:end],
            lengths.index(max(lengths)),
            angle,
        )


class _Probe:
    """Makes lines of the characters of a page."""

    def __init__(self, page: PdfTextPage, known: set[str]) -> None:
        self._text = page
        self._glyphs = Glyphs(page)
        self._known = known

    def text(self) -> str:
        """The page's text with exactly one character for each of pdfium's; a letter and its accent are one, and a filler."""
        return with_accents(self._as_read(), self._glyphs)

    def _as_read(self) -> str:
        count = self._text.count_chars()
        text = self._text.get_text_range() if count > 0 else ""
        if len(text) == count:
            return text
        codes = map(self._glyphs.code, range(count))
        return _astral("".join([chr(code) if 0 < code < 0x110000 else " " for code in codes]))

    def words(self) -> list[_Words]:
        """The words of each line that has any, those apart that run in different directions."""
        lines = list(_raw_lines(self.text()))
        texts = [text for words, _ in lines for text in words]
        firsts = [first for _, starts in lines for first in starts]
        lengths = list(map(len, texts))
        lasts = [first + length - 1 for first, length in zip(firsts, lengths, strict=True)]
        x0, x1 = self._glyphs.spans(firsts, lasts)
        whole = _Words(firsts, lasts, texts, lengths, x0, x1, 0, 0)
        found: list[_Words] = []
        start = 0
        for words, _ in lines:
            line = whole.part(start, start + len(words), 0)
            found += self._by_angle(line) if self._angle(line.firsts[line.longest]) else self._by_height(line)
            start += len(words)
        return found

    def _by_angle(self, words: _Words) -> Iterator[_Words]:
        """The parts of a line that run in one direction each."""
        start = 0
        for angle, part in groupby(map(self._angle, words.firsts)):
            end = start + len(list(part))
            yield words.part(start, end, angle)
            start = end

    def _by_height(self, words: _Words) -> Iterator[_Words]:
        """The parts of a line that begin anew further left and lower: lines that pdfium took for one, as type is scaled down; and
        those behind a wide blank in type of another size."""
        start, glyphs = 0, self._glyphs
        for place in range(1, len(words.texts)):
            gap = words.x0[place] - words.x1[place - 1]
            if not 0 <= gap < _WIDE_BLANK:
                (_, y), (_, y0) = glyphs.origin(words.firsts[place]), glyphs.origin(words.firsts[place - 1])
                size, before = glyphs.size(words.firsts[place]), glyphs.size(words.firsts[place - 1])
                if (-gap > _FAR_BACK * size and y0 - y > 0.6 * size) or (gap > 0 and _differ(size, before)):
                    yield words.part(start, place, 0)
                    start = place
        yield words.part(start, len(words.texts), 0) if start else words

    def _angle(self, index: int) -> int:
        """The direction in which a character runs, in degrees counted in steps of 5."""
        turned = self._glyphs.angle(index)
        return round(math.degrees(turned) / 5) * 5 % 360 if turned > 0 else 0

    def turned_line(self, words: _Words, box: Box) -> Line | None:
        """The line of words that are turned against their page, as one cell where they begin; None outside of the page."""
        first = words.firsts[0]
        size = max(1.0, min(200.0, self._glyphs.size(first)))
        x, y = self._glyphs.origin(first)
        if not (box.left - size < x < box.right + size and box.bottom - size < y < box.top + size):
            return None
        text = " ".join(unshifted(word).translate(_LIGATURES) for word in words.texts)
        bold, mono, _ = self._glyphs.style(first)
        return Line((Cell(x, x + size, text),), y, round(size, 1), bold, mono, False, (Word(x, x + size, text),), turned=True)

    def line(self, words: _Words, box: Box, links: Sequence[tuple[Box, str]]) -> Line | None:
        """The line that words make, None outside of the page."""
        glyphs, firsts, texts, angle = self._glyphs, words.firsts, words.texts, words.angle
        longest = firsts[words.longest]
        size = max(1.0, min(200.0, glyphs.size(longest)))
        x, y = glyphs.origin(longest)
        if not (box.left - size < x < box.right + size and box.bottom - size < y < box.top + size):
            return None
        rise = glyphs.origin(firsts[0])[1] - y if words.lengths[0] < 4 and firsts[0] != longest else 0.0
        middle = y + size * 0.3
        links = [link for link in links if link[0].bottom <= middle <= link[0].top] if links else links
        apart = list(map(sub, words.x0[1:], words.x1))
        found: tuple[Word, ...]
        if not angle and not links and self._known.issuperset(texts) and (not apart or min(apart) >= 0.1 * size):
            found = tuple(map(_word, zip(words.x0, words.x1, texts, strict=True)))  # most lines are as simple as this
        elif angle:
            found, y = self._along(words, y)
        else:
            found = self._shown_words(words, y, size, middle, links)
        if not found:
            return None
        opening, fonts = glyphs.style(firsts[0]), [glyphs.style(index) for index in {firsts[0], longest, firsts[-1]}]
        return Line(
            cells=cells_of(found, CELL_GAP * size),
            y=y,
            size=round(size, 1),
            bold=all(font.bold for font in fonts),
            mono=all(font.mono for font in fonts),
            hyphen=texts[-1].endswith((HYPHEN, "\u00ad")),
            words=found,
            rise=0.0 if angle or abs(rise) < 0.08 * size else rise,
            lead=0.0 if angle else self._lead(words, opening, fonts),
        )

    def _along(self, words: _Words, y: float) -> tuple[tuple[Word, ...], float]:
        """The words of a line on a page that is turned as a whole, and how high the line is."""
        found: list[Word] = []
        for first, last, word in zip(words.firsts, words.lasts, words.texts, strict=True):
            along, along_end, y = self._turned(first, last, words.angle)
            found.append(Word(along, along_end, word.translate(_LIGATURES)))
        return tuple(found), y

    def _shown_words(
        self, words: _Words, y: float, size: float, middle: float, links: Sequence[tuple[Box, str]]
    ) -> tuple[Word, ...]:
        """The words of a line as they are to be read."""
        found: list[Word] = []
        known = self._known
        parted = False  # by an accent, which is on a letter now
        for first, last, word, x0, x1 in zip(words.firsts, words.lasts, words.texts, words.x0, words.x1, strict=True):
            if not links and (word in known or _is_plain(word)):
                known.add(word)
                parts = [Word(x0, x1, word)]
            else:
                parts = [self._shown(part, middle, links) for part in self._parts(first, last, word, x0, x1, size)]
            if word.strip(FILLER) == "":
                parted = True
                continue
            for part in parts:
                if parted and found and part.x0 - found[-1].x1 < 0.15 * size:
                    found[-1] = Word(found[-1].x0, part.x1, found[-1].text + part.text)
                elif found and part.x0 - found[-1].x1 < 0.1 * size:
                    self._append(found, part, first, y, size)
                else:
                    found.append(part)
                parted = False
        return tuple(found)

    def _lead(self, words: _Words, first: Style, fonts: list[Style]) -> float:
        """Where the words end that open a line in bold or italic type before other type, 0 where there are none."""
        start = 0 if words.texts[0][0].isalnum() or len(words.texts) < 3 else 1  # behind a bullet
        opening = self._glyphs.style(words.firsts[1]) if start else first
        bold, mono, italic = opening
        if mono or not (bold or italic) or (not start and all(font == opening for font in fonts)):
            return 0.0
        for place in range(start + 1, len(words.texts)):
            if words.texts[place][0].isalnum() and self._glyphs.style(words.firsts[place]) != opening:
                return self._glyphs.box(words.lasts[place - 1])[1]
        return 0.0

    def _shown(self, word: Word, middle: float, links: Sequence[tuple[Box, str]]) -> Word:
        """A word as it is to be read, with the mark of its link; `middle` is the height at which its letters stand."""
        text = word.text if word.text.isascii() else word.text.translate(_LIGATURES)
        text = unshifted(text).replace("‘‘", "“").replace("’’", "”")
        return Word(word.x0, word.x1, _linked(text, (word.x0 + word.x1) / 2, middle, links) if links else text)

    def _parts(self, first: int, last: int, word: str, x0: float, x1: float, size: float) -> list[Word]:
        """The words in what pdfium took for one, with their figures above and below the line shown as such."""
        if word[0] == "0" and len(word) < 6 and self._is_prime(first):
            rest = word.lstrip("0")
            return [Word(x0, x1, "′" * (len(word) - len(rest)) + rest)]
        if word not in self._known and len(word) > 5 and word.isalpha() and _GLUED.match(word) and last - first < 200:
            return self._parted(first, last, word, size)
        if last > first and len(word) < 24 and (word[0].isdigit() or _FIGURE_END.search(word)):
            return [Word(x0, x1, self._with_powers(first, last, word, size))]
        return [Word(x0, x1, word)]

    def _append(self, found: list[Word], word: Word, first: int, y: float, size: float) -> None:
        """Adds a word that stands right behind the one before: to it, where it is raised or lowered."""
        if min(len(found[-1].text), len(word.text)) < 4:
            rise = self._glyphs.origin(first)[1] - y
            if shown := _index(found[-1].text, word.text, rise if abs(rise) > 0.08 * size else 0.0, size):
                found[-1] = Word(found[-1].x0, word.x1, found[-1].text + shown)
                return
        found.append(word)

    def _turned(self, first: int, last: int, angle: int) -> tuple[float, float, float]:
        """Where a word on a page that is turned as a whole begins and ends along its line, and how high the line is."""
        turn = math.radians(-angle)
        places = [self._glyphs.origin(index) for index in (first, last)]
        along = [x * math.cos(turn) + y * math.sin(turn) for x, y in places]
        height = places[0][1] * math.cos(turn) - places[0][0] * math.sin(turn)
        return min(along), max(along) + self._glyphs.size(last) * 0.5, height

    def _parted(self, first: int, last: int, word: str, size: float) -> list[Word]:
        """The words in what pdfium took for one, as the blanks between them are narrow: those wider than between letters."""
        boxes = [self._glyphs.loose_span(index) for index in range(first, last + 1)]
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
        figure = max(place for place, c in enumerate(word) if c.isdigit())
        heights = [self._glyphs.origin(first)[1], self._glyphs.origin(first + figure)[1]]
        if abs(heights[0] - heights[1]) < 0.08 * size:
            return word
        heights = [self._glyphs.origin(index)[1] for index in range(first, last + 1)]
        letters = Counter(round(height, 1) for height, c in zip(heights, word, strict=True) if c.isalpha())
        base, count = letters.most_common(1)[0] if letters else (heights[0], 0)
        base = base if count > 2 else heights[0]
        shown = []
        for place, (height, c) in enumerate(zip(heights, word, strict=True)):
            up = height - base if c.isdigit() or c in "+-−" else 0.0
            table = RAISED if up > 0.12 * size else _LOWERED if up < -0.08 * size else {}
            shown.append("′" if c == "0" and up > 0 and self._is_prime(first + place) else c.translate(table))
        return "".join(shown)

    def _is_prime(self, index: int) -> bool:
        """Whether a "0" is TeX's sign for a prime, which has this number in its font of symbols."""
        return "CMSY" in self._glyphs.font(index)


def _is_plain(word: str) -> bool:
    """Whether a word is to be read as it stands, wherever its letters stand."""
    if not word.isascii() or "\x03" in word:
        return False
    if word.isalpha():
        return len(word) < 6
    return word[0] != "0" and (len(word) == 1 or not (word[0].isdigit() or _FIGURE_END.search(word)))


_POWER = re.compile("[′⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉]$")
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
    joined = _LINKS.sub(_one_link, markdown)

    def shown(found: re.Match[str]) -> str:
        number = ord(found[1]) - _LINK_START
        return _written(found[2], targets[number]) if number < len(targets) else found[2]

    return _LINK.sub(shown, joined)


def renumbered(text: str, numbers: Sequence[int | None]) -> str:
    """Text of which the marks of links have other numbers; where the number is None, the link goes."""
    if text.isascii():
        return text

    def shown(found: re.Match[str]) -> str:
        place = ord(found[1]) - _LINK_START
        number = numbers[place] if place < len(numbers) else None
        return found[2] if number is None else f"{link_mark(number)}{found[2]}{_LINK_END}"

    return _LINK.sub(shown, text)


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


def unlinked_break(text: str, more: str) -> tuple[str, str]:
    """Text and its continuation without the marks of a link between the two halves of a word."""
    if text.endswith(f"-{_LINK_END}") and more[:1] >= chr(_LINK_START):
        return text[:-1], more[1:]
    return text, more


def without_links(text: str) -> str:
    """Text without the marks of links."""
    return re.sub("[\U000f0000-\U000ffffd]", "", text)


def _astral(text: str) -> str:
    """Text of which letters above U+FFFF came as two halves; half letters become blanks. Keeps the length."""
    if not re.search("[\ud800-\udfff]", text):
        return text
    halves = "utf-16-le", "surrogatepass"
    whole = re.sub("[\ud800-\udbff][\udc00-\udfff]", lambda pair: pair[0].encode(*halves).decode(halves[0]) + FILLER, text)
    return re.sub("[\ud800-\udfff]", " ", whole)
