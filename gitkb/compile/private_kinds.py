"""Tells from a document's text whether it is of a kind that is likely private: keys, identity papers, CVs, medical papers.

Invariant: pure, and careful with its word: only what has the shape of such a paper counts (fields with their values, headings,
numbers in their form), not a text that speaks of one. Keys are found by the forms that services give them; how random a text
looks says nothing, as documents are full of hashes.
"""

import re
from collections.abc import Iterator

from gitkb.text import word_lists

KEY, IDENTITY, CURRICULUM, MEDICAL = "a secret key", "an identity paper", "a CV", "a medical paper"
_MOST = 400_000
_TOP = 2_500
_FIELDS, _MEDICAL_FIELDS, _HEADINGS = 4, 3, 3
_LABEL = re.compile(r"^[\s>*_|#-]*([^\n:|]{2,40}?)[*_ ]*(?::|\|)[*_ ]*(?=\S)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#:]*$|^\*\*([^*\n]+?):?\*\*[ \t]*$", re.MULTILINE)


def private_kind(markdown: str) -> str:
    """The kind of private document that a text looks like, "" for none."""
    text = markdown[:_MOST]
    if _has("keys", text):
        return KEY
    fields = {label.casefold() for label in _LABEL.findall(text[: _TOP * 2])}
    if _has("machine readable lines", text) or _has("person numbers", text) or _count("identity fields", fields) >= _FIELDS:
        return IDENTITY
    if _count("patients", fields) and _count("medical fields", fields) >= _MEDICAL_FIELDS:
        return MEDICAL
    headings = {heading.casefold() for heading in _headings(text)}
    known = _count("curriculum headings", headings)
    titled = any(_has("curriculum titles", line) for line in text[:_TOP].split("\n")[:10])
    if (known >= _HEADINGS or (titled and known >= _HEADINGS - 1)) and _has("contacts", text[:_TOP]):
        return CURRICULUM
    return ""


def _has(section: str, text: str) -> bool:
    found = word_lists.pattern("private", word_lists.MIXED, section)
    return found is not None and found.search(text) is not None


def _count(section: str, said: set[str]) -> int:
    """How many of some labels or headings are of a section, as a whole."""
    known = word_lists.pattern("private", word_lists.MIXED, section)
    return sum(known is not None and known.fullmatch(each.strip(" .")) is not None for each in said)


def _headings(text: str) -> Iterator[str]:
    return (first or second for first, second in _HEADING.findall(text))
