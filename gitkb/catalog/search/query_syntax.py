"""Parses a search query: words, "phrases", prefix*, -exclusions.

Invariant: every string is a query; whatever is not an operator is read as words (a single quote mark, FTS5's own operators,
parentheses). Only tokens reach FTS5, which hold no operator. A query has at most `MAX_TERMS` terms.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gitkb.text.language.detect import function_words
from gitkb.text.language.tokens import Token, analyse, fold, normalise, variants, words

MAX_TERMS = 48
RELATED = 0.5
_MAX_CHARS = 20_000
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』", '"'))  # full-width marks are folded
_PART = re.compile(r'(?P<minus>(?<!\S)-(?=["\w]))?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+|"))')


class Term(Struct, frozen=True):
    """One word asked for: the tokens that it may have become in a page; with `prefix`, what these or other forms begin with.
    `meant` is the number of the term that this one means the same as, if it is a related word."""

    tokens: tuple[str, ...]
    prefix: bool = False
    meant: int | None = None


class Phrase(Struct, frozen=True):
    """Words asked for side by side; one sequence of tokens for each way to stem them."""

    wordings: tuple[tuple[str, ...], ...]


class Query(Struct, frozen=True):
    """`terms` rank, each typed `times` times (words of phrases too; a related word counts as half typed); a page must hold
    `phrases` and no `excluded`."""

    terms: tuple[Term, ...]
    times: tuple[float, ...]
    phrases: tuple[Phrase, ...] = ()
    excluded: tuple[Phrase, ...] = ()


class _Part(Struct, frozen=True):
    text: str
    minus: bool
    quoted: bool

    @property
    def prefix(self) -> bool:
        return not self.quoted and self.text.endswith("*")


def parse(text: str, languages: Sequence[str]) -> Query:
    """The query for pages in these languages; without terms where the text holds no letter and no digit."""
    parts = list(_parts(normalise(text[:_MAX_CHARS]).translate(_QUOTES)))
    if all(part.minus for part in parts):  # "-Wall": there is nothing to exclude from
        parts = [_Part(part.text, False, part.quoted) for part in parts]
    plain = [word for part in parts if not part.minus for word in words(part.text)]
    stop = _function_words(plain, languages)
    terms = Counter(term for part in parts if not part.minus for term in _terms(part, languages, stop))
    wanted = [part for part in parts if not part.minus and part.quoted]
    return Query(
        terms=tuple(terms)[:MAX_TERMS],
        times=tuple(terms.values())[:MAX_TERMS],
        phrases=tuple(dict.fromkeys(_phrases(wanted, languages)))[:MAX_TERMS],
        excluded=tuple(dict.fromkeys(_phrases([part for part in parts if part.minus], languages)))[:MAX_TERMS],
    )


def with_related(query: Query, related: Mapping[str, str], languages: Sequence[str]) -> Query:
    """The query, which also finds other words, each given with the word of the query that it means the same as, for a share of
    their weight."""
    numbers = {token: number for number, term in reversed(list(enumerate(query.terms))) for token in term.tokens}
    found: dict[tuple[str, ...], Term] = {}
    for other, word in related.items():
        meant = next((numbers[token] for token in _tokens(word, languages) if token in numbers), None)
        tokens = _tokens(other, languages)
        if tokens and not any(token in numbers for token in tokens):
            found.setdefault(tokens, Term(tokens, meant=meant))
    more = list(found.values())[: MAX_TERMS - len(query.terms)]
    return replace(query, terms=(*query.terms, *more), times=(*query.times, *([RELATED] * len(more))))


def _tokens(word: str, languages: Sequence[str]) -> tuple[str, ...]:
    return tuple(token for each in words(normalise(word)) for token in variants(each, languages))


def _parts(text: str) -> Iterator[_Part]:
    for found in _PART.finditer(text):
        quoted = found["phrase"] is not None
        part = found["phrase"] if quoted else found["word"]
        if any(True for _ in words(part)):
            yield _Part(part, found["minus"] is not None, quoted)


def _terms(part: _Part, languages: Sequence[str], stop: frozenset[str]) -> Iterator[Term]:
    found = list(words(part.text))
    for number, word in enumerate(found):
        if part.prefix and number == len(found) - 1:
            yield Term((fold(word.text),), prefix=True)
        elif word.text not in stop or part.quoted:
            yield Term(tuple(variants(word, languages)))


def _phrases(parts: Sequence[_Part], languages: Sequence[str]) -> Iterator[Phrase]:
    for part in parts:
        stemmed = {tuple(analyse(part.text, language).tokens) for language in (*languages, "")}
        yield Phrase(tuple(sorted(stemmed)))


def _function_words(typed: Sequence[Token], languages: Sequence[str]) -> frozenset[str]:
    """The function words to leave out: those of the one language that most of the typed words belong to; none if all would go."""
    counts = Counter({language: _known(typed, language) for language in languages})
    best = max(languages, key=lambda language: counts[language], default="")
    stop = frozenset(piece for word in function_words(best) for piece in re.split("['\u2019]", word))
    return stop if any(word.text not in stop for word in typed) else frozenset()


def _known(typed: Sequence[Token], language: str) -> int:
    return sum(word.text in function_words(language) for word in typed)
