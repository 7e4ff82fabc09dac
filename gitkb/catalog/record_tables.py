"""The tables derived from the records of a tree: documents, folders, topics, aliases, claims, and counts of them.

Invariant: rows are a function of the valid records and decisions of the tree, whatever trees were read before. `apply` reads
only the files that differ and renews only the pages that they can change. A record that cannot be read has no rows and is
noted. After `write` each count is the sum of its rows and no row counts nothing, so no question about a popular name has
to read what every document says of it.
"""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from msgspec import Struct, field
from msgspec.structs import astuple, replace

from gitkb.catalog import catalog as unread
from gitkb.catalog import decision_tables, equal_titles
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.name_resolution import Resolution
from gitkb.catalog.queries import RecordCorpus
from gitkb.formats import decisions
from gitkb.formats.records import decode, document_of, record_path
from gitkb.formats.topic_rows import bare_title, page_key
from gitkb.model.documents import Record, Topic, Tree, TreeChange

TOTALS_SCHEMA = """
CREATE TABLE record_names (key TEXT PRIMARY KEY, documents INTEGER, entities INTEGER, as_concept INTEGER, as_entity INTEGER,
  defined INTEGER) WITHOUT ROWID;
CREATE TABLE record_forms (key TEXT, field TEXT, text TEXT, documents INTEGER, PRIMARY KEY (key, field, text)) WITHOUT ROWID;
CREATE TABLE record_listed (key TEXT, alias TEXT, text TEXT, documents INTEGER,
  PRIMARY KEY (key, alias, text)) WITHOUT ROWID;
CREATE INDEX record_listed_alias ON record_listed (alias, key);
CREATE TABLE record_folders (path TEXT PRIMARY KEY, parent TEXT, segment TEXT, documents INTEGER) WITHOUT ROWID;
CREATE INDEX record_folders_parent ON record_folders (parent, segment);
"""
TOTALS_TABLES = ("record_names", "record_forms", "record_listed", "record_folders")

TopicRow = tuple[str, str, str, int, int, str, str, float]
"""key, document, kind, as_concept, as_entity, name, entity_type, weight"""
AliasRow = tuple[str, str, str, str]
"""document, key, alias, text"""


class Totals(Struct):
    """Counts of changes per name. A name that loses as much as it gains stays in, because its claims may have changed."""

    names: dict[str, list[int]] = field(default_factory=dict)
    forms: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    listed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    folders: Counter[str] = field(default_factory=Counter)
    shared: set[equal_titles.Shared] = field(default_factory=set)

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


_SCHEMA = """
CREATE TABLE record_documents (name TEXT PRIMARY KEY, folder TEXT, segment TEXT, title TEXT, description TEXT,
  source TEXT, sha256 TEXT, media_type TEXT, pages INTEGER, converter TEXT, compiler TEXT, settings TEXT,
  url TEXT, base TEXT, apart TEXT) WITHOUT ROWID;
CREATE INDEX record_documents_folder ON record_documents (folder, segment);
CREATE INDEX record_documents_source ON record_documents (source, name, sha256);
CREATE INDEX record_documents_sha256 ON record_documents (sha256, name);
CREATE INDEX record_documents_made ON record_documents (converter, compiler, settings, name);
CREATE INDEX record_documents_url ON record_documents (url, name) WHERE url != '';
CREATE TABLE record_topics (key TEXT, document TEXT, kind TEXT, as_concept INTEGER, as_entity INTEGER, name TEXT,
  entity_type TEXT, weight REAL, PRIMARY KEY (key, document)) WITHOUT ROWID;
CREATE INDEX record_topics_document ON record_topics (document);
CREATE TABLE record_aliases (document TEXT, key TEXT, alias TEXT, text TEXT,
  PRIMARY KEY (document, key, alias, text)) WITHOUT ROWID;
CREATE TABLE record_about (key TEXT, document TEXT, PRIMARY KEY (key, document)) WITHOUT ROWID;
CREATE INDEX record_about_document ON record_about (document);
CREATE TABLE record_claims (key TEXT, document TEXT, text TEXT, path TEXT, anchor TEXT, label TEXT, score REAL, defines INTEGER);
CREATE INDEX record_claims_best ON record_claims (key, defines DESC, score DESC, text, document, path, anchor, label);
CREATE INDEX record_claims_document ON record_claims (document);
CREATE TABLE record_pages (kind TEXT, key TEXT, title TEXT, description TEXT, documents INTEGER, target TEXT,
  target_kind TEXT, target_title TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE INDEX record_pages_names ON record_pages (kind, target, key);
CREATE INDEX record_pages_key ON record_pages (key);
CREATE INDEX record_pages_best ON record_pages (kind, target, documents DESC, key);
"""
_OWN_ROWS = ("record_documents", "record_topics", "record_aliases", "record_about", "record_claims")
_BATCH = 1_000


