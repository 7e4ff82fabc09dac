"""The concepts of one document: which of its candidates are worth a page, under which name, with which claims.

Invariant: a topic has at least one claim about it; at most `_MOST` topics (a glossary `_MOST_LISTED`), `_MOST_DEFINED` of them
defined, with at most `_MOST_CLAIMS` claims each. The choice rests on this document and on background word frequencies, on no
other document.
"""

from dataclasses import dataclass

from gitkb.compile.candidates import Candidate
from gitkb.compile.claims import claim_score
from gitkb.compile.naming import is_proper, topic_name
from gitkb.compile.reading import Reading
from gitkb.compile.support import glossary_terms, is_supported
from gitkb.model import Claim, Topic
from gitkb.text.boilerplate import points_elsewhere
from gitkb.text.frequencies import is_common
from gitkb.text.names import entity_type_of
from gitkb.text.wordclasses import has_general_head, is_general_noun

_MOST, _MOST_LISTED, _MOST_DEFINED, _MOST_CLAIMS = 12, 40, 3, 3
_COMMON = 5.0
"""Zipf frequency from which a single word is too common to be a term."""
_COMMON_CODE = 3.0
"""The same for identifiers: those that are ordinary words ("name", "self") name nothing outside of their program."""
_PROMINENT, _OFTEN = 2, 6
_ABOUT, _AT_LEAST, _GOOD = 0.5, 0.38, 0.66
_CJK = ("ja", "zh", "ko")


@dataclass(frozen=True, slots=True)
class _Choice:
    candidate: Candidate
    defined: bool
    weight: float
    claims: tuple[Claim, ...]


def concept_topics(reading: Reading, claims: list[str], found: dict[str, Candidate], *, is_subject: bool = True) -> list[Topic]:
    """The concepts, the weightiest first; `claims` holds for each sentence its text as a claim or "". A document that keeps house
    (`is_subject` false: a change log) has only those that it defines."""
    listed = glossary_terms(reading, claims, found)
    choices = [choice for candidate in found.values() if (choice := _choose(reading, claims, candidate, listed)) is not None]
    choices = [choice for choice in choices if is_subject or choice.defined]
    choices.sort(key=lambda choice: (-choice.weight, choice.candidate.key))
    topics: list[Topic] = []
    defined = 0
    for choice in choices[: _MOST_LISTED if listed else _MOST]:
        is_defined = choice.defined and defined < _MOST_DEFINED
        defined += is_defined
        topics.append(_topic(choice, is_defined, reading.language))
    return topics


def _choose(reading: Reading, claims: list[str], candidate: Candidate, listed: frozenset[str]) -> _Choice | None:
    is_listed = candidate.key in listed
    if candidate.count < 2 and not (is_listed or candidate.definitions or candidate.in_title or candidate.in_headings):
        return None  # said once in passing: most candidates, and nothing below would take one
    if not is_listed and not _is_eligible(candidate, reading.language):
        return None
    definition = _best_definition(reading, candidate)
    prominence = _prominence(reading, candidate, definition)
    defined = prominence >= _PROMINENT and definition is not None and _may_define(candidate, definition, reading.language)
    if not defined and not is_listed and not is_supported(reading, candidate):
        return None
    chosen = _claims_about(reading, claims, candidate, definition if defined else None)
    shown = candidate.in_title or candidate.in_headings or candidate.emphasised
    if not chosen or (not defined and not shown and max(claim.score for claim in chosen) < _GOOD):
        return None
    weight = min(1.0, prominence / 10 + min(candidate.c_value, 40.0) / 100 + (0.2 if defined else 0))
    return _Choice(candidate, defined, round(max(0.01, weight), 4), chosen)


def _is_eligible(candidate: Candidate, language: str) -> bool:
    solid = any(found.is_solid for _, found in candidate.definitions)
    leads = bool(candidate.in_title or candidate.alone_in_headings)
    if " " in candidate.key or language in _CJK:
        return candidate.count >= 1
    if candidate.count < (1 if leads and solid else 2):
        return False
    if language == "de" and not candidate.in_headings and not any(form[0][0].isupper() for form in candidate.forms):
        return False  # a noun would have its capital in the middle of a sentence too
    if any(found.is_code for _, found in candidate.definitions):
        if is_general_noun(candidate.key, language):
            return False
        limit = _COMMON_CODE + 1 if leads else _COMMON_CODE
        return (leads or candidate.count >= 3) and not is_common(candidate.key, language, limit)
    if is_general_noun(candidate.key, language) or is_common(candidate.key, language, _COMMON):
        return solid and leads
    return True


