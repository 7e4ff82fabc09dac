"""Names that nearly agree, and how they differ: plural, case, hyphen, accents, spelling, word order, initials.

Invariant: a form, and a sign, is a function of one name alone, so names that share one are found by an index. Each level of
forms also does what the levels before it do. Digits and the signs of "C++" and "C#" are never dropped, so versions and kinds
stay apart. Two names that share a sign may mean the same, and somebody has to judge.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from gitkb.text import word_lists
from gitkb.text.language.detect import function_words
from gitkb.text.language.tokens import fold, normalise

LEVELS = ("case", "hyphen", "british", "possessive", "plural", "numeral", "article", "expansion", "accents", "accented word")
"""Kinds of difference, the least first; "case" covers what the key of a page leaves out too: punctuation, width, ligatures."""

_HYPHEN, _BRITISH, _POSSESSIVE, _PLURAL, _NUMERAL, _ARTICLE, _EXPANSION, _ACCENTS, _ACCENTED_WORD = range(1, len(LEVELS))
_POSSESSED = re.compile(r"['’]s\b")
_ASIDE = re.compile(r"(?P<name>.*\S)\s*\((?P<aside>[^()]+)\)\s*$")
_SPELLED = str.maketrans({"+": " plus ", "#": " sharp ", "&": " and ", "@": " at "})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"})
_LEAST, _SHORT = 6, 2
_SIGNS = ".,;:"
_SPELLINGS = "spellings"


def variant(one: str, other: str) -> str:
    """The least of `LEVELS` at which two names are the same, "" where they differ in more."""
    if not forms(one) & forms(other):
        return ""
    return next((name for level, name in enumerate(LEVELS) if forms(one, level) & forms(other, level)), "")


def forms(title: str, level: int = _ACCENTED_WORD) -> frozenset[str]:
    """What is left of a name when the differences up to a level are taken out: a form, two where an umlaut may be spelled out."""
    if level >= _EXPANSION:
        title = _without_expansion(title)
    text = unicodedata.normalize("NFKC", title).translate(_SPELLED)
    texts = {text}
    if level >= _ACCENTED_WORD or (level >= _ACCENTS and len(_words(text)) > 1):
        # Alone an accent may make another word ("resume", "résumé"), among others hardly ever.
        texts = (
            {_unaccented(text), _unaccented(text.casefold().translate(_UMLAUTS))} if _has_umlaut(text) else {_unaccented(text)}
        )
    return frozenset(form for each in texts if (form := _form(each, level)))


def _form(text: str, level: int) -> str:
    if level >= _POSSESSIVE:
        text = _POSSESSED.sub("", text)
    words = [_word(found, level) for found in _words(text)]
    if level >= _ARTICLE and len(words) > 2 and words[0] in word_lists.words("terms", "en", "articles"):
        words = words[1:]  # before one word alone it may be a name: "the Who"
    return " ".join(words) if level < _HYPHEN else _joined(words, text)


def _words(text: str) -> list[str]:
    """The runs of letters, their marks, and digits; signs that make a list or a piece of code stand for themselves."""
    kept = (c if unicodedata.category(c)[0] in "LMN" else f" {c} " if c in _SIGNS else " " for c in _opening(text))
    return "".join(kept).split()


def _opening(text: str) -> str:
    """A name with the underscores that it begins with as a sign, and without the full stop that it ends with."""
    bare = text.strip().lstrip("_")
    return ("." if bare != text.strip() else "") + bare.rstrip(". ")


def _word(word: str, level: int) -> str:
    shouted = len(word) > 1 and word.isupper()
    word = word.casefold()
    if level >= _BRITISH:
        word = _american(word)
    if level >= _PLURAL and not shouted:
        word = _singular(word)
    return word_lists.pairs("number_words", "en", "small numbers").get(word, word) if level >= _NUMERAL else word


def _joined(words: Sequence[str], text: str) -> str:
    """The words as one; digits do not run into each other, nor a short word before a blank into the next ("un ionized")."""
    short = len(words[0]) <= _SHORT and text.strip()[len(words[0]) :][:1] == " " if words else False
    joined = ""
    for number, word in enumerate(words):
        apart = (joined[-1:].isdigit() and word[0].isdigit()) or (number == 1 and short)
        joined += f" {word}" if apart else word
    return joined


def _has_umlaut(text: str) -> bool:
    return text.casefold().translate(_UMLAUTS) != text.casefold()


def _unaccented(text: str) -> str:
    """Latin letters without their accents, save the letter ñ; a mark of another script makes another letter."""
    plain: list[str] = []
    for char in text.translate(_LETTERS):
        parts = unicodedata.normalize("NFD", char)
        plain.append(parts[0] if len(parts) > 1 and parts[0].isascii() and char not in "ñÑ" else char)
    return "".join(plain)


def _american(word: str) -> str:
    american = word_lists.pairs(_SPELLINGS, "en", "american words")
    if word in american:
        return american[word]
    if len(word) >= _LEAST:
        for ending, instead in word_lists.pairs(_SPELLINGS, "en", "american endings").items():
            if word.endswith(ending):
                return word[: -len(ending)] + instead
    return word


def _singular(word: str) -> str:
    irregular = word_lists.pairs(_SPELLINGS, "en", "irregular plurals")
    if word in irregular:
        return irregular[word]
    if len(word) < 4 or not word.isascii() or word.endswith(("ss", "us", "is", "os")):
        return word
    if word in word_lists.words(_SPELLINGS, "en", "no plurals"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "iases", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def _without_expansion(title: str) -> str:
    """The longer of "Write-ahead logging (WAL)" or "WAL (write-ahead logging)"; another aside stays, it tells names apart."""
    found = _ASIDE.fullmatch(title)
    if found is None:
        return title
    short, long = sorted((found["name"], found["aside"]), key=len)
    words = [word.casefold() for word in _words(long)]
    letters = "".join(_words(short)).casefold().removesuffix("s")
    return long if len(letters) > 1 and letters == "".join(word[0] for word in words) else title


_WORD = re.compile(r"[^\W_]+")
_GENERAL = "general_words"
_SMALL = function_words("en") | function_words("de") | function_words("fr") | function_words("es")
_INITIALS = 3

ORDER = "they have the same words"
LONGER = "only a general word tells the names apart"
SHORT = "one name has the initials of the other"
_CLASSES = {"": "aside", LONGER: "general word", ORDER: "order", SHORT: "initials"}
_REASONS = {
    "case": "they are spelled nearly alike",
    "hyphen": "they differ by a hyphen or blank",
    "accents": "they differ by accents",
    "accented word": "they differ by accents alone",
    "british": "they differ by British or American spelling",
    "possessive": "they differ by a possessive",
    "plural": "one is the plural of the other",
    "article": "only an article tells the names apart",
    "numeral": "a number is written as a word in one of them",
    "expansion": "one has its initials behind it",
    "aside": "they differ by what is in parentheses, or hardly",
} | {name: reason for reason, name in _CLASSES.items() if reason}
_REASONS["other word"] = LONGER
PROPOSED = frozenset(("accented word", "general word", "order", "initials"))
"""The classes in which they may, so that a person is asked. "aside" (`Mercury (planet)`) and "other word" (`memory model`) mostly
do not."""
MERGED = frozenset(LEVELS) - {"accented word"}
"""The classes in which names mean the same often enough to be put on one page unasked: at least 95 of 100 of the labelled pairs
(tests/benchmarks/duplicates.py)."""


def likeness(one: str, other: str) -> str:
    """In which way two names look alike: a level of `variant`, "general word", "other word", "order", "initials" or "aside"; ""
    where they do not."""
    if found := variant(one, other):
        return found
    theirs = dict(reversed(list(signs(other))))
    shared = [(reason, theirs[sign]) for sign, reason in signs(one) if sign in theirs]
    classes = {_CLASSES[mine or other] for mine, other in shared if not mine == other == SHORT}
    found = min(classes, key=list(_CLASSES.values()).index, default="")
    another = word_lists.words(_GENERAL, "en", "makes another")
    last = max(one, other, key=len).casefold().split()[-1]
    return "other word" if found == "general word" and another & {last, last.removesuffix("s")} else found


def in_words(found: str) -> str:
    """A likeness as a part of a sentence."""
    return _REASONS[found]


def signs(title: str) -> Iterator[tuple[str, str]]:
    """What a name has in common with others that are nearly the same, and what that would mean; "" for plain spelling. Two names
    of which each has a sign only for `SHORT` share no more than their initials."""
    words = [word for found in _WORD.findall(normalise(_plain(title))) if (word := _base_form(fold(found)))]
    if not words:
        return
    yield "".join(words), ""
    yield from ((form, "") for form in sorted(forms(title)) if form != "".join(words))
    content = [word for word in words if word not in _SMALL]
    if len(content) > 1:
        if content[0] in word_lists.words(_GENERAL, word_lists.MIXED, "before a name"):
            yield "".join(content[1:]), LONGER
        if content[-1] in word_lists.words(_GENERAL, word_lists.MIXED, "behind a name"):
            yield "".join(content[:-1]), LONGER
        yield "|".join(sorted(content)), ORDER
    letters = "".join(word[0] for word in words)
    if len(words) >= _INITIALS:
        yield f"#{letters}", SHORT
        yield f"#{''.join(word[0] for word in content)}", SHORT
    elif len(words) == 1 and len(title) >= _INITIALS and title.rstrip("s").isupper():
        yield f"#{normalise(title.rstrip('s'))}", ""


def _plain(title: str) -> str:
    """The title with accents composed and "(WAL)" at its end left out; "C++" and "C#" stay apart."""
    bare = re.sub(r"\s*\([^()]*\)$", "", unicodedata.normalize("NFC", title)) or title
    return bare.replace("+", " plus ").replace("#", " sharp ")


def _base_form(word: str) -> str:
    for ending, instead in (("isation", "ization"), ("ise", "ize"), ("ising", "izing"), ("ised", "ized"), ("our", "or")):
        if len(word) > len(ending) + 3 and word.endswith(ending):
            word = word[: -len(ending)] + instead
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word
