"""Words that are no function words and yet name no topic, and how common a word is in its language.

Invariant: lower case; verbs are listed as base forms and inflected here. `breaks_run` says what ends a run of nouns,
`is_general_noun` what is no topic by itself. English has all classes; other languages have the general nouns that matter most. A
language without a list has no common words.
"""

from functools import cache, lru_cache

from gitkb.text import word_lists
from gitkb.text.language.frequency import zipf


def _english(section: str) -> frozenset[str]:
    return word_lists.words("word_classes", "en", section)


@lru_cache(maxsize=256)
def _general_nouns(language: str) -> frozenset[str]:
    return word_lists.words("word_classes", language, "general nouns")


def _inflect(base: str) -> tuple[str, ...]:
    third = base + ("es" if base.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")
    if base.endswith("e"):
        return base, third, base + "d", base[:-1] + "ing"
    if base.endswith("y") and base[-2] not in "aeou":
        return base, base[:-1] + "ies", base[:-1] + "ied", base + "ing"
    doubled = (
        base + base[-1] if len(base) < 7 and base[-1] in "tpnmrg" and base[-2] in "aeiou" and base[-3] not in "aeiou" else base
    )
    return base, third, doubled + "ed", doubled + "ing"


@cache
def _breaking() -> frozenset[str]:
    """What ends a run of nouns."""
    verbs = {form for base in _english("verbs") for form in _inflect(base)}
    inflected = {form for base in _english("noun verbs") for form in (_inflect(base)[1], _inflect(base)[2])}
    return _english("irregular verb forms") | _english("adjectives") | _english("adverbs") | verbs | inflected


@cache
def _verb_forms() -> frozenset[str]:
    """What is, or may be, a finite verb."""
    regular = {form for base in _english("verbs") | _english("noun verbs") for form in _inflect(base)[:3]}
    return (_english("irregular verb forms") - {"using"}) | regular


@cache
def _hopeless_heads() -> frozenset[str]:
    return _english("hopeless heads")


@cache
def _heads_despite() -> frozenset[str]:
    return _english("heads despite their ending")


_NO_HEAD_ENDINGS = ("ly", "ed", "ous", "ful", "able", "ible", "ical", "less", "ish", "'s", "’s")


@lru_cache(maxsize=20_000)
def breaks_run(word: str, language: str) -> bool:
    """Whether a lower-case word ends a run of nouns (beside the function words)."""
    return language == "en" and (word in _breaking() or (len(word) > 4 and word.endswith("ly") and word not in _heads_despite()))


@lru_cache(maxsize=20_000)
def is_verb_form(word: str) -> bool:
    """Whether a lower-case English word is, or may be, a finite verb."""
    return word in _verb_forms() or word.endswith(("izes", "ises", "ifies", "ates", "ized", "ated", "ified"))


@cache
def _third_persons() -> frozenset[str]:
    return frozenset(_inflect(base)[1] for base in _english("verbs"))


def is_third_person(word: str) -> bool:
    """Whether a lower-case English word is the third person of a verb that is no noun as well ("provides")."""
    return word in _third_persons()


def is_adjective(word: str) -> bool:
    """Whether a lower-case English word is one of the adjectives that say too little to open a term ("other", "new")."""
    return word in _english("adjectives")


def is_general_noun(word: str, language: str) -> bool:
    """Whether a lower-case noun says too little to be a topic by itself."""
    known = _general_nouns(language)
    return word in known or (language == "en" and word.endswith("s") and word[:-1] in known)


def has_general_head(term: str, language: str) -> bool:
    """Whether a term is a general noun with something before or after it: "Kurzbeschreibung", "description longue"."""
    words = term.split(" ")
    if language in ("fr", "es", "it", "pt"):
        return is_general_noun(words[0], language)
    last = words[-1]
    return is_general_noun(last, language) or (
        language in ("de", "nl") and any(last.endswith(noun) for noun in _general_nouns(language) if len(noun) > 4)
    )


_LETTERS_OF_NAME = 4
"""So many letters make a name of what begins with a figure ("37signals")."""


@lru_cache(maxsize=50_000)
def may_head(word: str, language: str) -> bool:
    """Whether a lower-case word can be the last word of a term."""
    if language != "en":
        return True
    if word in _hopeless_heads() or (word.endswith("s") and word[:-1] in _hopeless_heads()):
        return False
    if not word[0].isalpha() and sum(map(str.isalpha, word)) < _LETTERS_OF_NAME:
        return False
    return word in _heads_despite() or not word.endswith(_NO_HEAD_ENDINGS)


_LISTED = frozenset({"en", "de", "fr", "es", "it", "pt", "nl", "ru"})


@lru_cache(maxsize=20_000)
def is_common(word: str, language: str, limit: float) -> bool:
    """Whether a word's Zipf frequency (log10 of its occurrences in 10^9 words) is at least `limit`."""
    if language not in _LISTED:
        return False
    frequency = zipf(word.lower(), language)
    # Of a word with a hyphen the list tells how common its parts are: "self-attention" is a term all the same.
    return frequency - (_HYPHEN if "-" in word.strip("-") else 0) >= limit


_HYPHEN = 0.9
