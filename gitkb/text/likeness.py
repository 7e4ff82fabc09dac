"""Names that nearly agree: plural, case, hyphen, accents, word order, initials, a general word more.

Invariant: a sign is a function of one name alone, so names that share one are found by an index; two names that share one may
mean the same, and somebody has to judge.
"""

import re
import unicodedata
from collections.abc import Iterator

from gitkb.text.stopwords import function_words
from gitkb.text.tokens import fold, normalise

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


def signs(title: str) -> Iterator[tuple[str, str]]:
    """What a name has in common with others that are nearly the same, and what that would mean; "" for plain spelling. Two names
    of which each has a sign only for `SHORT` share no more than their initials."""
    words = [word for found in _WORD.findall(normalise(_plain(title))) if (word := _singular(fold(found)))]
    if not words:
        return
    yield "".join(words), ""
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
