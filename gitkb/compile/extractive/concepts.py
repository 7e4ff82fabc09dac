"""The concepts of one document: which candidates are worth a page, under which name, with which claims.

Invariant: depends on this document and on general word frequencies, on no other document. There are at most `_MOST` topics (of
a glossary `_MOST_LISTED`), `_MOST_DEFINED` of them defined; each has one to `_MOST_CLAIMS` claims. Names of English concepts are
in the singular with a capital first letter, proper names and identifiers as they are written.

A page is made where two documents support a term. So a term that is only repeated does not count: there must be a heading, a
link, a definition, or a sentence that can stand alone and begins with the term.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from gitkb.compile.extractive.candidates import COMMON_LED, Candidate, gerund_stems, least_count
from gitkb.compile.extractive.claims import claim_score, is_order
from gitkb.compile.extractive.definitions import find_definition
from gitkb.compile.extractive.naming import MODAL, SAYS_WHAT, leads, names, position
from gitkb.compile.extractive.own_parts import (
    agenda_claims,
    fragments_of,
    has_own_part,
    is_name_throughout,
    is_settled,
    own_claims,
    own_sentences,
)
from gitkb.compile.read_document import Reading
from gitkb.model.documents import Claim, Topic
from gitkb.text import word_lists
from gitkb.text.language.boilerplate import is_structural, points_elsewhere
from gitkb.text.language.inflection import german_base, german_key, singular
from gitkb.text.language.terms import term_key
from gitkb.text.language.word_classes import has_general_head, is_common, is_general_noun, is_verb_form
from gitkb.text.names.proper_names import UNTOLD, kind_of_name

_WITHOUT_CAPITALS = ("ja", "zh", "ko")
_CAPITAL_NOUNS = ("de", "ru")


_ORDINARY = 2.6
"""Zipf frequency from which a word stands in texts about anything, and is no part of a name alone."""


def is_proper(candidate: Candidate, language: str) -> bool:
    """Whether the document writes the term with capitals everywhere, so that it names one thing, not a kind of things."""
    if language in _WITHOUT_CAPITALS or language in _CAPITAL_NOUNS:
        return False
    if "_" in candidate.key or any(found.is_code for _, found in candidate.definitions):
        return False
    if _is_kind(candidate):
        return False
    if not candidate.forms:
        # A capital at the beginning of a sentence or line shows nothing; a noun that says what kind of thing it is does.
        if " " in candidate.key:
            named = any(all(word[0].isupper() for word in found.words) for _, found in candidate.definitions)
        else:
            named = any(found.is_singular and _is_unknown(found.words[0], language) for _, found in candidate.definitions)
        genera = tuple(found.genus for _, found in candidate.definitions)
        return named and kind_of_name(" ".join(candidate.definitions[0][1].words), genera) != UNTOLD
    words = [word for form in candidate.forms for word in form]
    if all(word.isupper() for word in words) or _is_of_ordinary_words(candidate, language):
        return False
    return all(word[0].isupper() for word in words) and all(len(form) > 1 or not form[0].isupper() for form in candidate.forms)


def _is_of_ordinary_words(candidate: Candidate, language: str) -> bool:
    """Whether a term of several words is capitals and nothing else that a name has ("Principal Component Analysis"): no word that
    only names have, and nothing that tells what is named so. Other documents write it in small letters."""
    words = candidate.key.split(" ")
    if len(words) < 2 or not all(word.isalpha() and is_common(word, language, _ORDINARY) for word in words):
        return False
    genera = tuple(found.genus for _, found in candidate.definitions)
    written, _ = max(candidate.forms.items(), key=lambda item: (item[1], item[0]))
    return kind_of_name(" ".join(written), genera) == UNTOLD


def _is_kind(candidate: Candidate) -> bool:
    """Whether a term with capitals names a kind of things nevertheless: "a Bloom filter", "B-trees", "Paxos is an algorithm"."""
    kinds = word_lists.words("terms", "en", "kinds")
    if any(found.is_countable or found.genus in kinds for _, found in candidate.definitions):
        return True
    if candidate.key[1:2] == "-" and candidate.key[2:].isalpha():
        return True
    return candidate.countable * 5 >= candidate.count > 0 and candidate.countable > 1


def topic_name(candidate: Candidate, language: str) -> str:
    """The term as the document writes it in the middle of a sentence."""
    if language in _WITHOUT_CAPITALS:
        shown = " ".join(candidate.written)
        return next((" ".join(found.words) for _, found in candidate.definitions), shown or candidate.key)
    if plural := _plural_name(candidate, language):
        return plural
    counted = _forms(candidate, language)
    if language == "de":
        return min(counted, key=lambda name: (not name[0].isupper(), len(name), -counted[name], name))
    lower = {name: count for name, count in counted.items() if name == name.lower()}
    written = lower if sum(lower.values()) * 3 >= sum(counted.values()) else counted
    best = min(written, key=lambda name: (-written[name], name))
    if not any(map(str.isupper, best[1:])) and (as_titled := _as_titled(candidate)):
        return as_titled
    if any(found.is_code for _, found in candidate.definitions) or _is_identifier(best.split(" ")[0]):
        return best
    return best[:1].upper() + best[1:]


def _as_titled(candidate: Candidate) -> str:
    """The term in the letters that its title or heading gives it, where these tell more than a capital at the beginning ("ARP",
    "qq-Plot"); else ""."""
    words = candidate.written
    if candidate.agenda and words[0].islower() and "-" in words[0]:
        return " ".join(words)  # "custom-page-sizes"
    is_shouted = len(words) > 1 and all(map(str.isupper, words))
    if not words or is_shouted or not any(any(map(str.isupper, word[1:])) for word in words):
        return ""
    shown = " ".join(words)
    return shown if term_key(words, "") == candidate.key else ""


def _plural_name(candidate: Candidate, language: str) -> str:
    """The term in the plural if it is a name of several words in the plural ("Batch Changes"), mostly written with capitals and
    hardly ever in the singular; else ""."""
    if language != "en" or " " not in candidate.key:
        return ""
    titled = {form: count for form, count in candidate.forms.items() if all(word[0].isupper() for word in form)}
    plurals = {form: count for form, count in titled.items() if singular(form[-1]) != form[-1]}
    if not plurals or sum(titled.values()) * 2 < sum(candidate.forms.values()):
        return ""
    if sum(plurals.values()) * 4 < sum(titled.values()) * 3:
        return ""
    best: tuple[str, ...] = min(plurals, key=lambda form: (-plurals[form], form))
    return " ".join(best)


def _forms(candidate: Candidate, language: str) -> dict[str, int]:
    forms = dict(candidate.forms) or {found.words: 1 for _, found in candidate.definitions}
    is_name = is_proper(candidate, language) or any(
        found.is_code or (found.is_singular and found.words[-1].endswith("s")) for _, found in candidate.definitions
    )
    counted: dict[str, int] = {}
    singulars = _german_singulars(forms) if language == "de" and not is_name else {}
    for form, count in forms.items():
        in_case = language == "de" and any(word[0].islower() for word in form[:-1])  # "Demonstration neuer Features"
        words = form if is_name or in_case else (*form[:-1], _base(form[-1], language))
        words = singulars.get(words, words)
        counted[" ".join(words)] = counted.get(" ".join(words), 0) + count
    return counted or {" ".join(_as_written(candidate)) or candidate.key: 1}


def _as_written(candidate: Candidate) -> tuple[str, ...]:
    """The words of a heading as the author writes them, but for a heading all in capitals."""
    words = candidate.written
    return tuple(map(str.lower, words)) if len(words) > 1 and all(map(str.isupper, words)) else words


def _german_singulars(forms: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The plurals among the forms of a German term, each with a singular that the text has, too."""
    by_key = {form[-1].lower(): form for form in forms}
    return {form: found for form in forms if (found := by_key.get(german_key(german_base(form[-1])))) and found != form}


