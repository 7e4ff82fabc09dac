"""The derived SQLite file: a cache of what the files of one commit say, brought up to date by the difference of two trees.

Invariant: the file holds nothing that git does not, so it may vanish or be damaged at any moment without changing a result.
Each index stores the tree it reflects in the same transaction as its rows, so it never reflects half a tree. Files of a newer
format and files that are not valid have a row of their own, so that nobody goes on without what they say.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from gitkb.errors import FormatError, NewerFormat
from gitkb.formats.versions import UPGRADE
from gitkb.model.documents import Tree, TreeChange
from gitkb.model.findings import Problem

UNREAD_SCHEMA = "CREATE TABLE record_unread (path TEXT PRIMARY KEY, is_newer INTEGER, message TEXT) WITHOUT ROWID;\n"
UNREAD_TABLES = ("record_unread",)
T = TypeVar("T")


def read_or_note(db: sqlite3.Connection, tree: Tree, change: TreeChange, decode: Callable[[bytes, str], T]) -> T | None:
    """The new content of a changed file; None if it is gone or cannot be read, which is noted."""
    db.execute("DELETE FROM record_unread WHERE path = ?", (change.path,))
    try:
        return decode(tree.read_blob(change.new), change.path) if change.new is not None else None
    except FormatError as error:
        db.execute("INSERT INTO record_unread VALUES (?, ?, ?)", (change.path, isinstance(error, NewerFormat), error.message))
    return None


def refuse_newer(db: sqlite3.Connection) -> None:
    """Raises `NewerFormat`, which names the first of these files, if there are any."""
    row = db.execute("SELECT message FROM record_unread WHERE is_newer ORDER BY path LIMIT 1").fetchone()
    if row is not None:
        raise NewerFormat(str(row[0]), UPGRADE)


def damaged(db: sqlite3.Connection) -> list[Problem]:
    """The records, decisions, approvals and overviews that are not valid, by path."""
    rows = db.execute("SELECT path, message FROM record_unread WHERE NOT is_newer ORDER BY path")
    return [Problem("unreadable-file", str(path), str(message)) for path, message in rows]


_META = "CREATE TABLE IF NOT EXISTS reflects (name TEXT PRIMARY KEY, version INTEGER NOT NULL, tree TEXT NOT NULL)"


class Index(Protocol):
    """Tables derived from a tree. `version` changes with the schema or with what `apply` stores."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def tables(self) -> tuple[str, ...]: ...

    def create(self, db: sqlite3.Connection) -> None:
        """Creates the (empty) tables."""

    def apply(self, db: sqlite3.Connection, tree: Tree, changes: list[TreeChange]) -> None:
        """Updates the tables from the old tree to `tree`, given the differences. The result must not depend on the steps in
        between."""


