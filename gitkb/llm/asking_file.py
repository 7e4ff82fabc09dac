"""What processes that ask models share in one file: how each server wants to be asked, and who asks which question now.

Invariant: the file is a convenience. Whatever is in it, and wherever it cannot be written, questions are asked and answered; at
worst one is asked by two processes, or a dialect is found out again. A claim counts only while its owner lives, which the owner
proves by a lock that ends with its process. What was found out about a server is forgotten after two weeks, because servers
change.
"""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import DecodeError, ValidationError, json

from gitkb.llm.dialects import Dialect
from gitkb.llm.reply_cache import KeptTables

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
        self._me, self._lives = me, lives
        self._tables = KeptTables(file, _TABLES, synchronous="OFF", patience=_BUSY_SECONDS)

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
        try:
            return self._tables.run(statement, values)
        except (sqlite3.Error, OSError):
            return None


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
