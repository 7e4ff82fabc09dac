"""The base form of a noun: English and Italian singulars, German plurals. What is shown is always a word
that exists.

Invariant: a word that only looks like a plural ("Kubernetes", "James", "Jenkins") stays as it is. A plural is believed where its
singular is a known word, ends in one ("hostnames"), or the ending leaves no doubt. The same answer on every machine.
"""

import re
from functools import lru_cache

from gitkb.text import word_lists
from gitkb.text.language.frequency import zipf

_KEEP_S = ("ss", "us", "is", "as", "os", "ous", "'s", "’s", "ics")
_PLURAL_IN_ICS = frozenset("metrics topics critics clinics fabrics graphics relics".split())
_COMMON, _SHORTEST = 4.0, 4


@lru_cache(maxsize=50_000)
def singular(word: str) -> str:
    """The English singular of a word of any case; words that only look like plurals stay."""
    low = word.lower()
    if low in _PLURAL_IN_ICS or low == "menus":
        return word[:-1]
    if len(low) < 4 or not low.endswith("s") or not low.isascii() or word.isupper() or low.endswith(_KEEP_S):
        return word
    if low in word_lists.words("inflection", "en", "invariant") or any(map(str.isdigit, low)):
        return word
    if word[0].isupper() and low in word_lists.words("inflection", "en", "names"):
        return word
    if low.endswith("ies") and len(low) > 4:
        return word[:-3] + "y" if low not in ("movies", "cookies", "calories", "zombies", "series") else word[:-1]
    if low.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-1] if _frequency(low[:-1]) > _frequency(low[:-2]) else word[:-2]  # "caches", "boxes"
    return word[:-1] if _is_plural(low) else word


def _is_plural(low: str) -> bool:
    """Whether a word in -s is a plural: of an unknown one in -es ("kubernetes") only if what is left ends in a common word."""
    if not low.endswith("es"):
        return True
    base = low[:-1]
    return _frequency(base) > 0 or any(_frequency(base[at:]) >= _COMMON for at in range(1, len(base) - _SHORTEST + 1))


def _frequency(word: str) -> float:
    return zipf(word, "en")


_GERMAN_PLURALS = ("ungen", "heiten", "keiten", "schaften", "ionen", "täten", "toren")
_GERMAN_KNOWN = 3.0


@lru_cache(maxsize=50_000)
def german_base(word: str) -> str:
    """A German noun without the plural of those endings that have but one ("Kündigungen"), and without the s of the genitive
    where what is left is a known word, or ends in one ("Bundeswahlgesetzes"); other words as they are."""
    if word.endswith(_GERMAN_PLURALS) and len(word) > 7:
        return word[:-2]
    low = word.lower()
    if len(low) < 5 or not low.endswith("s") or low.endswith(("ss", "us", "is", "as", "os", "nis")):
        return word
    for ending in ("es", "s"):
        if low.endswith(ending) and _is_german_noun(low, ending):
            return word[: -len(ending)]
    return word


def _is_german_noun(low: str, ending: str) -> bool:
    """Whether a word without this ending is a commoner one, or a compound that ends in such a one."""
    for at in range(max(1, len(low) - len(ending) - 3)):
        tail = low[at:]
        base = _german_frequency(tail.removesuffix(ending))
        if base >= _GERMAN_KNOWN or _german_frequency(tail) >= _GERMAN_KNOWN:
            return base > _german_frequency(tail)
    return False


def _german_frequency(word: str) -> float:
    return zipf(word, "de")


_UMLAUTS = str.maketrans("äöü", "aou")
_GERMAN_IN_ER = ("bilder", "felder", "gelder", "glieder", "kinder", "kleider", "lichter", "lieder", "schilder")
_GERMAN_SHORTEST, _GERMAN_RARER, _GERMAN_RARER_IN_N, _GERMAN_CLEARLY = 4, 0.3, 0.55, 0.5


@lru_cache(maxsize=50_000)
def german_key(word: str) -> str:
    """What is the same for the singular and the plural of a German noun, which has a capital ("Fragmente", "Checkboxen":
    fragment, checkbox); other words in small letters. A genitive stays, as a name may end in -s."""
    low = word[:-2].lower() if word.endswith(_GERMAN_PLURALS) and len(word) > _GERMAN_SHORTEST + 3 else word.lower()
    if not word[:1].isupper() or word.isupper() or not low.isalpha():
        return low
    for at in range(len(low) - _GERMAN_SHORTEST):
        tail = low[at:]
        base = _german_singular(tail)
        if base != tail or _german_frequency(tail) >= _GERMAN_KNOWN:
            return low[:at] + base
    return low


