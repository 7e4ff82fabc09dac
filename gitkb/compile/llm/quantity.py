"""Numbers that are written as words: "three phases" and "3 phases" say the same, "three" and "four" do not.

Invariant: only words that hardly ever mean anything else; "one", "un" and "ein" are articles and pronouns as often.
"""

import re

from gitkb.text.tokens import normalise

_WORDS = {
    "en": "two three four five six seven eight nine ten eleven twelve",
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf",
}
_MORE = {
    "en": "thirteen=13 fourteen=14 fifteen=15 sixteen=16 twenty=20 thirty=30 forty=40 fifty=50 "
    "sixty=60 seventy=70 eighty=80 ninety=90 hundred=100 thousand=1000 million=1000000 dozen=12",
    "de": "fünfzehn=15 zwanzig=20 dreißig=30 vierzig=40 fünfzig=50 sechzig=60 hundert=100 tausend=1000",
    "fr": "quinze=15 vingt=20 trente=30 quarante=40 cinquante=50 soixante=60 cent=100 mille=1000",
}
_AMBIGUOUS = {"de": {"acht"}, "fr": {"neuf"}, "it": {"sei"}}


def _pairs(listed: str) -> list[tuple[str, str]]:
    return [(word, value) for word, _, value in (item.partition("=") for item in listed.split())]


_VALUES = {
    language: {
        normalise(word): str(value)
        for word, value in (*((w, n) for n, w in enumerate(listed.split(), 2)), *_pairs(_MORE.get(language, "")))
        if word not in _AMBIGUOUS.get(language, set())
    }
    for language, listed in _WORDS.items()
}
_LETTERS = re.compile(r"[^\W\d_]+")
_KANJI = {"二": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9", "十": "10"}
_COUNTED = re.compile("([二三四五六七八九十])(?=つ|個|種|段階|回|人|台|件|章|部|行|列|年|日|个|種類|种)")


def number_words(text: str, language: str) -> set[str]:
    """The values of the number words of a text, as digits."""
    if language in ("ja", "zh"):
        return {_KANJI[found] for found in _COUNTED.findall(text)}
    known = _VALUES.get(language)
    return {known[word] for word in _LETTERS.findall(normalise(text)) if word in known} if known else set()
