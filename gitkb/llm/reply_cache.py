"""Keeps what models replied, by the key of the request: a call that was answered is never paid again.

Invariant: a reply that `put` has taken survives the death of the process; it is whole or absent. The file lies in `.git/gitkb`,
which may come from somebody else (a copied folder, an archive): it is taken for data only, one that is anything but the table
made here is replaced, and whoever uses a reply checks it as if a server had just sent it. It may be deleted at any time.
"""

import sqlite3
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from gitkb.errors import NotAsked, RepositoryError
from gitkb.llm.requests import Replies, Reply, Request

_TABLE = (
    "CREATE TABLE replies (key TEXT PRIMARY KEY, text TEXT NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,"
    " calls INTEGER NOT NULL) WITHOUT ROWID"
)
_SUMMED = (
    "length(CAST(text AS BLOB))",
    "calls",
    "tokens_in",
    "tokens_out",
    "CASE WHEN tokens_in = 0 AND tokens_out = 0 THEN calls ELSE 0 END",
)
"""Why a document cannot be made of known replies alone."""

_LARGEST = 8 * 1024**2
_BUSY_SECONDS = 120


class ReplyTotals(Struct, frozen=True):
    """How many replies are kept, the bytes of their texts, and what they cost when they were asked for; of `uncounted` calls
    nobody knows the tokens."""

    entries: int
    bytes: int
    calls: int
    tokens_in: int
    tokens_out: int
    uncounted: int = 0


class ReplyCache:
    """The replies in one file, which is made when the first one is stored. Safe for several threads and processes at once."""

    def __init__(self, file: Path) -> None:
        self.file = file
        # A commit is with the operating system when it returns: safe from a kill.
        self._tables = KeptTables(file, (_TABLE,), synchronous="NORMAL", patience=_BUSY_SECONDS)

    def get(self, request: Request) -> Reply | None:
        """The known reply, None where there is none."""
        query = f"SELECT text, tokens_in, tokens_out, calls FROM replies WHERE key = ? AND length(text) <= {_LARGEST}"
        rows = self._run(query, (request.key,))
        if not rows or not isinstance(rows[0][0], str) or not all(isinstance(number, int) for number in rows[0][1:]):
            return None
        text, tokens_in, tokens_out, calls = rows[0]
        return Reply(text, tokens_in, tokens_out, calls, cached=True)

    def put(self, request: Request, reply: Reply) -> None:
        """Keeps a reply; `RepositoryError` where the file cannot be written."""
        self.keep(request.key, reply)

    def keep(self, key: str, reply: Reply) -> None:
        """Keeps the reply to the request of that key; errors as of `put`."""
        row = (key, reply.text, reply.tokens_in, reply.tokens_out, reply.calls)
        self._run("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?)", row)

    def totals(self) -> ReplyTotals:
        """What is kept."""
        sums = ("count(*)", *(f"CAST(total({each}) AS INTEGER)" for each in _SUMMED))
        [row] = self._run(f"SELECT {', '.join(sums)} FROM replies")
        return ReplyTotals(*row)

    def prune(self) -> int:
        """Deletes all replies; returns how many there were."""
        [(entries,)] = self._run("SELECT count(*) FROM replies")
        self._run("DELETE FROM replies")
        self._run("VACUUM")
        return int(entries)

    def _run(self, statement: str, values: tuple[str | int, ...] = ()) -> list[Any]:
        """All rows of one statement."""
        try:
            return self._tables.run(statement, values)
        except (sqlite3.Error, OSError) as error:
            message = f"The replies of models cannot be kept in {self.file}: {error}."
            raise RepositoryError(
                message, "Look at the space and the permissions there; the file itself may be deleted."
            ) from error


class KeptTables:
    """The tables of one SQLite file, which is made when it is first used and is taken for data only: one that is damaged, or
    holds anything but these tables, is replaced. Safe for several threads and processes. `synchronous` is SQLite's: NORMAL is
    safe from a kill, OFF may lose what was written last; `patience` is how many seconds another process is waited for."""

    def __init__(self, file: Path, tables: Sequence[str], *, synchronous: str, patience: float) -> None:
        self._file, self._made = file, tables
        self._synchronous, self._patience = synchronous, patience
        self._db: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def run(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        """All rows of one statement, which is a transaction of its own; `sqlite3.Error` or `OSError` where the file cannot be
        used. A damaged file is replaced, once."""
        with self._lock:
            try:
                return self._connected().execute(statement, values).fetchall()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self._discard()
                return self._connected().execute(statement, values).fetchall()

    def _connected(self) -> sqlite3.Connection:
        if self._db is None:
            if self._file.is_symlink() or not (self._file.is_file() or self._file.is_dir()):
                self._file.unlink(missing_ok=True)
            self._file.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self._file, timeout=self._patience, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(db)
            except BaseException:
                db.close()
                raise
            self._db = db
            weakref.finalize(self, db.close)
        return self._db

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Makes the tables; `DatabaseError` where the file holds anything else."""
        db.execute("PRAGMA trusted_schema=OFF")
        db.execute("PRAGMA cell_size_check=ON")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA synchronous={self._synchronous}")
        for table in self._made:
            db.execute(table.replace("TABLE", "TABLE IF NOT EXISTS", 1))
        found = db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        if sorted(sql for (sql,) in found) != sorted(self._made):
            raise sqlite3.DatabaseError("it is not the file that was made here")

    def _discard(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)


class KnownReplies:
    """Answers from the cache alone; `NotAsked` where it does not know one."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        found = [self._replies.get(request) for request in requests]
        if any(reply is None for reply in found):
            raise NotAsked("a model would be asked.")
        return [reply for reply in found if reply is not None]

    def knows(self, requests: Sequence[Request]) -> bool:
        """Whether it has a reply to each of them."""
        return all(self._replies.get(request) is not None for request in requests)
