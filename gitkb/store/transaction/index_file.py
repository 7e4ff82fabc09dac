"""Git's index file with full stat data, through libgit2's C functions.

pygit2's own entries carry no stat, so an index that it writes makes git read every file again; and its comparison with the
worktree knows no folder. So this module reaches below pygit2's public interface (`PRIVATE`), whose minor versions are therefore
named in pyproject.toml. A test says what is missing in another one.

Invariant: the real index is never opened for writing: a copy is changed in memory, written beside it, and whoever holds
`index.lock` renames it into place. Entries of other paths keep everything (staging, flags). No other module knows libgit2's
structures.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pygit2
from msgspec import Struct
from pygit2.errors import check_error
from pygit2.ffi import C, ffi

from gitkb.errors import RepositoryError
from gitkb.store import git_program
from gitkb.store.local.durable_files import fsync_file, library_errors

PRIVATE = {
    "pygit2.Index": ("_index", "from_c"),
    "pygit2.Repository": ("_repo",),
    "pygit2.Diff": ("from_c",),
    "pygit2.ffi.C": (
        "git_diff_index_to_workdir",
        "git_diff_options_init",
        "git_index_add",
        "git_index_get_byindex",
        "git_index_get_bypath",
        "git_index_has_conflicts",
        "git_index_open",
        "git_index_remove",
    ),
    "git_index_entry": tuple("ctime mtime dev ino mode uid gid file_size id flags flags_extended path".split()),
    "git_diff_options": ("flags", "pathspec"),
}
"""What this module needs that pygit2 does not promise: attributes by class, functions of libgit2, fields of its structures."""
INTENT_TO_ADD = 1 << 13
SKIP_WORKTREE = 1 << 14
_U32 = 0xFFFFFFFF
WHOLE_INDEX = (
    "Switch off the split and sparse index: git update-index --no-split-index; git sparse-checkout reapply --no-sparse-index"
)


class IndexEntry(Struct, frozen=True):
    """One path of the index; `stat` is (mtime seconds, mtime nanoseconds, size, inode) as git cached it. `hidden`: a sparse
    checkout does not show its file."""

    oid: str
    mode: int
    stat: tuple[int, int, int, int]
    intent_to_add: bool
    hidden: bool = False

    def matches(self, found: os.stat_result) -> bool:
        """Whether a file looks unchanged since it was added. A size of 0 in a racy entry never matches."""
        return self.stat == _signature(found)


def _signature(found: os.stat_result) -> tuple[int, int, int, int]:
    seconds, nanoseconds = divmod(found.st_mtime_ns, 1_000_000_000)
    return (seconds & _U32, nanoseconds, found.st_size & _U32, found.st_ino & _U32)


def file_signature(file: Path) -> tuple[int, int, int, int] | None:
    """What tells one state of a file from another without reading it; None where there is no file."""
    try:
        return _signature(file.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return None


class IndexFile:
    """The index as it was read, with gitkb's changes in memory."""

    def __init__(self, real: Path, draft: Path) -> None:
        """Read `real` (which may not exist) by way of a copy at `draft`."""
        self._draft = draft
        self.signature = file_signature(real)
        # A killed write of the draft leaves libgit2's lock beside it.
        for stale in (draft, draft.with_name(f"{draft.name}.lock")):
            stale.unlink(missing_ok=True)
        if self.signature is not None:
            draft.write_bytes(real.read_bytes())
        try:
            self._index: Any = _open_index(draft)
        except (pygit2.GitError, OSError) as error:
            raise RepositoryError(f"{real} has a form that gitkb cannot write: {error}", WHOLE_INDEX) from error
        if self.signature is not None:
            self._forget_racy(self.signature)

    def _forget_racy(self, written: tuple[int, int, int, int]) -> None:
        # An entry as young as the index may have changed without a trace; git compares it by content as long as the index
        # keeps that age. Ours will be younger, so such entries lose their cached size, which makes git compare them.
        pointer, at, (age, part) = self._index._index, C.git_index_get_byindex, written[:2]
        for position in range(len(self._index)):
            entry = at(pointer, position)
            seconds = entry.mtime.seconds & _U32
            if seconds < age:  # nearly all of them, of which there may be a million
                continue
            if (seconds, entry.mtime.nanoseconds) >= (age, part) and entry.file_size:
                changed = ffi.new("git_index_entry *", entry[0])
                changed.file_size = 0
                self._check(C.git_index_add(pointer, changed))

    @staticmethod
    def _check(code: int) -> None:
        if code < 0:
            raise RepositoryError(f"libgit2 could not change the index (code {code}).", "Run `git status` and look for damage.")

    def entry(self, path: str) -> IndexEntry | None:
        """A path's entry, None where it has none."""
        found = C.git_index_get_bypath(self._index._index, path.encode("utf-8", "surrogateescape"), 0)
        if found == ffi.NULL:
            return None
        stat = (found.mtime.seconds & _U32, found.mtime.nanoseconds, found.file_size, found.ino)
        oid = bytes(ffi.buffer(ffi.addressof(found.id)))[-20:].hex()
        return IndexEntry(
            oid, found.mode, stat, bool(found.flags_extended & INTENT_TO_ADD), bool(found.flags_extended & SKIP_WORKTREE)
        )

    def put(self, path: str, oid: str, mode: int, found: os.stat_result | None, *, hidden: bool = False) -> None:
        """Set a path to a blob; `found` is its worktree file's stat (None: git will compare by content); `hidden`: it has none,
        because the checkout is sparse."""
        name = ffi.new("char[]", path.encode("utf-8", "surrogateescape"))
        entry = ffi.new("git_index_entry *")
        entry.path, entry.mode = name, mode
        ffi.buffer(ffi.addressof(entry, "id"))[-20:] = bytes.fromhex(oid)
        if hidden:
            entry.flags_extended = SKIP_WORKTREE
        if found is not None:
            for field, nanoseconds in (("ctime", found.st_ctime_ns), ("mtime", found.st_mtime_ns)):
                time = getattr(entry, field)
                seconds, time.nanoseconds = divmod(nanoseconds, 1_000_000_000)
                # The C field is signed where the file format is not.
                time.seconds = (seconds & _U32) - (1 << 32) if seconds & 0x80000000 else seconds & _U32
            entry.dev, entry.ino = found.st_dev & _U32, found.st_ino & _U32
            entry.uid, entry.gid = found.st_uid & _U32, found.st_gid & _U32
            entry.file_size = found.st_size & _U32
        self._check(C.git_index_add(self._index._index, entry))

    def remove(self, path: str) -> None:
        """Drop a path; no error where it has no entry."""
        if self.entry(path) is not None:
            self._check(C.git_index_remove(self._index._index, path.encode("utf-8", "surrogateescape"), 0))

    def below(self, folder: str) -> Iterator[str]:
        """The paths of all entries below a folder."""
        prefix = folder.encode("utf-8", "surrogateescape") + b"/"
        low, high = 0, len(self._index)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._path(middle) < prefix else (low, middle)
        while low < len(self._index) and (path := self._path(low)).startswith(prefix):
            yield path.decode("utf-8", "surrogateescape")
            low += 1

    def _path(self, position: int) -> bytes:
        return bytes(ffi.string(C.git_index_get_byindex(self._index._index, position).path))

    def conflicted(self) -> bool:
        """Whether a merge left paths in conflict."""
        return bool(C.git_index_has_conflicts(self._index._index))

    def write(self) -> Path:
        """Write the draft, durable, and return it: the caller, holding `index.lock`, renames it onto the real index."""
        with library_errors(f"write the index {self._draft}"):
            self._index.write()
        fsync_file(self._draft)
        self.signature = file_signature(self._draft)
        return self._draft


