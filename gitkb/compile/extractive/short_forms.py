"""Short forms that a text introduces itself: "Google File System (GFS)", "GFS (Google File System)".

Invariant: the long form has the letters of the short one in their order, and begins with the first of them; so a remark in
brackets is no short form. The work is linear in the length of the text.
"""

import re
from collections.abc import Iterator

from gitkb.text import word_lists

_BRACKETS = re.compile(r"\(([^()]{2,60})\)")
_SHORT = re.compile(r"(?:[A-Z][A-Za-z0-9]*[-&/]?[A-Z0-9][A-Za-z0-9]{0,8}|[A-Z]{2,10})s?")
_WORD = re.compile(r"[^\W_][\w'’.+-]*")
_MOST_WORDS = 5


def short_forms(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of a long form and its short form as they are written in a plain text, in text order."""
    if "(" not in text:
        return
    for found in _BRACKETS.finditer(text):
        inner, before = found[1].strip(" \"'“”‘’*"), text[: found.start()].rstrip(" \"'“”‘’*")
        if _SHORT.fullmatch(inner):
            short = _without_plural(inner)
            if long := _long_form(before, short):
                yield long, short
        elif (words := before.rsplit(" ", 1)[-1:]) and _SHORT.fullmatch(words[0]) and len(inner.split()) <= _MOST_WORDS:
            short = _without_plural(words[0])
            if _long_form(inner, short) == inner:
                yield inner, short


def _without_plural(short: str) -> str:
    return short[:-1] if short.endswith("s") and short[:-1].isupper() else short


def _long_form(before: str, short: str) -> str:
    """The words at the end of a text for which a short form stands, "" for none."""
    letters = [c.lower() for c in short if c.isalnum()]
    starts = [found.start() for found in _WORD.finditer(before[-120:])]
    offset = max(0, len(before) - 120)
    for start in reversed(starts[-(len(letters) + 2) :][-_MOST_WORDS - 1 :]):
        long = before[offset + start :]
        words = long.replace("-", " ").split()
        if re.search(r"[.,;:()]", long) or len(words) > _MOST_WORDS + 1:
            return ""
        if long[0].lower() == letters[0] and words[0].lower() not in _small_words() and _spells(words, letters):
            # "Equal Employment Opportunity Commission (EEOC)": its last three words have all the letters, too.
            before_it = starts[starts.index(start) - 1] if starts.index(start) else start
            longer = before[offset + before_it :]
            return longer if _initials(longer) == letters != _initials(long) else long
    return ""


def _initials(text: str) -> list[str]:
    return [word[0].lower() for word in text.replace("-", " ").split() if word.lower() not in _small_words()]


def _small_words() -> frozenset[str]:
    """Words whose first letters a short form may leave out."""
    return word_lists.words("short_forms", word_lists.MIXED, "small words")


def _spells(words: list[str], letters: list[str]) -> bool:
    """Whether the letters are the first letters of the words (small words may be left out), or occur in the words in their order
    with the first letter of each word among them."""
    given = [word for word in words if word.lower() not in _small_words()]
    if [word[0].lower() for word in given] == letters or [word[0].lower() for word in words] == letters:
        return True
    if len(given) != len(words) or not 1 < len(words) <= len(letters):
        return False
    at = 0
    for number, word in enumerate(words):
        if at >= len(letters) or word[0].lower() != letters[at]:
            return False
        at += 1
        left = len(words) - number - 1
        for char in word[1:].lower():
            if at < len(letters) - left and char == letters[at]:
                at += 1
    return at == len(letters)
