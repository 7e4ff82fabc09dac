"""The names in a claim, and whether a passage has them: capitalised words, acronyms, identifiers, runs of Katakana.

Invariant: the first word of a sentence is a name only if it is no ordinary word; German nouns are names only where they are
rare. A name stands in a passage whatever its case and its ending; an acronym also where its words are written out.
"""

import re

from gitkb.compile.llm.grounding import letters
from gitkb.text.frequencies import is_common
from gitkb.text.stopwords import function_words
from gitkb.text.tokens import normalise, stems, words

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
"""Zipf frequencies below which the first word of a sentence is taken for a name, with such an ending and without."""
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
    """Whether a small word is none of the language but a name ("dpkg", "apt-get")."""
    parts = [part for part in re.split(r"[-'’]", word) if part]
    if len(parts) > 1:
        return any(not is_common(part, language, _USUAL) for part in parts) and not all(
            is_common(p, language, _RARE) for p in parts
        )
    return len(word) > 2 and not is_common(word, language, _UNKNOWN) and not is_common(stems(language)[word], language, _UNKNOWN)


def is_identifier(token: str) -> bool:
    """Whether a word is written as no ordinary word is: a capital inside, a digit beside letters, an underscore, all capitals."""
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
    """Whether a compound is put together of parts of words of the passage: "Quellpakete" of "Quell- und Binärpakete"."""
    for cut in range(_LEAST_PREFIX, len(name) - _LEAST_PREFIX + 1):
        head, tail = name[:cut], name[cut:][: max(_LEAST_PREFIX, len(name) - cut - 2)]
        if any(word.startswith(head) for word in found) and any(tail in word for word in found):
            return True
    return False


def _is_form(one: str, other: str) -> bool:
    """Whether two words differ in a plural or genitive ending only, or in how they are put together."""
    short, long = sorted((one, other), key=len)
    return len(short) >= 2 and long.startswith(short) and long[len(short) :] in ("s", "es", "n", "en", "e")


def is_acronym_of(name: str, text: str) -> bool:
    """Whether a text writes out an acronym: "WAL" in "the write-ahead log"."""
    short = name.removesuffix("s")
    if not 2 <= len(short) <= 6 or not short.isalpha() or not short.isupper():
        return False
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", text.lower()))
    return short.lower() in initials