def _base(word: str, language: str) -> str:
    return singular(word) if language == "en" else german_base(word) if language == "de" else word


def _is_identifier(name: str) -> bool:
    return "_" in name or any(c.isupper() or c.isdigit() for c in name[1:])


def _is_unknown(word: str, language: str) -> bool:
    return word[0].isupper() and not word.isupper() and not is_common(word, language, 0.1)


GOOD = 0.66
"""Claims with this score or more say something about their topic: a page without a definition needs some of them."""
_COMMON_NAMED, _COMMON_ALONE = 4.4, 4.0
"""Zipf frequencies from which a single word is too common to be a term: in part of a heading; in the text only."""
_LEAST_LISTED = 5
_ARTICLE = re.compile(
    r"(?:an?|the|each|every|any|all|most|some|many|eine?|der|die|das|une?|les?|la|des|el|los|las|una|uno|il|lo|gli|i|os?|as?|"
    r"uma?|een|de|het) |l['’]",
    re.I,
)
_NOUN_ENDINGS = ("tion", "sion", "ment", "ity", "ness", "ship", "ism", "ance", "ence", "ing", "sis")
_CJK = ("ja", "zh", "ko")


def is_supported(reading: Reading, candidate: Candidate) -> bool:
    """Whether a document that does not define a term speaks of it."""
    if reading.language in _CJK:
        return _is_supported_without_blanks(candidate, reading.language)
    length = len(reading.sentences)
    if " " in candidate.key:
        return _phrase_is_supported(candidate, reading.language, least_count(length), _beginning(reading, candidate))
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
        return candidate.count >= (1 if candidate.is_subject else few if beginning else 3)
    if candidate.emphasised:
        return candidate.count >= (1 if beginning else 2)
    if candidate.shorts and candidate.count >= 2:
        return True
    if beginning and candidate.count >= few and candidate.c_value > 1.5:
        return True
    return candidate.count >= 5 and candidate.c_value >= 6 and candidate.determined >= 2


