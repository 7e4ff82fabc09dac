"""The concepts of one document: which of its candidates are worth a page, under which name, with which claims.

Invariant: a topic has at least one claim about it; at most `_MOST` topics, `_MOST_DEFINED` of them defined, with at most
`_MOST_CLAIMS` claims each. The choice rests on this document and on background word frequencies, on no other document.
"""

from dataclasses import dataclass

from gitkb.compile.candidates import Candidate
from gitkb.compile.claims import claim_score
from gitkb.compile.reading import Reading
from gitkb.model import Claim, Topic
from gitkb.text.names import entity_type_of
from gitkb.text.phrases import singular
from gitkb.text.wordclasses import is_general_noun

_MOST, _MOST_DEFINED, _MOST_CLAIMS = 12, 3, 3
_COMMON = 5.0
"""Zipf frequency (log10 per 10^9 words) from which a single word is too common to be a term."""
_COMMON_CODE = 4.0
"""The same for identifiers: those that are ordinary words ("name", "self") name nothing outside of their program."""
_PROMINENT = 2
_CJK = ("ja", "zh", "ko")


@dataclass(frozen=True, slots=True)
class _Choice:
    candidate: Candidate
    defined: bool
    weight: float
    claims: tuple[Claim, ...]


def concept_topics(reading: Reading, claims: list[str], found: dict[str, Candidate]) -> list[Topic]:
    """The concepts, the weightiest first; `claims` holds for each sentence its text as a claim or ""."""
    choices = [choice for candidate in found.values() if (choice := _choose(reading, claims, candidate)) is not None]
    choices.sort(key=lambda choice: (-choice.weight, choice.candidate.key))
    kept: list[Topic] = []
    defined = 0
    for choice in choices:
        if any(_covers(topic.name, choice.candidate.key) for topic in kept):
            continue
        is_defined = choice.defined and defined < _MOST_DEFINED
        defined += is_defined
        if len(kept) < _MOST:
            kept.append(_topic(choice, is_defined, reading.language))
    return kept


def _covers(name: str, key: str) -> bool:
    return name.lower() == key


def _choose(reading: Reading, claims: list[str], candidate: Candidate) -> _Choice | None:
    if not _is_eligible(candidate, reading.language):
        return None
    definition = _best_definition(reading, candidate)
    prominence = _prominence(reading, candidate, definition)
    chosen = _claims_about(reading, claims, candidate)
    defined = prominence >= _PROMINENT and definition is not None
    if not chosen or (not defined and not _is_supported(candidate)):
        return None
    weight = min(1.0, prominence / 10 + min(candidate.c_value, 40.0) / 100 + (0.2 if defined else 0))
    return _Choice(candidate, defined, round(max(0.01, weight), 4), chosen)


def _is_eligible(candidate: Candidate, language: str) -> bool:
    words = candidate.key.split(" ")
    proposed = bool(candidate.in_title or candidate.in_headings or candidate.definitions)
    if len(words) > 1 or language in _CJK:
        return candidate.count >= (2 if proposed else 4)
    if not proposed or candidate.count < 2:
        return False
    solid = [found for _, found in candidate.definitions if not found.is_weak and not found.is_definite]
    if any(found.is_code for found in solid):
        return candidate.count >= 3 and not _is_common(words[0], language, _COMMON_CODE)
    if is_general_noun(words[0], language) or _is_common(words[0], language, _COMMON):
        return bool(solid) and bool(candidate.in_title or candidate.alone_in_headings)
    return True


def _is_common(word: str, language: str, limit: float) -> bool:
    import wordfreq

    if language not in ("en", "de", "fr", "es", "it", "pt", "nl", "ru"):
        return False
    return wordfreq.zipf_frequency(word, language, wordlist="small") >= limit


def _best_definition(reading: Reading, candidate: Candidate) -> int | None:
    def order(item: int) -> tuple[bool, bool, bool, int]:
        index, definition = candidate.definitions[item]
        sentence = reading.sentences[index]
        return (definition.is_weak, definition.is_definite, sentence.is_item, index)

    if not candidate.definitions:
        return None
    return min(range(len(candidate.definitions)), key=order)


