"""Whether a term that a document does not define is still one of its subjects, so that its sentences belong on the term's page.

Invariant: decides by this document alone. Two documents that support a term make a page of it, so every rule asks for more than
repetition: a heading, a link, a definition, or a sentence that stands alone and begins with the term.
"""

import re

from gitkb.compile.candidates import Candidate
from gitkb.compile.reading import Reading
from gitkb.text.boilerplate import is_structural
from gitkb.text.frequencies import is_common
from gitkb.text.wordclasses import is_general_noun, is_verb_form

_SHORT = 40
"""Below so many sentences a document says twice what a longer one says three times."""
_COMMON_LED, _COMMON_NAMED, _COMMON_ALONE = 4.6, 4.4, 4.0
"""Zipf frequencies from which a single word is too common to be a term: in the title or alone in a heading and first in
sentences; in part of a heading; in the text only."""
_LEAST_LISTED = 5
_ARTICLE = re.compile(r"(?:an?|the|each|every|any|all|most|some|many) ", re.I)
_NOUN_ENDINGS = ("tion", "sion", "ment", "ity", "ness", "ship", "ism", "ance", "ence", "ing", "sis")
_CJK = ("ja", "zh", "ko")


def is_supported(reading: Reading, candidate: Candidate) -> bool:
    """Whether a document that does not define a term speaks of it."""
    if reading.language in _CJK:
        return _is_supported_without_blanks(candidate, reading.language)
    length = len(reading.sentences)
    if " " in candidate.key:
        return _phrase_is_supported(candidate, reading.language, 2 if length < _SHORT else 3, _beginning(reading, candidate))
    return _word_is_supported(candidate, reading.language, length, _beginning(reading, candidate))


def _is_supported_without_blanks(candidate: Candidate, language: str) -> bool:
    if candidate.key.isascii() and " " not in candidate.key:
        leads = candidate.in_title or (candidate.alone_in_headings and candidate.count >= 8)
        return candidate.count >= 4 and bool(leads) and not is_general_noun(candidate.key, language)
    return bool(candidate.in_title or candidate.in_headings) and candidate.count >= 3


def _phrase_is_supported(candidate: Candidate, language: str, few: int, beginning: int) -> bool:
    if is_structural(candidate.key) or all(is_general_noun(word, language) for word in candidate.key.split(" ")):
        return False
    if any(found.is_solid and candidate.count > 2 * found.is_light for _, found in candidate.definitions):
        return True
    if candidate.in_title or candidate.in_headings:
        return candidate.count >= (few if beginning else 3)
    if candidate.emphasised and candidate.count >= 2:
        return True
    if beginning and candidate.count >= few and candidate.c_value > 1.5:
        return True
    return candidate.count >= 5 and candidate.c_value >= 6 and candidate.determined >= 2


def _word_is_supported(candidate: Candidate, language: str, length: int, beginning: int) -> bool:
    key, few = candidate.key, 2 if length < _SHORT else 3
    alone = candidate.count - candidate.nested
    if is_general_noun(key, language) or (language == "en" and is_verb_form(key)):
        return False
    if any(found.is_solid and candidate.count >= few + found.is_light for _, found in candidate.definitions):
        return True
    leads = bool(candidate.in_title or candidate.alone_in_headings)
    if language != "en":
        return leads and candidate.count >= 4 and not is_common(key, language, _COMMON_ALONE) and not key.isnumeric()
    if not _is_noun(candidate) or alone * 3 < candidate.count or alone < few or (key.endswith("ing") and not leads):
        return False
    if leads and beginning:
        return candidate.count > few and not is_common(key, language, _COMMON_LED)
    if leads or (candidate.in_headings and beginning):
        return candidate.count > few and not is_common(key, language, _COMMON_NAMED)
    if beginning and candidate.count > few and not is_common(key, language, _COMMON_ALONE):
        return True
    # The document turns on it: a countable thing, again and again.
    return alone >= 4 and alone * 10 >= length and candidate.countable >= 2 and not is_common(key, language, _COMMON_LED)


def _is_noun(candidate: Candidate) -> bool:
    """Whether a single English word is used as a noun, not as the first half of one ("recursive", "inherent")."""
    return candidate.nominal > 0 or candidate.key.endswith(_NOUN_ENDINGS) or candidate.has_plural


def _beginning(reading: Reading, candidate: Candidate) -> int:
    """How many sentences begin with the term."""
    texts = (reading.sentences[index].text for index in candidate.sentences)
    return sum(_begins(text.lower(), candidate.key) for text in texts if text.endswith("."))


def _begins(text: str, key: str) -> bool:
    article = _ARTICLE.match(text)
    return text.startswith(key, article.end() if article else 0)


def glossary_terms(reading: Reading, claims: list[str], found: dict[str, Candidate]) -> frozenset[str]:
    """The keys of what a glossary lists: its paragraphs begin with definitions. Empty for any other document."""
    opening = [index for index, sentence in enumerate(reading.sentences) if sentence.leads and claims[index]]
    listed = {
        key
        for key, candidate in found.items()
        if any(reading.sentences[index].leads and each.is_solid for index, each in candidate.definitions)
        and not (is_general_noun(key, reading.language) or is_structural(key))
    }
    return frozenset(listed) if len(listed) >= _LEAST_LISTED and len(listed) * 2 >= len(opening) else frozenset()
