"""How the documents of a tree were made: by which converter and compiler, with which settings, and how many of each.

Invariant: answered from an index of the records' table, so it costs the same for ten and for ten thousand documents, save the
count. Reads only.
"""

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Made:
    """One way in which documents were made, in the words of their records."""

    converter: str
    compiler: str
    settings: str


def makings(db: sqlite3.Connection) -> list[tuple[Made, int]]:
    """Every way in which documents of the tree were made, with the number of documents, sorted."""
    columns = "converter, compiler, settings"
    rows = db.execute(f"SELECT {columns}, count(*) FROM record_documents GROUP BY {columns} ORDER BY {columns}")
    return [(Made(converter, compiler, settings), count) for converter, compiler, settings, count in rows]


def documents_made(db: sqlite3.Connection, made: Made) -> list[str]:
    """The documents that were made in this way, by name."""
    rows = db.execute(
        "SELECT name FROM record_documents WHERE converter = ? AND compiler = ? AND settings = ? ORDER BY name",
        (made.converter, made.compiler, made.settings),
    )
    return [str(row[0]) for row in rows]
