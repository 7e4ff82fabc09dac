"""What a process that adds the same folders again and again remembers of their files, so that only what changed is read.

Invariant: a hash is believed only while size, times and inode of the file are the same, and only if the file was at rest when
it was taken. A file that changed a moment ago is left for later; one that failed, until it changes. Lives in memory alone.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from gitkb.ingest.plan import Hashed
from gitkb.ingest.scan import Scan
from gitkb.model import SourceFile

_COARSEST_CLOCK = 2.0
"""Seconds: a file system may tell two changes within them by the same time."""

Signature = tuple[int, int, int, int, int]


@dataclass(slots=True)
class FileMemory:
    """`settle`: the seconds for which a file must not have changed. `waiting` are the paths of the last scan that were left for
    later, `left_out` how many were, with those that failed, `ready_at` (Unix time) is when the first of them may be at rest.
    `complete`: the last run came to its end, so where there is nothing to add there is nothing to do."""

    settle: float
    complete: bool = False
    waiting: tuple[str, ...] = ()
    left_out: int = 0
    ready_at: float = 0.0
    _hashes: dict[str, tuple[Signature, Hashed]] = field(default_factory=dict)
    _failed: dict[str, Signature] = field(default_factory=dict)
    _current: dict[str, Signature] = field(default_factory=dict)

    def begin(self) -> None:
        """A new look at all folders begins."""
        self.waiting, self.left_out, self.ready_at = (), 0, 0.0
        self._current.clear()

    def at_rest(self, found: Scan) -> Scan:
        """The scan without the files that are still being written, and those that failed and are as they were then."""
        now = time.time()
        kept = [source for source in found.files if self._is_ready(source, now)]
        self.left_out += len(found.files) - len(kept)
        return replace(found, files=tuple(kept))

    def hashes(self, sources: Sequence[SourceFile], read: Callable[[Sequence[SourceFile]], Sequence[Hashed]]) -> list[Hashed]:
        """The hashes of the sources, in order; `read` is asked for those that are not remembered."""
        now = time.time()
        unknown = [source for source in sources if self._remembered(source) is None]
        made = dict(zip((source.path for source in unknown), read(unknown), strict=True))
        for source in unknown:
            signature = self._current.get(source.path)
            if signature is not None and not made[source.path].error and now - _changed(signature) > _COARSEST_CLOCK:
                self._hashes[source.path] = (signature, made[source.path])
        return [made.get(source.path) or self._remembered(source) or Hashed() for source in sources]

    def failed(self, path: str) -> None:
        """Does not look at a source again before its file changes."""
        if path in self._current:
            self._failed[path] = self._current[path]

    def _remembered(self, source: SourceFile) -> Hashed | None:
        signature, hashed = self._hashes.get(source.path, (None, None))
        return hashed if signature is not None and signature == self._current.get(source.path) else None

    def _is_ready(self, source: SourceFile, now: float) -> bool:
        try:
            signature = _signature(source.file.stat())
        except OSError:
            signature = (0, 0, 0, 0, 0)
        self._current[source.path] = signature
        rests_at = _changed(signature) + self.settle
        if now < rests_at <= now + self.settle:
            self.waiting += (source.path,)
            self.ready_at = min(self.ready_at or rests_at, rests_at)
            return False
        return self._failed.get(source.path) != signature


def _signature(found: os.stat_result) -> Signature:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _changed(signature: Signature) -> float:
    return max(signature[3], signature[4]) / 1e9
