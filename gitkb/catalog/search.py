"""Ranked full text search over the wiki's pages: FTS5 finds passages, `ranking` orders them, a page answers with its best one.

Invariant: the answer depends on the tree, the query, the scope and the limit alone, and any text is a valid query. Work is
bounded: words that occur nearly everywhere only rank what rarer words find; if there are no rarer ones, pages that have them in
a title or heading come first, and of the others a fixed sample is read.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gitkb.catalog import passages, query, ranking, snippets
from gitkb.errors import UsageError
from gitkb.model import SearchHit, Tree

SCOPES = ("sources", "summaries", "concepts", "entities", "all")
_MOST_MATCHES = 6_000
"""Matches that FTS5 may rank for one query; more cost more than a person's patience."""
_DEPTH = 300
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
        tokens = _completions(db, term.tokens[0]) if term.prefix else {token: _having(db, token) for token in term.tokens}
        present = tuple(token for token in tokens if tokens[token])
        terms.append(present or term.tokens)
        having.append(min(count, sum(tokens.values())))
    numbers = {token: number for number, tokens in reversed(list(enumerate(terms))) for token in tokens}
    weights = tuple(ranking.idf(count, number) for number in having)
    average = max(1.0, int(stats["tokens"]) / max(1, count))
    return _Asked(tuple(terms), tuple(having), count, ranking.Weighed(numbers, weights, average))


def _having(db: sqlite3.Connection, token: str) -> int:
    row = db.execute("SELECT doc FROM passage_terms WHERE term = ?", (token,)).fetchone()
    return int(row[0]) if row else 0


def _completions(db: sqlite3.Connection, start: str) -> dict[str, int]:
    """The most frequent tokens that begin like this, with the number of passages that have them."""
    rows = db.execute(
        "SELECT term, doc FROM passage_terms WHERE term >= ? AND term < ? LIMIT ?",
        (start, start + "\U0010ffff", _COMPLETIONS_READ),
    ).fetchall()
    return dict(sorted(rows, key=lambda row: (-row[1], row[0]))[:_MOST_COMPLETIONS])


def _candidates(db: sqlite3.Connection, wanted: query.Query, asked: _Asked, scope: str, depth: int) -> list[int]:
    """Ids of the passages that are worth scoring, at most about `depth`."""
    without = _any_phrase(wanted.excluded)
    if wanted.phrases:
        return _matching(db, _any_phrase(wanted.phrases), without, scope, depth, _MOST_MATCHES)
    order = sorted(range(len(asked.terms)), key=lambda number: (asked.having[number], number))
    telling: list[int] = []
    total = 0
    for number in order:
        total += asked.having[number]
        if total <= _MOST_MATCHES and asked.having[number]:
            telling.append(number)
    if telling:
        tokens = [token for number in telling for token in asked.terms[number]]
        return _matching(db, _any([*tokens, *_heads(tokens)]), without, scope, depth, total)
    tokens = [token for terms in asked.terms for token in terms]
    heads = _matching(db, _any(_heads(tokens)), without, scope, depth, sum(_having(db, head) for head in _heads(tokens)))
    both = " AND ".join(f"({_any(terms)})" for terms in asked.terms)
    everywhere = _matching(db, both, without, scope, depth, min(asked.having))
    return sorted({*heads, *everywhere})


def _heads(tokens: Iterable[str]) -> list[str]:
    return [passages.HEAD_MARK + token for token in tokens]


def _any(tokens: Iterable[str]) -> str:
    return " OR ".join(f'"{token}"' for token in tokens)


def _any_phrase(phrases: Iterable[query.Phrase]) -> str:
    return " OR ".join(f'"{" ".join(wording)}"' for phrase in phrases for wording in phrase.wordings)


def _matching(db: sqlite3.Connection, wanted: str, without: str, scope: str, depth: int, expected: int) -> list[int]:
    """Ids of the best passages for an FTS5 expression. Of many more than FTS5 can rank, a sample: ids are hashes."""
    expression = f"({wanted}) NOT ({without})" if without else wanted
    share = min(1.0, _MOST_MATCHES / max(1, expected))
    found: list[tuple[float, int]] = []
    for first, last in _ranges(scope, share):
        found += db.execute(
            "SELECT bm25(passage_index, 1.0, 2.0, 0.3) AS rank, rowid FROM passage_index WHERE passage_index MATCH ?"
            " AND rowid BETWEEN ? AND ? ORDER BY 1, 2 LIMIT ?",
            (expression, first, last, depth),
        ).fetchall()
    return [row for _, row in sorted(found)[:depth]]


def _ranges(scope: str, share: float) -> Iterator[tuple[int, int]]:
    if share >= 1.0:
        yield passages.scope_rows(scope)
        return
    for name in passages.SCOPES if scope == "all" else (scope,):
        first, last = passages.scope_rows(name)
        yield first, first + int((last - first) * share)


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
