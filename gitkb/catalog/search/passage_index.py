"""The full-text index over the wiki's pages: every section a passage, in an FTS5 table of our own tokens.

Invariant: rows are a function of the tree alone. Row ids come from the page's path and the passage's number, and all statistics
are sums over the rows, so catching up by a diff and building anew answer every query alike. A row id also carries the page's
kind in its top bits: a range of ids is a scope. Page text is not stored; it is in git.
"""

import hashlib
import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable, Iterator

from msgspec import Struct

from gitkb.model.documents import Tree, TreeChange
from gitkb.text.language.detect import detect_language
from gitkb.text.language.tokens import Analysis, analyse
from gitkb.text.markdown.passages import MAX_PASSAGES, Page, Passage, read_page

HEAD_MARK = "\ue010"
"""Before a token that stands in a title, an alias or a heading: such words have posting lists of their own, short ones."""
FORM_MARK = "\ue011"
"""Before a form that the text has but its tokens lack, see `Analysis.forms`: never mistaken for another language's stem."""
ORDINAL_BITS = 15
_PAGE_BITS = 45
_SCOPE_SHIFT = ORDINAL_BITS + _PAGE_BITS
SCOPES = {"sources": 1, "other": 2, "summaries": 3, "concepts": 4, "entities": 5, "explorations": 6}
TEXTS, EVIDENCE = "texts", "evidence"
"""Scopes of several kinds: what documents and people wrote, and this with the pages made of it. Explorations are in neither: an
answer that was saved is no evidence for another."""
_RANGES = {TEXTS: ("sources", "other"), EVIDENCE: ("sources", "entities")}
_SAMPLE = 2_000
TOLD_EVERY = 100
_DEFAULT_LANGUAGE = "en"

assert 3 * MAX_PASSAGES < 2**ORDINAL_BITS


class Row(Struct, frozen=True):
    """One passage as stored: its place and its tokens (`head` without marks, `forms` with them)."""

    heading: str
    line: int
    lines: int
    tokens: list[str]
    head: list[str]
    forms: list[str]


Told = Callable[[int, int], None]
"""Is told (pages done, pages in all)."""


