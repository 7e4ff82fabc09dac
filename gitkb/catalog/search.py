"""Ranked full text search over the wiki's pages: FTS5 finds passages, `ranking` orders them, a page answers with its best one.

Invariant: the answer depends on the tree, the query, the scope and the limit alone, and any text is a valid query. Work is
bounded: words that occur nearly everywhere only rank what rarer words find; if there are no rarer ones, pages that have them in
a title or heading come first, and of the others a fixed sample is read.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from gitkb.catalog import passages, query, ranking, snippets
from gitkb.errors import UsageError
from gitkb.model import SearchHit, Tree

SCOPES = ("sources", "summaries", "concepts", "entities", "all")
_MOST_MATCHES = 5_000
"""Matches that FTS5 may rank for one query, where there are many passages; more cost more than a person's patience."""
_FEW_PASSAGES = 12_000
_DEPTH = 400
_MOST_COMPLETIONS = 40
_COMPLETIONS_READ = 400
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query with what the index knows of its terms: each term's tokens (a prefix completed) and how many passages have them."""

    terms: tuple[tuple[str, ...], ...]
    having: tuple[int, ...]
    passages: int
    weighed: ranking.Weighed


@dataclass(frozen=True, slots=True)
class _Found:
    row: int
    score: float


@dataclass(frozen=True, slots=True)
class _PageFound:
    score: float
    path: str
    page: int
    row: int


def search(db: sqlite3.Connection, tree: Tree, text: str, *, scope: str = "all", limit: int = 10) -> list[SearchHit]:
    """The best `limit` pages of a scope for what a person typed, best first; equal scores by path.

    `db` is a catalog connection at `tree` for `passages.PASSAGES`. Raises `UsageError` for an empty query, an unknown scope, a
    limit below 1.
    """
    if not text.strip():
        raise UsageError("The query is empty.", 'Say what to look for: gitkb search "write-ahead log".')
    if scope not in SCOPES:
        raise UsageError(f"There is no scope {scope!r}.", f"One of: {', '.join(SCOPES)}.")
    if limit < 1:
        raise UsageError(f"The limit must be at least 1, not {limit}.")
    languages = _languages(db)
    wanted = query.parse(text, languages)
    if not wanted.terms or not languages:
        return []
    asked = _ask(db, wanted)
    depth = max(_DEPTH, 4 * limit)
    while True:
        rows = _candidates(db, wanted, asked, scope, depth)
        pages = _pages(db, asked, wanted, rows)
        hits = [page for _, page in zip(range(limit), pages, strict=False)]
        if len(hits) == limit or len(rows) < depth or depth > _MOST_MATCHES:
            return [_hit(db, tree, asked, hit) for hit in hits]
        depth *= 4  # many passages of few pages, or most pages excluded: look further


def _languages(db: sqlite3.Connection) -> list[str]:
    rows = db.execute("SELECT name FROM passage_stats WHERE name GLOB 'language:*' AND value > 0 ORDER BY value DESC, name")
    return [str(name).partition(":")[2] for (name,) in rows]


def _ask(db: sqlite3.Connection, wanted: query.Query) -> _Asked:
    stats = dict(db.execute("SELECT name, value FROM passage_stats WHERE name IN ('passages', 'tokens')").fetchall())
    count = int(stats["passages"])
    terms, having = [], []
    for term in wanted.terms:
        tokens = _completions(db, term.tokens[0]) if term.prefix else _counted(db, term.tokens)
        present = tuple(token for token in tokens if tokens[token])
        terms.append(present or term.tokens)
        having.append(min(count, sum(tokens.values())))
    numbers = {token: number for number, tokens in reversed(list(enumerate(terms))) for token in tokens}
    weights = tuple(ranking.idf(count, number) * times for number, times in zip(having, wanted.times, strict=True))
    average = max(1.0, int(stats["tokens"]) / max(1, count))
    return _Asked(tuple(terms), tuple(having), count, ranking.Weighed(numbers, weights, average))


