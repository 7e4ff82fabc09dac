"""Accents that a page draws as characters of their own, above or below a letter, as old fonts of TeX do: "Montr´eal".

Invariant: the text keeps its length, so that every index means the same character; an accent that stands at no letter stays.
"""

import re
import unicodedata

from gitkb.convert.pdf.raw.glyphs import Glyphs

FILLER = "\ufdd0"
"""Stands where nothing is to be shown: it keeps the places of the characters behind it."""
_COMBINING = {
    "´": "\u0301",
    "`": "\u0300",
    "ˆ": "\u0302",
    "˜": "\u0303",
    "¨": "\u0308",
    "ˇ": "\u030c",
    "¸": "\u0327",
    "˘": "\u0306",
    "˚": "\u030a",
    "¯": "\u0304",
    "˝": "\u030b",
    "˙": "\u0307",
    "˛": "\u0328",
}
_BELOW = "¸˛"
_ACCENT = re.compile("[´ˆ˜¨ˇ¸˘˚¯˝˙˛]|(?<=[^\\W\\d_])`|`(?=[^\\W\\d_])|(?<= )`(?= )")
_MOST_ACCENTS = 300
_REACH = 160
"""Characters: pdfium may put an accent at the end of its line."""


def with_accents(text: str, glyphs: Glyphs) -> str:
    """The text of a page with letters and the accents that stand at them as one; `FILLER` is where the accent was."""
    places = [found.start() for found in _ACCENT.finditer(text)]
    if not places or len(places) > _MOST_ACCENTS:
        return text
    shown = list(text)
    for place in places:
        if letter := _letter_at(place, text, shown, glyphs):
            index, composed = letter
            shown[index], shown[place] = composed, FILLER
    return "".join(shown)


def _letter_at(place: int, text: str, shown: list[str], glyphs: Glyphs) -> tuple[int, str] | None:
    """The letter at which an accent stands, as it is with it: the one whose middle is the nearest."""
    accent = text[place]
    left, right, bottom, top = glyphs.box(place)
    middle = (left + right) / 2
    best: tuple[float, int, str] | None = None
    for index in range(max(0, place - _REACH), min(len(text), place + _REACH)):
        composed = _composed(text[index], accent) if shown[index] == text[index] else ""
        if not composed:
            continue
        x0, x1, y0, y1 = glyphs.box(index)
        high = y1 - y0
        near = y0 - 0.6 * high < top < y0 + 0.3 * high if accent in _BELOW else y1 - 0.3 * high < bottom < y1 + 0.6 * high
        off = abs((x0 + x1) / 2 - middle)
        if near and off < 0.4 * max(x1 - x0, 0.4 * high) and (best is None or off < best[0]):
            best = off, index, composed
    return best[1:] if best else None


def _composed(letter: str, accent: str) -> str:
    """A letter with an accent as one character, "" where there is none."""
    if not letter.isalpha():
        return ""
    composed = unicodedata.normalize("NFC", ("i" if letter == "ı" else letter) + _COMBINING[accent])
    return composed if len(composed) == 1 else ""