def _may_define(candidate: Candidate, definition: int, language: str) -> bool:
    """Whether a sentence of the form of a definition defines a term here: the count says that the document goes on about it."""
    _, found = candidate.definitions[definition]
    leads = bool(candidate.in_title or candidate.alone_in_headings)
    if found.is_definite and has_general_head(candidate.key, language):
        return False
    shown = bool(leads or candidate.in_headings or candidate.emphasised or candidate.count >= _OFTEN)
    if (found.is_light and not leads) or (language == "en" and not shown):
        return False
    return candidate.count >= (1 if candidate.in_title and found.is_solid else 2)


def _best_definition(reading: Reading, candidate: Candidate) -> int | None:
    """Which of the candidate's definitions is the best, by its position in the list."""

    def order(item: int) -> tuple[bool, bool, bool, int]:
        index, found = candidate.definitions[item]
        return (found.is_weak, found.is_definite, reading.sentences[index].is_item, index)

    return min(range(len(candidate.definitions)), key=order, default=None)


def _prominence(reading: Reading, candidate: Candidate, definition: int | None) -> int:
    """How much the document is about the term, by where it stands."""
    leads = bool(candidate.in_title or candidate.alone_in_headings)
    points = 2 * candidate.in_title + 2 * bool(candidate.alone_in_headings) + (candidate.in_headings > 0)
    points += (candidate.count >= 3) + (candidate.count >= 8) + (candidate.emphasised > 0)
    if definition is None:
        return points
    index, found = candidate.definitions[definition]
    sentence = reading.sentences[index]
    points += (sentence.rank < 2) + (sentence.section in candidate.sections) - 2 * found.is_definite
    points += any(" ".join(found.words).lower() in text.lower() for text in sentence.emphasised)
    if found.is_weak:
        opens = sentence.rank <= (5 if found.is_code else 1) and (candidate.in_title or sentence.section in candidate.sections)
        return points - 1 if opens and leads else 0
    return points


def _claims_about(reading: Reading, claims: list[str], candidate: Candidate, definition: int | None) -> tuple[Claim, ...]:
    """The best claims about the term in text order; `definition` is the position of the one that justifies the page."""
    defining = {index for index, found in candidate.definitions if not found.is_weak}
    if definition is not None:
        defining.add(candidate.definitions[definition][0])
    scored = [
        (_relevance(reading, candidate, index, claims[index], index in defining), index)
        for index in sorted({*candidate.sentences, *defining})
        if claims[index]
    ]
    scored.sort(key=lambda item: (-item[0], item[1]))
    least = _AT_LEAST if " " in candidate.key else _ABOUT
    best = [item for item in scored if item[0] >= _ABOUT][:_MOST_CLAIMS] or [item for item in scored[:1] if item[0] >= least]
    return tuple(
        Claim(text=claims[index], place=reading.place(reading.sentences[index]), score=round(score, 4), defines=index in defining)
        for score, index in sorted(best, key=lambda item: item[1])
    )


def _relevance(reading: Reading, candidate: Candidate, index: int, text: str, defines: bool) -> float:
    sentence = reading.sentences[index]
    score = claim_score(text, is_item=sentence.is_item, leads=sentence.leads)
    at = text.lower().find(candidate.key)
    share = at / len(text) if at >= 0 else 1.0
    score += 0.2 if share <= 0.1 else (0.05 if share <= 0.4 else -0.2)
    score += 0.05 if sentence.section in candidate.sections else 0
    if sentence.section >= 0 and points_elsewhere(reading.headings[sentence.section].title):
        score -= 0.4
    return max(0.0, min(1.0, score + (0.3 if defines else 0)))


def _topic(choice: _Choice, defined: bool, language: str) -> Topic:
    name = topic_name(choice.candidate, language)
    aliases = {alias for _, found in choice.candidate.definitions for alias in found.aliases}
    proper = is_proper(choice.candidate, language)
    return Topic(
        kind="entity" if proper else "concept",
        name=name,
        aliases=tuple(sorted(alias for alias in aliases if alias.lower() != name.lower())),
        entity_type=(entity_type_of(name) or "product") if proper else "",
        defined=defined,
        weight=choice.weight,
        claims=choice.claims,
    )
