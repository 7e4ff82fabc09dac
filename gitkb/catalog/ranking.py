"""How well a passage answers a query: BM25 over text, headings and title, raised where the words stand close together.

Invariant: a pure function of the passage's tokens, the page's title and the query with its statistics; equal input gives the same
number on every machine. It reads no table.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

K1 = 1.4
B = 0.7
HEADING_WEIGHT = 0.8
TITLE_WEIGHT = 1.5
NEAR_WEIGHT = 0.35
"""Of the lesser word's weight, for two words side by side; half of it two words apart, and so on up to `NEAR`."""
NEAR = 8
COVERAGE = 0.3
"""How much of its score a passage loses that has almost none of the words asked for."""
FEW_WORDS = 4
"""So many words are meant to occur together; of a longer question, which describes, each missing word counts for less."""
MORE_PASSAGES = 0.2
"""What each further good passage adds to its page, as a share of the passage's score."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A query's terms with their weight: `tokens` maps each token to its term's number, `weights[n]` is its idf."""

    tokens: dict[str, int]
    weights: tuple[float, ...]
    average: float


def idf(passages: int, having: int) -> float:
    """The weight of a word that `having` of all passages hold; never negative."""
    return math.log(1 + (passages - having + 0.5) / (having + 0.5))


def score(query: Weighed, body: Iterable[str], head: Iterable[str], forms: Iterable[str], title: Iterable[int]) -> float:
    """The score of one passage of a page whose title has the terms `title`; 0 where the passage itself has none of the words."""
    number_of = query.tokens
    tokens = list(body)
    places = [(place, number_of[token]) for place, token in enumerate(tokens) if token in number_of]
    in_head = {number_of[token] for token in head if token in number_of}
    counts: dict[int, float] = {}
    for _, number in places:
        counts[number] = counts.get(number, 0.0) + 1.0
    for form in forms:  # a prefix, or a character of an unspaced script: it says that the word is there, not how often
        if form in number_of:
            counts.setdefault(number_of[form], 1.0)
    if not counts and not in_head:
        return 0.0
    length = 1 - B + B * len(tokens) / query.average
    for number in counts:
        counts[number] /= length
    for numbers, weight in ((in_head, HEADING_WEIGHT), (title, TITLE_WEIGHT)):
        for number in numbers:
            counts[number] = counts.get(number, 0.0) + weight
    total = 0.0
    for number, count in sorted(counts.items()):
        total += query.weights[number] * count * (K1 + 1) / (K1 + count)
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
