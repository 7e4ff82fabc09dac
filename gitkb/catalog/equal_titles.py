"""What tells documents of one title apart: the period, the company, the folder or the file that a list shows beside the title.

Invariant: a document has an addition only if another one has the same title (in any case), and then it is the first of its own
distinctions that no other document of this title has among its own, or else its name. So it is a function of the set of records,
and a document that comes or goes changes the addition of those alone with which it is the only one to share something.
"""

import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator

from gitkb.model.documents import Record

SCHEMA = """
CREATE TABLE record_titles (title TEXT, value TEXT, document TEXT, rank INTEGER, shown TEXT,
  PRIMARY KEY (title, value, document)) WITHOUT ROWID;
CREATE INDEX record_titles_document ON record_titles (document);
"""
TABLES = ("record_titles",)
Row = tuple[str, str, str, int, str]
Shared = tuple[str, str]
"""A title and a distinction in small letters; "", of rank 0, is what all documents of a title share."""

_YEAR = r"(?:19|20)\d\d"
_IN_FILE = re.compile(
    rf"(?<!\d)({_YEAR})(?:[-_. ]?(Q[1-4]|H[12]|(?:0[1-9]|1[0-2])(?:[-_. ]?(?:0[1-9]|[12]\d|3[01]))?))?(?!\d)", re.IGNORECASE
)
_QUARTER_FIRST = re.compile(rf"(?<![^\W\d_])(Q[1-4]|H[12])[-_. ]?({_YEAR})(?!\d)", re.IGNORECASE)
_MONTH = r"[^\W\d_a-z][^\W\d_]{2,9}\.?"
_IN_TEXT = re.compile(
    rf"\b{_MONTH} \d{{1,2}}, {_YEAR}\b|\b\d{{1,2}}\.? {_MONTH} {_YEAR}\b|\b{_YEAR}-\d\d-\d\d\b|\bQ[1-4] {_YEAR}\b"
    rf"|(?<![\w./-]){_YEAR}(?![\w/-]|[.,]\d)"
)
_LEGAL_NAME = re.compile(
    r"(?<!\w)(?:[A-Z0-9][\w&'’.-]*,? (?:(?:of|and|&|de|und) )?){1,5}"
    r"(?:Inc|INC|Corp|CORP|Corporation|Company|Co|Ltd|LTD|Limited|LLC|LLP|PLC|plc|GmbH|AG|SE|KG|S\.A|N\.V|B\.V|SpA|Oy|AB|A/S)(?!\w)\.?"
)
"""A name with the legal form of a company."""
_SAYS_NOTHING = frozenset(("index", "index-page", "_index", "readme", "read-me", "read me", "default", "main"))
"""What files are called in any folder."""
_MOST_FOLDERS = 4
_LONGEST = 60


def title_key(title: str) -> str:
    """What titles that say the same have in common."""
    return " ".join(title.split()).casefold()


def distinctions(record: Record) -> list[str]:
    """What a document has to be told from others by, the best first, its name last."""
    *folders, file = record.source.path.split("/")
    stem = file.rpartition(".")[0] or file
    folder = folders[-1] if folders else ""
    period, company = _period(record, stem), _company(record)
    both = f"{company}, {period}" if company and period else ""
    own = [period, company, both, folder]
    if stem.casefold() not in _SAYS_NOTHING:
        own += [stem, f"{folder}/{stem}" if folder else ""]
    own += reversed(folders[-_MOST_FOLDERS:-1])
    found: dict[str, str] = {}
    for text in own:
        if text and len(text) <= _LONGEST:
            found.setdefault(title_key(text), " ".join(text.split()))
    said = ("", title_key(record.title), title_key(record.document))
    return [*(text for value, text in found.items() if value not in said), record.document]


