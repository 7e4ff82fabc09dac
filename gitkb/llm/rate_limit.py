"""How fast a server is asked: how many requests at once, and how long to wait after one that was turned away.

Invariant: never more requests at once than the setting. A run begins with few, and the number grows while answers begin in time:
fast while the server answers at once, else slowly. It is halved when the server says that it is too much or says nothing, once
for all requests that were under way together. When a run is stopped, everybody who waits here is released at once with the
error that stopped it.
"""

import logging
import random
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

from msgspec import Struct

from gitkb.errors import GitkbError

_log = logging.getLogger(__name__)


class Patience(Struct, frozen=True):
    """How long one request is tried again: at most `tries` times and `seconds` in all. Without word from the server the first
    pause is about `first` seconds, each next one twice as long, none longer than `longest`."""

    tries: int = 8
    seconds: float = 600.0
    first: float = 0.5
    longest: float = 30.0

    def pause(self, tried: int) -> float:
        """Seconds before the next attempt after `tried` ones: exponential, with jitter so that clients do not march in step."""
        return min(self.longest, self.first * 2.0 ** (tried - 1)) * random.uniform(0.5, 1.0)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait (`Retry-After` as seconds or as a date, `retry-after-ms`), None where it does not.

    A date is measured against the server's own `Date`, so that a clock that is wrong does not matter.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    seconds = _number(value)
    return seconds if seconds is not None else _until(value, headers.get("date", ""))


_IN_WORDS = re.compile(
    r"(?:try again|retry) (?:in|after) (?:about )?([\d.]+)\s*(ms|milliseconds?|m|min|minutes?|s|sec|seconds?)\b", re.IGNORECASE
)


def asked_wait(error: Any) -> float | None:
    """The seconds that an error asks to wait: Gemini's `retryDelay` among its details, or the words "try again in 1.5s"."""
    if not isinstance(error, Mapping):
        return None
    details = error.get("details")
    for each in details if isinstance(details, list) else ():
        delay = each.get("retryDelay") if isinstance(each, Mapping) else None
        if isinstance(delay, str) and (seconds := _number(delay.removesuffix("s"))) is not None:
            return seconds
    found = _IN_WORDS.search(str(error.get("message") or ""))
    seconds = _number(found[1].rstrip(".")) if found else None
    if found is None or seconds is None:
        return None
    unit = found[2].lower()
    return seconds / 1000 if unit.startswith(("ms", "milli")) else seconds * 60 if unit.startswith("m") else seconds


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None


def _until(date: str, now: str) -> float | None:
    try:
        then = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    try:
        return max(0.0, then - parsedate_to_datetime(now).timestamp())
    except ValueError:
        return max(0.0, then - time.time())


_FEW, _STRIDE = 4, 4
_AT_ONCE, _IN_TIME = 1 / 30, 1 / 4
"""Shares of the time-out: an answer that begins so soon came at once, or in time."""


class Pace:
    """Lets at most `most` requests at once through, few in the beginning; `timeout` is how long a silence may be."""

    def __init__(self, most: int, timeout: float = 300.0) -> None:
        self._most = float(most)
        self._limit = float(min(most, _FEW))
        self._timeout = timeout
        self._crowded = False
        self._active = 0
        self._halvings = 0
        self._resume = 0.0
        self._stopped: GitkbError | None = None
        self._lock = threading.Lock()
        self._places = threading.Condition(self._lock)
        self._sleepers = threading.Condition(self._lock)

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return int(self._limit)

    @contextmanager
    def turn(self) -> Iterator[int]:
        """Waits for a place and holds it; yields what `slower` wants to know. Raises the error that stopped the run."""
        with self._lock:
            while (wait := self._wait()) is None or wait > 0:
                self._places.wait(wait)
            self._active += 1
            began = self._halvings
        try:
            yield began
        finally:
            with self._lock:
                self._active -= 1
                self._places.notify()

    def _wait(self) -> float | None:
        """Seconds until there may be a place, None for when somebody leaves; 0 when there is one."""
        if self._stopped is not None:
            raise self._stopped
        if self._active >= int(self._limit):
            return None
        return max(0.0, self._resume - time.monotonic())

    def slower(self, began: int, pause: float) -> None:
        """Halves the number of requests, once for all that began together, and lets none through before `pause` seconds.
        `began` is what `turn` gave to the request that was turned away.
        """
        with self._lock:
            self._crowded = True
            if began == self._halvings:
                self._halvings += 1
                self._limit = max(1.0, self._limit / 2)
                _log.debug("at most %d requests at once from now on, none for %.1f s", int(self._limit), pause)
            self._resume = max(self._resume, time.monotonic() + pause)

    def faster(self, waited: float = 0.0) -> None:
        """A request went well; its answer began after `waited` seconds."""
        if waited > self._timeout * _IN_TIME:
            return
        with self._lock:
            before = int(self._limit)
            at_once = not self._crowded and waited <= self._timeout * _AT_ONCE
            self._limit = min(self._most, self._limit + (_STRIDE if at_once else 1 / self._limit))
            if int(self._limit) > before:
                _log.debug("%d requests at once from now on", int(self._limit))
                self._places.notify(int(self._limit) - before)

    def sleep(self, seconds: float) -> None:
        """Waits; raises the error that stopped the run when it is stopped meanwhile."""
        with self._lock:
            self._sleepers.wait_for(lambda: self._stopped is not None, seconds)
            if self._stopped is not None:
                raise self._stopped

    def stop(self, error: GitkbError) -> None:
        """Ends all waiting and lets no further request through; everybody gets the first error."""
        with self._lock:
            if self._stopped is None:
                self._stopped = error
            self._places.notify_all()
            self._sleepers.notify_all()

    @property
    def stopped(self) -> GitkbError | None:
        """The error that stopped the run."""
        return self._stopped