def _counted(db: sqlite3.Connection, tokens: Sequence[str]) -> dict[str, int]:
    """Each token with the number of passages that have it; a single character of an unspaced script also inside words."""
    inside = [passages.FORM_MARK + token for token in tokens if len(token) == 1 and not token.isascii()]
    # A word of titles and headings alone is counted under its mark.
    return {token: _having(db, token) or _having(db, passages.HEAD_MARK + token) for token in (*tokens, *inside)}


def _having(db: sqlite3.Connection, token: str) -> int:
    row = db.execute("SELECT passages FROM passage_terms WHERE term = ?", (token,)).fetchone()
    return int(row[0]) if row else 0


def _completions(db: sqlite3.Connection, start: str) -> dict[str, int]:
    """The most frequent tokens and other forms that begin like this, with the number of passages that have them."""
    found: list[tuple[str, int]] = []
    for first in (start, passages.FORM_MARK + start):
        found += db.execute(
            "SELECT term, passages FROM passage_terms WHERE term >= ? AND term < ? LIMIT ?",
            (first, first + "\U0010ffff", _COMPLETIONS_READ),
        ).fetchall()
    return dict(sorted(found, key=lambda row: (-row[1], row[0]))[:_MOST_COMPLETIONS])


def _candidates(db: sqlite3.Connection, wanted: query.Query, asked: _Asked, scope: str, depth: int) -> list[int]:
    """Ids of the passages that are worth scoring, at most about `depth`, thrice as many where all words are common."""
    look = _Look(db, _any_phrase(wanted.excluded), scope, depth)
    if wanted.phrases:
        rarest = min(_having(db, token) for phrase in wanted.phrases for wording in phrase.wordings for token in wording)
        found = _any_phrase(wanted.phrases)
        return look.best(found) if rarest <= _MOST_MATCHES else look.first(found)
    order = sorted((n for n, having in enumerate(asked.having) if having), key=lambda n: (asked.having[n], n))
    telling = [n for n, total in zip(order, accumulate(asked.having[n] for n in order), strict=True) if total <= _MOST_MATCHES]
    if asked.passages <= _FEW_PASSAGES:
        telling = order
    if telling:
        tokens = [token for number in telling for token in asked.terms[number]]
        return look.best(_any([*tokens, *_heads(tokens)]))
    return _among_common(look, asked, order) if order else []


def _among_common(look: "_Look", asked: _Asked, order: Sequence[int]) -> list[int]:
    """Where every word is common: passages with them in a title or heading, with all of them, with the two rarest, with any."""
    tokens = [token for number in order for token in asked.terms[number]]
    heads = _heads(tokens)
    in_heads = sum(_having(look.db, head) for head in heads)
    found = set(look.best(_any(heads)) if in_heads <= _MOST_MATCHES else look.first(_any(heads)))
    for group in (order, order[:2]):
        found.update(look.first(" AND ".join(f"({_any(asked.terms[number])})" for number in group)))
    if len(order) > 2:
        found.update(look.first(_any(asked.terms[order[0]])))
    return sorted(found)


def _heads(tokens: Iterable[str]) -> list[str]:
    return [passages.HEAD_MARK + token for token in tokens]


def _any(tokens: Iterable[str]) -> str:
    return " OR ".join(f'"{token}"' for token in tokens)


def _any_phrase(phrases: Iterable[query.Phrase]) -> str:
    return " OR ".join(f'"{" ".join(wording)}"' for phrase in phrases for wording in phrase.wordings)


