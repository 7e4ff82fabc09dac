"""The tables of what was decided about names and written about pages, and of the signs by which names that look alike are found.

Invariant: rows are a function of the valid files below `.gitkb/decisions/` and `.gitkb/overviews/`, and of the pages that there
are. A file that is not valid has no rows: `check` reports it. A file of a newer format is noted, so that nobody goes on without.
"""

import json
import sqlite3
from collections.abc import Collection, Sequence
from itertools import islice

from gitkb import decisions, overviews
from gitkb.catalog import newer
from gitkb.decisions import Decision, SameAs
from gitkb.model import TopicKind, Tree, TreeChange
from gitkb.overviews import Overview, OverviewSentence
from gitkb.text.likeness import SHORT, signs
from gitkb.topics import TopicPage

SCHEMA = """
CREATE TABLE record_same (name TEXT PRIMARY KEY, target TEXT) WITHOUT ROWID;
CREATE INDEX record_same_target ON record_same (target, name);
CREATE TABLE record_apart (one TEXT, other TEXT, PRIMARY KEY (one, other)) WITHOUT ROWID;
CREATE TABLE record_overviews (kind TEXT, key TEXT, claims TEXT, sentences TEXT, by TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE record_signs (sign TEXT, key TEXT, short INTEGER, PRIMARY KEY (sign, key)) WITHOUT ROWID;
CREATE INDEX record_signs_key ON record_signs (key);
"""
TABLES = ("record_same", "record_apart", "record_overviews", "record_signs")
MAX_ALIKE = 8


def apply(db: sqlite3.Connection, tree: Tree, changes: Sequence[TreeChange]) -> set[str]:
    """Brings the rows of all these files up to date; returns the names that decisions concern, before and after."""
    touched: set[str] = set()
    for change in changes:
        if decisions.is_decision(change.path):
            touched |= decisions.concerned(tree, change)
            _forget(db, change.path)
            if (decision := newer.read(db, tree, change, decisions.decode)) is not None:
                _store(db, decision)
        elif (page := overviews.page_of(change.path)) is not None:
            db.execute("DELETE FROM record_overviews WHERE kind = ? AND key = ?", page)
            if (overview := newer.read(db, tree, change, overviews.decode)) is not None:
                sentences = json.dumps([[each.text, *each.documents] for each in overview.sentences], ensure_ascii=False)
                row = (overview.kind, overview.key, overview.claims, sentences, overview.by)
                db.execute("INSERT INTO record_overviews VALUES (?, ?, ?, ?, ?)", row)
    return touched


def renew_signs(db: sqlite3.Connection, keys: Collection[str], pages: Sequence[TopicPage]) -> None:
    """Makes the signs of these keys anew from the pages that they have."""
    db.executemany("DELETE FROM record_signs WHERE key = ?", [(key,) for key in keys])
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


def overview(db: sqlite3.Connection, kind: TopicKind, key: str) -> Overview | None:
    """What was written about a page."""
    row = db.execute("SELECT claims, sentences, by FROM record_overviews WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    if row is None:
        return None
    sentences = tuple(OverviewSentence(text, tuple(documents)) for text, *documents in json.loads(row[1]))
    return Overview(kind, key, str(row[0]), sentences, str(row[2]))


def _forget(db: sqlite3.Connection, path: str) -> None:
    stem = path.rpartition("/")[2].removesuffix(".json")
    one, _, other = stem.partition("--")
    if other:
        db.execute("DELETE FROM record_apart WHERE one = ? AND other = ?", (one, other))
    else:
        db.execute("DELETE FROM record_same WHERE name = ?", (stem,))


def _store(db: sqlite3.Connection, decision: Decision) -> None:
    table = "record_same" if isinstance(decision, SameAs) else "record_apart"
    db.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", decision.names)
