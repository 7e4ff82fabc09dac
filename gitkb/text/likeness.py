"""Names that nearly agree: plural, case, hyphen, accents, word order, initials, a general word more.

Invariant: a sign is a function of one name alone, so names that share one are found by an index; two names that share one may
mean the same, and somebody has to judge.
"""

import re
import unicodedata
from collections.abc import Iterator

from gitkb.text.stopwords import function_words
from gitkb.text.tokens import fold, normalise
from gitkb.text.variants import LEVELS, forms, variant

_WORD = re.compile(r"[^\W_]+")
_BEFORE = frozenset(("project", "projekt", "projet", "proyecto", "algorithm", "method", "protocol"))
_AFTER = frozenset(
    """algorithm algorithms approach concept framework idea language library mechanism method model notion pattern principle
    problem procedure process programme project protocol scheme software strategy system technique technology theorem theory tool
    algorithmus verfahren protokoll algorithme protocole méthode algoritmo protocolo método""".split()
)
_SMALL = function_words("en") | function_words("de") | function_words("fr") | function_words("es")
_INITIALS = 3

ORDER = "they have the same words"
LONGER = "only a general word tells the names apart"
SHORT = "one name has the initials of the other"
_CLASSES = {"": "aside", LONGER: "general word", ORDER: "order", SHORT: "initials"}
_MAKES_ANOTHER = frozenset(
    "framework language library model pattern process programme project software strategy system theory tool".split()
)
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
    last = max(one, other, key=len).casefold().split()[-1]
    return "other word" if found == "general word" and _MAKES_ANOTHER & {last, last.removesuffix("s")} else found


def in_words(found: str) -> str:
    """A likeness as a part of a sentence."""
    return _REASONS[found]


def signs(title: str) -> Iterator[tuple[str, str]]:
    """What a name has in common with others that are nearly the same, and what that would mean; "" for plain spelling. Two names
    of which each has a sign only for `SHORT` share no more than their initials."""
    words = [word for found in _WORD.findall(normalise(_plain(title))) if (word := _singular(fold(found)))]
    if not words:
        return
    yield "".join(words), ""
    yield from ((form, "") for form in sorted(forms(title)) if form != "".join(words))
    content = [word for word in words if word not in _SMALL]
    if len(content) > 1:
        if content[0] in _BEFORE:
            yield "".join(content[1:]), LONGER
        if content[-1] in _AFTER:
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


def _singular(word: str) -> str:
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
