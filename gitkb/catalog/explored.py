"""The table of the saved answers of a tree, for the index that lists them.

Invariant: rows are a function of the pages of wiki/explorations/. A page without a front matter that can be read is listed by its
file's name: it is a person's, and may hold anything.
"""

import sqlite3
from collections.abc import Iterable

from gitkb.errors import FormatError
from gitkb.explorations import exploration_name
from gitkb.model import Tree, TreeChange
from gitkb.text import frontmatter
from gitkb.text.links import one_line
from gitkb.topics import Branch, DocumentEntry, shortened

SCHEMA = "CREATE TABLE record_explorations (name TEXT PRIMARY KEY, title TEXT, description TEXT) WITHOUT ROWID;\n"
TABLES = ("record_explorations",)
_END = "\U0010ffff"


def apply(db: sqlite3.Connection, tree: Tree, changes: Iterable[TreeChange]) -> None:
    """Brings the table from the old tree to `tree`."""
    for change in changes:
        name = exploration_name(change.path)
        if name is None:
            continue
        db.execute("DELETE FROM record_explorations WHERE name = ?", (name,))
        if change.new is not None:
            db.execute("INSERT INTO record_explorations VALUES (?, ?, ?)", (name, *_shown(name, tree.read_blob(change.new))))


def explorations(db: sqlite3.Connection, prefix: str, limit: int) -> list[DocumentEntry]:
    """The saved answers whose names begin with a prefix, the first by name."""
    rows = db.execute(
        "SELECT name, title, description FROM record_explorations WHERE name >= ? AND name < ? ORDER BY name LIMIT ?",
        (prefix, prefix + _END, limit),
    )
    return [DocumentEntry(*row) for row in rows]


def branches(db: sqlite3.Connection, prefix: str) -> list[Branch]:
    """How the names of the saved answers go on."""
    rows = db.execute(
        "SELECT substr(name, ?, 1) AS c, count(*) FROM record_explorations WHERE name >= ? AND name < ? GROUP BY c ORDER BY c",
        (len(prefix) + 1, prefix, prefix + _END),
    )
    return [Branch(*row) for row in rows]


def _shown(name: str, content: bytes) -> tuple[str, str]:
    """Title and description, each one bounded line."""
    try:
        meta, _ = frontmatter.split(content.decode("utf-8", "replace"))
    except FormatError:
        meta = {}
    title, description = (one_line(str(meta.get(key) or "")) for key in ("title", "description"))
    return shortened(title) or name, shortened(description)
