"""Search tokens: a text as the stems of its words, so that a question and a page meet in the same form.

Invariant: the same text and language give the same tokens on every machine, a token holds letters and digits only (never a blank,
a quote or an operator), and is at most `MAX_TOKEN` characters. Scripts written without blanks become overlapping pairs of
characters. Nothing is dropped here: function words are tokens too, since phrases need them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from msgspec import Struct

MAX_TOKEN = 40
_MEMO_LIMIT = 400_000

_STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
# Han, kana, Hangul, Thai, Lao, Burmese, Khmer: words are not set apart by blanks, or carry their particles (Korean).
_UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ece\u1000-\u103f\u1780-\u17d3\u3005\u3007\u3041-\u3096\u309d-\u309f"
    "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_UNSPACED_RUN = re.compile(f"([{_UNSPACED}]+)")
_ASCII_WORD = re.compile("[a-z0-9]+")
# Vowel signs of Hebrew, Arabic and the Indic scripts are no letters for `re`, yet they stand inside words.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0955-\u0957\u0962-\u0963\u0981-\u0dff"
_WORD = re.compile(f"(?:[^\\W_]|[{_MARKS}])+")
_ACCENT = re.compile("[\u0300-\u036f]")


class Token(Struct, frozen=True):
    """A word of a text before stemming: where it stands, and whether it is a pair of an unspaced script (never stemmed)."""

    text: str
    start: int
    end: int
    unspaced: bool


def normalise(text: str) -> str:
    """Compatibility forms unified, case folded."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def words(text: str) -> Iterator[Token]:
    """The words of a normalised text in order; a run of an unspaced script as its pairs (a single character as itself)."""
    if text.isascii():
        for found in _ASCII_WORD.finditer(text):
            yield Token(found[0][:MAX_TOKEN], found.start(), found.end(), False)
        return
    at = 0
    for number, part in enumerate(_UNSPACED_RUN.split(text)):
        if number % 2:
            for offset in range(max(1, len(part) - 1)):
                pair = part[offset : offset + 2]
                yield Token(pair, at + offset, at + offset + len(pair), True)
        else:
            for found in _WORD.finditer(part):
                yield Token(found[0][:MAX_TOKEN], at + found.start(), at + found.end(), False)
        at += len(part)


class Stems(dict[str, str]):
    """The stem of each word of one language, remembered: `stems[word]`. A language without a stemmer only folds accents."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._stem = _stemmer(language)

    def __missing__(self, word: str) -> str:
        if len(self) > _MEMO_LIMIT:  # a cache, not a record: hostile vocabulary must not fill the memory
            self.clear()
        stem = self[word] = fold(self._stem(word)) or word
        return stem


def stems(language: str) -> Stems:
    """The shared memory of a language's stems; unknown languages share one."""
    return _stems(language if language in _STEMMERS else "")


@cache
def _stems(language: str) -> Stems:
    return Stems(language)


def _stemmer(language: str) -> Callable[[str], str]:
    if not language:
        return lambda word: word
    import Stemmer

    known: Callable[[str], str] = Stemmer.Stemmer(_STEMMERS[language]).stemWord

    def stem(word: str) -> str:
        try:
            return known(word)
        except UnicodeEncodeError:  # half of a surrogate pair, from a damaged document
            return word

    return stem


def fold(word: str) -> str:
    """The word without accents on Latin, Greek and Cyrillic letters: people leave them out when they search."""
    if word.isascii():
        return word
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", word)))[:MAX_TOKEN]


class Analysis(Struct, frozen=True):
    """A text as search sees it: `tokens` in text order; `forms`, sorted, what else finds it: the words that stemming changed
    (for prefixes), single characters of unspaced scripts."""

    tokens: list[str]
    forms: list[str]


def analyse(text: str, language: str) -> Analysis:
    """Tokens and other forms of a plain text in a language (ISO 639-1, "" for none)."""
    known = stems(language)
    text = normalise(text)
    if text.isascii():
        raw = [word[:MAX_TOKEN] for word in _ASCII_WORD.findall(text)]
        tokens = [known[word] for word in raw]
        return Analysis(tokens, sorted({word for word, token in zip(raw, tokens, strict=True) if word != token}))
    tokens = []
    forms: set[str] = set()
    for word in words(text):
        token = word.text if word.unspaced else known[word.text]
        tokens.append(token)
        if word.unspaced:
            forms.update(word.text)
        elif token != word.text:
            forms.add(fold(word.text))
    return Analysis(tokens, sorted(forms.difference(tokens)))


def variants(word: Token, languages: Iterable[str]) -> list[str]:
    """All tokens that a word of a question may have become in pages of these languages, sorted."""
    if word.unspaced:
        return [word.text]
    return sorted({stems(language)[word.text] for language in languages})
