"""Splits a paragraph of plain text into sentences, in languages with and without blanks.

Invariant: joined, the sentences are the paragraph, blanks at the seams aside; time is linear in its length whatever it holds.
A paragraph that has no end of a sentence comes back whole.
"""

import re

from gitkb.text import word_lists

_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'“”’»)\]\ue001]*(?=\s)|[。！？｡]+[」』）”’]*")
_NEXT_OPENS = re.compile(r"\s+[\"'“‘«(\[¿¡„\ue000]*(?:[^\W_a-z]|\ue000)", re.UNICODE)
_LAST_WORD = re.compile(r"([^\s(\[“\"„«]{1,24})$")
# A small letter after a full stop opens a sentence too ("... a database. pg_dump makes ..."), unless the
# stop may be an abbreviation's.
_LONG_WORD = re.compile(r"[^\W\d_]{4,}$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?\.?|[^\W\d_]\.|\d{1,3}\.")
_KIND = "abbreviations"


def split_sentences(text: str, language: str = "") -> list[str]:
    """The sentences of one paragraph, in order, stripped; `language` (ISO 639-1) decides what a capital letter says."""
    sentences: list[str] = []
    start = seen = depth = 0
    for match in _END.finditer(text):
        depth += text.count("\ue000", seen, match.start()) - text.count("\ue001", seen, match.start())
        seen = match.start()
        if _ends_sentence(text, start, match, language, in_code=depth > 0):
            sentences.append(text[start : match.end()].strip())
            start = seen = match.end()
            depth = 0
    sentences.append(text[start:].strip())
    return [sentence for sentence in sentences if sentence]


def _ends_sentence(text: str, start: int, match: re.Match[str], language: str, *, in_code: bool) -> bool:
    mark = match.group()
    if mark[0] in "。！？｡":
        return not text.startswith(("と", "」", "』", "）"), match.end())
    if in_code:
        return False
    if not _NEXT_OPENS.match(text, match.end()) and not _LONG_WORD.search(text, max(start, match.start() - 12), match.start()):
        return False
    if mark != ".":
        return True
    return not _is_abbreviation(text[max(start, match.start() - 26) : match.start()], language)


def _is_abbreviation(before: str, language: str) -> bool:
    found = _LAST_WORD.search(before)
    if found is None:
        return False
    word = found.group(1)
    folded = word.lower()
    known, may_end = (word_lists.words(_KIND, word_lists.MIXED, name) for name in ("abbreviations", "may end a sentence"))
    if folded in known and folded not in may_end:
        return True
    if _INITIALS.fullmatch(f"{word}."):
        # "version 3." ends a sentence where a word stands before the number; "3." alone numbers a list.
        # German ordinals do not end one.
        return not word[-1].isdigit() or language == "de" or not before[: found.start()].strip()
    return False
