"""Whether and where a sentence names a thing, and whether what names it is enough for a page.

Invariant: a name is found as whole words, in any form that the document has, a short form only as it is written ("MAP" is not in
"to map"). A page needs claims that name the thing; what only stands below its heading helps a page, and makes none.
"""

import re
from collections.abc import Sequence

from gitkb.compile.extractive.candidates import Candidate
from gitkb.model.documents import Claim
from gitkb.text.language.detect import function_words
from gitkb.text.language.word_classes import is_verb_form

_LONGEST_PHRASE, _MOST_BEFORE = 40, 2
OPENING = 5
"""A claim that has its name by this offset is about it: before the name there is room for an article only."""
_STEM, _SMALL = 5, 3
_LEADING, _CLEAR, _TELLING = 0.62, 0.78, 0.5
SAYS_WHAT = re.compile(
    r"(?:is|are|was|consists? of|includes?|contains?|provides?|allows?|enables?|supports?|uses?|means?|works?|requires?|"
    r"stores?|runs?|helps?|owns?|ist|sind|est|sont|es|son|è|sono|é|são|zijn)\b"
)
"""Verbs with which a sentence goes on that says what its subject is or does."""
MODAL = re.compile(r"\b(?:should|must|will|would|might|could|needs? to|has to|have to)\b")
_FEW, _SEVERAL = 2, 3


def position(candidate: Candidate, text: str) -> tuple[int, int]:
    """(start, end) of the first occurrence of the term in a text, in any of its forms; the end of the text twice if there is
    none."""
    low = text.lower()
    known = [at for name in _names(candidate) if (at := _found(low, text, name))]
    known += [at for short in candidate.shorts if (at := _found(text, text, short))]
    return min(known, default=(len(text), len(text)))


def leads(candidate: Candidate, text: str, language: str) -> bool:
    """Whether a sentence begins with the term, or with a phrase that the term is the head of: "The Harbour Union's lamp ..."."""
    at = position(candidate, text)[0]
    if at <= OPENING:
        return True
    if at > _LONGEST_PHRASE or at >= len(text):
        return False
    before = text[:at].replace("-", " ").split()
    if language == "en" and text[at].isupper() and " " not in candidate.key and before[-1][0].isupper() and before[-1].isalpha():
        return before[-1].lower() in function_words(language)  # a part of another name: "Terraform Cloud"
    known = function_words(language)
    return (
        len(before) <= _MOST_BEFORE + (language == "en")
        and not any(
            word.lower() in known or not word.isalnum() or (language == "en" and _is_verb(word.lower())) for word in before[1:]
        )
        and not _is_verb(before[0].lower() if language == "en" else "")
    )


def _is_verb(word: str) -> bool:
    return (is_verb_form(word) and not word.endswith("ed")) or word.endswith("ing")


def names(candidate: Candidate, text: str) -> bool:
    """Whether a text has the term or a short form of it, or of a term of three words and more the last two ("Access Points can
    ..." of "EFS Access Point")."""
    if position(candidate, text)[0] < len(text):
        return True
    words = candidate.key.split(" ")
    return len(words) > _FEW and _found(text.lower(), text, " ".join(words[-2:])) is not None


def touches(candidate: Candidate, text: str) -> bool:
    """Whether a text has a short form of the term, or at least half of its words in any form."""
    low = text.lower()
    words = [word for word in candidate.key.split(" ") if len(word) > _SMALL or word == candidate.key]
    found = sum(word[:_STEM] in low for word in words)
    return any(short in text for short in candidate.shorts) or (found > 0 and found * 2 >= len(words))


def is_about(candidate: Candidate, claims: Sequence[Claim], language: str, *, is_argument: bool) -> bool:
    """Whether what stands in a term's own part is enough for a page. In an argument ("3.2 Training data") a heading names a step
    as often as a thing, so more must name it there."""
    naming = [claim for claim in claims if claim.score >= _TELLING and names(candidate, claim.text)]
    leading = [claim for claim in naming if claim.score >= _LEADING and leads(candidate, claim.text, language)]
    if leading and not is_argument:
        return len(claims) >= _FEW or any(claim.score >= _CLEAR and not _is_duty(candidate, claim.text) for claim in leading)
    return len(naming) >= (_FEW if leading or not is_argument else _SEVERAL)


def _is_duty(candidate: Candidate, text: str) -> bool:
    """Whether a sentence says what its subject has to do, and not what it is or does."""
    return MODAL.match(text, position(candidate, text)[1] + 1) is not None


def _names(candidate: Candidate) -> set[str]:
    return {candidate.key, *(" ".join(form).lower() for form in candidate.forms)}


def _found(text: str, written: str, name: str) -> tuple[int, int] | None:
    """(start, end) of a name as whole words, the ending of a plural with it; `written` is the text with its capitals."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if not name[0].isascii():
            return at, end
        if (ending := _ending(written, at, end)) is not None:
            return at, end + len(ending)
        at = text.find(name, at + 1)
    return None


def _ending(text: str, at: int, end: int) -> str | None:
    """The ending of a plural behind a whole word, "" for none; None where the word goes on."""
    if at and text[at - 1].isalnum():
        return None
    for ending in ("", "s", "es"):
        after = text[end + len(ending) : end + len(ending) + 1]
        if text.startswith(ending, end) and not (after.isalnum() and after.isascii()):
            return ending
    return None