@lru_cache(maxsize=50_000)
def _german_singular(low: str) -> str:
    """The singular of a noun, where it is a word about as common as the plural or commoner."""
    if low.endswith("nisse"):
        return low[:-2]
    if low.endswith("innen"):
        return low[:-3]
    stem, plural = low[:-1], _german_frequency(low)
    if low.endswith("n"):
        if len(stem) >= _GERMAN_SHORTEST and _is_word(stem, plural - _GERMAN_RARER_IN_N):
            return _german_singular(stem)  # a dative ("Fragmenten")
        least = plural if len(stem) == _GERMAN_SHORTEST else plural - _GERMAN_RARER_IN_N  # "Boxen"
        return stem[:-1] if low.endswith("en") and len(low) > _GERMAN_SHORTEST and _is_word(stem[:-1], least) else low
    if low.endswith("e") and len(stem) >= _GERMAN_SHORTEST:
        # A feminine noun in -e ("Kante") has its own plural in -n, which is about as common.
        is_feminine = _german_frequency(f"{low}n") > plural - _GERMAN_RARER
        least = plural + _GERMAN_CLEARLY if is_feminine else plural - _GERMAN_RARER
        bases = (base for base in dict.fromkeys((stem, _plain(stem))) if _is_word(base, least) and not _is_adjective(base))
        return next(bases, low)
    if low.endswith("er") and (low.endswith(_GERMAN_IN_ER) or _plain(low) != low):
        base = _plain(stem[:-1]) if not low.endswith(_GERMAN_IN_ER) else stem[:-1]
        return base if _is_word(base, plural - _GERMAN_RARER) else low
    return low


def _plain(word: str) -> str:
    """A word without the umlaut of its plural: the last one ("häus", "bücher")."""
    at = max(map(word.rfind, "äöü"))
    return word[:at] + word[at:].translate(_UMLAUTS) if at >= 0 else word


def _is_word(base: str, least: float) -> bool:
    known = _german_frequency(base)
    return known >= max(least, _GERMAN_KNOWN) and base not in word_lists.words("function_words", "de", "words")


def _is_adjective(base: str) -> bool:
    return _german_frequency(f"{base}em") > 0 or all(_german_frequency(base + ending) > 0 for ending in ("en", "er", "es"))


_ADJECTIVE = re.compile(r"(?P<stem>[^\W\d_]{3,})e[nmrs]")


@lru_cache(maxsize=50_000)
def german_adjective(word: str) -> str:
    """An inflected German adjective or participle in small letters with the ending -e ("Regulärer", "Sachleitenden"); other words
    in small letters."""
    low = word.lower()
    found = _ADJECTIVE.fullmatch(low)
    if found is None:
        return low
    stem = found["stem"]
    is_known = stem.endswith(("end", "isch", "lich", "ig", "bar", "sam", "los", "är", "ell", "iv")) or (
        _german_frequency(stem) > 0 and _is_adjective(stem)
    )
    return f"{stem}e" if is_known else low


_ITALIAN_FEMININE = (
    *("enze", "anze", "ezze", "ure", "che", "ghe", "elle", "ette", "otte", "ate", "ite", "ute", "ive", "ose", "cce"),
    *("ole", "ine"),
)
"""Endings of Italian plurals in -e; a singular has others ("funzione", "variabile")."""
_ITALIAN_SHORTEST, _RARER = 4, 0.6


@lru_cache(maxsize=50_000)
def italian_base(word: str) -> str:
    """The Italian singular of a noun or adjective in small letters, where it is a word about as common as the plural or commoner
    ("automi": automa, "dipendenze": dipendenza); other words as they are ("ipotesi", "tesi")."""
    if len(word) < _ITALIAN_SHORTEST or not word.isalpha() or word in word_lists.words("function_words", "it", "words"):
        return word
    if word.endswith(("orie", "arie")):
        return f"{word[:-1]}a"
    stem = word[:-1] if not word.endswith("cce") else f"{word[:-1]}i"
    if word.endswith(("chi", "ghi", "che", "ghe")):
        stem = word[:-2]
    if word.endswith("i"):
        endings: tuple[str, ...] = ("o", "e", "a", "io")
    elif word.endswith(_ITALIAN_FEMININE):
        endings = ("a",)
    else:
        return word
    known = [(zipf(stem + ending, "it"), stem + ending) for ending in endings]
    frequency, best = max(known)
    return best if frequency > 0 and frequency >= zipf(word, "it") - _RARER else word
