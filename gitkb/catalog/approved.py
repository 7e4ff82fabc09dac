"""The tables of approvals: what people confirmed of pages, and what these pages show now.

Invariant: rows are a function of the valid files below `.gitkb/decisions/approved/` and of the records. What a page shows is kept
for approved pages alone and renewed with them, so how all of them stand is known without a look at what any document says.
"""

import sqlite3
from collections.abc import Collection, Sequence
from itertools import groupby

from gitkb import approvals
from gitkb.approvals import Approval, Confirmation, Shown
from gitkb.catalog import newer
from gitkb.model import TopicKind, Tree, TreeChange
from gitkb.wiki.corpus import Corpus
from gitkb.wiki.pages import page_claims

SCHEMA = """
CREATE TABLE record_approved (kind TEXT, key TEXT, by TEXT, at TEXT, claims TEXT, PRIMARY KEY (kind, key, by)) WITHOUT ROWID;
CREATE TABLE record_shown (kind TEXT, key TEXT, claims TEXT, documents TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID;
"""
TABLES = ("record_approved", "record_shown")


def apply(db: sqlite3.Connection, tree: Tree, changes: Sequence[TreeChange]) -> set[str]:
    """Brings the rows of approvals up to date; returns the keys of the pages concerned."""
    touched = set()
    for change in changes:
        page = approvals.page_of(change.path)
        if page is not None:
            touched.add(page[1])
            db.execute("DELETE FROM record_approved WHERE kind = ? AND key = ?", page)
            if (approval := newer.read(db, tree, change, approvals.decode)) is not None:
                rows = [(*page, each.by, each.at, " ".join(each.claims)) for each in approval.confirmations]
                db.executemany("INSERT INTO record_approved VALUES (?, ?, ?, ?, ?)", rows)
    return touched


def renew_shown(db: sqlite3.Connection, keys: Collection[str], corpus: Corpus) -> None:
    """Makes the rows of what the approved pages of these keys show anew."""
    db.executemany("DELETE FROM record_shown WHERE key = ?", [(key,) for key in keys])
    for kind, key in db.execute("SELECT DISTINCT kind, key FROM record_approved ORDER BY kind, key").fetchall():
        page = corpus.page(kind, key) if key in keys else None
        if page is not None and not page.target:
            claims = page_claims(corpus, page)
            documents = sorted({claim.document for claim in claims})
            row = (kind, key, " ".join(approvals.marks(claims)), "\n".join(documents))
            db.execute("INSERT INTO record_shown VALUES (?, ?, ?, ?)", row)


def approval(db: sqlite3.Connection, kind: TopicKind, key: str) -> Approval | None:
    """Who has confirmed the claims of a page."""
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
    """What an approved page shows; nothing where there is no such page."""
    row = db.execute("SELECT claims, documents FROM record_shown WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    return Shown() if row is None else Shown(tuple(row[0].split()), tuple(filter(None, row[1].split("\n"))))
