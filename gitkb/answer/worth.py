"""How well one sentence answers a question, by its words alone.

Invariant: a pure function of the sentence, what it stands under, and the words of the question with their weights. Each word of
the question counts once, so a sentence gains nothing by repeating one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from gitkb.catalog.ranking import Weighed
from gitkb.compile.claims import claim_text
from gitkb.text.leaning import is_leaning
from gitkb.text.prose import plain
from gitkb.text.tokens import analyse

_ABOVE = 0.5
"""What a word counts that stands only in the title or headings above a sentence."""
_STANDS_ALONE = 1.15
_LEANS = 0.85
_FRAGMENT = 0.6
_NEAR = 0.1
_SHORT, _LONG = 40, 320
_UNSPACED = ("ja", "zh", "ko", "th")


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of a question: each token's number, the weight of each number, and the sum of the weights."""

    words: Weighed
    total: float

    @classmethod
    def of(cls, words: Weighed) -> "Asked":
        return cls(words, sum(words.weights) or 1.0)

    def numbers(self, text: str, language: str) -> list[int]:
        """The words of the question that a text has, in text order."""
        found = analyse(text, language)
        return [self.words.tokens[token] for token in (*found.tokens, *found.forms) if token in self.words.tokens]

    def share(self, numbers: "set[int] | frozenset[int]") -> float:
        """The weight of these words, as a share of all."""
        return sum(self.words.weights[number] for number in sorted(numbers)) / self.total


def worth(marked: str, language: str, above: frozenset[int], asked: Asked) -> float:
    """How well a sentence (with inline code marked) answers, about 0..1.5; 0 where it has none of the words itself."""
    text = plain(marked)
    numbers = asked.numbers(text, language)
    own = set(numbers)
    if not own:
        return 0.0
    value = asked.share(own) + _ABOVE * asked.share(above - own) + _NEAR * asked.share(set(_beside(text, language, asked)))
    return value * _shape(marked, text, language)


def _beside(text: str, language: str, asked: Asked) -> Iterator[int]:
    """The words of the question that stand right beside another one."""
    known = asked.words.tokens
    tokens = [known.get(token) for token in analyse(text, language).tokens]
    for one, other in pairwise(tokens):
        if one is not None and other is not None and one != other:
            yield from (one, other)


def _shape(marked: str, text: str, language: str) -> float:
    if claim_text(marked, language):
        return _STANDS_ALONE
    short = _SHORT // 3 if language in _UNSPACED else _SHORT
    if len(text) < short or text[-1:] not in ".!?:;)»”\"'。！？」":
        return _FRAGMENT
    return _LEANS if is_leaning(text, language) or len(text) > _LONG else 1.0