class _Records:
    """The index of the records."""

    name = "records"
    version = 14
    tables: tuple[str, ...] = (
        *_OWN_ROWS,
        "record_pages",
        *TOTALS_TABLES,
        *equal_titles.TABLES,
        *decision_tables.DECISION_TABLES,
        *decision_tables.EXPLORATION_TABLES,
        *decision_tables.APPROVAL_TABLES,
        *unread.UNREAD_TABLES,
    )

    def create(self, db: sqlite3.Connection) -> None:
        for statement in (
            _SCHEMA
            + TOTALS_SCHEMA
            + equal_titles.SCHEMA
            + decision_tables.DECISION_SCHEMA
            + decision_tables.EXPLORATION_SCHEMA
            + decision_tables.APPROVAL_SCHEMA
            + unread.UNREAD_SCHEMA
        ).split(";\n"):
            if statement.strip():
                db.execute(statement)

    def apply(self, db: sqlite3.Connection, tree: Tree, changes: list[TreeChange]) -> None:
        own = [(document, change) for change in changes if (document := document_of(change.path)) is not None]
        own += _told_otherwise(tree, changes, {document for document, _ in own})
        touched = decision_tables.apply_decisions(db, tree, changes)
        confirmed = decision_tables.apply_approvals(db, tree, changes)
        decision_tables.apply_explorations(db, tree, changes)
        shared: set[equal_titles.Shared] = set()
        for start in range(0, len(own), _BATCH):
            counted = Totals()
            _forget(db, [document for document, change in own[start : start + _BATCH] if change.old is not None], counted)
            _store(db, _valid(db, tree, [change for _, change in own[start : start + _BATCH]]), counted)
            counted.write(db)
            touched |= counted.touched()
            shared |= counted.shared
        equal_titles.renew(db, shared, {document for document, _ in own})
        decision_tables.renew_shown(db, confirmed | _renew_pages(db, touched), RecordCorpus(db))


RECORDS = _Records()


def _told_otherwise(tree: Tree, changes: Sequence[TreeChange], known: set[str]) -> Iterator[tuple[str, TreeChange]]:
    """The documents, besides those known, in which names mean something else than before by decision, with their records."""
    concerned = {document for change in changes for document in decisions.told_otherwise(tree, change)}
    for document in sorted(concerned - known):
        path = record_path(document)
        if (oid := tree.blob(path)) is not None:
            yield document, TreeChange(path, oid, oid)


def _valid(db: sqlite3.Connection, tree: Tree, changes: Sequence[TreeChange]) -> Iterator[Record]:
    for change in changes:
        record = unread.read_or_note(db, tree, change, decode)
        if record is not None:
            yield record


def _forget(db: sqlite3.Connection, documents: Sequence[str], counted: Totals) -> None:
    """Removes documents' rows."""
    for document in documents:
        values = (document,)
        counted.topics(db.execute("SELECT * FROM record_topics WHERE document = ?", values), -1)
        counted.aliases(db.execute("SELECT * FROM record_aliases WHERE document = ?", values), -1)
        counted.shared |= equal_titles.forget(db, document)
        for table in _OWN_ROWS[1:]:
            db.execute(f"DELETE FROM {table} WHERE document = ?", values)
        if db.execute("DELETE FROM record_documents WHERE name = ?", values).rowcount:
            counted.document(document, -1)