def _prominence(reading: Reading, candidate: Candidate, definition: int | None) -> int:
    """How much the document is about the term, by where it stands."""
    points = 2 * candidate.in_title + 2 * bool(candidate.alone_in_headings) + (candidate.in_headings > 0)
    points += (candidate.count >= 3) + (candidate.count >= 8) + (candidate.emphasised > 0)
    if definition is not None:
        index, found = candidate.definitions[definition]
        sentence = reading.sentences[index]
        points += (sentence.rank < 2) + (sentence.section in candidate.sections) - 2 * found.is_definite
        if found.is_weak:
            opens = sentence.rank == 0 and (candidate.in_title or sentence.section in candidate.sections)
            points -= 1 if opens and (candidate.in_title or candidate.alone_in_headings) else 4
        points += any(" ".join(found.words).lower() in text.lower() for text in sentence.emphasised)
    return points


def _is_supported(candidate: Candidate) -> bool:
    """Whether a term that the document does not define is still one of its subjects."""
    if " " not in candidate.key:
        return not is_general_noun(candidate.key, "en") and candidate.count >= 4 and bool(candidate.in_title or candidate.alone_in_headings)
    if candidate.in_title or candidate.in_headings:
        return candidate.count >= 3
    return candidate.count >= 5 and candidate.c_value >= 6 and candidate.determined >= 2


def _claims_about(reading: Reading, claims: list[str], candidate: Candidate) -> tuple[Claim, ...]:
    defining = {index for index, found in candidate.definitions if not found.is_weak} or {index for index, _ in candidate.definitions[:1]}
    scored = []
    for index in sorted({*candidate.sentences, *defining}):
        text = claims[index]
        if text:
            scored.append((_relevance(reading, candidate, index, text, index in defining), index))
    best = sorted((item for item in scored if item[0] >= 0.5), key=lambda item: (-item[0], item[1]))[:_MOST_CLAIMS]
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
    return max(0.0, min(1.0, score + (0.3 if defines else 0)))


def _topic(choice: _Choice, defined: bool, language: str) -> Topic:
    name = _name(choice.candidate, language)
    aliases = {alias for _, definition in choice.candidate.definitions for alias in definition.aliases}
    proper = _is_proper(choice.candidate, language)
    return Topic(
        kind="entity" if proper else "concept",
        name=name,
        aliases=tuple(sorted(alias for alias in aliases if alias.lower() != name.lower())),
        entity_type=(entity_type_of(name) or "product") if proper else "",
        defined=defined,
        weight=choice.weight,
        claims=choice.claims,
    )


def _is_proper(candidate: Candidate, language: str) -> bool:
    """Whether the document writes the term with capitals wherever it stands: the name of one thing, not of a kind."""
    if language in (*_CJK, "de", "ru"):
        return False
    if not candidate.forms:
        word = candidate.key
        return " " not in word and bool(candidate.definitions) and _is_unknown_name(candidate.definitions[0][1].words[0], language)
    return all(word[0].isupper() and (len(form) > 1 or not word.isupper()) for form in candidate.forms for word in form) and not all(
        word.isupper() for form in candidate.forms for word in form
    )


def _is_unknown_name(word: str, language: str) -> bool:
    return word[0].isupper() and not word.isupper() and not _is_common(word.lower(), language, 0.1)


def _name(candidate: Candidate, language: str) -> str:
    """The term as the document writes it in the middle of a sentence, in the singular, with a capital first letter."""
    if language in _CJK:
        return next((" ".join(d.words) for _, d in candidate.definitions), candidate.key)
    forms = candidate.forms or {definition.words: 1 for _, definition in candidate.definitions}
    counted: dict[str, int] = {}
    plural = language == "en" and not _is_proper(candidate, language) and not any(found.is_singular for _, found in candidate.definitions)
    for form, count in forms.items():
        words = (*form[:-1], singular(form[-1])) if plural else form
        counted[" ".join(words)] = counted.get(" ".join(words), 0) + count
    if not counted:
        counted = {candidate.key: 1}
    lower = {name: count for name, count in counted.items() if name == name.lower()}
    written = lower if sum(lower.values()) * 3 >= sum(counted.values()) else counted
    best = min(written, key=lambda name: (-written[name], name))
    if any(found.is_code for found in solid):
        return candidate.count >= 3 and not _is_common(words[0], language, _COMMON_CODE)
    if is_general_noun(words[0], language) or _is_common(words[0], language, _COMMON):
        return bool(solid) and bool(candidate.in_title or candidate.alone_in_headings)
    return True


def _is_common(word: str, language: str, limit: float) -> bool:
    import wordfreq

    if language not in ("en", "de", "fr", "es", "it", "pt", "nl", "ru"):
        return False
    return wordfreq.zipf_frequency(word, language, wordlist="small") >= limit


