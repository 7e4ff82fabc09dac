"""The passages that answer a question best, of several pages, for those who quote them or hand them to a model.

Invariant: the same tree, question and bounds give the same passages. Where they stand is told, not what they say: the caller
reads the page. Reads the index and nothing else.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from gitkb.catalog import passages, ranking
from gitkb.catalog.search import PageFound, find_pages


@dataclass(frozen=True, slots=True)
class BestPassage:
    """`lines` lines of a page from `line` (1-based), in the page's `language`; `document` is "" for pages of no one document."""

    page: str
    title: str
    document: str
    language: str
    line: int
    lines: int
    score: float


@dataclass(frozen=True, slots=True)
class Best:
    """Passages, those of the best page first, and the words of the question with their weights."""

    passages: tuple[BestPassage, ...]
    words: ranking.Weighed


def best_passages(db: sqlite3.Connection, question: str, *, scope: str = "all", pages: int = 12, of_page: int = 3) -> Best:
    """The best `of_page` passages of each of the best pages of a scope; `db` is a connection for `passages.PASSAGES`.

    Raises `UsageError` as `search` does.
    """
    asked, found = find_pages(db, question, scope=scope, limit=pages)
    return Best(tuple(one for page in found[:pages] for one in _of_page(db, page, of_page)), asked.weighed)


def _of_page(db: sqlite3.Connection, found: PageFound, most: int) -> Iterator[BestPassage]:
    title, language = db.execute("SELECT title, language FROM passage_pages WHERE id = ?", (found.page,)).fetchone()
    for score, row in found.rows[:most]:
        line, lines = db.execute("SELECT line, lines FROM passage_rows WHERE id = ?", (row,)).fetchone()
        yield BestPassage(found.path, title, passages.document_of(found.path), language, line, lines, round(score, 4))