def _store(db: sqlite3.Connection, records: Iterable[Record], counted: Totals) -> None:
    """Adds documents' rows, each table's together and in the order of its key."""
    rows = _Rows()
    for record in records:
        rows.add(record, decision_tables.senses_in(db, record.document))
        counted.document(record.document, 1)
    counted.topics(rows.topics, 1)
    counted.aliases(rows.aliases, 1)
    counted.shared.update(row[:2] for row in rows.titles)
    db.executemany("INSERT INTO record_documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')", rows.documents)
    db.executemany("INSERT INTO record_titles VALUES (?, ?, ?, ?, ?)", sorted(rows.titles))
    db.executemany("INSERT INTO record_topics VALUES (?, ?, ?, ?, ?, ?, ?, ?)", sorted(rows.topics))
    db.executemany("INSERT INTO record_aliases VALUES (?, ?, ?, ?)", sorted(rows.aliases))
    db.executemany("INSERT INTO record_about VALUES (?, ?)", sorted(rows.about))
    db.executemany("INSERT INTO record_claims VALUES (?, ?, ?, ?, ?, ?, ?, ?)", sorted(rows.claims))


class _Rows(Struct):
    """The rows of some records."""

    documents: list[tuple[str | int, ...]] = field(default_factory=list)
    topics: list[TopicRow] = field(default_factory=list)
    aliases: set[AliasRow] = field(default_factory=set)
    about: set[tuple[str, str]] = field(default_factory=set)
    claims: set[tuple[str, str, str, str, str, str, float, bool]] = field(default_factory=set)
    titles: list[equal_titles.Row] = field(default_factory=list)

    def add(self, record: Record, senses: Mapping[str, tuple[str, str]]) -> None:
        """Adds the rows of a record; `senses` are the names that mean something else in it, with key and title of that."""
        folder, _, segment = record.document.rpartition("/")
        source = record.source
        self.documents.append(
            (record.document, folder, segment, record.title, record.description,
             source.path, source.sha256, source.media_type, source.pages,
             record.converter, record.compiler, record.settings, source.url, source.base)
        )  # fmt: skip
        self.titles += equal_titles.rows(record)
        by_key: dict[str, list[Topic]] = {}
        for topic in record.topics:
            key = page_key(topic.name, record.language)
            if key in senses:
                key, title = senses[key]
                topic = replace(topic, name=title)
            by_key.setdefault(key, []).append(topic)
        titles = {page_key(record.title, record.language), page_key(bare_title(record.title), record.language)}
        for key, topics in by_key.items():
            self._add_topic(record, key, topics)
            written = {name for name, (meant, _) in senses.items() if meant == key}
            names = {key, *written, *(page_key(alias, record.language) for topic in topics for alias in topic.aliases if alias)}
            if titles & names:
                self.about.add((key, record.document))

    def _add_topic(self, record: Record, key: str, topics: list[Topic]) -> None:
        """One row for each name of a document, even if the document has it as both kinds or in two forms; its aliases."""
        first = min(topics, key=lambda topic: (not topic.defined, -topic.weight, topic.kind, topic.name))
        defined = {topic.kind for topic in topics if topic.defined}
        self.topics.append(
            (key, record.document, first.kind, "concept" in defined, "entity" in defined, first.name, first.entity_type,
             max(topic.weight for topic in topics))
        )  # fmt: skip
        for topic in topics:
            for text in topic.aliases:
                if text and (alias := page_key(text, record.language)) != key:
                    self.aliases.add((record.document, key, alias, text))
            for claim in topic.claims:
                place = claim.place
                self.claims.add(
                    (key, record.document, claim.text, place.path, place.anchor, place.label, claim.score, claim.defines)
                )


