"""What processes that ask models share in one file: how each server wants to be asked, and who asks which question now.

Invariant: the file is a convenience. Whatever is in it, and wherever it cannot be written, questions are asked and answered; at
worst one is asked by two processes, or a dialect is found out again. A claim counts only while its owner lives, which the owner
proves by a lock that ends with its process. What was found out about a server is forgotten after two weeks, because servers
change.
"""

import contextlib
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import DecodeError, ValidationError, json

from gitkb.llm.dialects import Dialect

_TABLES = (
    "CREATE TABLE dialects (server TEXT, model TEXT, dialect BLOB, at REAL, PRIMARY KEY (server, model)) WITHOUT ROWID",
    "CREATE TABLE limits (server TEXT, model TEXT, tokens INTEGER, at REAL, PRIMARY KEY (server, model)) WITHOUT ROWID",
    "CREATE TABLE claims (key TEXT PRIMARY KEY, owner TEXT) WITHOUT ROWID",
)
_DAYS = 14 * 24 * 3600.0
_A_DAY = 24 * 3600.0
_BUSY_SECONDS = 10
_LARGEST = 4096


class AskingFile:
    """The file of one knowledge base; made when something is to be written. `me` names this process, and `lives` says of a name
    whether its process still runs."""

    def __init__(self, file: Path, me: str, lives: Callable[[str], bool]) -> None:
        self._file, self._me, self._lives = file, me, lives
        self._db: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def of(self, server: str) -> "KeptServer":
        """What is known of one server."""
        return KeptServer(self, server)

    def claim(self, key: str) -> bool:
        """Takes a question for this process, unless another one that lives has it."""
        for _ in range(2):
            if self.run("INSERT OR IGNORE INTO claims VALUES (?, ?) RETURNING 1", (key, self._me)) != []:
                return True  # taken, or the file cannot be used
            found = self.run("SELECT owner FROM claims WHERE key = ?", (key,))
            owner = found[0][0] if found else self._me
            if owner == self._me:
                return True
            if isinstance(owner, str) and self._lives(owner):
                return False
            self.run("DELETE FROM claims WHERE key = ? AND owner = ?", (key, owner))
        return True

    def release(self, key: str) -> None:
        """Gives a question back that this process has claimed."""
        self.run("DELETE FROM claims WHERE key = ? AND owner = ?", (key, self._me))

    def forget(self) -> None:
        """Forgets what was found out about servers."""
        self.run("DELETE FROM dialects")
        self.run("DELETE FROM limits")

    def run(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any] | None:
        """All rows of one statement; None where the file cannot be used."""
        with self._lock:
            for _ in range(2):
                try:
                    return self._connected().execute(statement, values).fetchall()
                except sqlite3.OperationalError:
                    return None
                except sqlite3.DatabaseError:
                    self._discard()
                except OSError:
                    return None
        return None

    def _connected(self) -> sqlite3.Connection:
        if self._db is None:
            if self._file.is_symlink():
                self._file.unlink()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                db.execute("PRAGMA trusted_schema=OFF")
                db.execute("PRAGMA journal_mode=WAL")
                db.execute("PRAGMA synchronous=OFF")
                for table in _TABLES:
                    db.execute(table.replace("TABLE", "TABLE IF NOT EXISTS", 1))
                found = db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
                if {sql for (sql,) in found} != set(_TABLES):
                    raise sqlite3.DatabaseError("it is not the file that was made here")
            except BaseException:
                db.close()
                raise
            self._db = db
            weakref.finalize(self, db.close)
        return self._db

    def _discard(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        for suffix in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(OSError):
                self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)


class KeptServer:
    """What earlier runs found out about the models of one server."""

    def __init__(self, file: AskingFile, server: str) -> None:
        self._file, self._server = file, server

    def dialect(self, model: str) -> Dialect | None:
        """The dialect that worked, None where none is known."""
        since = time.time() - _DAYS
        query = f"SELECT dialect FROM dialects WHERE server = ? AND model = ? AND at > ? AND length(dialect) < {_LARGEST}"
        rows = self._file.run(query, (self._server, model, since))
        try:
            return json.decode(rows[0][0], type=Dialect) if rows else None
        except (DecodeError, ValidationError, TypeError):
            return None

    def keep(self, model: str, dialect: Dialect) -> None:
        """Keeps a dialect for later runs."""
        row = (self._server, model, json.encode(dialect), time.time())
        self._file.run("INSERT OR REPLACE INTO dialects VALUES (?, ?, ?, ?)", row)

    def limit(self, model: str) -> int | None:
        """The tokens of context that the server has told for a model; 0 where it does not tell, None where it was not asked."""
        rows = self._file.run(
            "SELECT tokens FROM limits WHERE server = ? AND model = ? AND at > ?", (self._server, model, time.time() - _DAYS)
        )
        return rows[0][0] if rows and isinstance(rows[0][0], int) and rows[0][0] >= 0 else None

    def keep_limit(self, model: str, tokens: int) -> None:
        """Keeps what the server has told of its context; that it tells nothing for a day."""
        at = time.time() if tokens else time.time() - _DAYS + _A_DAY
        self._file.run("INSERT OR REPLACE INTO limits VALUES (?, ?, ?, ?)", (self._server, model, tokens, at))
