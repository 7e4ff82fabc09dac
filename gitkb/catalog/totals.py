"""How many documents stand behind each name, form of a name, alias and folder: counts that a change adds to and takes from.

Invariant: after `write` each count is that of the rows it sums up, and no row counts nothing. So no question about a popular
name has to read what every document says of it.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate

SCHEMA = """
CREATE TABLE record_names (key TEXT PRIMARY KEY, documents INTEGER, entities INTEGER, as_concept INTEGER, as_entity INTEGER,
  defined INTEGER) WITHOUT ROWID;
CREATE TABLE record_forms (key TEXT, field TEXT, text TEXT, documents INTEGER, PRIMARY KEY (key, field, text)) WITHOUT ROWID;
CREATE TABLE record_listed (key TEXT, alias TEXT, text TEXT, documents INTEGER,
  PRIMARY KEY (key, alias, text)) WITHOUT ROWID;
CREATE INDEX record_listed_alias ON record_listed (alias, key);
CREATE TABLE record_folders (path TEXT PRIMARY KEY, parent TEXT, segment TEXT, documents INTEGER) WITHOUT ROWID;
CREATE INDEX record_folders_parent ON record_folders (parent, segment);
"""
TABLES = ("record_names", "record_forms", "record_listed", "record_folders")

TopicRow = tuple[str, str, str, int, int, str, str, float]
"""key, document, kind, as_concept, as_entity, name, entity_type, weight"""
AliasRow = tuple[str, str, str, str]
"""document, key, alias, text"""


@dataclass(slots=True)
class Totals:
    """What changes; a name that loses as much as it gains stays in, since what is said of it may have changed."""

    names: dict[str, list[int]] = field(default_factory=dict)
    forms: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    listed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    folders: Counter[str] = field(default_factory=Counter)

    def document(self, name: str, step: int) -> None:
        """Counts a document in the folders above it."""
        parts = name.split("/")[:-1]
        for folder in ("", *accumulate(parts, lambda above, part: f"{above}/{part}")):
            self.folders[folder] += step

    def topics(self, rows: Iterable[TopicRow], step: int) -> None:
        for key, _, kind, as_concept, as_entity, name, entity_type, _ in rows:
            counts = self.names.setdefault(key, [0, 0, 0, 0, 0])
            for at, counted in enumerate((1, kind == "entity", as_concept, as_entity, as_concept or as_entity)):
                counts[at] += step * counted
            self.forms[key, "name", name] += step
            if entity_type:
                self.forms[key, "type", entity_type] += step

    def aliases(self, rows: Iterable[AliasRow], step: int) -> None:
        for _, key, alias, text in rows:
            self.listed[key, alias, text] += step

    def touched(self) -> set[str]:
        """All names that the documents in question speak of or list as an alias."""
        return {*self.names, *(alias for _, alias, _ in self.listed)}

    def write(self, db: sqlite3.Connection) -> None:
        """Brings the tables up to date; in the order of their keys, which is the order on disk."""
        names = [(key, *counts) for key, counts in sorted(self.names.items())]
        db.executemany(_ADD_NAMES, names)
        db.executemany("DELETE FROM record_names WHERE key = ? AND documents <= 0", [row[:1] for row in names])
        for table, where, counts in (
            ("record_forms", "key = ? AND field = ? AND text = ?", self.forms),
            ("record_listed", "key = ? AND alias = ? AND text = ?", self.listed),
        ):
            rows = [(*key, count) for key, count in sorted(counts.items()) if count]
            db.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?) {_SUM}", rows)
            db.executemany(f"DELETE FROM {table} WHERE {where} AND documents <= 0", [row[:3] for row in rows if row[3] < 0])
        folders = [(path, *_parent(path), count) for path, count in sorted(self.folders.items())]
        db.executemany(f"INSERT INTO record_folders VALUES (?, ?, ?, ?) {_SUM}", folders)
        db.executemany("DELETE FROM record_folders WHERE path = ? AND documents <= 0", [row[:1] for row in folders])


_SUM = "ON CONFLICT DO UPDATE SET documents = documents + excluded.documents"
_ADD_NAMES = f"""INSERT INTO record_names VALUES (?, ?, ?, ?, ?, ?) {_SUM}, entities = entities + excluded.entities,
  as_concept = as_concept + excluded.as_concept, as_entity = as_entity + excluded.as_entity,
  defined = defined + excluded.defined"""


def _parent(path: str) -> tuple[str | None, str]:
    parent, _, segment = path.rpartition("/")
    return parent if path else None, segment
