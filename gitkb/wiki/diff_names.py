"""Pages whose names nearly agree, so that they may be about the same thing: plural, case, hyphen, initials, word order.

Invariant: looks at titles and keys alone; costs one pass over all pages and then only what new pages share with others. A guess
for a person to judge: nothing is merged because of it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gitkb.text.stopwords import function_words
from gitkb.text.tokens import fold, normalise
from gitkb.topics import TopicPage

_WORD = re.compile(r"[^\W_]+")
_BEFORE = frozenset(("project", "projekt", "projet", "proyecto", "algorithm", "method", "protocol"))
_AFTER = frozenset(
    """algorithm algorithms approach concept framework idea language library mechanism method model notion pattern principle
    problem procedure process programme project protocol scheme software strategy system technique technology theorem theory tool
    algorithmus verfahren protokoll algorithme protocole méthode algoritmo protocolo método""".split()
)
_SMALL = function_words("en") | function_words("de") | function_words("fr") | function_words("es")
_INITIALS = 3


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two pages and why they may be about one thing; `one` is new."""

    one: TopicPage
    other: TopicPage
    reason: str


def near_pairs(new: Iterable[str], pages: Sequence[TopicPage]) -> list[NearPair]:
    """The pairs of pages that may be the same, of which at least one is new (`new` are paths), sorted."""
    fresh = set(new)
    real = [page for page in pages if not page.target]
    shared: dict[str, list[tuple[TopicPage, str]]] = {}
    for page in real:
        for sign, reason in _signs(page):
            shared.setdefault(sign, []).append((page, reason))
    found: dict[tuple[str, str], NearPair] = {}
    for sign in sorted(shared):
        for one, other, reason in _pairs(shared[sign], fresh):
            found.setdefault((min(one.path, other.path), max(one.path, other.path)), NearPair(one, other, reason))
    return [found[key] for key in sorted(found)]


def _pairs(bearers: list[tuple[TopicPage, str]], fresh: set[str]) -> Iterator[tuple[TopicPage, TopicPage, str]]:
    """Pairs that share a sign; two long names that only have the same initials are none."""
    for number, (one, why) in enumerate(bearers):
        for other, why_other in bearers[number + 1 :]:
            if one.path == other.path or not {one.path, other.path} & fresh or why == why_other == _SHORT:
                continue
            first, second = (one, other) if one.path in fresh else (other, one)
            yield first, second, why or why_other or "they are spelled nearly alike"


_ORDER = "they have the same words"
_LONGER = "only a general word tells the names apart"
_SHORT = "one name has the initials of the other"


def _signs(page: TopicPage) -> Iterator[tuple[str, str]]:
    """What a page has in common with others of nearly its name, and what that would mean; "" for plain spelling."""
    words = [word for found in _WORD.findall(normalise(_plain(page.title))) if (word := _singular(fold(found)))]
    if not words:
        return
    yield "".join(words), ""
    content = [word for word in words if word not in _SMALL]
    if len(content) > 1:
        if content[0] in _BEFORE:
            yield "".join(content[1:]), _LONGER
        if content[-1] in _AFTER:
            yield "".join(content[:-1]), _LONGER
        yield "|".join(sorted(content)), _ORDER
    letters = "".join(word[0] for word in words)
    if len(words) >= _INITIALS:
        yield f"#{letters}", _SHORT
        yield f"#{''.join(word[0] for word in content)}", _SHORT
    elif len(words) == 1 and len(page.title) >= _INITIALS and page.title.rstrip("s").isupper():
        yield f"#{normalise(page.title.rstrip('s'))}", ""


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
