"""The tables derived from the records of a tree: documents, folders, topics, aliases, claims, and the pages they make.

Invariant: rows are a function of the valid records of the tree, however it was reached; `apply` reads only the records that
differ and renews only the pages that they can touch. A record that is not valid has no rows: `check` reports it.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import astuple
from itertools import accumulate

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.corpus import RecordCorpus
from gitkb.catalog.resolution import Resolution
from gitkb.errors import FormatError
from gitkb.model import Record, Topic, Tree, TreeChange
from gitkb.records import decode, document_of
from gitkb.topics import page_key

__all__ = ["RECORDS", "KnownSources", "RecordCorpus", "known_at"]

_SCHEMA = """
CREATE TABLE record_documents (name TEXT PRIMARY KEY, folder TEXT, segment TEXT, title TEXT, description TEXT,
  source TEXT, sha256 TEXT, media_type TEXT, pages INTEGER) WITHOUT ROWID;
CREATE INDEX record_documents_folder ON record_documents (folder, segment);
CREATE INDEX record_documents_source ON record_documents (source, name, sha256);
CREATE INDEX record_documents_sha256 ON record_documents (sha256, name);
CREATE TABLE record_folders (path TEXT PRIMARY KEY, parent TEXT, segment TEXT, documents INTEGER) WITHOUT ROWID;
CREATE INDEX record_folders_parent ON record_folders (parent, segment);
CREATE TABLE record_topics (key TEXT, document TEXT, kind TEXT, as_concept INTEGER, as_entity INTEGER, name TEXT,
  entity_type TEXT, weight REAL, PRIMARY KEY (key, document)) WITHOUT ROWID;
CREATE INDEX record_topics_document ON record_topics (document);
CREATE TABLE record_aliases (alias TEXT, key TEXT, document TEXT, text TEXT,
  PRIMARY KEY (alias, key, document, text)) WITHOUT ROWID;
CREATE INDEX record_aliases_key ON record_aliases (key, alias, text);
CREATE INDEX record_aliases_document ON record_aliases (document);
CREATE TABLE record_claims (key TEXT, document TEXT, text TEXT, path TEXT, anchor TEXT, label TEXT, score REAL, defines INTEGER);
CREATE INDEX record_claims_best ON record_claims (key, defines DESC, score DESC, text, document, path, anchor, label);
CREATE INDEX record_claims_document ON record_claims (document);
CREATE TABLE record_pages (kind TEXT, key TEXT, title TEXT, description TEXT, documents INTEGER, target TEXT,
  target_kind TEXT, target_title TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE INDEX record_pages_names ON record_pages (kind, target, key);
CREATE INDEX record_pages_key ON record_pages (key);
CREATE INDEX record_pages_best ON record_pages (kind, target, documents DESC, key);
"""
_OWN_ROWS = ("record_topics", "record_aliases", "record_claims")


class _Records:
    """The index of the records."""

    name = "records"
    version = 1
    tables: tuple[str, ...] = ("record_documents", "record_folders", *_OWN_ROWS, "record_pages")

    def create(self, db: sqlite3.Connection) -> None:
        for statement in _SCHEMA.split(";\n"):
            if statement.strip():
                db.execute(statement)

    def apply(self, db: sqlite3.Connection, tree: Tree, changes: list[TreeChange]) -> None:
        names: set[str] = set()
        folders: dict[str, int] = {}
        for change in changes:
            document = document_of(change.path)
            if document is None:
                continue
            if change.old is not None:
                names.update(_forget(db, document, folders))
            record = None if change.new is None else _valid(tree, change.new, change.path)
            if record is not None:
                names.update(_store(db, record, folders))
        _count_folders(db, folders)
        _renew_pages(db, names)


RECORDS = _Records()


def _valid(tree: Tree, oid: str, path: str) -> Record | None:
    try:
        return decode(tree.read_blob(oid), path)
    except FormatError:
        return None


def _forget(db: sqlite3.Connection, document: str, folders: dict[str, int]) -> set[str]:
    """Removes a document's rows; the names it spoke of."""
    names = {
        str(row[0])
        for row in db.execute(
            "SELECT key FROM record_topics WHERE document = ?1 UNION SELECT alias FROM record_aliases WHERE document = ?1",
            (document,),
        )
    }
    for table in _OWN_ROWS:
        db.execute(f"DELETE FROM {table} WHERE document = ?", (document,))
    if db.execute("DELETE FROM record_documents WHERE name = ?", (document,)).rowcount:
        _add_to_folders(folders, document, -1)
    return names


def _store(db: sqlite3.Connection, record: Record, folders: dict[str, int]) -> set[str]:
    """Adds a document's rows; the names it speaks of."""
    folder, _, segment = record.document.rpartition("/")
    source = record.source
    db.execute(
        "INSERT INTO record_documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (record.document, folder, segment, record.title, record.description,
         source.path, source.sha256, source.media_type, source.pages),
    )  # fmt: skip
    _add_to_folders(folders, record.document, 1)
    by_key: dict[str, list[Topic]] = {}
    for topic in record.topics:
        by_key.setdefault(page_key(topic.name, record.language), []).append(topic)
    names = set(by_key)
    for key, topics in by_key.items():
        names.update(_store_topic(db, record, key, topics))
    return names


