"""Files that survive a crash: fsync, atomic renames, and what an error of the system means.

Invariant: an error keeps its cause and its number. Must not swallow anything.

git does not fsync loose objects, `git add` and `git commit` leave nothing durable, and neither does a clone its folders. A
branch that gitkb moves durably would then name a history whose older half a loss of power takes away. Invariant: when `cover`
returns, every object that was there when it began is durable. Changes nothing but a note of what need not be looked at again.

Linux and macOS do both in one system call; elsewhere each is made of steps that keep every file under some name.
"""

import ctypes
import errno
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pygit2

from gitkb.errors import GitkbError, RepositoryError


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Around work on one file: an `OSError` that does not say which file it is about (as those of write and fsync) gets it."""
    try:
        yield
    except OSError as error:
        if error.filename is None or not Path(os.fsdecode(error.filename)).is_absolute():
            error.filename = os.fspath(file)
        raise


@contextmanager
def library_errors(doing: str) -> Iterator[None]:
    """Around calls of libgit2 that write: its errors become a `RepositoryError` that says what could not be done."""
    try:
        yield
    except (pygit2.GitError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        hint = "Look at the disk space, at who may write to the repository, and at `git fsck`; then run the command again."
        raise RepositoryError(f"git's library could not {doing}: {error}.", hint) from error


@contextmanager
def history_errors() -> Iterator[None]:
    """Around calls of libgit2 that read the graph of commits: what is missing or damaged in it becomes a `RepositoryError`."""
    try:
        yield
    except (KeyError, ValueError, pygit2.GitError) as error:
        if isinstance(error, GitkbError):
            raise
        said = str(error).strip("'")
        raise RepositoryError(
            f"The history cannot be read: {said}.", "Look with: git fsck. A fresh clone may have it."
        ) from error


FSYNC_THREADS = 16


def fsync_file(file: Path) -> None:
    """Make a file's bytes, or a folder's names, durable."""
    if os.name == "nt" and file.is_dir():
        # Windows has no such thing as an open folder.
        return
    descriptor = os.open(file, os.O_RDONLY)
    try:
        with naming(file):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_all(files: Sequence[Path]) -> None:
    """Make many files' bytes, or folders' names, durable: at once, because a file system answers many at the price of a few.
    One that is gone by now, git packs and prunes as it likes, needs no more."""
    if len(files) < 2:
        for file in files:
            _fsync_if_there(file)
        return
    with ThreadPoolExecutor(min(FSYNC_THREADS, len(files))) as pool:
        # The list takes the first error out of its thread.
        list(pool.map(_fsync_if_there, files))


def _fsync_if_there(file: Path) -> None:
    with suppress(FileNotFoundError):
        fsync_file(file)


def write_durably(file: Path, data: bytes) -> None:
    """Replace a small file of our own in place, with fsync."""
    with naming(file), file.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


RACY_NANOSECONDS = 2_000_000_000
"""A folder that changed so recently may change again without another time: it is not noted."""
_LOOSE = re.compile(r"[0-9a-f]{2}")
_NOTED = re.compile(r"([0-9a-f]{2}) (\d{1,20})")


class Hardened:
    """The object database in the git folder `common`, and a note in `file` of the folders of loose objects that are durable,
    each with the time of its last change. The note may be lost: a new one is made in `drafts`, the run's folder, so that a kill
    leaves nothing beside it, and where it cannot be written the next run does more."""

    def __init__(self, common: Path, file: Path, drafts: Path) -> None:
        self._common, self._file, self._drafts = common, file, drafts

    def cover(self, git_dir: Path, root: Path) -> None:
        """Make all objects durable; at the first time also what makes the folder `root` a repository."""
        noted = self._read()
        if noted is None:
            harden_repository(self._common, git_dir, root)
        now = time.time_ns()
        changed = {name: age for name, age in self._ages().items() if (noted or {}).get(name) != age}
        if not changed and noted is not None:
            return
        objects = self._common / "objects"
        fsync_all([file for name in changed for file in _files(objects / name)])
        fsync_all([objects, *(objects / name for name in changed)])
        old_enough = {name: age for name, age in changed.items() if age < now - RACY_NANOSECONDS}
        self._write((noted or {}) | old_enough)

    def _ages(self) -> dict[str, int]:
        ages = {}
        with os.scandir(self._common / "objects") as found:
            for entry in found:
                with suppress(FileNotFoundError):
                    if _LOOSE.fullmatch(entry.name):
                        ages[entry.name] = entry.stat().st_mtime_ns
        return ages

    def _read(self) -> dict[str, int] | None:
        try:
            lines = self._file.read_text(encoding="ascii", errors="replace").splitlines()
        except FileNotFoundError:
            return None
        return {found[1]: int(found[2]) for line in lines if (found := _NOTED.fullmatch(line))}

    def _write(self, noted: dict[str, int]) -> None:
        new = self._drafts / "hardened"
        with suppress(OSError):
            new.write_text("".join(f"{name} {age}\n" for name, age in sorted(noted.items())), encoding="ascii")
            new.replace(self._file)


def harden_repository(common: Path, git_dir: Path, root: Path) -> None:
    """Make durable what a `git init` or `git clone` leaves to the system: settings, refs, packs, and the names of it all."""
    refs, packs = common / "refs", common / "objects" / "pack"
    files = [folder / name for folder in {common, git_dir} for name in ("HEAD", "config", "packed-refs", "commondir", "gitdir")]
    files += [*refs.rglob("*"), *_files(packs)]
    fsync_all([file for file in files if file.exists()])
    # Deepest first does not matter to the system, but only together they make the way to the objects durable.
    fsync_all([packs, common / "objects", refs, git_dir, common, root])
    with suppress(PermissionError):
        # Somebody else's folder, in which we may enter a name and not look.
        fsync_all([root.parent])


def _files(folder: Path) -> list[Path]:
    try:
        return [item for item in folder.iterdir() if item.is_file()]
    except FileNotFoundError:
        return []


_AT_FDCWD = -100
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})


@cache
def _system_rename() -> tuple[Any, int, int] | None:
    """(function on two encoded paths and a flag, flag for exchange, flag for no replacing), None where there is none."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux":
            rename = library.renameat2
            return (lambda old, new, flag: rename(_AT_FDCWD, old, _AT_FDCWD, new, ctypes.c_uint(flag))), 2, 1
        if sys.platform == "darwin":
            rename = library.renamex_np
            return (lambda old, new, flag: rename(old, new, ctypes.c_uint(flag))), 2, 4
    except (OSError, AttributeError, TypeError):
        return None
    return None


def _rename(old: Path, new: Path, exchange: bool) -> bool:
    """Whether the system did it; False where it cannot."""
    known = _system_rename()
    if known is None:
        return False
    function, exchange_flag, exclusive_flag = known
    # As Python's own os.rename does.
    sys.audit("os.rename", os.fspath(old), os.fspath(new), -1, -1)
    if function(os.fsencode(old), os.fsencode(new), exchange_flag if exchange else exclusive_flag) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(old), None, str(new))


def move_new(source: Path, target: Path) -> None:
    """Give a file a free name; `FileExistsError` where something stands there."""
    if _rename(source, target, exchange=False):
        return
    os.link(source, target, follow_symlinks=False)
    source.unlink()


def exchange(one: Path, other: Path) -> None:
    """Let two files change names; afterwards `one` is what stood at `other`. `FileNotFoundError` where either is missing."""
    if _rename(one, other, exchange=True):
        return
    aside = one.with_name(one.name + ".aside")
    other.rename(aside)
    move_new(one, other)
    aside.rename(one)
