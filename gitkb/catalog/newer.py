"""The table of the files that only a newer gitkb can read, so that whoever would go on without them is refused.

Invariant: a row for each record, decision, overview and approval of a newer format. A file that is merely not valid has none: it
takes part in nothing, and `check` reports it.
"""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from gitkb.errors import FormatError, NewerFormat
from gitkb.formats import UPGRADE
from gitkb.model import Tree, TreeChange

SCHEMA = "CREATE TABLE record_newer (path TEXT PRIMARY KEY, message TEXT) WITHOUT ROWID;\n"
TABLES = ("record_newer",)
T = TypeVar("T")


def read(db: sqlite3.Connection, tree: Tree, change: TreeChange, decode: Callable[[bytes, str], T]) -> T | None:
    """What a changed file says now; None where it is gone or not valid. Notes whether it is of a newer format."""
    db.execute("DELETE FROM record_newer WHERE path = ?", (change.path,))
    try:
        return decode(tree.read_blob(change.new), change.path) if change.new is not None else None
    except NewerFormat as error:
        db.execute("INSERT INTO record_newer VALUES (?, ?)", (change.path, error.message))
    except FormatError:
        pass  # `check` reports it
    return None


def refuse(db: sqlite3.Connection) -> None:
    """Raises `NewerFormat`, which names the first of these files, where there are any."""
    row = db.execute("SELECT message FROM record_newer ORDER BY path LIMIT 1").fetchone()
    if row is not None:
        raise NewerFormat(str(row[0]), UPGRADE)
