"""Makes the text that a model is shown, and finds a quote in it, whatever its white space, hyphenation, punctuation, markup and
case.

Invariant: line n of that text is line n of the Markdown, so a line gives a place in the document. Code keeps its characters; of
long tables and listings only the first rows stay. The work is linear in the length of the text, whatever it holds.

Invariant: a quote that is found stands there word by word, with the same numbers ("1.5" is not "15", "-3" not "3"); what a
quote replaces by "..." is short. The text is indexed once; each search is a search for a substring in one part of it.
"""

import html
import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache

from msgspec import Struct

from gitkb.text.markdown.prose import inline_text, plain, raised

_MOST_ROWS = 40
"""So many rows of a table and lines of a listing are shown; more of the same would cost much and say little."""
_FENCE = re.compile(r"\s{0,12}(?:>\s?)*(?:[-*+]\s+|\d+\.\s+)?(`{3,}|~{3,})")
_TAGS = (
    "a|abbr|b|big|blockquote|br|center|cite|code|col|colgroup|dd|del|details|dfn|div|dl|dt|em|figcaption|figure|font|form|h[1-6]|hr|i|"
    "iframe|img|input|ins|kbd|li|link|mark|meta|nobr|object|ol|p|picture|pre|q|s|samp|script|section|small|source|span|strong|style|"
    "sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var|video|wbr"
)
_MARKUP = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`{1,3})(?!`)[^`]{1,300}?(?P=ticks)(?!`))"
    r"|<sup>\s*(?P<raised>[^<>]{1,20}?)\s*</sup>"
    r"|(?P<gone><!--[^>]{0,300}-->|!\[[^\]\[]{0,500}\](?:\([^()\s]{0,2000}(?:\s+\"[^\"]{0,300}\")?\)|\[[^\]]{0,200}\])"
    rf"|</?(?:{_TAGS})\b[^<>]{{0,500}}>|\[\^[^\]\s]{{1,100}}\]:?)"
    r"|(?P<wiki>!?\[\[[^\[\]\n]{1,600}\]\])"
    r"|\[(?P<link>(?:[^\[\]]|\[[^\[\]]{0,100}\]){1,500})\]"
    r"(?:\((?:[^()\s]|\([^()\s]{0,200}\)){0,2000}(?:\s+[\"'][^\"']{0,300}[\"'])?\)|\[[^\]]{0,200}\])"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<entity>&(?:\#\d{1,7}|\#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});)",
    re.I,
)
_SUSPECT = re.compile(r"[<\[\\&]")