def _word_is_supported(candidate: Candidate, language: str, length: int, beginning: int) -> bool:
    key, few = candidate.key, least_count(length)
    alone = candidate.count - candidate.nested
    if is_general_noun(key, language) or (language == "en" and is_verb_form(key)):
        return False
    if any(found.is_solid and candidate.count >= few + found.is_light for _, found in candidate.definitions):
        return True
    leads = bool(candidate.in_title or candidate.alone_in_headings)
    if language != "en":
        often = leads or (language == "de" and beginning > 0 and candidate.count >= 2 * few)
        limit = COMMON_LED if language == "de" else _COMMON_ALONE  # capitals have shown already which German words are nouns
        return often and candidate.count >= 4 and not is_common(key, language, limit) and not key.isnumeric()
    if not _is_noun(candidate) or alone * 3 < candidate.count or alone < few or (key.endswith("ing") and not leads):
        return False
    if leads and beginning:
        return candidate.count > few and not is_common(key, language, COMMON_LED)
    if leads or (candidate.in_headings and beginning):
        return candidate.count > few and not is_common(key, language, _COMMON_NAMED)
    if beginning and candidate.count > few and not is_common(key, language, _COMMON_ALONE):
        return True
    # The document speaks of it again and again as of a thing that can be counted.
    return alone >= 4 and alone * 10 >= length and candidate.countable >= 2 and not is_common(key, language, COMMON_LED)


def _is_noun(candidate: Candidate) -> bool:
    """Whether a single English word is used as a noun, not as the first half of one ("recursive", "inherent")."""
    return candidate.nominal > 0 or candidate.key.endswith(_NOUN_ENDINGS) or candidate.has_plural


def _beginning(reading: Reading, candidate: Candidate) -> int:
    """How many sentences begin with the term."""
    texts = (reading.sentences[index].text for index in candidate.sentences)
    names = (candidate.key, *(short.lower() for short in candidate.shorts))
    return sum(_bare_beginning(text).startswith(names) for text in texts if text.endswith("."))


