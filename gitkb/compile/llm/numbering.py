"""Numbers the sentences of a part, so that a model names the number of a sentence instead of copying its words.

Invariant: the numbered text is the part's, with marks ("<12>") before its sentences, items, rows of tables and listings. Each
number stands for one span of the document's text, which the text alone decides; a mark that a document itself holds changes
nothing. What is too long for a quote is cut; headings, and what is too short to be found, have no number.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from gitkb.compile.grounding.quote import Span, letters
from gitkb.compile.llm.parts import Part
from gitkb.text.language.detect import detect_language
from gitkb.text.language.sentences import split_sentences

LONGEST_QUOTE = 700
_LONGEST, _CUT_AFTER = 450, 250
_LEAST_LETTERS, _LEAST_UNSPACED = 12, 6
_LEAST_SHARE = 0.6
_UNSPACED = re.compile("[\u0e00-\u0eff\u3005\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_FENCE = re.compile(r"\s{0,12}(?:>\s?)*(?:[-*+]\s+|\d+\.\s+)?(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_RULE = re.compile(r"[\s|:=_*-]*$")
_OPENS = re.compile(r"\s*(?:>\s?)*(?:(?:[-*+•‣▪●◦]|\d{1,3}[.)])\s+)+(?:\[[ xX/-]\]\s+)?|(?:\s{0,3}>\s?)+")
_SEAM = re.compile(r"[;:,、，；]\s*|\s+")
_Piece = tuple[int, int]
"""Begin and end in a part's text."""


def numbered_parts(parts: Sequence[Part], text: str) -> list[Part]:
    """The parts of a document's `text` with their sentences numbered; a part without where numbers would leave out much of it."""
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    return [_numbered(part, text, starts) for part in parts]


def passages(sentences: Sequence[Span], numbers: Sequence[int]) -> list[Span]:
    """The spans that numbers (from 1) may mean, the likeliest first: each of these sentences, all of them in one, and, for models
    that miscount, each with its neighbours."""
    named = [sentences[number - 1] for number in numbers if 1 <= number <= len(sentences)]
    near = [at for number in numbers for at in (number - 2, number) if 0 <= at < len(sentences)]
    beside = [joined for at in near for number in numbers if (joined := _joined([sentences[at], sentences[number - 1]]))]
    whole = _joined(named) if len(named) > 1 else None
    found = [*named, *([whole] if whole else []), *(sentences[at] for at in near), *beside]
    return list(dict.fromkeys(found))


def _joined(spans: Sequence[Span]) -> Span | None:
    """One span from the first to the last of some, None where it is too long for a quote."""
    first, last = min(spans, key=lambda span: span.start), max(spans, key=lambda span: span.end)
    return Span(first.start, last.end, first.line) if last.end - first.start <= LONGEST_QUOTE else None


def _numbered(part: Part, text: str, starts: Sequence[int]) -> Part:
    pieces = [piece for piece in _pieces(part.text) if _is_long_enough(part.text[slice(*piece)])]
    if sum(end - start for start, end in pieces) < _LEAST_SHARE * len(part.text):
        return part
    lines = [0, *(found.end() for found in re.finditer("\n", part.text))]
    there = _lines_there(part, text, starts[part.first - 1])
    shown, spans, last = [], [], 0
    for number, (start, end) in enumerate(pieces, 1):
        shown += [part.text[last:start], f"<{number}> "]
        last = start
        first_line, last_line = bisect_right(lines, start) - 1, bisect_right(lines, end - 1) - 1
        begin = there[first_line] + start - lines[first_line]
        spans.append(Span(begin, there[last_line] + end - lines[last_line], bisect_right(starts, begin)))
    return replace(part, shown="".join((*shown, part.text[last:])), sentences=tuple(spans))


def _lines_there(part: Part, text: str, at: int) -> list[int]:
    """Where each line of a part begins in the document's text. Between two lines stand blanks alone."""
    found = []
    for line in part.text.split("\n"):
        at = text.index(line, at) if line else at
        found.append(at)
        at += len(line)
    return found


def _is_long_enough(piece: str) -> bool:
    count = len(letters(piece))
    return count >= (_LEAST_UNSPACED if _UNSPACED.search(piece) else _LEAST_LETTERS)


def _pieces(text: str) -> Iterator[_Piece]:
    """What may have a number, in text order: sentences, rows, and listings as wholes."""
    language = detect_language(text)
    at, fence, opened, paragraph = 0, "", 0, -1
    for line in (*text.split("\n"), ""):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence):
                fence = ""
                yield from _cut(text, opened, at + len(line), LONGEST_QUOTE)
        else:
            ends = bool(mark) or not line.strip() or _HEADING.match(line) or line.lstrip().startswith("|")
            found = None if ends else _OPENS.match(line)
            listed = found is not None and bool(found[0].strip(" >"))
            if paragraph >= 0 and (ends or listed):
                yield from _sentences(text, paragraph, at, language)
                paragraph = -1
            if mark:
                fence, opened = mark[1], at
            elif line.lstrip().startswith("|") and not _RULE.match(line):
                yield at, at + len(line)
            elif not ends and paragraph < 0 and not _RULE.match(line):
                paragraph = at + (found.end() if found else 0)
        at += len(line) + 1


def _sentences(text: str, start: int, end: int, language: str) -> Iterator[_Piece]:
    """The sentences of a paragraph, long ones cut."""
    at = start
    for sentence in split_sentences(text[start:end], language):
        begin = text.index(sentence, at, end)
        at = begin + len(sentence)
        yield from _cut(text, begin, at, _LONGEST)


def _cut(text: str, start: int, end: int, longest: int) -> Iterator[_Piece]:
    while end - start > longest:
        seam = _SEAM.search(text, start + _CUT_AFTER, start + longest)
        cut = seam.end() if seam else start + longest
        yield start, cut - len(text[start:cut]) + len(text[start:cut].rstrip())
        start = cut
    yield start, end
