"""What `gitkb search` shows: the pages that match at one commit of each knowledge base, with what tells documents of one title
apart.

Invariant: reads only; the titles are those that indexes show at this commit. Several knowledge bases are ranked as one: words
weigh what they weigh in all of them together, so the score of a page does not depend on how documents are spread over them.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from msgspec import Struct
from msgspec.structs import replace

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.record_tables import told_apart
from gitkb.catalog.search.passage_index import PASSAGES
from gitkb.catalog.search.search import search
from gitkb.errors import GitkbError, RepositoryError
from gitkb.model.documents import LARGE
from gitkb.model.rows import SearchHit
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot

_ENDING = re.compile(rf"(?:{re.escape(LARGE)})?\.[a-z0-9]+\Z")
Indexes = Sequence[sqlite3.Connection]


class SearchedBase(Struct, frozen=True):
    """A knowledge base at a commit; `keep`: its catalog may stay there. Its `name` is "" where it is searched alone. `store` is
    where its history is."""

    name: str
    catalog: Catalog
    tip: Snapshot
    keep: bool
    store: Store

    def days(self) -> dict[str, str]:
        """The day (ISO 8601) on which the original of each document last changed here; nothing where git cannot tell."""
        try:
            found = self.store.last_days("raw", self.tip.commit)
        except RepositoryError:
            return {}
        return {_ENDING.sub("", path.removeprefix("raw/")): day for path, day in found.items()}


@contextmanager
def opened_indexes(bases: Sequence[SearchedBase], *, held: bool = False) -> Iterator[Indexes]:
    """The index of each knowledge base; with `held` for somebody who waits meanwhile. An error names the knowledge base."""
    with ExitStack() as stack:
        yield [stack.enter_context(_opened(base, held)) for base in bases]


@contextmanager
def _opened(base: SearchedBase, held: bool) -> Iterator[sqlite3.Connection]:
    with ExitStack() as stack:
        with told_of(base.name):
            catalog = base.catalog
            db = stack.enter_context((catalog.held if held else catalog.at)(base.tip, PASSAGES, keep=base.keep))
        yield db


@contextmanager
def told_of(name: str) -> Iterator[None]:
    """Errors in the block name this knowledge base, unless it is "", the only one."""
    try:
        yield
    except GitkbError as error:
        if not name:
            raise
        raise RepositoryError(f"The knowledge base {name} cannot be read: {error.message}", error.hint) from error


def searched_pages(bases: Sequence[SearchedBase], query: str, *, scope: str, limit: int) -> list[SearchHit]:
    """The best pages for what a person typed, best first; errors as `search` has them."""
    with opened_indexes(bases) as indexes:
        hits = best_hits(bases, indexes, query, scope, limit)
    return titled(bases, hits)


def best_hits(bases: Sequence[SearchedBase], indexes: Indexes, query: str, scope: str, limit: int) -> list[SearchHit]:
    """The best pages of all; equal scores in the order of the knowledge bases, then by path."""
    hits = [
        replace(hit, kb=base.name)
        for base, db in zip(bases, indexes, strict=True)
        for hit in search(db, base.tip, query, scope=scope, limit=limit, among=indexes)
    ]
    return sorted(hits, key=lambda hit: -hit.score)[:limit]


def titled(bases: Sequence[SearchedBase], hits: Sequence[SearchHit]) -> list[SearchHit]:
    """The hits, with what tells documents of one title apart."""
    more = {base.name: additions(base, [hit.document for hit in hits if hit.kb == base.name]) for base in bases}
    return [replace(hit, title=hit.title + more[hit.kb].get(hit.document, "")) for hit in hits]


def additions(base: SearchedBase, documents: Sequence[str]) -> dict[str, str]:
    """What stands behind the titles of those of these documents whose title another one has too."""
    return told_apart(base.catalog, base.tip, documents, keep=base.keep)
