"""What a sentence states: its content words as stems, the numbers that it writes as words, and its names.

Content words are all but function words and numbers; in scripts without blanks they are pairs of characters. The first word of a
sentence counts as a name only if it is no ordinary word, a German noun only if it is rare. A passage has a name in whatever case
and with whatever ending it is written there, and an acronym also if its words are written out.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from gitkb.compile.grounding.quote import letters
from gitkb.text import word_lists
from gitkb.text.language.detect import function_words
from gitkb.text.language.tokens import normalise, stems, words
from gitkb.text.language.word_classes import is_common


def content_words(text: str, language: str) -> list[str]:
    """The stems of the content words, in text order."""
    known, stem = function_words(language), stems(language)
    return [
        word.text if word.unspaced else stem[word.text]
        for word in words(normalise(text))
        if word.unspaced or (word.text not in known and not word.text.isdigit() and len(word.text) > 1)
    ]


def content_stems(text: str, language: str) -> set[str]:
    """The stems of the content words, each once."""
    return set(content_words(text, language))


@lru_cache(maxsize=100)
def _number_values(language: str) -> Mapping[str, str]:
    """The values of number words, as digits."""
    sections = (word_lists.pairs("number_words", language, name) for name in ("small numbers", "larger numbers"))
    return {normalise(word): value for listed in sections for word, value in listed.items()}


_LETTERS = re.compile(r"[^\W\d_]+")
_KANJI = {"二": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9", "十": "10"}
_COUNTED = re.compile("([二三四五六七八九十])(?=つ|個|種|段階|回|人|台|件|章|部|行|列|年|日|个|種類|种)")


def number_words(text: str, language: str) -> set[str]:
    """The values of the number words of a text, as digits."""
    if language in ("ja", "zh"):
        return {_KANJI[found] for found in _COUNTED.findall(text)}
    known = _number_values(language)
    return {known[word] for word in _LETTERS.findall(normalise(text)) if word in known} if known else set()


_TOKEN = re.compile(r"[^\W_]+(?:[-'’._/:@+#&][^\W_]+|_+[^\W_]+)*(?:\+\+|#)?|_+[^\W_]\w*")
_KATAKANA = re.compile("[ァ-ヺー・]{3,}")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]*[A-Za-z0-9+]|[A-Z]")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s+)[\"'“‘«„(\[¿¡]*$")
_CAPITAL_NOUNS = ("de", "lb")
_COMPOUNDING = ("de", "nl", "sv", "da", "nb", "no", "fi")
_UNSPACED = ("ja", "zh", "ko", "th")
_LEAST_PREFIX = 4
_OWNER = re.compile(r"['’]s?$")
_ORDINARY = re.compile(r"(?:[^s]s|ing|ly|ed|tion|ment|ness|ity)$")
"""Endings with which ordinary words open a sentence: plurals, adverbs, gerunds, abstract nouns."""
_RARE, _USUAL = 2.5, 4.2
"""Zipf frequencies below which the first word of a sentence counts as a name: with such an ending, and without."""
_UNKNOWN = 1.2
_WITH_FREQUENCIES = ("en", "fr", "es", "it", "pt", "nl")


def names(text: str, language: str) -> list[str]:
    """The names of a sentence in order, as they are written."""
    if language in _UNSPACED:
        return [*_KATAKANA.findall(text), *_LATIN.findall(text)]
    found = []
    for match in _TOKEN.finditer(text):
        token = _OWNER.sub("", match[0])
        if token and _is_name(token, text[: match.start()], language):
            found.append(token)
    return found


def _is_name(token: str, before: str, language: str) -> bool:
    if not any(map(str.isalpha, token)):
        return False
    if is_identifier(token):
        return True
    low = token.lower()
    if token == low and language in _WITH_FREQUENCIES:
        return _is_rare(low, language)
    if not token[0].isupper() or low in function_words(language):
        return False
    if _SENTENCE_START.search(before):
        return not is_common(low, language, _RARE if _ORDINARY.search(low) else _USUAL)
    return language not in _CAPITAL_NOUNS or not is_common(low, language, 2.0)


def _is_rare(word: str, language: str) -> bool:
    """Whether a word in small letters is no word of the language but a name ("dpkg", "apt-get")."""
    parts = [part for part in re.split(r"[-'’]", word) if part]
    if len(parts) > 1:
        return any(not is_common(part, language, _USUAL) for part in parts) and not all(
            is_common(p, language, _RARE) for p in parts
        )
    return len(word) > 2 and not is_common(word, language, _UNKNOWN) and not is_common(stems(language)[word], language, _UNKNOWN)


def is_identifier(token: str) -> bool:
    """Whether a word is written as ordinary words are not: a capital inside, a digit beside letters, an underscore, all
    capitals."""
    inner = token[1:]
    mixed = any(map(str.isupper, inner)) or any(map(str.isdigit, token)) or "_" in token
    dotted = "." in inner and all(part.isalnum() for part in token.split("."))
    return (mixed or dotted or "++" in token or "#" in token) and any(map(str.isalpha, token))


def is_known_name(name: str, passage: str, language: str) -> bool:
    """Whether a passage has a name in any of its forms."""
    needle = letters(name)
    there = letters(passage)
    if language in _UNSPACED or not needle:
        return needle in there
    found = {letters(token) for match in _TOKEN.finditer(passage) for token in (match[0], *re.split(r"[-_./:]", match[0]))}
    if needle in found or any(_is_form(needle, word) for word in found):
        return True
    if name.islower() and name.isalpha() and any(word[:_LEAST_PREFIX] == needle[:_LEAST_PREFIX] for word in found):
        return True
    parts = [part for part in re.split(r"[-/]", name) if len(part) > 1]
    if len(parts) > 1 and all(is_known_name(part, passage, language) for part in parts):
        return True
    stem = stems(language)
    own = stem[normalise(name)]
    if any(stem[word.text] == own for word in words(normalise(passage)) if not word.unspaced):
        return True
    return is_acronym_of(name, passage) or (language in _COMPOUNDING and _is_compound(needle, found))


def _is_compound(name: str, found: set[str]) -> bool:
    """Whether the parts of a compound stand in words of the passage: "Quellpakete" in "Quell- und Binärpakete"."""
    for cut in range(_LEAST_PREFIX, len(name) - _LEAST_PREFIX + 1):
        head, tail = name[:cut], name[cut:][: max(_LEAST_PREFIX, len(name) - cut - 2)]
        if any(word.startswith(head) for word in found) and any(tail in word for word in found):
            return True
    return False


def _is_form(one: str, other: str) -> bool:
    """Whether two words differ only in a plural or genitive ending, or in how they are joined."""
    short, long = sorted((one, other), key=len)
    return len(short) >= 2 and long.startswith(short) and long[len(short) :] in ("s", "es", "n", "en", "e")


def is_acronym_of(name: str, text: str) -> bool:
    """Whether a text writes out an acronym: "WAL" in "the write-ahead log"."""
    short = name.removesuffix("s")
    if not 2 <= len(short) <= 6 or not short.isalpha() or not short.isupper():
        return False
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", text.lower()))
    return short.lower() in initials