@dataclass(frozen=True, slots=True)
class _Look:
    """Where to look: a scope, without the passages that an expression excludes, at most `depth` of them."""

    db: sqlite3.Connection
    without: str
    scope: str
    depth: int

    def best(self, expression: str) -> list[int]:
        """The best passages by FTS5's own ranking, which reads all that match."""
        return self._rows(expression, "bm25(passage_index, 1.0, 2.0, 0.3), rowid")

    def first(self, expression: str) -> list[int]:
        """The first passages of each scope by id: a fixed sample, since ids are hashes."""
        if self.scope != "all":
            return self._rows(expression, "rowid")
        part = replace(self, depth=max(1, self.depth // len(passages.SCOPES)))
        return [row for scope in passages.SCOPES for row in replace(part, scope=scope)._rows(expression, "rowid")]

    def _rows(self, expression: str, order: str) -> list[int]:
        expression = f"({expression}) NOT ({self.without})" if self.without else expression
        rows = self.db.execute(
            f"SELECT rowid FROM passage_index WHERE passage_index MATCH ? AND rowid BETWEEN ? AND ? ORDER BY {order} LIMIT ?",
            (expression, *passages.scope_rows(self.scope), self.depth),
        )
        return [int(row) for (row,) in rows.fetchall()]


def _pages(db: sqlite3.Connection, asked: _Asked, wanted: query.Query, rows: Sequence[int]) -> Iterator[_PageFound]:
    """The pages of these passages, best first, that hold every phrase and nothing excluded."""
    by_page: dict[int, list[_Found]] = {}
    info: dict[int, tuple[str, list[str]]] = {}
    for number, blob, page, path, title in _stored(db, rows):
        if page not in info:
            info[page] = (path, title.split())
        body, head, forms = passages.unpack(blob)
        scored = ranking.score(asked.weighed, body, head, forms, info[page][1])
        by_page.setdefault(page, []).append(_Found(number, scored))
    ranked = [_ranked(page, info[page][0], found) for page, found in by_page.items()]
    for one in sorted(ranked, key=lambda one: (-one.score, one.path)):
        if _agrees(db, wanted, one.page):
            yield one


def _ranked(page: int, path: str, found: list[_Found]) -> _PageFound:
    found.sort(key=lambda one: (-one.score, one.row))
    return _PageFound(round(ranking.page_score([one.score for one in found]), 4), path, page, found[0].row)


def _stored(db: sqlite3.Connection, rows: Sequence[int]) -> Iterator[tuple[int, bytes, int, str, str]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[start : start + _ROWS_AT_ONCE]
        yield from db.execute(
            f"SELECT r.id, r.tokens, p.id, p.path, p.head FROM passage_rows r JOIN passage_pages p"
            f" ON p.id = r.id >> {passages.ORDINAL_BITS} WHERE r.id IN ({','.join('?' * len(part))})",
            part,
        )


def _agrees(db: sqlite3.Connection, wanted: query.Query, page: int) -> bool:
    if wanted.excluded and _page_has(db, _any_phrase(wanted.excluded), page):
        return False
    return len(wanted.phrases) < 2 or all(_page_has(db, _any_phrase([phrase]), page) for phrase in wanted.phrases)


def _page_has(db: sqlite3.Connection, expression: str, page: int) -> bool:
    found = db.execute(
        "SELECT 1 FROM passage_index WHERE passage_index MATCH ? AND rowid BETWEEN ? AND ? LIMIT 1",
        (expression, *passages.page_rows(page)),
    )
    return found.fetchone() is not None


def _hit(db: sqlite3.Connection, tree: Tree, asked: _Asked, found: _PageFound) -> SearchHit:
    title, description, language = db.execute(
        "SELECT title, description, language FROM passage_pages WHERE id = ?", (found.page,)
    ).fetchone()
    heading, line, lines = db.execute("SELECT heading, line, lines FROM passage_rows WHERE id = ?", (found.row,)).fetchone()
    if found.row == passages.page_rows(found.page)[0]:
        snippet = snippets.Snippet(snippets.cut_text(description or title, language, asked.weighed.tokens), line)
    else:
        content = (tree.read(found.path) or b"").decode("utf-8", "replace")
        snippet = snippets.cut(content, line, lines, language, asked.weighed.tokens)
    return SearchHit(
        page=found.path,
        document=passages.document_of(found.path),
        title=snippets.printable(title),
        heading=snippets.printable(heading),
        line=snippet.line,
        score=found.score,
        snippet=snippet.text,
    )
