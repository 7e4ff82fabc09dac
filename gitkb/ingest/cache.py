"""Remembers conversions and digests by the content they were made from.

Invariant: an entry is a pure function of its key, written by rename, so it is either whole or absent; a damaged one counts as
absent. It lies in `.git/gitkb/cache`, is never tracked or shared, and may be deleted at any time.
"""

import contextlib
import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class Cache:
    """Entries below one folder, by key texts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def remember(self, kind: type[T], key: tuple[str, ...], make: Callable[[], T]) -> T:
        """The entry of a key, made and stored when there is none; errors of `make` are not remembered."""
        file = self._file(kind.__name__, key)
        with contextlib.suppress(OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, TypeError, ValueError):
            value = pickle.loads(file.read_bytes())
            if isinstance(value, kind):
                return value
        made = make()
        self._store(file, made)
        return made

    def trim(self, limit: int) -> None:
        """Deletes the entries used longest ago until at most `limit` bytes remain."""
        entries = []
        for file in self.folder.glob("*/*"):
            with contextlib.suppress(OSError):
                entries.append((file.stat().st_mtime_ns, file.stat().st_size, file))
        total = sum(size for _, size, _ in entries)
        for _, size, file in sorted(entries):
            if total <= limit:
                return
            with contextlib.suppress(OSError):
                file.unlink()
                total -= size

    def _file(self, kind: str, key: tuple[str, ...]) -> Path:
        name = hashlib.sha256("\0".join((kind, *key)).encode()).hexdigest()
        return self.folder / name[:2] / name[2:]

    def _store(self, file: Path, value: object) -> None:
        """A full disk or a folder without write permission only costs the memory of the work."""
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=file.parent)
            try:
                with os.fdopen(handle, "wb") as out:
                    pickle.dump(value, out, pickle.HIGHEST_PROTOCOL)
                Path(name).replace(file)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
