"""How well a passage answers a query: BM25 over text, headings and title, raised where the words stand close together.

Invariant: a pure function of the passage's tokens, the page's title and the query with its statistics; equal input gives the same
number on every machine. It reads no table.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

K1 = 1.4
B = 0.6
HEADING_WEIGHT = 0.8
TITLE_WEIGHT = 1.0
NEAR_WEIGHT = 0.35
"""Of the lesser word's weight, for two words side by side; half of it two words apart, and so on up to `NEAR`."""
NEAR = 8
COVERAGE = 0.3
"""How much of its score a passage loses that has almost none of the words asked for."""
FEW_WORDS = 3
"""So many words are meant to occur together; of a longer question, which describes, each missing word counts for less."""
MORE_PASSAGES = 0.2
"""What each further good passage adds to its page, as a share of the passage's score."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A query's terms with their weight: `tokens` maps each token to its term's number, `weights[n]` is its idf."""

    tokens: dict[str, int]
    weights: tuple[float, ...]
    average: float


@dataclass(frozen=True, slots=True)
class Tokens:
    """A passage's tokens, set apart by blanks. In the one that names its page, `head` is the title, which counts as such."""

    body: str
    head: str
    forms: str
    names_page: bool


@dataclass(frozen=True, slots=True)
class Title:
    """A page's title and aliases: the terms of the query among their words, and how many different words they have."""

    terms: frozenset[int]
    words: int


def idf(passages: int, having: int) -> float:
    """The weight of a word that `having` of all passages hold; never negative."""
    return math.log(1 + (passages - having + 0.5) / (having + 0.5))


def score(query: Weighed, passage: Tokens, title: Title) -> float:
    """The score of one passage of a page with this title; 0 where the passage itself has none of the words."""
    number_of = query.tokens
    tokens = passage.body.split()
    places = [(place, number_of[token]) for place, token in enumerate(tokens) if token in number_of]
    in_head = {number_of[token] for token in passage.head.split() if token in number_of}
    counts: dict[int, float] = {}
    for _, number in places:
        counts[number] = counts.get(number, 0.0) + 1.0
    for (
        form
    ) in passage.forms.split():  # a prefix, or a character of an unspaced script: it says that the word is there, not how often
        if form in number_of:
            counts.setdefault(number_of[form], 1.0)
    if not counts and not in_head:
        return 0.0
    for numbers, weight in ((() if passage.names_page else in_head, HEADING_WEIGHT), (title.terms, TITLE_WEIGHT)):
        for number in numbers:
            counts[number] = counts.get(number, 0.0) + weight
    saturation = K1 * (1 - B + B * (len(tokens) + title.words) / query.average)
    total = 0.0
    for number, count in sorted(counts.items()):
        total += query.weights[number] * count * (K1 + 1) / (saturation + count)
    if len(places) > 1:
        total += NEAR_WEIGHT * _closeness(query.weights, places)
    return total * _coverage(query.weights, counts)


def _closeness(weights: Sequence[float], places: Sequence[tuple[int, int]]) -> float:
    best: dict[tuple[int, int], int] = {}
    for (place, number), (next_place, next_number) in pairwise(places):
        distance = next_place - place
        if number != next_number and distance <= NEAR:
            pair = (min(number, next_number), max(number, next_number))
            best[pair] = min(best.get(pair, NEAR), distance)
    return sum(min(weights[one], weights[other]) / distance for (one, other), distance in sorted(best.items()))


def _coverage(weights: Sequence[float], counts: dict[int, float]) -> float:
    everything = sum(weights) or 1.0
    lost = COVERAGE * min(1.0, FEW_WORDS / len(weights))
    return 1 - lost * (1 - sum(weights[number] for number in sorted(counts)) / everything)


def page_score(scores: Sequence[float]) -> float:
    """The score of a page from those of its passages, best first."""
    return scores[0] + MORE_PASSAGES * sum(scores[1:4])
