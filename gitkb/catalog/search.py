"""Ranked full text search over the wiki's pages: `candidates` finds passages, `ranking` scores them, the best speaks for a page.

Invariant: the answer depends on the tree, the query, the scope and the limit alone, and any text is a valid query. It reads the
index and the pages that it shows, nothing else.
"""

import heapq
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from gitkb.catalog import passages, query, ranking, snippets
from gitkb.catalog.candidates import NOTHING_ASKED, Asked, any_phrase, ask, candidates
from gitkb.errors import UsageError
from gitkb.model import SearchHit, Tree

SCOPES = ("sources", "summaries", "concepts", "entities", "all")
_DEPTH = 400
_DEEPEST = 6_000
_ROWS_AT_ONCE = 500
_OF_PAGE = 6
_REPEATS = 0.5
"""What remains of the score of a page that shows what a better page of its document has shown: a summary quotes its source."""


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    path: str
    title: ranking.Title


@dataclass(frozen=True, slots=True)
class PageFound:
    """A page by its number in the tables. `row` is its best passage, `text_row` the best below its title; `rows` are its best
    few with their scores, best first."""

    score: float
    path: str
    page: int
    row: int
    text_row: int
    rows: tuple[tuple[float, int], ...]


def search(db: sqlite3.Connection, tree: Tree, text: str, *, scope: str = "all", limit: int = 10) -> list[SearchHit]:
    """The best `limit` pages of a scope for what a person typed, best first; equal scores by path.

    `db` is a catalog connection at `tree` for `passages.PASSAGES`. Raises `UsageError` for an empty query, an unknown scope, a
    limit below 1.
    """
    asked, pages = find_pages(db, text, scope=scope, limit=limit)
    hits = (_hit(db, tree, asked, page) for page in pages)
    return list(islice(_repeats_lowered(hits), limit))


def find_pages(db: sqlite3.Connection, text: str, *, scope: str, limit: int) -> tuple[Asked, list[PageFound]]:
    """The query as the index weighs it, and up to twice `limit` pages that hold it, best first; errors as `search` has them."""
    if not text.strip():
        raise UsageError("The query is empty.", 'Say what to look for: gitkb search "write-ahead log".')
    if scope not in SCOPES:
        raise UsageError(f"There is no scope {scope!r}.", f"One of: {', '.join(SCOPES)}.")
    if limit < 1:
        raise UsageError(f"The limit must be at least 1, not {limit}.")
    languages = _languages(db)
    wanted = query.parse(text, languages)
    if not wanted.terms or not languages:
        return NOTHING_ASKED, []
    asked = ask(db, wanted)
    depth, before = max(_DEPTH, 6 * limit), -1
    while True:
        rows = candidates(db, wanted, asked, scope, depth)
        pages = list(islice(_pages(db, asked, wanted, rows), 2 * limit))
        if len(pages) >= limit or len(rows) in (0, before) or depth > _DEEPEST:
            return asked, pages
        depth, before = 4 * depth, len(rows)  # many passages of few pages, or most pages excluded: look further


def _languages(db: sqlite3.Connection) -> list[str]:
    rows = db.execute("SELECT name FROM passage_stats WHERE name GLOB 'language:*' AND value > 0 ORDER BY value DESC, name")
    return [str(name).partition(":")[2] for (name,) in rows]


def _pages(db: sqlite3.Connection, asked: Asked, wanted: query.Query, rows: Sequence[int]) -> Iterator[PageFound]:
    """The pages of these passages, best first, that hold every phrase and nothing excluded."""
    pages = _page_infos(db, asked, sorted({row >> passages.ORDINAL_BITS for row in rows}))
    with_forms = any(token.startswith(passages.FORM_MARK) for token in asked.weighed.tokens)
    found: dict[int, list[tuple[float, int]]] = {}
    for row, blob in _in_parts(db, "SELECT id, tokens FROM passage_rows", rows):
        page = pages[row >> passages.ORDINAL_BITS]
        body, head, forms = passages.unpack(blob)
        names_page = row == passages.page_rows(page.number)[0]
        tokens = ranking.Tokens(body, head, forms if with_forms else "", names_page)
        scored = ranking.score(asked.weighed, tokens, page.title)
        found.setdefault(page.number, []).append((-scored, row))
    ranked = [_ranked(pages[number], scored) for number, scored in found.items()]
    for one in sorted(ranked, key=lambda one: (-one.score, one.path)):
        if _agrees(db, wanted, one.page):
            yield one


def _page_infos(db: sqlite3.Connection, asked: Asked, numbers: Sequence[int]) -> dict[int, _Page]:
    terms = asked.weighed.tokens
    pages = {}
    for number, path, head in _in_parts(db, "SELECT id, path, head FROM passage_pages", numbers):
        words = set(head.split())
        title = ranking.Title(frozenset(terms[word] for word in words if word in terms), len(words))
        pages[number] = _Page(number, path, title)
    return pages


def _in_parts(db: sqlite3.Connection, select: str, ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        part = ids[start : start + _ROWS_AT_ONCE]
        yield from db.execute(f"{select} WHERE id IN ({','.join('?' * len(part))})", part)


def _ranked(page: _Page, scored: list[tuple[float, int]]) -> PageFound:
    scored.sort()
    best = scored[0][1]
    own = passages.page_rows(page.number)[0]
    text = next((row for _, row in scored if row != own), best)
    value = round(ranking.page_score([-score for score, _ in scored[:4]]), 4)
    rows = tuple((-score, row) for score, row in scored[:_OF_PAGE] if row != own)
    return PageFound(value, page.path, page.number, best, text, rows)


def _agrees(db: sqlite3.Connection, wanted: query.Query, page: int) -> bool:
    if wanted.excluded and _page_has(db, any_phrase(wanted.excluded), page):
        return False
    return len(wanted.phrases) < 2 or all(_page_has(db, any_phrase([phrase]), page) for phrase in wanted.phrases)


def _page_has(db: sqlite3.Connection, expression: str, page: int) -> bool:
    found = db.execute(
        "SELECT 1 FROM passage_index WHERE passage_index MATCH ? AND rowid BETWEEN ? AND ? LIMIT 1",
        (expression, *passages.page_rows(page)),
    )
    return found.fetchone() is not None


def _hit(db: sqlite3.Connection, tree: Tree, asked: Asked, found: PageFound) -> SearchHit:
    title, description, language = db.execute(
        "SELECT title, description, language FROM passage_pages WHERE id = ?", (found.page,)
    ).fetchone()
    row = found.row if description else found.text_row
    heading, line, lines = db.execute("SELECT heading, line, lines FROM passage_rows WHERE id = ?", (row,)).fetchone()
    if row == passages.page_rows(found.page)[0]:
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


def _repeats_lowered(hits: Iterable[SearchHit]) -> Iterator[SearchHit]:
    """The hits, given by falling score, with those moved back that only repeat what another page of their document said."""
    shown: dict[str, list[str]] = {}
    waiting: list[tuple[float, str, SearchHit]] = []
    for hit in hits:
        while waiting and waiting[0][0] < -hit.score:
            yield heapq.heappop(waiting)[2]
        said = shown.setdefault(hit.document, []) if hit.document else []
        if any(snippets.is_repeated(hit.snippet, other) for other in said):
            lowered = replace(hit, score=round(_REPEATS * hit.score, 4))
            heapq.heappush(waiting, (-lowered.score, lowered.page, lowered))
        else:
            said.append(hit.snippet)
            yield hit
    while waiting:
        yield heapq.heappop(waiting)[2]