class Passages:
    """The `Index` over `wiki/**.md`, index pages excluded. `told` hears how far it is, after every `TOLD_EVERY` pages."""

    def __init__(self, told: Told | None = None) -> None:
        self._told = told

    name = "passages"
    version = 2
    tables = ("passage_terms", "passage_index", "passage_rows", "passage_pages", "passage_stats")

    def create(self, db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE passage_stats (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID")
        db.execute(
            "CREATE TABLE passage_pages (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, title TEXT NOT NULL,"
            " description TEXT NOT NULL, head TEXT NOT NULL, language TEXT NOT NULL)"
        )
        db.execute(
            "CREATE TABLE passage_rows (id INTEGER PRIMARY KEY, heading TEXT NOT NULL, line INTEGER NOT NULL,"
            " lines INTEGER NOT NULL, length INTEGER NOT NULL, tokens BLOB NOT NULL)"
        )
        # Tokens are made of letters and digits, and of non-ASCII characters, which the `ascii` tokenizer never splits.
        db.execute("CREATE VIRTUAL TABLE passage_index USING fts5(body, head, forms, content='', tokenize='ascii')")
        # fts5vocab would read a whole posting list to count it.
        db.execute("CREATE TABLE passage_terms (term TEXT PRIMARY KEY, passages INTEGER NOT NULL) WITHOUT ROWID")

    def apply(self, db: sqlite3.Connection, tree: Tree, changes: list[TreeChange]) -> None:
        pages = sorted((page_id(change.path), change) for change in changes if is_searched(change.path))
        gained: Counter[str] = Counter()
        lost: Counter[str] = Counter()
        # Row ids rise within each pass: an FTS5 segment is written whenever they fall.
        for _, change in pages:
            if change.old is not None:
                _remove(db, change.path, lost)
        coming = [each for each in pages if each[1].new is not None]
        for number, (wanted, change) in enumerate(coming):
            if self._told is not None and number % TOLD_EVERY == 0:
                self._told(number, len(coming))
            if change.new is not None:
                _insert(db, wanted, change.path, tree.read_blob(change.new), gained)
        gained.subtract(lost)
        _count_terms(db, gained)


PASSAGES = Passages()


def is_searched(path: str) -> bool:
    """Whether a path in the repository is a page that search finds."""
    name = path.rpartition("/")[2]
    return path.startswith("wiki/") and name.endswith(".md") and name != "index.md" and not name.startswith("index--")


def document_of(path: str) -> str:
    """The document that a source page (or a chapter of it) or a summary belongs to, "" for other pages."""
    for folder in ("wiki/sources/", "wiki/summaries/"):
        if path.startswith(folder):
            return path.removeprefix(folder).removesuffix(".md").partition("--")[0]
    return ""


def page_id(path: str) -> int:
    """The id a page has unless another took it: its scope, then a hash of its path."""
    digest = hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    scope = SCOPES.get(path.split("/")[1], SCOPES["other"]) if path.count("/") > 1 else SCOPES["other"]
    return scope << _PAGE_BITS | int.from_bytes(digest, "big") >> (64 - _PAGE_BITS)


def scope_rows(scope: str) -> tuple[int, int]:
    """The first and last row id of a kind of page or of a wider scope; of everything for "all"."""
    if scope == "all":
        return 0, 2**63 - 1
    first, last = _RANGES.get(scope, (scope, scope))
    return SCOPES[first] << _SCOPE_SHIFT, (SCOPES[last] + 1 << _SCOPE_SHIFT) - 1


def kinds_of(scope: str) -> list[str]:
    """The kinds of pages that a scope covers, in the order of their rows."""
    first, last = scope_rows(scope)
    return [kind for kind, number in SCOPES.items() if first <= number << _SCOPE_SHIFT <= last]


def page_rows(page: int) -> tuple[int, int]:
    """The first and last row id that a page's passages may have."""
    return page << ORDINAL_BITS, (page + 1 << ORDINAL_BITS) - 1


def unpack(blob: bytes) -> tuple[str, str, str]:
    """Tokens, head tokens and other forms of a stored passage, set apart by blanks."""
    body, head, forms = zlib.decompress(blob).decode().split("\n")
    return body, head, forms


def _remove(db: sqlite3.Connection, path: str, lost: Counter[str]) -> None:
    found = db.execute("SELECT id, language FROM passage_pages WHERE path = ?", (path,)).fetchone()
    if found is None:
        return
    page, language = found
    rows = db.execute("SELECT id, length, tokens FROM passage_rows WHERE id BETWEEN ? AND ? ORDER BY id", page_rows(page))
    count = total = 0
    for row, length, blob in rows.fetchall():
        body, head, forms = unpack(blob)
        lost.update(_terms(body, head, forms))
        db.execute(
            "INSERT INTO passage_index (passage_index, rowid, body, head, forms) VALUES ('delete', ?, ?, ?, ?)",
            (row, body, _marked(head), forms),
        )
        count, total = count + 1, total + length
    db.execute("DELETE FROM passage_rows WHERE id BETWEEN ? AND ?", page_rows(page))
    db.execute("DELETE FROM passage_pages WHERE id = ?", (page,))
    _count(db, language, -1, -max(1, count - 1), -total)


def _insert(db: sqlite3.Connection, wanted: int, path: str, content: bytes, gained: Counter[str]) -> None:
    page = read_page(content.decode("utf-8", "replace"))
    language = page.language or detect_language(_sample(page)) or _DEFAULT_LANGUAGE
    number = _free(db, wanted)
    names = analyse(" ".join((page.title, *page.aliases)), language)
    title = page.title or path.rpartition("/")[2].removesuffix(".md")
    db.execute(
        "INSERT INTO passage_pages VALUES (?, ?, ?, ?, ?, ?)",
        (number, path, title, page.description[:400], " ".join(names.tokens), language),
    )
    total = 0
    rows = list(_rows(page, names, language))
    for ordinal, row in enumerate(rows):
        _insert_row(db, (number << ORDINAL_BITS) + ordinal, row, gained)
        total += len(row.tokens)
    _count(db, language, 1, max(1, len(rows) - 1), total)


def _rows(page: Page, names: Analysis, language: str) -> Iterator[Row]:
    """The page's own row (title, aliases, description), then one for each passage."""
    about = analyse(page.description, language)
    yield Row("", page.line, 1, about.tokens, names.tokens, _forms(names, about))
    for passage in page.passages:
        head = analyse(" ".join(passage.headings), language)
        body = analyse(passage.text, language)
        yield Row(" > ".join(passage.headings), passage.line, passage.lines, body.tokens, head.tokens, _forms(head, body))


def _forms(*parts: Analysis) -> list[str]:
    return sorted({FORM_MARK + form for part in parts for form in part.forms})


def _insert_row(db: sqlite3.Connection, number: int, row: Row, gained: Counter[str]) -> None:
    body, head, forms = " ".join(row.tokens), " ".join(row.head), " ".join(row.forms)
    gained.update(_terms(body, head, forms))
    db.execute(
        "INSERT INTO passage_rows VALUES (?, ?, ?, ?, ?, ?)",
        (number, row.heading, row.line, row.lines, len(row.tokens), zlib.compress(f"{body}\n{head}\n{forms}".encode(), 1)),
    )
    db.execute("INSERT INTO passage_index (rowid, body, head, forms) VALUES (?, ?, ?, ?)", (number, body, _marked(head), forms))


def _terms(body: str, head: str, forms: str) -> set[str]:
    """The terms of a passage: its text and other forms of its words, and words of its heading under their mark."""
    return {*body.split(), *(HEAD_MARK + token for token in head.split()), *forms.split()}


def _count_terms(db: sqlite3.Connection, changes: Counter[str]) -> None:
    db.executemany(
        "INSERT INTO passage_terms VALUES (?, ?) ON CONFLICT (term) DO UPDATE SET passages = passages + excluded.passages",
        sorted((term, number) for term, number in changes.items() if number),
    )
    db.executemany("DELETE FROM passage_terms WHERE term = ? AND passages = 0", ((term,) for term, n in changes.items() if n < 0))


def _marked(head: str) -> str:
    tokens = head.split()
    return " ".join([*(HEAD_MARK + token for token in tokens), *tokens])


def _sample(page: Page) -> str:
    parts: list[Passage] = list(page.passages[:8])
    return " ".join([page.title, page.description, *(part.text for part in parts)])[:_SAMPLE]


def _free(db: sqlite3.Connection, wanted: int) -> int:
    """The wanted id, or the next free one where another path hashes to the same (one in a hundred thousand wikis)."""
    while db.execute("SELECT 1 FROM passage_pages WHERE id = ?", (wanted,)).fetchone():
        wanted += 1
    return wanted


def _count(db: sqlite3.Connection, language: str, pages: int, passages: int, tokens: int) -> None:
    changes = ((f"language:{language}", pages), ("pages", pages), ("passages", passages), ("tokens", tokens))
    db.executemany(
        "INSERT INTO passage_stats VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value", changes
    )
