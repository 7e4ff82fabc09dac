"""The tables of what people and models decided: approvals, names that are the same or not, overviews, saved answers.

Invariant: rows are a function of the valid files below `.gitkb/decisions/` and `.gitkb/overviews/`, of the pages of
`wiki/explorations/`, and of the records. A file that cannot be read has no rows and is noted, so that nobody goes on without
it. A saved answer whose front matter cannot be read is listed by its file's name, as it
is a person's page and may hold anything.

What a page shows is kept for approved pages alone and renewed with them, so that the state of all approvals is known without
reading what any document says.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby, islice

from gitkb.catalog import catalog
from gitkb.errors import FormatError
from gitkb.formats import approvals, decisions, overviews
from gitkb.formats.approvals import Approval, Confirmation, Shown
from gitkb.formats.decisions import Decision, NoPage, OtherSense, SameAs
from gitkb.formats.overviews import Overview, OverviewSentence
from gitkb.formats.topic_rows import Branch, DocumentEntry, TopicPage, exploration_name, shortened
from gitkb.model.documents import TopicKind, Tree, TreeChange
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import one_line
from gitkb.wiki.corpus import Corpus

APPROVAL_SCHEMA = """
CREATE TABLE record_approved (kind TEXT, key TEXT, by TEXT, at TEXT, claims TEXT, PRIMARY KEY (kind, key, by)) WITHOUT ROWID;
CREATE TABLE record_shown (kind TEXT, key TEXT, claims TEXT, documents TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID;
"""
APPROVAL_TABLES = ("record_approved", "record_shown")


def apply_approvals(db: sqlite3.Connection, tree: Tree, changes: Sequence[TreeChange]) -> set[str]:
    """Brings the rows of approvals up to date; returns the keys of the pages concerned."""
    touched = set()
    for change in changes:
        page = approvals.page_of(change.path)
        if page is not None:
            touched.add(page[1])
            db.execute("DELETE FROM record_approved WHERE kind = ? AND key = ?", page)
            if (approval := catalog.read_or_note(db, tree, change, approvals.decode)) is not None:
                rows = [(*page, each.by, each.at, " ".join(each.claims)) for each in approval.confirmations]
                db.executemany("INSERT INTO record_approved VALUES (?, ?, ?, ?, ?)", rows)
    return touched


def renew_shown(db: sqlite3.Connection, keys: Collection[str], corpus: Corpus) -> None:
    """Makes the rows of what the approved pages of these keys show anew."""
    from gitkb.wiki.topic_page import page_claims  # only a catalog that is brought up to date needs it

    db.executemany("DELETE FROM record_shown WHERE key = ?", [(key,) for key in keys])
    for kind, key in db.execute("SELECT DISTINCT kind, key FROM record_approved ORDER BY kind, key").fetchall():
        page = corpus.page(kind, key) if key in keys else None
        if page is not None and not page.target:
            claims = page_claims(corpus, page)
            documents = sorted({claim.document for claim in claims})
            row = (kind, key, " ".join(approvals.marks(claims)), "\n".join(documents))
            db.execute("INSERT INTO record_shown VALUES (?, ?, ?, ?)", row)


def approval(db: sqlite3.Connection, kind: TopicKind, key: str) -> Approval | None:
    """The people who confirmed the claims of a page."""
    rows = db.execute("SELECT by, at, claims FROM record_approved WHERE kind = ? AND key = ? ORDER BY by", (kind, key))
    found = tuple(Confirmation(by, at, tuple(claims.split())) for by, at, claims in rows)
    return Approval(kind, key, found) if found else None


def every(db: sqlite3.Connection) -> list[Approval]:
    """All approvals, by kind and key of their pages."""
    rows = db.execute("SELECT kind, key, by, at, claims FROM record_approved ORDER BY kind, key, by")
    return [
        Approval(kind, key, tuple(Confirmation(by, at, tuple(claims.split())) for _, _, by, at, claims in found))
        for (kind, key), found in groupby(rows, key=lambda row: (row[0], row[1]))
    ]


def shown(db: sqlite3.Connection, kind: TopicKind, key: str) -> Shown:
    """The claims that an approved page shows; empty if there is no such page."""
    row = db.execute("SELECT claims, documents FROM record_shown WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    return Shown() if row is None else Shown(tuple(row[0].split()), tuple(filter(None, row[1].split("\n"))))


DECISION_SCHEMA = """
CREATE TABLE record_same (name TEXT PRIMARY KEY, target TEXT) WITHOUT ROWID;
CREATE INDEX record_same_target ON record_same (target, name);
CREATE TABLE record_apart (one TEXT, other TEXT, PRIMARY KEY (one, other)) WITHOUT ROWID;
CREATE TABLE record_dropped (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE record_senses (document TEXT, name TEXT, key TEXT, title TEXT, PRIMARY KEY (document, name, key)) WITHOUT ROWID;
CREATE INDEX record_senses_name ON record_senses (name, key);
CREATE INDEX record_senses_key ON record_senses (key, name);
CREATE TABLE record_overviews (kind TEXT, key TEXT, claims TEXT, sentences TEXT, by TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE record_signs (sign TEXT, key TEXT, short INTEGER, PRIMARY KEY (sign, key)) WITHOUT ROWID;
CREATE INDEX record_signs_key ON record_signs (key);
"""
DECISION_TABLES = ("record_same", "record_apart", "record_dropped", "record_senses", "record_overviews", "record_signs")
MAX_ALIKE = 8


def apply_decisions(db: sqlite3.Connection, tree: Tree, changes: Sequence[TreeChange]) -> set[str]:
    """Brings the rows of all these files up to date; returns the names that decisions concern, before and after."""
    touched: set[str] = set()
    for change in changes:
        if decisions.is_decision(change.path):
            touched |= decisions.concerned(tree, change)
            _forget(db, change.path)
            if (decision := catalog.read_or_note(db, tree, change, decisions.decode)) is not None:
                _store(db, decision)
        elif (page := overviews.page_of(change.path)) is not None:
            db.execute("DELETE FROM record_overviews WHERE kind = ? AND key = ?", page)
            if (overview := catalog.read_or_note(db, tree, change, overviews.decode)) is not None:
                sentences = json.dumps(
                    [[each.section, each.text, *each.documents] for each in overview.sentences], ensure_ascii=False
                )
                row = (overview.kind, overview.key, overview.claims, sentences, overview.by)
                db.execute("INSERT INTO record_overviews VALUES (?, ?, ?, ?, ?)", row)
    return touched


def senses_in(db: sqlite3.Connection, document: str) -> dict[str, tuple[str, str]]:
    """The names that mean something else in a document, by decision, with the key and the title of what they mean there."""
    rows = db.execute("SELECT name, key, title FROM record_senses WHERE document = ? ORDER BY name, key DESC", (document,))
    return {str(name): (str(key), str(title)) for name, key, title in rows}


def other_senses(db: sqlite3.Connection, key: str) -> list[str]:
    """The keys that a key was told apart from by documents, sorted."""
    rows = db.execute("SELECT key FROM record_senses WHERE name = ?1 UNION SELECT name FROM record_senses WHERE key = ?1", (key,))
    return sorted(str(row[0]) for row in rows)


def renew_signs(db: sqlite3.Connection, keys: Collection[str], pages: Sequence[TopicPage]) -> None:
    """Makes the signs of these keys anew from the pages that they have."""
    db.executemany("DELETE FROM record_signs WHERE key = ?", [(key,) for key in keys])
    from gitkb.text.names.lookalikes import SHORT, signs

    rows = {(sign, page.key): reason == SHORT for page in pages if not page.target for sign, reason in signs(page.title)}
    db.executemany("INSERT INTO record_signs VALUES (?, ?, ?)", [(*where, short) for where, short in sorted(rows.items())])


def alike(db: sqlite3.Connection, key: str) -> list[str]:
    """The first keys whose pages' names look like that of this key's page, without those about which something was decided."""
    rows = db.execute(
        "SELECT DISTINCT b.key FROM record_signs a JOIN record_signs b ON b.sign = a.sign WHERE a.key = ?1 AND b.key <> ?1"
        " AND NOT (a.short AND b.short) AND NOT EXISTS"
        " (SELECT 1 FROM record_apart WHERE one = min(?1, b.key) AND other = max(?1, b.key)) ORDER BY b.key",
        (key,),
    )
    return [str(row[0]) for row in islice(rows, MAX_ALIKE)]


def sharing_a_sign(db: sqlite3.Connection, keys: Collection[str]) -> set[str]:
    """The keys of the pages whose names have a sign in common with one of these, themselves included."""
    query = "SELECT b.key FROM record_signs a CROSS JOIN record_signs b ON b.sign = a.sign WHERE a.key = ?"
    return {str(key) for each in keys for (key,) in db.execute(query, (each,))}


def overview(db: sqlite3.Connection, kind: TopicKind, key: str) -> Overview | None:
    """The text that was written about a page."""
    row = db.execute("SELECT claims, sentences, by FROM record_overviews WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    if row is None:
        return None
    sentences = tuple(OverviewSentence(text, tuple(documents), section) for section, text, *documents in json.loads(row[1]))
    return Overview(kind, key, str(row[0]), sentences, str(row[2]))


def _forget(db: sqlite3.Connection, path: str) -> None:
    stem = path.rpartition("/")[2].removesuffix(".json")
    one, _, other = stem.partition("--")
    if decisions.is_sense(path):
        db.execute("DELETE FROM record_senses WHERE name = ? AND key = ?", (one, other))
    elif path == decisions.NoPage(stem, "").path:
        db.execute("DELETE FROM record_dropped WHERE name = ?", (stem,))
    elif other:
        db.execute("DELETE FROM record_apart WHERE one = ? AND other = ?", (one, other))
    else:
        db.execute("DELETE FROM record_same WHERE name = ?", (stem,))


def _store(db: sqlite3.Connection, decision: Decision) -> None:
    if isinstance(decision, NoPage):
        db.execute("INSERT OR REPLACE INTO record_dropped VALUES (?)", decision.names)
        return
    if isinstance(decision, OtherSense):
        rows = [(document, *decision.names, decision.title) for document in decision.documents]
        db.executemany("INSERT OR REPLACE INTO record_senses VALUES (?, ?, ?, ?)", rows)
        return
    table = "record_same" if isinstance(decision, SameAs) else "record_apart"
    db.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", decision.names)


EXPLORATION_SCHEMA = "CREATE TABLE record_explorations (name TEXT PRIMARY KEY, title TEXT, description TEXT) WITHOUT ROWID;\n"
EXPLORATION_TABLES = ("record_explorations",)
_END = "\U0010ffff"


def apply_explorations(db: sqlite3.Connection, tree: Tree, changes: Iterable[TreeChange]) -> None:
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
    """The next parts of the names of saved answers."""
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
