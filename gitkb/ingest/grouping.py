"""What waits for the next commit, and what comes ready meanwhile.

Invariant: entries keep the order in which they were given, whatever became ready first.
"""

import queue
import threading
import time
from collections.abc import Iterator

from gitkb.errors import GitkbError
from gitkb.ingest.land import Ready
from gitkb.ingest.plan import Item
from gitkb.ingest.prepare import Prepared

GROUP_DOCUMENTS = 100
GROUP_BYTES = 32 * 1024**2
GROUP_SECONDS = 0.5


class Group:
    """What waits for the next commit, in scan order: documents that are ready, and outcomes reported between them."""

    def __init__(self) -> None:
        self.entries: list[Item | Ready] = []
        self.ready: list[Ready] = []
        self._size = 0
        self._started = 0.0

    def add(self, entry: Item | Ready) -> None:
        """The next entry; one that failed waits only to be reported."""
        self.entries.append(entry)
        if isinstance(entry, Ready) and not entry.prepared.error:
            if not self.ready:
                self._started = time.perf_counter()
            self.ready.append(entry)
            self._size += entry.prepared.size

    def is_full(self, room: int) -> bool:
        """Whether it is time to commit; with nothing ready, outcomes need not wait. `room` is what is left before a pages commit,
        which must fall after the same document whatever the timing."""
        if not self.ready:
            return True
        age = time.perf_counter() - self._started
        return len(self.ready) >= min(GROUP_DOCUMENTS, room) or self._size >= GROUP_BYTES or age >= GROUP_SECONDS


class Results:
    """Prepared documents in order, with a limit on waiting: a thread pulls them, so that a slow one does not hold up a commit."""

    def __init__(self, prepared: Iterator[Prepared]) -> None:
        self._queue: queue.SimpleQueue[Prepared | BaseException] = queue.SimpleQueue()
        threading.Thread(target=self._pull, args=(prepared,), daemon=True).start()

    def get(self, timeout: float | None) -> Prepared | None:
        """The next one, None where it is not ready after `timeout` seconds."""
        try:
            result = self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(result, GitkbError):
            raise result
        if isinstance(result, BaseException):
            raise GitkbError(f"Preparing documents failed: {result}.", "Run it again with -v.") from result
        return result

    def _pull(self, prepared: Iterator[Prepared]) -> None:
        """The boundary of the thread: whatever ends it is raised where the results are read."""
        try:
            for result in prepared:
                self._queue.put(result)
        except BaseException as error:
            self._queue.put(error)