class Catalog:
    """Opens the derived file at a tree. Several processes may; writers wait for one another, readers do not."""

    def __init__(self, file: Path | None) -> None:
        """`file` must be one that gitkb itself made, or will: what a stranger puts into a database can lie and hang. None
        keeps everything in memory, for each caller anew."""
        self.file = file

    @contextlib.contextmanager
    def at(self, tree: Tree, index: Index, *, keep: bool = True) -> Iterator[sqlite3.Connection]:
        """A connection whose `index` tables reflect `tree`, inside a transaction.

        With `keep` the catching up is stored for the next caller; without it (an older revision) everything is rolled back.
        """
        db = self._open(tree, index, keep)
        try:
            yield db
        finally:
            _close(db)

    def has(self, index: Index) -> bool:
        """Whether the file has this index, of whatever tree."""
        if self.file is None or not self.file.exists():
            return False
        try:
            with contextlib.closing(self._connect(str(self.file))) as db:
                return self._reflected(db, index) is not None
        except sqlite3.Error:
            return False

    def bring_up(self, tree: Tree, index: Index) -> None:
        """Stores what `index` says of a tree for whoever asks next; without a file there is nothing to do. Raises
        `sqlite3.Error` or `OSError` where the disk does not take it: everybody else then does without."""
        if self.file is None:
            return
        try:
            _close(self._caught_up(str(self.file), tree, index, keep=True))
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            with self.at(tree, index):  # damaged: it is made anew
                pass

    @contextlib.contextmanager
    def held(self, tree: Tree, index: Index, *, keep: bool = True) -> Iterator[sqlite3.Connection]:
        """As `at`, for a caller who keeps the connection while it waits for somebody else: it blocks no writer meanwhile.

        An older revision, or one that another process has moved on from, is caught up in a copy of its own.
        """
        if keep:
            with self.at(tree, index):
                pass
        with contextlib.closing(self._shared()) as shared:
            shared.execute("BEGIN")
            if self._reflected(shared, index) == tree.oid:
                yield shared  # what a reader of a write-ahead log sees does not change, and hinders nobody
                return
            with contextlib.closing(self._connect("")) as copy:  # a file without a name: gone when it is closed
                shared.backup(copy)
                shared.rollback()
                self._catch_up(copy, tree, index, keep=True)
                yield copy

    def _shared(self) -> sqlite3.Connection:
        """The file as it is; an empty one in memory if it cannot be read."""
        if self.file is not None:
            with contextlib.suppress(sqlite3.Error):
                return self._connect(str(self.file))
        return self._connect(":memory:")

    def _open(self, tree: Tree, index: Index, keep: bool) -> sqlite3.Connection:
        """A connection that reflects `tree`; in memory where the file cannot be read or written, slower but right."""
        if self.file is None:
            return self._caught_up(":memory:", tree, index, keep)
        try:
            return self._caught_up(str(self.file), tree, index, keep)
        except sqlite3.OperationalError:
            return self._caught_up(":memory:", tree, index, keep)  # a read-only, full or failing disk
        except sqlite3.DatabaseError:
            with contextlib.suppress(sqlite3.OperationalError, OSError):
                for suffix in ("", "-wal", "-shm", "-journal"):
                    self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
                return self._caught_up(str(self.file), tree, index, keep)
            return self._caught_up(":memory:", tree, index, keep)

    def _caught_up(self, name: str, tree: Tree, index: Index, keep: bool) -> sqlite3.Connection:
        db = self._connect(name)
        try:
            self._catch_up(db, tree, index, keep)
        except BaseException:
            _close(db)
            raise
        return db

    def _connect(self, name: str) -> sqlite3.Connection:
        db = sqlite3.connect(name, timeout=120, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute(_META)
            db.execute("SELECT count(*) FROM reflects").fetchone()
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _catch_up(self, db: sqlite3.Connection, tree: Tree, index: Index, keep: bool) -> None:
        if self._reflected(db, index) == tree.oid:
            db.execute("BEGIN")
            if self._reflected(db, index) == tree.oid:
                return
            db.rollback()
        db.execute("BEGIN IMMEDIATE")
        old = self._reflected(db, index)
        if old != tree.oid:
            self._apply(db, tree, index, old)
        if keep:
            db.commit()
            db.execute("BEGIN")
            if (
                self._reflected(db, index) != tree.oid
            ):  # another process moved it on meanwhile: do it again, for this caller alone
                db.rollback()
                self._catch_up(db, tree, index, keep=False)

    def _apply(self, db: sqlite3.Connection, tree: Tree, index: Index, old: str | None) -> None:
        try:
            changes = tree.changes_since(old)
        except KeyError:
            old, changes = None, tree.changes_since(None)
        if old is None:
            for table in index.tables:
                db.execute(f"DROP TABLE IF EXISTS {table}")
            index.create(db)
        index.apply(db, tree, changes)
        db.execute("INSERT OR REPLACE INTO reflects VALUES (?, ?, ?)", (index.name, index.version, tree.oid))

    def _reflected(self, db: sqlite3.Connection, index: Index) -> str | None:
        row = db.execute("SELECT tree FROM reflects WHERE name = ? AND version = ?", (index.name, index.version)).fetchone()
        return None if row is None else str(row[0])


def _close(db: sqlite3.Connection) -> None:
    """Ends what was not stored; a disk that fails now has kept nothing that matters."""
    with contextlib.suppress(sqlite3.OperationalError):
        if db.in_transaction:
            db.rollback()
    db.close()
