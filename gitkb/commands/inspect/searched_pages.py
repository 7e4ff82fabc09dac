"""What `gitkb search` shows: the pages that match at one commit, with what tells documents of one title apart.

Invariant: reads only; the titles are those that indexes show at this commit.
"""

from msgspec.structs import replace

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.record_tables import told_apart
from gitkb.catalog.search.passage_index import PASSAGES
from gitkb.catalog.search.search import search
from gitkb.model.rows import SearchHit
from gitkb.store.snapshot import Snapshot


def searched_pages(catalog: Catalog, tip: Snapshot, query: str, *, scope: str, limit: int, keep: bool) -> list[SearchHit]:
    """The best pages for what a person typed, best first; errors as `search` has them."""
    with catalog.at(tip, PASSAGES, keep=keep) as db:
        hits = search(db, tip, query, scope=scope, limit=limit)
    more = told_apart(catalog, tip, (hit.document for hit in hits), keep=keep)
    return [replace(hit, title=hit.title + more.get(hit.document, "")) for hit in hits]
