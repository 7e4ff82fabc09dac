"""Opens and hashes the files that are added, remembers what they were, and says which are too large.

Invariant: opening never waits: a pipe or device that took a file's place is refused instead of read. A remembered hash is
believed only while size, times and inode of the file are the same, and only if the file had not changed for a while when it was
taken. A file that changed a moment ago is left for later; one that failed, until it changes. What is remembered lives in memory
alone; nothing is written.
"""

import errno
import hashlib
import os
import stat
import time
from collections.abc import Callable, Sequence
from functools import partial
from io import BufferedReader
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.formats.settings import RawSettings, Settings
from gitkb.intake.parallel import in_threads
from gitkb.intake.scan import Scan
from gitkb.model.documents import SourceFile

GIT_LIMIT = 100 * 1024**2
"""Bytes: GitHub refuses a larger file, and with it the whole push."""


def large_above(raw: RawSettings) -> int | None:
    """The size in bytes above which an original goes to Git LFS; None if none does."""
    return min(raw.lfs_above, GIT_LIMIT) if raw.storage == "lfs" else None


def refusal(settings: Settings, size: int) -> str:
    """The reason why an original of this size is not added, "" if it is."""
    limit = settings.convert.max_bytes
    if size > limit:
        return f"it has {size:,} bytes, more than convert.max_bytes allows ({limit:,})."
    if size > GIT_LIMIT and settings.raw.storage != "lfs":
        return (
            f"it has {size:,} bytes, and git hosting services refuse a push with a file above 100 MiB ({GIT_LIMIT:,})."
            " Keep large originals in Git LFS: raw.storage: lfs in .gitkb/config.yaml."
        )
    return ""


_REMEDIES = {
    errno.EACCES: " Check its permissions, or leave it out with --exclude.",
    errno.ENOENT: " It vanished after it was found.",
    errno.ENAMETOOLONG: " Move it into a folder that is not so deep.",
}


def open_document(file: Path) -> BufferedReader:
    """A regular file opened for reading; raises `OSError` for everything else."""
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def unreadable(error: OSError) -> str:
    """Why a file cannot be read, and what to do."""
    reason = (error.strerror or str(error)).lower()
    return f"it cannot be read: {reason}.{_REMEDIES.get(error.errno or 0, '')}"


_PIECE = 1 << 20


class Hashed(Struct, frozen=True):
    """The content of a source when it was scanned: its hash in hex, or why it has none, and the seconds that hashing took. `blob`
    is the id that git gives these bytes, "" where nobody asked."""

    sha256: str = ""
    error: str = ""
    seconds: float = 0.0
    blob: str = ""


def hash_files(sources: Sequence[SourceFile], refuse: Callable[[int], str], jobs: int) -> list[Hashed]:
    """The hashes of all sources, in order, read in parallel; `refuse` says why a size in bytes is too large, else ""."""
    if len(sources) < 2:
        return [_hash(source, refuse) for source in sources]
    return list(in_threads(partial(_hash, refuse=refuse), sources, jobs))


def _hash(source: SourceFile, refuse: Callable[[int], str]) -> Hashed:
    try:
        with open_document(source.file) as file:
            size = os.fstat(file.fileno()).st_size
            if reason := refuse(size):
                return Hashed(error=reason)
            started = time.perf_counter()
            sha256, blob = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
            while chunk := file.read(_PIECE):
                sha256.update(chunk)
                blob.update(chunk)
            return Hashed(sha256.hexdigest(), seconds=time.perf_counter() - started, blob=blob.hexdigest())
    except OSError as error:
        return Hashed(error=unreadable(error))


_COARSEST_CLOCK = 2.0
"""Seconds: a file system may tell two changes within them by the same time."""

Signature = tuple[int, int, int, int, int]


class FileMemory(Struct):
    """What earlier runs of this process know about files.

    `settle`: the seconds for which a file must not have changed. After a scan, `waiting`: the paths that were left for later;
    `left_out`: how many were left for later or failed before; `ready_at` (Unix time): when the first of them may be at rest.
    `complete`: the last run ended normally, so if there is nothing to add there is nothing to do.
    """

    settle: float
    complete: bool = False
    waiting: tuple[str, ...] = ()
    left_out: int = 0
    ready_at: float = 0.0
    _hashes: dict[str, tuple[Signature, Hashed]] = field(default_factory=dict)
    _failed: dict[str, Signature] = field(default_factory=dict)
    _current: dict[str, Signature] = field(default_factory=dict)

    def begin(self) -> None:
        """Forgets what the last scan left out; all folders are scanned anew."""
        self.waiting, self.left_out, self.ready_at = (), 0, 0.0
        self._current.clear()

    def at_rest(self, found: Scan) -> Scan:
        """The scan without the files that are still being written, and without those that failed and have not changed since."""
        now = time.time()
        kept = [source for source in found.files if self._is_ready(source, now)]
        self.left_out += len(found.files) - len(kept)
        return replace(found, files=tuple(kept))

    def hashes(self, sources: Sequence[SourceFile], read: Callable[[Sequence[SourceFile]], Sequence[Hashed]]) -> list[Hashed]:
        """The hashes of the sources, in order; only those that are not remembered are read, by `read`."""
        now = time.time()
        unknown = [source for source in sources if self._remembered(source) is None]
        made = dict(zip((source.path for source in unknown), read(unknown), strict=True))
        for source in unknown:
            signature = self._current.get(source.path)
            if signature is not None and not made[source.path].error and now - _changed(signature) > _COARSEST_CLOCK:
                self._hashes[source.path] = (signature, made[source.path])
        return [made.get(source.path) or self._remembered(source) or Hashed() for source in sources]

    def failed(self, path: str) -> None:
        """Leaves a source out until its file changes."""
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
