"""Knowledge bases held in memory for tests of the projection: records in, pages out."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.formats.records import document_of, encode, record_path
from gitkb.model.documents import Claim, Place, Record, Source, Topic, TopicKind, TreeChange
from gitkb.model.path_changes import PathChanges
from gitkb.pages.scope import topics_of
from gitkb.text.names.slugs import short_hash
from gitkb.wiki.projection import Scope, project


def claim(document: str, text: str, score: float = 0.5, *, defines: bool = False) -> Claim:
    return Claim(text, Place(f"sources/{document}.md", "use", "Use"), score, defines)


def topic(
    name: str,
    *claims: Claim,
    kind: TopicKind = "concept",
    defined: bool = False,
    aliases: tuple[str, ...] = (),
    weight: float = 0.5,
    entity_type: str = "",
) -> Topic:
    return Topic(kind, name, aliases, entity_type, defined, weight, claims)


def record(document: str, *topics: Topic, title: str = "", description: str = "", language: str = "en") -> Record:
    title = title or document.rpartition("/")[2].replace("-", " ").capitalize()
    source = Source(f"{document}.md", short_hash(document + title, 64), 9, "text/markdown")
    files = (f"raw/{document}.md", f"wiki/sources/{document}.md", f"wiki/summaries/{document}.md")
    return Record(document, title, description, language, source, "markdown/1", "gitkb-extractive/1", files, topics)


@dataclass(frozen=True)
class Blobs:
    """A tree of which only blobs are read, and the records found that are named by their paths in `contents`."""

    contents: Mapping[str, bytes]
    oid: str = ""

    def read(self, path: str) -> bytes | None:
        raise AssertionError(f"{path} was read")

    def read_blob(self, oid: str) -> bytes:
        return self.contents[oid]

    def blob(self, path: str) -> str | None:
        if document_of(path) is None:
            raise AssertionError(f"{path} was asked for")
        return path if path in self.contents else None

    def files(self, prefix: str = "") -> list[tuple[str, str]]:
        raise AssertionError("all files were asked for")

    def changes_since(self, old: str | None) -> list[TreeChange]:
        raise AssertionError("changes were asked for")


class Base:
    """A knowledge base: its records, their tables, and the pages as the last projection left them."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        RECORDS.create(self.db)
        self.records: dict[str, Record] = {}
        self.files: dict[str, bytes] = {}

    def apply(self, changes: Mapping[str, Record | None]) -> Scope:
        """Adds, replaces and (None) removes documents; what happened."""
        blobs: dict[str, bytes] = {}
        rows = []
        for document, new in sorted(changes.items()):
            content = None if new is None else encode(new)
            oid = None if content is None else str(len(blobs))
            if content is not None and oid is not None:
                blobs[oid] = content
            rows.append(TreeChange(record_path(document), "old" if document in self.records else None, oid))
        before = [self.records[document] for document in sorted(changes) if document in self.records]
        after = [new for _, new in sorted(changes.items()) if new is not None]
        self.db.execute("BEGIN")
        RECORDS.apply(self.db, Blobs(blobs), rows)
        self.db.execute("COMMIT")
        self.records = {d: r for d, r in {**self.records, **changes}.items() if r is not None}
        return Scope(before, after)

    def decide(self, path: str, content: bytes | None) -> Scope:
        """Writes or (None) removes a decision, an approval or an overview; what happened."""
        change = TreeChange(path, path if path in self.files else None, None if content is None else f"new {path}")
        records = {record_path(document): encode(record) for document, record in self.records.items()}
        blobs = Blobs({**self.files, **records, f"new {path}": content or b""})
        self.db.execute("BEGIN")
        RECORDS.apply(self.db, blobs, [change])
        self.db.execute("COMMIT")
        topics = topics_of(blobs, [change])
        self.files.pop(path, None)
        if content is not None:
            self.files[path] = content
        return Scope((), (), topics=topics)

    def project(self, scope: Scope | None = None) -> PathChanges:
        return project(RecordCorpus(self.db), scope)


@contextlib.contextmanager
def base(*records: Record) -> Iterator[Base]:
    """A knowledge base of these records."""
    made = Base()
    try:
        made.apply({one.document: one for one in records})
        yield made
    finally:
        made.db.close()


def pages(*records: Record) -> dict[str, str]:
    """The full projection as text."""
    with base(*records) as made:
        return {path: content.decode() for path, content in made.project().written.items()}
