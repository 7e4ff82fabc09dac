"""Tells that something changed below folders: through the system where it can, by looking again and again where it cannot.

Invariant: telling is all: what changed is found by scanning, so an event that comes twice costs a look, and one that the system
swallowed in a burst costs nothing, as others of the burst came. Threads end with the block. Nothing is read or written.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

POLL_MILLISECONDS = 1_000
_DEBOUNCE_MILLISECONDS = 100
_STEP_MILLISECONDS = 50
LEFT_OUT = ("*~", "#*#", ".#*", "~$*", "*.swp", "*.swx", "*.tmp", "*.part", "*.crdownload", "4913")
"""Globs of what editors, office programs and browsers put beside a file while they write it."""


class Changes:
    """The folders in which something changed, as it happens; a context manager."""

    def __init__(self, folders: Sequence[Path], say: Callable[[str], None], *, poll: bool = False) -> None:
        """`poll` asks the system for nothing and looks by itself."""
        self._say, self._poll = say, poll
        self._folders = tuple(folders)
        self._arrived: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._stops: dict[Path, threading.Event] = {}
        self._inodes: dict[Path, tuple[int, int]] = {}
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "Changes":
        self.follow()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for stop in self._stops.values():
            stop.set()

    def follow(self) -> list[Path]:
        """Begins to watch the folders that are there and not watched yet, such as one that vanished and came back; which came so
        or went."""
        found = []
        for folder in self._folders:
            inode = _inode(folder)
            if inode == self._inodes.get(folder):
                continue
            if folder in self._stops:
                self._stops.pop(folder).set()
            self._inodes.pop(folder, None)
            found.append(folder)
            if inode is not None:
                self._inodes[folder] = inode
                self._begin(folder)
        return found

    def wait(self, seconds: float) -> Path | None:
        """The next folder in which something changed, None where nothing did for so long."""
        try:
            return self._arrived.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None

    def _begin(self, folder: Path) -> None:
        stop = self._stops[folder] = threading.Event()
        ready = threading.Event()
        thread = threading.Thread(target=self._watch, args=(folder, stop, ready), daemon=True)
        thread.start()
        ready.wait()

    def _watch(self, folder: Path, stop: threading.Event, ready: threading.Event) -> None:
        from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

        def notify(poll: bool) -> RustNotify:
            return RustNotify([str(folder)], False, poll, POLL_MILLISECONDS, True, True)

        try:
            try:
                watcher = notify(self._poll)
            except (OSError, WatchfilesRustInternalError) as error:
                if isinstance(error, FileNotFoundError):
                    return
                self._say(
                    f"The system cannot watch {folder} ({_reason(error)}), so it is looked at once a second."
                    " More may be watched with: sysctl fs.inotify.max_user_watches=1048576"
                )
                watcher = notify(True)
            with watcher:
                ready.set()
                while not stop.is_set():
                    found = watcher.watch(_DEBOUNCE_MILLISECONDS, _STEP_MILLISECONDS, POLL_MILLISECONDS, stop)
                    if isinstance(found, set) and any(_counts(folder, path) for _, path in found):
                        self._arrived.put(folder)
        except (OSError, WatchfilesRustInternalError) as error:
            # The folder is looked at from time to time all the same.
            self._say(f"{folder} cannot be watched any more: {_reason(error)}.")
        finally:
            ready.set()


def _counts(folder: Path, path: str) -> bool:
    """Whether a change may concern a document: not what is hidden, nor what programs put beside a file while they write it."""
    from fnmatch import fnmatch

    try:
        parts = Path(path).relative_to(folder).parts
    except ValueError:
        return True
    return not any(part.startswith(".") for part in parts) and not any(fnmatch(parts[-1], name) for name in LEFT_OUT if parts)


def _inode(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


def _reason(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error)).rstrip(".").lower()