@lru_cache(maxsize=5_000)
def _bare_beginning(text: str) -> str:
    """A sentence in small letters without an article at its beginning."""
    low = text.lower()
    article = _ARTICLE.match(low)
    return low[article.end() :] if article else low


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


_MOST, _MOST_LISTED, _MOST_DEFINED, _MOST_CLAIMS = 20, 40, 12, 3
_COMMON = 5.0
"""Zipf frequency from which a single word is too common to be a term."""
_COMMON_CODE = 3.0
"""The same for identifiers: those that are ordinary words ("name", "self") name nothing outside of their program."""
_PROMINENT, _OFTEN = 2, 6
_ABOUT, _AT_LEAST, _TELLING = 0.5, 0.38, 0.55
_FEW_CLAIMS = 2
_GOOD_ALONE, _DWELT_ON = 0.74, 4
"""The score from which so many claims of one document make a page of what it neither defines nor has a heading for."""


class _Choice(Struct, frozen=True):
    candidate: Candidate
    defined: bool
    has_part: bool
    weight: float
    claims: tuple[Claim, ...]


def concept_topics(
    reading: Reading, claims: list[str], found: dict[str, Candidate], fragments: Mapping[int, str], *, is_subject: bool = True
) -> list[Topic]:
    """The concepts, the weightiest first; `claims` holds for each sentence its text as a claim or "", `fragments` those that say
    something only with their context. A document that keeps house (`is_subject` false: a change log) has only those that a
    sentence of it defines: what its lists name are mostly people who changed something."""
    listed = glossary_terms(reading, claims, found)
    choices = [
        choice for candidate in found.values() if (choice := _choose(reading, claims, candidate, listed, fragments)) is not None
    ]
    choices = [choice for choice in choices if is_subject or (choice.defined and _is_told(choice.candidate))]
    named = {choice.candidate.key for choice in choices if choice.defined}
    choices = [choice for choice in choices if not named.intersection(gerund_stems(choice.candidate.key, reading.language))]
    choices.sort(key=lambda choice: (-choice.weight, choice.candidate.key))
    topics: list[Topic] = []
    defined = 0
    most = _MOST_LISTED if listed else _MOST_DEFINED
    for choice in _within_limits(choices, bool(listed)):
        # What the author gives parts of their own is as much as the author gave.
        is_defined = choice.has_part or (choice.defined and defined < most)
        defined += is_defined and not choice.has_part
        topics.append(_topic(choice, is_defined, reading.language))
    return topics


def _is_told(candidate: Candidate) -> bool:
    """Whether a sentence defines a term, and not the layout of a list alone, whose claim is put together."""
    return any(not found.claim for _, found in candidate.definitions)


def _within_limits(choices: list[_Choice], is_glossary: bool) -> list[_Choice]:
    """The weightiest of what is chosen, and of what has parts of its own many more."""
    parts = [choice for choice in choices if choice.has_part][:_MOST_LISTED]
    others = [choice for choice in choices if not choice.has_part][: _MOST_LISTED if is_glossary else _MOST]
    kept = {id(choice) for choice in (*parts, *others)}
    return [choice for choice in choices if id(choice) in kept]


