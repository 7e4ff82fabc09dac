"""The passages that are worth scoring for a query, found through FTS5, and how well each answers it.

Invariant: the candidates depend on the rows, the query, the scope and the depth alone, and a score is a pure function of the
passage's tokens, the page's title and the query with its statistics: the same numbers on every machine. Work is bounded
whatever is asked. Words that occur nearly everywhere only rank what rarer words find; if there are no rarer ones, passages with
several of the words come first, then those with one in a heading, and of the others a fixed sample is read.
"""

import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, combinations, groupby, islice, pairwise

from msgspec import Struct
from msgspec.structs import replace

from gitkb.catalog.search import passage_index, query_syntax

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


class Weighed(Struct, frozen=True):
    """A query's terms with their weight: `tokens` maps each token to its term's number, `weights[n]` is its idf."""

    tokens: dict[str, int]
    weights: tuple[float, ...]
    average: float


class Tokens(Struct, frozen=True):
    """A passage's tokens, set apart by blanks. In the one that names its page, `head` is the title, which counts as such."""

    body: str
    head: str
    forms: str
    names_page: bool


class Title(Struct, frozen=True):
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


_MOST_MATCHES = 8_000
"""Entries of posting lists that FTS5 may rank for one query: about two microseconds each."""
_MOST_COMBINED = 3_000
"""Passages with several common words that FTS5 may rank, after it has found them in long lists."""
_MOST_COMPLETIONS = 40
_COMPLETIONS_READ = 400
_OPENING = 2
"""Passages read of a page that only its title brought up: words of the title are in the page's text too, mostly at its start."""
_OF_ONE_PAGE = 4
_READ_AHEAD = 8
"""How many passages a sample reads for each that it keeps, so that a long page does not fill it."""


class Asked(Struct, frozen=True):
    """A query with what the index knows of its terms: each term's tokens (a prefix completed) and how many passages have them."""

    terms: tuple[tuple[str, ...], ...]
    having: tuple[int, ...]
    weighed: Weighed


NOTHING_ASKED = Asked((), (), Weighed({}, (), 1.0))


class _Counted(Struct, frozen=True):
    """What one index knows of a query: the tokens of each term and how many passages have them, all passages, all tokens."""

    terms: tuple[tuple[str, ...], ...]
    having: tuple[int, ...]
    passages: int
    length: int


def ask(db: sqlite3.Connection, wanted: query_syntax.Query, among: Sequence[sqlite3.Connection] = ()) -> Asked:
    """The query's terms with their statistics, weights and the average passage length. Where `db` is one `among` several indexes,
    weights and length are those of all together, so that a score is what it would be in one index of all their pages."""
    own = _count(db, wanted)
    every = [own if each is db else _count(each, wanted) for each in among] or [own]
    passages, length = sum(each.passages for each in every), sum(each.length for each in every)
    having = [min(passages, sum(numbers)) for numbers in zip(*(each.having for each in every), strict=True)]
    numbers = {token: number for number, tokens in reversed(list(enumerate(own.terms))) for token in tokens}
    weights = tuple(idf(passages, number) * times for number, times in zip(having, wanted.times, strict=True))
    return Asked(own.terms, own.having, Weighed(numbers, weights, max(1.0, length / max(1, passages))))


def _count(db: sqlite3.Connection, wanted: query_syntax.Query) -> _Counted:
    stats = dict(db.execute("SELECT name, value FROM passage_stats WHERE name IN ('passages', 'tokens')").fetchall())
    count = int(stats.get("passages", 0))
    terms, having = [], []
    for term in wanted.terms:
        tokens = _completions(db, term.tokens[0]) if term.prefix else _counted(db, term.tokens)
        present = tuple(token for token in tokens if tokens[token])
        terms.append(present or term.tokens)
        having.append(min(count, sum(tokens.values())))
    return _Counted(tuple(terms), tuple(having), count, int(stats.get("tokens", 0)))


def _counted(db: sqlite3.Connection, tokens: Sequence[str]) -> dict[str, int]:
    """Each token with the number of passages that have it; a single character of an unspaced script also inside words."""
    inside = [passage_index.FORM_MARK + token for token in tokens if len(token) == 1 and not token.isascii()]
    # A word of titles and headings alone is counted under its mark.
    return {token: _having(db, token) or _having(db, passage_index.HEAD_MARK + token) for token in (*tokens, *inside)}


def _having(db: sqlite3.Connection, token: str) -> int:
    row = db.execute("SELECT passages FROM passage_terms WHERE term = ?", (token,)).fetchone()
    return int(row[0]) if row else 0


def _completions(db: sqlite3.Connection, start: str) -> dict[str, int]:
    """The most frequent tokens and other forms that begin like this, with the number of passages that have them."""
    found: list[tuple[str, int]] = []
    for first in (start, passage_index.FORM_MARK + start):
        found += db.execute(
            "SELECT term, passages FROM passage_terms WHERE term >= ? AND term < ? LIMIT ?",
            (first, first + "\U0010ffff", _COMPLETIONS_READ),
        ).fetchall()
    return dict(sorted(found, key=lambda row: (-row[1], row[0]))[:_MOST_COMPLETIONS])


