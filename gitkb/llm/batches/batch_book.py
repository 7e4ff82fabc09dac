"""Remembers which questions wait at a server in batches, so that none is asked and paid again.

Invariant: a batch is noted with its file before it is begun, and with its id as soon as the server has named it, so that what a
killed process began is found again. The file lies in `.git/gitkb`; like all there it is taken for data only.
"""

import json
import sqlite3
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from gitkb.errors import RepositoryError
from gitkb.llm.reply_cache import KeptTables
from gitkb.model.usage import WaitingBatch

_TABLES = (
    "CREATE TABLE batches (file TEXT PRIMARY KEY, id TEXT NOT NULL, server TEXT NOT NULL, model TEXT NOT NULL, at REAL NOT NULL)"
    " WITHOUT ROWID",
    "CREATE TABLE questions (key TEXT PRIMARY KEY, file TEXT NOT NULL) WITHOUT ROWID",
)
_BUSY_SECONDS = 120


class Noted(Struct, frozen=True):
    """A batch: the `file` of its questions at the server, and its `id` there, "" where its begin was cut off."""

    file: str
    id: str
    model: str
    at: float


class BatchBook:
    """The batches of one knowledge base that are at one server. Safe for several threads and processes."""

    def __init__(self, file: Path, server: str) -> None:
        self.path, self._server = file, server
        self._tables = KeptTables(file, _TABLES, synchronous="NORMAL", patience=_BUSY_SECONDS)

    def noted(self) -> list[Noted]:
        """All batches that wait, the oldest first."""
        if not self.path.exists():
            return []
        rows = self._run("SELECT file, id, model, at FROM batches WHERE server = ? ORDER BY at", self._server)
        return [Noted(*row) for row in rows if all(isinstance(each, str) for each in row[:3]) and isinstance(row[3], float)]

    def batch_of(self, key: str) -> str:
        """The batch in which a question waits, "" for none."""
        if not self.path.exists():
            return ""
        query = "SELECT b.id, b.file FROM questions q JOIN batches b ON q.file = b.file WHERE q.key = ? AND b.server = ?"
        rows = self._run(query, key, self._server)
        return str(rows[0][0] or rows[0][1]) if rows else ""

    def keys(self, batch: Noted) -> set[str]:
        """The questions of a batch."""
        return {str(key) for (key,) in self._run("SELECT key FROM questions WHERE file = ?", batch.file)}

    def note(self, file: str, model: str, keys: Iterable[str]) -> Noted:
        """Notes a batch that is about to begin, with its questions."""
        batch = Noted(file, "", model, time.time())
        self._run("INSERT OR REPLACE INTO questions SELECT value, ? FROM json_each(?)", file, json.dumps(list(keys)))
        self._run("INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?, ?)", file, "", self._server, model, batch.at)
        return batch

    def begun(self, batch: Noted, number: str) -> None:
        """Notes the id that the server gave to a batch."""
        self._run("UPDATE batches SET id = ? WHERE file = ?", number, batch.file)

    def forget(self, batch: Noted) -> None:
        """A batch is over: what it answered is kept, and the rest may be asked."""
        self._run("DELETE FROM batches WHERE file = ?", batch.file)
        self._run("DELETE FROM questions WHERE file NOT IN (SELECT file FROM batches)")

    def _run(self, statement: str, *values: Any) -> list[Any]:
        try:
            return self._tables.run(statement, values)
        except (sqlite3.Error, OSError) as error:
            raise RepositoryError(
                f"What waits in batches cannot be noted in {self.path}: {error}.", "Look at the space and the permissions there."
            ) from error


def waiting_batches(file: Path) -> tuple[WaitingBatch, ...]:
    """The batches that wait at any server, for people; none where the file cannot be read."""
    if not file.exists():
        return ()
    tables = KeptTables(file, _TABLES, synchronous="NORMAL", patience=_BUSY_SECONDS)
    query = "SELECT id, model, at, (SELECT count(*) FROM questions q WHERE q.file = b.file) FROM batches b ORDER BY at"
    try:
        rows = tables.run(query)
        return tuple(WaitingBatch(number, model, count, _said(at)) for number, model, at, count in rows)
    except (sqlite3.Error, OSError, TypeError, ValueError, OverflowError):
        return ()


def _said(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
