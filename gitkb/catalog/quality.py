"""The questions of `lint` about all pages and documents at once, each answered by one pass over a table.

Invariant: rows come sorted; nothing here reads a page or decides whether anything is wrong with it.
"""

import sqlite3
from dataclasses import dataclass

from gitkb.topics import DocumentFacts, TopicPage

_PAGE = "SELECT kind, key, title, description, documents, target, target_kind, target_title FROM record_pages"


@dataclass(frozen=True, slots=True)
class Weight:
    """What stands behind one name: how many claims, of how many documents, how many define it, how many documents define it."""

    claims: int = 0
    documents: int = 0
    defining: int = 0
    definers: int = 0

    def __add__(self, other: "Weight") -> "Weight":
        return Weight(
            self.claims + other.claims,
            self.documents + other.documents,
            self.defining + other.defining,
            self.definers + other.definers,
        )


def real_pages(db: sqlite3.Connection) -> list[TopicPage]:
    """The pages that do not only lead elsewhere, by kind and key."""
    return [TopicPage(*row) for row in db.execute(f"{_PAGE} WHERE target = '' ORDER BY kind, key")]


def alike(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """The pairs of keys (sorted) whose pages' names share a sign and about which nothing was decided."""
    rows = db.execute(
        "SELECT DISTINCT min(a.key, b.key), max(a.key, b.key) FROM record_signs a JOIN record_signs b ON b.sign = a.sign"
        " WHERE a.key <> b.key AND NOT a.short AND (b.short OR a.key < b.key) AND NOT EXISTS"
        " (SELECT 1 FROM record_apart WHERE one = min(a.key, b.key) AND other = max(a.key, b.key)) ORDER BY 1, 2"
    )
    return [(str(one), str(other)) for one, other in rows]


def share_document(db: sqlite3.Connection, one: str, other: str) -> bool:
    """Whether some document speaks of both names."""
    query = "SELECT 1 FROM record_topics a JOIN record_topics b ON b.document = a.document AND b.key = ? WHERE a.key = ? LIMIT 1"
    return db.execute(query, (one, other)).fetchone() is not None


def weights(db: sqlite3.Connection) -> dict[str, Weight]:
    """What stands behind every name of which anything is claimed or defined."""
    found = {str(key): Weight(definers=count) for key, count in db.execute("SELECT key, defined FROM record_names")}
    claims = db.execute("SELECT key, count(*), count(DISTINCT document), total(defines) FROM record_claims GROUP BY key")
    for key, count, documents, defining in claims:
        found[str(key)] = found.get(str(key), Weight()) + Weight(count, documents, int(defining))
    return found


def without_description(db: sqlite3.Connection) -> list[DocumentFacts]:
    """The documents of which no sentence says what they are, by name."""
    rows = db.execute(
        "SELECT name, title, source, sha256, media_type, pages FROM record_documents WHERE description = '' ORDER BY name"
    )
    return [DocumentFacts(*row) for row in rows]
