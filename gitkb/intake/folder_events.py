"""Reports that something changed below folders: through the system if possible, otherwise by looking once a second.

Invariant: nothing is read or written, and the threads end with the block. An event only says that a folder is to be scanned. So a
repeated event costs one scan, and a lost one costs nothing as long as others of the same burst arrive.
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
        """With `poll` the system is not asked: folders are looked at once a second."""
        self._say, self._poll = say, poll
        self._folders = tuple(folders)
        self._arrived: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._stops: dict[Path, _Stop] = {}
        self._inodes: dict[Path, tuple[int, int]] = {}

    def __enter__(self) -> "Changes":
        self.follow()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for stop in self._stops.values():
            stop.set()

    def follow(self) -> list[Path]:
        """Starts to watch the folders that exist and are not watched yet, such as one that vanished and came back. Returns the
        folders that came or went.
        """
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
        """The next folder in which something changed; None if nothing changed within `seconds`."""
        try:
            return self._arrived.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None

    def _begin(self, folder: Path) -> None:
        stop = self._stops[folder] = _Stop()
        threading.Thread(target=self._watch, args=(folder, stop), daemon=True).start()
        stop.ready.wait()

    def _watch(self, folder: Path, stop: "_Stop") -> None:
        try:
            try:
                self._follow(folder, stop, poll=self._poll)
            except (OSError, RuntimeError) as error:
                if stop.ready.is_set():
                    raise
                if isinstance(error, FileNotFoundError):
                    return
                self._say(
                    f"The system cannot watch {folder} ({_reason(error)}), so it is looked at once a second."
                    " More may be watched with: sysctl fs.inotify.max_user_watches=1048576"
                )
                self._follow(folder, stop, poll=True)
        except (OSError, RuntimeError) as error:  # watchfiles raises a kind of RuntimeError for what it cannot tell
            # The folder is looked at from time to time all the same.
            self._say(f"{folder} cannot be watched any more: {_reason(error)}.")
        finally:
            stop.ready.set()

    def _follow(self, folder: Path, stop: "_Stop", *, poll: bool) -> None:
        """Watches a folder until it is told to stop."""
        from watchfiles import watch

        for _ in watch(
            folder,
            watch_filter=lambda change, path: _counts(folder, path),
            debounce=_DEBOUNCE_MILLISECONDS,
            step=_STEP_MILLISECONDS,
            stop_event=stop,
            rust_timeout=POLL_MILLISECONDS,
            debug=False,
            force_polling=poll,
            poll_delay_ms=POLL_MILLISECONDS,
            ignore_permission_denied=True,
        ):
            self._arrived.put(folder)


class _Stop:
    """What watchfiles asks many times a second whether to end. It tells in no other way that it has begun to watch: `ready` is
    set when it asks for the first time.
    """

    def __init__(self) -> None:
        self.ready = threading.Event()
        self._ended = threading.Event()

    def set(self) -> None:
        """Ends the watch soon."""
        self._ended.set()

    def is_set(self) -> bool:
        """Whether the watch shall end."""
        self.ready.set()
        return self._ended.is_set()


def _counts(folder: Path, path: str) -> bool:
    """Whether a change may concern a document: hidden files do not, nor what programs put beside a file while they write it."""
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