def _choose(
    reading: Reading, claims: list[str], candidate: Candidate, listed: frozenset[str], fragments: Mapping[int, str]
) -> _Choice | None:
    is_listed = candidate.key in listed
    shown = bool(candidate.in_title or candidate.in_headings or candidate.emphasised or candidate.agenda)
    if candidate.count < 2 and not (is_listed or candidate.definitions or shown or candidate.shorts):
        return None  # Most candidates are mentioned once only, and none of the rules below would accept one of these.
    has_part = has_own_part(reading, candidate)
    if not is_listed and not has_part and not candidate.agenda and not _is_eligible(candidate, reading.language):
        return None
    definition = _best_definition(reading, candidate)
    prominence = _prominence(reading, candidate, definition)
    defined = definition is not None and (
        is_listed or (prominence >= _PROMINENT and _may_define(candidate, definition, reading.language))
    )
    if not defined and not has_part and not candidate.agenda and not is_supported(reading, candidate):
        return None
    own = own_sentences(reading, candidate) if has_part else frozenset()
    chosen = _claims_about(reading, claims, candidate, definition if defined else None, own)
    if candidate.agenda:
        chosen = (*agenda_claims(reading, candidate), *[claim for claim in chosen if claim.score >= GOOD][:1])
    if has_part and len(chosen) < _FEW_CLAIMS:
        chosen = (*chosen, *fragments_of(reading, candidate, own, fragments))
    if not defined and not has_part:
        defined = _dwells_on(candidate, chosen, reading.language) or _is_introduced(candidate, chosen, reading.language)
    if not defined and has_part:
        defined = is_settled(reading, candidate, chosen) or _is_introduced(candidate, chosen, reading.language)
        titles_deck = reading.is_deck and candidate.is_subject
        if not defined and not titles_deck and not is_supported(reading, candidate):
            return None
    if not chosen or (not defined and not shown and max(claim.score for claim in chosen) < _TELLING):
        return None
    weight = min(1.0, prominence / 10 + min(candidate.c_value, 40.0) / 100 + (0.2 if defined else 0))
    return _Choice(candidate, defined, defined and has_part, round(max(0.01, weight), 4), chosen)


def _dwells_on(candidate: Candidate, chosen: tuple[Claim, ...], language: str) -> bool:
    """Whether a document goes on about a term of several words, or a set-off one: good claims, all of which begin with it."""
    if candidate.count < _DWELT_ON or not (" " in candidate.key or candidate.emphasised or candidate.shorts):
        return False
    telling = [claim for claim in chosen if claim.score >= _GOOD_ALONE and leads(candidate, claim.text, language)]
    return len(telling) >= _MOST_CLAIMS


def _is_introduced(candidate: Candidate, chosen: tuple[Claim, ...], language: str) -> bool:
    """Whether the author gives a term a short form, goes on to use it, and says something good of it."""
    if not candidate.shorts or candidate.count < _OFTEN:
        return False
    telling = [claim for claim in chosen if claim.score >= _TELLING and position(candidate, claim.text)[0] < len(claim.text)]
    is_good = any(claim.score >= GOOD and leads(candidate, claim.text, language) for claim in telling)
    return is_good and len(telling) >= (1 if candidate.in_title or candidate.in_headings else _FEW_CLAIMS)


def _is_eligible(candidate: Candidate, language: str) -> bool:
    solid = any(found.is_solid for _, found in candidate.definitions)
    leads = bool(candidate.in_title or candidate.alone_in_headings)
    if " " in candidate.key or language in _CJK:
        return candidate.count >= 1 or any(found.claim for _, found in candidate.definitions)
    if any(found.claim and not found.is_light for _, found in candidate.definitions):
        return True  # the text marks it as a term and gives its meaning
    if candidate.count < (1 if leads and solid else 2):
        return False
    if language == "de" and not (solid and leads) and not any(form[0][0].isupper() for form in candidate.forms):
        return False  # a German noun would have its capital in the middle of a sentence, too
    if any(found.is_code for _, found in candidate.definitions):
        if is_general_noun(candidate.key, language):
            return False
        limit = _COMMON_CODE + 1 if leads else _COMMON_CODE
        return (leads or candidate.count >= 3) and not is_common(candidate.key, language, limit)
    if is_general_noun(candidate.key, language) or is_common(candidate.key, language, _COMMON):
        return solid and leads
    return True


def _may_define(candidate: Candidate, definition: int, language: str) -> bool:
    """Whether a sentence that has the form of a definition counts as one: only if the document shows in other ways, too, that
    it is about the term (in headings, by emphasis, by repetition)."""
    _, found = candidate.definitions[definition]
    leads = bool(candidate.in_title or candidate.alone_in_headings)
    led = (leads or candidate.in_headings) and not has_general_head(candidate.key, language)
    if found.is_definite and not (candidate.shorts or led or is_name_throughout(candidate, language)):
        return False
    if found.claim:
        return not found.is_light or (leads and candidate.count >= 2) or candidate.count >= 4
    shown = bool(leads or candidate.in_headings or candidate.emphasised or candidate.shorts or candidate.count >= _OFTEN)
    if (found.is_light and not leads) or (language == "en" and not shown):
        return False
    return candidate.count >= (
        1 if (candidate.in_title or candidate.alone_in_headings or candidate.shorts) and found.is_solid else 2
    )


