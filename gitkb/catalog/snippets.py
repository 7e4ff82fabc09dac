"""The piece of a passage that a searcher sees: one line of plain text around the words asked for.

Invariant: at most `WIDTH` characters and two ellipses, no line break, no control character. Reads nothing but the page's text.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from gitkb.text.sections import readable
from gitkb.text.tokens import Token, fold, normalise, stems, words

WIDTH = 220
_MAX_TEXT = 60_000
_SENTENCE_ENDS = (". ", "? ", "! ", "。", "！", "？")
_BEFORE = 100
"""A window begins with the sentence of its first match where that begins so near before it."""
_SAME = 0.85
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)\s*")
_LINK_ALONE = re.compile(r"\[[^\[\]]{1,300}\]\([^()\s]{1,1000}\)\s*")
_STARTS_BLOCK = re.compile(r"\s*$|\s*(?:[-*+>|]|\d{1,3}[.)])\s?")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Snippet:
    """`text` of the best place, and the line (1-based in the page) where it begins to match."""

    text: str
    line: int


def printable(text: str) -> str:
    """One line without control, format and private-use characters, which could drive a terminal."""
    if text.isprintable():
        return _BLANKS.sub(" ", text).strip()
    clean = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") else c for c in text)
    return _BLANKS.sub(" ", clean).strip()


def cut(page: str, line: int, lines: int, language: str, terms: Mapping[str, int]) -> Snippet:
    """The best place in `lines` lines of a page from `line`; `terms` maps tokens to the number of their term."""
    texts = _lines(page.split("\n")[line - 1 : line - 1 + lines])
    starts = [0, *accumulate(len(text) + 1 for text in texts)]
    whole = " ".join(texts)[:_MAX_TEXT]
    matches = _matches(whole, language, terms)
    if not matches:
        return Snippet(_window(whole, 0), line)
    best = _best(matches)
    return Snippet(_window(whole, best), line + bisect_right(starts, best) - 1)


def _lines(source: list[str]) -> list[str]:
    """Each line as plain text. Headings and links that stand alone as one are told apart from what they introduce: left out."""
    underlined = len(source) > 1 and _UNDERLINE.fullmatch(source[1]) is not None
    if source and (source[0].lstrip().startswith("#") or underlined):
        source = ["", *(["", *source[2:]] if underlined else source[1:])]
    texts = ["" if _LINK_ALONE.fullmatch(text) else printable(readable([text])) for text in source]
    for number, text in enumerate(texts[:-1]):
        if text[-1:].isalnum() and not text.isdigit() and _STARTS_BLOCK.match(source[number + 1]):
            texts[number] = text + ";"  # an item of a list, a row of a table: no sentence goes on over its end
    return texts


def cut_text(text: str, language: str, terms: Mapping[str, int]) -> str:
    """The best place in a text that is plain already."""
    whole = printable(text)[:_MAX_TEXT]
    matches = _matches(whole, language, terms)
    return _window(whole, _best(matches) if matches else 0)


def is_repeated(snippet: str, other: str) -> bool:
    """Whether nearly all words of the shorter snippet are in the longer one."""
    one, two = ({word.text for word in words(normalise(text))} for text in (snippet, other))
    return len(one & two) >= _SAME * min(len(one), len(two))


def _matches(text: str, language: str, terms: Mapping[str, int]) -> list[tuple[int, int]]:
    """(offset, term number) of every word that is asked for. Stemming is slow, so only likely words are stemmed."""
    begins = {token[:2] for token in terms}
    known = stems(language)
    lowered = normalise(text)
    if len(lowered) != len(text):  # folding changed offsets: compare a text that has kept them
        lowered = text.lower() if len(text.lower()) == len(text) else text
    found = []
    for word in words(lowered):
        if fold(word.text)[:2] in begins or word.unspaced:
            number = _term(word, terms, known)
            if number is not None:
                found.append((word.start, number))
    return found


def _term(word: Token, terms: Mapping[str, int], known: Mapping[str, str]) -> int | None:
    if word.unspaced:
        return next((terms[part] for part in (word.text, *word.text) if part in terms), None)
    return next((terms[form] for form in (known[word.text], fold(word.text)) if form in terms), None)


def _best(matches: Sequence[tuple[int, int]]) -> int:
    """The offset of the match from which a window holds most different terms, then most matches, then the first."""

    def worth(number: int) -> tuple[int, int, int]:
        inside = [term for offset, term in matches[number : number + 60] if offset < matches[number][0] + WIDTH - 40]
        return len(set(inside)), len(inside), -number

    return matches[max(range(min(len(matches), 500)), key=worth)][0]


def _window(text: str, offset: int) -> str:
    if len(text) <= WIDTH:
        return _BLANKS.sub(" ", text).strip()
    start = max(0, min(offset - 40, len(text) - WIDTH))
    nearest = max(0, offset - _BEFORE)
    sentences = [place + len(end) for end in _SENTENCE_ENDS if (place := text.rfind(end, nearest, offset)) >= 0]
    if sentences or not nearest:
        start = max(sentences, default=0)
    elif " " in text[start : start + 30]:
        start = text.index(" ", start) + 1
    end = min(len(text), start + WIDTH)
    if end < len(text) and " " in text[end - 30 : end]:
        end = text.rindex(" ", start, end)
    return ("… " if start else "") + _BLANKS.sub(" ", text[start:end]).strip() + (" …" if end < len(text) else "")