def _period(record: Record, stem: str) -> str:
    """The time that a document is about or of: told by its file's name, by its description, or as the date that it states."""
    turned = _QUARTER_FIRST.search(stem)
    if turned is not None:
        return f"{turned[2]}-{turned[1].upper()}"
    found = _IN_FILE.search(stem)
    if found is not None:
        digits = re.sub(r"[-_. ]", "", found[2] or "").upper()
        parts = [digits] if not digits.isdigit() else [digits[:2], digits[2:]]
        return "-".join(part for part in (found[1], *parts) if part)
    said = _IN_TEXT.search(record.description)
    if said is not None:
        return said[0]
    return min((date[:10] for date in record.dates.values()), default="")


def _company(record: Record) -> str:
    """The organisation that the description names, the one that the document is most about, or a name there with a legal form."""
    organisations = [topic for topic in record.topics if topic.kind == "entity" and topic.entity_type == "organisation"]
    named = [topic for topic in organisations if topic.name in record.description]
    legal = _LEGAL_NAME.search(record.description)
    if not named:
        return legal[0] if legal is not None else ""
    return min(named, key=lambda topic: (-topic.weight, topic.name)).name


def rows(record: Record) -> Iterator[Row]:
    """What the table holds of a document; nothing of one without a title."""
    key = title_key(record.title)
    if key:
        yield key, "", record.document, 0, ""
        for rank, text in enumerate(distinctions(record), 1):
            yield key, title_key(text), record.document, rank, text


def shared_by(records: Iterable[Record]) -> set[Shared]:
    """All that these documents may share with others."""
    return {row[:2] for record in records for row in rows(record)}


def others(db: sqlite3.Connection, shared: Collection[Shared], documents: Collection[str]) -> set[str]:
    """The documents besides these whose additions may differ because these, which have or had `shared`, came, went or changed."""
    found: set[str] = set()
    alone: set[str] = set()
    for title, value in sorted(shared):  # what all of a title share comes first
        if title not in alone:
            query = "SELECT document FROM record_titles WHERE title = ? AND value = ? ORDER BY document LIMIT ?"
            known = (str(row[0]) for row in db.execute(query, (title, value, len(documents) + 2)))
            rest = [document for document in known if document not in documents]
            if len(rest) == 1:  # two that share it have each other, whatever else comes and goes
                found.update(rest)
            elif not rest and not value:
                alone.add(title)
    return found


def forget(db: sqlite3.Connection, document: str) -> set[Shared]:
    """Removes a document's rows; what it shared."""
    found = db.execute("SELECT title, value FROM record_titles WHERE document = ?", (document,)).fetchall()
    db.execute("DELETE FROM record_titles WHERE document = ?", (document,))
    return {(str(title), str(value)) for title, value in found}


def renew(db: sqlite3.Connection, shared: Collection[Shared], documents: Collection[str]) -> None:
    """Writes the additions of these documents, and of those that they concern, anew."""
    changed = [(_addition(db, document), document) for document in sorted({*documents, *others(db, shared, documents)})]
    db.executemany("UPDATE record_documents SET apart = ? WHERE name = ?", changed)


def _addition(db: sqlite3.Connection, document: str) -> str:
    """What stands behind a document's title: " (2024-03)"; "" if no other has it."""
    own = db.execute(
        "SELECT title, value, rank, shown FROM record_titles WHERE document = ? ORDER BY rank", (document,)
    ).fetchall()
    for title, value, rank, shown in own:
        query = "SELECT 1 FROM record_titles WHERE title = ? AND value = ? AND document <> ? LIMIT 1"
        if db.execute(query, (title, value, document)).fetchone() is None:
            return f" ({shown})" if rank else ""
    return f" ({document})" if own else ""


def addition(db: sqlite3.Connection, document: str) -> str:
    """What stands behind a document's title, as it was last written; "" for one that is not there."""
    row = db.execute("SELECT apart FROM record_documents WHERE name = ?", (document,)).fetchone()
    return str(row[0]) if row else ""