def _best_definition(reading: Reading, candidate: Candidate) -> int | None:
    """The index of the best of the candidate's definitions."""

    def order(item: int) -> tuple[bool, bool, bool, bool, bool, int]:
        index, found = candidate.definitions[item]
        return (found.is_weak, found.is_light, found.is_definite, bool(found.claim), reading.sentences[index].is_item, index)

    return min(range(len(candidate.definitions)), key=order, default=None)


def _prominence(reading: Reading, candidate: Candidate, definition: int | None) -> int:
    """How much the document is about the term, by where it stands."""
    leads = bool(candidate.in_title or candidate.alone_in_headings)
    points = 2 * candidate.in_title + 2 * bool(candidate.alone_in_headings) + (candidate.in_headings > 0)
    points += (candidate.count >= 3) + (candidate.count >= 8) + (candidate.emphasised > 0) + 2 * candidate.is_subject
    if definition is None:
        return points
    index, found = candidate.definitions[definition]
    sentence = reading.sentences[index]
    points += (sentence.rank < 2) + (sentence.section in candidate.sections) - 2 * found.is_definite
    points += any(" ".join(found.words).lower() in text.lower() for text in sentence.emphasised)
    points += 2 * bool(found.claim and not found.is_light) + 2 * bool(candidate.shorts)
    if found.is_weak:
        opens = sentence.rank <= (5 if found.is_code else 1) and (candidate.in_title or sentence.section in candidate.sections)
        return points - 1 if opens and leads else 0
    return points


def _claims_about(
    reading: Reading, claims: list[str], candidate: Candidate, definition: int | None, own: frozenset[int]
) -> tuple[Claim, ...]:
    """The best claims about the term in text order; `definition` is the position of the one that justifies the page, `own` are
    the sentences of parts that are about it."""
    leads = candidate.in_title or candidate.in_headings or candidate.shorts or is_name_throughout(candidate, reading.language)
    defining = {
        index
        for index, found in candidate.definitions
        if not (found.is_weak or found.is_light or (found.is_definite and not leads))  # "The dataset is a mixture of ..."
    }
    if definition is not None:
        defining.add(candidate.definitions[definition][0])
    told = own_claims(reading, candidate, claims, own)
    texts = {index: claims[index] for index in {*candidate.sentences} - own if claims[index]}
    for index, each in told.items():
        texts[index] = each.text
        sentence = reading.sentences[index]
        found = None if claims[index] or sentence.speaker else find_definition(sentence.text, reading.language)
        if each.defines or (found is not None and found.key == candidate.key and not found.is_weak):
            defining.add(index)
    for index, found in candidate.definitions:
        if index in defining and (found.claim or claims[index]):
            texts[index] = found.claim or claims[index]
    scored = [
        (_relevance(reading, candidate, index, text, index in defining, index in own), index)
        for index, text in sorted(texts.items())
    ]
    scored.sort(key=lambda item: (-item[0], item[1]))
    least = _AT_LEAST if " " in candidate.key else _ABOUT
    best = [item for item in scored if item[0] >= _ABOUT][:_MOST_CLAIMS] or [item for item in scored[:1] if item[0] >= least]
    if candidate.leads_title and len(best) < _FEW_CLAIMS:
        named = [item for item in scored if item[0] >= _AT_LEAST and item not in best and names(candidate, texts[item[1]])]
        best = [*best, *named[:_FEW_CLAIMS]]
    if own and not any(names(candidate, texts[index]) for _, index in best):
        named = [item for item in scored if item[0] >= _AT_LEAST and names(candidate, texts[item[1]])]
        best = [*named[:1], *best[: _MOST_CLAIMS - 1]]
    return tuple(
        reading.claim(
            index,
            texts[index] + (told[index].more if index in told else ""),
            round(score, 4),
            defines=index in defining,
            quote=told[index].quote if index in told else "",
        )
        for score, index in sorted(best, key=lambda item: item[1])
    )


