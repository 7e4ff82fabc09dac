"""Connections to the catalog that stay open for a while, each at the tree that it reflects.

Invariant: a connection that is kept holds no lock that a writer waits for: it reads what a write-ahead log shows it, or a copy of
its own. One caller at a time has it. It is closed when nobody has asked for it for a while, as the log cannot be emptied before.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable

from msgspec import Struct

_SECONDS, _MOST, _MOST_COPIES = 30.0, 24, 3
_WAIT = 0.5
_REMEMBERED = 64
Reflected = tuple[str, int, str]
"""The name and version of an index, and the tree (hex id) that it reflects."""


class Opened(Struct, frozen=True, eq=False):
    """A connection in a transaction, and what it reflects; `holds_lock`: nobody else can write before it is closed."""

    db: sqlite3.Connection
    reflects: frozenset[Reflected]
    is_copy: bool = False
    holds_lock: bool = False


class KeptTrees:
    """What a process that answers many readers keeps open of the few trees that they ask for. Safe for threads."""

    def __init__(self) -> None:
        self._idle: list[tuple[float, Opened]] = []
        self._busy: list[Opened] = []
        self._opening: set[Reflected] = set()
        self._asked: dict[Reflected, None] = {}
        self._changed = threading.Condition()
        self._closer: threading.Timer | None = None

    def taken(self, wanted: Reflected, as_it_is: Callable[[], Opened | None], open_anew: Callable[[], Opened]) -> Opened:
        """A connection that reflects this: one that is kept, one to the file `as_it_is`, if that does, else one that somebody
        else has and gives back soon, or a new one. Of those who want the same, one opens it."""
        found = self._free_one(wanted)
        if found is None:
            try:
                found = as_it_is() or self._given_back_soon(wanted) or open_anew()
            finally:
                with self._changed:
                    self._busy += [found] if found is not None else []
                    self._opening.discard(wanted)
                    self._changed.notify_all()
        return found

    def _free_one(self, wanted: Reflected) -> Opened | None:
        """One that nobody has; None for the one who is to open it."""
        with self._changed:
            while (found := self._idle_one(wanted)) is None and wanted in self._opening:
                self._changed.wait()
            if found is None:
                self._opening.add(wanted)
            else:
                self._busy.append(found)
            return found

    def _given_back_soon(self, wanted: Reflected) -> Opened | None:
        until = time.monotonic() + _WAIT
        with self._changed:
            while (found := self._idle_one(wanted)) is None and any(wanted in each.reflects for each in self._busy):
                if not self._changed.wait(max(0.0, until - time.monotonic())):
                    break
            return found

    def _idle_one(self, wanted: Reflected) -> Opened | None:
        for number in reversed(range(len(self._idle))):
            if wanted in self._idle[number][1].reflects:
                return self._idle.pop(number)[1]
        return None

    def comes_again(self, wanted: Reflected) -> bool:
        """Whether this was asked for before, not long ago, so that a copy is worth its cost."""
        with self._changed:
            known = wanted in self._asked
            self._asked[wanted] = None
            while len(self._asked) > _REMEMBERED:
                self._asked.pop(next(iter(self._asked)))
        return known

    def given_back(self, opened: Opened, *, keep: bool) -> None:
        """Keeps a connection for the next caller, or closes it."""
        with self._changed:
            self._busy = [each for each in self._busy if each is not opened]
            if keep and not opened.holds_lock:
                self._idle.append((time.monotonic(), opened))
                closed = self._too_many()
                if self._closer is None:
                    self._later()
            else:
                closed = [opened]
            self._changed.notify_all()
        for each in closed:
            close(each.db)

    def _too_many(self) -> list[Opened]:
        """Takes out those that were not used for longest, where there are too many."""
        copies = [pair for pair in self._idle if pair[1].is_copy]
        out = copies[: max(0, len(copies) - _MOST_COPIES)]
        rest = [pair for pair in self._idle if pair not in out]
        out += rest[: max(0, len(rest) - _MOST)]
        self._idle = [pair for pair in self._idle if pair not in out]
        return [each for _, each in out]

    def _later(self) -> None:
        self._closer = threading.Timer(_SECONDS, self.close_old)
        self._closer.daemon = True
        self._closer.start()

    def close_old(self, seconds: float = _SECONDS) -> None:
        """Closes what was not used for so long; looks again later if anything is left."""
        with self._changed:
            before = time.monotonic() - seconds
            old = [each for since, each in self._idle if since <= before]
            self._idle = [pair for pair in self._idle if pair[0] > before]
            self._closer = None
            if self._idle:
                self._later()
        for each in old:
            close(each.db)


def close(db: sqlite3.Connection) -> None:
    """Ends what was not stored; a disk that fails now has kept nothing that matters."""
    with contextlib.suppress(sqlite3.OperationalError):
        if db.in_transaction:
            db.rollback()
    db.close()