def _store_topic(db: sqlite3.Connection, record: Record, key: str, topics: list[Topic]) -> set[str]:
    """One row for each name of a document, even if the document has it as both kinds or in two forms; its aliases."""
    first = min(topics, key=lambda topic: (not topic.defined, -topic.weight, topic.kind, topic.name))
    defined = {topic.kind for topic in topics if topic.defined}
    db.execute(
        "INSERT INTO record_topics VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (key, record.document, first.kind, "concept" in defined, "entity" in defined, first.name, first.entity_type,
         max(topic.weight for topic in topics)),
    )  # fmt: skip
    aliases = {(page_key(text, record.language), text) for topic in topics for text in topic.aliases if text}
    db.executemany(
        "INSERT INTO record_aliases VALUES (?, ?, ?, ?)",
        [(alias, key, record.document, text) for alias, text in sorted(aliases) if alias != key],
    )
    claims = {
        (key, record.document, claim.text, claim.place.path, claim.place.anchor, claim.place.label, claim.score, claim.defines)
        for topic in topics
        for claim in topic.claims
    }
    db.executemany("INSERT INTO record_claims VALUES (?, ?, ?, ?, ?, ?, ?, ?)", sorted(claims))
    return {alias for alias, _ in aliases}


def folders_of(document: str) -> list[str]:
    """The folders above a document, from the root ("") down."""
    parts = document.split("/")[:-1]
    return ["", *accumulate(parts, lambda above, part: f"{above}/{part}")]


def _add_to_folders(folders: dict[str, int], document: str, step: int) -> None:
    for folder in folders_of(document):
        folders[folder] = folders.get(folder, 0) + step


def _count_folders(db: sqlite3.Connection, folders: dict[str, int]) -> None:
    for path, step in sorted(folders.items()):
        parent, _, segment = path.rpartition("/")
        db.execute(
            "INSERT INTO record_folders VALUES (?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET documents = documents + ?4",
            (path, parent if path else None, segment, step),
        )
    db.execute("DELETE FROM record_folders WHERE documents <= 0")


def _renew_pages(db: sqlite3.Connection, names: set[str]) -> None:
    """Makes the rows of all pages anew that a change of these names can touch."""
    resolution = Resolution(db)
    for key in sorted(resolution.affected(names)):
        db.execute("DELETE FROM record_pages WHERE key = ?", (key,))
        db.executemany(
            "INSERT INTO record_pages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [astuple(p) for p in resolution.pages(key)],
        )


class KnownSources:
    """What a run asks of the sources at one commit."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def source(self, path: str) -> tuple[str, str] | None:
        """(document, sha256) of a source path."""
        row = self.db.execute(
            "SELECT name, sha256 FROM record_documents WHERE source = ? ORDER BY name LIMIT 1", (path,)
        ).fetchone()
        return None if row is None else (str(row[0]), str(row[1]))

    def duplicate(self, sha256: str) -> str | None:
        """The first document by name that holds these bytes."""
        row = self.db.execute("SELECT name FROM record_documents WHERE sha256 = ? ORDER BY name LIMIT 1", (sha256,)).fetchone()
        return None if row is None else str(row[0])

    def taken(self, document: str) -> bool:
        """Whether a document has this name."""
        return self.db.execute("SELECT 1 FROM record_documents WHERE name = ?", (document,)).fetchone() is not None

    def below(self, root: str) -> set[str]:
        """The sha256 of all sources below a root's path; of all for ""."""
        first, last = (f"{root}/", f"{root}0") if root else ("", "\U0010ffff")
        rows = self.db.execute("SELECT sha256 FROM record_documents WHERE source >= ? AND source < ?", (first, last))
        return {str(row[0]) for row in rows}


@contextlib.contextmanager
def known_at(catalog: Catalog, tree: Tree) -> Iterator[KnownSources]:
    """The look-ups for a run, at the tip of its branch."""
    with catalog.at(tree, RECORDS) as db:
        yield KnownSources(db)