# A sentence that gives an order or speaks of one case says little about the thing itself.
_ORDERS = re.compile(
    r"\b(?:please|make sure|refer to|follow (?:these|the) steps|check out|see|let us know|reach out|feel free|click)\b", re.I
)
_LED_IN = re.compile(
    r"(?:if|when|once|after|before|during|while|due to|unless|until|as|since|because|to|for|with|from|at|on|note|due)\b", re.I
)
_CAPTION = re.compile(
    r"\b(?:results|performance|comparison) (?:on|of|with|for|using) |^(?:Left|Right|Top|Bottom|Figure|Fig)\b|^Examples? of "
)
_PRAISES = re.compile(
    r"\b(?:is|are) (?:also |very )?(?:critical|crucial|important|essential|vital|key|imperative)(?: (?:to|for|in|that)\b|\.$)"
)
_LABEL = re.compile(r"[^:.]{2,40}: ")
"""What a claim is called that stands in a list of several ("Bounce rates: ...")."""


def _relevance(reading: Reading, candidate: Candidate, index: int, text: str, defines: bool, is_own: bool) -> float:
    """How much a claim says of the term: most where the term is what the sentence is about."""
    sentence = reading.sentences[index]
    score = _manner(text, sentence.is_item, sentence.leads)
    at, end = position(candidate, text)
    if is_leading := leads(candidate, text, reading.language):
        score += 0.2 if SAYS_WHAT.match(text, end + 1) else 0.14
    else:
        score += 0.05 if is_own else -0.05 if at * 5 <= len(text) * 2 else -0.2
    score += 0.1 if is_own else 0
    score -= 0.2 if sentence.kind == "row" and not is_leading else 0
    if text.startswith(" The ", end):
        score -= 0.5  # a heading that ran into its text
    score -= 0.3 if text.startswith(" to ", end) else 0  # "FM-index to constrain decoding ...": a line of a list, cut off
    score -= 0.25 if not is_leading and (label := _LABEL.match(text)) and not names(candidate, label[0]) else 0
    score -= 0.3 if text[0].islower() and not defines and not _is_identifier(text.split(" ", 1)[0]) else 0
    score += 0.05 if sentence.section in candidate.sections else 0
    if sentence.section >= 0 and points_elsewhere(reading.headings[sentence.section].title):
        score -= 0.4
    return max(0.0, min(1.0, score + (0.3 if defines else 0)))


@lru_cache(maxsize=5_000)
def _manner(text: str, is_item: bool, leads: bool) -> float:
    """How good a text is as a claim about anything, 0..1: a caption, an order or a duty says little about a thing."""
    score = claim_score(text, is_item=is_item, leads=leads)
    score -= (0.1 if _ORDERS.search(text) else 0) + (0.06 if MODAL.search(text) else 0)
    score -= 0.25 if is_order(text) else 0
    score -= 0.2 if _PRAISES.search(text) else 0
    score -= (0.05 if _LED_IN.match(text) else 0) + (0.2 if _CAPTION.search(text) else 0)
    return score


def _topic(choice: _Choice, defined: bool, language: str) -> Topic:
    name = topic_name(choice.candidate, language)
    aliases = {alias for _, found in choice.candidate.definitions for alias in found.aliases} | choice.candidate.shorts
    proper = is_proper(choice.candidate, language)
    return Topic(
        kind="entity" if proper else "concept",
        name=name,
        aliases=tuple(sorted(alias for alias in aliases if alias.lower() != name.lower())),
        entity_type=kind_of_name(name, tuple(found.genus for _, found in choice.candidate.definitions)) if proper else "",
        defined=defined,
        weight=choice.weight,
        claims=choice.claims,
    )