def _renew_pages(db: sqlite3.Connection, names: set[str]) -> set[str]:
    """Makes the rows of all pages anew that a change of these names can touch; returns their keys."""
    resolution = Resolution(db)
    affected = resolution.affected(names)
    keys = sorted(affected)
    pages = [page for key in keys for page in resolution.pages(key)]
    db.executemany("DELETE FROM record_pages WHERE key = ?", [(key,) for key in keys])
    db.executemany("INSERT INTO record_pages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(astuple, pages))
    decision_tables.renew_signs(db, keys, pages)
    return affected


class KnownSources:
    """Questions that a run asks about the sources at one commit."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def source(self, path: str) -> tuple[str, str] | None:
        """(document, sha256) of a source path."""
        row = self.db.execute(
            "SELECT name, sha256 FROM record_documents WHERE source = ? ORDER BY name LIMIT 1", (path,)
        ).fetchone()
        return None if row is None else (str(row[0]), str(row[1]))

    def holders(self, sha256: str) -> list[tuple[str, str]]:
        """(document, source path) of all documents that hold these bytes, by name."""
        rows = self.db.execute("SELECT name, source FROM record_documents WHERE sha256 = ? ORDER BY name", (sha256,))
        return [(str(name), str(source)) for name, source in rows]

    def fetched(self, url: str) -> tuple[str, str] | None:
        """(source path, sha256) of what was fetched from an address."""
        row = self.db.execute(
            "SELECT source, sha256 FROM record_documents WHERE url = ? AND url != '' ORDER BY name LIMIT 1", (url,)
        ).fetchone()
        return None if row is None else (str(row[0]), str(row[1]))

    def url(self, path: str) -> str:
        """The address from which a source was fetched, "" for none."""
        row = self.db.execute("SELECT url FROM record_documents WHERE source = ? ORDER BY name LIMIT 1", (path,)).fetchone()
        return "" if row is None else str(row[0])

    def urls(self) -> list[str]:
        """The addresses of all documents that were fetched, by name."""
        return [str(url) for (url,) in self.db.execute("SELECT url FROM record_documents WHERE url != '' ORDER BY name")]

    def pages(self) -> dict[str, str]:
        """The documents that were fetched, by their addresses; of several the first by name."""
        rows = self.db.execute("SELECT url, name FROM record_documents WHERE url != '' ORDER BY name DESC")
        return {str(url): str(name) for url, name in rows}

    def taken(self, document: str) -> bool:
        """Whether a document has this name."""
        return self.db.execute("SELECT 1 FROM record_documents WHERE name = ?", (document,)).fetchone() is not None

    def below(self, root: str) -> list[tuple[str, str, str]]:
        """(source path, document, sha256) of all files below a root's path, by path; of all for "". What was fetched from the web
        lies in no folder."""
        first, last = (f"{root}/", f"{root}0") if root else ("", "\U0010ffff")
        where = "WHERE source >= ? AND source < ? AND url = '' ORDER BY source, name"
        rows = self.db.execute(f"SELECT source, name, sha256 FROM record_documents {where}", (first, last))
        return [(str(source), str(name), str(sha256)) for source, name, sha256 in rows]


@contextlib.contextmanager
def known_at(catalog: Catalog, tree: Tree) -> Iterator[KnownSources]:
    """The look-ups for a run, at the tip of its branch."""
    with catalog.at(tree, RECORDS) as db:
        unread.refuse_newer(db)
        yield KnownSources(db)


def told_apart(catalog: Catalog, tree: Tree, documents: Iterable[str], *, keep: bool) -> dict[str, str]:
    """For those of these documents whose title another one has too, what stands behind it: " (2024-03)"."""
    wanted = sorted({document for document in documents if document})
    if not wanted:
        return {}
    with catalog.at(tree, RECORDS, keep=keep) as db:
        found = {document: equal_titles.addition(db, document) for document in wanted}
    return {document: addition for document, addition in found.items() if addition}
