"""Remembers conversions and digests by the content they were made from.

Invariant: an entry is a pure function of its key, written by rename, so it is either whole or absent; a damaged or foreign one
counts as absent. It is data, never code: nothing that somebody puts here is run. It lies in `.git/gitkb/cache`, is never tracked
or shared, and may be deleted at any time.
"""

import contextlib
import hashlib
import os
import random
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from gitkb.intake.prepare.typed_json import dumps, loads, shape
from gitkb.store.local.whole_files import write_whole

T = TypeVar("T")
_ENTRY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}")
SAMPLE = 8
"""How many of its folders tell how full the cache is."""


class Cache:
    """A folder of entries, each known by a few texts."""

    def __init__(self, folder: Path, drafts: Path | None = None) -> None:
        """Entries are written in the folder `drafts` first: with a run's scratch folder, a kill leaves nothing here."""
        self.folder, self._drafts = folder, drafts
        self.found: list[str] = []
        """The names of the types of which `remember` has found an entry, in order."""
        self.entries: list[str] = []
        """The entries that `remember` has found or made, by their paths in the folder."""

    def remember(self, kind: type[T], key: tuple[str, ...], make: Callable[[], T]) -> T:
        """The entry of a key; if there is none, stores and returns the result of `make`. Errors of `make` are not remembered."""
        declared: Any = kind
        file = self._file(shape(declared), key)
        self.entries.append(f"{file.parent.name}/{file.name}")
        with contextlib.suppress(OSError, ValueError):
            found = loads(kind, file.read_bytes())
            self.found.append(kind.__name__)
            return found
        made = make()
        self._store(file, dumps(made))
        return made

    def put(self, name: str, data: bytes) -> None:
        """Stores an entry that was made elsewhere, under its path in the folder; what is no such path is left out."""
        if _ENTRY.fullmatch(name):
            self._store(self.folder / name, data)

    def note(self, *fact: str) -> None:
        """Remembers that something was so, known by a few texts."""
        with contextlib.suppress(OSError):
            file = self._file("note", fact)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()

    def has_noted(self, *fact: str) -> bool:
        """Whether `note` was told this; False where it is forgotten."""
        return self._file("note", fact).is_file()

    def prune(self) -> int:
        """Deletes all entries and returns how many there were."""
        with contextlib.suppress(OSError):
            entries = list(_entries(sorted(self.folder.iterdir())))
            self._delete_oldest(entries, -1)
            return len(entries)
        return 0

    def trim(self, limit: int) -> None:
        """Deletes the entries used longest ago until at most `limit` bytes remain.

        Looking at every entry takes long, so first a sample of the folders is measured: hashes spread the entries evenly. Only
        where the sample says that more than half of the limit is used is every entry looked at. The sample is another one each
        time, so a few large entries are not missed for long.
        """
        with contextlib.suppress(OSError):
            folders = sorted(self.folder.iterdir())
            looked_at = random.sample(folders, min(SAMPLE, len(folders)))
            if sum(size for _, size, _ in _entries(looked_at)) * len(folders) > limit / 2 * len(looked_at):
                self._delete_oldest(sorted(_entries(folders)), limit)

    def _delete_oldest(self, entries: list[tuple[int, int, str]], limit: int) -> None:
        total = sum(size for _, size, _ in entries)
        for _, size, file in entries:
            if total <= limit:
                return
            with contextlib.suppress(OSError):
                Path(file).unlink()
                total -= size

    def _file(self, kind: str, key: tuple[str, ...]) -> Path:
        name = hashlib.sha256("\0".join((kind, *key)).encode()).hexdigest()
        return self.folder / name[:2] / name[2:]

    def _store(self, file: Path, data: bytes) -> None:
        """Stores an entry. A full disk or a folder without write permission is no error: the work is done again next time."""
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, data, drafts=self._drafts)


def _entries(folders: Iterable[Path]) -> Iterator[tuple[int, int, str]]:
    """(time of use, size, file) of all entries in some of the cache's folders."""
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as found:
            for entry in found:
                status = entry.stat()
                yield status.st_mtime_ns, status.st_size, entry.path