def _open_index(file: Path) -> Any:
    # Not by pygit2.Index(file), whose half-made object complains when it is collected after a failure.
    pointer = ffi.new("git_index **")
    check_error(C.git_index_open(pointer, os.fsencode(file)))
    untyped: Any = pygit2.Index
    return untyped.from_c(None, pointer)


def changed_below(repository: pygit2.Repository, index: pygit2.Index, folder: str) -> set[str]:
    """Paths below a folder whose worktree file differs from the index, untracked ones included, without those that a sparse
    checkout does not show; writes nothing."""
    wanted = ffi.new("char[]", folder.encode())
    strings = ffi.new("char *[]", [wanted])
    options = ffi.new("git_diff_options *")
    C.git_diff_options_init(options, 1)
    flags = pygit2.enums.DiffOption
    options.flags = int(flags.INCLUDE_UNTRACKED | flags.RECURSE_UNTRACKED_DIRS | flags.DISABLE_PATHSPEC_MATCH)
    options.pathspec.strings, options.pathspec.count = strings, 1
    found = ffi.new("git_diff **")
    if C.git_diff_index_to_workdir(found, repository._repo, index._index, options) < 0:
        return _changed_as_git_says(repository, folder)  # libgit2 walks at most 100 folders down
    diff = pygit2.Diff.from_c(bytes(ffi.buffer(found)[:]), repository)
    paths = {delta.new_file.path or delta.old_file.path for delta in diff.deltas}
    return {path for path in paths if not _is_hidden(repository, index, path)}


def _changed_as_git_says(repository: pygit2.Repository, folder: str) -> set[str]:
    asked = [
        "ls-files",
        "-z",
        "--full-name",
        "--modified",
        "--deleted",
        "--others",
        "--exclude-standard",
        "--",
        f":(top,literal){folder}",
    ]
    place = Path(repository.path)
    answer = git_program.attempt(place, [f"--work-tree={repository.workdir}", *asked], git_program.environment())
    if answer.returncode:
        raise RepositoryError("The worktree could not be compared with the index.", "Run `git status` to see why.")
    return {os.fsdecode(path) for path in answer.stdout.split(b"\0") if path}


def _is_hidden(repository: pygit2.Repository, index: pygit2.Index, path: str) -> bool:
    """Whether a path has no file because the checkout is sparse; libgit2 takes it for deleted."""
    found = C.git_index_get_bypath(index._index, path.encode("utf-8", "surrogateescape"), 0)
    return found != ffi.NULL and found.flags_extended & SKIP_WORKTREE and not os.path.lexists(Path(repository.workdir, path))