def candidates(db: sqlite3.Connection, wanted: query_syntax.Query, asked: Asked, scope: str, depth: int) -> list[int]:
    """Row ids of the passages that are worth scoring, rising; a few times `depth` at most."""
    look = _Look(db, any_phrase(wanted.excluded), scope, depth)
    if wanted.phrases:
        rarest = min(_having(db, token) for phrase in wanted.phrases for wording in phrase.wordings for token in wording)
        found = any_phrase(wanted.phrases)
        return look.best(found) if rarest <= _MOST_MATCHES else look.first(found)
    order = sorted((n for n, having in enumerate(asked.having) if having), key=lambda n: (asked.having[n], n))
    telling = [n for n, total in zip(order, accumulate(asked.having[n] for n in order), strict=True) if total <= _MOST_MATCHES]
    if telling:
        tokens = [token for number in telling for token in asked.terms[number]]
        return _with_openings(look.best(_in_text(tokens)), _in_heads(look, tokens))
    return _among_common(look, asked, order) if order else []


def _among_common(look: "_Look", asked: Asked, order: Sequence[int]) -> list[int]:
    """Candidates if every word is common: passages with two of the three rarest words, with all words, with one in a heading,
    with the rarest."""
    texts = [_in_text(asked.terms[number]) for number in order]
    some = replace(look, depth=look.depth // 2)
    pairs = [f"({one} AND {other})" for one, other in combinations(texts[:3], 2)]
    rows = set(some.ranked(" OR ".join(pairs))) if pairs else set()
    if len(texts) > 2:
        rows.update(some.ranked(" AND ".join(texts)))
    if len(rows) < look.depth:
        rows.update(some.first(texts[0]))
    return _with_openings(rows, _in_heads(some, [token for number in order for token in asked.terms[number]]))


def _in_heads(look: "_Look", tokens: Iterable[str]) -> list[int]:
    heads = [passage_index.HEAD_MARK + token for token in tokens]
    few = sum(_having(look.db, head) for head in heads) <= _MOST_MATCHES
    look = replace(look, depth=max(1, look.depth // 4))
    return look.best(_any(heads)) if few else look.first(_any(heads))


def _with_openings(found: Iterable[int], in_heads: Iterable[int]) -> list[int]:
    """All these rows, and the first passages of the pages that were found by their title."""
    rows = {*found, *in_heads}
    titles = [row for row in rows if row == passage_index.page_rows(row >> passage_index.ORDINAL_BITS)[0]]
    return sorted(rows.union(title + number for title in titles for number in range(1, _OPENING + 1)))


def _any(tokens: Iterable[str]) -> str:
    return " OR ".join(f'"{token}"' for token in tokens)


def _in_text(tokens: Iterable[str]) -> str:
    """Any of the tokens in the text itself. Headings are short: ranked along, they would crowd out the text."""
    return f"{{body forms}} : ({_any(tokens)})"


def any_phrase(phrases: Iterable[query_syntax.Phrase]) -> str:
    """The FTS5 expression for passages that hold one of the phrases; "" for none."""
    return " OR ".join(f'"{" ".join(wording)}"' for phrase in phrases for wording in phrase.wordings)


class _Look(Struct, frozen=True):
    """The area of a search: a scope, without the passages that an expression excludes, at most `depth` of them."""

    db: sqlite3.Connection
    without: str
    scope: str
    depth: int

    def best(self, expression: str) -> list[int]:
        """The best passages by FTS5's own ranking, which reads all that match."""
        return self._rows(expression, "bm25(passage_index, 1.0, 1.0, 0.3), rowid", self.depth)

    def first(self, expression: str) -> list[int]:
        """The first passages of each scope by id, a few of each page: a fixed sample, since ids are hashes of paths."""
        kept: list[int] = []
        for scope in self._scopes():
            rows = scope._rows(expression, "rowid", _READ_AHEAD * scope.depth)
            pages = groupby(rows, lambda row: row >> passage_index.ORDINAL_BITS)
            kept += islice((row for _, of_page in pages for row in islice(of_page, _OF_ONE_PAGE)), scope.depth)
        return kept

    def ranked(self, expression: str) -> list[int]:
        """The best where not too many match, a sample otherwise."""
        matches = self._rows(expression, "rowid", _MOST_COMBINED + 1)
        if len(matches) <= self.depth:
            return matches
        return self.best(expression) if len(matches) <= _MOST_COMBINED else self.first(expression)

    def _scopes(self) -> Iterator["_Look"]:
        kinds = passage_index.kinds_of(self.scope)
        for kind in kinds:
            yield replace(self, scope=kind, depth=max(1, self.depth // len(kinds)))

    def _rows(self, expression: str, order: str, most: int) -> list[int]:
        expression = f"({expression}) NOT ({self.without})" if self.without else expression
        rows = self.db.execute(
            f"SELECT rowid FROM passage_index WHERE passage_index MATCH ? AND rowid BETWEEN ? AND ? ORDER BY {order} LIMIT ?",
            (expression, *passage_index.scope_rows(self.scope), most),
        )
        return [int(row) for (row,) in rows.fetchall()]
