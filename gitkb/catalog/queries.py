"""The questions of the projection, of `list` and of `lint`, answered from the tables.

Invariant: reads only. Every answer is sorted, bounded by what was asked for, and found through an index, so that no question
costs more in a larger knowledge base, except a count. The protocol of the projection's questions is in `gitkb.wiki.corpus`.
"""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from heapq import merge
from itertools import islice

from msgspec import Struct

from gitkb.catalog import catalog, decision_tables, equal_titles
from gitkb.catalog.name_resolution import Resolution
from gitkb.formats.approvals import Approval, Shown
from gitkb.formats.overviews import Overview
from gitkb.formats.topic_rows import FOLDERS, Branch, Defined, DocumentEntry, DocumentFacts, Evidence, TopicPage, topic_path
from gitkb.model.documents import Place, Record, TopicKind
from gitkb.model.findings import Problem
from gitkb.text.names.proper_names import UNTOLD

MAX_DEFINITIONS = 40
_END = "\U0010ffff"
_PAGE = "SELECT kind, key, title, description, documents, target, target_kind, target_title FROM record_pages"


class RecordCorpus:
    """The set of records behind a connection whose tables reflect a tree."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self._resolution = Resolution(db)

    def documents(self) -> list[DocumentFacts]:
        """All documents, by name."""
        rows = self.db.execute("SELECT name, title, source, sha256, media_type, pages, url FROM record_documents ORDER BY name")
        return [DocumentFacts(*row) for row in rows]

    def addresses(self) -> dict[str, str]:
        """The documents by the addresses from which they were fetched: those for good, and those to which they led."""
        query = "SELECT base, url, name FROM record_documents WHERE url != '' ORDER BY name DESC"
        rows = self.db.execute(query).fetchall()
        return {base: name for base, _, name in rows if base} | {url: name for _, url, name in rows}

    def affected(self, names: Collection[str]) -> set[str]:
        return self._resolution.affected(names)

    def members(self, key: str) -> list[str]:
        return self._resolution.members(key)

    @property
    def names(self) -> Resolution:
        """Which names mean the same, and why."""
        return self._resolution

    def knows(self, name: str) -> bool:
        """Whether any document speaks of a name, also as an alias of another, or something was decided about it."""
        query = (
            "SELECT 1 FROM record_names WHERE key = ?1 UNION ALL SELECT 1 FROM record_listed WHERE alias = ?1"
            " UNION ALL SELECT 1 FROM record_same WHERE ?1 IN (name, target)"
            " UNION ALL SELECT 1 FROM record_dropped WHERE name = ?1 LIMIT 1"
        )
        return self.db.execute(query, (name,)).fetchone() is not None

    def spelling(self, name: str) -> str:
        """The form in which most documents write a name, as a name of its own or as an alias; the name itself if none does."""
        row = self.db.execute(
            "SELECT text FROM record_forms WHERE key = ?1 AND field = 'name' UNION ALL"
            " SELECT * FROM (SELECT text FROM record_listed WHERE alias = ?1 ORDER BY documents DESC, text LIMIT 1) LIMIT 1",
            (name,),
        ).fetchone()
        title = self._resolution.title(name)
        return str(row[0]) if row and title == name else title

    def overview(self, kind: TopicKind, key: str) -> Overview | None:
        return decision_tables.overview(self.db, kind, key)

    def approval(self, kind: TopicKind, key: str) -> Approval | None:
        return decision_tables.approval(self.db, kind, key)

    def approvals(self) -> list[Approval]:
        return decision_tables.every(self.db)

    def shown(self, kind: TopicKind, key: str) -> Shown:
        return decision_tables.shown(self.db, kind, key)

    def refuse_newer(self) -> None:
        """Raises `NewerFormat` where the tree holds files that only a newer gitkb can read."""
        catalog.refuse_newer(self.db)

    def damaged(self) -> list[Problem]:
        """The records, decisions, approvals and overviews that are not valid, by path: what they say is on no page."""
        return catalog.damaged(self.db)

    def alike(self, key: str) -> list[TopicPage]:
        """The pages whose names look like that of a key's page and about which nothing was decided, the first few by key."""
        keys = decision_tables.alike(self.db, key)
        marks = ",".join("?" * len(keys))
        rows = self.db.execute(f"{_PAGE} WHERE key IN ({marks}) AND target = '' ORDER BY key, kind", tuple(keys))
        return [TopicPage(*row) for row in rows]

    def page(self, kind: TopicKind, key: str) -> TopicPage | None:
        row = self.db.execute(f"{_PAGE} WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return None if row is None else TopicPage(*row)

    def other_senses(self, key: str) -> list[TopicPage]:
        found = (page for other in self._resolution.other_senses(key) for page in self._resolution.pages(other))
        return [page for page in found if not page.target]

    def sharing_a_sign(self, keys: Collection[str]) -> list[TopicPage]:
        """The pages that say something and whose names share a sign with those of these keys, which included, by kind and key."""
        found = decision_tables.sharing_a_sign(self.db, keys)
        pages = (self.page(kind, key) for kind in FOLDERS for key in sorted(found))
        return [page for page in pages if page is not None and not page.target]

    def paths(self) -> frozenset[str]:
        """Where all pages are."""
        return frozenset(topic_path(kind, key) for kind, key in self.db.execute("SELECT kind, key FROM record_pages"))

    def all_pages(self) -> list[TopicPage]:
        return [TopicPage(*row) for row in self.db.execute(f"{_PAGE} ORDER BY kind, key")]

    def best_pages(self, kind: TopicKind, limit: int) -> list[TopicPage]:
        rows = self.db.execute(f"{_PAGE} WHERE kind = ? AND target = '' ORDER BY documents DESC, key LIMIT ?", (kind, limit))
        return [TopicPage(*row) for row in rows]

    def pages(self, kind: TopicKind, prefix: str) -> list[TopicPage]:
        rows = self.db.execute(
            f"{_PAGE} WHERE kind = ? AND target = '' AND key >= ? AND key < ? ORDER BY key", (kind, prefix, prefix + _END)
        )
        return [TopicPage(*row) for row in rows]

    def page_branches(self, kind: TopicKind, prefix: str) -> list[Branch]:
        rows = self.db.execute(
            "SELECT substr(key, ?, 1) AS c, count(*) FROM record_pages WHERE kind = ? AND target = ''"
            " AND key >= ? AND key < ? GROUP BY c ORDER BY c",
            (len(prefix) + 1, kind, prefix, prefix + _END),
        )
        return [Branch(*row) for row in rows]

    def aliases(self, key: str) -> list[str]:
        """The texts by which documents know a topic besides its title: listed aliases that are not to be kept apart from it, and
        names that it took over."""
        members = self.members(key)
        marks = ",".join("?" * len(members))
        rows = self.db.execute(
            f"SELECT text FROM record_listed WHERE key IN ({marks}) AND NOT EXISTS"
            " (SELECT 1 FROM record_apart WHERE one = min(alias, key) AND other = max(alias, key))"
            f" UNION SELECT text FROM record_forms WHERE key IN ({marks}) AND field = 'name' AND key <> ?",
            (*members, *members, key),
        )
        return sorted(str(row[0]) for row in rows)

    def entity_type(self, members: Sequence[str]) -> str:
        row = self.db.execute(
            f"SELECT text FROM record_forms WHERE key IN ({','.join('?' * len(members))}) AND field = 'type'"
            " GROUP BY text ORDER BY text = ?, sum(documents) DESC, text LIMIT 1",
            (*members, UNTOLD),
        ).fetchone()
        return str(row[0]) if row else ""

    def evidence(self, members: Sequence[str]) -> Iterator[Evidence]:
        """The claims about these names: the best definitions first, then others, by score, text and place."""
        # Of a popular name that many define nearly alike, what else is said of it must come into sight too.
        yield from islice(self._claims(members, True), MAX_DEFINITIONS)
        yield from self._claims(members, False)

    def _claims(self, members: Sequence[str], defines: bool) -> Iterator[Evidence]:
        # Name by name, so that the index gives the best without a look at the others.
        found = [self._evidence(name, defines) for name in members]
        return found[0] if len(found) == 1 else merge(*found, key=_order)

    def _evidence(self, name: str, defines: bool) -> Iterator[Evidence]:
        rows = self.db.execute(
            "SELECT c.document, d.title || d.apart, c.text, c.path, c.anchor, c.label, c.score FROM record_claims c"
            " CROSS JOIN record_documents d ON d.name = c.document WHERE c.key = ? AND c.defines = ?"
            " ORDER BY c.score DESC, c.text, c.document, c.path, c.anchor, c.label",
            (name, defines),
        )
        for document, title, text, path, anchor, label, score in rows:
            yield Evidence(document, title, text, Place(path, anchor, label), score, defines)

    def supporters(self, members: Sequence[str], limit: int) -> list[DocumentEntry]:
        """The first documents by name that speak of these names."""
        names: set[str] = set()
        for name in members:  # one by one, so that the index gives the first without a look at the others
            rows = self.db.execute("SELECT document FROM record_topics WHERE key = ? ORDER BY document LIMIT ?", (name, limit))
            names.update(str(row[0]) for row in rows)
        return [self._entry(name) for name in sorted(names)[:limit]]

    def about(self, members: Sequence[str], limit: int) -> list[DocumentEntry]:
        """The first documents by name whose title is one of these names."""
        names: set[str] = set()
        for name in members:
            rows = self.db.execute("SELECT document FROM record_about WHERE key = ? ORDER BY document LIMIT ?", (name, limit))
            names.update(str(row[0]) for row in rows)
        return [self._entry(name) for name in sorted(names)[:limit]]

    def _entry(self, name: str) -> DocumentEntry:
        row = self.db.execute("SELECT name, title || apart, description FROM record_documents WHERE name = ?", (name,)).fetchone()
        return DocumentEntry(*row)

    def alike_in_title(self, records: Sequence[Record]) -> list[str]:
        """The documents besides these that may be shown under another title because these came, went or changed."""
        return sorted(equal_titles.others(self.db, equal_titles.shared_by(records), {record.document for record in records}))

    def spoken_of(self, documents: Sequence[str]) -> set[str]:
        """The names of which these documents speak."""
        found = (self.db.execute("SELECT key FROM record_topics WHERE document = ?", (document,)) for document in documents)
        return {str(key) for rows in found for (key,) in rows}

    def shown_title(self, document: str) -> str:
        """A document's title with what tells it from others of the same title, "" where there is no such document."""
        row = self.db.execute("SELECT title || apart FROM record_documents WHERE name = ?", (document,)).fetchone()
        return str(row[0]) if row else ""

    def defined_by(self, documents: Sequence[str]) -> list[Defined]:
        """The names that these documents define, by kind."""
        found = []
        for document in documents:
            rows = self.db.execute(
                "SELECT as_concept, as_entity, key, name, weight FROM record_topics WHERE document = ?"
                " AND (as_concept OR as_entity) ORDER BY key",
                (document,),
            )
            for as_concept, _, key, name, weight in rows:
                found.append(Defined(document, "concept" if as_concept else "entity", key, name, weight))
        return found

    def document_count(self, folder: str) -> int:
        """The number of documents in a folder and below it."""
        row = self.db.execute("SELECT documents FROM record_folders WHERE path = ?", (folder,)).fetchone()
        return int(row[0]) if row else 0

    def folders(self) -> list[str]:
        """All folders of documents, the root ("") first."""
        return [str(row[0]) for row in self.db.execute("SELECT path FROM record_folders ORDER BY path")]

    def subfolders(self, folder: str, prefix: str, limit: int) -> list[str]:
        """The names of a folder's folders that begin with a prefix, the first by name."""
        rows = self.db.execute(
            "SELECT segment FROM record_folders WHERE parent = ? AND segment >= ? AND segment < ? ORDER BY segment LIMIT ?",
            (folder, prefix, prefix + _END, limit),
        )
        return [str(row[0]) for row in rows]

    def documents_in(self, folder: str, prefix: str, limit: int) -> list[DocumentEntry]:
        """A folder's own documents whose names begin with a prefix, the first by name."""
        rows = self.db.execute(
            "SELECT name, title || apart, description FROM record_documents WHERE folder = ? AND segment >= ? AND segment < ?"
            " ORDER BY segment LIMIT ?",
            (folder, prefix, prefix + _END, limit),
        )
        return [DocumentEntry(*row) for row in rows]

    def first_documents(self, limit: int) -> list[DocumentEntry]:
        """The first documents by name, of all folders."""
        rows = self.db.execute("SELECT name, title || apart, description FROM record_documents ORDER BY name LIMIT ?", (limit,))
        return [DocumentEntry(*row) for row in rows]

    def explorations(self, prefix: str, limit: int) -> list[DocumentEntry]:
        """The saved answers whose names begin with a prefix, the first by name."""
        return decision_tables.explorations(self.db, prefix, limit)

    def exploration_branches(self, prefix: str) -> list[Branch]:
        """The next parts of the names of saved answers."""
        return decision_tables.branches(self.db, prefix)

    def folder_branches(self, folder: str, prefix: str) -> list[Branch]:
        """The next parts of the names of a folder's documents and folders."""
        at = len(prefix) + 1
        rows = self.db.execute(
            "SELECT c, sum(n) FROM ("
            "SELECT substr(segment, ?1, 1) AS c, count(*) AS n FROM record_documents"
            " WHERE folder = ?2 AND segment >= ?3 AND segment < ?4 GROUP BY c UNION ALL "
            "SELECT substr(segment, ?1, 1) AS c, count(*) AS n FROM record_folders"
            " WHERE parent = ?2 AND segment >= ?3 AND segment < ?4 GROUP BY c) GROUP BY c ORDER BY c",
            (at, folder, prefix, prefix + _END),
        )
        return [Branch(*row) for row in rows]


def _order(item: Evidence) -> tuple[float, str, str, str, str, str]:
    place = item.place
    return -item.score, item.text, item.document, place.path, place.anchor, place.label


class Weight(Struct, frozen=True):
    """The evidence for one name: the number of claims, of their documents, of definitions, and of documents that define it."""

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


def dropped(db: sqlite3.Connection) -> list[str]:
    """The keys that were decided to get no page, sorted."""
    return [str(row[0]) for row in db.execute("SELECT name FROM record_dropped ORDER BY name")]


def share_document(db: sqlite3.Connection, one: str, other: str) -> bool:
    """Whether some document speaks of both names."""
    query = "SELECT 1 FROM record_topics a JOIN record_topics b ON b.document = a.document AND b.key = ? WHERE a.key = ? LIMIT 1"
    return db.execute(query, (one, other)).fetchone() is not None


def weights(db: sqlite3.Connection) -> dict[str, Weight]:
    """The evidence for every name with a claim or definition."""
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


class Made(Struct, frozen=True):
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