def _best_definition(reading: Reading, candidate: Candidate) -> int | None:
    def order(item: int) -> tuple[bool, bool, bool, int]:
        index, definition = candidate.definitions[item]
        sentence = reading.sentences[index]
        return (definition.is_weak, definition.is_definite, sentence.is_item, index)

    if not candidate.definitions:
        return None
    return min(range(len(candidate.definitions)), key=order)


def _prominence(reading: Reading, candidate: Candidate, definition: int | None) -> int:
    """How much the document is about the term, by where it stands."""
    points = 2 * candidate.in_title + 2 * bool(candidate.alone_in_headings) + (candidate.in_headings > 0)
    points += (candidate.count >= 3) + (candidate.count >= 8) + (candidate.emphasised > 0)
    if definition is not None:
        index, found = candidate.definitions[definition]
        sentence = reading.sentences[index]
        points += (sentence.rank < 2) + (sentence.section in candidate.sections) - 2 * found.is_definite
        if found.is_weak:
            opens = sentence.rank == 0 and (candidate.in_title or sentence.section in candidate.sections)
            points -= 1 if opens and (candidate.in_title or candidate.alone_in_headings) else 4
        points += any(" ".join(found.words).lower() in text.lower() for text in sentence.emphasised)
    return points


def _is_supported(candidate: Candidate) -> bool:
    """Whether a term that the document does not define is still one of its subjects."""
    if " " not in candidate.key:
        return not is_general_noun(candidate.key, "en") and candidate.count >= 4 and bool(candidate.in_title or candidate.alone_in_headings)
    if candidate.in_title or candidate.in_headings:
        return candidate.count >= 3
    return candidate.count >= 5 and candidate.c_value >= 6 and candidate.determined >= 2


def _claims_about(reading: Reading, claims: list[str], candidate: Candidate) -> tuple[Claim, ...]:
    defining = {index for index, found in candidate.definitions if not found.is_weak} or {index for index, _ in candidate.definitions[:1]}
    scored = []
    for index in sorted({*candidate.sentences, *defining}):
        text = claims[index]
        if text:
            scored.append((_relevance(reading, candidate, index, text, index in defining), index))
    best = sorted((item for item in scored if item[0] >= 0.5), key=lambda item: (-item[0], item[1]))[:_MOST_CLAIMS]
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
    return max(0.0, min(1.0, score + (0.3 if defines else 0)))


def _topic(choice: _Choice, defined: bool, language: str) -> Topic:
    name = _name(choice.candidate, language)
    aliases = {alias for _, definition in choice.candidate.definitions for alias in definition.aliases}
    proper = _is_proper(choice.candidate, language)
    return Topic(
        kind="entity" if proper else "concept",
        name=name,
        aliases=tuple(sorted(alias for alias in aliases if alias.lower() != name.lower())),
        entity_type=(entity_type_of(name) or "product") if proper else "",
        defined=defined,
        weight=choice.weight,
        claims=choice.claims,
    )


def _is_proper(candidate: Candidate, language: str) -> bool:
    """Whether the document writes the term with capitals wherever it stands: the name of one thing, not of a kind."""
    if language in (*_CJK, "de", "ru"):
        return False
    if not candidate.forms:
        word = candidate.key
        return " " not in word and bool(candidate.definitions) and _is_unknown_name(candidate.definitions[0][1].words[0], language)
    return all(word[0].isupper() and (len(form) > 1 or not word.isupper()) for form in candidate.forms for word in form) and not all(
        word.isupper() for form in candidate.forms for word in form
    )


def _is_unknown_name(word: str, language: str) -> bool:
    return word[0].isupper() and not word.isupper() and not _is_common(word.lower(), language, 0.1)


def _name(candidate: Candidate, language: str) -> str:
    """The term as the document writes it in the middle of a sentence, in the singular, with a capital first letter."""
    if language in _CJK:
        return next((" ".join(d.words) for _, d in candidate.definitions), candidate.key)
    forms = candidate.forms or {definition.words: 1 for _, definition in candidate.definitions}
    counted: dict[str, int] = {}
    for form, count in forms.items():
        plural = language == "en" and not _is_proper(candidate, language)
        words = (*form[:-1], singular(form[-1])) if plural else form
        counted[" ".join(words)] = counted.get(" ".join(words), 0) + count
    if not counted:
        counted = {candidate.key: 1}
    lower = [name for name in counted if name == name.lower()]
    best = min(lower or counted, key=lambda name: (-counted[name], name))
    if any(found.is_code for _, found in candidate.definitions):
        return best
    return best[:1].upper() + best[1:] if best[1:2] != best[1:2].upper() or not best[1:2].isalpha() else best
