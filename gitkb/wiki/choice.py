"""Which claims a page shows: the best, each thing said once, no document too loud.

Invariant: a stable choice from the claims alone, whose order is given; at most `MAX_CLAIMS` in all, `MAX_OF_DOCUMENT` of a
document. A claim that nearly repeats a better one is left out.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from gitkb.topics import Evidence

MAX_CLAIMS = 20
MAX_OF_DOCUMENT = 3
MAX_OVERVIEW = 3
MAX_LOOKED_AT = 140
_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]")
_SAME = 0.6


@dataclass(frozen=True, slots=True)
class Chosen:
    """`overview`: definitions, the best first, each of another document; `claims`: the others, sorted by document."""

    overview: tuple[Evidence, ...]
    claims: tuple[Evidence, ...]

    @property
    def documents(self) -> list[str]:
        """The documents that are quoted, by name."""
        return sorted({item.document for item in (*self.overview, *self.claims)})


def choose(evidence: Iterable[Evidence]) -> Chosen:
    """The claims to show; `evidence` comes best first, definitions before others. A popular name costs no more looks."""
    choice = _Choice()
    overview: list[Evidence] = []
    claims: list[Evidence] = []
    for item in islice(evidence, MAX_LOOKED_AT):
        if len(overview) + len(claims) >= MAX_CLAIMS:
            break
        if choice.takes(item):
            first = item.defines and len(overview) < MAX_OVERVIEW and all(o.document != item.document for o in overview)
            (overview if first else claims).append(item)
    # In a document its best first: the order of the evidence.
    return Chosen(tuple(overview), tuple(sorted(claims, key=lambda item: item.document)))


@dataclass(slots=True)
class _Choice:
    """What was taken so far."""

    of_document: Counter[str] = field(default_factory=Counter)
    said: list[frozenset[str]] = field(default_factory=list)

    def takes(self, item: Evidence) -> bool:
        """Whether the claim is wanted; remembers it if so."""
        if self.of_document[item.document] >= MAX_OF_DOCUMENT:
            return False
        words = word_set(item.text)
        if any(nearly_same(words, other) for other in self.said):
            return False
        self.of_document[item.document] += 1
        self.said.append(words)
        return True


def word_set(text: str) -> frozenset[str]:
    """The words of a sentence, of scripts without blanks the pairs of characters, without case."""
    text = text.casefold()
    if _UNSPACED.search(text):
        letters = "".join(_WORD.findall(text))
        return frozenset(letters[i : i + 2] for i in range(max(1, len(letters) - 1)))
    return frozenset(_WORD.findall(text))


def nearly_same(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sentences share most of their words, or one is nearly a part of the other."""
    shared = len(one & other)
    if shared == 0:
        return one == other
    return shared / len(one | other) >= _SAME or (shared / min(len(one), len(other)) >= 0.85 and shared >= 5)
