"""The files of the checked-out branch: what stands in the way of a group, and how its files get there.

Invariant: a file is replaced only by a rename that takes the old one out unharmed, and what came out is looked at before it
is dropped: what nobody knows is a person's and is rescued. Links are never followed, folders never emptied of foreign files,
and nothing is written outside the worktree. Must not touch refs or the index file.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from gitkb.errors import InTheWay
from gitkb.store.lfs import Originals, blob_id, pointer_id
from gitkb.store.local.durable_files import exchange, move_new, naming
from gitkb.store.objects import file_blob_id
from gitkb.store.transaction.index_file import IndexFile
from gitkb.store.transaction.sparse import Sparse
from gitkb.store.values import PathPlan, Stored

NAMED_PATHS = 10
_TRIES = 5
_STRANGE = "?"
"""Stands for the version of a path where no regular file is (a folder, a link, a device): never accepted."""

Rescue = Callable[[str, Path], None]


def obstructed(paths: Sequence[str]) -> InTheWay:
    """The error that names what is in the way."""
    named = "\n".join(f"  {path!r}" if not path.isprintable() else f"  {path}" for path in paths[:NAMED_PATHS])
    more = f"\n  and {len(paths) - NAMED_PATHS} more" if len(paths) > NAMED_PATHS else ""
    hint = "Commit these changes, or move the files out of the way, then run the command again."
    return InTheWay(f"Files that gitkb would write were edited, staged or are not tracked:\n{named}{more}", hint)


class Worktree(Struct):
    """A worktree and two folders on the same file system: in `staging` new content is made (worth nothing to anybody), in
    `swap` whole files wait for their exchange and come out of it (worth looking at after a crash)."""

    root: Path
    staging: Path
    swap: Path
    file_mode: int
    read_blob: Callable[[str], bytes]
    originals: Originals
    ignore_case: bool = False
    sparse: Sparse | None = None
    _folders: set[Path] = field(default_factory=set)
    _listings: dict[Path, frozenset[str]] = field(default_factory=dict)
    _known: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    _count: int = 0

    def version(self, path: str, index: IndexFile) -> str | None:
        """The blob id of a path's file, None where there is none; a file that looks as git last saw it is not read."""
        file = self.root / path
        try:
            found = file.lstat()
        except (FileNotFoundError, NotADirectoryError):
            entry = index.entry(path) if self.sparse is not None else None
            return entry.oid if entry is not None and entry.hidden else None
        if not stat.S_ISREG(found.st_mode):
            return _STRANGE
        self._known[path] = _signature(found)
        entry = index.entry(path)
        if entry is not None and entry.matches(found):
            return entry.oid
        try:
            return blob_id(path, file)
        except FileNotFoundError:
            return None

    def hides(self, path: str, index: IndexFile) -> bool:
        """Whether the checkout is sparse and does not show a path; what stands there nevertheless is shown."""
        if self.sparse is None or os.path.lexists(self.root / path):
            return False
        entry = index.entry(path)
        return entry.hidden if entry is not None else self.sparse.hides(path)

    def check(self, plans: Iterable[PathPlan], index: IndexFile) -> None:
        """`InTheWay`, naming up to ten, unless every path's file and index entry are versions that the plan accepts."""
        plans = list(plans)
        for remembered in (self._folders, self._listings, self._known):
            remembered.clear()  # of the group before; a run of 100,000 documents would keep half a million paths
        deleted = {plan.path for plan in plans if plan.new.oid is None}
        blocked = [plan.path for plan in plans if not self._free(plan, index, deleted)]
        if blocked:
            raise obstructed(sorted(blocked))

    def _free(self, plan: PathPlan, index: IndexFile, deleted: set[str]) -> bool:
        if not self._way_is_free(plan.path, index, deleted):
            return False
        version = self.version(plan.path, index)
        if version == _STRANGE and self._holds_only(plan.path, deleted):
            version = None
        entry = index.entry(plan.path)
        staged = None if entry is None or entry.intent_to_add else entry.oid
        if version not in plan.accepted or staged not in plan.accepted:
            return False
        if plan.old.oid is None and plan.new.oid is not None:
            return self._name_is_free(plan.path) and all(path in deleted for path in index.below(plan.path))
        return True

    def _way_is_free(self, path: str, index: IndexFile, deleted: set[str]) -> bool:
        parents = path.split("/")[:-1]
        for depth in range(1, len(parents) + 1):
            parent = "/".join(parents[:depth])
            folder = self.root / parent
            if folder in self._folders:
                continue
            if parent not in deleted:
                if index.entry(parent) is not None or ((folder.is_symlink() or folder.exists()) and not _is_folder(folder)):
                    return False
                if not folder.exists() and not self._name_is_free(parent):
                    return False
            self._folders.add(folder)
        return True

    def _holds_only(self, path: str, deleted: set[str]) -> bool:
        folder = self.root / path
        if not _is_folder(folder):
            return False
        found = [Path(top, name) for top, _, names in os.walk(folder) for name in names]
        return all(file.relative_to(self.root).as_posix() in deleted for file in found)

    def _name_is_free(self, path: str) -> bool:
        if not self.ignore_case:
            return True
        file = self.root / path
        if file.parent not in self._listings:
            found = file.parent.iterdir() if file.parent.is_dir() else ()
            self._listings[file.parent] = frozenset(item.name for item in found)
        listing = self._listings[file.parent]
        return file.name in listing or file.name.casefold() not in {name.casefold() for name in listing}

    def stage(self, plan: PathPlan) -> Path | None:
        """The file that will become a path's new version; bytes are written now, so that a full disk shows before the swap."""
        if plan.new.oid is None or plan.content is None:
            return None
        mode = self.file_mode | (0o111 if plan.new.mode & 0o100 else 0)
        if isinstance(plan.content, Path):
            source = plan.content
            if source.stat().st_dev != self.root.stat().st_dev:
                source = self._place(self.staging)
                shutil.copyfile(plan.content, source)
        else:
            source = self._place(self.staging)
            data = self.read_blob(plan.content.oid) if isinstance(plan.content, Stored) else plan.content
            original = self.originals.find(plan.path, data)
            if original is None:
                with naming(source):
                    source.write_bytes(data)
            else:
                shutil.copyfile(original, source)
        source.chmod(mode)
        return source

    def _place(self, folder: Path) -> Path:
        self._count += 1
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self._count}"

    def read(self, path: str) -> bytes:
        """The bytes of a path's file; `InTheWay` where a folder, link or device is."""
        file = self.root / path
        if not stat.S_ISREG(file.lstat().st_mode) or not self._is_inside(file.parent):
            raise obstructed([path])
        return file.read_bytes()

    def clear(self, known: frozenset[str | None], rescue: Rescue) -> None:
        """Drop what waits in `staging` and `swap`; content of `swap` that is not `known` was a person's."""
        if self.swap.is_dir():
            for file in sorted(self.swap.iterdir()):
                if file.is_symlink() or (file_blob_id(file) not in known and pointer_id(file) not in known):
                    rescue(f"unknown-{file.name}", file)
                file.unlink()
        shutil.rmtree(self.staging, ignore_errors=True)
        for folder in (self.swap, self.swap.parent):
            # The parent is the run's own folder, or one made in the worktree for this alone.
            with suppress(OSError):
                folder.rmdir()

    def replace(self, plan: PathPlan, staged: Path | None, rescue: Rescue) -> None:
        """Bring one path to its new version; what a person put there meanwhile goes to `rescue`."""
        if plan.new.oid is None:
            self._take_out(plan, rescue)
        elif staged is not None:
            waiting = self._place(self.swap)
            staged.rename(waiting)
            self._put_in(plan, waiting, rescue)

    def _put_in(self, plan: PathPlan, waiting: Path, rescue: Rescue) -> None:
        target = self.root / plan.path
        for _ in range(_TRIES):
            self._make_folders(target.parent)
            self._known[plan.path] = _signature(waiting.lstat())
            with suppress(FileExistsError, FileNotFoundError):
                move_new(waiting, target)
                return
            if _is_folder(target):
                # What deletions of the group left empty; a person's folder refuses.
                try:
                    target.rmdir()
                except OSError as error:
                    waiting.unlink()
                    raise obstructed([plan.path]) from error
                continue
            with suppress(FileNotFoundError):
                exchange(waiting, target)
                self._look_at(plan, waiting, rescue)
                return
        raise obstructed([plan.path])

    def _take_out(self, plan: PathPlan, rescue: Rescue) -> None:
        target, out = self.root / plan.path, self._place(self.swap)
        if not self._is_inside(target.parent) or _is_folder(target):
            return
        try:
            target.rename(out)
        except (FileNotFoundError, NotADirectoryError):
            return
        self._look_at(plan, out, rescue)
        for folder in target.relative_to(self.root).parents:
            if folder == Path():
                break
            try:
                (self.root / folder).rmdir()
            except OSError:
                break

    def _look_at(self, plan: PathPlan, out: Path, rescue: Rescue) -> None:
        if out.is_symlink() or blob_id(plan.path, out) not in plan.accepted:
            rescue(plan.path, out)
        out.unlink()

    def _make_folders(self, folder: Path) -> None:
        if not self._is_inside(folder):
            raise obstructed([folder.relative_to(self.root).as_posix()])
        folder.mkdir(parents=True, exist_ok=True)

    def _is_inside(self, folder: Path) -> bool:
        """Whether no link and no file stands on the way from the root to a folder (which need not exist)."""
        for parent in [folder, *folder.parents]:
            if parent == self.root:
                return True
            try:
                if not stat.S_ISDIR(parent.lstat().st_mode):
                    return False
            except (FileNotFoundError, NotADirectoryError):
                continue
        return False

    def folders_of(self, plans: Iterable[PathPlan]) -> list[Path]:
        """The folders whose names a group changes, new ones and their parents included; some may be gone by now."""
        lowest = {self.root / plan.path.rpartition("/")[0] for plan in plans}
        return sorted({self.root, *lowest, *(up for low in lowest for up in low.parents if up.is_relative_to(self.root))})

    def stat(self, plan: PathPlan) -> os.stat_result | None:
        """The stat of a path's file for the index, None where it is not the very file that was seen or written: a person
        was quick, and git has to compare by content."""
        with suppress(FileNotFoundError, NotADirectoryError):
            found = (self.root / plan.path).lstat()
            if _signature(found) == self._known.get(plan.path):
                return found
        return None


def _signature(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_mtime_ns, found.st_size


def _is_folder(file: Path) -> bool:
    try:
        return stat.S_ISDIR(file.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
