"""Which language a text is written in: by its script, then by its function words.

Invariant: the same text gives the same ISO 639-1 code on every machine; "" where nothing speaks clearly for one language (code,
numbers, a language without a list of function words).
"""

import re
from collections import Counter
from functools import cache, lru_cache

from gitkb.text import word_lists


@lru_cache(maxsize=256)
def function_words(language: str) -> frozenset[str]:
    """The function words of a language, in lower case; empty for one that gitkb has no list of."""
    return word_lists.words("function_words", language, "words")


_SAMPLE = 6_000
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SCRIPTS = (
    ("ja", re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")),
    ("ko", re.compile(r"[\uac00-\ud7a3]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_UKRAINIAN = re.compile(r"[іїєґІЇЄҐ]")
_MIN_SHARE, _MIN_TERSE, _AHEAD = 0.12, 0.04, 2
"""Which share of the words must be function words of the language; of a text that drops them, and how far it must then be ahead
of any other language."""


def detect_language(text: str, *, is_terse: bool = False) -> str:
    """The ISO 639-1 code of a plain text's language, "" where it is not clear. Looks at three samples of a long text. `is_terse`:
    it consists of key words, as slides do."""
    sample = _sample(text)
    letters = sum(map(str.isalpha, sample))
    if not letters:
        return ""
    return _by_script(sample, letters) or _by_function_words(sample, is_terse=is_terse)


def _sample(text: str) -> str:
    if len(text) <= 3 * _SAMPLE:
        return text
    middle = len(text) // 2
    return f"{text[:_SAMPLE]} {text[middle : middle + _SAMPLE]} {text[-_SAMPLE:]}"


def _by_script(sample: str, letters: int) -> str:
    if sample.isascii():
        return ""
    kana_share = len(_SCRIPTS[0][1].findall(sample)) / letters
    for language, pattern in _SCRIPTS:
        share = len(pattern.findall(sample)) / letters
        if language == "ja" and (kana_share < 0.05):
            continue
        if share >= (0.05 if language == "ja" else 0.2):
            if language == "ru" and len(_UKRAINIAN.findall(sample)) > letters * 0.02:
                return "uk"
            return language
    return ""


def _by_function_words(sample: str, *, is_terse: bool) -> str:
    words = Counter(word.lower().replace("’", "'") for word in _WORD.findall(sample))
    total = sum(words.values())
    if not total:
        return ""
    # A language with a longer list would win by its length alone, so each word counts for how few lists hold it.
    known = _languages_of()
    scores = dict.fromkeys(word_lists.languages("function_words"), 0.0)
    for word, count in words.items():
        for language in known.get(word, ()):
            scores[language] += count / len(known[word])
    best, *others = sorted(scores, key=lambda language: (-scores[language], language))
    if is_terse and scores[best] >= _AHEAD * max(scores[language] for language in others):
        return best if scores[best] / total >= _MIN_TERSE else ""
    return best if scores[best] / total >= _MIN_SHARE else ""


@cache
def _languages_of() -> dict[str, tuple[str, ...]]:
    """The languages of which each function word is one."""
    found: dict[str, tuple[str, ...]] = {}
    for language in word_lists.languages("function_words"):
        for word in function_words(language):
            found[word] = (*found.get(word, ()), language)
    return found