def readable(markdown: str) -> str:
    """The Markdown as a model is shown it, with as many lines."""
    return "\n".join(_lines(markdown.split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    fence, rows = "", 0
    run: list[str] = []
    for line in lines:
        opened = _FENCE.match(line) if "`" in line or "~" in line else None
        if not fence and not opened:
            rows = rows + 1 if line.lstrip().startswith("|") else 0
            run.append(line if rows <= _MOST_ROWS else "")
            continue
        if run:
            yield from _without_markup(run)
            run, rows = [], 0
        closes = bool(fence and opened and opened[1].startswith(fence) and not line.strip(" `~>"))
        if closes or (opened and not fence):
            fence, rows = "" if closes or opened is None else opened[1], 0
            yield line
            continue
        rows += 1
        yield unicodedata.normalize("NFC", line) if rows <= _MOST_ROWS else ""
    yield from _without_markup(run)


def _without_markup(lines: list[str]) -> list[str]:
    text = unicodedata.normalize("NFC", "\n".join(lines))
    return (_MARKUP.sub(_kept, text) if _SUSPECT.search(text) else text).split("\n") if lines else []


def _kept(found: re.Match[str]) -> str:
    """The part of a piece of markup that stays, with as many line breaks as before."""
    whole = found[0]
    if found["code"]:
        return whole
    if found["raised"]:
        return raised(found["raised"], found.string[max(0, found.start() - 12) : found.start()])
    if found["wiki"]:
        return plain(inline_text(whole)[0])
    if found["escaped"]:
        return found["escaped"]
    if found["entity"]:
        character = html.unescape(whole)
        return " " if character.isspace() else character
    text = _MARKUP.sub(_kept, found["link"]) if found["link"] else ""
    return text + "\n" * (whole.count("\n") - text.count("\n"))


_WORD = re.compile(r"\[\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\]|[^\W_]+")
"""Words, and references in brackets, so that these can be left out."""
_ELLIPSIS = re.compile(r"\s*(?:[\[(]\s*(?:\.{3}|…)\s*[\])]|\.{3,}|…|\. \. \.)\s*")
_SHORTEST, _SHORTEST_UNSPACED, _SHORTEST_PIECE = 12, 6, 5
_FARTHEST = 300
"""At most so many letters may stand between the two sides of an ellipsis, or of a page break."""
_PIECES = 3
_MOST_PLACES = 200
"""At most so many places of a quote are looked at: a hostile text can have one at every letter."""
_LONGEST = 1_500
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
_NUMBER = re.compile(
    r"(?:(?<![^\s(\[{=:,;<>|\"'“„«*_`])[-\u2212\u2013])?\d+(?:[.,:]\d+)*(?:\s?[%‰])?|[\u00b2\u00b3\u00b9\u2070-\u2079]+"
)
_SUPERSCRIPT = re.compile("[\u00b2\u00b3\u00b9\u2070-\u209c]")
_AROUND = 24


class Span(Struct, frozen=True):
    """Where a quote stands: offsets in the text, and its first line (1-based)."""

    start: int
    end: int
    line: int


class SourceText:
    """A document's text, indexed for the search of quotes."""

    def __init__(self, text: str, breaks: tuple[int, ...] = ()) -> None:
        """`text` is the result of `readable`; `breaks` the lines (1-based, ascending) with which a page begins."""
        self.text = text
        self._starts, self._ends, self._at = array("L"), array("L"), array("L")
        self._newlines = array("L", (found.start() for found in re.finditer("\n", text)))
        words: list[str] = []
        length = 0
        for found in _WORD.finditer(text):
            if text[found.start()] == "[":
                continue
            word = _folded(found[0])
            words.append(word)
            self._starts.append(found.start())
            self._ends.append(found.end())
            self._at.append(length)
            length += len(word)
        self._letters = "".join(words)
        self._breaks = [self._position(line) for line in breaks]

    def find(self, quote: str, first: int = 1, last: int = 0) -> Span | None:
        """Where a quote stands between two lines (1-based, the last one included; 0 for the end), None where it does not."""
        quote = readable(" ".join(quote[:_LONGEST].split()))
        low = self._position(first)
        high = self._position(last + 1) if last else len(self._letters)
        pieces = [piece for piece in _ELLIPSIS.split(quote) if letters(piece)]
        if not pieces or len(pieces) > _PIECES or not _is_long_enough("".join(map(letters, pieces))):
            return None
        if len(pieces) == 1:
            return self._whole(pieces[0], low, high) or self._across_pages(pieces[0], low, high)
        return self._in_order(pieces, low, high)

    def line(self, offset: int) -> int:
        """The line (1-based) of an offset."""
        return bisect_left(self._newlines, offset) + 1

    def has(self, words: str, first: int = 1, last: int = 0) -> bool:
        """Whether a name stands in the text, as whole words."""
        high = self._position(last + 1) if last else len(self._letters)
        needle = letters(words)
        return bool(needle) and self._next(needle, self._position(first), high) is not None

    def count(self, words: str) -> int:
        """How often a name stands in the text, in any form that begins so."""
        needle = letters(words)
        return self._letters.count(needle) if needle else 0

    def near(self, one: str, other: str, distance: int) -> bool:
        """Whether two names stand within some letters of each other, at least once; looks at the first places of either."""
        first, second = letters(one), letters(other)
        places = self._places(second) if first and second else []
        return any(abs(here - there) <= distance + len(first) + len(second) for here in self._places(first) for there in places)

    def _places(self, needle: str) -> list[int]:
        places: list[int] = []
        found = self._next(needle, 0, len(self._letters))
        while found is not None and len(places) < _MOST_PLACES:
            places.append(found[0])
            found = self._next(needle, found[1], len(self._letters))
        return places

    def _position(self, line: int) -> int:
        """The number of letters above a line."""
        if line <= 1 or not self._starts:
            return 0
        offset = self._newlines[line - 2] if line - 2 < len(self._newlines) else len(self.text)
        word = bisect_left(self._starts, offset)
        return self._at[word] if word < len(self._at) else len(self._letters)

    def _next(self, needle: str, low: int, high: int) -> tuple[int, int] | None:
        """The next place (in letters) of whole words."""
        at = self._letters.find(needle, low, high)
        for _ in range(_MOST_PLACES):
            if at < 0 or (self._is_border(at) and self._is_border(at + len(needle))):
                break
            at = self._letters.find(needle, at + 1, high)
        else:
            return None  # a text made of one letter
        return (at, at + len(needle)) if at >= 0 else None

    def _is_border(self, at: int) -> bool:
        """Whether a word begins or ends before a letter; scripts without blanks have borders everywhere."""
        if at in (0, len(self._letters)) or _UNSPACED.match(self._letters[at - 1]) or _UNSPACED.match(self._letters[at]):
            return True
        word = bisect_left(self._at, at)
        return word < len(self._at) and self._at[word] == at

    def _whole(self, quote: str, low: int, high: int) -> Span | None:
        needle, wanted = letters(quote), numbers(quote)
        found = self._next(needle, low, high)
        for _ in range(_MOST_PLACES):
            if found is None:
                break
            span = self._span(*found)
            if self._numbers_in(span) == wanted:
                return span
            found = self._next(needle, found[0] + 1, high)
        return None

    def _in_order(self, pieces: list[str], low: int, high: int) -> Span | None:
        """The span in which the pieces follow one another, each near the one before."""
        if any(len(letters(piece)) < _SHORTEST_PIECE and not _UNSPACED.search(piece) for piece in pieces):
            return None
        first = self._next(letters(pieces[0]), low, high)
        for _ in range(_MOST_PLACES):
            if first is None:
                break
            spans = [self._span(*first)]
            end: int | None = first[1]
            for piece in pieces[1:]:
                found = self._next(letters(piece), end or 0, min(high, (end or 0) + _FARTHEST + len(letters(piece))))
                end = found[1] if found else None
                if found is None:
                    break
                spans.append(self._span(*found))
            agree = all(self._numbers_in(span) == numbers(piece) for span, piece in zip(spans, pieces, strict=False))
            if end is not None and agree and "\n#" not in self.text[spans[0].end : spans[-1].start]:
                return Span(spans[0].start, spans[-1].end, spans[0].line)
            first = self._next(letters(pieces[0]), first[0] + 1, high)
        return None

    def _across_pages(self, quote: str, low: int, high: int) -> Span | None:
        """The span of a quote that continues after a page break, with the foot and head of the pages in between."""
        needle = letters(quote)
        for border in self._breaks[bisect_left(self._breaks, low) : bisect_right(self._breaks, high)]:
            start = self._letters.rfind(needle[:_SHORTEST], max(low, border - len(needle) - _FARTHEST), border)
            if start < 0 or not self._is_border(start):
                continue
            same = _common(needle, self._letters, start, border)
            rest = self._letters.find(needle[same:], border, min(high, border + _FARTHEST + len(needle)))
            if same == len(needle) or rest < 0 or len(needle) - same < _SHORTEST_PIECE or not self._is_border(start + same):
                continue
            head, tail = self._span(start, start + same), self._span(rest, rest + len(needle) - same)
            if self._is_border(rest) and [*self._numbers_in(head), *self._numbers_in(tail)] == numbers(quote):
                return Span(head.start, tail.end, head.line)
        return None

    def _span(self, start: int, end: int) -> Span:
        first = bisect_right(self._at, start) - 1
        last = bisect_left(self._at, end) - 1
        begin = min(self._starts[first] + start - self._at[first], self._ends[first])
        word_end = self._at[last + 1] if last + 1 < len(self._at) else len(self._letters)
        stop = self._ends[last] - (word_end - end)
        return Span(begin, max(stop, begin), self.line(begin))

    def _numbers_in(self, span: Span) -> list[str]:
        """The numbers of which at least a part stands in a span."""
        low, high = max(0, span.start - _AROUND), span.end + _AROUND
        found = (
            number
            for number in _NUMBER.finditer(self.text, low, high)
            if number.start() < span.end and number.end() > span.start and _digits_overlap(number, span)
        )
        return [_canonical(number[0]) for number in _without_references(found, self.text)]


def _digits_overlap(number: re.Match[str], span: Span) -> bool:
    """Whether a digit of a number stands in a span: a percent sign alone does not count."""
    digits = number[0].rstrip(" %‰\u00a0\u202f")
    return number.start() < span.end and number.start() + len(digits) > span.start


def _without_references(found: Iterable[re.Match[str]], text: str) -> list[re.Match[str]]:
    return [number for number in found if not _is_reference(text, number)]


_REFERENCE = re.compile(r"\[\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\]")


def _is_reference(text: str, number: re.Match[str]) -> bool:
    """Whether a number stands in a reference in brackets ("[12]", "[3, 4]"), which quotes leave out."""
    opening = text.rfind("[", max(0, number.start() - 30), number.start() + 1)
    found = _REFERENCE.match(text, opening) if opening >= 0 else None
    return found is not None and found.end() > number.end()


def numbers(text: str) -> list[str]:
    """The numbers of a text in order, each in one form: sign, digits, separators, percent."""
    return [_canonical(number[0]) for number in _without_references(_NUMBER.finditer(text), text)]


def _canonical(number: str) -> str:
    number = number if _SUPERSCRIPT.search(number) else unicodedata.normalize("NFKC", number)
    number = re.sub(r"\s", "", number).replace("\u2212", "-").replace("\u2013", "-")
    if re.fullmatch(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?%?", number):
        number = number.replace(",", "")
    return number


def letters(text: str) -> str:
    """The letters and digits of a text in one form, without anything between them."""
    return "".join(_folded(found[0]) for found in _WORD.finditer(text) if found[0][0] != "[")


@lru_cache(maxsize=100_000)
def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()
    if _SUPERSCRIPT.search(word):  # 10² is not 102
        return word.casefold()
    return "".join(c for c in unicodedata.normalize("NFKC", word).casefold() if c.isalnum())


def _is_long_enough(needle: str) -> bool:
    return len(needle) >= (_SHORTEST_UNSPACED if _UNSPACED.search(needle) else _SHORTEST)


def _common(needle: str, text: str, start: int, border: int) -> int:
    """How many letters of a text that is searched for stand at a place, up to the last border between words."""
    most = min(len(needle), border - start)
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text.startswith(needle[:middle], start) else (low, middle - 1)
    return low
