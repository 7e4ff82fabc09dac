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

from gitkb.catalog.kept_trees import KeptTrees, Opened, close
from gitkb.errors import FormatError, NewerFormat
from gitkb.formats.versions import UPGRADE
from gitkb.model.documents import Tree, TreeChange
from gitkb.model.findings import Problem

UNREAD_SCHEMA = "CREATE TABLE record_unread (path TEXT PRIMARY KEY, is_newer INTEGER, message TEXT) WITHOUT ROWID;\n"
UNREAD_TABLES = ("record_unread",)
_PATIENCE, _LONGEST_WAIT = 1.0, 120.0
"""Seconds that a caller waits for somebody who writes, before it catches up for itself alone; the longest where it would have to
start from nothing, which takes as long as waiting, or has only to store."""
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
    """Opens the derived file at a tree. Several processes may; who stores waits for others who do, who reads for nobody."""

    def __init__(self, file: Path | None) -> None:
        """`file` must be one that gitkb itself made, or will: what a stranger puts into a database can lie and hang. None
        keeps everything in memory, for each caller anew."""
        self.file = file
        self.kept: KeptTrees | None = None
        """What stays open for the next caller, in a process that has many."""

    @contextlib.contextmanager
    def at(self, tree: Tree, index: Index, *, keep: bool = True) -> Iterator[sqlite3.Connection]:
        """A connection whose `index` tables reflect `tree`, inside a transaction, to read from.

        With `keep` the catching up is stored for the next caller; without it (an older revision) everything is rolled back. Where
        somebody else is writing, it is done in a copy.
        """
        kept = self.kept
        if kept is None:
            opened = self._open(tree, index, keep)
        else:
            wanted = (index.name, index.version, tree.oid)
            opened = kept.taken(wanted, lambda: self._as_it_is(tree, index), lambda: self._open(tree, index, keep))
        is_whole = False
        try:
            yield opened.db
            is_whole = True
        finally:
            if kept is None:
                close(opened.db)
            else:
                kept.given_back(opened, keep=is_whole)

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
            with contextlib.closing(self._connect(str(self.file))) as db:
                if not self._begins(db, tree, index):
                    if not _may_write(db, _LONGEST_WAIT):
                        raise sqlite3.OperationalError("others write it all the time")
                    self._stored(db, tree, index)
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
            with contextlib.closing(self._copied(shared, tree, index).db) as copy:
                shared.rollback()
                yield copy

    def _shared(self) -> sqlite3.Connection:
        """The file as it is; an empty one in memory if it cannot be read."""
        if self.file is not None:
            with contextlib.suppress(sqlite3.Error):
                return self._connect(str(self.file))
        return self._connect(":memory:")

    def _as_it_is(self, tree: Tree, index: Index) -> Opened | None:
        """The file, if it reflects `tree` as it is."""
        if self.file is None or not self.file.exists():
            return None
        with contextlib.suppress(sqlite3.Error):
            db = self._connect(str(self.file))
            try:
                if self._begins(db, tree, index):
                    return self._opened(db)
            except BaseException:
                close(db)
                raise
            close(db)
        return None

    def _open(self, tree: Tree, index: Index, keep: bool) -> Opened:
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

    def _caught_up(self, name: str, tree: Tree, index: Index, keep: bool) -> Opened:
        db = self._connect(name)
        try:
            if self._begins(db, tree, index):
                return self._opened(db)
            if keep or name == ":memory:":
                if _may_write(db, _PATIENCE if self._reflected(db, index) else _LONGEST_WAIT) and self._stored(db, tree, index):
                    return self._opened(db, is_copy=name == ":memory:")
            elif not self._comes_again(tree, index) and _may_write(db, 0.0):
                self._apply(db, tree, index)
                return Opened(db, frozenset(), holds_lock=True)
            copy = self._copied(db, tree, index)
        except BaseException:
            close(db)
            raise
        close(db)
        return copy

    def _comes_again(self, tree: Tree, index: Index) -> bool:
        return self.kept is not None and self.kept.comes_again((index.name, index.version, tree.oid))

    def _copied(self, db: sqlite3.Connection, tree: Tree, index: Index) -> Opened:
        """A copy that reflects `tree`: nobody waits for it, nor it for anybody. It costs as much as the whole file."""
        copy = self._connect("")  # a file without a name: gone when it is closed
        try:
            db.backup(copy)
            copy.execute("BEGIN")
            self._stored(copy, tree, index)
            return self._opened(copy, is_copy=True)
        except BaseException:
            close(copy)
            raise

    def _opened(self, db: sqlite3.Connection, *, is_copy: bool = False) -> Opened:
        reflects = () if self.kept is None else db.execute("SELECT name, version, tree FROM reflects").fetchall()
        return Opened(db, frozenset((str(name), int(version), str(tree)) for name, version, tree in reflects), is_copy)

    def _connect(self, name: str) -> sqlite3.Connection:
        db = sqlite3.connect(name, timeout=_LONGEST_WAIT, isolation_level=None, check_same_thread=self.kept is None)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute(_META)
            db.execute("SELECT count(*) FROM reflects").fetchone()
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _begins(self, db: sqlite3.Connection, tree: Tree, index: Index) -> bool:
        """Begins to read, if `index` reflects `tree` as it is."""
        if self._reflected(db, index) == tree.oid:
            db.execute("BEGIN")
            if self._reflected(db, index) == tree.oid:
                return True
            db.rollback()
        return False

    def _stored(self, db: sqlite3.Connection, tree: Tree, index: Index) -> bool:
        """Stores what `index` says of `tree` and begins to read; False where another process moved it on at once."""
        self._apply(db, tree, index)
        db.commit()
        return self._begins(db, tree, index)

    def _apply(self, db: sqlite3.Connection, tree: Tree, index: Index) -> None:
        old = self._reflected(db, index)
        if old == tree.oid:
            return
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


def _may_write(db: sqlite3.Connection, patience: float) -> bool:
    """Begins to write; False where another still does after so many seconds."""
    db.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
    try:
        db.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return False
        raise
    finally:
        db.execute(f"PRAGMA busy_timeout = {int(_LONGEST_WAIT * 1000)}")
    return True
