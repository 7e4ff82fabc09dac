"""Threads that ask: they do jobs in the order in which these were given, and never keep the process alive.

Invariant: at most `most` threads, made when there is work for them. They are daemons: Python's own pools are joined when the
process ends, and a model may take minutes for a reply that nobody wants any more.
"""

import queue
import threading
from collections.abc import Callable

Job = Callable[[], None]


class Threads:
    """A pool for jobs that raise nothing."""

    def __init__(self, most: int, last: Job) -> None:
        """`last` is done once, by whoever leaves last after `close`."""
        self._most = most
        self._last = last
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._left = 0
        self._closed = False

    def do(self, job: Job) -> bool:
        """Does a job soon; false when it is too late for any."""
        with self._lock:
            if self._closed:
                return False
            self._jobs.put(job)
            if self._idle:
                self._idle -= 1
            elif len(self._threads) < self._most:
                thread = threading.Thread(target=self._work, daemon=True, name="gitkb-model")
                self._threads.append(thread)
                thread.start()
        return True

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            with self._lock:
                self._idle += 1
        with self._lock:
            self._left += 1
            last = self._left == len(self._threads)
        if last:
            self._last()

    def close(self, *, wait: bool) -> None:
        """No more jobs; `wait` for those under way, which end by themselves otherwise."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            threads = list(self._threads)
            for _ in threads:
                self._jobs.put(None)
        if not threads:
            self._last()
        for thread in threads if wait else ():
            thread.join()
