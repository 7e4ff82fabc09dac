"""Locks: who may write now, which runs live, and lock files in git's own protocol.

A process is alive while it holds its lock file, whatever its process id; the kernel lets go when it dies. Git's `*.lock`
files are made as hard links to a token in the run's folder, in one step: so a left-over lock file is provably ours when
it is the same file as a token, at every moment. Must never remove a lock file that is not.
"""

import errno
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pygit2

from gitkb.errors import LockTimeout
from gitkb.store.local.durable_files import naming

_log = logging.getLogger(__name__)
POLL_SECONDS = 0.02
GIT_LOCK_SECONDS = 60.0
Wait = Callable[[str], None]


@contextmanager
def exclusive(file: Path, on_wait: Wait | None, timeout: float, message: str) -> Iterator[None]:
    """Hold a lock file; where another process has it, say `message` once and wait up to `timeout` seconds."""
    from filelock import FileLock, Timeout

    lock = FileLock(file, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if on_wait is not None:
            on_wait(message)
        began = time.monotonic()
        _log.debug("%s is held by another process; waiting up to %.0f s", file, timeout)
        try:
            lock.acquire(timeout=timeout, poll_interval=POLL_SECONDS)
            _log.debug("%s was let go after %.2f s", file, time.monotonic() - began)
        except Timeout as error:
            hint = "Wait for the other gitkb process to end, or end it."
            raise LockTimeout(f"Another process has held {file} for more than {timeout:.0f} seconds.", hint) from error
    try:
        yield
    finally:
        lock.release()


class Liveness:
    """A lock held for as long as a run lives; `probe` tells whether somebody holds it."""

    def __init__(self, file: Path) -> None:
        from filelock import (
            FileLock,
        )  # here and above: it takes as long to load as all that a reading command does with the store

        self._lock = FileLock(file, thread_local=False)
        self._lock.acquire(timeout=10, poll_interval=POLL_SECONDS)

    def release(self) -> None:
        self._lock.release()

    @staticmethod
    def probe(file: Path) -> bool:
        """Whether a process holds the lock; False where the file does not exist."""
        if not file.exists():
            return False
        from filelock import FileLock, Timeout

        lock = FileLock(file, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False


def wait_for_workers(file: Path, seconds: float) -> bool:
    """Whether every holder of the shared lock let go within the limit."""
    if not file.exists():
        return True
    descriptor = os.open(file, os.O_RDWR)
    deadline = time.monotonic() + seconds
    try:
        while True:
            with suppress(BlockingIOError):
                _flock(descriptor, "LOCK_EX", "LOCK_NB")
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
    finally:
        os.close(descriptor)


def _flock(descriptor: int, *flags: str) -> None:
    try:
        import fcntl
    except ImportError:
        # Windows: an open file cannot be removed there, which says the same later.
        return
    operation = 0
    for flag in flags:
        operation |= getattr(fcntl, flag)
    fcntl.flock(descriptor, operation)


def new_token(file: Path, content: bytes = b"") -> Path:
    """A new file with durable content that a git lock can be linked to; a name is never used twice while it exists."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with naming(file):
            os.write(descriptor, content)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return file


def take_git_lock(lock: Path, token: Path, on_wait: Wait | None, seconds: float = GIT_LOCK_SECONDS) -> None:
    """Make git's lock file `lock` as a link to `token`, waiting while a git process has it."""
    for _ in _attempts(lock, on_wait, seconds):
        with suppress(FileExistsError):
            _link(token, lock)
            return


def while_locked(lock: Path, attempt: Callable[[], None], on_wait: Wait | None, seconds: float = GIT_LOCK_SECONDS) -> None:
    """Do what fails as long as git holds `lock`, again until it does not; any other failure is raised."""
    failed = 0
    for _ in _attempts(lock, on_wait, seconds):
        try:
            attempt()
            return
        except (OSError, pygit2.GitError):
            # It may have been given back between the failure and this look at it.
            failed = 0 if lock.exists() else failed + 1
            if failed > 1:
                raise


def _attempts(lock: Path, on_wait: Wait | None, seconds: float) -> Iterator[None]:
    """One turn after the other; says once that it waits, and raises `LockTimeout` when the time is over."""
    deadline = time.monotonic() + seconds
    yield
    _log.debug("%s is held by git; waiting up to %.0f s", lock, seconds)
    if on_wait is not None:
        on_wait(f"Waiting for git: {lock.name} is held by another process.")
    while time.monotonic() < deadline:
        yield
        time.sleep(POLL_SECONDS)
    hint = f"If no git process runs in this repository, remove {lock}."
    raise LockTimeout(f"{lock} has been held by another process for more than {seconds:.0f} seconds.", hint)


def _link(token: Path, lock: Path) -> None:
    try:
        os.link(token, lock)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV, errno.ENOSYS):
            raise
        # A file system without hard links: the content proves whose lock it is.
        with naming(lock), lock.open("xb") as stream:
            stream.write(token.read_bytes())


def is_ours(lock: Path, token: Path, content: bytes = b"") -> bool:
    """Whether a lock file was made from a token: the same file, or (without hard links) the same content. Where a loss of power
    has taken the token, `content` is what it held and nobody else writes."""
    if is_same_file(lock, token):
        return True
    try:
        found = b"" if lock.is_symlink() else lock.read_bytes()
        return bool(found) and (found == content or found == token.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return False


def release_git_lock(lock: Path, token: Path, content: bytes = b"") -> bool:
    """Remove git's lock file if it was made from `token`; says whether it was."""
    if not is_ours(lock, token, content):
        return False
    lock.unlink(missing_ok=True)
    return True


def is_same_file(one: Path, other: Path) -> bool:
    """Whether both names exist and are the same file (not: have the same content)."""
    try:
        first, second = one.lstat(), other.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
